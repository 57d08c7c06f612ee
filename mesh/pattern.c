/*
 * Traffic patterns: a destination for a source.  The definitions are those of
 * BookSim 2, so that numbers can be laid beside its own; patterns.def states
 * them.  A pattern that a mesh of this size does not allow is refused, since
 * rounding it to something similar would be measured as if it were the
 * pattern.
 */
#include "mesh/pattern.h"

#include <string.h>

/* ---- destinations ------------------------------------------------------- */

static tile_id uniform(const struct pattern *p, tile_id from, struct rng *rng)
{
    (void)from;
    return (tile_id)rng_below(rng, p->nodes);
}

/* The node with the same number in its router at (x, y). */
static tile_id node_at(const struct pattern *p, tile_id from, unsigned x, unsigned y)
{
    return (tile_id)((y * p->width + x) * p->concentration + from % p->concentration);
}

static tile_id transpose(const struct pattern *p, tile_id from, struct rng *rng)
{
    unsigned router = from / p->concentration;
    (void)rng;
    return node_at(p, from, router / p->width, router % p->width);
}

/* Both coordinates moved on by so many places, around the edge. */
static tile_id shifted(const struct pattern *p, tile_id from, unsigned by_x, unsigned by_y)
{
    unsigned router = from / p->concentration;
    return node_at(p, from, (router % p->width + by_x) % p->width,
                   (router / p->width + by_y) % p->height);
}

static tile_id tornado(const struct pattern *p, tile_id from, struct rng *rng)
{
    (void)rng;
    return shifted(p, from, (p->width + 1) / 2 - 1, (p->height + 1) / 2 - 1);
}

static tile_id neighbor(const struct pattern *p, tile_id from, struct rng *rng)
{
    (void)rng;
    return shifted(p, from, 1, 1);
}

static tile_id bitcomp(const struct pattern *p, tile_id from, struct rng *rng)
{
    (void)rng;
    return (tile_id)(p->nodes - 1 - from);
}

static tile_id bitrev(const struct pattern *p, tile_id from, struct rng *rng)
{
    unsigned to = 0;
    (void)rng;
    for (unsigned k = 0; k < p->bits; k++)
        to = to << 1 | (from >> k & 1);
    return (tile_id)to;
}

static tile_id shuffle(const struct pattern *p, tile_id from, struct rng *rng)
{
    unsigned twice = 2u * from;
    (void)rng;
    return (tile_id)((twice | twice >> p->bits) & (p->nodes - 1));
}

static tile_id asymmetric(const struct pattern *p, tile_id from, struct rng *rng)
{
    unsigned half = p->nodes / 2;
    return (tile_id)(from % half + half * rng_below(rng, 2));
}

static tile_id hotspot(const struct pattern *p, tile_id from, struct rng *rng)
{
    uint32_t drawn = rng_below(rng, p->weight_up_to[p->hotspots - 1]);
    unsigned k = 0;
    (void)from;
    while (p->weight_up_to[k] <= drawn)
        k++;
    return p->hotspot[k];
}

/* ---- sizes -------------------------------------------------------------- */

static bool any(const struct pattern *p)
{
    (void)p;
    return true;
}

static bool square(const struct pattern *p)
{
    return p->width == p->height;
}

static bool power_of_two(const struct pattern *p)
{
    return (p->nodes & (p->nodes - 1)) == 0;
}

static bool even(const struct pattern *p)
{
    return p->nodes % 2 == 0;
}

static bool weighted(const struct pattern *p)
{
    return p->hotspots > 0;
}

static const struct row {
    const char *name, *meaning;
    tile_id (*destination)(const struct pattern *p, tile_id from, struct rng *rng);
    bool (*fits)(const struct pattern *p);
} rows[] = {
#define PATTERN(NAME, name, need, meaning) {#name, meaning, name, need},
#include "mesh/patterns.def"
#undef PATTERN
};

static const struct {
    bool (*fits)(const struct pattern *p);
    const char *what;
} needs[] = {
    {square, "as many routers in x as in y"},
    {power_of_two, "a power of two of nodes"},
    {even, "an even number of nodes"},
    {weighted, "at least one hotspot (--hotspot NODE=WEIGHT)"},
};

const char *mesh_pattern_name(unsigned index)
{
    return index < sizeof rows / sizeof *rows ? rows[index].name : NULL;
}

const char *mesh_pattern_meaning(unsigned index)
{
    return index < sizeof rows / sizeof *rows ? rows[index].meaning : NULL;
}

static bool refuse(const struct pattern *p, const struct row *row, struct error *e)
{
    const char *what = "";
    for (unsigned k = 0; k < sizeof needs / sizeof *needs; k++)
        if (needs[k].fits == row->fits)
            what = needs[k].what;
    return error_set(e, EXIT_STATUS_USAGE,
                     "traffic %s needs %s; this mesh has %ux%u routers with %u "
                     "node%s each",
                     row->name, what, p->width, p->height, p->concentration,
                     p->concentration == 1 ? "" : "s");
}

/* ---- making one --------------------------------------------------------- */

static bool take_hotspots(struct pattern *p, const struct mesh_traffic *traffic, struct error *e)
{
    uint32_t sum = 0;
    for (unsigned k = 0; k < traffic->hotspots; k++) {
        const struct mesh_hotspot *h = &traffic->hotspot[k];
        if (h->node >= p->nodes)
            return error_set(e, EXIT_STATUS_USAGE,
                             "hotspot %u: there is no such node; this mesh has nodes 0 to %u",
                             h->node, p->nodes - 1);
        if (h->weight < 1 || h->weight > MESH_WEIGHT_MAX)
            return error_set(e, EXIT_STATUS_USAGE, "hotspot %u: weight %u is not 1 to %d", h->node,
                             h->weight, MESH_WEIGHT_MAX);
        p->hotspot[k] = (tile_id)h->node;
        p->weight_up_to[k] = sum += h->weight;
    }
    p->hotspots = traffic->hotspots;
    return true;
}

bool pattern_init(struct pattern *pattern, const struct config *cfg,
                  const struct mesh_traffic *traffic, struct error *e)
{
    if (!mesh_pattern_name(traffic->pattern))
        return error_set(e, EXIT_STATUS_USAGE, "traffic pattern %d is unknown",
                         (int)traffic->pattern);
    const struct row *row = &rows[traffic->pattern];
    *pattern = (struct pattern){.destination = row->destination,
                                .width = cfg->mesh_width,
                                .height = cfg->mesh_height,
                                .concentration = cfg->mesh_concentration};
    pattern->nodes = pattern->width * pattern->height * pattern->concentration;
    pattern->bits = 31u - (unsigned)__builtin_clz(pattern->nodes);
    if (!take_hotspots(pattern, traffic, e))
        return false;
    return row->fits(pattern) || refuse(pattern, row, e);
}

bool pattern_is_alike(const struct pattern *pattern)
{
    return pattern->destination == uniform || pattern->destination == hotspot;
}
