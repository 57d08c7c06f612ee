/*
 * The LRU order of a set as positions, see cache_array.h.  The exchange on
 * promotion moves 64 bytes of data twice; it happens only when a set's most
 * recent line changes, and it is what lets a hart find data by set alone.
 */
#include "coherence/cache_array.h"

#include <assert.h>
#include <string.h>

#include "sim/base/rng.h"

bool cache_geometry_ok(uint32_t kib, uint32_t ways)
{
    uint32_t lines = kib * 1024 / LINE_BYTES;
    if (ways == 0 || lines == 0 || lines % ways != 0)
        return false;
    uint32_t sets = lines / ways;
    return (sets & (sets - 1)) == 0;
}

void cache_array_init(struct cache_array *array, struct arena *arena, uint32_t kib, uint32_t ways)
{
    assert(cache_geometry_ok(kib, ways) && ways <= 16);
    size_t lines = (size_t)kib * 1024 / LINE_BYTES, sets = lines / ways;
    array->ways = ways;
    array->set_mask = sets - 1;
    array->line = arena_alloc(arena, lines, sizeof *array->line);
    array->state = arena_alloc(arena, lines, 1);
    array->order = arena_alloc(arena, lines, 1);
    array->front = arena_alloc(arena, sets, LINE_BYTES);
    array->rest = arena_alloc(arena, lines - sets, LINE_BYTES);
    for (size_t i = 0; i < lines; i++) {
        array->line[i] = NO_LINE;
        array->order[i] = (uint8_t)(i % ways);
    }
}

void cache_array_replace_by(struct cache_array *array, struct arena *arena,
                            enum cache_policy policy, uint64_t seed)
{
    size_t sets = array->set_mask + 1, lines = sets * array->ways;
    array->policy = policy;
    array->seed = seed;
    if (policy != CACHE_TREE_PLRU)
        return;
    assert((array->ways & (array->ways - 1)) == 0);
    array->leaf = arena_alloc(arena, lines, sizeof *array->leaf);
    array->tree = arena_alloc(arena, sets, sizeof *array->tree);
    for (size_t i = 0; i < lines; i++)
        array->leaf[i] = (uint8_t)(i % array->ways);
}

/* ---- use --------------------------------------------------------------------- */

/* Every node on the way to the frame's leaf points to its other side. */
static void touch_tree(struct cache_array *array, uint64_t set, int frame)
{
    unsigned node = 1;
    for (uint32_t half = array->ways / 2; half > 0; half /= 2) {
        bool right = array->leaf[frame] & half;
        if (right)
            array->tree[set] &= (uint16_t) ~(1u << node);
        else
            array->tree[set] |= (uint16_t)(1u << node);
        node = 2 * node + right;
    }
}

static void exchange_data(uint8_t *a, uint8_t *b)
{
    uint8_t held[LINE_BYTES];
    memcpy(held, a, LINE_BYTES);
    memcpy(a, b, LINE_BYTES);
    memcpy(b, held, LINE_BYTES);
}

static void exchange_frames(struct cache_array *array, uint64_t set, int a, int b)
{
    paddr_t line = array->line[a];
    uint8_t state = array->state[a];
    array->line[a] = array->line[b];
    array->state[a] = array->state[b];
    array->line[b] = line;
    array->state[b] = state;
    if (array->policy == CACHE_TREE_PLRU) {
        uint8_t leaf = array->leaf[a];
        array->leaf[a] = array->leaf[b];
        array->leaf[b] = leaf;
    }
    exchange_data(cache_data(array, set, a), cache_data(array, set, b));
}

void cache_promote(struct cache_array *array, uint64_t set, int frame)
{
    int front = cache_front(array, set);
    if (array->policy == CACHE_TREE_PLRU)
        touch_tree(array, set, frame);
    if (frame == front)
        return;
    exchange_frames(array, set, front, frame);
    uint8_t way = (uint8_t)(frame - front), *order = array->order + front, displaced = order[1];
    for (uint32_t position = 2; displaced != way; position++) {
        uint8_t next = order[position];
        order[position] = displaced;
        displaced = next;
    }
    order[1] = way;
}

/* ---- replacement ------------------------------------------------------------------ */

static bool can_evict(const struct cache_array *array, int frame, uint32_t evictable)
{
    return evictable >> array->state[frame] & 1;
}

/* The leaf that the tree points to, with `leaves` to choose from, as a bit mask. */
static unsigned follow_tree(uint16_t tree, uint32_t ways, uint32_t leaves)
{
    unsigned node = 1, first = 0;
    for (uint32_t half = ways / 2; half > 0; half /= 2) {
        uint32_t left = ((1u << half) - 1) << first, right = left << half;
        bool goes_right = (leaves & right) && ((tree >> node & 1) || !(leaves & left));
        first += goes_right ? half : 0;
        node = 2 * node + goes_right;
    }
    return first;
}

static int victim_by_tree(const struct cache_array *array, uint64_t set, uint32_t evictable)
{
    int front = cache_front(array, set), of_leaf[16];
    uint32_t leaves = 0;
    for (int frame = front; frame < front + (int)array->ways; frame++) {
        of_leaf[array->leaf[frame]] = frame;
        leaves |= (uint32_t)can_evict(array, frame, evictable) << array->leaf[frame];
    }
    return leaves ? of_leaf[follow_tree(array->tree[set], array->ways, leaves)] : NO_FRAME;
}

static int victim_at_random(const struct cache_array *array, uint64_t set, uint32_t evictable)
{
    int front = cache_front(array, set), choice[16];
    uint32_t choices = 0;
    for (int frame = front; frame < front + (int)array->ways; frame++)
        if (can_evict(array, frame, evictable))
            choice[choices++] = frame;
    struct rng rng = rng_stream(array->seed, array->fills);
    return choices ? choice[rng_below(&rng, choices)] : NO_FRAME;
}

/* The least recently used frame that is free, else the one that may be evicted. */
static int victim_by_age(const struct cache_array *array, uint64_t set, uint32_t evictable)
{
    int front = cache_front(array, set), least_recent = NO_FRAME;
    for (uint32_t position = array->ways; position-- > 0;) {
        int frame = front + (position ? array->order[(uint32_t)front + position] : 0);
        if (array->line[frame] == NO_LINE)
            return frame;
        if (least_recent == NO_FRAME && can_evict(array, frame, evictable))
            least_recent = frame;
    }
    return least_recent;
}

int cache_victim(const struct cache_array *array, paddr_t line, uint32_t evictable)
{
    uint64_t set = cache_set(array, line);
    int frame = victim_by_age(array, set, evictable);
    if (array->policy == CACHE_LRU || frame == NO_FRAME || array->line[frame] == NO_LINE)
        return frame;
    return array->policy == CACHE_RANDOM ? victim_at_random(array, set, evictable)
                                         : victim_by_tree(array, set, evictable);
}
