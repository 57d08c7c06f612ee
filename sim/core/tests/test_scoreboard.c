/*
 * When a result is waited for.  Small programs whose cycles were worked out by
 * hand run at every place of a line, so that each of them also meets the line's
 * end and instructions that straddle it, and in slices of every length.  Random
 * programs are held against a scoreboard of a few plain lines, written here.
 */
#include "sim/base/rng.h"
#include "sim/core/tests/flat.h"

static struct flat *flat;
static struct hart *h;
static struct rng rng;

static void create(void)
{
    flat = flat_create(FLAT_FAST);
    h = &flat->hart;
    rng = rng_stream(21, 0);
}

static void destroy(void)
{
    flat_destroy(flat);
}

TestSuite(scoreboard, .init = create, .fini = destroy);

/* Latencies that differ from each other, so that none can stand for another. */
enum { LOAD = 4, MUL = 5, DIV = 31, MISPREDICT = 7, TRAP = 11, CSR = 3, AMO = 6 };

static void set_latencies(uint32_t load, uint32_t mul, uint32_t div, uint32_t trap)
{
    struct config *cfg = &flat->cfg;
    cfg->hart_load_use_cycles = load;
    cfg->hart_mul_cycles = mul;
    cfg->hart_div_cycles = div;
    cfg->hart_trap_cycles = trap;
    cfg->hart_mispredict_cycles = MISPREDICT;
    cfg->hart_csr_cycles = CSR;
    cfg->hart_amo_cycles = AMO;
}

/* ---- programs worked out by hand ------------------------------------------------ */

enum { WORDS_MAX = 16 };

struct program_run {
    uint32_t word[WORDS_MAX]; /* up to the first 0 */
    uint32_t handler[4];      /* where traps and mret go */
    cycle_t cycles;           /* issue cycle of the instruction behind the last */
    uint64_t data_use, multiply;
    cycle_t timer_at; /* 0: no interrupt */
};

static unsigned count_of(const uint32_t *word)
{
    unsigned count = 0;
    while (count < WORDS_MAX && word[count])
        count++;
    return count;
}

static void put_behind(uint64_t at, const uint32_t *word, unsigned count)
{
    uint32_t stop = flat_stop();
    flat_store(flat, at, word, 4 * (size_t)count);
    flat_store(flat, at + 4 * (uint64_t)count, &stop, sizeof stop);
}

static void run_at(const struct program_run *p, uint64_t at, cycle_t slice)
{
    flat_reset(flat);
    put_behind(at, p->word, count_of(p->word));
    put_behind(FLAT_TRAP, p->handler, count_of(p->handler));
    port_fence_i(h);
    h->pc = at;
    h->mepc = FLAT_TRAP;
    h->mstatus = MSTATUS_MIE | MSTATUS_MPP;
    h->mie = UINT64_C(1) << IRQ_MTIP;
    if (p->timer_at)
        h->timer_at = p->timer_at;
    h->x[T0] = FLAT_DATA;
    h->x[T3] = 3;
    flat_run(flat, slice);
}

static void check_program(const struct program_run *p, const char *name)
{
    for (uint64_t at = FLAT_CODE + 64; at < FLAT_CODE + 128; at += 2)
        for (cycle_t slice = 1; slice <= 21; slice++) {
            run_at(p, at, slice <= 20 ? slice : 1000);
            cr_assert_eq(h->cycle, p->cycles, "%s at +%u in slices of %u: %llu cycles, not %llu",
                         name, (unsigned)(at % 64), (unsigned)slice, (unsigned long long)h->cycle,
                         (unsigned long long)p->cycles);
            cr_assert_eq(h->stall[STALL_data_use], p->data_use, "%s: data_use %llu", name,
                         (unsigned long long)h->stall[STALL_data_use]);
            cr_assert_eq(h->stall[STALL_multiply], p->multiply, "%s: multiply %llu", name,
                         (unsigned long long)h->stall[STALL_multiply]);
        }
}

#define CHECK(...)  check_program(&(struct program_run)__VA_ARGS__, #__VA_ARGS__)
#define USE(rd, rs) asm_r(OP_add, rd, rs, ZERO)

