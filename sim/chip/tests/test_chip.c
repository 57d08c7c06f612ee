/*
 * A chip's life: loading, every way in which a run ends, the status it gives
 * and the words that explain it, the console, and HTIF as a guest sees it.
 */
#include "sim/chip/tests/machine.h"

static struct machine m;

static void begin(void)
{
    machine_begin(&m, 1, 1);
}

static void end(void)
{
    machine_end(&m);
}

TestSuite(chip, .init = begin, .fini = end);

/* ---- the guest's own end ------------------------------------------------------- */

Test(chip, the_exit_status_is_the_guests_code)
{
    static const struct {
        uint64_t code;
        int status;
    } cases[] = {{0, 0},   {1, 1},     {42, 42},  {255, 255},
                 {256, 1}, {0x300, 1}, {300, 44}, {0x10002, 2}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        machine_begin(&m, 1, 1);
        put_exit(&m.p, cases[i].code);
        cr_assert_eq(machine_run(&m), CHIP_EXIT);
        cr_assert_eq(chip_exit_status(m.chip), cases[i].status, "code %llu",
                     (unsigned long long)cases[i].code);
        if (i + 1 < sizeof cases / sizeof cases[0])
            machine_end(&m);
    }
}

Test(chip, a_store_to_tohost_by_halves_ends_the_run_once)
{
    put_li(&m.p, T0, MACHINE_TOHOST);
    put_li(&m.p, T1, 7 << 1 | 1);
    put(&m.p, asm_s(OP_sw, T1, T0, 0));
    put(&m.p, asm_s(OP_sw, ZERO, T0, 4));
    put_jump(&m.p, m.p.count - 2); /* again and again, as riscv-tests do */
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(chip_exit_status(m.chip), 7);
}

Test(chip, the_high_half_of_tohost_and_a_zero_do_not_end_the_run)
{
    put_li(&m.p, T0, MACHINE_TOHOST);
    put_li(&m.p, T1, 3);
    put(&m.p, asm_s(OP_sw, T1, T0, 4));
    put(&m.p, asm_s(OP_sw, ZERO, T0, 0));
    put(&m.p, asm_s(OP_sd, ZERO, T0, 0));
    put(&m.p, asm_s(OP_sd, T1, T0, 8));
    put_exit(&m.p, 9);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(chip_exit_status(m.chip), 9);
}

Test(chip, an_atomic_on_tohost_is_a_store_too)
{
    put_li(&m.p, T0, MACHINE_TOHOST);
    put_li(&m.p, T1, 5 << 1 | 1);
    put(&m.p, asm_r(OP_amoswap_d, ZERO, T0, T1));
    put_sleep(&m.p);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(chip_exit_status(m.chip), 5);
}

Test(chip, of_two_exits_the_earlier_counts)
{
    machine_begin(&m, 2, 1);
    put_csrr(&m.p, S1, CSR_MHARTID);
    put_li(&m.p, T0, MACHINE_DATA);
    put(&m.p, asm_r(OP_amoadd_d, ZERO, T0, S1)); /* so that the two do not meet in code misses */
    unsigned second = put(&m.p, asm_b(OP_bne, S1, ZERO, 0));
    put_delay(&m.p, 500);
    put_exit(&m.p, 1);
    land(&m.p, second);
    put_delay(&m.p, 250);
    put_exit(&m.p, 2);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(chip_exit_status(m.chip), 2);
    cr_assert_eq(m.chip->htif.end_tile, 1);
}

/* ---- waiting ----------------------------------------------------------------------- */

/* The handler takes the message for which mu_wait waited, or what ended it is no
 * message at all: either way the wait is over. */
