/*
 * The run loop's time: what each kind of instruction costs, by formula from
 * the parameters, and that slices cannot be seen - the same program gives the
 * same registers, cycles and stalls however it is cut, with the window and
 * without.
 */
#include "sim/base/rng.h"
#include "sim/core/tests/flat.h"

static struct flat *flat;
static struct hart *h;
static struct rng rng;

static void start(enum flat_mode mode)
{
    if (flat)
        flat_destroy(flat);
    flat = flat_create(mode);
    h = &flat->hart;
}

static void create(void)
{
    start(FLAT_FAST);
    rng = rng_stream(5, 0);
}

static void destroy(void)
{
    flat_destroy(flat);
    flat = NULL;
}

TestSuite(run, .init = create, .fini = destroy);

/* Latencies that differ from each other, so that none can stand for another. */
static void odd_latencies(struct config *cfg)
{
    cfg->hart_load_use_cycles = 2;
    cfg->hart_mul_cycles = 5;
    cfg->hart_div_cycles = 31;
    cfg->hart_mispredict_cycles = 7;
    cfg->hart_trap_cycles = 11;
    cfg->hart_csr_cycles = 3;
    cfg->hart_amo_cycles = 6;
    cfg->hart_fence_i_cycles = 13;
    cfg->l1_fill_cycles = 4;
}

/* Cycles of a program that retires `instructions`, which are also checked. */
static cycle_t cycles_of(const uint32_t *words, unsigned count, uint64_t instructions)
{
    flat_reset(flat);
    h->x[T0] = FLAT_DATA;
    flat_execute(flat, words, count);
    cr_assert_eq(hart_instructions(h), instructions);
    flat_check_cpi(flat, instructions);
    return h->cycle;
}

#define CYCLES(instructions, ...)                                                                  \
    cycles_of((const uint32_t[]){__VA_ARGS__}, sizeof(uint32_t[]){__VA_ARGS__} / 4, instructions)

/* ---- costs ---------------------------------------------------------------------- */

Test(run, an_alu_instruction_takes_one_cycle)
{
    uint32_t words[200];
    for (unsigned n = 0; n < 200; n++) {
        words[n] = asm_i(OP_addi, T1, T1, 1);
        cr_assert_eq(cycles_of(words, n + 1, n + 1), n + 1);
        cr_assert_eq(h->x[T1], n + 1);
    }
}

Test(run, a_loads_value_costs_the_next_instruction_load_use_minus_one)
{
    const uint32_t load = asm_i(OP_ld, T1, T0, 0), use = asm_r(OP_add, T2, T1, T1);
    for (uint32_t load_use = 1; load_use <= 8; load_use++) {
        flat->cfg.hart_load_use_cycles = load_use;
        cr_assert_eq(CYCLES(2, load, use), 2 + load_use - 1);
        cr_assert_eq(h->stall[STALL_data_use], load_use - 1);
        cr_assert_eq(CYCLES(3, load, asm_nop(), use), 3 + (load_use > 2 ? load_use - 2 : 0),
                     "one instruction in between");
        cr_assert_eq(CYCLES(3, load, load, use), 3 + 2 * (load_use - 1),
                     "the second load waits for the first, its use for both");
    }
}

/* Cycles lost when `last`, a load into t1, ends a line and `next` begins the one behind
 * it, in 100 rounds. */
static uint64_t crossing_costs_of(uint32_t last, uint32_t next)
{
    uint32_t words[LINE_WORDS + 1];
    for (unsigned i = 0; i < LINE_WORDS; i++)
        words[i] = asm_nop();
    words[LINE_WORDS - 1] = last;
    words[LINE_WORDS] = next;
    flat_reset(flat);
    flat_program(flat, words, LINE_WORDS + 1);
    uint32_t again[] = {asm_i(OP_addi, T3, T3, 1), asm_b(OP_beq, T3, T4, 8),
                        asm_j(ZERO, -4 * (LINE_WORDS + 3)), flat_stop()};
    flat_store(flat, FLAT_CODE + 4 * (LINE_WORDS + 1), again, sizeof again);
    h->x[T0] = FLAT_DATA;
    h->x[T4] = 100; /* in the first round the second line is not decoded yet: no matter */
    flat_run(flat, 100000);
    return h->stall[STALL_data_use];
}

