/*
 * Random packets for the mesh's tests: every packet is written down when it is
 * sent and crossed out when it arrives, so that a loss, a duplicate or a wrong
 * address cannot pass.
 */
#ifndef TESSERA_TRAFFIC_RANDOM_H
#define TESSERA_TRAFFIC_RANDOM_H

#include <criterion/criterion.h>

#include "mesh/mesh.h"
#include "sim/base/hash.h"
#include "sim/base/rng.h"

enum { RANDOM_PACKETS_MAX = 1 << 16 };

struct random_traffic {
    unsigned vnets, nodes, flits_max;
    unsigned permille; /* chance of a node to send a packet in a cycle */
    struct rng rng;
    unsigned sent, arrived;
    uint64_t
        hash; /* over every arrival: cycle, node, payload; the order inside a cycle is not in it */
    struct {
        tile_id to;
        bool arrived;
    } packet[RANDOM_PACKETS_MAX];
};

static inline void random_traffic_send(struct random_traffic *t, struct mesh *mesh)
{
    for (unsigned n = 0; n < t->nodes; n++) {
        if (rng_below(&t->rng, 1000) >= t->permille || t->sent == RANDOM_PACKETS_MAX)
            continue;
        tile_id to = (tile_id)rng_below(&t->rng, t->nodes);
        unsigned vnet = rng_below(&t->rng, t->vnets);
        unsigned flits = 1 + rng_below(&t->rng, t->flits_max);
        t->packet[t->sent].to = to;
        mesh_send(mesh, (tile_id)n, to, vnet, flits, t->sent++);
    }
}

static inline void random_traffic_step(struct random_traffic *t, struct mesh *mesh)
{
    const struct mesh_arrival *arrival;
    cycle_t now = mesh_now(mesh);
    unsigned arrivals = mesh_step(mesh, &arrival);
    for (unsigned k = 0; k < arrivals; k++) {
        unsigned p = arrival[k].payload;
        cr_assert_lt(p, t->sent);
        cr_assert(!t->packet[p].arrived, "packet %u arrived twice", p);
        cr_assert_eq(t->packet[p].to, arrival[k].node);
        t->packet[p].arrived = true;
        t->arrived++;
        t->hash += hash_u64(hash_u64(HASH_SEED, now), (uint64_t)arrival[k].node << 32 | p);
    }
}

#endif
