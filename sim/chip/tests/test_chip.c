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

static void check_explained(const char *text)
{
    char *explanation = machine_explanation(&m);
    cr_assert_not_null(strstr(explanation, text), "\"%s\" is not in:\n%s", text, explanation);
    mem_free(explanation);
}

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

/* ---- HTIF's services --------------------------------------------------------------- */

/* tohost = t1; waits for fromhost, which goes to a0, and clears it. */
static void put_call(struct program *p)
{
    put_li(p, T0, MACHINE_TOHOST);
    put(p, asm_s(OP_sd, T1, T0, 0));
    unsigned wait = put(p, asm_i(OP_ld, A0, T0, MACHINE_FROMHOST - MACHINE_TOHOST));
    put_branch(p, OP_beq, A0, ZERO, wait);
    put(p, asm_s(OP_sd, ZERO, T0, MACHINE_FROMHOST - MACHINE_TOHOST));
}

Test(chip, a_console_command_prints_its_byte_and_answers)
{
    for (const char *c = "hi\n"; *c; c++) {
        put_li(&m.p, T1, UINT64_C(0x0101000000000000) | (uint8_t)*c);
        put_call(&m.p);
        put(&m.p, asm_i(OP_addi, S0, A0, 0));
    }
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_str_eq(m.console, "hi\n");
    cr_assert_eq(m.console_lines, 1);
    cr_assert_eq(m.chip->hart[0].x[S0], 0x0101000000000000);
}

static void put_store_words(struct program *p, paddr_t address, const uint64_t *words,
                            unsigned count)
{
    put_li(p, T0, address);
    for (unsigned i = 0; i < count; i++) {
        put_li(p, T1, words[i]);
        put(p, asm_s(OP_sd, T1, T0, (int32_t)(8 * i)));
    }
}

Test(chip, the_write_call_prints_a_buffer_and_returns_its_length)
{
    const paddr_t block = MACHINE_DATA, text = MACHINE_DATA + 4096;
    const uint64_t call[4] = {64, 1, text, 14};
    uint64_t words[2];
    memcpy(words, "hello, world!\n\0", sizeof words);
    put_store_words(&m.p, text, words, 2);
    put_store_words(&m.p, block, call, 4);
    put_li(&m.p, T1, block);
    put_call(&m.p);
    put(&m.p, asm_i(OP_addi, S0, A0, 0));
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_str_eq(m.console, "hello, world!\n");
    cr_assert_eq(machine_peek(&m, block), 14);
    cr_assert_eq(m.chip->hart[0].x[S0], 1);
}

Test(chip, lines_of_one_call_come_in_its_order)
{
    uint64_t words[8], bytes = 0;
    char text[sizeof words];
    for (; bytes + 2 <= sizeof text; bytes += 2) {
        text[bytes] = (char)('z' - bytes / 2);
        text[bytes + 1] = '\n';
    }
    memcpy(words, text, sizeof words);
    put_store_words(&m.p, MACHINE_DATA + 4096, words, 8);
    put_store_words(&m.p, MACHINE_DATA, (const uint64_t[]){64, 1, MACHINE_DATA + 4096, bytes}, 4);
    put_li(&m.p, T1, MACHINE_DATA);
    put_call(&m.p);
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(m.console_lines, 32);
    cr_assert_eq(m.console_bytes, bytes);
    cr_assert_arr_eq(m.console, text, bytes);
}

Test(chip, a_call_that_the_host_does_not_know_fails_and_answers)
{
    const uint64_t call[4] = {4711, 1, 2, 3};
    put_store_words(&m.p, MACHINE_DATA, call, 4);
    put_li(&m.p, T1, MACHINE_DATA);
    put_call(&m.p);
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(machine_peek(&m, MACHINE_DATA), UINT64_MAX);
    cr_assert_eq(m.console_bytes, 0);
}

/* Calls of tile 0 while all others keep the lines of tohost and fromhost on the
 * move: every one is answered. */