static uint64_t crossing_costs(uint32_t next)
{
    return crossing_costs_of(asm_i(OP_ld, T1, T0, 0), next);
}

Test(run, a_loads_value_is_waited_for_across_the_end_of_a_line_too)
{
    cr_assert_eq(crossing_costs(asm_r(OP_add, T2, T1, T1)), 100);
    cr_assert_eq(crossing_costs(asm_r(OP_add, T2, T3, T1)), 100);
    cr_assert_eq(crossing_costs(asm_s(OP_sd, T1, T0, 8)), 100);
    cr_assert_eq(crossing_costs(asm_r(OP_add, T1, T3, T3)), 100, "writes it");
    cr_assert_eq(crossing_costs(asm_nop()), 0);
    cr_assert_eq(crossing_costs_of(asm_r(OP_lr_d, T1, T0, 0), asm_r(OP_add, T2, T1, T1)), 100);
    cr_assert_eq(crossing_costs_of(asm_r(OP_lr_d, T1, T0, 0), asm_nop()), 0);
}

/* T1 is register 6. */
Test(run, an_immediate_is_not_the_register_of_its_number)
{
    const uint32_t load = asm_i(OP_ld, T1, T0, 0);
    static const enum insn_op immediate[] = {OP_csrrwi, OP_csrrsi, OP_csrrci};
    for (unsigned i = 0; i < 3; i++) {
        uint32_t insn = asm_i(immediate[i], ZERO, T1, 0x340);
        cr_assert_eq(crossing_costs(insn), 0);
        cr_assert_eq(CYCLES(2, load, insn), 2);
    }
    cr_assert_eq(crossing_costs(asm_i(OP_csrrw, ZERO, T1, 0x340)), 100);
}

Test(run, forward_branches_are_predicted_not_taken_and_backward_ones_taken)
{
    odd_latencies(&flat->cfg);
    const uint32_t nop = asm_nop();
    cr_assert_eq(CYCLES(2, asm_b(OP_bne, ZERO, ZERO, 8), nop), 2, "not taken, forward");
    cr_assert_eq(CYCLES(1, asm_b(OP_beq, ZERO, ZERO, 8), nop), 1 + 7, "taken, forward");
    cr_assert_eq(h->stall[STALL_branch], 7);
    cr_assert_eq(CYCLES(2, nop, asm_b(OP_bne, ZERO, ZERO, -4)), 2 + 7, "not taken, backward");
    /* A loop of n rounds: n - 1 taken backward, one not. */
    h->x[T1] = 0;
    cr_assert_eq(CYCLES(1 + 2 * 50, asm_i(OP_addi, T1, ZERO, 50), asm_i(OP_addi, T1, T1, -1),
                        asm_b(OP_bne, T1, ZERO, -4)),
                 1 + 2 * 50 + 7);
}

/* Forward and backward, taken and not, near and far, a call, its return, a return that
 * the stack does not know, an indirect jump. */
static void run_all_kinds_of_jumps(void)
{
    uint32_t words[80];
    for (unsigned i = 0; i < 80; i++)
        words[i] = asm_nop();
    words[0] = asm_i(OP_addi, T1, ZERO, 9);
    words[2] = asm_b(OP_beq, ZERO, ZERO, 8);
    words[4] = asm_b(OP_bne, ZERO, ZERO, 8);
    words[5] = asm_j(RA, 4 * 55); /* to 60 */
    words[6] = asm_i(OP_addi, T1, T1, -1);
    words[7] = asm_b(OP_bne, T1, ZERO, -4 * 5);
    words[8] = asm_b(OP_beq, ZERO, ZERO, 4 * 40); /* to 48 */
    words[48] = asm_u(OP_auipc, RA, 0);
    words[49] = asm_i(OP_addi, RA, RA, 16);
    words[50] = asm_i(OP_jalr, ZERO, RA, 0); /* to 52 */
    words[52] = asm_u(OP_auipc, T2, 0);
    words[53] = asm_i(OP_jalr, ZERO, T2, 4 * 18); /* to 70 */
    words[60] = asm_i(OP_jalr, ZERO, RA, 0);
    flat_reset(flat);
    flat_execute(flat, words, 80);
}

