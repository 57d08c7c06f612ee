/*
 * What instructions compute: every arithmetic, memory and atomic operation
 * against a second definition of it, written from the manual's prose with
 * other means than insn.def's (bit by bit, long division, limbs), on corner
 * values, on random ones, and with every kind of register overlap.
 */
#include "sim/base/rng.h"
#include "sim/core/tests/flat.h"

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

TestSuite(arith, .init = create, .fini = destroy);
TestSuite(arith_slow, .init = create_slow, .fini = destroy);

static const uint64_t corners[] = {0,
                                   1,
                                   2,
                                   31,
                                   32,
                                   63,
                                   64,
                                   0x7ff,
                                   0x800,
                                   0x7fffffff,
                                   0x80000000,
                                   0x80000001,
                                   0xffffffff,
                                   0x100000000,
                                   0x123456789abcdef0,
                                   0x7fffffffffffffff,
                                   0x8000000000000000,
                                   0x8000000000000001,
                                   0xffffffff00000000,
                                   0xffffffff7fffffff,
                                   0xffffffff80000000,
                                   0xfffffffffffffffe,
                                   0xffffffffffffffff};
enum { CORNERS = sizeof corners / sizeof corners[0], RANDOM_PAIRS = 300 };

static uint64_t random_value(void)
{
    return rng_next(&rng) >> rng_below(&rng, 64);
}

/* ---- the second definition ------------------------------------------------------ */

static bool bit(uint64_t v, unsigned n)
{
    return v >> n & 1;
}

static bool is_negative(uint64_t v)
{
    return bit(v, 63);
}

static uint64_t magnitude(uint64_t v)
{
    return is_negative(v) ? ~v + 1 : v;
}

/* The low 32 bits as a signed number. */
static uint64_t word(uint64_t v)
{
    v %= UINT64_C(1) << 32;
    return bit(v, 31) ? v + 0xffffffff00000000 : v;
}

static uint64_t unsigned_word(uint64_t v)
{
    return v % (UINT64_C(1) << 32);
}

static uint64_t add(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t carry = a & b;
        a ^= b;
        b = carry << 1;
    }
    return a;
}

static uint64_t negate(uint64_t v)
{
    return add(~v, 1);
}

static uint64_t shift_left(uint64_t v, uint64_t n)
{
    while (n--)
        v = add(v, v);
    return v;
}

static uint64_t shift_right(uint64_t v, uint64_t n, bool fill)
{
    while (n--)
        v = v / 2 + (fill ? UINT64_C(1) << 63 : 0);
    return v;
}

static bool less_signed(uint64_t a, uint64_t b)
{
    return is_negative(a) != is_negative(b) ? is_negative(a) : a < b;
}

/* The 128-bit product of unsigned numbers, from four products of halves. */
static uint64_t product(uint64_t a, uint64_t b, bool upper)
{
    uint64_t al = a & 0xffffffff, ah = a >> 32, bl = b & 0xffffffff, bh = b >> 32;
    uint64_t low = al * bl, middle1 = ah * bl, middle2 = al * bh, high = ah * bh;
    uint64_t middle = (low >> 32) + (middle1 & 0xffffffff) + (middle2 & 0xffffffff);
    return upper ? high + (middle1 >> 32) + (middle2 >> 32) + (middle >> 32)
                 : middle << 32 | (low & 0xffffffff);
}

/* The upper half of a product of numbers with signs. */
static uint64_t upper_product(uint64_t a, bool a_signed, uint64_t b, bool b_signed)
{
    bool a_minus = a_signed && is_negative(a), b_minus = b_signed && is_negative(b);
    uint64_t ma = a_minus ? magnitude(a) : a, mb = b_minus ? magnitude(b) : b;
    uint64_t high = product(ma, mb, true), low = product(ma, mb, false);
    if (a_minus == b_minus)
        return high;
    return low == 0 ? negate(high) : ~high;
}

struct division {
    uint64_t quotient, remainder;
};

static struct division long_division(uint64_t a, uint64_t b)
{
    struct division d = {0, 0};
    for (unsigned i = 64; i-- > 0;) {
        bool carry = is_negative(d.remainder);
        d.remainder = d.remainder << 1 | bit(a, i);
        bool fits = carry || d.remainder >= b;
        d.quotient = d.quotient << 1 | fits;
        d.remainder -= fits ? b : 0;
    }
    return d;
}

/* Volume I, table "Semantics for division by zero and division overflow". */
static struct division divide_unsigned(uint64_t a, uint64_t b)
{
    return b ? long_division(a, b) : (struct division){UINT64_MAX, a};
}

