/* Guest memory as the host sees it, wherever the present value is. */
#include "coherence/tests/harness.h"

static struct world w;

static void create(void)
{
    struct config cfg = world_config(2, 2);
    cfg.l1d_kib = cfg.l1i_kib = 1;
    cfg.l1d_ways = 1; /* 16 sets */
    world_create(&w, &cfg, 1);
    w.flight_cycles_max = 0;
}

static void destroy(void)
{
    world_assert_sound(&w);
    world_destroy(&w);
}

TestSuite(hostaccess, .init = create, .fini = destroy);

#define LINE world_line(0)

static void store(tile_id tile, uint64_t value)
{
    world_access_alone(&w, tile, LINE, L1_STORE);
    world_store(&w, tile, LINE, value);
}

static uint64_t peek(void)
{
    uint64_t value;
    cr_assert(coherence_peek(w.coh, LINE, &value, sizeof value));
    return value;
}

static bool poke(uint64_t value)
{
    return coherence_poke(w.coh, LINE, &value, sizeof value);
}

static uint64_t load(tile_id tile)
{
    world_access_alone(&w, tile, LINE, L1_LOAD);
    return world_load(&w, tile, LINE);
}

Test(hostaccess, an_uncached_line_is_in_memory)
{
    cr_assert_eq(peek(), 0);
    cr_assert(poke(5));
    cr_assert_eq(peek(), 5);
    cr_assert_eq(load(1), 5);
}

Test(hostaccess, a_dirty_line_is_in_its_owner)
{
    store(1, 7);
    cr_assert_eq(peek(), 7);
    cr_assert(poke(8));
    cr_assert_eq(load(1), 8);
    cr_assert_eq(load(2), 8);
    world_assert_quiet(&w);
}

Test(hostaccess, a_harts_own_store_is_seen_before_its_home_is_unblocked)
{
    cr_assert_eq(world_access(&w, 1, LINE, L1_STORE), L1_MISS);
    bool done = false;
    while (!done) {
        struct coh_msg msg = world_take_next(&w);
        done = world_deliver(&w, &msg);
    }
    cr_assert_eq(world_access(&w, 1, LINE, L1_STORE), L1_READY);
    world_store(&w, 1, LINE, 9);
    cr_assert_gt(w.flights, 0, "the Unblock is still on its way");
    cr_assert_eq(peek(), 9);
    cr_assert(poke(10));
    world_drain(&w);
    cr_assert_eq(load(1), 10);
    world_assert_quiet(&w);
}

Test(hostaccess, every_shared_copy_is_written)
{
    store(1, 7);
    load(2);
    load(3);
    cr_assert(poke(11));
    for (tile_id tile = 0; tile < 4; tile++)
        cr_assert_eq(load(tile), 11);
    world_assert_quiet(&w);
}

Test(hostaccess, a_clean_exclusive_copy_stays_clean)
{
    load(1);
    cr_assert(poke(12));
    cr_assert_eq(load(1), 12);
    world_access_alone(&w, 1, world_line(16), L1_LOAD);
    cr_assert_eq(load(2), 12);
    world_assert_quiet(&w);
}

Test(hostaccess, a_line_being_written_back_can_be_read_but_not_written)
{
    store(1, 13);
    cr_assert_eq(world_access(&w, 1, world_line(16), L1_LOAD), L1_MISS);
    cr_assert_eq(peek(), 13);
    cr_assert_not(poke(14));
    world_drain(&w);
    cr_assert_eq(peek(), 13);
    cr_assert(poke(14));
    cr_assert_eq(load(2), 14);
}

Test(hostaccess, a_line_in_a_message_can_be_neither_read_nor_written)
{
    cr_assert_eq(world_access(&w, 1, LINE, L1_LOAD), L1_MISS);
    struct coh_msg msg = world_take_next(&w);
    world_deliver(&w, &msg);
    uint64_t value;
    cr_assert_not(coherence_peek(w.coh, LINE, &value, sizeof value));
    cr_assert_not(poke(1));
    world_drain(&w);
    cr_assert_eq(peek(), 0);
}

Test(hostaccess, a_poke_ends_reservations)
{
    store(1, 1);
    l1_reserve(coherence_l1(w.coh, 1), LINE);
    cr_assert(poke(2));
    cr_assert_not(l1_is_reserved(coherence_l1(w.coh, 1), LINE));
}

Test(hostaccess, ranges_cross_lines_and_end_with_memory)
{
    char text[200], back[200];
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (char)i;
    store(1, 1);
    cr_assert(coherence_poke(w.coh, LINE + 50, text, sizeof text));
    cr_assert(coherence_peek(w.coh, LINE + 50, back, sizeof back));
    cr_assert_arr_eq(text, back, sizeof text);
    paddr_t end = LINE + (1u << 20);
    cr_assert(coherence_peek(w.coh, end - 200, back, 200));
    cr_assert_not(coherence_peek(w.coh, end - 199, back, 200));
    cr_assert_not(coherence_peek(w.coh, LINE - 1, back, 2));
    cr_assert_not(coherence_poke(w.coh, ~(paddr_t)0, text, 2));
}
