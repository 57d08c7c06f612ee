/* The instruction cache: LRU, stable way numbers, staleness. */
#include "coherence/tests/harness.h"

static struct world w;

static void create(void)
{
    struct config cfg = world_config(2, 2);
    cfg.l1d_kib = cfg.l1i_kib = 1;
    cfg.l1i_ways = 4; /* 4 sets: lines 0, 4, 8, ... fall into one */
    world_create(&w, &cfg, 1);
}

static void destroy(void)
{
    world_destroy(&w);
}

TestSuite(icache, .init = create, .fini = destroy);

static struct icache *ic(void)
{
    return coherence_icache(w.coh, 1);
}

static int fetch(unsigned n)
{
    int index = world_fetch(&w, 1, world_line(n));
    if (index >= 0)
        return index;
    world_drain(&w);
    index = world_fetch(&w, 1, world_line(n));
    cr_assert_geq(index, 0);
    return index;
}

static bool holds(unsigned n)
{
    for (unsigned i = 0; i < icache_lines(ic()); i++)
        if (ic()->line[i] == world_line(n))
            return true;
    return false;
}

Test(icache, a_way_keeps_its_number_while_its_line_stays)
{
    int index = fetch(0);
    for (unsigned n = 4; n <= 12; n += 4)
        cr_assert_neq(fetch(n), index);
    cr_assert_eq(fetch(0), index);
    cr_assert_lt((unsigned)index, icache_lines(ic()));
    cr_assert_eq(icache_lines(ic()), 16);
}

Test(icache, the_least_recently_used_line_is_replaced)
{
    for (unsigned n = 0; n <= 12; n += 4)
        fetch(n);
    int oldest = fetch(4);
    fetch(8);
    fetch(0);
    fetch(4);
    int replaced = fetch(16);
    cr_assert_not(holds(12));
    cr_assert(holds(0) && holds(4) && holds(8) && holds(16));
    cr_assert_eq(fetch(4), oldest);
    cr_assert_neq(replaced, oldest);
}

Test(icache, only_the_last_used_line_of_a_set_is_the_most_recent)
{
    fetch(0);
    cr_assert(icache_is_mru(ic(), world_line(0)));
    fetch(4);
    cr_assert(icache_is_mru(ic(), world_line(4)));
    cr_assert_not(icache_is_mru(ic(), world_line(0)));
    fetch(1);
    cr_assert(icache_is_mru(ic(), world_line(4)), "another set's use is no use of this one");
}

Test(icache, code_stays_stale_until_it_is_flushed)
{
    coherence_dram(w.coh, world_line(0))[0] = 1;
    cr_assert_eq(icache_data(ic(), fetch(0))[0], 1);
    world_access_alone(&w, 1, world_line(0), L1_STORE);
    world_store(&w, 1, world_line(0), 2);
    cr_assert_eq(icache_data(ic(), fetch(0))[0], 1);
    icache_flush(ic());
    cr_assert_eq(icache_data(ic(), fetch(0))[0], 2, "the hart's own dirty line was not seen");
    world_assert_quiet(&w);
}

Test(icache, another_miss_during_a_fetch_sends_nothing)
{
    cr_assert_eq(world_fetch(&w, 1, world_line(0)), -1);
    cr_assert_eq(w.flights, 1);
    cr_assert_eq(world_fetch(&w, 1, world_line(1)), -1);
    cr_assert_eq(w.flights, 1);
    world_drain(&w);
    world_assert_quiet(&w);
}
