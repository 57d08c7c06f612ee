/* The cache array against a naive model: a list of lines a set, in order. */
#include <criterion/criterion.h>
#include <string.h>

#include "coherence/cache_array.h"
#include "sim/base/rng.h"

enum { STEADY, PINNED, STATES };
enum { WAYS_MAX = 16, SETS_MAX = 16 };
static const uint32_t EVICTABLE = 1u << STEADY;

struct naive_set {
    paddr_t line[WAYS_MAX]; /* most recently used first */
    unsigned count;
};

struct pair {
    struct arena *arena;
    struct cache_array array;
    struct naive_set naive[SETS_MAX];
};

static void pair_create(struct pair *p, uint32_t kib, uint32_t ways)
{
    *p = (struct pair){.arena = arena_create()};
    cache_array_init(&p->array, p->arena, kib, ways);
}

static void naive_touch(struct naive_set *set, paddr_t line)
{
    unsigned at = 0;
    while (at < set->count && set->line[at] != line)
        at++;
    if (at == set->count)
        set->count++;
    memmove(&set->line[1], &set->line[0], at * sizeof *set->line);
    set->line[0] = line;
}

static void naive_remove(struct naive_set *set, paddr_t line)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < set->count; i++)
        if (set->line[i] != line)
            set->line[kept++] = set->line[i];
    set->count = kept;
}

/* An access: promotes a line that is there, else takes the victim's frame. */
static void access_line(struct pair *p, paddr_t line)
{
    struct naive_set *naive = &p->naive[cache_set(&p->array, line)];
    int frame = cache_find(&p->array, line);
    if (frame == NO_FRAME) {
        frame = cache_victim(&p->array, line, EVICTABLE);
        paddr_t evicted = p->array.line[frame];
        if (naive->count == p->array.ways) {
            cr_assert_eq(evicted, naive->line[naive->count - 1], "not the least recently used");
            naive_remove(naive, evicted);
        } else {
            cr_assert_eq(evicted, NO_LINE, "a line was evicted while a frame was free");
        }
        p->array.line[frame] = line;
        memcpy(cache_data(&p->array, cache_set(&p->array, line), frame), &line, sizeof line);
    }
    uint64_t set = cache_set(&p->array, line);
    cache_promote(&p->array, set, frame);
    cr_assert_eq(cache_find(&p->array, line), cache_front(&p->array, set),
                 "the line just used is not the most recent");
    naive_touch(naive, line);
}

static void drop_line(struct pair *p, paddr_t line)
{
    int frame = cache_find(&p->array, line);
    if (frame == NO_FRAME)
        return;
    p->array.line[frame] = NO_LINE;
    naive_remove(&p->naive[cache_set(&p->array, line)], line);
}

static void assert_same_lines(struct pair *p)
{
    unsigned held = 0, expected = 0;
    for (uint64_t i = 0; i < (p->array.set_mask + 1) * p->array.ways; i++)
        held += p->array.line[i] != NO_LINE;
    for (uint64_t set = 0; set <= p->array.set_mask; set++) {
        expected += p->naive[set].count;
        for (unsigned i = 0; i < p->naive[set].count; i++) {
            paddr_t line = p->naive[set].line[i];
            int frame = cache_find(&p->array, line);
            cr_assert_neq(frame, NO_FRAME);
            cr_assert_arr_eq(cache_data(&p->array, cache_set(&p->array, line), frame), &line,
                             sizeof line, "a line lost its data");
        }
    }
    cr_assert_eq(held, expected);
}

static void compare_at_random(uint32_t ways, uint64_t seed)
{
    struct pair p;
    struct rng rng = rng_stream(seed, ways);
    pair_create(&p, 1, ways);
    for (unsigned i = 0; i < 4000; i++) {
        paddr_t line = MAP_DRAM_BASE + (paddr_t)rng_below(&rng, 40) * LINE_BYTES;
        if (rng_below(&rng, 8) == 0)
            drop_line(&p, line);
        else
            access_line(&p, line);
        assert_same_lines(&p);
    }
    arena_destroy(p.arena);
}

Test(cache_array, lru_order_is_exact_at_every_associativity)
{
    for (uint32_t ways = 1; ways <= 16; ways *= 2)
        compare_at_random(ways, 7);
}

Test(cache_array, data_of_the_most_recent_way_lie_in_the_front_plane)
{
    struct pair p;
    pair_create(&p, 1, 4);
    for (unsigned i = 0; i < 3; i++)
        access_line(&p, MAP_DRAM_BASE + (paddr_t)i * 4 * LINE_BYTES);
    paddr_t first;
    memcpy(&first, p.array.front, sizeof first);
    cr_assert_eq(first, MAP_DRAM_BASE + 2u * 4 * LINE_BYTES);
    arena_destroy(p.arena);
}

