/*
 * Births of packets and their sizes.
 *
 * No cycle is tried one by one.  While a node is on, two geometric gaps
 * compete: b cycles to a birth and a cycles to turning off.  Turning off comes
 * first in a cycle, so a birth needs b < a.  Neither gap has a memory, so after
 * either both are drawn afresh.  In the cycle in which a node turns on it
 * cannot turn off again, but may bear.
 */
#include "mesh/injection.h"

static bool take_sizes(struct injection *in, const struct mesh_traffic *t, double *mean,
                       struct error *e)
{
    const struct mesh_size only = {t->packet_flits, 1}, *size = t->sizes ? t->size : &only;
    uint32_t weights = 0;
    double flits = 0;
    in->sizes = t->sizes ? t->sizes : 1;
    for (unsigned k = 0; k < in->sizes; k++) {
        if (size[k].flits < 1 || size[k].flits > MESH_PACKET_FLITS_MAX)
            return error_set(e, EXIT_STATUS_USAGE, "packet of %u flits: must be 1 to %d",
                             size[k].flits, MESH_PACKET_FLITS_MAX);
        if (size[k].weight < 1 || size[k].weight > MESH_WEIGHT_MAX)
            return error_set(e, EXIT_STATUS_USAGE, "packets of %u flits: weight %u is not 1 to %d",
                             size[k].flits, size[k].weight, MESH_WEIGHT_MAX);
        in->weight_up_to[k] = weights += size[k].weight;
        in->flits[k] = (uint8_t)size[k].flits;
        in->flits_max = size[k].flits > in->flits_max ? size[k].flits : in->flits_max;
        flits += (double)size[k].flits * size[k].weight;
    }
    *mean = flits / weights;
    return true;
}

static bool is_chance(double p)
{
    return p > 0 && p <= 1;
}

static bool can_be_drawn(double p)
{
    return p >= GEOMETRIC_LEAST && p <= 1;
}

static bool take_bursts(struct injection *in, const struct mesh_traffic *t, double *p,
                        struct error *e)
{
    if (!can_be_drawn(t->alpha) || !can_be_drawn(t->beta))
        return error_set(e, EXIT_STATUS_USAGE,
                         "on-off injection with alpha %g and beta %g: both must be at least %g and "
                         "at most 1",
                         t->alpha, t->beta, GEOMETRIC_LEAST);
    double on = t->alpha / (t->alpha + t->beta);
    if (*p > on)
        return error_set(e, EXIT_STATUS_USAGE,
                         "rate %g: a node that is on %g of the time bears at most %g packets a "
                         "cycle, and %g are needed",
                         t->rate, on, on, *p);
    *p /= on;
    in->bursts = true;
    in->on_share = (uint32_t)(on * 0xffffffff);
    geometric_init(&in->on, t->alpha);
    geometric_init(&in->off, t->beta);
    return true;
}

bool injection_init(struct injection *injection, const struct mesh_traffic *traffic,
                    struct error *e)
{
    double flits = 0;
    *injection = (struct injection){0};
    if (!is_chance(traffic->rate))
        return error_set(e, EXIT_STATUS_USAGE,
                         "rate %g: must be above 0 and at most 1 flit a node and cycle",
                         traffic->rate);
    if (!take_sizes(injection, traffic, &flits, e))
        return false;
    double p = traffic->rate / flits;
    bool bursts = traffic->alpha != 0 || traffic->beta != 0;
    if (bursts && !take_bursts(injection, traffic, &p, e))
        return false;
    if (p < GEOMETRIC_LEAST)
        return error_set(e, EXIT_STATUS_USAGE,
                         "rate %g: a node would begin a packet every %.0f cycles; at most every "
                         "%.0f can be simulated",
                         traffic->rate, 1 / p, 1 / GEOMETRIC_LEAST);
    geometric_init(&injection->birth, p < 1 ? p : 1);
    return true;
}

double injection_rate_max(const struct mesh_traffic *traffic)
{
    struct injection sizes = {0};
    struct error e;
    double flits = 0;
    if (!(traffic->alpha > 0 && traffic->beta > 0) || !take_sizes(&sizes, traffic, &flits, &e))
        return 1;
    double rate = flits * traffic->alpha / (traffic->alpha + traffic->beta);
    return rate < 1 ? rate : 1;
}

/* Cycles to the next birth of a node that is on; it stays on in the first of
 * them when `stays` is 1. */
static uint64_t gap_while_on(const struct injection *in, struct rng *rng, unsigned stays)
{
    for (uint64_t gap = 0;; stays = 1) {
        uint64_t b = geometric_draw(&in->birth, rng);
        uint64_t a = stays + geometric_draw(&in->off, rng);
        if (b < a)
            return gap + b;
        gap += a + geometric_draw(&in->on, rng) - 1;
    }
}

uint64_t injection_gap(const struct injection *injection, struct rng *rng)
{
    return injection->bursts ? gap_while_on(injection, rng, 0)
                             : geometric_draw(&injection->birth, rng);
}

uint64_t injection_first_gap(const struct injection *injection, struct rng *rng)
{
    if (!injection->bursts || (uint32_t)rng_next(rng) < injection->on_share)
        return injection_gap(injection, rng);
    uint64_t off = geometric_draw(&injection->on, rng) - 1;
    return off + gap_while_on(injection, rng, 1);
}

unsigned injection_flits(const struct injection *injection, struct rng *rng)
{
    unsigned k = 0;
    if (injection->sizes > 1) {
        uint32_t drawn = rng_below(rng, injection->weight_up_to[injection->sizes - 1]);
        while (injection->weight_up_to[k] <= drawn)
            k++;
    }
    return injection->flits[k];
}
