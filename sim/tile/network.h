/*
 * What a tile asks of the engine: to carry packets and to remember timers.
 */
#ifndef TESSERA_NETWORK_H
#define TESSERA_NETWORK_H

#include "sim/tile/packet.h"

struct engine;

/* A packet of the pool, to be filled and posted. */
struct packet *network_packet(struct engine *engine);

/* The packet leaves half `from` of its tile at cycle `at`, which lies in the
 * future of everything simulated.  The engine owns it from now on. */
void network_post(struct engine *engine, struct packet *packet, enum tile_half from, cycle_t at);

/* The tile has kept a packet that it was handed, and must be asked for it at cycle
 * `at` (see reservation.h).  Its hart goes no further before. */
void network_call_back(struct engine *engine, tile_id tile, cycle_t at);

/* The hart of `tile`, asleep, must be looked at again at cycle `at`
 * (CYCLE_NEVER: no more).  One timer a tile; a new one replaces the old. */
void network_set_timer(struct engine *engine, tile_id tile, cycle_t at);

/* The hart of `tile` has been woken at the cycle being simulated. */
void network_woken(struct engine *engine, tile_id tile);

#endif
