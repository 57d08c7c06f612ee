/*
 * The tables that are only names: message types, states, events, protocols;
 * and their print-out as markdown, from the same rows that drive the agents.
 */
#include "coherence/protocol.h"

#include <assert.h>
#include <string.h>

const struct coh_msg_info coh_msg_info[COH_TYPES] = {
#define MSG(name, vnet, to, data, meaning) {#name, VNET_##vnet, AGENT_##to, data, meaning},
#include "coherence/messages.def"
#undef MSG
};

const struct l1_state_info l1_state_info[L1_STATES] = {
#define STATE(name, place, rights, meaning) {#name, PLACE_##place, RIGHTS_##rights, meaning},
#include "coherence/l1_states.def"
};

const struct event_info l1_event_info[L1_EVENTS] = {
#define EVENT(name, message, meaning) {#name, #message, meaning},
#include "coherence/l1_states.def"
};

const struct home_state_info home_state_info[HOME_STATES] = {
#define STATE(name, busy, meaning) {#name, busy, meaning},
#include "coherence/home_states.def"
};

const struct event_info home_event_info[HOME_EVENTS] = {
#define EVENT(name, message, meaning) {#name, #message, meaning},
#include "coherence/home_states.def"
};

static const struct protocol protocols[] = {
    {"MESI", mesi_l1, mesi_home},
    {"MSI", msi_l1, msi_home},
    {"MOESI", moesi_l1, moesi_home},
};

const struct protocol *protocol_find(unsigned index)
{
    assert(index < sizeof protocols / sizeof *protocols);
    return &protocols[index];
}

/* ---- as markdown ---------------------------------------------------------------- */

struct row_text {
    const char *state, *event, *next, *actions;
};

#define ROW(state, event, next, ...) {#state, #event, #next, #__VA_ARGS__},
static const struct row_text mesi_l1_text[] = {
#include "coherence/mesi_l1.def"
};
static const struct row_text mesi_home_text[] = {
#include "coherence/mesi_home.def"
};
static const struct row_text msi_l1_text[] = {
#include "coherence/msi_l1.def"
};
static const struct row_text msi_home_text[] = {
#include "coherence/msi_home.def"
};
static const struct row_text moesi_l1_text[] = {
#include "coherence/moesi_l1.def"
};
static const struct row_text moesi_home_text[] = {
#include "coherence/moesi_home.def"
};

static void print_rows(FILE *out, const struct row_text *rows, size_t count)
{
    fprintf(out, "| state | event | actions | next |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct row_text *row = &rows[i];
        bool repeated = i > 0 && strcmp(row->state, rows[i - 1].state) == 0;
        bool stays = strcmp(row->state, row->next) == 0;
        fprintf(out, "| %s | %s | %s | %s |\n", repeated ? "" : row->state, row->event,
                row->actions, stays ? "-" : row->next);
    }
}

static void print_states(FILE *out)
{
    fprintf(out, "| L1D state | meaning |\n|---|---|\n");
    for (unsigned i = 0; i < L1_STATES; i++)
        fprintf(out, "| %s | %s |\n", l1_state_info[i].name, l1_state_info[i].meaning);
    fprintf(out, "\n| home state | meaning |\n|---|---|\n");
    for (unsigned i = 0; i < HOME_STATES; i++)
        fprintf(out, "| %s | %s |\n", home_state_info[i].name, home_state_info[i].meaning);
}

static void print_events(FILE *out, const char *side, const struct event_info *info, unsigned count)
{
    fprintf(out, "| %s event | message | meaning |\n|---|---|---|\n", side);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, "| %s | %s | %s |\n", info[i].name,
                strcmp(info[i].message, "NoMessage") == 0 ? "" : info[i].message, info[i].meaning);
}

static void print_messages(FILE *out)
{
    static const char *const vnet[] = {"request", "forward", "response"};
    static const char *const agent[] = {"home", "L1D", "L1I", "memory"};
    fprintf(out, "| message | network | to | line | meaning |\n|---|---|---|---|---|\n");
    for (unsigned i = 0; i < COH_TYPES; i++) {
        const struct coh_msg_info *info = &coh_msg_info[i];
        fprintf(out, "| %s | %s | %s | %s | %s |\n", info->name, vnet[info->vnet], agent[info->to],
                info->carries_data ? "yes" : "", info->meaning);
    }
}

#define PRINT_ROWS(name, table)                                                                    \
    fprintf(out, "\n### " name ", L1 data cache\n\n");                                             \
    print_rows(out, table##_l1_text, sizeof table##_l1_text / sizeof *table##_l1_text);            \
    fprintf(out, "\n### " name ", home\n\n");                                                      \
    print_rows(out, table##_home_text, sizeof table##_home_text / sizeof *table##_home_text)

void coherence_print_tables(FILE *out)
{
    fprintf(out, "### Messages\n\n");
    print_messages(out);
    fprintf(out, "\n### States\n\n");
    print_states(out);
    fprintf(out, "\n### Events\n\n");
    print_events(out, "L1D", l1_event_info, L1_EVENTS);
    fprintf(out, "\n");
    print_events(out, "home", home_event_info, HOME_EVENTS);
    PRINT_ROWS("MESI", mesi);
    PRINT_ROWS("MSI", msi);
    PRINT_ROWS("MOESI", moesi);
}
