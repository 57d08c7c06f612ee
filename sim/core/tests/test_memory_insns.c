/*
 * What loads, stores and atomics do to memory and to registers, for lines that are at
 * hand and for those that are not: every byte, every function on pairs of corner values
 * and on random ones, and the reservation of a load-reserved.
 */
#include "sim/core/tests/arithmetic.h"

static struct flat *flat;
static struct rng rng;

static void create(void)
{
    flat = flat_create(FLAT_FAST);
    rng = rng_stream(2, 0);
}

static void create_slow(void)
{
    flat = flat_create(FLAT_SLOW);
    rng = rng_stream(3, 0);
}

static void destroy(void)
{
    flat_destroy(flat);
}

TestSuite(memory_insns, .init = create, .fini = destroy);
TestSuite(memory_insns_slow, .init = create_slow, .fini = destroy);

/* ---- loads and stores ------------------------------------------------------------------- */

static const struct access {
    enum insn_op load, store;
    unsigned bytes;
    bool is_signed;
} accesses[] = {
    {OP_lb, OP_sb, 1, true},   {OP_lbu, OP_sb, 1, false}, {OP_lh, OP_sh, 2, true},
    {OP_lhu, OP_sh, 2, false}, {OP_lw, OP_sw, 4, true},   {OP_lwu, OP_sw, 4, false},
    {OP_ld, OP_sd, 8, true},
};

static uint64_t extended(uint64_t value, unsigned bytes, bool is_signed)
{
    for (unsigned i = 8 * bytes; i < 64; i++) {
        value &= ~(UINT64_C(1) << i);
        value |= (uint64_t)(is_signed && bit(value, 8 * bytes - 1)) << i;
    }
    return value;
}

/* A store of `value` at FLAT_DATA + offset and a load back, seen byte by byte. */
static void store_and_load(const struct access *a, unsigned offset, uint64_t value)
{
    struct hart *h = &flat->hart;
    int32_t imm = (int32_t)rng_below(&rng, 4096) - 2048;
    uint8_t around[24], expected[24];
    const uint32_t insns[] = {asm_s(a->store, T1, T0, imm), asm_i(a->load, T2, T0, imm)};
    for (unsigned i = 0; i < sizeof around; i++)
        around[i] = expected[i] = (uint8_t)rng_next(&rng);
    for (unsigned i = 0; i < a->bytes; i++)
        expected[8 + offset + i] = (uint8_t)(value >> 8 * i);
    flat_store(flat, FLAT_DATA - 8, around, sizeof around);
    h->x[T0] = FLAT_DATA + offset - (uint64_t)imm;
    h->x[T1] = value;
    flat_execute(flat, insns, 2);
    cr_assert_arr_eq(flat_cell(flat, FLAT_DATA - 8), expected, sizeof expected);
    cr_assert_eq(h->x[T2], extended(value, a->bytes, a->is_signed), "%s", insn_name(a->load));
}

static void all_stores_and_loads(void)
{
    for (unsigned k = 0; k < sizeof accesses / sizeof accesses[0]; k++)
        for (unsigned offset = 0; offset + accesses[k].bytes <= 8; offset += accesses[k].bytes)
            for (unsigned i = 0; i < CORNERS; i++)
                store_and_load(&accesses[k], offset, corners[i]);
}

Test(memory_insns, a_store_writes_its_bytes_and_no_other_and_a_load_extends_them)
{
    all_stores_and_loads();
}

Test(memory_insns_slow, a_store_writes_its_bytes_and_no_other_and_a_load_extends_them)
{
    all_stores_and_loads();
}

/* ---- atomics ------------------------------------------------------------------------------ */

static uint64_t signed_of(uint64_t v, unsigned bytes)
{
    return bytes == 4 ? word(v) : v;
}

static uint64_t unsigned_of(uint64_t v, unsigned bytes)
{
    return bytes == 4 ? unsigned_word(v) : v;
}

enum atomic_function { SWAP, ADD, XOR, AND, OR, MIN, MAX, MINU, MAXU };

static const struct atomic {
    enum insn_op op;
    enum atomic_function kind;
    unsigned bytes;
} atomics[] = {
    {OP_amoswap_w, SWAP, 4}, {OP_amoadd_w, ADD, 4},   {OP_amoxor_w, XOR, 4},
    {OP_amoand_w, AND, 4},   {OP_amoor_w, OR, 4},     {OP_amomin_w, MIN, 4},
    {OP_amomax_w, MAX, 4},   {OP_amominu_w, MINU, 4}, {OP_amomaxu_w, MAXU, 4},
    {OP_amoswap_d, SWAP, 8}, {OP_amoadd_d, ADD, 8},   {OP_amoxor_d, XOR, 8},
    {OP_amoand_d, AND, 8},   {OP_amoor_d, OR, 8},     {OP_amomin_d, MIN, 8},
    {OP_amomax_d, MAX, 8},   {OP_amominu_d, MINU, 8}, {OP_amomaxu_d, MAXU, 8},
};
enum { ATOMICS = sizeof atomics / sizeof atomics[0] };