Test(cache_array, a_pinned_line_is_no_victim)
{
    struct pair p;
    pair_create(&p, 1, 2);
    paddr_t line[3];
    for (unsigned i = 0; i < 3; i++)
        line[i] = MAP_DRAM_BASE + (paddr_t)i * 8 * LINE_BYTES;
    access_line(&p, line[0]);
    access_line(&p, line[1]);
    p.array.state[cache_find(&p.array, line[0])] = PINNED;
    int victim = cache_victim(&p.array, line[2], EVICTABLE);
    cr_assert_eq(p.array.line[victim], line[1]);
    p.array.state[cache_find(&p.array, line[1])] = PINNED;
    cr_assert_eq(cache_victim(&p.array, line[2], EVICTABLE), NO_FRAME);
    arena_destroy(p.arena);
}

Test(cache_array, a_number_of_sets_that_is_no_power_of_two_is_refused)
{
    cr_assert(cache_geometry_ok(16, 4));
    cr_assert(cache_geometry_ok(12, 3));
    cr_assert_not(cache_geometry_ok(12, 4));
    cr_assert_not(cache_geometry_ok(16, 3));
    cr_assert(cache_geometry_ok(1, 16));
}

/* ---- other policies -------------------------------------------------------------------- */

/* A node of the tree points to the half that was used longer ago. */
static unsigned older_leaf(const uint64_t *used, unsigned ways)
{
    unsigned first = 0;
    for (unsigned half = ways / 2; half > 0; half /= 2) {
        uint64_t left = 0, right = 0;
        for (unsigned i = 0; i < half; i++) {
            left = used[first + i] > left ? used[first + i] : left;
            right = used[first + half + i] > right ? used[first + half + i] : right;
        }
        first += right < left ? half : 0;
    }
    return first;
}

static void compare_tree(uint32_t ways)
{
    struct pair p;
    struct rng rng = rng_stream(5, ways);
    uint64_t used[WAYS_MAX] = {0}; /* of set 0, by leaf */
    pair_create(&p, 1, ways);
    cache_array_replace_by(&p.array, p.arena, CACHE_TREE_PLRU, 0);
    uint64_t stride = (p.array.set_mask + 1) * LINE_BYTES;
    for (unsigned i = 1; i < 4000; i++) {
        paddr_t line = MAP_DRAM_BASE + rng_below(&rng, 2 * ways) * stride;
        int frame = cache_find(&p.array, line);
        if (frame == NO_FRAME) {
            frame = cache_victim(&p.array, line, EVICTABLE);
            if (p.array.line[frame] != NO_LINE)
                cr_assert_eq(p.array.leaf[frame], older_leaf(used, ways), "%u ways, access %u",
                             ways, i);
            p.array.line[frame] = line;
        }
        used[p.array.leaf[frame]] = i;
        cache_promote(&p.array, 0, frame);
    }
    arena_destroy(p.arena);
}

Test(cache_array, tree_plru_follows_the_halves_used_longer_ago)
{
    for (uint32_t ways = 1; ways <= 16; ways *= 2)
        compare_tree(ways);
}

static void fill_set(struct pair *p)
{
    for (unsigned i = 0; i < p->array.ways; i++)
        access_line(p, MAP_DRAM_BASE + (p->array.set_mask + 1) * i * LINE_BYTES);
}

Test(cache_array, tree_plru_leaves_pinned_lines_alone)
{
    struct pair p;
    pair_create(&p, 1, 4);
    cache_array_replace_by(&p.array, p.arena, CACHE_TREE_PLRU, 0);
    fill_set(&p);
    for (unsigned pinned = 1; pinned <= 4; pinned++) {
        int victim = cache_victim(&p.array, MAP_DRAM_BASE, EVICTABLE);
        cr_assert_neq(victim, NO_FRAME);
        cr_assert_eq(p.array.state[victim], STEADY);
        p.array.state[victim] = PINNED;
    }
    cr_assert_eq(cache_victim(&p.array, MAP_DRAM_BASE, EVICTABLE), NO_FRAME);
    arena_destroy(p.arena);
}

/* How often each frame of set 0 was chosen in 400 fills. */
static void count_random_victims(uint64_t seed, unsigned *count, uint64_t *sequence)
{
    struct pair p;
    pair_create(&p, 1, 4);
    cache_array_replace_by(&p.array, p.arena, CACHE_RANDOM, seed);
    fill_set(&p);
    p.array.state[1] = PINNED;
    *sequence = 0;
    for (unsigned i = 0; i < 400; i++, p.array.fills++) {
        int victim = cache_victim(&p.array, MAP_DRAM_BASE, EVICTABLE);
        cr_assert_eq(cache_victim(&p.array, MAP_DRAM_BASE, EVICTABLE), victim, "asking changes it");
        count[victim]++;
        *sequence = *sequence * 31 + (unsigned)victim;
    }
    arena_destroy(p.arena);
}

Test(cache_array, random_replacement_is_a_function_of_its_seed)
{
    unsigned count[4] = {0};
    uint64_t first, again, other;
    count_random_victims(1, count, &first);
    cr_assert_eq(count[1], 0, "a pinned line was chosen");
    for (unsigned frame = 0; frame < 4; frame++)
        cr_assert(frame == 1 || count[frame] > 80, "frame %u: %u of 400", frame, count[frame]);
    count_random_victims(1, count, &again);
    count_random_victims(2, count, &other);
    cr_assert_eq(first, again);
    cr_assert_neq(first, other);
}
