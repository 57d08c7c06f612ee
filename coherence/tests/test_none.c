/*
 * A chip without coherence: copies go stale and stay so until software does something,
 * what was stored reaches memory when it must, and of two L1Ds that write one line
 * either the last one wins or, with dirty bytes, nobody's bytes are lost.
 */
#include "coherence/tests/harness.h"

static struct world w;

static void begin(enum coherence_dirty dirty)
{
    struct config cfg = world_config(2, 2);
    cfg.coherence_protocol = PROTOCOL_NONE;
    cfg.coherence_dirty = (uint8_t)dirty;
    world_create(&w, &cfg, 1);
    cr_assert_not(protocol_find(PROTOCOL_NONE)->coherent);
}

static void end(void)
{
    world_drain(&w);
    world_assert_quiet(&w);
    world_destroy(&w);
}

static uint64_t load(tile_id tile, paddr_t address)
{
    world_access_alone(&w, tile, line_of(address), L1_LOAD);
    return world_load(&w, tile, address);
}

static void store(tile_id tile, paddr_t address, uint64_t value)
{
    world_access_alone(&w, tile, line_of(address), L1_STORE);
    world_store(&w, tile, address, value);
}

/* A cbo to its end: how often it had to be tried. */
static unsigned manage(tile_id tile, paddr_t line, enum l1_management how)
{
    unsigned tries = 1;
    while (l1_manage(coherence_l1(w.coh, tile), line, how, &w.out) != L1_READY) {
        world_send_out(&w);
        world_drain(&w);
        cr_assert_lt(++tries, 4);
    }
    world_assert_sound(&w);
    return tries;
}

static uint64_t memory(paddr_t address)
{
    uint64_t value;
    memcpy(&value, coherence_dram(w.coh, address), sizeof value);
    return value;
}

static const paddr_t LINE = MAP_DRAM_BASE + 64 * 5;

Test(none, a_copy_goes_stale_and_stays_so)
{
    begin(DIRTY_LINE);
    cr_assert_eq(load(1, LINE), 0);
    store(0, LINE, 7);
    cr_assert_eq(load(0, LINE), 7, "its own copy");
    cr_assert_eq(load(1, LINE), 0);
    cr_assert_eq(memory(LINE), 0);
    manage(0, LINE, L1_CLEAN);
    cr_assert_eq(memory(LINE), 7);
    cr_assert_eq(load(1, LINE), 0, "nobody has told it");
    manage(1, LINE, L1_INVAL);
    cr_assert_eq(load(1, LINE), 7);
    end();
}

Test(none, clean_keeps_the_copy_and_flush_does_not)
{
    begin(DIRTY_LINE);
    store(0, LINE, 7);
    cr_assert_eq(manage(0, LINE, L1_CLEAN), 2, "to memory, and nothing more to do");
    cr_assert_eq(world_access(&w, 0, LINE, L1_LOAD), L1_READY);
    store(0, LINE, 8);
    cr_assert_eq(manage(0, LINE, L1_FLUSH), 2);
    cr_assert_eq(memory(LINE), 8);
    cr_assert_eq(world_access(&w, 0, LINE, L1_LOAD), L1_MISS);
    end();
}

Test(none, a_clean_line_is_managed_at_once)
{
    begin(DIRTY_LINE);
    load(0, LINE);
    for (unsigned how = L1_CLEAN; how <= L1_INVAL; how++)
        cr_assert_eq(manage(0, LINE, (enum l1_management)how), 1);
    cr_assert_eq(manage(0, LINE, L1_FLUSH), 1, "and one that is not there too");
    cr_assert_eq(w.coh->memctl[0].writes, 0);
    end();
}

Test(none, inval_drops_what_was_stored)
{
    begin(DIRTY_LINE);
    store(0, LINE, 7);
    cr_assert_eq(manage(0, LINE, L1_INVAL), 1);
    cr_assert_eq(load(0, LINE), 0);
    end();
}

