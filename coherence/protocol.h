/*
 * Protocols as tables: the states and events of both sides, what a row is,
 * and the two dense tables that a protocol consists of.  A controller finds
 * the row of (state, event), runs its actions in order, and enters the next
 * state; an empty row is a violation.  Internal to coherence/.
 */
#ifndef TESSERA_COHERENCE_PROTOCOL_H
#define TESSERA_COHERENCE_PROTOCOL_H

#include "coherence/coherence.h"

enum l1_state {
#define STATE(name, place, rights, meaning) L1_STATE_##name,
#include "coherence/l1_states.def"
    L1_STATES
};

enum l1_event {
#define EVENT(name, message, meaning) L1_EVENT_##name,
#include "coherence/l1_states.def"
    L1_EVENTS
};

enum home_state {
#define STATE(name, busy, meaning) HOME_STATE_##name,
#include "coherence/home_states.def"
    HOME_STATES
};

enum home_event {
#define EVENT(name, message, meaning) HOME_EVENT_##name,
#include "coherence/home_states.def"
    HOME_EVENTS
};

enum place { PLACE_FRAME, PLACE_MSHR, PLACE_WRITEBACK };
enum rights { RIGHTS_NONE, RIGHTS_READ, RIGHTS_WRITE };

struct l1_state_info {
    const char *name;
    uint8_t place, rights;
    const char *meaning;
};

struct home_state_info {
    const char *name;
    bool busy;
    const char *meaning;
};

struct event_info {
    const char *name, *message, *meaning; /* message: whose arrival it is */
};

extern const struct l1_state_info l1_state_info[L1_STATES];
extern const struct event_info l1_event_info[L1_EVENTS];
extern const struct home_state_info home_state_info[HOME_STATES];
extern const struct event_info home_event_info[HOME_EVENTS];

enum { ROW_ACTIONS_MAX = 4 };

struct l1_step;
struct home_step;
typedef void l1_action(struct l1_step *step);
typedef void home_action(struct home_step *step);

struct l1_row {
    bool legal;
    uint8_t next;
    l1_action *action[ROW_ACTIONS_MAX]; /* up to the first NULL */
};

struct home_row {
    bool legal;
    uint8_t next;
    home_action *action[ROW_ACTIONS_MAX];
};

struct protocol {
    const char *name;
    const struct l1_row (*l1)[L1_EVENTS];       /* [L1_STATES] */
    const struct home_row (*home)[HOME_EVENTS]; /* [HOME_STATES] */
};

/* Protocol number `index` of the parameter coherence.protocol. */
const struct protocol *protocol_find(unsigned index);

enum { PROTOCOLS = 3 };

extern const struct l1_row mesi_l1[L1_STATES][L1_EVENTS];
extern const struct l1_row msi_l1[L1_STATES][L1_EVENTS];
extern const struct l1_row moesi_l1[L1_STATES][L1_EVENTS];
extern const struct home_row mesi_home[HOME_STATES][HOME_EVENTS];
extern const struct home_row msi_home[HOME_STATES][HOME_EVENTS];
extern const struct home_row moesi_home[HOME_STATES][HOME_EVENTS];

#endif
