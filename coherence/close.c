/*
 * Bytes move as lines do: into the L1D when a line is brought close, back when it has to
 * make room there.  That a line is dirty is noted at the first store since it came close,
 * which the window therefore does not hide.
 */
#include "coherence/close.h"

#include "coherence/l1_actions.h"

enum close_state { CLOSE_CLEAN, CLOSE_DIRTY };

void close_init(struct l1 *l1, struct arena *arena, const struct config *cfg)
{
    cache_array_init(&l1->close, arena, cfg->l1d_kib, cfg->l1d_ways);
    cache_array_replace_by(&l1->close, arena, cfg->l1d_replacement,
                           ((uint64_t)cfg->l1d_replacement_seed << 16) + l1->tile);
}

uint8_t *close_find(const struct l1 *l1, paddr_t line)
{
    int frame = has_l2(l1) ? cache_find(&l1->close, line) : NO_FRAME;
    return frame == NO_FRAME ? NULL : cache_data(&l1->close, cache_set(&l1->close, line), frame);
}

static uint8_t *outer_data(const struct l1 *l1, paddr_t line)
{
    int frame = cache_find(&l1->array, line);
    assert(frame != NO_FRAME);
    return cache_data(&l1->array, cache_set(&l1->array, line), frame);
}

uint8_t *close_behind(const struct l1 *l1, paddr_t line)
{
    return close_find(l1, line) ? outer_data(l1, line) : NULL;
}

/* The frame's line is no longer close. */
static void give_back(struct l1 *l1, uint64_t set, int frame)
{
    struct cache_array *close = &l1->close;
    if (close->line[frame] == NO_LINE)
        return;
    memcpy(outer_data(l1, close->line[frame]), cache_data(close, set, frame), LINE_BYTES);
    l1->close_evictions++;
    l1->close_writebacks += close->state[frame] == CLOSE_DIRTY;
}

/* A frame of the L1D for a line that is not close, which comes from the L2. */
static int take_close(struct l1 *l1, paddr_t line, const uint8_t *bytes)
{
    struct cache_array *close = &l1->close;
    uint64_t set = cache_set(close, line);
    int frame = cache_victim(close, line, 1u << CLOSE_CLEAN | 1u << CLOSE_DIRTY);
    give_back(l1, set, frame);
    close->fills++;
    close->line[frame] = line;
    close->state[frame] = CLOSE_CLEAN;
    memcpy(cache_data(close, set, frame), bytes, LINE_BYTES);
    return frame;
}

uint8_t *close_bring(struct l1 *l1, paddr_t line, int frame)
{
    struct cache_array *close = &l1->close;
    uint64_t set = cache_set(close, line);
    int at = cache_find(close, line);
    if (at == NO_FRAME)
        at = take_close(l1, line, cache_data(&l1->array, cache_set(&l1->array, line), frame));
    cache_promote(close, set, at);
    l1_show(l1, set);
    return cache_data(close, set, cache_front(close, set));
}

void close_make_dirty(struct l1 *l1, paddr_t line)
{
    int frame = cache_find(&l1->close, line);
    assert(frame != NO_FRAME);
    if (l1->close.state[frame] == CLOSE_DIRTY)
        return;
    l1->close.state[frame] = CLOSE_DIRTY;
    l1_show(l1, cache_set(&l1->close, line));
}

void close_drop(struct l1 *l1, paddr_t line)
{
    struct cache_array *close = &l1->close;
    int frame = has_l2(l1) ? cache_find(close, line) : NO_FRAME;
    if (frame == NO_FRAME)
        return;
    close->line[frame] = NO_LINE;
    close->state[frame] = CLOSE_CLEAN;
    l1_show(l1, cache_set(close, line));
}

static bool is_sound(const struct l1 *l1, int at)
{
    paddr_t line = l1->close.line[at];
    if (line == NO_LINE)
        return true;
    const uint8_t *bytes = cache_data(&l1->close, cache_set(&l1->close, line), at);
    return cache_find(&l1->array, line) != NO_FRAME &&
           (l1->close.state[at] == CLOSE_DIRTY ||
            memcmp(bytes, outer_data(l1, line), LINE_BYTES) == 0);
}

paddr_t close_find_fault(const struct l1 *l1)
{
    int frames = has_l2(l1) ? (int)((l1->close.set_mask + 1) * l1->close.ways) : 0;
    for (int frame = 0; frame < frames; frame++)
        if (!is_sound(l1, frame))
            return l1->close.line[frame];
    return NO_LINE;
}
