/*
 * What instructions compute, and where branches go: every arithmetic operation against
 * its second definition (arithmetic.h), on corner values, on random ones, and with every
 * kind of register overlap.
 */
#include "sim/core/tests/arithmetic.h"

static struct flat *flat;
static struct rng rng;

static void create(void)
{
    flat = flat_create(FLAT_FAST);
    rng = rng_stream(2, 0);
}

static void destroy(void)
{
    flat_destroy(flat);
}

TestSuite(arith, .init = create, .fini = destroy);

static const struct computation {
    enum insn_op op;
    enum asm_format format;
} computations[] = {
#define ALU(name, match, mask, format, value) {OP_##name, ASM_##format},
#define MUL(name, match, mask, format, value) {OP_##name, ASM_##format},
#define DIV(name, match, mask, format, value) {OP_##name, ASM_##format},
#define LOAD(name, match, mask, type)
#define STORE(name, match, mask, type)
#define BRANCH(name, match, mask, condition)
#define AMO(name, match, mask, type, value)
#define SYS(name, match, mask, format)
#include "sim/core/insn.def"
#undef ALU
#undef MUL
#undef DIV
#undef LOAD
#undef STORE
#undef BRANCH
#undef AMO
#undef SYS
};
enum { COMPUTATIONS = sizeof computations / sizeof computations[0] };

/* ---- running one instruction ------------------------------------------------------ */

static void run_registers(enum insn_op op, uint64_t a, uint64_t b, unsigned rd, unsigned rs1,
                          unsigned rs2)
{
    struct hart *h = &flat->hart;
    uint64_t before[32];
    uint32_t insn = asm_r(op, rd, rs1, rs2);
    fill_registers(h);
    h->x[rs1 ? rs1 : 32] = a;
    h->x[rs2 ? rs2 : 32] = b;
    memcpy(before, h->x, sizeof before);
    uint64_t expected = expected_of(op, before[rs1], before[rs2]);
    flat_execute(flat, &insn, 1);
    check_others(h, before, rd);
    if (rd)
        cr_assert_eq(h->x[rd], expected, "%s x%u=%#llx x%u=%#llx: %#llx, not %#llx", insn_name(op),
                     rs1, (unsigned long long)before[rs1], rs2, (unsigned long long)before[rs2],
                     (unsigned long long)h->x[rd], (unsigned long long)expected);
}

static void run_immediate(const struct computation *c, uint64_t a, uint32_t field)
{
    struct hart *h = &flat->hart;
    uint64_t b = field;
    uint32_t insn = asm_i(c->op, T2, T0, (int32_t)field);
    if (c->format == ASM_I)
        b = field & 0x800 ? field + 0xfffffffffffff000 : field;
    if (c->format == ASM_U) {
        b = word((uint64_t)field << 12);
        insn = asm_u(c->op, T2, field);
    }
    fill_registers(h);
    h->x[T0] = a;
    flat_execute(flat, &insn, 1);
    cr_assert_eq(h->x[T2], expected_of(c->op, a, b), "%s %#llx, %#x: %#llx", insn_name(c->op),
                 (unsigned long long)a, field, (unsigned long long)h->x[T2]);
}

/* An operation of one source: random other bits do not belong to it. */
static void run_single(enum insn_op op, uint64_t a, unsigned rd, unsigned rs1)
{
    struct hart *h = &flat->hart;
    uint64_t before[32];
    uint32_t insn = asm_r(op, rd, rs1, 0);
    fill_registers(h);
    h->x[rs1 ? rs1 : 32] = a;
    memcpy(before, h->x, sizeof before);
    flat_execute(flat, &insn, 1);
    check_others(h, before, rd);
    if (rd)
        cr_assert_eq(h->x[rd], expected_of(op, before[rs1], 0), "%s %#llx: %#llx", insn_name(op),
                     (unsigned long long)before[rs1], (unsigned long long)h->x[rd]);
}

