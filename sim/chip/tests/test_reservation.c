/*
 * Load-reserved and store-conditional among tiles that all want the line: who
 * has reserved it gets through, and nobody waits for ever.
 */
#include "sim/chip/tests/machine.h"

static struct machine m;

enum { ADDITIONS = 20, LIMIT = 1000000 };

static void begin(uint32_t reservation_cycles)
{
    machine_begin(&m, 2, 2);
    m.cfg.hart_reservation_cycles = reservation_cycles;
    m.options.max_cycles = LIMIT;
}

/* Divisions that are waited for. */
static void put_divisions(struct program *p, unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        put(p, asm_r(OP_div, T3, A1, A1));
        put(p, asm_r(OP_add, T4, T3, T3));
    }
}

/* s0 counts failures; `divisions` of 20 cycles lie between LR and SC. */
static void put_adders(struct program *p, unsigned divisions)
{
    put_li(p, A0, MACHINE_DATA);
    put_li(p, S1, ADDITIONS);
    put_li(p, A1, 7);
    unsigned again = put(p, asm_r(OP_lr_d, T1, A0, ZERO));
    put_divisions(p, divisions);
    put(p, asm_i(OP_addi, T1, T1, 1));
    put(p, asm_r(OP_sc_d, T2, A0, T1));
    put(p, asm_r(OP_add, S0, S0, T2));
    put_branch(p, OP_bne, T2, ZERO, again);
    put(p, asm_i(OP_addi, S1, S1, -1));
    put_branch(p, OP_bne, S1, ZERO, again);
    put_only(p, 0);
    put_li(p, T2, 4 * ADDITIONS);
    unsigned poll = put(p, asm_i(OP_ld, T1, A0, 0));
    put_branch(p, OP_bne, T1, T2, poll);
    put_exit(p, 0);
}

static uint64_t failures(void)
{
    uint64_t sum = 0;
    for (unsigned t = 0; t < 4; t++)
        sum += m.chip->hart[t].x[S0];
    return sum;
}

/* LR to SC takes about 20 cycles a division. */
Test(reservation, whoever_has_reserved_a_line_gets_through)
{
    static const struct {
        uint32_t cycles, divisions;
    } cases[] = {{64, 0}, {64, 1}, {64, 2}, {512, 10}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(cases[i].cycles);
        put_adders(&m.p, cases[i].divisions);
        cr_assert_eq(machine_run(&m), CHIP_EXIT);
        cr_assert_eq(failures(), 0, "%u divisions", cases[i].divisions);
        cr_assert_gt(machine_stat(&m, "hart.reservations_kept"), 0);
        machine_end(&m);
    }
}

Test(reservation, without_it_a_long_loop_makes_no_progress)
{
    begin(0);
    put_adders(&m.p, 2);
    cr_assert_eq(machine_run(&m), CHIP_LIMIT);
    cr_assert_gt(failures(), 1000);
    cr_assert_eq(machine_stat(&m, "hart.reservations_kept"), 0);
    machine_end(&m);
}

/* Tile 0 reserves and never stores; tile 1's store comes through. */
Test(reservation, a_hart_that_reserves_again_and_again_keeps_nobody_out)
{
    begin(1024);
    put_li(&m.p, A0, MACHINE_DATA);
    put_csrr(&m.p, S1, CSR_MHARTID);
    unsigned other = put(&m.p, asm_b(OP_bne, S1, ZERO, 0));
    unsigned spin = put(&m.p, asm_r(OP_lr_d, T1, A0, ZERO));
    put_branch(&m.p, OP_beq, T1, ZERO, spin);
    put_exit(&m.p, 0);
    land(&m.p, other);
    put_only(&m.p, 1);
    put_delay(&m.p, 1000);
    put(&m.p, asm_s(OP_sd, A0, A0, 0));
    put_sleep(&m.p);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(machine_stat(&m, "hart.reservations_kept"), 1);
    cr_assert_lt(m.results.cycles, 2000 + 1024 + 1000);
    machine_end(&m);
}

/* Cycles for which tile 1's store waits while tile 0, which has just reserved
 * its line, does `what`. */
static uint64_t wait_behind(uint32_t cycles, uint32_t what)
{
    begin(cycles);
    put_li(&m.p, A0, MACHINE_DATA);
    put_li(&m.p, A1, MACHINE_DATA + 4096);
    put_csrr(&m.p, S1, CSR_MHARTID);
    unsigned other = put(&m.p, asm_b(OP_bne, S1, ZERO, 0));
    put_delay(&m.p, 1000);
    unsigned loop = put(&m.p, asm_r(OP_lr_d, T1, A0, ZERO));
    put_divisions(&m.p, 10);
    put(&m.p, what);
    put_divisions(&m.p, 10);
    put_jump(&m.p, loop);
    land(&m.p, other);
    put_only(&m.p, 1);
    put_delay(&m.p, 2030); /* to come between an LR and `what` */
    put_csrr(&m.p, S2, CSR_MCYCLE);
    put(&m.p, asm_s(OP_sd, A0, A0, 0));
    put_csrr(&m.p, S3, CSR_MCYCLE);
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(machine_stat(&m, "hart.reservations_kept"), cycles ? 1 : 0);
    uint64_t waited = m.chip->hart[1].x[S3] - m.chip->hart[1].x[S2];
    machine_end(&m);
    return waited;
}

Test(reservation, the_line_goes_with_the_store_or_when_its_time_is_over)
{
    const uint32_t none = asm_nop(), sc = asm_r(OP_sc_d, T2, A0, T1);
    uint64_t free = wait_behind(0, none), whole = wait_behind(1024, none);
    uint64_t until_sc = wait_behind(1024, sc),
             elsewhere = wait_behind(1024, asm_r(OP_lr_d, T2, A1, 0));
    cr_assert_gt(whole, free + 400, "%llu and %llu", (unsigned long long)whole,
                 (unsigned long long)free);
    cr_assert_leq(whole, free + 1024);
    cr_assert_lt(until_sc, free + 250);
    cr_assert_lt(elsewhere, free + 450, "%llu and %llu", (unsigned long long)elsewhere,
                 (unsigned long long)free);
    cr_assert_gt(until_sc, free);
    cr_assert_gt(elsewhere, free);
}
