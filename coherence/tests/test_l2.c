/* The L1D in front of a private L2: what is close, what a way from the L2 costs, what is
 * taken along when a line leaves. */
#include "coherence/close.h"
#include "coherence/tests/harness.h"

static struct world w;
enum { L2_CYCLES = 7, SETS = 16 };

static void make(uint32_t l2_kib, uint32_t l2_ways, bool check)
{
    struct config cfg = world_config(2, 2);
    cfg.l1d_kib = cfg.l1i_kib = 1;
    cfg.l1d_ways = 1; /* 16 sets */
    cfg.l2_kib = l2_kib;
    cfg.l2_ways = l2_ways;
    cfg.l2_cycles = L2_CYCLES;
    cfg.sim_check = check;
    if (w.arena)
        world_destroy(&w);
    world_create(&w, &cfg, 1);
    w.flight_cycles_max = 0;
}

static void create(void)
{
    make(4, 4, false); /* as many sets as the L1D has */
}

static void destroy(void)
{
    for (tile_id tile = 0; tile < 4; tile++)
        cr_assert_eq(close_find_fault(coherence_l1(w.coh, tile)), NO_LINE);
    world_drain(&w);
    world_assert_quiet(&w);
    world_destroy(&w);
}

TestSuite(l2, .init = create, .fini = destroy);

static struct l1 *l1(void)
{
    return coherence_l1(w.coh, 1);
}

/* Line n of one set of every cache. */
static paddr_t line(unsigned n)
{
    return world_line(SETS * n);
}

static void access_line(unsigned n, enum l1_op op)
{
    world_access_alone(&w, 1, line(n), op);
}

/* What tile 1 pays for a line that it holds. */
static uint32_t far_cycles(unsigned n, enum l1_op op)
{
    cr_assert_eq(world_access(&w, 1, line(n), op), L1_READY);
    return l1_far_cycles(l1());
}

Test(l2, a_line_that_left_the_l1d_comes_back_from_the_l2)
{
    access_line(0, L1_LOAD);
    cr_assert_eq(far_cycles(0, L1_LOAD), 0);
    access_line(1, L1_LOAD);
    uint64_t sent = w.sent;
    cr_assert_eq(far_cycles(0, L1_LOAD), L2_CYCLES);
    cr_assert_eq(far_cycles(0, L1_LOAD), 0);
    cr_assert_eq(w.sent, sent, "nobody hears of it");
    cr_assert_eq(l1()->far_loads, 1);
    cr_assert_eq(l1()->close_evictions, 2);
    cr_assert_eq(l1()->close_writebacks, 0);
}

Test(l2, a_request_has_passed_the_l2)
{
    cr_assert_eq(l1_access(l1(), line(0), L1_LOAD, &w.out), L1_MISS);
    cr_assert_eq(w.out.msg[0].delay, w.cfg.l1_miss_cycles + L2_CYCLES);
    world_send_out(&w);
}

Test(l2, stores_move_with_their_line)
{
    for (unsigned n = 0; n < 4; n++) {
        access_line(n, L1_STORE);
        world_store(&w, 1, line(n), 10 + n);
    }
    cr_assert_eq(l1()->close_writebacks, 3);
    for (unsigned n = 0; n < 4; n++) {
        cr_assert_eq(far_cycles(n, L1_LOAD), L2_CYCLES);
        cr_assert_eq(world_load(&w, 1, line(n)), 10 + n);
    }
}

/* A window that let the first store pass would hide that the line is dirty. */
Test(l2, the_window_shows_close_lines_only_and_writable_ones_once_written)
{
    const struct l1_window *window = l1_window(l1());
    access_line(0, L1_STORE);
    cr_assert_eq(window->write_tag[0], line(0));
    access_line(1, L1_LOAD);
    cr_assert_eq(window->read_tag[0], line(1));
    far_cycles(0, L1_LOAD);
    cr_assert_eq(window->read_tag[0], line(0));
    cr_assert_eq(window->write_tag[0], NO_LINE, "dirty in the L2, clean in the L1D");
    far_cycles(0, L1_STORE);
    cr_assert_eq(window->write_tag[0], line(0));
}

/* Both caches are as large, with one way: what comes into the L2 pushes out of both. */
Test(l2, a_line_that_leaves_the_l2_is_no_longer_close)
{
    make(2, 1, true); /* 32 sets: lines 0 and 2 share one, 0 and 1 share the L1D's only */
    access_line(0, L1_STORE);
    world_store(&w, 1, line(0), 5);
    access_line(2, L1_LOAD);
    cr_assert_eq(l1()->back_invalidations, 1);
    cr_assert_null(close_find(l1(), line(0)));
    world_drain(&w);
    world_access_alone(&w, 2, line(0), L1_LOAD);
    cr_assert_eq(world_load(&w, 2, line(0)), 5);
}

Test(l2, a_forward_finds_the_bytes_wherever_they_are)
{
    for (unsigned far = 0; far < 2; far++) {
        access_line(far, L1_STORE);
        world_store(&w, 1, line(far), 7 + far);
    }
    for (unsigned n = 0; n < 2; n++) { /* line 1 is close, line 0 is not */
        world_access_alone(&w, 2, line(n), L1_STORE);
        cr_assert_eq(world_load(&w, 2, line(n)), 7 + n);
        cr_assert_null(close_find(l1(), line(n)));
    }
}

Test(l2, a_reservation_lasts_while_the_line_is_in_the_l2)
{
    access_line(0, L1_STORE);
    l1_reserve(l1(), line(0));
    access_line(1, L1_LOAD);
    cr_assert(l1_is_reserved(l1(), line(0)));
    world_access_alone(&w, 2, line(0), L1_LOAD);
    cr_assert_not(l1_is_reserved(l1(), line(0)));
}

Test(l2, the_host_reads_and_writes_both)
{
    uint64_t value = 3;
    access_line(0, L1_LOAD);
    access_line(1, L1_LOAD);
    for (unsigned n = 0; n < 2; n++)
        cr_assert(coherence_poke(w.coh, line(n), &value, sizeof value));
    for (unsigned n = 0; n < 2; n++) {
        far_cycles(n, L1_LOAD);
        cr_assert_eq(world_load(&w, 1, line(n)), 3);
    }
    cr_assert_eq(far_cycles(0, L1_LOAD), L2_CYCLES);
    cr_assert_eq(world_load(&w, 1, line(0)), 3);
}

Test(l2, a_watched_line_is_never_shown_writable)
{
    access_line(0, L1_STORE);
    l1_watch(l1(), line(0));
    cr_assert_eq(l1_window(l1())->write_tag[0], NO_LINE);
    access_line(1, L1_LOAD);
    far_cycles(0, L1_STORE);
    cr_assert_eq(l1_window(l1())->write_tag[0], NO_LINE);
}