/* ---- register operations -------------------------------------------------------------- */

Test(arith, register_operations_on_all_pairs_of_corner_values)
{
    for (unsigned c = 0; c < COMPUTATIONS; c++)
        for (unsigned i = 0; computations[c].format == ASM_R && i < CORNERS; i++)
            for (unsigned k = 0; k < CORNERS; k++)
                run_registers(computations[c].op, corners[i], corners[k], T2, T0, T1);
}

Test(arith, register_operations_on_random_values_in_random_registers)
{
    for (unsigned c = 0; c < COMPUTATIONS; c++)
        for (unsigned n = 0; computations[c].format == ASM_R && n < RANDOM_PAIRS; n++)
            run_registers(computations[c].op, random_value(&rng), random_value(&rng),
                          rng_below(&rng, 32), rng_below(&rng, 32), rng_below(&rng, 32));
}

Test(arith, a_destination_may_be_a_source)
{
    for (unsigned c = 0; c < COMPUTATIONS; c++)
        for (unsigned n = 0; computations[c].format == ASM_R && n < 20; n++) {
            run_registers(computations[c].op, random_value(&rng), random_value(&rng), T0, T0, T1);
            run_registers(computations[c].op, random_value(&rng), random_value(&rng), T1, T0, T1);
            run_registers(computations[c].op, random_value(&rng), random_value(&rng), T0, T0, T0);
            run_registers(computations[c].op, random_value(&rng), random_value(&rng), ZERO, T0, T1);
        }
}

Test(arith, operations_of_one_source_on_corner_single_bit_and_random_values)
{
    for (unsigned c = 0; c < COMPUTATIONS; c++) {
        if (computations[c].format != ASM_R1)
            continue;
        for (unsigned i = 0; i < CORNERS; i++)
            run_single(computations[c].op, corners[i], T2, T0);
        for (unsigned i = 0; i < 64; i++) {
            run_single(computations[c].op, UINT64_C(1) << i, T2, T0);
            run_single(computations[c].op, ~UINT64_C(0) << i, T2, T0);
            run_single(computations[c].op, ~(UINT64_C(1) << i), T0, T0);
        }
        for (unsigned n = 0; n < RANDOM_PAIRS; n++)
            run_single(computations[c].op, random_value(&rng), rng_below(&rng, 32),
                       rng_below(&rng, 32));
    }
}

/* ---- immediate operations ------------------------------------------------------------- */

Test(arith, shifts_by_every_amount)
{
    for (unsigned c = 0; c < COMPUTATIONS; c++) {
        unsigned amounts = computations[c].format == ASM_SH6   ? 64
                           : computations[c].format == ASM_SH5 ? 32
                                                               : 0;
        for (unsigned n = 0; n < amounts; n++)
            for (unsigned i = 0; i < CORNERS; i++)
                run_immediate(&computations[c], corners[i], n);
    }
}

Test(arith, immediates_are_sign_extended)
{
    static const uint32_t fields[] = {0,     1,     31,    0x3ff, 0x7fe, 0x7ff,
                                      0x800, 0x801, 0xabc, 0xffe, 0xfff};
    for (unsigned c = 0; c < COMPUTATIONS; c++)
        for (unsigned i = 0; computations[c].format == ASM_I && i < CORNERS; i++)
            for (unsigned k = 0; k < sizeof fields / sizeof fields[0]; k++)
                run_immediate(&computations[c], corners[i], fields[k]);
}

Test(arith, lui_sets_the_upper_twenty_bits_sign_extended)
{
    static const uint32_t fields[] = {0, 1, 0x7ffff, 0x80000, 0x80001, 0xfffff, 0x12345};
    for (unsigned c = 0; c < COMPUTATIONS; c++)
        for (unsigned k = 0; computations[c].format == ASM_U && k < 7; k++)
            run_immediate(&computations[c], 0, fields[k]);
}

