/*
 * Litmus tests: small programs whose outcomes tell memory models apart
 * (unprivileged architecture, "Formal Memory Model Specifications"; the names are
 * those of the literature).  Each runs for many rounds, every one on fresh lines
 * and with other delays between the threads; every second round the threads have
 * read all variables before, so that loads hit and stores must invalidate; in a
 * quarter of all thread 0 owns Y, so that its store to Y is quicker than that to X.
 *
 *     round    |-- all wait for its cycle --|-- read --|-- own --|-- delay --|-- the test --|
 *
 * An outcome is what the loads have seen and what memory holds in the end.
 */
#include "sim/chip/tests/machine.h"

enum {
    THREADS = 4,
    OPS_MAX = 5,
    VARIABLES = 2,
    ROUNDS = 128,
    PERIOD_CYCLES = 3000,
    ROUND_BYTES = 2048,
    VARIABLE_LINES = 5, /* from one variable to the next */
    RESULT = 1024       /* of a round's bytes: a line a thread, one word a load */
};

enum action { NOTHING, STORE, LOAD, FENCE, SWAP };
struct op {
    enum action action;
    unsigned operand; /* variable; FENCE: its operands */
    unsigned value;   /* STORE, SWAP */
};
enum { X, Y, OWN }; /* OWN: a line that no other thread uses */
#define ST(variable, value)                                                                        \
    {                                                                                              \
        STORE, variable, value                                                                     \
    }
#define LD(variable)                                                                               \
    {                                                                                              \
        LOAD, variable, 0                                                                          \
    }
#define FN(operands)                                                                               \
    {                                                                                              \
        FENCE, operands, 0                                                                         \
    }
#define SW(variable, value)                                                                        \
    {                                                                                              \
        SWAP, variable, value                                                                      \
    }

#define RW_RW (FENCE_BEFORE_R | FENCE_BEFORE_W | FENCE_AFTER_R | FENCE_AFTER_W)
#define W_R   (FENCE_BEFORE_W | FENCE_AFTER_R)
#define W_W   (FENCE_BEFORE_W | FENCE_AFTER_W)

/* An outcome is written as digits: the loads thread by thread, then the variables. */
static const struct litmus {
    const char *name;
    struct op thread[THREADS][OPS_MAX];
    const char *outcome; /* '.' = any value */
    bool tso;            /* total store order allows it; sequential consistency never does */
} tests[] = {
    {"SB", {{ST(X, 1), LD(Y)}, {ST(Y, 1), LD(X)}}, "00..", true},
    {"SB+rfi", {{ST(X, 1), LD(X), LD(Y)}, {ST(Y, 1), LD(Y), LD(X)}}, "1010..", true},
    {"SB+fence.tso",
     {{ST(X, 1), FN(FENCE_TSO), LD(Y)}, {ST(Y, 1), FN(FENCE_TSO), LD(X)}},
     "00..",
     true},
    {"SB+fence w,w", {{ST(X, 1), FN(W_W), LD(Y)}, {ST(Y, 1), FN(W_W), LD(X)}}, "00..", true},
    {"SB+fence rw,rw", {{ST(X, 1), FN(RW_RW), LD(Y)}, {ST(Y, 1), FN(RW_RW), LD(X)}}, "00..", false},
    {"SB+fence w,r", {{ST(X, 1), FN(W_R), LD(Y)}, {ST(Y, 1), FN(W_R), LD(X)}}, "00..", false},
    {"SB+rfi+fence",
     {{ST(X, 1), LD(X), FN(W_R), LD(Y)}, {ST(Y, 1), LD(Y), FN(W_R), LD(X)}},
     "1010..",
     false},
    {"SB+amos", {{SW(X, 1), LD(Y)}, {SW(Y, 1), LD(X)}}, "00..", false},
    {"SB, amo between",
     {{ST(X, 1), SW(OWN, 1), LD(Y)}, {ST(Y, 1), SW(OWN, 1), LD(X)}},
     "00..",
     false},
    {"R", {{ST(X, 1), ST(Y, 1)}, {ST(Y, 2), LD(X)}}, "0.2", true},
    {"MP", {{ST(X, 1), ST(Y, 1)}, {LD(Y), LD(X)}}, "10..", false},
    {"LB", {{LD(X), ST(Y, 1)}, {LD(Y), ST(X, 1)}}, "11..", false},
    {"S", {{ST(X, 2), ST(Y, 1)}, {LD(Y), ST(X, 1)}}, "12.", false},
    {"CoRR", {{ST(X, 1)}, {LD(X), LD(X)}}, "10..", false},
    {"CoRW", {{LD(X), ST(X, 1)}, {ST(X, 2)}}, "22.", false},
    {"CoWW", {{ST(X, 1), ST(X, 2)}, {LD(X)}}, ".1.", false},
    {"CoWR", {{ST(X, 1), LD(X)}, {ST(X, 2)}}, "0..", false},
    {"2+2W", {{ST(X, 1), ST(Y, 2)}, {ST(Y, 1), ST(X, 2)}}, "11", false},
    {"WRC", {{ST(X, 1)}, {LD(X), ST(Y, 1)}, {LD(Y), LD(X)}}, "110..", false},
    {"IRIW", {{ST(X, 1)}, {ST(Y, 1)}, {LD(X), LD(Y)}, {LD(Y), LD(X)}}, "1010..", false},
};
enum { TESTS = sizeof tests / sizeof tests[0] };