Test(run, every_misprediction_is_counted_with_every_predictor)
{
    static const enum predictor_kind kinds[] = {PREDICT_STATIC, PREDICT_BIMODAL, PREDICT_GSHARE};
    uint64_t counted[3];
    for (unsigned i = 0; i < 3; i++)
        for (unsigned slow = 0; slow < 2; slow++) {
            flat_destroy(flat);
            flat = flat_create(slow ? FLAT_SLOW : FLAT_FAST);
            h = &flat->hart;
            flat->cfg.hart_predictor = (uint8_t)kinds[i];
            flat->cfg.hart_mispredict_cycles = 7;
            run_all_kinds_of_jumps();
            counted[i] = h->predictor.mispredicts;
            cr_expect_gt(counted[i], 2);
            cr_expect_eq(7 * counted[i], h->stall[STALL_branch], "predictor %u", kinds[i]);
            flat->cfg.hart_mispredict_cycles = 0;
            run_all_kinds_of_jumps();
            cr_expect_gt(h->predictor.mispredicts, 0, "they count when they cost nothing, too");
        }
    /* 9 rounds with a taken forward branch and the loop's last one; words 8, 50 and 53;
     * the test's hart has no return stack, so that 9 returns are unpredicted. */
    cr_expect_eq(counted[0], 9 + 1 + 3 + 9);
}

Test(run, branches_to_other_lines_cost_the_same)
{
    uint32_t words[64];
    odd_latencies(&flat->cfg);
    for (unsigned i = 0; i < 64; i++)
        words[i] = asm_nop();
    words[0] = asm_b(OP_beq, ZERO, ZERO, 4 * 60);
    cr_assert_eq(cycles_of(words, 64, 5), 5 + 7);
    words[0] = asm_b(OP_bne, ZERO, ZERO, 4 * 60);
    cr_assert_eq(cycles_of(words, 64, 64), 64);
    words[0] = asm_i(OP_addi, T1, ZERO, 20);
    words[50] = asm_i(OP_addi, T1, T1, -1);
    words[51] = asm_b(OP_bne, T1, ZERO, -4 * 41);
    cr_assert_eq(cycles_of(words, 64, 52 + 19 * 42 + 12), 52 + 19 * 42 + 12 + 7);
}

Test(run, a_direct_jump_is_known_and_an_indirect_one_is_not)
{
    odd_latencies(&flat->cfg);
    cr_assert_eq(CYCLES(1, asm_j(ZERO, 8), asm_nop()), 1);
    cr_assert_eq(CYCLES(2, asm_u(OP_auipc, T1, 0), asm_i(OP_jalr, ZERO, T1, 12), asm_nop()), 2 + 7);
}

Test(run, atomics_csrs_and_fences_cost_their_parameter)
{
    odd_latencies(&flat->cfg);
    cr_assert_eq(CYCLES(1, asm_r(OP_amoadd_d, T1, T0, T0)), 6);
    cr_assert_eq(h->stall[STALL_atomic], 5);
    cr_assert_eq(CYCLES(1, asm_r(OP_lr_d, T1, T0, 0)), 1, "as a load");
    cr_assert_eq(CYCLES(2, asm_r(OP_lr_d, T1, T0, 0), asm_r(OP_sc_d, T2, T0, T2)), 1 + 6);
    cr_assert_eq(CYCLES(2, asm_r(OP_lr_d, T1, T0, 0), asm_r(OP_sc_d, T2, T0, T1)), 1 + 1 + 6);
    cr_assert_eq(h->stall[STALL_data_use], 1);
    cr_assert_eq(h->stall[STALL_atomic], 5);
    cr_assert_eq(CYCLES(3, asm_r(OP_lr_w, T1, T0, 0), asm_nop(), asm_r(OP_add, T2, T1, T1)), 3);
    cr_assert_eq(CYCLES(2, asm_r(OP_lr_d, ZERO, T0, 0), asm_r(OP_add, T2, ZERO, ZERO)), 2);
    cr_assert_eq(CYCLES(1, asm_r(OP_sc_d, T2, T0, T1)), 1, "without reservation: no access");
    cr_assert_eq(CYCLES(1, asm_i(OP_csrrs, T1, ZERO, 0xb00)), 3);
    cr_assert_eq(CYCLES(1, asm_i(OP_csrrw, T1, T1, 0x340)), 3);
    cr_assert_eq(h->stall[STALL_csr], 2);
    cr_assert_eq(CYCLES(1, asm_n(OP_fence_i)), 13);
    cr_assert_eq(CYCLES(1, asm_n(OP_fence)), 1);
    cr_assert_eq(CYCLES(1, asm_n(OP_sfence_vma)), 1);
}

