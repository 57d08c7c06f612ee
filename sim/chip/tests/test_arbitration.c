/*
 * A hot line: every tile adds to one word without end.  How many additions the line's home
 * tile gets done beside the others, for each order in which a home serves what waits.
 */
#include "sim/chip/tests/machine.h"

static struct machine m;

enum { TILES = 16, CYCLES = 100000 };

/* s0 counts what this tile has added.  MACHINE_DATA has its home at tile 0. */
static void run_adders(const char *arbitration)
{
    struct error e = {0};
    machine_begin(&m, 4, 4);
    m.options.max_cycles = CYCLES;
    cr_assert(config_set(&m.cfg, arbitration, "test", &e), "%s", e.text);
    put_li(&m.p, A0, MACHINE_DATA);
    put_li(&m.p, A1, 1);
    unsigned again = put(&m.p, asm_r(OP_amoadd_d, ZERO, A0, A1));
    put(&m.p, asm_i(OP_addi, S0, S0, 1));
    put_jump(&m.p, again);
    cr_assert_eq(machine_run(&m), CHIP_LIMIT);
    cr_assert_eq(coherence_home(m.chip->engine.coherence, MACHINE_DATA), 0);
}

static uint64_t added(tile_id tile)
{
    return m.chip->hart[tile].x[S0];
}

/* The mean of all tiles but the home's. */
static uint64_t added_elsewhere(void)
{
    uint64_t sum = 0;
    for (tile_id tile = 1; tile < TILES; tile++)
        sum += added(tile);
    return sum / (TILES - 1);
}

/* Nobody is favoured: the line's own tile gets no more than others, though it is next to
 * it, and one in sixteen of what it would get alone. */
Test(arbitration, in_turn_the_home_gets_what_all_get)
{
    static const char *const fair[] = {"coherence.arbitration=fifo",
                                       "coherence.arbitration=round-robin"};
    for (unsigned i = 0; i < 2; i++) {
        run_adders(fair[i]);
        cr_assert_gt(added_elsewhere(), 20);
        cr_assert_leq(added(0), 2 * added_elsewhere(), "%s: %lu", fair[i], added(0));
        cr_assert_geq(2 * added(0), added_elsewhere(), "%s: %lu", fair[i], added(0));
        machine_end(&m);
    }
}

Test(arbitration, a_home_that_serves_others_first_starves)
{
    run_adders("coherence.arbitration=remote-first");
    cr_assert_gt(added_elsewhere(), 20);
    cr_assert_leq(100 * added(0), added_elsewhere(), "%lu of %lu", added(0), added_elsewhere());
    machine_end(&m);
}

Test(arbitration, a_home_that_serves_itself_first_does_not)
{
    run_adders("coherence.arbitration=local-first");
    cr_assert_gt(added_elsewhere(), 10, "and does not starve the others");
    cr_assert_geq(added(0), 4 * added_elsewhere(), "%lu, others %lu", added(0), added_elsewhere());
    machine_end(&m);
}
