/* The L1 data cache towards its hart: window, reservation, limits. */
#include "coherence/tests/harness.h"

static struct world w;

/* Replaces the suite's L1 where a test wants another. */
static void remake_l1(uint32_t ways, uint32_t mshrs, uint32_t writebacks, bool check)
{
    struct config cfg = world_config(2, 2);
    cfg.l1d_kib = cfg.l1i_kib = 1;
    cfg.l1d_ways = ways;
    cfg.l1d_mshrs = mshrs;
    cfg.l1d_writebacks = writebacks;
    cfg.sim_check = check;
    if (w.arena)
        world_destroy(&w);
    world_create(&w, &cfg, 1);
}

static void create(void)
{
    remake_l1(2, 4, 4, false); /* 8 sets */
}

static void destroy(void)
{
    world_destroy(&w);
}

TestSuite(l1, .init = create, .fini = destroy);

static struct l1 *l1(void)
{
    return coherence_l1(w.coh, 1);
}

static uint64_t read_tag(unsigned set)
{
    return l1_window(l1())->read_tag[set];
}

static uint64_t write_tag(unsigned set)
{
    return l1_window(l1())->write_tag[set];
}

Test(l1, the_window_shows_what_may_be_read_and_what_may_be_written)
{
    cr_assert_eq(read_tag(3), NO_LINE);
    world_access_alone(&w, 1, world_line(3), L1_LOAD);
    cr_assert_eq(read_tag(3), world_line(3));
    cr_assert_eq(write_tag(3), NO_LINE, "a clean exclusive line must not be written silently");
    cr_assert_eq(world_access(&w, 1, world_line(3), L1_STORE), L1_READY);
    cr_assert_eq(write_tag(3), world_line(3));
    world_access_alone(&w, 2, world_line(3), L1_LOAD);
    cr_assert_eq(read_tag(3), world_line(3));
    cr_assert_eq(write_tag(3), NO_LINE, "a shared line must not be written");
    world_access_alone(&w, 2, world_line(3), L1_STORE);
    cr_assert_eq(read_tag(3), NO_LINE);
}

Test(l1, the_window_follows_the_most_recent_way_with_its_bytes)
{
    for (unsigned n = 3; n <= 11; n += 8) {
        world_access_alone(&w, 1, world_line(n), L1_STORE);
        world_store(&w, 1, world_line(n), n);
    }
    cr_assert_eq(read_tag(3), world_line(11));
    cr_assert_eq(world_access(&w, 1, world_line(3), L1_LOAD), L1_READY);
    cr_assert_eq(read_tag(3), world_line(3));
    cr_assert_eq(write_tag(3), world_line(3));
    cr_assert_eq(world_load(&w, 1, world_line(3)), 3);
}

/* One way: the frame of a line under way is the set's only one. */
Test(l1, the_window_is_empty_while_its_line_is_under_way)
{
    remake_l1(1, 4, 4, false);
    world_access_alone(&w, 1, world_line(3), L1_STORE);
    cr_assert_eq(world_access(&w, 1, world_line(19), L1_LOAD), L1_MISS);
    cr_assert_eq(read_tag(3), NO_LINE);
    cr_assert_eq(write_tag(3), NO_LINE);
    world_drain(&w);
    cr_assert_eq(read_tag(3), world_line(19));
}

Test(l1, with_the_checker_on_the_window_stays_empty)
{
    remake_l1(2, 4, 4, true);
    world_access_alone(&w, 1, world_line(3), L1_STORE);
    cr_assert_eq(read_tag(3), NO_LINE);
    cr_assert_eq(write_tag(3), NO_LINE);
}

Test(l1, a_watched_line_is_never_shown_for_writing)
{
    world_access_alone(&w, 1, world_line(3), L1_STORE);
    l1_watch(l1(), world_line(3));
    cr_assert_eq(write_tag(3), NO_LINE);
    cr_assert_eq(read_tag(3), world_line(3));
    cr_assert_eq(world_access(&w, 1, world_line(3), L1_STORE), L1_READY);
    cr_assert_eq(write_tag(3), NO_LINE);
}

/* ---- reservations ---------------------------------------------------------- */

static void reserve(void)
{
    world_access_alone(&w, 1, world_line(3), L1_STORE);
    l1_reserve(l1(), world_line(3));
    cr_assert(l1_is_reserved(l1(), world_line(3)));
}

Test(l1, a_reservation_outlives_accesses_to_other_lines)
{
    reserve();
    world_access_alone(&w, 1, world_line(11), L1_STORE);
    cr_assert(l1_is_reserved(l1(), world_line(3)));
    cr_assert_not(l1_is_reserved(l1(), world_line(11)));
}

