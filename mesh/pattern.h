/* Inside mesh/: who sends to whom (patterns.def has the definitions). */
#ifndef TESSERA_MESH_PATTERN_H
#define TESSERA_MESH_PATTERN_H

#include "mesh/mesh.h"
#include "sim/base/rng.h"

struct pattern {
    tile_id (*destination)(const struct pattern *pattern, tile_id from, struct rng *rng);
    unsigned nodes, width, height, concentration;
    unsigned bits; /* of a node's number */
    unsigned hotspots;
    tile_id hotspot[MESH_HOTSPOTS_MAX];
    uint32_t weight_up_to[MESH_HOTSPOTS_MAX]; /* of this hotspot and those before it */
};

/* False with status 64 when the mesh has not the size that the pattern needs,
 * or a hotspot is no node or has no weight. */
bool pattern_init(struct pattern *pattern, const struct config *cfg,
                  const struct mesh_traffic *traffic, struct error *e);

/* Do all nodes draw from the same destinations? */
bool pattern_is_alike(const struct pattern *pattern);

static inline tile_id pattern_destination(const struct pattern *pattern, tile_id from,
                                          struct rng *rng)
{
    return pattern->destination(pattern, from, rng);
}

#endif