Test(arith, auipc_adds_to_its_own_address)
{
    for (unsigned slot = 0; slot < 40; slot++) {
        uint32_t insns[41];
        for (unsigned i = 0; i < slot; i++)
            insns[i] = asm_nop();
        insns[slot] = asm_u(OP_auipc, T0, slot % 2 ? 0xfffff : 0x12345);
        flat_execute(flat, insns, slot + 1);
        cr_assert_eq(flat->hart.x[T0],
                     FLAT_CODE + 4 * slot + word((slot % 2 ? 0xfffff000u : 0x12345000u)));
    }
}

/* ---- jumps and branches ------------------------------------------------------------------ */

struct condition {
    enum insn_op op;
    bool (*holds)(uint64_t a, uint64_t b);
};

static bool equal(uint64_t a, uint64_t b)
{
    return (a ^ b) == 0;
}

static bool unequal(uint64_t a, uint64_t b)
{
    return (a ^ b) != 0;
}

static bool not_less(uint64_t a, uint64_t b)
{
    return !less_signed(a, b);
}

static bool below(uint64_t a, uint64_t b)
{
    return divide_unsigned(a, b ? b : 1).quotient == 0 && b != 0;
}

static bool not_below(uint64_t a, uint64_t b)
{
    return !below(a, b);
}

static const struct condition conditions[6] = {
    {OP_beq, equal},    {OP_bne, unequal}, {OP_blt, less_signed},
    {OP_bge, not_less}, {OP_bltu, below},  {OP_bgeu, not_below},
};

/* A branch over one addi: in its line, or with nops between over more lines. */
static void run_branch(const struct condition *c, uint64_t a, uint64_t b, unsigned distance)
{
    struct hart *h = &flat->hart;
    uint32_t insns[64];
    insns[0] = asm_b(c->op, T0, T1, (int32_t)(4 * distance));
    for (unsigned i = 1; i < distance; i++)
        insns[i] = asm_i(OP_addi, T2, ZERO, 1);
    h->x[T0] = a;
    h->x[T1] = b;
    h->x[T2] = 0;
    flat_execute(flat, insns, distance);
    cr_assert_eq(h->x[T2], !c->holds(a, b), "%s %#llx, %#llx", insn_name(c->op),
                 (unsigned long long)a, (unsigned long long)b);
}

Test(arith, branches_are_taken_exactly_when_their_condition_holds)
{
    for (unsigned n = 0; n < 6; n++)
        for (unsigned i = 0; i < CORNERS; i++)
            for (unsigned k = 0; k < CORNERS; k++) {
                run_branch(&conditions[n], corners[i], corners[k], 2);
                run_branch(&conditions[n], corners[i], corners[k], 40);
            }
}

Test(arith, jumps_link_the_next_address_and_clear_the_targets_lowest_bit)
{
    struct hart *h = &flat->hart;
    const uint32_t insns[] = {
        asm_j(RA, 8),               /* 0: over the next */
        flat_stop(),                /* 1 */
        asm_i(OP_addi, T0, RA, 13), /* 2: address of word 4, plus 1 */
        asm_i(OP_jalr, T0, T0, 4),  /* 3: to word 5, with its own link */
        flat_stop(),                /* 4 */
        asm_i(OP_addi, T1, T0, 0),  /* 5 */
        asm_j(RA, 200),             /* 6: to another line */
    };
    flat_program(flat, insns, 7);
    uint32_t stop = flat_stop();
    flat_store(flat, FLAT_CODE + 24 + 200, &stop, sizeof stop);
    h->pc = FLAT_CODE;
    flat_run(flat, 1000);
    cr_assert_eq(h->pc, FLAT_CODE + 24 + 200);
    cr_assert_eq(h->x[T1], FLAT_CODE + 16);
    cr_assert_eq(h->x[RA], FLAT_CODE + 28);
}