static uint64_t atomic_result(const struct atomic *a, uint64_t old, uint64_t b)
{
    bool less = less_signed(signed_of(old, a->bytes), signed_of(b, a->bytes));
    bool below = unsigned_of(old, a->bytes) < unsigned_of(b, a->bytes);
    switch (a->kind) {
    case SWAP:
        return b;
    case ADD:
        return add(old, b);
    case XOR:
        return (old | b) & ~(old & b);
    case AND:
        return ~(~old | ~b);
    case OR:
        return ~(~old & ~b);
    case MIN:
        return less ? old : b;
    case MAX:
        return less ? b : old;
    case MINU:
        return below ? old : b;
    case MAXU:
        return below ? b : old;
    }
    return 0;
}

static void run_atomic(const struct atomic *a, uint64_t old, uint64_t b, unsigned rd,
                       uint32_t order)
{
    struct hart *h = &flat->hart;
    uint64_t guards[3] = {0x1111111111111111, 0x2222222222222222, 0x3333333333333333}, before[32];
    uint32_t insn = asm_r(a->op, rd, T0, T1) | order << 25;
    memcpy(&guards[1], &old, a->bytes);
    flat_store(flat, FLAT_DATA, guards, sizeof guards);
    fill_registers(h);
    h->x[T0] = FLAT_DATA + 8;
    h->x[T1] = b;
    memcpy(before, h->x, sizeof before);
    flat_execute(flat, &insn, 1);
    uint64_t expected = atomic_result(a, old, b);
    memcpy(&guards[1], &expected, a->bytes);
    cr_assert_arr_eq(flat_cell(flat, FLAT_DATA), guards, sizeof guards, "%s of %#llx and %#llx",
                     insn_name(a->op), (unsigned long long)old, (unsigned long long)b);
    check_others(h, before, rd);
    if (rd)
        cr_assert_eq(h->x[rd], signed_of(old, a->bytes), "%s", insn_name(a->op));
}

static void all_atomics(void)
{
    for (unsigned n = 0; n < ATOMICS; n++) {
        for (unsigned i = 0; i < CORNERS; i++)
            for (unsigned k = 0; k < CORNERS; k++)
                run_atomic(&atomics[n], corners[i], corners[k], T2, 0);
        for (unsigned i = 0; i < 50; i++)
            run_atomic(&atomics[n], random_value(&rng), random_value(&rng), i % 3 ? T1 : ZERO,
                       rng_below(&rng, 4));
    }
}

Test(memory_insns, atomics_return_the_old_value_and_store_the_new)
{
    all_atomics();
}

Test(memory_insns_slow, atomics_return_the_old_value_and_store_the_new)
{
    all_atomics();
}

/* ---- load-reserved, store-conditional ------------------------------------------------------ */

static void reserve_and_store(enum insn_op lr, enum insn_op sc, unsigned bytes)
{
    struct hart *h = &flat->hart;
    const uint32_t insns[] = {
        asm_r(lr, T2, T0, ZERO), asm_r(sc, T3, T0, T1), /* succeeds: 0 */
        asm_r(sc, T4, T0, T1),                          /* the reservation is spent: 1 */
    };
    uint64_t old = 0x89abcdef89abcdef, expected = old;
    flat_store(flat, FLAT_DATA, &old, sizeof old);
    fill_registers(h);
    h->x[T0] = FLAT_DATA;
    h->x[T1] = 0x0123456789abcdef;
    memcpy(&expected, &h->x[T1], bytes);
    flat_execute(flat, insns, 3);
    cr_assert_eq(h->x[T2], signed_of(old, bytes));
    cr_assert_eq(h->x[T3], 0);
    cr_assert_eq(h->x[T4], 1);
    cr_assert_eq(flat_load(flat, FLAT_DATA), expected);
}

Test(memory_insns, a_store_conditional_succeeds_once_after_a_load_reserved)
{
    reserve_and_store(OP_lr_w, OP_sc_w, 4);
    reserve_and_store(OP_lr_d, OP_sc_d, 8);
}

Test(memory_insns, a_store_conditional_without_reservation_of_its_line_stores_nothing)
{
    struct hart *h = &flat->hart;
    const uint32_t insns[] = {asm_r(OP_lr_d, T2, T0, ZERO), asm_r(OP_sc_d, T3, T1, T0),
                              asm_r(OP_sc_d, T4, T0, T0)};
    uint64_t zero = 0;
    flat_store(flat, FLAT_DATA + LINE_BYTES, &zero, sizeof zero);
    flat_store(flat, FLAT_DATA, &zero, sizeof zero);
    h->x[T0] = FLAT_DATA;
    h->x[T1] = FLAT_DATA + LINE_BYTES;
    flat_execute(flat, insns, 3);
    cr_assert_eq(h->x[T3], 1);
    cr_assert_eq(flat_load(flat, FLAT_DATA + LINE_BYTES), 0);
    cr_assert_eq(h->x[T4], 1, "a failed store-conditional ends the reservation");
    cr_assert_eq(flat_load(flat, FLAT_DATA), 0);
}