Test(run, entering_a_trap_and_returning_cost_their_parameter)
{
    odd_latencies(&flat->cfg);
    cr_assert_eq(CYCLES(1, asm_nop(), asm_n(OP_ecall)), 1 + 11, "the ecall is not retired");
    cr_assert_eq(h->stall[STALL_trap], 11);
    flat_reset(flat);
    h->mepc = FLAT_STRAP;
    uint32_t mret = asm_n(OP_mret);
    flat_execute(flat, &mret, 1);
    cr_assert_eq(h->cycle, 1 + 11, "the mret is");
    flat_check_cpi(flat, 1);
}

Test(run, a_miss_costs_the_wait_and_the_fill)
{
    start(FLAT_MISS);
    odd_latencies(&flat->cfg);
    const cycle_t fetch = FLAT_MISS_CYCLES + 4, miss = FLAT_MISS_CYCLES + 4;
    cr_assert_eq(CYCLES(1, asm_nop()), fetch + 1);
    cr_assert_eq(h->stall[STALL_fetch], fetch);
    cr_assert_eq(CYCLES(1, asm_i(OP_ld, T1, T0, 0)), fetch + 1 + miss);
    cr_assert_eq(h->stall[STALL_l1d_directory], FLAT_MISS_CYCLES, "no leg says it took them");
    cr_assert_eq(h->stall[STALL_l1d_access], 4);
    cr_assert_eq(CYCLES(1, asm_s(OP_sd, T1, T0, 0)), fetch + 1 + miss);
    cr_assert_eq(CYCLES(1, asm_r(OP_amoadd_d, T1, T0, T1)), fetch + 6 + miss);
    cr_assert_eq(CYCLES(2, asm_i(OP_ld, T1, T0, 0), asm_i(OP_addi, T1, T1, 1)),
                 fetch + 2 + miss + 1, "load-use comes on top");
    cr_assert_eq(CYCLES(2, asm_i(OP_ld, T1, T0, 0), asm_i(OP_ld, T2, T0, 8)), fetch + 2 + miss,
                 "the second word of the line hits");
}

/* ---- slices ------------------------------------------------------------------------- */

/* A random program of straight code, accesses, short forward branches and two
 * nested loops; it also reads its own counters, so that time reaches values. */
enum { PIECES = 120 };

static unsigned any_register(void)
{
    static const uint8_t registers[] = {ZERO, T1, T2, A0, A1, A2, A3, A4, A5};
    return registers[rng_below(&rng, sizeof registers)];
}

static void put_piece(struct program *p)
{
    static const enum insn_op alu[] = {OP_add, OP_sub, OP_xor, OP_sltu, OP_sllw, OP_addw};
    static const enum insn_op slow[] = {OP_mul, OP_mulh, OP_div, OP_remu};
    static const enum insn_op loads[] = {OP_lb, OP_lhu, OP_lw, OP_ld};
    static const enum insn_op branches[] = {OP_beq, OP_bne, OP_blt, OP_bgeu};
    static const uint16_t counters[] = {0xb00, 0xb02, 0xc00, 0xc01, 0xc02, 0x344, 0x340};
    int32_t offset = (int32_t)rng_below(&rng, 200) * 8;
    unsigned over;
    switch (rng_below(&rng, 9)) {
    default:
        put(p, asm_r(alu[rng_below(&rng, 6)], any_register(), any_register(), any_register()));
        break;
    case 1:
        put(p, asm_r(slow[rng_below(&rng, 4)], any_register(), any_register(), any_register()));
        break;
    case 2:
        put(p, asm_i(loads[rng_below(&rng, 4)], any_register(), T0, offset));
        break;
    case 3:
        put(p, asm_s(OP_sd, any_register(), T0, offset));
        break;
    case 4:
        put(p, asm_r(OP_amoadd_d, any_register(), T0, any_register()));
        break;
    case 5:
        over = put(p, asm_b(branches[rng_below(&rng, 4)], any_register(), any_register(), 0));
        for (unsigned n = rng_below(&rng, 20); n > 0; n--)
            put(p, asm_i(OP_addi, any_register(), any_register(), 3));
        land(p, over);
        break;
    case 6:
        put(p, asm_i(OP_csrrs, any_register(), ZERO, counters[rng_below(&rng, 7)]));
        break;
    case 7:
        put(p, asm_i(OP_csrrw, any_register(), any_register(), 0x340));
        break;
    }
}

