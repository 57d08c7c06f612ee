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

#include <stdio.h>

#include "mesh/traffic.h"
#include "sim/base/arena.h"
#include "sim/base/config.h"
#include "sim/base/error.h"
#include "sim/base/stats.h"
#include "sim/base/types.h"

struct mesh;

enum { MESH_PACKET_FLITS_MAX = 64 };

struct mesh_arrival {
    uint32_t payload;
    tile_id node;
    bool corrupt; /* its data were damaged on the way (mesh.faults) */
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
 * P = router_cycles + 1 (source: the timing of BookSim 2's mesh).  No packet is
 * faster under any routing.  With tables it is the latency of the table's way;
 * if something is to break later on (link ... @CYCLE), that of the shortest way
 * which a mesh without faults has, since the tables to come may know any. */
unsigned mesh_latency_min(const struct mesh *mesh, tile_id from, tile_id to, unsigned flits);

/* The same in a mesh of this shape without faults: a lower bound for every
 * pair at this distance, whatever is broken. */
unsigned mesh_latency_bound(const struct mesh *mesh, tile_id from, tile_id to, unsigned flits);

/* ---- multicast ----------------------------------------------------------- */

/* A set of nodes, one bit each: node n is bit n % 64 of word n / 64. */
enum { MESH_SET_WORDS = TILES_MAX / 64 };
struct mesh_set {
    uint64_t word[MESH_SET_WORDS];
};

/* Adds the nodes of all routers between two routers' nodes, corners included. */
void mesh_set_add_rectangle(const struct mesh *mesh, struct mesh_set *set, tile_id corner,
                            tile_id opposite);

/* Sends a packet to every node of `to` (at least one; `from` may be among them).
 * Each gets an arrival of its own.  With mesh.multicast=routers the routers copy
 * it along the XY tree, and every copy arrives when a packet of its own would
 * in an empty mesh; if that is not possible (flits > mesh.buffer_flits, or mesh.routing yx,
 * odd-even, table, unsafe), and with mesh.multicast=copies, it is a packet for each
 * destination, in the order of their numbers.  mesh/README.md says what is
 * buffered and why that cannot deadlock.
 *
 * Returns 0, or with `acked` a number that the receivers acknowledge with
 * mesh_send_ack, each once.  When all have, mesh_notices() of `from` gets one
 * MESH_ALL_ACKED with the payload and the AND of all values, and the number
 * is free again. */
uint32_t mesh_send_multicast(struct mesh *mesh, tile_id from, const struct mesh_set *to,
                             unsigned vnet, unsigned flits, uint32_t payload, bool acked);

/* One flit from a receiver back to the sender of a multicast.  With
 * mesh.ack_entries > 0, and if the routers copied the multicast, acks travel on a VC
 * of their own back along the tree, and a router that branched it and had an
 * entry left for it lets the last ack of its branches pass with the AND of all;
 * otherwise each is a packet of `vnet`.  In either case the sender gets one
 * notice. */
void mesh_send_ack(struct mesh *mesh, tile_id from, uint32_t multicast, unsigned vnet,
                   uint32_t value);

/* ---- notices: what happens besides arrivals ------------------------------- */

enum mesh_notice_kind {
    MESH_LOST,     /* a packet (or one copy) never arrives: dropped, cut by a fault, unreachable */
    MESH_ALL_ACKED /* a multicast has been acknowledged by everyone */
};

struct mesh_notice {
    enum mesh_notice_kind kind;
    tile_id node;     /* the sender */
    uint32_t payload; /* of the packet that the sender sent */
    uint32_t value;   /* MESH_ALL_ACKED: the AND of the acks; a lost copy or ack counts as 0 */
};

/* Those of the last mesh_step(), ordered by sender; valid until the next call. */
unsigned mesh_notices(const struct mesh *mesh, const struct mesh_notice **notices);

/* ---- deadlock ------------------------------------------------------------- */

/* Every mesh.deadlock_cycles cycles mesh_step() looks for packets that can never
 * move again, whatever the rest does, or that wander about for ever.  True from
 * then on: a deadlock is told at most mesh.deadlock_cycles cycles after it is
 * there, and nothing is ever called one that is not.  Whoever steps the mesh
 * looks at this now and then, ends the run (status 76) and calls mesh_find_deadlock. */
bool mesh_is_deadlocked(const struct mesh *mesh);

/* Searches now.  True if there is one, and then (`out` not NULL) the channels that wait for
 * each other in a circle are printed: "router 3,2 east VC 1 (from node 4 to
 * node 60) waits for router 4,2 north VC 0, ..." */
bool mesh_find_deadlock(const struct mesh *mesh, FILE *out);

/* ---- counters -------------------------------------------------------------- */

/* Flits that crossed a router, packets delivered, ... since creation. */
void mesh_stats(const struct mesh *mesh, struct stats *stats);

/* What a port of a router, or one input VC of it, has counted since creation.
 * Of a port: flits and waits as an output, occupancy as an input.  Of an input VC: its flits,
 * and their waits for any output.  A wait is a cycle in which the flit at the
 * front of a VC, or a copy of it, did not get what it asked for.  All but the
 * flits of a port are counted with mesh.counters only, and are 0 without. */
struct mesh_counts {
    uint64_t flits;
    uint64_t va_wait_cycles;     /* a head: no output VC */
    uint64_t sa_wait_cycles;     /* VC and credit there, the crossbar went to others */
    uint64_t credit_wait_cycles; /* VC there, no credit */
    uint64_t occupancy_cycles;   /* flits in the buffers, summed over cycles */
};
struct mesh_counts mesh_port_counts(const struct mesh *mesh, unsigned router, unsigned port);
struct mesh_counts mesh_vc_counts(const struct mesh *mesh, unsigned router, unsigned port,
                                  unsigned vc);

/* Flits in the buffer of an input VC now.  VC number vnet x mesh.vcs + k is the k-th of
 * virtual network vnet; mesh_vcs() is how many a port has. */
unsigned mesh_vc_flits(const struct mesh *mesh, unsigned router, unsigned port, unsigned vc);
unsigned mesh_vcs(const struct mesh *mesh);
unsigned mesh_ports(const struct mesh *mesh);

/* What the whole mesh did in an interval, as parameter stats.interval has it. */
struct mesh_sample {
    cycle_t cycle;            /* where the interval ends */
    uint64_t sent, delivered; /* flits, by sources and to sinks */
    uint64_t crossed;         /* flits through a router, summed over routers */
    uint64_t buffered_cycles; /* flit x cycles in all buffers of routers */
};

/* All that are complete, and how long each is.  A run of more than 4,096
 * intervals doubles them. */
unsigned mesh_series(const struct mesh *mesh, const struct mesh_sample **samples,
                     cycle_t *interval);

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

#endif
