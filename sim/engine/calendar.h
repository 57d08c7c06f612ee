/*
 * What will happen at which cycle: events that tiles have announced, and one
 * wake-up timer a tile.  Storage grows with the events that are announced at once.
 */
#ifndef TESSERA_CALENDAR_H
#define TESSERA_CALENDAR_H

#include "sim/base/arena.h"
#include "sim/base/types.h"

/* Events of one cycle are taken class by class, and within a class in the
 * order in which they were announced; one tile's events of one class are always
 * announced in the order of their causes, so how harts are sliced cannot show. */
enum event_class {
    EVENT_CALL_BACK, /* a tile is asked for the packet that it has kept */
    EVENT_DELIVER,   /* a packet becomes visible inside its tile */
    EVENT_SEND_HOME, /* the home half's packet reaches the network interface */
    EVENT_SEND_HART, /* the hart half's packet does */
    EVENT_CLASSES
};

struct calendar;

struct calendar *calendar_create(struct arena *arena, unsigned tiles);

/* `payload` at cycle `at` (>= the calendar's present). */
void calendar_add(struct calendar *c, enum event_class class, cycle_t at, uint32_t payload);

/* Takes the next event of this class at cycle `now`; false when there is none.
 * `now` never decreases between calls. */
bool calendar_take(struct calendar *c, enum event_class class, cycle_t now, uint32_t *payload);

/* The first cycle >= now with an event, or CYCLE_NEVER. */
cycle_t calendar_next(struct calendar *c, cycle_t now);

/* Replaces the tile's timer; CYCLE_NEVER removes it. */
void calendar_set_timer(struct calendar *c, tile_id tile, cycle_t at);
/* The earliest timer, or CYCLE_NEVER; and taking it. */
cycle_t calendar_timer_at(const struct calendar *c);
tile_id calendar_take_timer(struct calendar *c);

#endif
