/* The directory's sets of sharers against a plain set, one organisation after the other. */
#include "coherence/directory.h"

#include "coherence/tests/harness.h"

enum { TILES = 150, LINES = 16 };

static struct directory dir;
static struct arena *arena;
static bool shares[TILES]; /* line 3 */

static void create(const char *organisation, uint32_t pointers, uint32_t group)
{
    struct config cfg = world_config(TILES / 2, 2);
    struct error e = {0};
    char setting[64];
    snprintf(setting, sizeof setting, "coherence.directory=%s", organisation);
    cr_assert(config_set(&cfg, setting, "test", &e), "%s", e.text);
    cfg.coherence_pointers = pointers;
    cfg.coherence_group = group;
    cr_assert(config_check(&cfg, "test", &e), "%s", e.text);
    arena = arena_create();
    directory_init(&dir, arena, LINES, &cfg);
    memset(shares, 0, sizeof shares);
}

static uint32_t count_shares(void)
{
    uint32_t count = 0;
    for (unsigned t = 0; t < TILES; t++)
        count += shares[t];
    return count;
}

/* Nobody who shares is missing; `certain` names none who does not share; all ways to
 * read the set agree, and the lines beside it are untouched. */
static void assert_set_covers(void)
{
    uint32_t count = 0;
    for (unsigned t = 0; t < TILES; t++) {
        bool named = directory_is_sharer(&dir, 3, (tile_id)t);
        count += named;
        cr_assert(named || !shares[t], "tile %u is forgotten", t);
        cr_assert(shares[t] || !directory_is_certain(&dir, 3, (tile_id)t), "tile %u", t);
    }
    cr_assert_eq(directory_count_sharers(&dir, 3), count);
    cr_assert_eq(directory_next_sharer(&dir, 2, 0), TILE_NONE);
    cr_assert_eq(directory_next_sharer(&dir, 4, 0), TILE_NONE);
}

static void add(tile_id tile)
{
    if (directory_is_full(&dir, 3, tile)) {
        tile_id evicted = directory_evict_sharer(&dir, 3);
        cr_assert(shares[evicted]);
        shares[evicted] = false;
    }
    directory_add_sharer(&dir, 3, tile);
    shares[tile] = true;
}

static void churn(uint64_t seed, unsigned steps)
{
    struct rng rng = rng_stream(seed, 0);
    for (unsigned i = 0; i < steps; i++) {
        tile_id tile = (tile_id)rng_below(&rng, TILES);
        unsigned what = rng_below(&rng, 12);
        if (what == 0) {
            directory_clear_sharers(&dir, 3);
            memset(shares, 0, sizeof shares);
        } else if (what < 5) {
            directory_remove_sharer(&dir, 3, tile);
            shares[tile] = false;
        } else {
            add(tile);
        }
        assert_set_covers();
    }
    arena_destroy(arena);
}

Test(directory, every_organisation_names_all_who_share)
{
    static const struct {
        const char *name;
        uint32_t pointers, group;
    } kinds[] = {{"full", 1, 1},       {"limited-b", 1, 1},  {"limited-b", 5, 1},
                 {"limited-nb", 1, 1}, {"limited-nb", 4, 1}, {"coarse", 1, 1},
                 {"coarse", 1, 4},     {"coarse", 1, 150}};
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        create(kinds[i].name, kinds[i].pointers, kinds[i].group);
        churn(i + 1, 3000);
    }
}

Test(directory, a_full_map_is_exact)
{
    create("full", 1, 1);
    add(0);
    add(64);
    add(149);
    directory_remove_sharer(&dir, 3, 64);
    cr_assert_eq(directory_count_sharers(&dir, 3), 2);
    cr_assert(directory_is_certain(&dir, 3, 149));
    cr_assert_not(directory_is_sharer(&dir, 3, 64));
    arena_destroy(arena);
}