static void random_program(struct program *p)
{
    *p = (struct program){.base = FLAT_CODE};
    put(p, asm_i(OP_addi, S0, ZERO, 4));
    unsigned outer = p->count;
    put(p, asm_i(OP_addi, S1, ZERO, 3));
    for (unsigned i = 0; i < PIECES / 3; i++)
        put_piece(p);
    unsigned inner = p->count;
    for (unsigned i = 0; i < PIECES / 3; i++)
        put_piece(p);
    put(p, asm_i(OP_addi, S1, S1, -1));
    put_branch(p, OP_bne, S1, ZERO, inner);
    for (unsigned i = 0; i < PIECES / 3; i++)
        put_piece(p);
    put(p, asm_i(OP_addi, S0, S0, -1));
    put_branch(p, OP_bne, S0, ZERO, outer);
    put(p, flat_stop());
}

/* What the handler reads first: it may have to wait. */
static unsigned first_read[2];

/* Counts in s2, adds up mepc in s3 and the cycle in t3, disables the cause. */
static void put_handler(void)
{
    const uint32_t handler[] = {
        asm_r(OP_add, T6, first_read[0], first_read[1]),
        asm_i(OP_csrrs, T4, ZERO, 0x342),
        asm_i(OP_addi, T5, ZERO, 1),
        asm_r(OP_sll, T5, T5, T4),
        asm_i(OP_csrrc, ZERO, T5, 0x304),
        asm_i(OP_csrrs, T4, ZERO, 0x341),
        asm_r(OP_add, S3, S3, T4),
        asm_i(OP_csrrs, T4, ZERO, 0xb00),
        asm_r(OP_add, T3, T3, T4),
        asm_i(OP_addi, S2, S2, 1),
        asm_n(OP_mret),
    };
    flat_store(flat, FLAT_TRAP, handler, sizeof handler);
}

/* What a run leaves. */
struct outcome {
    uint64_t x[32], pc, cycle, stall[STALLS], sum;
};

static uint64_t sum_of_data(void)
{
    uint64_t sum = 0;
    for (uint64_t address = FLAT_DATA; address < FLAT_DATA + 2048; address += 8)
        sum = sum * 31 + flat_load(flat, address);
    return sum;
}

/* Runs `p` with the timer at `timer` and a software interrupt that arrives at
 * `arrival`, in slices of `slice` cycles, or of random ones (0). */
static struct outcome run_sliced(const struct program *p, cycle_t timer, cycle_t arrival,
                                 cycle_t slice)
{
    struct outcome o;
    flat_reset(flat);
    put_handler();
    memset(flat_cell(flat, FLAT_DATA), 0, 2048);
    flat_program(flat, p->word, p->count);
    h->x[T0] = FLAT_DATA;
    h->timer_at = timer;
    h->mstatus = MSTATUS_MIE;
    h->mie = UINT64_C(1) << IRQ_MTIP | UINT64_C(1) << IRQ_MSIP;
    for (bool arrived = false; h->wait != WAIT_MESSAGE;) {
        cycle_t clock = h->wait == WAIT_NONE ? h->cycle : h->wait_since + FLAT_MISS_CYCLES;
        if (clock >= arrival && !arrived) {
            h->mip |= UINT64_C(1) << IRQ_MSIP;
            arrived = true;
        }
        if (h->wait != WAIT_NONE)
            hart_wake(h, clock);
        cycle_t until = h->cycle + (slice ? slice : 1 + rng_below(&rng, 60));
        hart_run(h, !arrived && until > arrival ? arrival : until);
    }
    memcpy(o.x, h->x, sizeof o.x);
    memcpy(o.stall, h->stall, sizeof o.stall);
    o.pc = h->pc;
    o.cycle = h->cycle;
    o.sum = sum_of_data();
    flat_check_cpi(flat, hart_instructions(h));
    return o;
}

