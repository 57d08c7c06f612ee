/*
 * The slow side of accesses, seen from within: what the views hold while a line is
 * on its way.
 */
#include "sim/tile/tests/lone_tile.h"

static struct hart *hart;

static void create(void)
{
    lone_create();
    hart = &lone.hart;
}

TestSuite(port, .init = create, .fini = lone_destroy);

/* The line that comes will be its set's most recently used one, and an interrupt may
 * be taken before it is asked for again. */
Test(port, a_miss_of_the_l1i_leaves_nothing_of_its_set_in_the_views)
{
    struct code_line *code;
    enum trap_cause cause;
    for (unsigned k = 0; k < L1_VIEWS; k++)
        hart->fetch_view[k][0].line = MAP_DRAM_BASE + 0x1000;
    cr_assert_eq(port_fetch(hart, MAP_DRAM_BASE, &code, &cause), PORT_WAIT);
    cr_assert_eq(hart->wait, WAIT_FETCH);
    for (unsigned k = 0; k < L1_VIEWS; k++)
        cr_assert_eq(hart->fetch_view[k][0].line, UINT64_MAX);
}

/* Stores are refused as a whole, and leave no trace of the attempt. */
Test(port, an_access_to_two_lines_that_is_refused_posts_nothing)
{
    enum trap_cause cause;
    paddr_t end = MAP_DRAM_BASE + ((paddr_t)lone.cfg.memory_dram_mib << 20);
    cr_assert_eq(port_store(hart, end - 4, 8, 1, &cause), PORT_FAULT);
    cr_assert_eq(cause, CAUSE_STORE_ACCESS);
    cr_assert_eq(hart->fault_address, end);
    hart->split.stage = SPLIT_NONE; /* as the trap leaves it */
    uint64_t value;
    cr_assert_eq(port_load(hart, MAP_DRAM_BASE - 4, 8, &value, &cause), PORT_FAULT);
    cr_assert_eq(cause, CAUSE_LOAD_ACCESS);
    cr_assert_eq(hart->fault_address, MAP_DRAM_BASE - 4);
    cr_assert_eq(lone.posted_count, 0);
}
