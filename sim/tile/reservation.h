/*
 * A line that is reserved is not given away for a while, so that a constrained
 * LR/SC loop gets through however many others want the line (unprivileged
 * architecture, "Eventual Success of Store-Conditional Instructions").
 *
 *     LR ............ forward arrives ............ LR + hart.reservation_cycles
 *                     |=== held back ===|          at the latest
 *                                       SC, or LR of another line: the next cycle
 *
 * The home takes requests for a line one after the other, so there is at most
 * one forward to hold back.  Whoever asked waits longer, by a bounded time;
 * nobody ever sees anything earlier, so horizons stay what they are.
 */
#ifndef TESSERA_RESERVATION_H
#define TESSERA_RESERVATION_H

#include "sim/tile/packet.h"

struct tile;

struct reservation {
    cycle_t made_at;     /* by the latest LR */
    struct packet *held; /* NULL: none */
    cycle_t held_since, release_at;
    uint64_t forwards_held; /* since creation */
};

/* The hart has executed an LR on `line`, or an SC. */
void reservation_make(struct tile *t, paddr_t line);
void reservation_end(struct tile *t);

/* A packet has arrived at cycle `now`: true when the tile keeps it for later.
 * It has then asked the engine to be called back. */
bool reservation_holds(struct tile *t, struct packet *packet, cycle_t now);

/* Called back at cycle `now`: the packet whose time has come, or NULL. */
struct packet *reservation_release(struct tile *t, cycle_t now);

#endif
