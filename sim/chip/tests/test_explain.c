/*
 * What the report of a bad end says, for each way in which a guest can go wrong: a
 * person must find the hart, the place, the code, what led there, and why.
 */
#include "sim/chip/tests/machine.h"
#include "sim/core/pte.h"

enum { CSR_SATP = 0x180, OUTSIDE = 0x12345678 };
#define ROOT   (MAP_DRAM_BASE + UINT64_C(0x60000))
#define MIDDLE (MAP_DRAM_BASE + UINT64_C(0x61000))
#define LEAVES (MAP_DRAM_BASE + UINT64_C(0x62000))
#define PAGE   (MAP_DRAM_BASE + UINT64_C(0x63000))
#define WINDOW UINT64_C(0x40000000)

static struct machine m;

static void begin(void)
{
    machine_begin(&m, 1, 1);
}

static void end(void)
{
    symbols_free(&m.image.symbols);
    machine_end(&m);
}

TestSuite(explain, .init = begin, .fini = end);

/* All texts, in this order. */
static void check_explained(const char *const *texts, unsigned count)
{
    char *explanation = machine_explanation(&m);
    const char *at = explanation;
    for (unsigned i = 0; i < count; i++) {
        const char *found = strstr(at, texts[i]);
        cr_assert_not_null(found, "\"%s\" is not in its turn in:\n%s", texts[i], explanation);
        at = found + strlen(texts[i]);
    }
    mem_free(explanation);
}
#define CHECK_EXPLAINED(...)                                                                       \
    do {                                                                                           \
        static const char *const texts[] = {__VA_ARGS__};                                          \
        check_explained(texts, sizeof texts / sizeof texts[0]);                                    \
    } while (0)

/* Builds with two functions: `start` up to instruction `split`, `worker` from there. */
static void build_named(unsigned split)
{
    struct symbols symbols = {0};
    symbols_add(&symbols, SYMBOL_FUNCTION, "start", MAP_DRAM_BASE, 4 * split);
    symbols_add(&symbols, SYMBOL_FUNCTION, "worker", MAP_DRAM_BASE + 4 * split,
                4 * (m.p.count - split));
    symbols_sort(&symbols);
    machine_build(&m);
    m.image.symbols = symbols;
}

static void put_nops(struct program *p, unsigned count)
{
    for (; count > 0; count--)
        put(p, asm_i(OP_addi, T3, T3, 1));
}

/* `start` calls `worker` in another line, which does `bits`. */
static void run_worker(uint32_t bits)
{
    put_nops(&m.p, 2);
    put(&m.p, asm_j(RA, 4 * 18));
    put_nops(&m.p, 17);
    put(&m.p, asm_i(OP_addi, S0, ZERO, 7));
    put(&m.p, bits);
    put_nops(&m.p, 4);
    build_named(20);
    machine_go(&m);
}

Test(explain, an_illegal_instruction_without_a_handler)
{
    run_worker(0);
    cr_assert_eq(m.end, CHIP_TRAP_LOOP);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_DEADLOCK);
    CHECK_EXPLAINED("livelock: tile 0 traps again and again without executing an instruction: "
                    "instruction access fault at pc 0x0; it began with illegal instruction at pc "
                    "0x80000054 <worker+0x4>\n",
                    "first trap (M mode): illegal instruction (cause 2), tval 0x0",
                    "pc 0x80000054 <worker+0x4>", "its handler: mtvec 0x0 (never set)",
                    "the code there:\n", "      0x80000050 <worker>", "addi     s0, zero, 7\n",
                    "    > 0x80000054 <worker+0x4>", "sim.history",
                    "0x80000008 <start+0x8>  jal      0x80000050\n", "-> M 0x80000050 <worker>",
                    "0x80000054 <worker+0x4>  trap: illegal instruction\n", "-> M 0x0\n",
                    "calls not returned 0x8000000c <start+0xc>", "after 4 instructions, ",
                    "s0 0000000000000007", "mcause 0000000000000001");
}

