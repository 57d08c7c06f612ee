/* Next-line prefetching: what is asked for and what is not, and what is counted. */
#include "coherence/close.h"
#include "coherence/tests/harness.h"

static struct world w;

static void make(uint32_t ways, uint32_t mshrs, uint32_t l2_kib)
{
    struct config cfg = world_config(2, 2);
    cfg.l1d_kib = 1;
    cfg.l1d_ways = ways;
    cfg.l1d_mshrs = mshrs;
    cfg.l1d_prefetch = 1;
    cfg.l2_kib = l2_kib;
    cfg.sim_check = false;
    if (w.arena)
        world_destroy(&w);
    world_create(&w, &cfg, 1);
    w.flight_cycles_max = 0;
}

static void create(void)
{
    make(2, 4, 0); /* 8 sets */
}

static void destroy(void)
{
    world_drain(&w);
    world_assert_quiet(&w);
    world_destroy(&w);
}

TestSuite(prefetch, .init = create, .fini = destroy);

static struct l1 *l1(void)
{
    return coherence_l1(w.coh, 1);
}

/* Begins an access of tile 1; how many messages it sends. */
static uint64_t messages(unsigned line, enum l1_op op, enum l1_answer answer)
{
    uint64_t before = w.sent;
    cr_assert_eq(world_access(&w, 1, world_line(line), op), answer);
    return w.sent - before;
}

Test(prefetch, a_miss_asks_for_the_line_behind_it_too)
{
    cr_assert_eq(messages(3, L1_STORE, L1_MISS), 2);
    cr_assert_eq(w.flight[1].msg.type, COH_GetS, "the prefetch only reads");
    world_drain(&w);
    cr_assert_not_null(l1_find_copy(l1(), world_line(4)).data);
    cr_assert_eq(l1()->prefetched, 1);
    cr_assert_eq(l1()->prefetched_useful, 0);
}

Test(prefetch, a_line_that_has_proved_useful_asks_for_the_next)
{
    messages(3, L1_LOAD, L1_MISS);
    world_drain(&w);
    cr_assert_eq(messages(3, L1_LOAD, L1_READY), 0);
    cr_assert_eq(messages(4, L1_LOAD, L1_READY), 1);
    cr_assert_eq(messages(4, L1_LOAD, L1_READY), 0);
    cr_assert_eq(l1()->prefetched, 2);
    cr_assert_eq(l1()->prefetched_useful, 1);
}

/* The hart's first use must come by the L1D, or nobody would hear of it. */
Test(prefetch, the_window_does_not_show_a_line_before_its_first_use)
{
    for (unsigned ways = 1; ways <= 2; ways++) {
        make(ways, 4, 0);
        messages(3, L1_LOAD, L1_MISS);
        world_drain(&w);
        cr_assert_eq(l1_window(l1())->read_tag[4], NO_LINE);
        messages(4, L1_STORE, L1_READY);
        cr_assert_eq(l1_window(l1())->read_tag[4], world_line(4));
        cr_assert_eq(l1_window(l1())->write_tag[4], world_line(4));
        cr_assert_eq(l1()->prefetched_useful, 1);
    }
}

Test(prefetch, an_access_that_comes_meanwhile_waits_for_it)
{
    messages(3, L1_LOAD, L1_MISS);
    cr_assert_eq(messages(4, L1_LOAD, L1_MISS), 1, "and asks for the next line");
    cr_assert_eq(l1()->prefetched_late, 1);
    world_drain(&w);
    cr_assert_eq(l1_window(l1())->read_tag[4], world_line(4));
    cr_assert_eq(l1()->prefetched_useful, 0);
}

Test(prefetch, goes_neither_over_pages_nor_over_the_end_of_memory)
{
    cr_assert_eq(messages(63, L1_LOAD, L1_MISS), 1);
    world_drain(&w);
    unsigned last = (1 << 20) / LINE_BYTES - 1;
    cr_assert_eq(messages(last, L1_LOAD, L1_MISS), 1);
}

Test(prefetch, leaves_an_mshr_for_what_the_hart_wants_next)
{
    make(2, 2, 0);
    cr_assert_eq(messages(3, L1_LOAD, L1_MISS), 1);
    world_drain(&w);
    make(2, 3, 0);
    cr_assert_eq(messages(3, L1_LOAD, L1_MISS), 2);
}

Test(prefetch, does_not_ask_for_what_is_there)
{
    world_access_alone(&w, 1, world_line(4), L1_LOAD);
    cr_assert_eq(messages(3, L1_LOAD, L1_MISS), 1);
}

Test(prefetch, does_not_push_out_a_reserved_line)
{
    make(1, 4, 0); /* 16 sets */
    world_access_alone(&w, 1, world_line(4), L1_STORE);
    l1_reserve(l1(), world_line(4));
    cr_assert_eq(messages(3 + 16, L1_LOAD, L1_MISS), 1);
    cr_assert(l1_is_reserved(l1(), world_line(4)));
}

Test(prefetch, brings_lines_into_the_l2)
{
    make(2, 4, 4);
    messages(3, L1_LOAD, L1_MISS);
    world_drain(&w);
    cr_assert_null(close_find(l1(), world_line(4)));
    cr_assert_eq(messages(4, L1_LOAD, L1_READY), 1);
    cr_assert_eq(l1_far_cycles(l1()), w.cfg.l2_cycles);
    cr_assert_eq(l1()->prefetched_useful, 1);
}