Test(scoreboard, a_result_is_waited_for_at_any_distance)
{
    static const struct {
        enum insn_op op;
        bool load;
    } producers[] = {{OP_mul, false}, {OP_mulhu, false}, {OP_remw, false}, {OP_lbu, true}};
    set_latencies(LOAD, MUL, 8, TRAP);
    const cycle_t latency[] = {MUL, MUL, 8, LOAD};
    for (unsigned k = 0; k < sizeof producers / sizeof producers[0]; k++)
        for (unsigned between = 0; between < 9; between++) {
            struct program_run p = {.cycles = 0};
            p.word[0] = producers[k].load ? asm_i(producers[k].op, T1, T0, 0)
                                          : asm_r(producers[k].op, T1, T3, T3);
            for (unsigned n = 0; n < between; n++)
                p.word[1 + n] = asm_nop();
            p.word[1 + between] = asm_r(OP_add, T2, T3, T1);
            uint64_t wait = latency[k] > between + 1 ? latency[k] - between - 1 : 0;
            p.cycles = between + 2 + wait;
            p.data_use = producers[k].load ? wait : 0;
            p.multiply = producers[k].load ? 0 : wait;
            check_program(&p, insn_name(producers[k].op));
        }
}

Test(scoreboard, every_load_use_latency_is_exact)
{
    for (uint32_t load = 1; load <= 8; load++) {
        set_latencies(load, MUL, DIV, 1);
        cycle_t wait = load - 1, less = load > 2 ? load - 2 : 0;
        CHECK({{asm_i(OP_ld, T1, T0, 0), USE(T2, T1)}, .cycles = 2 + wait, .data_use = wait});
        CHECK({{asm_i(OP_ld, T1, T0, 0), asm_i(OP_ld, T2, T0, 8), USE(T2, T1)},
               .cycles = 3 + wait,
               .data_use = wait});
        CHECK({{asm_i(OP_ld, T1, T0, 0), asm_j(ZERO, 8), asm_nop(), USE(T2, T1)},
               .cycles = 3 + less,
               .data_use = less});
        CHECK({{asm_r(OP_lr_w, T1, T0, ZERO), asm_nop(), USE(T2, T1)},
               .cycles = 3 + less,
               .data_use = less});
    }
}

Test(scoreboard, the_multiplier_takes_a_pair_a_cycle_and_the_divider_one_at_a_time)
{
    set_latencies(LOAD, MUL, DIV, TRAP);
    const uint32_t mul = asm_r(OP_mul, T1, T3, T3), mulh = asm_r(OP_mulh, T2, T3, T3);
    const uint32_t div = asm_r(OP_div, T1, T3, T3), rem = asm_r(OP_rem, T2, T3, T3);
    CHECK({{mul, mulh}, .cycles = 2});
    CHECK({{mul, mulh, asm_r(OP_add, T4, T1, T2)}, .cycles = 7, .multiply = 4});
    CHECK({{mul, mulh, USE(T4, T1), USE(T4, T2)}, .cycles = 7, .multiply = 3});
    CHECK({{div, rem}, .cycles = DIV + 1, .multiply = DIV - 1});
    CHECK({{div, mulh}, .cycles = 2});
    CHECK({{div, mulh, rem}, .cycles = DIV + 1, .multiply = DIV - 2});
    CHECK({{asm_r(OP_divu, ZERO, T3, T3), asm_nop(), rem}, .cycles = DIV + 1, .multiply = DIV - 2});
    CHECK({{asm_r(OP_divu, ZERO, T3, T3), asm_s(OP_sd, T3, T0, 0), USE(T1, T3)}, .cycles = 3});
    CHECK({{asm_r(OP_mul, ZERO, T3, T3), USE(T1, ZERO)}, .cycles = 2});
}

