/*
 * Litmus tests (litmus.h) as guest programs.  Each runs for many rounds, every one on fresh lines
 * and with other delays between the threads, in every second run also between operations; every
 * second round the threads have read all variables before, so that loads hit and stores must
 * invalidate; in a quarter of all thread 0 owns Y, so that its store to Y is quicker than that to
 * X.
 *
 *     round    |-- all wait for its cycle --|-- read --|-- own --|-- delay --|-- the test --|
 *
 * What a machine shows is compared with what its model allows, outcome by outcome: without
 * store buffers sequential consistency, with them total store order, of which each test
 * must also show what sequential consistency forbids, or the buffer would be none.
 * LITMUS_SEEDS=n runs n times as many rounds.
 */
#include <stdlib.h>

#include "sim/chip/tests/litmus.h"
#include "sim/chip/tests/machine.h"

enum {
    ROUNDS = 128,
    PERIOD_CYCLES = 3000,
    ROUND_BYTES = 2048,
    VARIABLE_LINES = 5, /* from one variable to the next */
    BEHIND = 256,       /* bytes behind a thread's own line: another one, not yet cached */
    RESULT = 1280       /* of a round's bytes: a line a thread, one word a load */
};

/* Where the litmus tests run. */
enum { SETTINGS = 6 };
static const struct shape {
    const char *name;
    const char *setting[SETTINGS];
} shapes[] = {
    {"mesi", {NULL}},
    {"msi, probe", {"coherence.protocol=msi", "coherence.directory=probe"}},
    {"moesi, sparse, four hops",
     {"coherence.protocol=moesi", "coherence.directory=sparse", "coherence.sparse_sets=1",
      "coherence.sparse_ways=2", "coherence.hops=four", "coherence.mshrs=2"}},
    {"mesi, limited-nb, slow links",
     {"coherence.directory=limited-nb", "coherence.pointers=1", "mesh.link_cycles_x=9",
      "coherence.clean_evictions=noisy"}},
    {"moesi, limited-b, o1turn",
     {"coherence.protocol=moesi", "coherence.directory=limited-b", "coherence.pointers=1",
      "mesh.routing=o1turn"}},
    {"mesi, small slow caches",
     {"l1d.kib=1", "l1d.ways=1", "l1.probe_cycles=40", "hart.reservation_cycles=7"}},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* ---- the program ------------------------------------------------------------------ */

/* a0 this round's lines, a1 the cycle in which it begins, s0 rounds left, s1 this thread */

/* Waits until cycle a1 + t0. */
static void put_wait(struct program *p)
{
    put(p, asm_r(OP_add, T0, T0, A1));
    unsigned again = put_csrr(p, T1, CSR_MCYCLE);
    put_branch(p, OP_bltu, T1, T0, again);
}

/* So many times round a loop as the number of rounds left says. */
static void put_pause(struct program *p, unsigned factor)
{
    put_li(p, T0, factor);
    put(p, asm_r(OP_mul, T0, T0, S0));
    put(p, asm_i(OP_andi, T0, T0, 63));
    put(p, asm_i(OP_addi, T0, T0, -1));
    put(p, asm_b(OP_bge, T0, ZERO, -4));
}

static int32_t line_at(unsigned variable, unsigned thread)
{
    unsigned line = variable == OWN ? 2 * VARIABLE_LINES + thread : variable * VARIABLE_LINES;
    return (int32_t)(line * LINE_BYTES);
}

static void put_atomic(struct program *p, uint32_t insn, const struct litmus_op *op, int32_t at)
{
    put(p, asm_i(OP_addi, T2, A0, at));
    put(p, insn | op->order << 25);
}

static void put_op(struct program *p, const struct litmus_op *op, unsigned thread, unsigned *loads)
{
    int32_t at = line_at(op->operand, thread);
    unsigned value = op->value == 1 ? A2 : A3;
    switch (op->action) {
    case STORE:
        put(p, asm_s(OP_sw, value, A0, at));
        break;
    case LOAD:
        put(p, asm_i(OP_lw, S2 + (*loads)++, A0, at));
        break;
    case FENCE:
        put(p, asm_n(OP_fence) | op->operand << 20);
        break;
    case SWAP:
        put_atomic(p, asm_r(OP_amoswap_w, S2 + (*loads)++, T2, value), op, at);
        break;
    case LR:
        put_atomic(p, asm_r(OP_lr_w, S2 + (*loads)++, T2, ZERO), op, at);
        break;
    case SC:
        put_atomic(p, asm_r(OP_sc_w, S2 + (*loads)++, T2, value), op, at);
        break;
    case NOTHING:
        break;
    }
}

static void put_thread(struct program *p, const struct litmus_op *ops, unsigned thread,
                       unsigned seed)
{
    unsigned loads = 0, round = p->count;
    put_li(p, T0, 0);
    put_wait(p);
    put(p, asm_s(OP_sw, ZERO, A0, line_at(OWN, thread)));
    put(p, asm_i(OP_andi, T1, S0, 1));
    unsigned cold = put(p, asm_b(OP_bne, T1, ZERO, 0));
    put(p, asm_i(OP_lw, ZERO, A0, X * VARIABLE_LINES * LINE_BYTES));
    put(p, asm_i(OP_lw, ZERO, A0, Y * VARIABLE_LINES * LINE_BYTES));
    land(p, cold);
    put_li(p, T0, PERIOD_CYCLES / 4);
    put_wait(p);
    put(p, asm_i(OP_andi, T1, S0, thread ? 0 : 6));
    put(p, asm_i(OP_addi, T1, T1, -6));
    unsigned theirs = put(p, asm_b(OP_bne, T1, ZERO, 0));
    put(p, asm_s(OP_sw, ZERO, A0, line_at(seed % 3 == 2 ? X : Y, thread)));
    land(p, theirs);
    put_li(p, T0, 37 + 24 * thread + 2 * seed); /* (rounds left) x something + something */
    put(p, asm_r(OP_mul, T0, T0, S0));
    put(p, asm_i(OP_addi, T0, T0, (int32_t)(seed * (5 + thread) % 128)));
    put(p, asm_i(OP_andi, T0, T0, thread ? 127 : 31));
    put(p, asm_i(OP_addi, T0, T0, PERIOD_CYCLES / 2));
    put_wait(p);
    put(p, asm_i(OP_andi, T1, S0, 4 << thread));
    unsigned idle = put(p, asm_b(OP_beq, T1, ZERO, 0));
    put(p, asm_s(OP_sw, ZERO, A0, line_at(OWN, thread) + BEHIND));
    land(p, idle);
    for (unsigned i = 0; i < LITMUS_OPS; i++) {
        put_op(p, &ops[i], thread, &loads);
        if (seed % 2)
            put_pause(p, 11 + 8 * thread + 2 * i);
    }
    for (unsigned i = 0; i < loads; i++)
        put(p, asm_s(OP_sw, S2 + i, A0, (int32_t)(RESULT + thread * LINE_BYTES + 4 * i)));
    put(p, asm_i(OP_addi, A0, A0, ROUND_BYTES - 1));
    put(p, asm_i(OP_addi, A0, A0, 1));
    put_li(p, T0, PERIOD_CYCLES);
    put(p, asm_r(OP_add, A1, A1, T0));
    put(p, asm_i(OP_addi, S0, S0, -1));
    unsigned out = put(p, asm_b(OP_beq, S0, ZERO, 0));
    put_jump(p, round);
    land(p, out);
    if (thread)
        put_sleep(p);
    put_li(p, T0, MACHINE_TOHOST); /* before the end, so that nothing is under way then */
    put(p, asm_i(OP_lw, ZERO, T0, 0));
    put_li(p, T0, PERIOD_CYCLES);
    put_wait(p);
    put_exit(p, 0);
}

static void put_litmus(struct program *p, const struct litmus *test, unsigned seed)
{
    put_csrr(p, S1, CSR_MHARTID);
    put_li(p, A0, MACHINE_DATA);
    put_li(p, A1, PERIOD_CYCLES);
    put_li(p, A2, 1);
    put_li(p, A3, 2);
    put_li(p, S0, ROUNDS);
    for (unsigned t = 0; t < LITMUS_THREADS; t++) {
        put(p, asm_i(OP_addi, T1, S1, -(int32_t)t));
        put(p, asm_b(OP_beq, T1, ZERO, 8));
        unsigned next = put(p, asm_j(ZERO, 0));
        put_thread(p, test->thread[t], t, seed);
        land(p, next);
    }
}

/* ---- outcomes ----------------------------------------------------------------------- */

static char digit_at(struct machine *m, paddr_t address)
{
    uint32_t value = 0;
    cr_assert(coherence_peek(m->chip->engine.coherence, address, &value, sizeof value),
              "%#llx is under way", (unsigned long long)address);
    cr_assert_lt(value, 10);
    return (char)('0' + value);
}

static void read_outcome(struct machine *m, const struct litmus *test, unsigned round, char *text)
{
    paddr_t base = MACHINE_DATA + (paddr_t)round * ROUND_BYTES;
    for (unsigned t = 0; t < LITMUS_THREADS; t++) {
        unsigned loads = 0;
        for (unsigned i = 0; i < LITMUS_OPS; i++)
            if (litmus_gives(&test->thread[t][i]))
                *text++ = digit_at(m, base + RESULT + t * LINE_BYTES + 4 * loads++);
    }
    for (unsigned v = 0; v < LITMUS_VARIABLES; v++)
        *text++ = digit_at(m, base + v * VARIABLE_LINES * LINE_BYTES);
    *text = '\0';
}

/* One run: adds what its rounds have shown. */
static void observe(const struct shape *shape, uint32_t store_buffer, const struct litmus *test,
                    unsigned seed, struct outcomes *seen)
{
    static struct machine m;
    struct error e = {0};
    char text[LITMUS_TEXT];
    machine_begin(&m, 2, 2);
    m.cfg.hart_store_buffer = store_buffer;
    m.cfg.sim_tile_order = (uint8_t)(seed % 3);
    m.cfg.sim_check = seed % 4 == 1;
    for (unsigned i = 0; i < SETTINGS && shape->setting[i]; i++)
        cr_assert(config_set(&m.cfg, shape->setting[i], shape->name, &e), "%s", e.text);
    put_litmus(&m.p, test, seed);
    cr_assert_eq(machine_run(&m), CHIP_EXIT, "%s: end %u", test->name, m.end);
    for (unsigned round = 0; round < ROUNDS; round++) {
        read_outcome(&m, test, round, text);
        outcomes_add(seen, text);
    }
    machine_end(&m);
}

static unsigned seeds(void)
{
    const char *given = getenv("LITMUS_SEEDS");
    return given ? (unsigned)strtoul(given, NULL, 10) : 1;
}

static void check_allowed(const char *machine, uint32_t store_buffer, const struct litmus *test,
                          const struct outcomes *seen, const struct outcomes *allowed)
{
    for (unsigned i = 0; i < seen->count; i++)
        cr_expect(outcomes_have(allowed, seen->text[i]), "%s, %u stores: %s shows %s", machine,
                  store_buffer, test->name, seen->text[i]);
}

static unsigned count_beyond(const struct outcomes *set, const struct outcomes *known)
{
    unsigned beyond = 0;
    for (unsigned i = 0; i < set->count; i++)
        beyond += !outcomes_have(known, set->text[i]);
    return beyond;
}

/* Every test on every machine; each test's outcomes on all of them together. */
static void check_model(const uint32_t *store_buffer, unsigned buffers)
{
    static struct outcomes seen, sequential, allowed;
    bool buffered = store_buffer[0] > 0;
    printf("%-26s allowed  seen   not sequentially consistent: allowed  seen\n", "");
    for (unsigned i = 0; i < LITMUS_TESTS; i++) {
        const struct litmus *test = &litmus_tests[i];
        litmus_allowed(test, false, &sequential);
        litmus_allowed(test, buffered, &allowed);
        struct outcomes all = {0};
        for (unsigned n = 0; n < SHAPES * buffers * seeds(); n++) {
            const struct shape *shape = &shapes[n % SHAPES];
            uint32_t stores = store_buffer[n / SHAPES % buffers];
            seen.count = 0;
            observe(shape, stores, test, n, &seen);
            check_allowed(shape->name, stores, test, &seen, &allowed);
            for (unsigned k = 0; k < seen.count; k++)
                outcomes_add(&all, seen.text[k]);
        }
        unsigned more = count_beyond(&allowed, &sequential);
        printf("%-26s %7u %5u %37u %5u\n", test->name, allowed.count, all.count, more,
               count_beyond(&all, &sequential));
        cr_expect_gt(all.count, 1, "%s: one outcome only", test->name);
        if (more)
            cr_expect_gt(count_beyond(&all, &sequential), 0, "%s shows no buffer", test->name);
    }
}

Test(litmus, without_store_buffers_everything_is_sequentially_consistent)
{
    check_model((const uint32_t[]){0}, 1);
}

Test(litmus, store_buffers_show_total_store_order)
{
    check_model((const uint32_t[]){4, 2, 16}, 3);
}

/* ---- the models --------------------------------------------------------------------------- */

/* The outcomes that the literature names each test for. */
static const struct named {
    const char *test, *outcome;
    bool sequential, tso;
} named[] = {
    {"SB", "0011", false, true},
    {"SB+fence rw,rw", "0011", false, false},
    {"SB+fence.tso", "0011", false, true},
    {"SB+rfi", "101011", false, true},
    {"SB+amos", "000011", false, false},
    {"R", "012", false, true},
    {"R+fences", "012", false, false},
    {"MP", "1011", false, false},
    {"LB", "1111", false, false},
    {"S", "121", false, false},
    {"CoRR", "1010", false, false},
    {"2+2W", "11", false, false},
    {"2+2W", "22", true, true},
    {"WRC", "11011", false, false},
    {"RWC", "10011", false, true},
    {"RWC+fences", "10011", false, false},
    {"IRIW", "101011", false, false},
    {"IRIW", "111111", true, true},
    {"lr-sc against a store", "012210", false, false},
};

Test(litmus_models, tell_the_named_outcomes_apart)
{
    static struct outcomes sequential, tso;
    for (unsigned n = 0; n < sizeof named / sizeof named[0]; n++) {
        unsigned i = 0;
        while (strcmp(litmus_tests[i].name, named[n].test) != 0)
            cr_assert_lt(++i, LITMUS_TESTS, "%s", named[n].test);
        litmus_allowed(&litmus_tests[i], false, &sequential);
        litmus_allowed(&litmus_tests[i], true, &tso);
        cr_assert_eq(strlen(named[n].outcome), strlen(tso.text[0]), "%s", named[n].test);
        cr_expect_eq(outcomes_have(&sequential, named[n].outcome), named[n].sequential, "%s",
                     named[n].test);
        cr_expect_eq(outcomes_have(&tso, named[n].outcome), named[n].tso, "%s", named[n].test);
        cr_expect_eq(count_beyond(&sequential, &tso), 0, "%s", named[n].test);
    }
}
