/*
 * A chip as part of a larger world: run piece by piece, interrupted and written
 * to in between, its loads and stores to the external window answered outside.
 */
#include "sim/chip/tests/machine.h"

#define WINDOW (UINT64_C(1) << 30)

enum { ACCESSES_MAX = 8, S4 = 20, S5, S6, S7 };

static struct machine m;
static struct external_access seen[ACCESSES_MAX];
static unsigned accesses;
static cycle_t delay;
static bool refuse;

static bool answer(void *context, struct external_access *access)
{
    cr_assert_eq(context, &m);
    cr_assert_lt(accesses, ACCESSES_MAX);
    seen[accesses++] = *access;
    if (!access->is_store)
        access->value = 0x1122334455667788;
    access->delay = delay;
    return !refuse;
}

static void begin(void)
{
    machine_begin(&m, 2, 2);
    m.cfg.device_external_mib = 1;
    m.options.external = (struct external){answer, &m};
    accesses = 0;
    delay = 0;
    refuse = false;
}

static void end(void)
{
    machine_end(&m);
}

TestSuite(outside, .init = begin, .fini = end);

/* What a load from the window leaves in a1 and takes in cycles, on tile `tile`. */
static uint64_t time_load(unsigned tile, enum insn_op load)
{
    put_only(&m.p, tile);
    put_li(&m.p, T0, WINDOW);
    put(&m.p, asm_nop());
    put_csrr(&m.p, A2, CSR_MCYCLE);
    put(&m.p, asm_i(load, A1, T0, 8));
    put_csrr(&m.p, A3, CSR_MCYCLE);
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    return m.chip->hart[tile].x[A3] - m.chip->hart[tile].x[A2];
}

Test(outside, a_load_takes_both_ways_both_devices_and_the_delay)
{
    m.cfg.device_external_tile = 3;
    m.cfg.device_access_cycles = 7;
    delay = 5000;
    uint64_t took = time_load(1, OP_ld);
    unsigned flight = machine_flight(&m, 1, 3, 1);
    cr_assert_eq(m.chip->hart[1].x[A1], 0x1122334455667788);
    cr_assert_eq(accesses, 1);
    cr_assert_eq(seen[0].tile, 1);
    cr_assert_eq(seen[0].address, WINDOW + 8);
    cr_assert_eq(seen[0].offset, 8);
    cr_assert(!seen[0].is_store && seen[0].bytes == 8);
    cr_assert_eq(seen[0].cycle, m.chip->hart[1].x[A2] + 1 + 7 + flight);
    cr_assert_eq(took, 1 + 7 + flight + 7 + 5000 + flight + 1, "%llu", (unsigned long long)took);
}

Test(outside, a_load_takes_what_fits_its_size)
{
    time_load(0, OP_lh);
    cr_assert_eq(m.chip->hart[0].x[A1], 0x7788);
    cr_assert_eq(seen[0].bytes, 2);
}

Test(outside, a_store_brings_its_value)
{
    put_only(&m.p, 2);
    put_li(&m.p, T0, WINDOW);
    put_li(&m.p, T1, 0xabcd);
    put(&m.p, asm_s(OP_sw, T1, T0, 4));
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(accesses, 1);
    cr_assert(seen[0].is_store && seen[0].bytes == 4 && seen[0].value == 0xabcd);
}

/* The cause of the trap that an access at `offset` ends in, or 0. */
static uint64_t cause_of_access(enum insn_op op, int32_t offset)
{
    put_only(&m.p, 0);
    unsigned over = put(&m.p, asm_j(ZERO, 0));
    unsigned handler = m.p.count;
    put_csrr(&m.p, A0, CSR_MCAUSE);
    put_exit(&m.p, 0);
    land(&m.p, over);
    put_li(&m.p, T1, address_of(&m.p, handler));
    put_csrw(&m.p, CSR_MTVEC, T1);
    put_li(&m.p, T0, WINDOW);
    put_li(&m.p, A0, 0);
    put(&m.p, op == OP_sd ? asm_s(op, T0, T0, offset) : asm_i(op, A1, T0, offset));
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    return m.chip->hart[0].x[A0];
}

Test(outside, a_refused_load_is_an_access_fault)
{
    refuse = true;
    cr_assert_eq(cause_of_access(OP_ld, 0), CAUSE_LOAD_ACCESS);
    cr_assert_eq(accesses, 1);
}