Test(scoreboard, a_register_is_written_in_order)
{
    set_latencies(LOAD, MUL, DIV, TRAP);
    const uint32_t mul = asm_r(OP_mul, T1, T3, T3), load = asm_i(OP_lw, T1, T0, 0);
    CHECK({{mul, asm_i(OP_addi, T1, ZERO, 1)}, .cycles = MUL + 1, .multiply = MUL - 1});
    CHECK({{mul, mul, USE(T2, T1)}, .cycles = 2 * MUL + 1, .multiply = 2 * (MUL - 1)});
    CHECK({{mul, asm_nop(), load}, .cycles = MUL + 1, .multiply = MUL - 2});
    CHECK({{load, asm_nop(), asm_u(OP_lui, T1, 1)}, .cycles = LOAD + 1, .data_use = LOAD - 2});
    CHECK({{asm_i(OP_lw, ZERO, T0, 0), USE(T1, ZERO)}, .cycles = 2});
}

Test(scoreboard, loads_are_waited_for_first)
{
    set_latencies(LOAD, MUL, DIV, TRAP);
    const uint32_t load = asm_i(OP_ld, T1, T0, 0);
    CHECK({{load, asm_r(OP_mul, T2, T1, T3), USE(T4, T2)},
           .cycles = LOAD + MUL + 1,
           .data_use = LOAD - 1,
           .multiply = MUL - 1});
    CHECK({{load, asm_r(OP_mul, T2, T3, T3), asm_r(OP_add, T4, T2, T1)},
           .cycles = 7,
           .data_use = 2,
           .multiply = 2});
    CHECK(
        {{asm_r(OP_mul, T2, T3, T3), load, asm_r(OP_add, T4, T2, T1)}, .cycles = 6, .data_use = 3});
    CHECK({{asm_r(OP_div, T2, T3, T3), load, asm_r(OP_rem, T4, T1, T1)},
           .cycles = DIV + 1,
           .data_use = 3,
           .multiply = DIV - 5});
}

Test(scoreboard, what_is_pending_stays_so_through_jumps)
{
    set_latencies(LOAD, MUL, DIV, TRAP);
    const uint32_t div = asm_r(OP_div, T1, T3, T3), load = asm_i(OP_ld, T1, T0, 0);
    CHECK({{div, asm_j(ZERO, 8), asm_nop(), USE(T2, T1)}, .cycles = DIV + 1, .multiply = DIV - 2});
    CHECK({{div, asm_j(ZERO, 8), asm_nop(), asm_nop()}, .cycles = 3});
    CHECK({{load, asm_b(OP_beq, ZERO, ZERO, 8), asm_nop(), USE(T2, T1)}, .cycles = 3 + MISPREDICT});
    CHECK({{div, asm_b(OP_beq, ZERO, ZERO, 8), asm_nop(), USE(T2, T1)},
           .cycles = DIV + 1,
           .multiply = DIV - 2 - MISPREDICT});
    CHECK({{load, asm_b(OP_bne, T1, T1, 8)}, .cycles = LOAD + 1, .data_use = LOAD - 1});
    CHECK(
        {{load, asm_b(OP_bne, T3, T3, 8), USE(T2, T1)}, .cycles = LOAD + 1, .data_use = LOAD - 2});
    /* Back over a jump, to the use and out again. */
    CHECK({{asm_j(ZERO, 12), USE(T2, T1), asm_j(ZERO, 12), asm_r(OP_mul, T1, T3, T3),
            asm_j(ZERO, -12)},
           .cycles = MUL + 3,
           .multiply = MUL - 2});
    /* The target comes from the register that is pending. */
    CHECK({{asm_u(OP_auipc, T4, 0), asm_r(OP_mul, T5, T3, ZERO), asm_r(OP_add, T4, T4, T5),
            asm_i(OP_jalr, RA, T4, 16)},
           .cycles = 1 + MUL + 2 + MISPREDICT,
           .multiply = MUL - 1});
}

/* T1 is register 6, and a jal in the line's first halfwords keeps a 6 in its record. */
Test(scoreboard, numbers_are_no_registers)
{
    set_latencies(LOAD, MUL, DIV, TRAP);
    const uint32_t div = asm_r(OP_div, T1, T3, T3), div_ra = asm_r(OP_div, RA, T3, T3);
    CHECK({{div, asm_i(OP_csrrwi, ZERO, T1, 0x340)}, .cycles = 1 + CSR});
    CHECK({{div, asm_i(OP_csrrw, ZERO, T1, 0x340)}, .cycles = DIV + CSR, .multiply = DIV - 1});
    CHECK({{div, asm_j(RA, 4), asm_j(RA, 4), asm_j(RA, 4)}, .cycles = 4});
    CHECK({{div_ra, asm_b(OP_bne, ZERO, ZERO, -4)}, .cycles = 2 + MISPREDICT});
    CHECK({{div, asm_s(OP_sd, ZERO, T0, T1)}, .cycles = 2});
    CHECK({{div, asm_i(OP_csrrs, T2, ZERO, 0xb00)}, .cycles = 1 + CSR});
    cr_assert_eq(h->x[T2], 1, "the cycle of its issue");
}