Test(explain, a_jump_outside_memory_shows_who_jumped)
{
    put_li(&m.p, A0, OUTSIDE);
    put(&m.p, asm_i(OP_jalr, RA, A0, 0));
    build_named(0);
    cr_assert_eq(machine_go(&m), CHIP_TRAP_LOOP);
    CHECK_EXPLAINED("instruction access fault at pc 0x0; it began with instruction access fault at "
                    "pc 0x12345678\n",
                    "first trap (M mode): instruction access fault (cause 1), tval 0x12345678 "
                    "(neither memory nor a device), at pc 0x12345678  (no memory here)",
                    "<worker+", "jalr     a0\n", "-> M 0x12345678\n",
                    "trap: instruction access fault");
}

Test(explain, a_load_of_nothing_is_told_from_one_that_is_not_allowed)
{
    run_worker(asm_i(OP_lw, A0, ZERO, 64));
    CHECK_EXPLAINED("load access fault (cause 5), tval 0x40 (neither memory nor a device), at");
    end();
    begin();
    put_li(&m.p, T0, MAP_MSIP_BASE);
    put(&m.p, asm_i(OP_ld, A0, T0, 0)); /* registers of four bytes */
    machine_run(&m);
    CHECK_EXPLAINED("load access fault (cause 5), tval 0x2000000, at");
}

/* The handler returns to the instruction that traps. */
Test(explain, a_handler_that_returns_for_ever_reaches_the_limit)
{
    unsigned over = put(&m.p, asm_j(ZERO, 0));
    unsigned handler = put(&m.p, asm_i(OP_addi, S2, S2, 1));
    put(&m.p, asm_n(OP_mret));
    land(&m.p, over);
    put_li(&m.p, T0, address_of(&m.p, handler));
    put_csrw(&m.p, CSR_MTVEC, T0);
    put(&m.p, asm_n(OP_ebreak));
    m.options.max_cycles = 5000;
    build_named(0);
    cr_assert_eq(machine_go(&m), CHIP_LIMIT);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_LIMIT);
    char count[64];
    snprintf(count, sizeof count, "tile 0 took %llu exceptions; its last trap was at pc 0x",
             (unsigned long long)m.chip->hart[0].traps);
    const char *const texts[] = {"the limit of 5000 cycles was reached; tile 0 is at pc 0x", count,
                                 ": breakpoint (cause 3)", "trap: breakpoint\n", "mret\n"};
    check_explained(texts, sizeof texts / sizeof texts[0]);
}

/* A handler that is `first`, `second`; what follows calls it. */
static void put_handler(uint32_t first, uint32_t second)
{
    m.options.max_cycles = 100000000;
    unsigned over = put(&m.p, asm_j(ZERO, 0));
    unsigned handler = put(&m.p, first);
    put(&m.p, second);
    land(&m.p, over);
    put_li(&m.p, T0, address_of(&m.p, handler));
    put_csrw(&m.p, CSR_MTVEC, T0);
}

Test(explain, a_handler_that_traps_is_named_with_what_began_it)
{
    put_handler(asm_i(OP_csrrs, T1, ZERO, CSR_MCAUSE), asm_n(OP_ebreak));
    put(&m.p, asm_n(OP_ecall));
    build_named(3);
    cr_assert_eq(machine_go(&m), CHIP_TRAP_LOOP);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_DEADLOCK);
    cr_assert_eq(m.chip->hart[0].trap_watch.nested, TRAPS_NESTED_MAX + 1);
    CHECK_EXPLAINED("livelock: tile 0 traps again and again in its trap handler, which never "
                    "returns: breakpoint at pc 0x80000008 <start+0x8>; it began with environment "
                    "call",
                    " at pc 0x800000", "<worker+", "first trap (M mode): environment call",
                    "repeated trap (M mode): breakpoint (cause 3)", "its handler: mtvec 0x80000004",
                    "    > 0x80000008 <start+0x8>");
}

Test(explain, a_handler_with_a_bad_stack_is_a_loop_of_its_store)
{
    put_handler(asm_i(OP_addi, SP, SP, -16), asm_s(OP_sd, RA, SP, 0));
    put_li(&m.p, SP, OUTSIDE & ~15);
    put(&m.p, asm_n(OP_ecall));
    build_named(3);
    cr_assert_eq(machine_go(&m), CHIP_TRAP_LOOP);
    CHECK_EXPLAINED("store access fault at pc 0x80000008 <start+0x8>; it began with "
                    "environment call");
}