/* ---- the program ------------------------------------------------------------------ */

/* a0 this round's lines, a1 the cycle in which it begins, s0 rounds left, s1 this thread */

/* Waits until cycle a1 + t0. */
static void put_wait(struct program *p)
{
    put(p, asm_r(OP_add, T0, T0, A1));
    unsigned again = put_csrr(p, T1, CSR_MCYCLE);
    put_branch(p, OP_bltu, T1, T0, again);
}

static void put_op(struct program *p, const struct op *op, unsigned thread, unsigned *loads)
{
    unsigned line = op->operand == OWN ? 2 * VARIABLE_LINES + thread : op->operand * VARIABLE_LINES;
    int32_t at = (int32_t)(line * LINE_BYTES);
    switch (op->action) {
    case STORE:
        put(p, asm_s(OP_sw, op->value == 1 ? A2 : A3, A0, at));
        break;
    case LOAD:
        put(p, asm_i(OP_lw, S2 + (*loads)++, A0, at));
        break;
    case FENCE:
        put(p, asm_n(OP_fence) | op->operand << 20);
        break;
    case SWAP:
        put(p, asm_i(OP_addi, T2, A0, at));
        put(p, asm_r(OP_amoswap_w, ZERO, T2, op->value == 1 ? A2 : A3));
        break;
    case NOTHING:
        break;
    }
}

static void put_thread(struct program *p, const struct op *ops, unsigned thread)
{
    unsigned loads = 0, round = p->count;
    static const struct op own = SW(OWN, 1);
    put_li(p, T0, 0);
    put_wait(p);
    put_op(p, &own, thread, &loads);
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
    put(p, asm_s(OP_sw, ZERO, A0, Y * VARIABLE_LINES * LINE_BYTES));
    land(p, theirs);
    put_li(p, T0, 37 + 24 * thread); /* (rounds left) x something, modulo 128 */
    put(p, asm_r(OP_mul, T0, T0, S0));
    put(p, asm_i(OP_andi, T0, T0, thread ? 127 : 31));
    put(p, asm_i(OP_addi, T0, T0, PERIOD_CYCLES / 2));
    put_wait(p);
    for (unsigned i = 0; i < OPS_MAX; i++)
        put_op(p, &ops[i], thread, &loads);
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
    put_li(p, T0, PERIOD_CYCLES);
    put_wait(p);
    put_exit(p, 0);
}

static void put_litmus(struct program *p, const struct litmus *test)
{
    put_csrr(p, S1, CSR_MHARTID);
    put_li(p, A0, MACHINE_DATA);
    put_li(p, A1, PERIOD_CYCLES);
    put_li(p, A2, 1);
    put_li(p, A3, 2);
    put_li(p, S0, ROUNDS);
    for (unsigned t = 0; t < THREADS; t++) {
        put(p, asm_i(OP_addi, T1, S1, -(int32_t)t));
        put(p, asm_b(OP_beq, T1, ZERO, 8));
        unsigned next = put(p, asm_j(ZERO, 0));
        put_thread(p, test->thread[t], t);
        land(p, next);
    }
}