Test(directory, one_pointer_too_many_names_everyone_until_cleared)
{
    create("limited-b", 3, 1);
    add(7), add(8), add(9);
    cr_assert_eq(directory_count_sharers(&dir, 3), 3);
    cr_assert_not(directory_is_everyone(&dir, 3));
    add(10);
    cr_assert(directory_is_everyone(&dir, 3));
    cr_assert_eq(directory_count_sharers(&dir, 3), TILES);
    cr_assert_not(directory_is_certain(&dir, 3, 7));
    directory_clear_sharers(&dir, 3);
    cr_assert_eq(directory_count_sharers(&dir, 3), 0);
    arena_destroy(arena);
}

Test(directory, without_broadcast_the_first_sharer_goes)
{
    create("limited-nb", 2, 1);
    add(9), add(7);
    cr_assert(directory_is_full(&dir, 3, 8));
    cr_assert_not(directory_is_full(&dir, 3, 9));
    add(8);
    cr_assert_not(shares[9]);
    cr_assert_eq(count_shares(), 2);
    cr_assert_eq(directory_count_sharers(&dir, 3), 2);
    arena_destroy(arena);
}

Test(directory, a_group_shares_one_bit_and_the_last_may_be_short)
{
    create("coarse", 1, 4); /* 37 groups of 4, and tiles 148 and 149 */
    add(5);
    cr_assert_eq(directory_next_sharer(&dir, 3, 0), 4);
    cr_assert_eq(directory_next_sharer(&dir, 3, 6), 6);
    cr_assert_eq(directory_next_sharer(&dir, 3, 8), TILE_NONE);
    cr_assert_eq(directory_count_sharers(&dir, 3), 4);
    add(149);
    cr_assert_eq(directory_count_sharers(&dir, 3), 6);
    cr_assert_not(directory_is_certain(&dir, 3, 5));
    arena_destroy(arena);
}

/* Numbers of lines of one home, of the same set: the home's lines are TILES apart. */
static uint64_t line_of_set(unsigned i)
{
    return (uint64_t)i * TILES * 2 + 3;
}

Test(directory, a_sparse_directory_gives_its_least_recently_used_entry)
{
    struct config cfg = world_config(TILES / 2, 2);
    cfg.coherence_directory = DIR_SPARSE;
    cfg.coherence_sparse_sets = cfg.coherence_sparse_ways = 2;
    arena = arena_create();
    directory_init(&dir, arena, 4096, &cfg);
    cr_assert(directory_take_entry(&dir, line_of_set(0)));
    cr_assert(directory_take_entry(&dir, line_of_set(1)));
    cr_assert_not(directory_take_entry(&dir, line_of_set(2)));
    cr_assert(directory_take_entry(&dir, line_of_set(2) + TILES), "the other set is free");
    cr_assert(directory_take_entry(&dir, line_of_set(2) + 1), "the other home is free");
    cr_assert(directory_touch_entry(&dir, line_of_set(0)));
    cr_assert_eq(directory_victim(&dir, line_of_set(2)), line_of_set(1));
    dir.entry[line_of_set(1)].state = HOME_STATE_S_U;
    cr_assert_eq(directory_victim(&dir, line_of_set(2)), line_of_set(0), "a busy line stays");
    directory_hand_over(&dir, line_of_set(0), line_of_set(2));
    cr_assert_not(directory_touch_entry(&dir, line_of_set(0)));
    cr_assert(directory_touch_entry(&dir, line_of_set(2)));
    directory_release_entry(&dir, line_of_set(1));
    cr_assert(directory_has_room(&dir, line_of_set(0)));
    arena_destroy(arena);
}

Test(directory, every_class_of_a_tally_ends_at_a_power_of_two)
{
    static const uint32_t number[] = {0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 16384};
    static const unsigned class[] = {0, 1, 2, 3, 3, 4, 4, 5, 5, 6, 15};
    for (unsigned i = 0; i < sizeof number / sizeof *number; i++)
        cr_expect_eq(tally_class(number[i]), class[i], "%u", number[i]);
}