Test(explain, a_handler_that_only_returns_is_a_loop)
{
    m.options.max_cycles = 0;
    m.cfg.hart_trap_cycles = 1;
    put_handler(asm_n(OP_mret), 0);
    put(&m.p, 0);
    build_named(3);
    cr_assert_eq(machine_go(&m), CHIP_TRAP_LOOP);
    cr_assert_eq(m.chip->hart[0].trap_watch.resumed, TRAPS_RESUMED_MAX);
    CHECK_EXPLAINED("livelock: tile 0 returns again and again to an instruction that traps, with "
                    "all registers as they were: illegal instruction at pc 0x800000",
                    "first trap (M mode): illegal instruction (cause 2)", "    > 0x800000");
}

/* Two tiles write to the lines that they execute: sooner or later the run ends with one
 * of them on its way.  The second line is in nobody's L1I. */
Test(explain, code_on_its_way_between_caches_is_shown_from_another_copy)
{
    bool from_l1i = false, from_memory = false;
    for (cycle_t limit = 3000; limit < 3200 && !(from_l1i && from_memory); limit++) {
        machine_begin(&m, 2, 1);
        put_li(&m.p, T0, MAP_DRAM_BASE);
        put_li(&m.p, T4, (uint64_t)asm_nop() << 32 | asm_nop());
        while (m.p.count < 44)
            put(&m.p, asm_nop());
        put(&m.p, asm_s(OP_sd, T4, T0, 128)); /* instructions 32 and 33, in this line */
        put(&m.p, asm_s(OP_sd, T4, T0, 192)); /* instructions 48 and 49, in the next */
        put(&m.p, asm_nop());
        put_jump(&m.p, 44);
        while (m.p.count < 64)
            put(&m.p, asm_nop());
        m.options.max_cycles = limit;
        cr_assert_eq(machine_run(&m), CHIP_LIMIT);
        char *text = machine_explanation(&m);
        from_l1i |= strstr(text, "  (the L1I's copy: the line is on its way") != NULL;
        from_memory |= strstr(text, "(memory's copy: the line is on its way") != NULL;
        mem_free(text);
        machine_end(&m);
    }
    cr_expect(from_l1i);
    cr_expect(from_memory);
    machine_begin(&m, 1, 1);
}

Test(explain, an_endless_guest_shows_who_runs_and_who_sleeps)
{
    machine_begin(&m, 2, 2);
    put_only(&m.p, 2);
    unsigned loop = put(&m.p, asm_i(OP_addi, S0, S0, 1));
    put_jump(&m.p, loop);
    m.options.max_cycles = 5000;
    build_named(loop);
    cr_assert_eq(machine_go(&m), CHIP_LIMIT);
    CHECK_EXPLAINED("the limit of 5000 cycles was reached; tile 2 is at pc 0x", "<worker",
                    "\n  tile 2 (M mode) pc 0x", "<worker", "\n  tiles 0-1, 3 (M mode) pc 0x",
                    "wfi\n", "waits since cycle ", "an interrupt (wfi)", "the code there:");
}

Test(explain, a_deadlock_shows_harts_that_are_alike_as_one)
{
    machine_begin(&m, 4, 4);
    put_sleep(&m.p);
    cr_assert_eq(machine_run(&m), CHIP_DEADLOCK);
    CHECK_EXPLAINED("deadlock at cycle ", "\n  tiles 0-15 (M mode) pc 0x");
}

Test(explain, a_device_asked_in_vain_shows_the_hart)
{
    put_li(&m.p, T0, MACHINE_TOHOST);
    put_li(&m.p, T1, 0x1234);
    unsigned store = put(&m.p, asm_s(OP_sd, T1, T0, 0));
    put_jump(&m.p, m.p.count);
    build_named(store);
    cr_assert_eq(machine_go(&m), CHIP_FAULT);
    CHECK_EXPLAINED("guest: tohost word 0x1234 is not understood (tile 0, cycle ",
                    "the hart went on to pc 0x", "the code there:", "<worker>",
                    "sd       t1, 0(t0)\n", "    > ");
}