Test(chip, calls_are_answered_while_other_tiles_use_the_same_lines)
{
    const paddr_t block = MACHINE_DATA, text = MACHINE_DATA + 4096;
    machine_begin(&m, 2, 2);
    m.options.max_cycles = 1000000;
    put_csrr(&m.p, S1, CSR_MHARTID);
    unsigned first = put(&m.p, asm_b(OP_beq, S1, ZERO, 0));
    put_li(&m.p, T0, MACHINE_TOHOST);
    put_li(&m.p, T2, block);
    unsigned again = m.p.count;
    for (unsigned n = 0; n < 3; n++) {
        put(&m.p, asm_i(OP_ld, T1, T0, MACHINE_FROMHOST - MACHINE_TOHOST));
        put(&m.p, asm_i(OP_ld, T1, T2, 56));
        put(&m.p, asm_r(OP_add, S0, S0, S1));
        put(&m.p, asm_r(OP_mul, T1, S0, S0));
    }
    put(&m.p, asm_s(OP_sd, S0, T2, 56));
    put(&m.p, asm_s(OP_sd, S0, T0, MACHINE_FROMHOST - MACHINE_TOHOST + 8));
    put_jump(&m.p, again);
    land(&m.p, first);
    put_li(&m.p, S0, 100);
    put_store_words(&m.p, text, (const uint64_t[]){'.'}, 1);
    unsigned next = m.p.count;
    put_store_words(&m.p, block, (const uint64_t[]){64, 1, text, 1}, 4);
    put_li(&m.p, T1, block);
    put_call(&m.p);
    put(&m.p, asm_i(OP_addi, S0, S0, -1));
    put_branch(&m.p, OP_bne, S0, ZERO, next);
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(m.console_bytes, 100);
}

Test(chip, a_call_without_fromhost_is_performed_all_the_same)
{
    put_store_words(&m.p, MACHINE_DATA + 4096, (const uint64_t[]){'x'}, 1);
    put_store_words(&m.p, MACHINE_DATA, (const uint64_t[]){64, 1, MACHINE_DATA + 4096, 1}, 4);
    put_li(&m.p, T1, MACHINE_DATA);
    put_li(&m.p, T0, MACHINE_TOHOST);
    put(&m.p, asm_s(OP_sd, T1, T0, 0));
    put_exit(&m.p, 0);
    machine_build(&m);
    m.chip->htif.fromhost = 0;
    cr_assert_eq(machine_go(&m), CHIP_EXIT);
    cr_assert_str_eq(m.console, "x");
    cr_assert_eq(machine_peek(&m, MACHINE_DATA), 1);
}

Test(chip, a_buffer_outside_memory_is_an_answer_and_not_a_hang)
{
    static const uint64_t buffers[][2] = {
        {0x1000, 1}, {MAP_DRAM_BASE - 1, 2}, {MAP_DRAM_BASE + (1 << 20) - 1, 2}, {UINT64_MAX, 2}};
    for (unsigned i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
        const uint64_t call[4] = {64, 1, buffers[i][0], buffers[i][1]};
        put_store_words(&m.p, MACHINE_DATA, call, 4);
        put_li(&m.p, T1, MACHINE_DATA);
        put_call(&m.p);
        put_li(&m.p, T0, MACHINE_DATA);
        put(&m.p, asm_i(OP_ld, T1, T0, 0));
        put(&m.p, asm_r(OP_add, S0, S0, T1));
    }
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(m.chip->hart[0].x[S0], (uint64_t)-4);
    cr_assert_eq(m.console_bytes, 0);
}

Test(chip, a_word_that_tohost_does_not_know_ends_the_run_and_is_named)
{
    static const uint64_t words[] = {0x1234, 0x0100000000000002, MAP_DRAM_BASE + (1 << 20) - 16,
                                     UINT64_C(0xfffffffffffffff0)};
    char text[64];
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        machine_begin(&m, 2, 1);
        put_only(&m.p, 1);
        put_li(&m.p, T0, MACHINE_TOHOST);
        put_li(&m.p, T1, words[i]);
        put(&m.p, asm_s(OP_sd, T1, T0, 0));
        put_sleep(&m.p);
        cr_assert_eq(machine_run(&m), CHIP_FAULT);
        cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_INPUT);
        snprintf(text, sizeof text, "guest: tohost word 0x%llx is not understood (tile 1, cycle",
                 (unsigned long long)words[i]);
        check_explained(text);
        if (i + 1 < sizeof words / sizeof words[0])
            machine_end(&m);
    }
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

/* ---- ends that are not the guest's wish --------------------------------------------------- */