Test(scoreboard, atomics_stores_and_csrs_wait_for_their_operands)
{
    set_latencies(LOAD, MUL, DIV, TRAP);
    const uint32_t mul = asm_r(OP_mul, T1, T3, T3);
    CHECK({{mul, asm_s(OP_sd, T1, T0, 8)}, .cycles = MUL + 1, .multiply = MUL - 1});
    CHECK({{mul, asm_r(OP_amoadd_d, T2, T0, T1), USE(T4, T2)},
           .cycles = MUL + AMO + 1,
           .multiply = MUL - 1});
    CHECK({{mul, asm_r(OP_amoadd_d, T1, T0, T3)}, .cycles = MUL + AMO, .multiply = MUL - 1});
    CHECK({{mul, asm_i(OP_csrrs, T2, T1, 0x340)}, .cycles = MUL + CSR, .multiply = MUL - 1});
    CHECK({{asm_r(OP_lr_d, T1, T0, ZERO), asm_r(OP_sc_d, T2, T0, T1)},
           .cycles = LOAD + AMO,
           .data_use = LOAD - 1});
}

Test(scoreboard, what_is_pending_stays_so_through_traps_and_returns)
{
    const uint32_t div = asm_r(OP_div, T1, T3, T3), load = asm_i(OP_ld, T1, T0, 0);
    const uint32_t ecall = asm_n(OP_ecall), mret = asm_n(OP_mret), store = asm_s(OP_sd, T3, T0, 0);
    set_latencies(LOAD, MUL, DIV, TRAP);
    CHECK({{div, ecall}, {USE(T2, T1)}, .cycles = DIV + 1, .multiply = DIV - 1 - TRAP});
    CHECK({{div, mret}, {USE(T2, T1)}, .cycles = DIV + 1, .multiply = DIV - 2 - TRAP});
    CHECK({{div, store},
           {USE(T2, T1)},
           .timer_at = 1,
           .cycles = DIV + 1,
           .multiply = DIV - 1 - TRAP});
    CHECK({{load, ecall}, {USE(T2, T1)}, .cycles = 2 + TRAP});
    /* A trap so short that what nothing behind it would want too early comes too late. */
    set_latencies(8, MUL, DIV, 1);
    CHECK({{load, ecall}, {USE(T2, T1)}, .cycles = 9, .data_use = 6});
    CHECK({{load, asm_nop(), ecall}, {USE(T2, T1)}, .cycles = 9, .data_use = 5});
    CHECK({{load, store, asm_nop(), asm_nop(), asm_nop(), asm_nop(), asm_nop(), asm_nop()},
           {USE(T2, T1)},
           .timer_at = 1,
           .cycles = 9,
           .data_use = 6});
    CHECK({{load, mret}, {USE(T2, T1)}, .cycles = 9, .data_use = 5});
    /* The instruction that waits is interrupted when it would issue. */
    CHECK(
        {{load, asm_s(OP_sd, T1, T0, 0)}, {asm_nop()}, .timer_at = 3, .cycles = 10, .data_use = 7});
}

/* ---- random programs, held against a plain model ------------------------------------ */

enum { STEPS_MAX = 160 };

enum step_kind { PLAIN, LOADS, MULTIPLIES, DIVIDES, FORWARD, BACKWARD, INDIRECT };

struct step {
    uint8_t kind;
    uint8_t bytes;
    uint8_t rd, rs1, rs2; /* 0: none */
    bool taken;           /* FORWARD */
    uint8_t rounds;       /* BACKWARD */
    unsigned target;      /* FORWARD, BACKWARD: index */
    uint32_t word;
};

static struct step steps[STEPS_MAX + 16];
static unsigned step_count;

