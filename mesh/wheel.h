/*
 * Inside mesh/: a wheel of lists of nodes, each waiting for its cycle.
 *
 *   slot[cycle % SLOTS] -> node -> node -> ...      by way of next[node]
 *
 * A node whose cycle is a whole turn or more away stays in its slot while the wheel
 * passes.  A node waits for one cycle at a time.
 */
#ifndef TESSERA_MESH_WHEEL_H
#define TESSERA_MESH_WHEEL_H

#include "sim/base/arena.h"
#include "sim/base/types.h"

enum { WHEEL_SLOTS = 1024, WHEEL_END = UINT16_MAX };

struct wheel {
    tile_id slot[WHEEL_SLOTS];
    struct {
        cycle_t due;
        tile_id next;
    } * node;
};

static inline void wheel_create(struct wheel *w, struct arena *arena, unsigned nodes)
{
    w->node = arena_alloc(arena, nodes, sizeof *w->node);
    for (unsigned s = 0; s < WHEEL_SLOTS; s++)
        w->slot[s] = WHEEL_END;
}

static inline void wheel_add(struct wheel *w, tile_id node, cycle_t due)
{
    tile_id *slot = &w->slot[due % WHEEL_SLOTS];
    w->node[node].due = due;
    w->node[node].next = *slot;
    *slot = node;
}

/* Takes the list of the cycle's slot away, to be walked with wheel_next. */
static inline tile_id wheel_take(struct wheel *w, cycle_t now)
{
    tile_id first = w->slot[now % WHEEL_SLOTS];
    w->slot[now % WHEEL_SLOTS] = WHEEL_END;
    return first;
}

/* The first node at or after `node` in a list taken that is due now; those that
 * are not go back.  *rest is where to go on. */
static inline tile_id wheel_next(struct wheel *w, cycle_t now, tile_id node, tile_id *rest)
{
    while (node != WHEEL_END) {
        *rest = w->node[node].next;
        if (w->node[node].due == now)
            return node;
        wheel_add(w, node, w->node[node].due);
        node = *rest;
    }
    return WHEEL_END;
}

#endif