Test(chip, harts_that_sleep_for_ever_are_a_deadlock_and_named)
{
    machine_begin(&m, 2, 1);
    put_csrr(&m.p, S1, CSR_MHARTID);
    unsigned second = put(&m.p, asm_b(OP_bne, S1, ZERO, 0));
    put_sleep(&m.p);
    land(&m.p, second);
    put(&m.p, asm_i(OP_addi, T0, ZERO, 6));
    put_csrw(&m.p, CSR_MU_WAIT, T0);
    cr_assert_eq(machine_run(&m), CHIP_DEADLOCK);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_DEADLOCK);
    check_explained("deadlock at cycle");
    check_explained("tile 0 (M mode) pc 0x8000000c");
    check_explained("wfi");
    check_explained("an interrupt (wfi)");
    check_explained("tile 1 (M mode) pc 0x80000018");
    check_explained("a message (mu_wait), queues 0x6");
}

Test(chip, a_deadlocks_cycle_is_when_the_last_hart_fell_asleep)
{
    cycle_t found[3];
    for (unsigned i = 0; i < 3; i++) {
        machine_begin(&m, 2, 1);
        put_only(&m.p, 1);
        put_delay(&m.p, 333);
        put_sleep(&m.p);
        machine_build(&m);
        m.chip->engine.lookahead = i ? i : m.chip->engine.lookahead;
        cr_assert_eq(machine_go(&m), CHIP_DEADLOCK);
        cr_assert_eq(m.results.cycles, m.chip->hart[1].wait_since);
        found[i] = m.results.cycles;
        if (i < 2)
            machine_end(&m);
    }
    cr_assert_eq(found[0], found[1]);
    cr_assert_eq(found[0], found[2]);
}

/* Tile 1 cannot reach the only memory controller. */
Test(chip, a_packet_that_the_mesh_loses_ends_the_run_and_is_named)
{
    cycle_t found[3];
    for (unsigned i = 0; i < 3; i++) {
        struct error e;
        machine_begin(&m, 2, 1);
        put_delay(&m.p, 333);
        put_sleep(&m.p);
        cr_assert(config_set(&m.cfg, "mesh.routing=table", "test", &e));
        cr_assert(config_set(&m.cfg, "mesh.faults=link 0,0 east @50", "test", &e));
        machine_build(&m);
        m.chip->engine.lookahead = i ? i : m.chip->engine.lookahead;
        cr_assert_eq(machine_go(&m), CHIP_MESH_FAILED);
        cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_DEADLOCK);
        check_explained("the mesh has failed the chip at cycle");
        check_explained("packets are lost or damaged (mesh.faults); the first went from tile");
        found[i] = m.chip->engine.mesh_failed_at;
        cr_assert_gt(found[i], 50);
        cr_assert_eq(m.results.cycles, found[i] + m.chip->engine.lookahead);
        if (i < 2)
            machine_end(&m);
    }
    cr_assert_eq(found[0], found[1]);
    cr_assert_eq(found[0], found[2]);
}

Test(chip, a_handler_that_traps_itself_is_a_livelock_and_named)
{
    put_li(&m.p, T1, 0x1000);
    put_csrw(&m.p, CSR_MTVEC, T1);
    put_li(&m.p, T0, 0x4000);
    unsigned fault = put(&m.p, asm_i(OP_lw, T1, T0, 0));
    cr_assert_eq(machine_run(&m), CHIP_TRAP_LOOP);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_DEADLOCK);
    char place[96];
    snprintf(place, sizeof place, "(neither memory nor a device), at pc 0x%llx",
             (unsigned long long)address_of(&m.p, fault));
    check_explained("livelock: tile 0");
    check_explained("(cause 5), tval 0x4000");
    check_explained(place);
    check_explained("mtvec 0x1000");
    check_explained("  t0 0000000000004000");
}

Test(chip, the_limit_of_cycles_ends_a_run_exactly_there)
{
    static const cycle_t limits[] = {1, 2, 100, 1000, 12345};
    for (unsigned i = 0; i < 5; i++) {
        machine_begin(&m, 2, 2);
        put_jump(&m.p, 0);
        m.options.max_cycles = limits[i];
        cr_assert_eq(machine_run(&m), CHIP_LIMIT);
        cr_assert_eq(m.results.cycles, limits[i]);
        cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_LIMIT);
        for (unsigned t = 0; t < 4; t++)
            cr_assert_geq(m.chip->hart[t].cycle, limits[i]);
        check_explained("the limit of ");
        if (i < 4)
            machine_end(&m);
    }
}