static struct division divide_signed(uint64_t a, uint64_t b)
{
    if (b == 0)
        return (struct division){UINT64_MAX, a};
    struct division d = long_division(magnitude(a), magnitude(b));
    if (is_negative(a) != is_negative(b))
        d.quotient = negate(d.quotient);
    if (is_negative(a))
        d.remainder = negate(d.remainder);
    return d;
}

/* How many bits before the first one (from the top, or from the bottom), or how
 * many ones in all. */
static uint64_t count_of(uint64_t v, unsigned width, bool leading, bool trailing)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < width; i++) {
        bool one = bit(v, leading ? width - 1 - i : i);
        if ((leading || trailing) && one)
            break;
        n += leading || trailing || one;
    }
    return n;
}

static uint64_t rotate_left(uint64_t v, uint64_t n, unsigned width)
{
    uint64_t rotated = 0;
    for (unsigned i = 0; i < width; i++)
        if (bit(v, i))
            rotated |= shift_left(1, (i + n) % width);
    return rotated;
}

/* The bytes of `v`, in the same or the opposite order, each as it is or made all ones. */
static uint64_t bytes_of(uint64_t v, bool reverse, bool combine)
{
    uint64_t result = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t byte = v >> 8 * i & 255;
        if (combine)
            byte = byte ? 255 : 0;
        result |= byte << 8 * (reverse ? 7 - i : i);
    }
    return result;
}

static uint64_t sign_from(uint64_t v, unsigned top)
{
    for (unsigned i = top + 1; i < 64; i++)
        v = bit(v, top) ? v | UINT64_C(1) << i : v & ~(UINT64_C(1) << i);
    return v;
}

/* The bit-manipulation extensions, volume I chapter "B": Zba, Zbb, Zbs. */
static uint64_t bit_manipulation_of(enum insn_op op, uint64_t a, uint64_t b)
{
    switch (op) {
    case OP_add_uw:
        return add(unsigned_word(a), b);
    case OP_sh1add:
        return add(add(a, a), b);
    case OP_sh2add:
        return add(product(a, 4, false), b);
    case OP_sh3add:
        return add(product(a, 8, false), b);
    case OP_sh1add_uw:
        return add(product(unsigned_word(a), 2, false), b);
    case OP_sh2add_uw:
        return add(product(unsigned_word(a), 4, false), b);
    case OP_sh3add_uw:
        return add(product(unsigned_word(a), 8, false), b);
    case OP_slli_uw:
        return shift_left(unsigned_word(a), b % 64);
    case OP_andn:
        return ~(~a | b);
    case OP_orn:
        return ~(~a & b);
    case OP_xnor:
        return ~((a | b) & ~(a & b));
    case OP_clz:
        return count_of(a, 64, true, false);
    case OP_ctz:
        return count_of(a, 64, false, true);
    case OP_cpop:
        return count_of(a, 64, false, false);
    case OP_clzw:
        return count_of(a, 32, true, false);
    case OP_ctzw:
        return count_of(a, 32, false, true);
    case OP_cpopw:
        return count_of(a, 32, false, false);
    case OP_max:
        return less_signed(a, b) ? b : a;
    case OP_min:
        return less_signed(a, b) ? a : b;
    case OP_maxu:
        return divide_unsigned(a, b).quotient ? a : b; /* by 0: all ones */
    case OP_minu:
        return divide_unsigned(a, b).quotient ? b : a;
    case OP_sext_b:
        return sign_from(a, 7);
    case OP_sext_h:
        return sign_from(a, 15);
    case OP_zext_h:
        return a % 65536;
    case OP_rol:
        return rotate_left(a, b % 64, 64);
    case OP_ror:
    case OP_rori:
        return rotate_left(a, 64 - b % 64, 64);
    case OP_rolw:
        return word(rotate_left(a, b % 32, 32));
    case OP_rorw:
    case OP_roriw:
        return word(rotate_left(a, 32 - b % 32, 32));
    case OP_orc_b:
        return bytes_of(a, false, true);
    case OP_rev8:
        return bytes_of(a, true, false);
    case OP_bclr:
    case OP_bclri:
        return bit(a, b % 64) ? a - shift_left(1, b % 64) : a;
    case OP_bext:
    case OP_bexti:
        return bit(a, b % 64);
    case OP_binv:
    case OP_binvi:
        return bit(a, b % 64) ? a - shift_left(1, b % 64) : a + shift_left(1, b % 64);
    case OP_bset:
    case OP_bseti:
        return bit(a, b % 64) ? a : a + shift_left(1, b % 64);
    default:
        cr_assert_fail("%s has no second definition", insn_name(op));
        return 0;
    }
}

