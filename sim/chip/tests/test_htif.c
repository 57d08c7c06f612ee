/*
 * HTIF as a guest sees it: commands, calls, and words that the host does not know.
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

TestSuite(htif, .init = begin, .fini = end);

static void check_explained(const char *text)
{
    char *explanation = machine_explanation(&m);
    cr_assert_not_null(strstr(explanation, text), "\"%s\" is not in:\n%s", text, explanation);
    mem_free(explanation);
}

/* tohost = t1; waits for fromhost, which goes to a0, and clears it. */
static void put_call(struct program *p)
{
    put_li(p, T0, MACHINE_TOHOST);
    put(p, asm_s(OP_sd, T1, T0, 0));
    unsigned wait = put(p, asm_i(OP_ld, A0, T0, MACHINE_FROMHOST - MACHINE_TOHOST));
    put_branch(p, OP_beq, A0, ZERO, wait);
    put(p, asm_s(OP_sd, ZERO, T0, MACHINE_FROMHOST - MACHINE_TOHOST));
}

Test(htif, a_console_command_prints_its_byte_and_answers)
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

Test(htif, the_write_call_prints_a_buffer_and_returns_its_length)
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

Test(htif, lines_of_one_call_come_in_its_order)
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

Test(htif, a_call_that_the_host_does_not_know_fails_and_answers)
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
Test(htif, calls_are_answered_while_other_tiles_use_the_same_lines)
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

Test(htif, a_call_without_fromhost_is_performed_all_the_same)
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

Test(htif, a_buffer_outside_memory_is_an_answer_and_not_a_hang)
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

Test(htif, a_word_that_tohost_does_not_know_ends_the_run_and_is_named)
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
