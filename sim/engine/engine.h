/*
 * The engine: the law of time (architecture, section 3).
 *
 * The *world* is everything driven by events: mesh, homes, memory controllers,
 * packets on their way.  It stands at one cycle, `now`: all cycles before it
 * are simulated.  Each hart has a clock of its own that runs ahead of the
 * world, up to its horizon: the earliest cycle at which anything can reach it.
 *
 *            world: every cycle < now done
 *   ------------------|---------------------------------> cycles
 *   hart 0            '====>|  horizon: T + lookahead
 *   hart 1            '=>|     a packet may arrive here
 *   hart 2            z z z    asleep: costs nothing, holds up nobody
 *
 * T is the least clock of the harts that are awake.  A round runs every awake
 * hart to its horizon, then the world up to and including cycle T, or until it
 * wakes a hart.  A hart that wakes from a fetch is ahead of the world by what filling
 * costs; where T is such a hart's clock the world has not come to T, and horizons count
 * from the cycle that the world has come to.
 *
 *  - lookahead: a packet that a hart posts at cycle y reaches another hart, or
 *    a home's reaction to one reaches any hart, at y + lookahead at the earliest.
 *  - a packet already on its way lowers its receiver's horizon to the earliest
 *    cycle at which it can arrive: zero-load time from when it was posted, and
 *    never before `now`.
 *  - a packet that arrives at cycle t is seen by accesses issued at t or later;
 *    a hart's message enters the network at least one cycle after its cause, so
 *    the world may simulate cycle T itself.
 */
#ifndef TESSERA_ENGINE_H
#define TESSERA_ENGINE_H

#include "mesh/mesh.h"
#include "sim/engine/calendar.h"
#include "sim/engine/message_order.h"
#include "sim/engine/packet_pool.h"
#include "sim/tile/htif.h"
#include "sim/tile/tile.h"

struct engine {
    const struct config *cfg;
    struct mesh *mesh;
    struct coherence *coherence;
    struct calendar *calendar;
    struct tile *tile; /* by tile number */
    struct hart *hart;
    struct htif *htif;
    unsigned tiles;
    cycle_t now; /* the world's cycle */
    cycle_t lookahead;
    cycle_t end_at;   /* the limit on cycles */
    cycle_t pause_at; /* nobody runs further in this round, or CYCLE_NEVER */

    /* which harts are awake, a bit each, in the order in which they are stepped */
    uint64_t *awake;
    tile_id *order; /* position -> tile */
    tile_id *place; /* tile -> position */
    unsigned awake_count;

    /* of the harts, by position: the clock, CYCLE_NEVER while it sleeps */
    cycle_t *clock;
    cycle_t least_clock; /* of them all, between rounds */

    /* packets to each tile's hart half that have not been received, and the least
     * cycle at which one of them may arrive (CYCLE_NEVER: there is none) */
    uint32_t *inbound;
    cycle_t *earliest;

    /* the mesh has stopped for ever, or lost or damaged a packet (mesh.faults) */
    cycle_t mesh_failed_at; /* 0: it has not */
    uint64_t packets_failed;
    tile_id failed_from, failed_to; /* the first of them */

    struct packet_pool packets;
    struct message_order messages;
};

/* The caller has set the parts of the chip, `tiles`, `end_at` and `pause_at`;
 * the rest is made here. */
void engine_create(struct engine *e, struct arena *arena);

enum engine_state {
    ENGINE_RUNS,        /* call again */
    ENGINE_PAUSED,      /* everyone stands at pause_at; all before it is simulated, nothing after */
    ENGINE_ENDED,       /* the guest ended the run (see htif) */
    ENGINE_LIMIT,       /* end_at was reached */
    ENGINE_DEADLOCK,    /* everyone sleeps and nothing is on its way */
    ENGINE_MESH_FAILED, /* the mesh is in deadlock, or has lost a packet */
    ENGINE_VIOLATION    /* sim.check found a broken invariant */
};

/* One round.  Between rounds every tile is consistent. */
enum engine_state engine_round(struct engine *e);

/* True when everybody sleeps and nothing is on its way: without somebody outside
 * nothing will ever happen. */
bool engine_is_still(struct engine *e);

/* After the run: lets everything that is on its way arrive, without harts, and
 * then asks coherence whether all is at rest (NULL) or what is not.  Harts and
 * clock are as before; counters, caches and message units are not. */
const char *engine_check_quiet(struct engine *e);

/* All cycles before this one are simulated, on every tile: the world's, and those
 * of the harts that are awake.  A hart that the world's last cycle has woken is
 * still to do what it does in that cycle. */
cycle_t engine_safe_cycle(const struct engine *e);

#endif