Test(chip, an_end_before_the_limit_is_an_end)
{
    cycle_t ended = 0, cycles = 0;
    uint64_t hash = 0;
    for (cycle_t limit = 100000; limit + 1 >= ended; limit = limit == 100000 ? cycles : limit - 1) {
        machine_begin(&m, 2, 2);
        m.options.max_cycles = limit;
        put_only(&m.p, 1);
        put_exit(&m.p, 7);
        machine_run(&m);
        if (limit == 100000) {
            ended = m.chip->htif.end_cycle;
            cycles = m.results.cycles;
            hash = m.results.state_hash;
            cr_assert_gt(cycles, ended + 1);
        }
        cr_assert_eq(m.end, limit > ended ? CHIP_EXIT : CHIP_LIMIT);
        if (m.end == CHIP_EXIT) {
            cr_assert_eq(m.results.cycles, cycles);
            cr_assert_eq(m.results.state_hash, hash, "the limit of %llu shows",
                         (unsigned long long)limit);
        }
        if (limit + 1 > ended)
            machine_end(&m);
    }
}

Test(chip, the_limit_counts_for_sleepers_with_a_timer_too)
{
    put_li(&m.p, T0, MAP_MTIMECMP_BASE);
    put_li(&m.p, T1, 1000000000);
    put(&m.p, asm_s(OP_sd, T1, T0, 0));
    put_li(&m.p, T1, 1u << IRQ_MTIP);
    put_csrw(&m.p, CSR_MIE, T1);
    put(&m.p, asm_n(OP_wfi));
    m.options.max_cycles = 5000;
    cr_assert_eq(machine_run(&m), CHIP_LIMIT);
    cr_assert_eq(m.results.cycles, 5000);
    cr_assert_eq(m.chip->hart[0].cycle, 5000, "the wait is charged up to the end");
    cr_assert_gt(m.chip->hart[0].stall[STALL_idle], 4000);
}

/* Each tile names series of its own, more in all than any table once held; the
 * results do not say in which order. */
Test(chip, series_of_all_tiles_exist_whoever_came_first)
{
    uint64_t hash[3];
    for (unsigned order = 0; order < 3; order++) {
        machine_begin(&m, 2, 2);
        m.cfg.sim_tile_order = (uint8_t)order;
        put_csrr(&m.p, S1, CSR_MHARTID);
        put_li(&m.p, S0, MAP_SIMCTL_BASE);
        put_li(&m.p, T2, 'A' + 60);
        put_li(&m.p, T1, 'A');
        unsigned next = m.p.count; /* "<digit of the tile><letter>" */
        put(&m.p, asm_i(OP_addi, T0, S1, '0'));
        put(&m.p, asm_s(OP_sb, T0, S0, SIMCTL_NAME));
        put(&m.p, asm_s(OP_sb, T1, S0, SIMCTL_NAME));
        put(&m.p, asm_i(OP_ld, T0, S0, SIMCTL_SERIES));
        put(&m.p, asm_s(OP_sd, T0, S0, SIMCTL_SELECT));
        put(&m.p, asm_s(OP_sd, T1, S0, SIMCTL_SAMPLE));
        put(&m.p, asm_i(OP_addi, T1, T1, 1));
        put_branch(&m.p, OP_bne, T1, T2, next);
        put_only(&m.p, 3);
        put_delay(&m.p, 3000);
        put_exit(&m.p, 0);
        cr_assert_eq(machine_run(&m), CHIP_EXIT);
        cr_assert_eq(m.results.series_count, 240);
        for (unsigned i = 0; i < 240; i++) {
            const char name[] = {(char)('0' + i / 60), (char)('A' + i % 60), '\0'};
            cr_assert_str_eq(m.results.series[i].name, name);
            cr_assert_eq(m.results.series[i].hist->sum, 'A' + i % 60);
        }
        hash[order] = m.results.state_hash;
        if (order < 2)
            machine_end(&m);
    }
    cr_assert_eq(hash[0], hash[1]);
    cr_assert_eq(hash[0], hash[2]);
}

Test(chip, a_series_too_many_ends_the_run_and_is_named)
{
    put_li(&m.p, S0, MAP_SIMCTL_BASE);
    unsigned next = m.p.count; /* the number t2 in two letters, the lower first */
    put(&m.p, asm_i(OP_andi, T1, T2, 15));
    put(&m.p, asm_i(OP_addi, T1, T1, 'A'));
    put(&m.p, asm_s(OP_sb, T1, S0, SIMCTL_NAME));
    put(&m.p, asm_i(OP_srli, T1, T2, 4));
    put(&m.p, asm_i(OP_addi, T1, T1, 'A'));
    put(&m.p, asm_s(OP_sb, T1, S0, SIMCTL_NAME));
    put(&m.p, asm_i(OP_ld, T0, S0, SIMCTL_SERIES));
    put(&m.p, asm_i(OP_addi, T2, T2, 1));
    put_jump(&m.p, next);
    cr_assert_eq(machine_run(&m), CHIP_FAULT);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_INPUT);
    cr_assert_eq(m.results.series_count, 256);
    check_explained("guest: no more than 256 series a tile: \"AQ\" ()");
    check_explained("(tile 0, cycle ");
}