static struct step *add_step(enum step_kind kind, uint32_t word, unsigned rd, unsigned rs1,
                             unsigned rs2)
{
    struct step *s = &steps[step_count++];
    *s = (struct step){.kind = (uint8_t)kind,
                       .bytes = 4,
                       .rd = (uint8_t)rd,
                       .rs1 = (uint8_t)rs1,
                       .rs2 = (uint8_t)rs2,
                       .word = word};
    return s;
}

static unsigned any_register(void)
{
    static const uint8_t registers[] = {ZERO, T1, T2, A0, A1, A2, A3, A4, RA};
    return registers[rng_below(&rng, sizeof registers)];
}

static void add_random_step(void)
{
    static const enum insn_op plain[] = {OP_add, OP_sub, OP_xor, OP_sltu, OP_sllw, OP_max};
    static const enum insn_op mul[] = {OP_mul, OP_mulh, OP_mulhsu, OP_mulhu, OP_mulw};
    static const enum insn_op div[] = {OP_div, OP_remu, OP_divw, OP_rem};
    static const enum insn_op loads[] = {OP_lb, OP_lhu, OP_lw, OP_ld};
    unsigned rd = any_register(), rs1 = any_register(), rs2 = any_register();
    int32_t offset = 8 * (int32_t)rng_below(&rng, 200);
    bool taken = rng_below(&rng, 2);
    switch (rng_below(&rng, 12)) {
    default:
        add_step(PLAIN, asm_r(plain[rng_below(&rng, 6)], rd, rs1, rs2), rd, rs1, rs2);
        break;
    case 1:
    case 2:
        add_step(MULTIPLIES, asm_r(mul[rng_below(&rng, 5)], rd, rs1, rs2), rd, rs1, rs2);
        break;
    case 3:
        add_step(DIVIDES, asm_r(div[rng_below(&rng, 4)], rd, rs1, rs2), rd, rs1, rs2);
        break;
    case 4:
    case 5:
        add_step(LOADS, asm_i(loads[rng_below(&rng, 4)], rd, T0, offset), rd, T0, 0);
        break;
    case 6:
        add_step(PLAIN, asm_s(OP_sd, rs2, T0, offset), 0, T0, rs2);
        break;
    case 7:
        add_step(PLAIN, 0x0001, 0, 0, 0)->bytes = 2; /* c.nop */
        break;
    case 8: {
        struct step *s = add_step(FORWARD, asm_b(taken ? OP_beq : OP_bne, rs1, rs1, 0), 0, rs1, 0);
        s->taken = taken;
        s->target = step_count + rng_below(&rng, 6);
        break;
    }
    case 9:
        add_step(PLAIN, asm_u(OP_auipc, T5, 0), T5, 0, 0);
        add_step(INDIRECT, asm_i(OP_jalr, rd, T5, 8), rd, T5, 0);
        break;
    }
}

/* A straight line in which every jump leads on, around itself `rounds` times. */
static void random_steps(unsigned rounds)
{
    step_count = 0;
    add_step(PLAIN, asm_i(OP_addi, S1, ZERO, (int32_t)rounds), S1, 0, 0);
    unsigned length = 1 + rng_below(&rng, STEPS_MAX - 8);
    while (step_count < length)
        add_random_step();
    for (unsigned n = 0; n < step_count; n++)
        if (steps[n].kind == FORWARD && steps[n].target > step_count)
            steps[n].target = step_count;
    add_step(PLAIN, asm_i(OP_addi, S1, S1, -1), S1, S1, 0);
    struct step *back = add_step(BACKWARD, asm_b(OP_bne, S1, ZERO, 0), 0, S1, 0);
    back->rounds = (uint8_t)rounds;
    back->target = 1;
}

/* A jump between an auipc and its jalr would take the address of an older one. */
static void land_on_pairs(void)
{
    for (unsigned n = 0; n < step_count; n++)
        if (steps[n].kind == FORWARD && steps[steps[n].target].kind == INDIRECT)
            steps[n].target--;
}