static void check_same(const struct outcome *a, const struct outcome *b, const char *what)
{
    for (unsigned i = 0; i < 32; i++)
        cr_assert_eq(a->x[i], b->x[i], "%s: x%u", what, i);
    for (unsigned i = 0; i < STALLS; i++)
        cr_assert_eq(a->stall[i], b->stall[i], "%s: stall %u", what, i);
    cr_assert_eq(a->cycle, b->cycle, "%s: cycle", what);
    cr_assert_eq(a->pc, b->pc, "%s: pc", what);
    cr_assert_eq(a->sum, b->sum, "%s: memory", what);
}

static void random_latencies(struct config *cfg)
{
    cfg->hart_load_use_cycles = 1 + rng_below(&rng, 8);
    cfg->hart_mul_cycles = 1 + rng_below(&rng, 8);
    cfg->hart_div_cycles = 1 + rng_below(&rng, 40);
    cfg->hart_trap_cycles = 1 + rng_below(&rng, 8);
}

static void check_slicing(enum flat_mode mode)
{
    static struct program p;
    unsigned interrupted = 0;
    start(mode);
    for (unsigned n = 0; n < 60; n++) {
        random_program(&p);
        if (n % 2)
            random_latencies(&flat->cfg);
        cycle_t timer = 1 + rng_below(&rng, 3000), arrival = 1 + rng_below(&rng, 3000);
        struct outcome whole = run_sliced(&p, timer, arrival, 1000000);
        static const cycle_t slices[] = {1, 2, 3, 7, 50, 1000, 0, 0, 0};
        interrupted += whole.x[S2] == 2;
        for (unsigned s = 0; s < sizeof slices / sizeof slices[0]; s++) {
            struct outcome cut = run_sliced(&p, timer, arrival, slices[s]);
            check_same(&whole, &cut, "cut into slices");
        }
    }
    cr_assert_gt(interrupted, 30, "most programs take both interrupts");
}

Test(run, slices_cannot_be_seen_on_the_fast_path)
{
    check_slicing(FLAT_FAST);
}

Test(run, slices_cannot_be_seen_on_the_slow_path)
{
    check_slicing(FLAT_SLOW);
}

Test(run, slices_cannot_be_seen_with_misses)
{
    check_slicing(FLAT_MISS);
}

/* The decoder proves of some results that they come in time.  Interrupts and traps
 * must not find it wrong, however short they are. */
Test(run, what_the_decoder_proves_cannot_be_seen)
{
    static struct program p;
    for (unsigned n = 0; n < 200; n++) {
        random_program(&p);
        random_latencies(&flat->cfg);
        first_read[0] = any_register();
        first_read[1] = any_register();
        cycle_t timer = 1 + rng_below(&rng, 3000), arrival = 1 + rng_below(&rng, 3000);
        struct outcome proved = run_sliced(&p, timer, arrival, 1000000);
        flat->proves_nothing = true;
        struct outcome asked = run_sliced(&p, timer, arrival, 1000000);
        flat->proves_nothing = false;
        check_same(&proved, &asked, "with proofs and without");
    }
}

Test(run, the_window_cannot_be_seen)
{
    static struct program p;
    for (unsigned n = 0; n < 60; n++) {
        random_program(&p);
        cycle_t timer = 1 + rng_below(&rng, 3000);
        start(FLAT_FAST);
        struct outcome fast = run_sliced(&p, timer, 500, 1000000);
        start(FLAT_SLOW);
        struct outcome slow = run_sliced(&p, timer, 500, 1000000);
        check_same(&fast, &slow, "through the window and past it");
    }
}