static uint64_t expected_of(enum insn_op op, uint64_t a, uint64_t b)
{
    switch (op) {
    case OP_add:
    case OP_addi:
        return add(a, b);
    case OP_sub:
        return add(a, negate(b));
    case OP_sll:
    case OP_slli:
        return shift_left(a, b % 64);
    case OP_slt:
    case OP_slti:
        return less_signed(a, b);
    case OP_sltu:
    case OP_sltiu:
        return is_negative(a) == is_negative(b) ? magnitude(a - b) != 0 && a < b : is_negative(b);
    case OP_xor:
    case OP_xori:
        return (a | b) & ~(a & b);
    case OP_srl:
    case OP_srli:
        return shift_right(a, b % 64, false);
    case OP_sra:
    case OP_srai:
        return shift_right(a, b % 64, is_negative(a));
    case OP_or:
    case OP_ori:
        return ~(~a & ~b);
    case OP_and:
    case OP_andi:
        return ~(~a | ~b);
    case OP_lui:
        return b;
    case OP_addw:
    case OP_addiw:
        return word(add(a, b));
    case OP_subw:
        return word(add(a, negate(b)));
    case OP_sllw:
    case OP_slliw:
        return word(shift_left(a, b % 32));
    case OP_srlw:
    case OP_srliw:
        return word(shift_right(unsigned_word(a), b % 32, false));
    case OP_sraw:
    case OP_sraiw:
        return word(shift_right(word(a), b % 32, is_negative(word(a))));
    case OP_mul:
        return product(a, b, false);
    case OP_mulh:
        return upper_product(a, true, b, true);
    case OP_mulhsu:
        return upper_product(a, true, b, false);
    case OP_mulhu:
        return upper_product(a, false, b, false);
    case OP_mulw:
        return word(product(a, b, false));
    case OP_div:
        return divide_signed(a, b).quotient;
    case OP_divu:
        return divide_unsigned(a, b).quotient;
    case OP_rem:
        return divide_signed(a, b).remainder;
    case OP_remu:
        return divide_unsigned(a, b).remainder;
    case OP_divw:
        return word(divide_signed(word(a), word(b)).quotient);
    case OP_divuw:
        return word(divide_unsigned(unsigned_word(a), unsigned_word(b)).quotient);
    case OP_remw:
        return word(divide_signed(word(a), word(b)).remainder);
    case OP_remuw:
        return word(divide_unsigned(unsigned_word(a), unsigned_word(b)).remainder);
    default:
        return bit_manipulation_of(op, a, b);
    }
}

/* The rows that compute: ALU, MUL and DIV of insn.def. */
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

static void fill_registers(struct hart *h)
{
    h->x[0] = 0;
    for (unsigned i = 1; i < 32; i++)
        h->x[i] = 0xdead0000beef0000 + i;
}

/* All registers but `rd` still hold what fill_registers and the test put there. */
static void check_others(const struct hart *h, const uint64_t before[32], unsigned rd)
{
    cr_assert_eq(h->x[0], 0);
    for (unsigned i = 1; i < 32; i++)
        if (i != rd)
            cr_assert_eq(h->x[i], before[i], "x%u has changed", i);
}

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
            run_registers(computations[c].op, random_value(), random_value(), rng_below(&rng, 32),
                          rng_below(&rng, 32), rng_below(&rng, 32));
}

Test(arith, a_destination_may_be_a_source)
{
    for (unsigned c = 0; c < COMPUTATIONS; c++)
        for (unsigned n = 0; computations[c].format == ASM_R && n < 20; n++) {
            run_registers(computations[c].op, random_value(), random_value(), T0, T0, T1);
            run_registers(computations[c].op, random_value(), random_value(), T1, T0, T1);
            run_registers(computations[c].op, random_value(), random_value(), T0, T0, T0);
            run_registers(computations[c].op, random_value(), random_value(), ZERO, T0, T1);
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
            run_single(computations[c].op, random_value(), rng_below(&rng, 32),
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

Test(arith, a_store_writes_its_bytes_and_no_other_and_a_load_extends_them)
{
    all_stores_and_loads();
}

Test(arith_slow, a_store_writes_its_bytes_and_no_other_and_a_load_extends_them)
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
            run_atomic(&atomics[n], random_value(), random_value(), i % 3 ? T1 : ZERO,
                       rng_below(&rng, 4));
    }
}

Test(arith, atomics_return_the_old_value_and_store_the_new)
{
    all_atomics();
}

Test(arith_slow, atomics_return_the_old_value_and_store_the_new)
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

Test(arith, a_store_conditional_succeeds_once_after_a_load_reserved)
{
    reserve_and_store(OP_lr_w, OP_sc_w, 4);
    reserve_and_store(OP_lr_d, OP_sc_d, 8);
}

Test(arith, a_store_conditional_without_reservation_of_its_line_stores_nothing)
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

/* ---- jumps and branches -----------------------------------------------------------------------
 */

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