static void write_steps(uint64_t at)
{
    static uint64_t address[STEPS_MAX + 16];
    uint32_t stop = flat_stop();
    for (unsigned n = 0; n < step_count; n++) {
        address[n] = at;
        at += steps[n].bytes;
    }
    flat_store(flat, at, &stop, sizeof stop);
    for (unsigned n = 0; n < step_count; n++) {
        uint32_t word = steps[n].word;
        if (steps[n].kind == FORWARD || steps[n].kind == BACKWARD)
            word = (word & 0x01fff07f) |
                   (asm_b(OP_beq, 0, 0, (int32_t)(address[steps[n].target] - address[n])) &
                    0xfe000f80);
        flat_store(flat, address[n], &word, steps[n].bytes);
    }
}

struct model {
    cycle_t now, data_use, multiply;
    cycle_t ready[32], divider_free;
    bool loaded[32]; /* the latest result is a load's */
};

static void wait_until(cycle_t *now, cycle_t *charge, cycle_t ready)
{
    if (ready > *now) {
        *charge += ready - *now;
        *now = ready;
    }
}

/* One instruction issues. */
static void model_issue(struct model *m, const struct step *s)
{
    const unsigned regs[] = {s->rs1, s->rs2, s->rd};
    for (unsigned k = 0; k < 3; k++)
        if (m->loaded[regs[k]])
            wait_until(&m->now, &m->data_use, m->ready[regs[k]]);
    for (unsigned k = 0; k < 3; k++)
        wait_until(&m->now, &m->multiply, m->ready[regs[k]]);
    if (s->kind == DIVIDES) {
        wait_until(&m->now, &m->multiply, m->divider_free);
        m->divider_free = m->now + flat->cfg.hart_div_cycles;
    }
    if (s->rd) {
        m->ready[s->rd] = m->now + (s->kind == LOADS        ? flat->cfg.hart_load_use_cycles
                                    : s->kind == MULTIPLIES ? flat->cfg.hart_mul_cycles
                                    : s->kind == DIVIDES    ? flat->cfg.hart_div_cycles
                                                            : 1);
        m->loaded[s->rd] = s->kind == LOADS;
    }
    m->now++;
}

static struct model model_run(void)
{
    struct model m = {.now = 0};
    unsigned round = 1;
    for (unsigned n = 0; n < step_count;) {
        const struct step *s = &steps[n];
        model_issue(&m, s);
        bool taken = s->kind == FORWARD ? s->taken : s->kind == BACKWARD && round++ < s->rounds;
        if (s->kind == INDIRECT || (s->kind == FORWARD && taken) || (s->kind == BACKWARD && !taken))
            m.now += MISPREDICT;
        n = taken ? s->target : n + 1;
    }
    return m;
}

static void check_model(cycle_t slice)
{
    struct model m = model_run();
    uint64_t at = FLAT_CODE + 64 + 2 * rng_below(&rng, 32);
    flat_reset(flat);
    write_steps(at);
    port_fence_i(h);
    h->pc = at;
    h->x[T0] = FLAT_DATA;
    flat_run(flat, slice);
    cr_assert_eq(h->cycle, m.now, "%llu cycles, not %llu", (unsigned long long)h->cycle,
                 (unsigned long long)m.now);
    cr_assert_eq(h->stall[STALL_data_use], m.data_use);
    cr_assert_eq(h->stall[STALL_multiply], m.multiply);
}

Test(scoreboard, random_programs_take_the_models_cycles)
{
    static const cycle_t slices[] = {1, 2, 3, 4, 5, 7, 11, 20, 50, 100000};
    uint64_t waited = 0;
    for (unsigned n = 0; n < 200; n++) {
        set_latencies(1 + rng_below(&rng, 8), 1 + rng_below(&rng, 9), 1 + rng_below(&rng, 40),
                      1 + rng_below(&rng, 12));
        flat->mode = n % 2 ? FLAT_FAST : FLAT_SLOW;
        for (unsigned k = 0; k < 5; k++) {
            random_steps(1 + rng_below(&rng, 4));
            land_on_pairs();
            for (unsigned s = 0; s < sizeof slices / sizeof slices[0]; s++)
                check_model(slices[s]);
            waited += h->stall[STALL_data_use] > 0 && h->stall[STALL_multiply] > 0;
        }
    }
    cr_assert_gt(waited, 500, "most programs wait for both");
}