static void check_wait_ends(bool by_message)
{
    machine_begin(&m, 1, 1);
    unsigned over = put(&m.p, asm_j(ZERO, 0));
    unsigned handler = m.p.count;
    put_csrw(&m.p, CSR_MU_ACK, ZERO);
    put_csrw(&m.p, CSR_MIE, ZERO);
    put_csrr(&m.p, S0, CSR_MEPC);
    put_csrr(&m.p, S2, CSR_MCAUSE);
    put(&m.p, asm_n(OP_mret));
    land(&m.p, over);
    put_li(&m.p, T0, address_of(&m.p, handler));
    put_csrw(&m.p, CSR_MTVEC, T0);
    put_li(&m.p, T0, MU_RQ_VALID | 1 << MU_RQ_DEPTH_SHIFT);
    put_csrw(&m.p, CSR_SMU_RQ_CONF, T0);
    put(&m.p, asm_i(OP_csrrwi, ZERO, 1, CSR_SMU_EP_CREDITS));
    put(&m.p, asm_i(OP_csrrwi, ZERO, MU_EP_VALID, CSR_SMU_EP_CONF));
    put(&m.p, asm_i(OP_csrrwi, ZERO, 1, CSR_SMU_IE));
    put_li(&m.p, T0, MAP_MTIMECMP_BASE);
    put_li(&m.p, T1, 2000);
    put(&m.p, asm_s(OP_sd, T1, T0, 0));
    put_li(&m.p, T0, by_message ? 1u << IRQ_MESSAGE : 1u << IRQ_MTIP);
    put_csrw(&m.p, CSR_MIE, T0);
    put(&m.p, asm_i(OP_csrrsi, ZERO, 8, CSR_MSTATUS));
    if (by_message) {
        put_csrw(&m.p, CSR_MU_PUSH, ZERO);
        put_csrw(&m.p, CSR_MU_SEND, ZERO);
    }
    put(&m.p, asm_i(OP_csrrwi, ZERO, 1, CSR_MU_WAIT));
    unsigned behind = m.p.count;
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(m.chip->hart[0].x[S2], CAUSE_INTERRUPT | (by_message ? IRQ_MESSAGE : IRQ_MTIP));
    cr_assert_eq(m.chip->hart[0].x[S0], address_of(&m.p, behind));
    cr_assert_gt(m.chip->hart[0].stall[STALL_message], 0);
}

Test(chip, an_interrupt_ends_a_wait_for_messages_though_its_handler_takes_the_message)
{
    check_wait_ends(true);
    machine_end(&m);
    check_wait_ends(false);
}

/* ---- before the first cycle ------------------------------------------------------------------ */

Test(chip, segments_outside_dram_are_refused_and_nothing_is_loaded)
{
    static const struct {
        paddr_t address;
        uint64_t bytes;
    } outside[] = {
        {0, 64},
        {MAP_DRAM_BASE - 64, 64},
        {MAP_DRAM_BASE - 64, 128},
        {MAP_DRAM_BASE + (1 << 20), 64},
        {MAP_DRAM_BASE + (1 << 20) - 64, 65},
        {MAP_DRAM_BASE, (1 << 20) + 1},
        {MAP_DRAM_BASE, UINT64_MAX},
        {UINT64_MAX - 10, 64},
    };
    static const uint8_t bytes[64] = {1, 2, 3};
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    for (unsigned i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        struct error e = {0};
        struct elf_segment segments[2] = {
            {MACHINE_DATA, sizeof bytes, sizeof bytes, bytes},
            {outside[i].address, 0, outside[i].bytes, NULL},
        };
        struct elf_image image = {.entry = MACHINE_DATA, .segment_count = 2, .segment = segments};
        struct chip *chip = chip_create(&m.cfg, &m.options, &e);
        cr_assert_not(chip_load(chip, &image, &e), "segment %u", i);
        cr_assert_eq(e.status, EXIT_STATUS_INPUT);
        cr_assert_not_null(strstr(e.text, "outside DRAM"), "%s", e.text);
        cr_assert_eq(*coherence_dram(chip->engine.coherence, MACHINE_DATA), 0);
        chip_destroy(chip);
    }
}

Test(chip, boot_arguments_that_do_not_fit_are_refused)
{
    char args[BOOTINFO_ARGS_BYTES + 1];
    struct error e = {0};
    memset(args, 'a', sizeof args);
    args[BOOTINFO_ARGS_BYTES] = '\0';
    m.options.bootargs = args;
    cr_assert_null(chip_create(&m.cfg, &m.options, &e));
    cr_assert_eq(e.status, EXIT_STATUS_USAGE);
    args[BOOTINFO_ARGS_BYTES - 1] = '\0';
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
}

Test(chip, a_hart_starts_as_the_contract_says)
{
    machine_begin(&m, 2, 2);
    put(&m.p, asm_i(OP_addi, S0, A0, 0));
    put(&m.p, asm_i(OP_addi, S1, A1, 0));
    put_csrr(&m.p, S2, CSR_MHARTID);
    put(&m.p, asm_i(OP_ld, S3, A1, BOOTINFO_OFF_TILES));
    put(&m.p, asm_i(OP_ld, T2, A1, BOOTINFO_OFF_MAGIC));
    put_delay(&m.p, 1000);
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    for (unsigned t = 0; t < 4; t++) {
        const struct hart *h = &m.chip->hart[t];
        cr_assert_eq(h->x[S0], t, "a0 is the hart's number");
        cr_assert_eq(h->x[S1], MAP_BOOTINFO_BASE, "a1 is the boot-information page");
        cr_assert_eq(h->x[S2], t);
        cr_assert_eq(h->x[S3], 4);
        cr_assert_eq(h->x[T2], BOOTINFO_MAGIC);
        cr_assert_eq(h->priv, PRIV_M);
    }
}