Test(l1, a_reservation_ends_when_another_tile_writes)
{
    reserve();
    world_access_alone(&w, 2, world_line(3), L1_STORE);
    cr_assert_not(l1_is_reserved(l1(), world_line(3)));
}

Test(l1, a_reservation_ends_when_another_tile_reads)
{
    reserve();
    world_access_alone(&w, 2, world_line(3), L1_LOAD);
    cr_assert_not(l1_is_reserved(l1(), world_line(3)));
}

Test(l1, a_reservation_survives_a_fetch)
{
    reserve();
    world_fetch(&w, 2, world_line(3));
    world_drain(&w);
    cr_assert(l1_is_reserved(l1(), world_line(3)));
}

Test(l1, a_reservation_ends_when_the_line_is_evicted_and_when_told)
{
    reserve();
    world_access_alone(&w, 1, world_line(11), L1_LOAD);
    world_access_alone(&w, 1, world_line(19), L1_LOAD);
    cr_assert_not(l1_is_reserved(l1(), world_line(3)));
    reserve();
    l1_reserve(l1(), ~(paddr_t)0);
    cr_assert_not(l1_is_reserved(l1(), world_line(3)));
    cr_assert_not(l1_is_reserved(l1(), ~(paddr_t)0));
}

/* ---- limits ------------------------------------------------------------------ */

static void assert_refused_without_a_trace(paddr_t line, enum l1_op op)
{
    unsigned flights = w.flights;
    paddr_t held[16];
    memcpy(held, l1()->array.line, sizeof held);
    cr_assert_eq(world_access(&w, 1, line, op), L1_BUSY);
    cr_assert_eq(w.flights, flights, "a refused access sent something");
    cr_assert_arr_eq(held, l1()->array.line, sizeof held, "a refused access evicted something");
}

Test(l1, misses_beyond_the_MSHRs_are_refused)
{
    remake_l1(2, 2, 4, true);
    cr_assert_eq(world_access(&w, 1, world_line(0), L1_LOAD), L1_MISS);
    cr_assert_eq(world_access(&w, 1, world_line(1), L1_LOAD), L1_MISS);
    assert_refused_without_a_trace(world_line(2), L1_LOAD);
    cr_assert_eq(world_access(&w, 1, world_line(1), L1_LOAD), L1_MISS, "the one under way");
    world_drain(&w);
    world_access_alone(&w, 1, world_line(2), L1_LOAD);
    world_assert_quiet(&w);
}

Test(l1, a_miss_in_a_set_whose_frames_are_all_pinned_is_refused)
{
    cr_assert_eq(world_access(&w, 1, world_line(0), L1_LOAD), L1_MISS);
    cr_assert_eq(world_access(&w, 1, world_line(8), L1_LOAD), L1_MISS);
    assert_refused_without_a_trace(world_line(16), L1_LOAD);
    world_drain(&w);
    world_assert_quiet(&w);
}

Test(l1, a_dirty_victim_without_a_free_write_back_entry_is_kept)
{
    remake_l1(1, 4, 1, true);
    world_access_alone(&w, 1, world_line(0), L1_STORE);
    world_access_alone(&w, 1, world_line(1), L1_STORE);
    cr_assert_eq(world_access(&w, 1, world_line(16), L1_LOAD), L1_MISS);
    assert_refused_without_a_trace(world_line(17), L1_LOAD);
    cr_assert(l1_is_busy(l1()));
    world_drain(&w);
    cr_assert_not(l1_is_busy(l1()));
    world_access_alone(&w, 1, world_line(17), L1_LOAD);
    world_assert_quiet(&w);
}

Test(l1, a_free_frame_needs_no_write_back_entry)
{
    remake_l1(1, 4, 1, true);
    world_access_alone(&w, 1, world_line(0), L1_STORE);
    cr_assert_eq(world_access(&w, 1, world_line(16), L1_LOAD), L1_MISS);
    cr_assert_eq(world_access(&w, 1, world_line(2), L1_LOAD), L1_MISS, "the set was empty");
    world_drain(&w);
    world_assert_quiet(&w);
}

Test(l1, several_misses_complete_in_any_order)
{
    for (unsigned n = 0; n < 4; n++)
        cr_assert_eq(world_access(&w, 1, world_line(n), n % 2 ? L1_STORE : L1_LOAD), L1_MISS);
    world_drain(&w);
    for (unsigned n = 0; n < 4; n++)
        cr_assert_eq(world_access(&w, 1, world_line(n), n % 2 ? L1_STORE : L1_LOAD), L1_READY);
    world_assert_quiet(&w);
}