Test(outside, a_refused_store_is_an_access_fault)
{
    refuse = true;
    cr_assert_eq(cause_of_access(OP_sd, 0), CAUSE_STORE_ACCESS);
}

Test(outside, without_anybody_there_an_access_is_a_fault)
{
    m.options.external.access = NULL;
    cr_assert_eq(cause_of_access(OP_ld, 0), CAUSE_LOAD_ACCESS);
}

Test(outside, beyond_the_window_is_nothing)
{
    cr_assert_eq(cause_of_access(OP_ld, -8), CAUSE_LOAD_ACCESS);
    cr_assert_eq(accesses, 0);
}

Test(outside, an_access_must_be_aligned)
{
    m.cfg.hart_misaligned = true;
    cr_assert_eq(cause_of_access(OP_ld, 4), CAUSE_LOAD_ACCESS);
    cr_assert_eq(accesses, 0);
}

/* ---- from outside ------------------------------------------------------------------ */

/* Tile 1 sleeps until its external line rises, and exits with the cycle in a0. */
static void put_wait_for_line(unsigned line)
{
    put_only(&m.p, 1);
    put_li(&m.p, T1, UINT64_C(1) << line);
    put_csrw(&m.p, CSR_MIE, T1);
    put(&m.p, asm_n(OP_wfi));
    put_csrr(&m.p, A0, CSR_MCYCLE);
    put_csrr(&m.p, A1, CSR_MIP);
    put_exit(&m.p, 0);
    machine_build(&m);
}

Test(outside, a_line_wakes_in_the_cycle_in_which_it_rises)
{
    put_wait_for_line(IRQ_MEIP);
    cr_assert_eq(chip_run_until(m.chip, 12345), CHIP_RUNNING);
    cr_assert_eq(chip_cycle(m.chip), 12345);
    cr_assert(chip_is_still(m.chip));
    chip_raise(m.chip, 1, CHIP_LINE_MACHINE, true);
    cr_assert(!chip_is_still(m.chip));
    cr_assert_eq(machine_go(&m), CHIP_EXIT);
    cr_assert_eq(m.chip->hart[1].x[A0], 12345 + 1);
    cr_assert_eq(m.chip->hart[1].x[A1], UINT64_C(1) << IRQ_MEIP);
}

Test(outside, a_line_that_falls_again_before_anyone_looks_is_not_seen)
{
    put_wait_for_line(IRQ_SEIP);
    chip_run_until(m.chip, 5000);
    chip_raise(m.chip, 0, CHIP_LINE_SUPERVISOR, true); /* tile 0 does not listen */
    chip_raise(m.chip, 1, CHIP_LINE_MACHINE, true);    /* tile 1 not to this one */
    chip_raise(m.chip, 0, CHIP_LINE_SUPERVISOR, false);
    cr_assert_eq(chip_run_until(m.chip, 6000), CHIP_RUNNING);
    cr_assert(chip_is_still(m.chip));
    cr_assert_eq(chip_give_up(m.chip), CHIP_DEADLOCK);
    cr_assert_eq(chip_exit_status(m.chip), 76);
    cr_assert_eq(chip_run_until(m.chip, 9000), CHIP_DEADLOCK);
}

/* Tile 1 tries to clear SEIP, sets and clears its own bit of it, and keeps in s2..s5
 * what mip shows after each. */
static uint64_t seip_after(unsigned reg)
{
    return m.chip->hart[1].x[reg] >> IRQ_SEIP & 1;
}

static void put_seip_writes(void)
{
    static const enum insn_op op[] = {OP_csrrc, OP_csrrs, OP_csrrw, OP_csrrs};
    put_only(&m.p, 1);
    put_delay(&m.p, 1000);
    put_li(&m.p, T1, UINT64_C(1) << IRQ_SEIP);
    put_csrr(&m.p, S1, CSR_MIP);
    for (unsigned i = 0; i < 4; i++) {
        put(&m.p, asm_i(op[i], ZERO, i == 2 ? ZERO : T1, CSR_MIP));
        put_csrr(&m.p, S2 + i, CSR_MIP);
    }
    put_delay(&m.p, 4000);
    put_csrr(&m.p, S6, CSR_MIP);
    put(&m.p, asm_i(OP_csrrc, ZERO, T1, CSR_MIP));
    put_csrr(&m.p, S7, CSR_MIP);
    put_exit(&m.p, 0);
    machine_build(&m);
}

