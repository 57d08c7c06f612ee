/*
 * A hot line: every tile adds to one word without end.  How many additions the line's home
 * tile gets done beside the others, for each order in which a home serves what waits.
 */
#include "sim/chip/tests/machine.h"

static struct machine m;

enum { TILES = 16, CYCLES = 100000 };

/* Homes at tile 0 of 16 tiles and of 36. */
#define HOT_WORD (MAP_DRAM_BASE + 0x90000)

/* Adds without end; s0 counts. */
static void put_adder(struct program *p)
{
    put_li(p, A0, HOT_WORD);
    put_li(p, A1, 1);
    unsigned again = put(p, asm_r(OP_amoadd_d, ZERO, A0, A1));
    put(p, asm_i(OP_addi, S0, S0, 1));
    put_jump(p, again);
}

static void run_adders(const char *arbitration)
{
    struct error e = {0};
    machine_begin(&m, 4, 4);
    m.options.max_cycles = CYCLES;
    cr_assert(config_set(&m.cfg, arbitration, "test", &e), "%s", e.text);
    put_adder(&m.p);
    cr_assert_eq(machine_run(&m), CHIP_LIMIT);
    cr_assert_eq(coherence_home(m.chip->engine.coherence, HOT_WORD), 0);
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

/* ---- atomics at the home ---------------------------------------------------------------- */

/* As measured on ET-SoC-1: an atomic takes the bank 10 cycles and its requester 216, so 21.6
 * requesters keep the bank busy. */
static void configure_bank(struct config *cfg)
{
    cfg->coherence_atomics = ATOMICS_FAR;
    cfg->coherence_home_occupancy_cycles = 2;
    cfg->coherence_atomic_cycles = 8;
    cfg->coherence_home_cycles = 82;
    cfg->l1_miss_cycles = 60;
}

/* Tile 0 and `remote` others add; what tile 0 gets done. */
static uint64_t added_at_home(const char *arbitration, unsigned remote)
{
    struct error e = {0};
    machine_begin(&m, 6, 6);
    m.options.max_cycles = CYCLES;
    configure_bank(&m.cfg);
    cr_assert(config_set(&m.cfg, arbitration, "test", &e), "%s", e.text);
    put_csrr(&m.p, T1, CSR_MHARTID);
    put_li(&m.p, T2, remote);
    unsigned adds = put(&m.p, asm_b(OP_bge, T2, T1, 0));
    put_sleep(&m.p);
    land(&m.p, adds);
    put_adder(&m.p);
    cr_assert_eq(machine_run(&m), CHIP_LIMIT);
    cr_assert_eq(coherence_home(m.chip->engine.coherence, HOT_WORD), 0);
    uint64_t at_home = added(0);
    machine_end(&m);
    return at_home;
}

Test(arbitration, a_home_collapses_when_others_can_keep_its_bank_busy)
{
    static const char remote_first[] = "coherence.arbitration=remote-first";
    uint64_t alone = added_at_home(remote_first, 0);
    cr_assert_gt(alone, 400);
    cr_assert_geq(100 * added_at_home(remote_first, 20), 95 * alone);
    cr_assert_leq(100 * added_at_home(remote_first, 24), 10 * alone);
}

Test(arbitration, no_bank_collapses_that_serves_its_own_tile_in_turn)
{
    static const char *const others[] = {"coherence.arbitration=fifo",
                                         "coherence.arbitration=round-robin",
                                         "coherence.arbitration=local-first"};
    for (unsigned i = 0; i < 3; i++) {
        uint64_t alone = added_at_home(others[i], 0);
        cr_assert_geq(100 * added_at_home(others[i], 24), 80 * alone, "%s", others[i]);
    }
}
