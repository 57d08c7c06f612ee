/*
 * The LRU order of a set as positions, see cache_array.h.  The exchange on
 * promotion moves 64 bytes of data twice; it happens only when a set's most
 * recent line changes, and it is what lets a hart find data by set alone.
 */
#include "coherence/cache_array.h"

#include <assert.h>
#include <string.h>

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

void cache_array_keep_dirty(struct cache_array *array, struct arena *arena)
{
    array->dirty = arena_alloc(arena, (array->set_mask + 1) * array->ways, sizeof *array->dirty);
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
    exchange_data(cache_data(array, set, a), cache_data(array, set, b));
    if (array->dirty) {
        uint64_t dirty = array->dirty[a];
        array->dirty[a] = array->dirty[b];
        array->dirty[b] = dirty;
    }
}

void cache_promote(struct cache_array *array, uint64_t set, int frame)
{
    int front = cache_front(array, set);
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

int cache_victim(const struct cache_array *array, paddr_t line, uint32_t evictable)
{
    int front = cache_front(array, cache_set(array, line)), least_recent = NO_FRAME;
    for (uint32_t position = array->ways; position-- > 0;) {
        int frame = front + (position ? array->order[(uint32_t)front + position] : 0);
        if (array->line[frame] == NO_LINE)
            return frame;
        if (least_recent == NO_FRAME && (evictable >> array->state[frame] & 1))
            least_recent = frame;
    }
    return least_recent;
}
