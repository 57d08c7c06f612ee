/*
 * Inside mesh/: does every source keep up with its births?  The one meaning of
 * "saturated", for the search, for single loads and for curves alike.
 */
#ifndef TESSERA_MESH_PACE_H
#define TESSERA_MESH_PACE_H

#include "sim/base/arena.h"
#include "sim/base/types.h"

enum {
    PACE_START = 1 << 15,
    PACE_END = 1 << 16,
    PACE_ALLOWED_PERMILLE = 25 /* of the time between the two */
};

enum pace_verdict { PACE_OPEN, PACE_KEPT, PACE_LOST };

struct pace {
    enum pace_verdict verdict;
    bool doubtful; /* now a source is further behind than is allowed of the time so far */
    unsigned nodes;
    bool alike;         /* all sources draw from the same destinations: their mean counts */
    uint64_t worst_lag; /* the greatest growth of a lag, from PACE_START to PACE_END */
    uint64_t *before;   /* of each node: its lag at PACE_START */
};

void pace_init(struct pace *pace, struct arena *arena, unsigned nodes, bool alike);

/* To be told every 1,024 cycles: `lag`, by how many cycles the births of each
 * node are behind the clock; NULL for a load that waits for the mesh. */
void pace_look(struct pace *pace, cycle_t now, const uint64_t *lag);

#endif
