/*
 * The mesh: routers, links, virtual channels and the credits between them.
 * This is all that the rest of the simulator sees of it.
 *
 * A node is a tile's port: node n sits on router n / concentration, at
 * (x, y) = (router % width, router / width).  A packet is an opaque 32-bit
 * payload that takes `flits` flits over virtual network `vnet`; packets of one
 * virtual network do not overtake each other on one VC, but may on different
 * ones.  Sources queue without bound (the caller bounds them by its own
 * credits), sinks always accept.
 *
 * Time: mesh_now() is the next cycle to be simulated.  A packet sent at cycle
 * t into an empty mesh is returned by the mesh_step() that simulates cycle
 * t + mesh_latency_min().
 */
#ifndef TESSERA_MESH_H
#define TESSERA_MESH_H

#include "sim/base/arena.h"
#include "sim/base/config.h"
#include "sim/base/error.h"
#include "sim/base/stats.h"
#include "sim/base/types.h"

struct mesh;

enum { MESH_VNETS_MAX = 4, MESH_PACKET_FLITS_MAX = 64 };

struct mesh_arrival {
    uint32_t payload;
    tile_id node;
};

/* Builds a mesh with `vnets` virtual networks of cfg->mesh_vcs VCs each. */
struct mesh *mesh_create(struct arena *arena, const struct config *cfg, unsigned vnets);

cycle_t mesh_now(const struct mesh *mesh);

/* Hands a packet to the mesh at cycle mesh_now().  1 <= flits <=
 * MESH_PACKET_FLITS_MAX.  A node may send any number of packets a cycle; they
 * leave in the order of the calls within a virtual network, and the virtual
 * networks of a node share its injection link (one flit a cycle) round-robin. */
void mesh_send(struct mesh *mesh, tile_id from, tile_id to, unsigned vnet, unsigned flits,
               uint32_t payload);

/* Simulates one cycle.  `*arrivals` are the packets whose last flit was
 * ejected in it, at most one a node, in no particular order; the array is
 * valid until the next call. */
unsigned mesh_step(struct mesh *mesh, const struct mesh_arrival **arrivals);

/* True when nothing is in flight and no credit is on its way: stepping would
 * change nothing but the clock. */
bool mesh_is_idle(const struct mesh *mesh);

/* Moves the clock of an idle mesh forward. */
void mesh_skip_to(struct mesh *mesh, cycle_t now);

/* Zero-load latency in cycles: 2 + P x routers + extra link cycles + (flits-1),
 * P = router_cycles + 1 (source: the timing of BookSim 2's mesh). */
unsigned mesh_latency_min(const struct mesh *mesh, tile_id from, tile_id to, unsigned flits);

/* Flits that crossed a router, packets delivered, ... since creation. */
void mesh_stats(const struct mesh *mesh, struct stats *stats);

/* Flits that left `router` through `port` since creation: ports 0 to 3 lead to
 * the neighbours at x+1, x-1, y+1, y-1, port 4 + k to node k of the router. */
uint64_t mesh_link_flits(const struct mesh *mesh, unsigned router, unsigned port);

/* Host memory of one router: what its work touches, and the buffers behind the
 * first flit of each VC. */
size_t mesh_router_bytes(const struct mesh *mesh);
size_t mesh_buffer_bytes(const struct mesh *mesh);

/* Tests every invariant of the mesh's state between two steps.  False with a
 * text that says what is broken where (EXIT_STATUS_INTERNAL).  Slow. */
bool mesh_check(const struct mesh *mesh, struct error *e);

/* ---- standalone traffic (`tessera mesh`) -------------------------------- */

enum mesh_pattern { MESH_UNIFORM };

/* The name of a pattern, e.g. "uniform" for MESH_UNIFORM; NULL past the last. */
const char *mesh_pattern_name(unsigned index);

struct mesh_traffic {
    enum mesh_pattern pattern;
    double rate; /* offered flits a node and cycle, in (0, 1] */
    unsigned packet_flits;
    uint64_t seed;
    cycle_t cycles; /* measured, rounded up to 1,024; 0 = until the mean latency is known to 1 % */
};

/* Where a run stands. */
struct mesh_progress {
    const char *phase; /* what it is doing: "warming up", ... */
    cycle_t cycle;
    uint64_t packets; /* measured so far */
};

/* Somebody who is told every 1,024 cycles where the run stands, and may end it. */
struct mesh_watch {
    bool (*go_on)(void *context, const struct mesh_progress *progress);
    void *context;
};

struct mesh_result {
    double avg_packet_latency;  /* birth to ejection of the tail, source queue included; cycles */
    double avg_network_latency; /* head's entry into the network to ejection of the tail; cycles */
    double accepted_rate;       /* flits a node and cycle */
    double avg_hops;            /* routers crossed by a packet */
    double ci95;                /* half width of the 95 % confidence interval of avg_packet_latency;
                                 * 0 when it is not known: saturated, or too short a measurement */
    uint64_t p50, p95, p99, max; /* packet latency, cycles */
    uint64_t cycles;          /* simulated in all */
    uint64_t measured_cycles; /* of them, those whose packets count */
    uint64_t packets, flit_hops;
    bool saturated; /* the offered load was not accepted */
};

/* Runs one load point: warm-up, measurement until the mean is known to 1 %
 * (or the point proves saturated), drain.  False with status 64 for traffic
 * that cannot be, 130 when `watch` (NULL: nobody) ended it. */
bool mesh_run_traffic(const struct config *cfg, const struct mesh_traffic *traffic,
                      const struct mesh_watch *watch, struct mesh_result *result, struct error *e);

#endif