/* The window must not show what is gone: the hart's fast path asks nobody else. */
Test(none, the_window_forgets_a_line_that_is_managed)
{
    begin(DIRTY_LINE);
    struct l1 *l1 = coherence_l1(w.coh, 0);
    const struct l1_window *window = l1_window(l1);
    uint64_t set = LINE >> LINE_SHIFT & window->set_mask;
    l1->windowed = true;
    store(0, LINE, 7);
    cr_assert_eq(window->write_tag[set], LINE);
    cr_assert_eq(l1_manage(l1, LINE, L1_CLEAN, &w.out), L1_BUSY);
    cr_assert_eq(window->read_tag[set], NO_LINE);
    world_send_out(&w);
    world_drain(&w);
    cr_assert_eq(window->read_tag[set], LINE, "clean again");
    cr_assert_eq(window->write_tag[set], NO_LINE, "a store would make it dirty");
    store(0, LINE, 8);
    manage(0, LINE, L1_FLUSH);
    cr_assert_eq(window->read_tag[set], NO_LINE);
    end();
}

/* ---- two writers of one line ------------------------------------------------------ */

static void write_both_ends(void)
{
    store(0, LINE, 1);
    store(1, LINE + 56, 2);
    manage(0, LINE, L1_FLUSH);
    manage(1, LINE, L1_FLUSH);
}

Test(none, whole_lines_destroy_what_others_wrote)
{
    begin(DIRTY_LINE);
    write_both_ends();
    cr_assert_eq(memory(LINE), 0);
    cr_assert_eq(memory(LINE + 56), 2);
    end();
}

Test(none, dirty_bytes_leave_what_others_wrote)
{
    begin(DIRTY_BYTES);
    write_both_ends();
    cr_assert_eq(memory(LINE), 1);
    cr_assert_eq(memory(LINE + 56), 2);
    end();
}

/* A byte that was stored is written back even if it had that value before. */
Test(none, a_store_of_the_old_value_is_dirty_too)
{
    begin(DIRTY_BYTES);
    load(0, LINE);
    store(1, LINE, 5);
    manage(1, LINE, L1_FLUSH);
    store(0, LINE, 0);
    manage(0, LINE, L1_FLUSH);
    cr_assert_eq(memory(LINE), 0);
    end();
}

/* Dirty bytes move with their line, are those of this copy alone, and come back clean. */
Test(none, dirty_bytes_move_with_their_line)
{
    begin(DIRTY_BYTES);
    paddr_t other = LINE + 64 * 64; /* of the same set */
    store(0, LINE, 1);
    store(0, other + 8, 2);
    store(1, LINE + 8, 9);
    manage(1, LINE, L1_FLUSH);
    load(0, LINE);
    store(1, other, 9);
    manage(1, other, L1_FLUSH);
    manage(0, LINE, L1_FLUSH);
    manage(0, other, L1_CLEAN);
    cr_assert_eq(memory(LINE), 1);
    cr_assert_eq(memory(LINE + 8), 9);
    cr_assert_eq(memory(other), 9);
    cr_assert_eq(memory(other + 8), 2);
    store(1, other + 8, 3);
    manage(1, other, L1_FLUSH);
    store(0, other + 16, 4);
    manage(0, other, L1_FLUSH);
    cr_assert_eq(memory(other + 8), 3, "it was clean");
    end();
}

/* ---- the host ----------------------------------------------------------------------- */

Test(none, the_host_reads_what_is_dirty_and_writes_every_copy)
{
    uint64_t value = 0, other = 9;
    begin(DIRTY_LINE);
    load(1, LINE);
    store(0, LINE, 7);
    cr_assert(coherence_peek(w.coh, LINE, &value, sizeof value));
    cr_assert_eq(value, 7);
    cr_assert(coherence_poke(w.coh, LINE, &other, sizeof other));
    cr_assert_eq(memory(LINE), 9);
    cr_assert_eq(load(0, LINE), 9);
    cr_assert_eq(load(1, LINE), 9);
    cr_assert_eq(world_access(&w, 2, LINE, L1_LOAD), L1_MISS);
    cr_assert_not(coherence_poke(w.coh, LINE, &other, sizeof other), "on its way to tile 2");
    end();
}

