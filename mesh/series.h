/*
 * Inside mesh/: what the mesh has done over time, an entry an interval.
 */
#ifndef TESSERA_MESH_SERIES_H
#define TESSERA_MESH_SERIES_H

#include "mesh/mesh_internal.h"

/* Begins with cfg->stats_interval; 0: there is no series. */
void series_create(struct mesh *m, struct arena *arena, const struct config *cfg);

/* The clock stands at or behind m->sample_at: takes the samples due. */
void series_take(struct mesh *m);

#endif
