/* What a mesh has counted, as the database keeps it. */
#ifndef TESSERA_MESH_RECORD_H
#define TESSERA_MESH_RECORD_H

#include "analysis/analysis.h"
#include "mesh/mesh.h"

/* Fills `record` with the mesh's links and its series (if stats.interval asked
 * for one), virtual networks apart where mesh.counters has counted them so.
 * Means are over `cycles`.  Released with the run's record. */
void mesh_record_take(const struct mesh *mesh, const struct config *cfg, uint64_t cycles,
                      struct run_mesh *record);

#endif