/* ---- translation ------------------------------------------------------------------ */

static void poke(paddr_t at, uint64_t value)
{
    memcpy(coherence_dram(m.chip->engine.coherence, line_of(at)) + at % LINE_BYTES, &value, 8);
}

Test(explain, a_virtual_place_is_shown_with_its_physical_one_and_the_right_bytes)
{
    m.cfg.hart_pmp_entries = 0;
    put_li(&m.p, T1, UINT64_C(8) << 60 | ROOT >> PAGE_SHIFT);
    put_csrw(&m.p, CSR_SATP, T1);
    put_li(&m.p, T1, UINT64_C(1) << 11);
    put_csrw(&m.p, CSR_MSTATUS, T1);
    put_li(&m.p, T1, WINDOW + 16);
    put_csrw(&m.p, CSR_MEPC, T1);
    put(&m.p, asm_n(OP_mret));
    build_named(1);
    symbols_add(&m.image.symbols, SYMBOL_FUNCTION, "moved", PAGE + 8, 64);
    symbols_sort(&m.image.symbols);
    poke(ROOT + 8, MIDDLE >> 12 << 10 | PTE_V);
    poke(MIDDLE, LEAVES >> 12 << 10 | PTE_V);
    poke(LEAVES, PAGE >> 12 << 10 | 0xcb);
    poke(PAGE + 8, (uint64_t)asm_i(OP_addi, S3, S3, 5) << 32 | asm_i(OP_addi, S3, S3, 4));
    poke(PAGE + 16,
         (uint64_t)asm_i(OP_csrrs, A0, ZERO, CSR_MEPC) << 32 | asm_i(OP_addi, S3, S3, 6));
    cr_assert_eq(machine_go(&m), CHIP_TRAP_LOOP);
    CHECK_EXPLAINED("first trap (S mode): illegal instruction (cause 2)", "= csrr     a0, mepc",
                    "pc 0x40000014 = physical 0x80063014 <moved+0xc>  csrr     a0, mepc",
                    "      0x40000008 <moved>", "addi     s3, s3, 4\n",
                    "    > 0x40000014 <moved+0xc>", "mret\n",
                    "-> S 0x40000010 = physical 0x80063010 <moved+0x8>");
}

/* ---- sim.history -------------------------------------------------------------------- */

Test(explain, the_history_lists_the_last_instructions_in_order)
{
    m.cfg.sim_history = 4;
    put(&m.p, asm_i(OP_addi, T0, ZERO, 3));
    unsigned loop = put(&m.p, asm_i(OP_addi, T0, T0, -1));
    put_branch(&m.p, OP_bne, T0, ZERO, loop);
    put(&m.p, asm_i(OP_lw, T1, ZERO, 0));
    machine_run(&m);
    const struct history *h = &m.chip->hart[0].history;
    cr_assert_eq(h->insns, 7);
    CHECK_EXPLAINED("the last 4 instructions that retired:\n", "M 0x80000004",
                    "addi     t0, t0, -1\n", "M 0x80000008", "bnez ", "M 0x80000004",
                    "addi     t0, t0, -1\n", "M 0x80000008", "bnez ", "the last traps");
}

Test(explain, keeping_a_history_changes_no_result)
{
    uint64_t hash[2];
    for (unsigned i = 0; i < 2; i++) {
        machine_begin(&m, 2, 1);
        m.cfg.sim_history = i ? 16 : 0;
        put_li(&m.p, T0, MACHINE_DATA);
        put(&m.p, asm_i(OP_addi, S0, ZERO, 500));
        unsigned loop = put(&m.p, asm_r(OP_amoadd_d, T1, T0, S0));
        put(&m.p, asm_i(OP_ld, T2, T0, 8));
        put(&m.p, asm_s(OP_sd, T1, T0, 8));
        put(&m.p, asm_i(OP_addi, S0, S0, -1));
        put_branch(&m.p, OP_bne, S0, ZERO, loop);
        put_exit(&m.p, 0);
        cr_assert_eq(machine_run(&m), CHIP_EXIT);
        hash[i] = m.results.state_hash;
        if (i == 0)
            machine_end(&m);
    }
    cr_assert_eq(hash[0], hash[1]);
}