/* ---- sim.check when all has come to rest ---------------------------------------------- */

/* Every packet with a line's data becomes a credit that nobody waits for. */
static unsigned lose_data(struct engine *e)
{
    unsigned lost = 0;
    for (uint32_t n = 0; n < e->packets.fresh; n++) {
        struct packet *p = packet_at(&e->packets, n);
        bool data = p->kind == PACKET_COHERENCE && coh_msg_info[p->coherence.type].carries_data;
        if (!data)
            continue;
        p->kind = PACKET_CREDIT;
        p->message = (struct message){.generation = 99};
        lost++;
    }
    return lost;
}

/* All tiles store to many lines until the limit cuts them off in the midst. */
static void run_stores(cycle_t limit)
{
    machine_begin(&m, 2, 2);
    m.cfg.l1d_kib = m.cfg.l1d_ways = 1;
    put_li(&m.p, T0, MACHINE_DATA);
    unsigned again = m.p.count;
    put(&m.p, asm_r(OP_amoadd_d, T1, T0, T0));
    put(&m.p, asm_i(OP_addi, T0, T0, LINE_BYTES));
    put_jump(&m.p, again);
    m.options.max_cycles = limit;
    cr_assert_eq(machine_run(&m), CHIP_LIMIT);
}

Test(chip, what_is_on_its_way_at_the_end_comes_to_rest_without_harts)
{
    unsigned busy = 0;
    for (cycle_t limit = 1000; limit < 1100; limit++) {
        run_stores(limit);
        struct engine *e = &m.chip->engine;
        cycle_t clock[4];
        for (unsigned t = 0; t < 4; t++)
            clock[t] = e->hart[t].cycle;
        busy += e->packets.in_use > 0;
        const char *fault = engine_check_quiet(e);
        cr_assert_null(fault, "limit %llu: %s", (unsigned long long)limit, fault);
        cr_assert_eq(e->packets.in_use, 0);
        cr_assert_eq(chip_cycle(m.chip), limit);
        for (unsigned t = 0; t < 4; t++)
            cr_assert_eq(e->hart[t].cycle, clock[t]);
        if (limit < 1099)
            machine_end(&m);
    }
    cr_assert_gt(busy, 50);
}

Test(chip, a_message_that_got_lost_is_found_when_all_is_at_rest)
{
    unsigned found = 0;
    for (cycle_t limit = 1000; limit < 1100; limit++) {
        run_stores(limit);
        lose_data(&m.chip->engine);
        found += engine_check_quiet(&m.chip->engine) != NULL;
        if (limit < 1099)
            machine_end(&m);
    }
    cr_assert_gt(found, 50);
}

/* Two harts wait for ever for a line whose data got lost. */
Test(chip, a_deadlock_of_coherence_is_a_broken_invariant_and_says_so)
{
    machine_begin(&m, 2, 1);
    m.cfg.sim_check = true;
    put_li(&m.p, T0, MACHINE_DATA);
    put(&m.p, asm_i(OP_ld, T1, T0, 0));
    put_sleep(&m.p);
    machine_build(&m);
    do
        cr_assert_eq(engine_round(&m.chip->engine), ENGINE_RUNS);
    while (m.chip->hart[0].wait != WAIT_LINE || !lose_data(&m.chip->engine));
    cr_assert_eq(machine_go(&m), CHIP_VIOLATION);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_INTERNAL);
    check_explained("invariant broken when all had come to rest after cycle");
    check_explained("in a transaction");
    check_explained("deadlock at cycle");
}

Test(chip, a_signal_interrupts_a_run)
{
    static const volatile sig_atomic_t raised = 1;
    put_jump(&m.p, 0);
    m.options.interrupt = &raised;
    cr_assert_eq(machine_run(&m), CHIP_INTERRUPTED);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_INTERRUPT);
    check_explained("interrupted at cycle");
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

/* ---- the console
 * --------------------------------------------------------------------------------- */

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

/* ---- results
 * --------------------------------------------------------------------------------------- */

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
