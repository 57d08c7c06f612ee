/*
 * Gaps between births of a Bernoulli process, drawn without a trial a cycle
 * and without floating point: the gap is geometric, and its distribution is a
 * table of powers of q = 1 - p in fixed point, exact to 2^-62, the same on
 * every host.
 */
#ifndef TESSERA_MESH_GEOMETRIC_H
#define TESSERA_MESH_GEOMETRIC_H

#include <stdint.h>

#include "sim/base/rng.h"

/* The least chance that is drawn in bounded time: 1 / (1024 p) samples a gap. */
#define GEOMETRIC_LEAST 1e-8

enum { GEOMETRIC_STEPS = 1024, GEOMETRIC_GUIDES = 256 };

struct geometric {
    uint64_t tail[GEOMETRIC_STEPS + 1];   /* q^k, as a fraction of 2^64 */
    uint16_t guide[GEOMETRIC_GUIDES + 1]; /* where to begin the search, by a sample's top bits */
};

/* `p` in [GEOMETRIC_LEAST, 1]: the chance of a birth in a cycle. */
void geometric_init(struct geometric *g, double p);

/* Cycles from one birth to the next, at least 1. */
uint64_t geometric_draw(const struct geometric *g, struct rng *rng);

#endif
