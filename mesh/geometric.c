/*
 * A gap of more than k cycles has the chance q^k.  So for a uniform sample u in
 * [0, 1) the gap is the smallest k with q^k <= u: found in the table, from a
 * guide by u's top eight bits.  Below the table's end, q^1024, nothing has been
 * born in 1024 cycles, and because the process has no memory a fresh sample
 * decides what follows.
 */
#include "mesh/geometric.h"

#include <assert.h>

void geometric_init(struct geometric *g, double p)
{
    assert(p >= GEOMETRIC_LEAST && p <= 1);
    uint64_t q = p >= 1 ? 0 : (uint64_t)((1 - p) * 0x1p63) * 2;
    g->tail[0] = UINT64_MAX;
    for (unsigned k = 1; k <= GEOMETRIC_STEPS; k++)
        g->tail[k] = (uint64_t)((unsigned __int128)g->tail[k - 1] * q >> 64);
    unsigned k = GEOMETRIC_STEPS;
    for (unsigned top = 0; top < GEOMETRIC_GUIDES; top++) { /* the last k for any u of this top */
        while (k > 0 && g->tail[k - 1] <= (uint64_t)top << 56)
            k--;
        g->guide[top] = (uint16_t)k;
    }
    g->guide[GEOMETRIC_GUIDES] = 0;
}

uint64_t geometric_draw(const struct geometric *g, struct rng *rng)
{
    uint64_t gap = 0;
    for (;;) {
        uint64_t u = rng_next(rng);
        if (u < g->tail[GEOMETRIC_STEPS]) {
            gap += GEOMETRIC_STEPS;
            continue;
        }
        unsigned k = g->guide[(u >> 56) + 1];
        while (g->tail[k] > u)
            k++;
        return gap + (k ? k : 1);
    }
}
