/*
 * Inside mesh/: when a node bears its next packet, and how long that is.
 *
 * Bernoulli: every cycle has the same chance p of a birth.
 *
 * On-off: a node is on or off.  At the beginning of a cycle one that is on turns off with the
 * chance beta and one that is off turns on with the chance alpha; then a node
 * that is on bears a packet with the chance p' = p (alpha + beta) / alpha.  It
 * is on for 1 / beta cycles in the mean and alpha / (alpha + beta) of the time,
 * so the mean rate is p again (the process of BookSim 2's on_off).
 *
 *       off ...... on | | |  | off ............. on |  | | off
 *            1/alpha    1/beta
 */
#ifndef TESSERA_MESH_INJECTION_H
#define TESSERA_MESH_INJECTION_H

#include "mesh/geometric.h"
#include "mesh/mesh.h"

struct injection {
    struct geometric birth, on, off; /* gaps: births while on; turning on; turning off */
    bool bursts;                     /* on-off */
    uint32_t on_share;               /* of the nodes at the beginning, of 2^32 */
    unsigned sizes;
    uint32_t weight_up_to[MESH_SIZES_MAX];
    uint8_t flits[MESH_SIZES_MAX];
    unsigned flits_max;
};

/* False with status 64 for a rate, sizes or chances that cannot be. */
bool injection_init(struct injection *injection, const struct mesh_traffic *traffic,
                    struct error *e);

/* The greatest rate that this traffic can have. */
double injection_rate_max(const struct mesh_traffic *traffic);

/* Cycles from before the first cycle to the first birth, at least 1. */
uint64_t injection_first_gap(const struct injection *injection, struct rng *rng);

/* Cycles from one birth to the next, at least 1. */
uint64_t injection_gap(const struct injection *injection, struct rng *rng);

unsigned injection_flits(const struct injection *injection, struct rng *rng);

#endif
