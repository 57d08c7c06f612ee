/*
 * Inside mesh/: the phases of a run of traffic, and what is counted in them.
 *
 * Packets are born alike in all phases:
 *   warm-up   until two windows in succession agree within 2 % in their mean
 *             latency; each window is twice as long as the one before;
 *   measure   of the packets born from here on, until the mean latency is known
 *             to 1 % (batch_means.h);
 *   drain     until every packet born while measuring has arrived.
 * The point is saturated when a source does not keep its pace (pace.h); then a
 * fixed time is measured, over what arrives in it.  Nothing ends while that is in
 * doubt.
 * A replay is measured from its first cycle to its last arrival.
 */
#ifndef TESSERA_MESH_MEASURE_H
#define TESSERA_MESH_MEASURE_H

#include "mesh/batch_means.h"
#include "mesh/mesh.h"
#include "mesh/pace.h"
#include "sim/base/hist.h"

enum phase { WARMUP, MEASURE, DRAIN, DONE };

enum { MEASURE_EVERY = 1024 }; /* cycles from one look at the phase to the next */

struct window { /* of the warm-up */
    cycle_t cycles, end;
    uint64_t sum, count;
    uint64_t last_sum, last_count; /* of the window before */
};

struct meter {
    const struct mesh *mesh;
    enum phase phase;
    bool saturated, settled; /* settled: nothing was cut short */
    bool whole;           /* a replay */
    cycle_t asked;        /* cycles to measure; 0: until the mean is known */
    unsigned latency_max; /* zero-load, from corner to corner */
    cycle_t limit;
    struct window window;
    const struct pace *pace;

    /* the packets that count */
    cycle_t start, end; /* of their births; end = CYCLE_NEVER until it is known */
    uint64_t born, heads_left, lost, corrupt, hops, waited;
    uint64_t flits_before, flits_after; /* delivered by the mesh at start and end */
    struct batch_means batches;
    struct hist *latency, *round_trip;
};

/* `flits`: of the longest packet; `whole`: a replay. */
void meter_init(struct meter *m, const struct mesh *mesh, struct arena *arena,
                const struct mesh_traffic *traffic, unsigned flits, bool whole);

/* What happens to a packet that was born at `birth`: it is handed to the mesh;
 * its head leaves the source; its tail arrives. */
void meter_sent(struct meter *m, cycle_t birth, tile_id from, tile_id to);
void meter_left(struct meter *m, cycle_t birth, cycle_t now);
void meter_arrived(struct meter *m, cycle_t birth, cycle_t now, bool corrupt);
void meter_lost(struct meter *m, cycle_t birth); /* instead: it never arrives */
void meter_round_trip(struct meter *m, cycle_t birth, cycle_t now);

/* What the load says of itself when the meter looks. */
struct load_state {
    const uint64_t *lag; /* by how many cycles each node's births are behind the clock; NULL:
                          * they wait for the mesh */
    cycle_t handed; /* every packet born before this cycle has been handed to the mesh */
    bool finished;  /* a replay: there is nothing more */
};

/* Goes on to the next phase when it is time. */
void meter_look(struct meter *m, const struct load_state *load);

void meter_report(const struct meter *m, struct mesh_result *result);

#endif