/* ---- outcomes ----------------------------------------------------------------------- */

static char digit_at(struct machine *m, paddr_t address)
{
    uint32_t value = 0;
    cr_assert(coherence_peek(m->chip->engine.coherence, address, &value, sizeof value));
    cr_assert_lt(value, 10);
    return (char)('0' + value);
}

static void read_outcome(struct machine *m, const struct litmus *test, unsigned round, char *text)
{
    paddr_t base = MACHINE_DATA + (paddr_t)round * ROUND_BYTES;
    for (unsigned t = 0; t < THREADS; t++) {
        unsigned loads = 0;
        for (unsigned i = 0; i < OPS_MAX; i++)
            if (test->thread[t][i].action == LOAD)
                *text++ = digit_at(m, base + RESULT + t * LINE_BYTES + 4 * loads++);
    }
    for (unsigned v = 0; v < VARIABLES; v++)
        *text++ = digit_at(m, base + v * VARIABLE_LINES * LINE_BYTES);
    *text = '\0';
}

static bool matches(const char *outcome, const char *pattern)
{
    cr_assert_eq(strlen(outcome), strlen(pattern), "%s for %s", outcome, pattern);
    for (; *pattern; outcome++, pattern++)
        if (*pattern != '.' && *pattern != *outcome)
            return false;
    return true;
}

/* Caches behind the L1Ds, where a test wants them. */
static uint32_t l2_kib, llc_kib;

/* Rounds with the outcome that the test is about. */
static unsigned count_outcomes(const struct litmus *test, uint32_t store_buffer, uint8_t order,
                               bool check)
{
    static struct machine m;
    char text[THREADS * OPS_MAX + VARIABLES + 1];
    unsigned seen = 0;
    machine_begin(&m, 2, 2);
    m.cfg.hart_store_buffer = store_buffer;
    m.cfg.sim_tile_order = order;
    m.cfg.sim_check = check;
    m.cfg.l2_kib = l2_kib;
    m.cfg.llc_kib = llc_kib;
    put_litmus(&m.p, test);
    cr_assert_eq(machine_run(&m), CHIP_EXIT, "%s: end %u", test->name, m.end);
    for (unsigned round = 0; round < ROUNDS; round++) {
        read_outcome(&m, test, round, text);
        seen += matches(text, test->outcome);
    }
    machine_end(&m);
    return seen;
}

Test(litmus, without_store_buffers_everything_is_sequentially_consistent)
{
    for (unsigned i = 0; i < TESTS; i++)
        cr_expect_eq(count_outcomes(&tests[i], 0, 0, false), 0, "%s", tests[i].name);
}

/* What the model allows must be seen too: a buffer that is none would pass otherwise. */
static void check_tso(uint32_t store_buffer, uint8_t order, bool check)
{
    for (unsigned i = 0; i < TESTS; i++) {
        unsigned seen = count_outcomes(&tests[i], store_buffer, order, check);
        if (tests[i].tso)
            cr_expect_gt(seen, 0, "%s, %u stores: never seen", tests[i].name, store_buffer);
        else
            cr_expect_eq(seen, 0, "%s, %u stores: %u times", tests[i].name, store_buffer, seen);
    }
}

Test(litmus, store_buffers_show_total_store_order)
{
    check_tso(4, 0, false);
}

Test(litmus, buffers_of_two_stores_show_it_too)
{
    check_tso(2, 1, false);
}

Test(litmus, large_buffers_show_it_under_the_checker)
{
    check_tso(16, 2, true);
}

Test(litmus, caches_behind_the_l1ds_change_nothing)
{
    l2_kib = 16;
    llc_kib = 1;
    for (unsigned i = 0; i < TESTS; i++)
        cr_expect_eq(count_outcomes(&tests[i], 0, 0, false), 0, "%s", tests[i].name);
    check_tso(4, 1, false);
}
