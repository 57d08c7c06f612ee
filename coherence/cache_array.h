/*
 * The array of a set-associative cache, laid out so that the most recently used
 * way of every set lies in one fixed plane.
 *
 * Each set has `ways` frames.  Frame 0 always is the most recently used one,
 * and its data lie in `front`, indexed by set alone; the data of the others
 * lie in `rest`.  order[1 .. ways-1] of a set names its other frames from the
 * most to the least recently used.  Making frame f the most recent exchanges
 * line, state and data of frames 0 and f and moves f to order[1]; so a hit on
 * the most recent frame writes nothing.
 *
 *     front  [set 0][set 1] ...            order  [-, 2, 1, 3] per set
 *     rest   [set 0: frames 1 2 3][set 1: ...]
 *
 * Which line has to go is the policy's choice:
 *   lru        the last of `order`
 *   tree-plru  a bit in each node of a binary tree over the ways points away from
 *              what was used last; follow the bits.  A line keeps its leaf of the
 *              tree when frames are exchanged.
 *   random     a function of the seed and of how many lines have been filled
 * A hit on the most recent frame changes nothing for any of them.
 *
 * Frames are named by frame = set * ways + way.  A frame whose line is
 * NO_LINE is free.  What a state means is the caller's business.
 */
#ifndef TESSERA_CACHE_ARRAY_H
#define TESSERA_CACHE_ARRAY_H

#include "sim/base/arena.h"
#include "sim/base/types.h"

enum { NO_FRAME = -1 };
#define NO_LINE UINT64_MAX

enum cache_policy { CACHE_LRU, CACHE_TREE_PLRU, CACHE_RANDOM };

struct cache_array {
    uint32_t ways;
    uint64_t set_mask;
    paddr_t *line;  /* by frame */
    uint8_t *state; /* by frame */
    uint8_t *order; /* by set * ways + position; position 0 is unused */
    uint8_t *front, *rest;
    enum cache_policy policy;
    uint8_t *leaf;        /* tree-plru, by frame: the line's way in the tree */
    uint16_t *tree;       /* by set: bit n is node n, the root is 1; set: the victim is right */
    uint64_t seed, fills; /* random */
};

/* Can a cache of this size and associativity be built: sets a power of two? */
bool cache_geometry_ok(uint32_t kib, uint32_t ways);

void cache_array_init(struct cache_array *array, struct arena *arena, uint32_t kib, uint32_t ways);

/* Chooses the policy, LRU until then.  tree-plru needs a power of two of ways. */
void cache_array_replace_by(struct cache_array *array, struct arena *arena,
                            enum cache_policy policy, uint64_t seed);

static inline uint64_t cache_set(const struct cache_array *array, paddr_t line)
{
    return (line >> LINE_SHIFT) & array->set_mask;
}

/* The most recently used frame of a set. */
static inline int cache_front(const struct cache_array *array, uint64_t set)
{
    return (int)(set * array->ways);
}

/* The bytes of a frame of this set. */
static inline uint8_t *cache_data(const struct cache_array *array, uint64_t set, int frame)
{
    int front = cache_front(array, set);
    if (frame == front)
        return array->front + set * LINE_BYTES;
    return array->rest + (set * (array->ways - 1) + (uint32_t)(frame - front) - 1) * LINE_BYTES;
}

/* The frame that holds `line`, or NO_FRAME. */
static inline int cache_find(const struct cache_array *array, paddr_t line)
{
    int front = cache_front(array, cache_set(array, line)), end = front + (int)array->ways;
    for (int frame = front; frame < end; frame++)
        if (array->line[frame] == line)
            return frame;
    return NO_FRAME;
}

/* Makes a frame the most recently used of its set: it becomes cache_front(). */
void cache_promote(struct cache_array *array, uint64_t set, int frame);

/* The frame that a new line of this set should take: a free one, else the
 * policy's choice of those whose state is in the bit mask `evictable`; NO_FRAME
 * when all are pinned.  Changes nothing: ask again, and the answer is the same,
 * until `fills` is counted on. */
int cache_victim(const struct cache_array *array, paddr_t line, uint32_t evictable);

#endif