/* ---- the console ---------------------------------------------------------------------------- */

/* Tile t prints its digit and a newline at about cycle 2000 x (tiles - t). */
Test(chip, console_lines_come_in_the_order_of_cycles_and_whole)
{
    machine_begin(&m, 2, 2);
    put_csrr(&m.p, S1, CSR_MHARTID);
    put_li(&m.p, S0, MAP_SIMCTL_BASE + SIMCTL_CONSOLE);
    put(&m.p, asm_i(OP_addi, T0, ZERO, 4));
    put(&m.p, asm_r(OP_sub, T0, T0, S1));
    put(&m.p, asm_i(OP_slli, T6, T0, 10));
    unsigned loop = put(&m.p, asm_i(OP_addi, T6, T6, -1));
    put_branch(&m.p, OP_bne, T6, ZERO, loop);
    put(&m.p, asm_i(OP_addi, T1, S1, '0'));
    for (unsigned n = 0; n < 3; n++)
        put(&m.p, asm_s(OP_sb, T1, S0, 0));
    put(&m.p, asm_i(OP_addi, T2, ZERO, '\n'));
    put(&m.p, asm_s(OP_sb, T2, S0, 0));
    unsigned others = put(&m.p, asm_b(OP_bne, S1, ZERO, 0));
    put(&m.p, asm_s(OP_sb, T1, S0, 0)); /* a line without an end */
    put_exit(&m.p, 0);
    land(&m.p, others);
    put_sleep(&m.p);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_str_eq(m.console, "333\n222\n111\n000\n0");
    cr_assert_eq(m.console_lines, 5);
}

/* ---- time and marks ----------------------------------------------------------------- */

Test(chip, marks_are_reported)
{
    put_li(&m.p, S0, MAP_SIMCTL_BASE);
    for (unsigned n = 0; n < 3; n++)
        put(&m.p, asm_s(OP_sd, ZERO, S0, SIMCTL_MARK));
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(machine_stat(&m, "hart.marks"), 3);
}

/* The handler reads it: time goes on as if nothing had been tried. */
Test(chip, a_store_to_mtime_is_an_access_fault)
{
    unsigned over = put(&m.p, asm_j(ZERO, 0));
    unsigned handler = m.p.count;
    put_csrr(&m.p, S2, CSR_MCAUSE);
    put_csrr(&m.p, S3, 0x343); /* mtval */
    put(&m.p, asm_i(OP_ld, S1, T0, 0));
    put_exit(&m.p, 0);
    land(&m.p, over);
    put_li(&m.p, T1, address_of(&m.p, handler));
    put_csrw(&m.p, CSR_MTVEC, T1);
    put_li(&m.p, T0, MAP_MTIME);
    put_li(&m.p, T1, 1000000000);
    put(&m.p, asm_s(OP_sd, T1, T0, 0));
    put_exit(&m.p, 1);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(chip_exit_status(m.chip), 0);
    cr_assert_eq(m.chip->hart[0].x[S2], CAUSE_STORE_ACCESS);
    cr_assert_eq(m.chip->hart[0].x[S3], MAP_MTIME);
    cr_assert_lt(m.chip->hart[0].x[S1], m.results.cycles);
    cr_assert_gt(m.chip->hart[0].x[S1], 0);
}

/* ---- results -------------------------------------------------------------------------------- */

Test(chip, cycles_of_all_harts_are_instructions_and_stalls)
{
    machine_begin(&m, 2, 2);
    put_li(&m.p, T0, MACHINE_DATA);
    for (unsigned n = 0; n < 20; n++)
        put(&m.p, asm_r(OP_amoadd_d, T1, T0, T0));
    put_only(&m.p, 2);
    put_delay(&m.p, 3000);
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    uint64_t stalls = 0;
    for (unsigned i = 0; i < m.results.stats.count; i++)
        if (strncmp(m.results.stats.item[i].name, "hart.stall.", 11) == 0)
            stalls += m.results.stats.item[i].value;
    cr_assert_eq(machine_stat(&m, "hart.cycles"), machine_stat(&m, "hart.base") + stalls);
    cr_assert_eq(machine_stat(&m, "hart.instructions"), m.results.instructions);
    for (unsigned t = 0; t < 4; t++)
        cr_assert_geq(m.chip->hart[t].cycle, m.results.cycles, "every hart is charged to the end");
    cr_assert_eq(machine_peek(&m, MACHINE_DATA), 4 * 20 * MACHINE_DATA);
}
