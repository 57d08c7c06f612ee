/*
 * Seeded random numbers: splitmix64 (Steele, Lea, Flood, OOPSLA 2014).  Each
 * user owns its stream, so results never depend on who draws first.
 */
#ifndef TESSERA_RNG_H
#define TESSERA_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t z = (rng->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Stream number `stream` of a run with this seed. */
static inline struct rng rng_stream(uint64_t seed, uint64_t stream)
{
    struct rng rng = {seed * 0xd1342543de82ef95u + stream};
    rng.state = rng_next(&rng) ^ (stream * 0xaf251af3b0f025b5u);
    return rng;
}

/* Uniform in 0 .. bound-1 (bound > 0); bias below 2^-32 for bound < 2^32. */
static inline uint32_t rng_below(struct rng *rng, uint32_t bound)
{
    return (uint32_t)(((rng_next(rng) >> 32) * bound) >> 32);
}

#endif
