/*
 * A second definition of what instructions compute, written from the manual's prose
 * with other means than insn.def's: bit by bit, long division, limbs.  With it the
 * values that it is asked for, and registers whose change is noticed.
 */
#ifndef TESSERA_TESTS_ARITHMETIC_H
#define TESSERA_TESTS_ARITHMETIC_H

#include "sim/base/rng.h"
#include "sim/core/tests/flat.h"

/* ---- values ------------------------------------------------------------------ */

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

static inline uint64_t random_value(struct rng *rng)
{
    return rng_next(rng) >> rng_below(rng, 64);
}

/* ---- registers ----------------------------------------------------------------- */

static inline void fill_registers(struct hart *h)
{
    h->x[0] = 0;
    for (unsigned i = 1; i < 32; i++)
        h->x[i] = 0xdead0000beef0000 + i;
}

/* All registers but `rd` still hold what fill_registers and the test put there. */
static inline void check_others(const struct hart *h, const uint64_t before[32], unsigned rd)
{
    cr_assert_eq(h->x[0], 0);
    for (unsigned i = 1; i < 32; i++)
        if (i != rd)
            cr_assert_eq(h->x[i], before[i], "x%u has changed", i);
}

/* ---- the definition ------------------------------------------------------------ */

static inline bool bit(uint64_t v, unsigned n)
{
    return v >> n & 1;
}

static inline bool is_negative(uint64_t v)
{
    return bit(v, 63);
}

static inline uint64_t magnitude(uint64_t v)
{
    return is_negative(v) ? ~v + 1 : v;
}

/* The low 32 bits as a signed number. */
static inline uint64_t word(uint64_t v)
{
    v %= UINT64_C(1) << 32;
    return bit(v, 31) ? v + 0xffffffff00000000 : v;
}

static inline uint64_t unsigned_word(uint64_t v)
{
    return v % (UINT64_C(1) << 32);
}

static inline uint64_t add(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t carry = a & b;
        a ^= b;
        b = carry << 1;
    }
    return a;
}

static inline uint64_t negate(uint64_t v)
{
    return add(~v, 1);
}

static inline uint64_t shift_left(uint64_t v, uint64_t n)
{
    while (n--)
        v = add(v, v);
    return v;
}

static inline uint64_t shift_right(uint64_t v, uint64_t n, bool fill)
{
    while (n--)
        v = v / 2 + (fill ? UINT64_C(1) << 63 : 0);
    return v;
}

static inline bool less_signed(uint64_t a, uint64_t b)
{
    return is_negative(a) != is_negative(b) ? is_negative(a) : a < b;
}

/* The 128-bit product of unsigned numbers, from four products of halves. */
static inline uint64_t product(uint64_t a, uint64_t b, bool upper)
{
    uint64_t al = a & 0xffffffff, ah = a >> 32, bl = b & 0xffffffff, bh = b >> 32;
    uint64_t low = al * bl, middle1 = ah * bl, middle2 = al * bh, high = ah * bh;
    uint64_t middle = (low >> 32) + (middle1 & 0xffffffff) + (middle2 & 0xffffffff);
    return upper ? high + (middle1 >> 32) + (middle2 >> 32) + (middle >> 32)
                 : middle << 32 | (low & 0xffffffff);
}

/* The upper half of a product of numbers with signs. */
static inline uint64_t upper_product(uint64_t a, bool a_signed, uint64_t b, bool b_signed)
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

static inline struct division long_division(uint64_t a, uint64_t b)
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
static inline struct division divide_unsigned(uint64_t a, uint64_t b)
{
    return b ? long_division(a, b) : (struct division){UINT64_MAX, a};
}

static inline struct division divide_signed(uint64_t a, uint64_t b)
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
static inline uint64_t count_of(uint64_t v, unsigned width, bool leading, bool trailing)
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

static inline uint64_t rotate_left(uint64_t v, uint64_t n, unsigned width)
{
    uint64_t rotated = 0;
    for (unsigned i = 0; i < width; i++)
        if (bit(v, i))
            rotated |= shift_left(1, (i + n) % width);
    return rotated;
}

/* The bytes of `v`, in the same or the opposite order, each as it is or made all ones. */
static inline uint64_t bytes_of(uint64_t v, bool reverse, bool combine)
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

static inline uint64_t sign_from(uint64_t v, unsigned top)
{
    for (unsigned i = top + 1; i < 64; i++)
        v = bit(v, top) ? v | UINT64_C(1) << i : v & ~(UINT64_C(1) << i);
    return v;
}

/* The bit-manipulation extensions, volume I chapter "B": Zba, Zbb, Zbs. */
static inline uint64_t bit_manipulation_of(enum insn_op op, uint64_t a, uint64_t b)
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

static inline uint64_t expected_of(enum insn_op op, uint64_t a, uint64_t b)
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

#endif