Test(outside, software_cannot_clear_the_supervisors_line)
{
    put_seip_writes();
    chip_run_until(m.chip, 1000);
    chip_raise(m.chip, 1, CHIP_LINE_SUPERVISOR, true);
    chip_run_until(m.chip, 6000);
    chip_raise(m.chip, 1, CHIP_LINE_SUPERVISOR, false);
    cr_assert_eq(machine_go(&m), CHIP_EXIT);
    for (unsigned reg = S1; reg <= S5; reg += reg == S1 ? S2 - S1 : 1)
        cr_expect_eq(seip_after(reg), 1, "x%u: the line is up", reg);
    cr_expect_eq(seip_after(S6), 1, "the line has fallen, software's bit stands");
    cr_expect_eq(seip_after(S7), 0);
}

/* csrrs of another bit must not make the line's 1 software's (privileged
 * architecture 3.1.9), though the value read shows it. */
Test(outside, a_modified_mip_does_not_take_the_line_over)
{
    put_only(&m.p, 1);
    put_delay(&m.p, 1000);
    put(&m.p, asm_i(OP_csrrsi, S2, 1 << IRQ_SSIP, CSR_MIP));
    put(&m.p, asm_i(OP_csrrci, S3, 1 << IRQ_SSIP, CSR_MIP));
    put_delay(&m.p, 4000);
    put_csrr(&m.p, S4, CSR_MIP);
    put_exit(&m.p, 0);
    machine_build(&m);
    chip_run_until(m.chip, 1000);
    chip_raise(m.chip, 1, CHIP_LINE_SUPERVISOR, true);
    chip_run_until(m.chip, 6000);
    chip_raise(m.chip, 1, CHIP_LINE_SUPERVISOR, false);
    cr_assert_eq(machine_go(&m), CHIP_EXIT);
    cr_expect_eq(m.chip->hart[1].x[S2], UINT64_C(1) << IRQ_SEIP);
    cr_expect_eq(m.chip->hart[1].x[S3], UINT64_C(1) << IRQ_SEIP | 1 << IRQ_SSIP);
    cr_expect_eq(m.chip->hart[1].x[S4], 0);
}

Test(outside, memory_written_is_what_harts_read)
{
    uint64_t seven = 7, there = 0;
    put_only(&m.p, 3);
    put_li(&m.p, T0, MACHINE_DATA);
    unsigned poll = put(&m.p, asm_i(OP_ld, A0, T0, 0));
    put_branch(&m.p, OP_beq, A0, ZERO, poll);
    put_exit(&m.p, 0);
    machine_build(&m);
    cr_assert_eq(chip_run_until(m.chip, 3000), CHIP_RUNNING);
    cr_assert(chip_has_memory(m.chip, MACHINE_DATA, 8));
    cr_assert(chip_write_memory(m.chip, MACHINE_DATA, &seven, sizeof seven));
    cr_assert(chip_read_memory(m.chip, MACHINE_DATA, &there, sizeof there));
    cr_assert_eq(there, 7);
    cr_assert_eq(machine_go(&m), CHIP_EXIT);
    cr_assert_eq(m.chip->hart[3].x[A0], 7);
    cr_assert_lt(m.results.cycles, 3400);
}

Test(outside, there_is_no_memory_beyond_dram)
{
    uint64_t word = 0;
    put_exit(&m.p, 0);
    machine_build(&m);
    cr_assert(!chip_has_memory(m.chip, MAP_DRAM_BASE - 8, 8));
    cr_assert(!chip_has_memory(m.chip, MAP_DRAM_BASE + (1 << 20) - 4, 8));
    cr_assert(!chip_write_memory(m.chip, WINDOW, &word, sizeof word));
}

Test(outside, a_limit_ends_a_piece)
{
    m.options.max_cycles = 700;
    put_sleep(&m.p);
    machine_build(&m);
    cr_assert_eq(chip_run_until(m.chip, 699), CHIP_RUNNING);
    cr_assert_eq(chip_run_until(m.chip, 900), CHIP_LIMIT);
    cr_assert_eq(chip_cycle(m.chip), 700);
}
