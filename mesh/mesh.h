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

#include "mesh/traffic.h"
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

#endif