/* ---- everything at random -------------------------------------------------------------- */

/* Each tile has bytes of its own in lines that all of them use: whatever is evicted,
 * cleaned, flushed and read in between, with dirty bytes nobody loses any. */
Test(none, every_tile_keeps_its_own_bytes_whatever_happens)
{
    enum { LINES = 300, STEPS = 20000 };
    static uint64_t mine[4][LINES];
    begin(DIRTY_BYTES);
    for (unsigned step = 0; step < STEPS; step++) {
        tile_id tile = (tile_id)rng_below(&w.rng, 4);
        unsigned n = (unsigned)rng_below(&w.rng, LINES);
        paddr_t address = world_line(n * 4) + 16 * tile;
        switch (rng_below(&w.rng, 5)) {
        case 0:
            store(tile, address, mine[tile][n] = step + 1);
            break;
        case 1:
            manage(tile, line_of(address), rng_below(&w.rng, 2) ? L1_CLEAN : L1_FLUSH);
            break;
        default:
            cr_assert_eq(load(tile, address), mine[tile][n]);
            break;
        }
    }
    for (unsigned n = 0; n < LINES; n++)
        for (tile_id tile = 0; tile < 4; tile++)
            manage(tile, world_line(n * 4), L1_FLUSH);
    for (unsigned n = 0; n < LINES; n++)
        for (tile_id tile = 0; tile < 4; tile++)
            cr_assert_eq(memory(world_line(n * 4) + 16 * tile), mine[tile][n]);
    uint64_t evicted = 0;
    for (tile_id tile = 0; tile < 4; tile++)
        evicted += coherence_l1(w.coh, tile)->rows[L1_STATE_D * L1_EVENTS + L1_EVENT_Replace];
    cr_assert_gt(evicted, 0);
    end();
}

/* Several L1Ds at once, in a network that keeps no order: everything comes to rest, and
 * every row of both tables but the instruction fetch's is taken. */
Test(none, every_row_is_taken)
{
    static const struct protocol *none;
    begin(DIRTY_LINE);
    none = protocol_find(PROTOCOL_NONE);
    for (unsigned step = 0; step < 60000; step++) {
        tile_id tile = (tile_id)rng_below(&w.rng, 4);
        paddr_t line = world_line((unsigned)rng_below(&w.rng, 8) * 64);
        unsigned what = (unsigned)rng_below(&w.rng, 8);
        if (what < 3 && w.flights < 100)
            world_access(&w, tile, line, what ? L1_LOAD : L1_STORE);
        else if (what < 5 && w.flights < 100)
            l1_manage(coherence_l1(w.coh, tile), line, (enum l1_management)rng_below(&w.rng, 3),
                      &w.out);
        else if (what == 5 && w.flights < 100 && rng_below(&w.rng, 8) == 0) {
            icache_flush(coherence_icache(w.coh, tile));
            world_fetch(&w, tile, line);
        } else if (w.flights) {
            struct coh_msg msg = world_take_next(&w);
            world_deliver(&w, &msg);
        }
        world_send_out(&w);
        world_assert_sound(&w);
    }
    world_drain(&w);
    for (unsigned s = 0; s < L1_STATES; s++)
        for (unsigned e = 0; e < L1_EVENTS; e++) {
            uint64_t taken = 0;
            for (tile_id tile = 0; tile < 4; tile++)
                taken += coherence_l1(w.coh, tile)->rows[s * L1_EVENTS + e];
            cr_expect_eq(none->l1[s][e].legal, taken > 0, "(%s, %s)", l1_state_info[s].name,
                         l1_event_info[e].name);
        }
    for (unsigned s = 0; s < HOME_STATES; s++)
        for (unsigned e = 0; e < HOME_EVENTS; e++) {
            uint64_t taken = 0;
            for (tile_id tile = 0; tile < 4; tile++)
                taken += w.coh->home[tile].rows[s * HOME_EVENTS + e];
            cr_expect_eq(none->home[s][e].legal, taken > 0, "(%s, %s)", home_state_info[s].name,
                         home_event_info[e].name);
        }
    end();
}
