/*
 * What a word means.  The table of insn.def says which instruction it is and how its
 * operands lie.
 */
#include "sim/core/decode.h"

#include "sim/core/records.h"

enum format {
    FMT_R,
    FMT_I,
    FMT_SH6,
    FMT_SH5,
    FMT_S,
    FMT_B,
    FMT_U,
    FMT_J,
    FMT_A,
    FMT_C,
    FMT_R1,
    FMT_F,
    FMT_O,
    FMT_N
};

static const struct pattern {
    uint32_t match, mask;
    uint8_t op, format;
} patterns[] = {
#define ALU(name, match, mask, format, value) {match, mask, OP_##name, FMT_##format},
#define MUL(name, match, mask, format, value) {match, mask, OP_##name, FMT_##format},
#define DIV(name, match, mask, format, value) {match, mask, OP_##name, FMT_##format},
#define LOAD(name, match, mask, type)         {match, mask, OP_##name, FMT_I},
#define STORE(name, match, mask, type)        {match, mask, OP_##name, FMT_S},
#define BRANCH(name, match, mask, condition)  {match, mask, OP_##name, FMT_B},
#define AMO(name, match, mask, type, value)   {match, mask, OP_##name, FMT_A},
#define SYS(name, match, mask, format)        {match, mask, OP_##name, FMT_##format},
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

static const char *const names[OPS] = {
#define ALU(name, match, mask, format, value) [OP_##name] = #name,
#define MUL(name, match, mask, format, value) [OP_##name] = #name, [OP_##name##_pending] = #name,
#define DIV(name, match, mask, format, value) [OP_##name] = #name, [OP_##name##_pending] = #name,
#define LOAD(name, match, mask, type)                                                              \
    [OP_##name] = #name, [OP_##name##_used] = #name, [OP_##name##_pending] = #name,
#define STORE(name, match, mask, type) [OP_##name] = #name,
#define BRANCH(name, match, mask, condition)                                                       \
    [OP_##name] = #name, [OP_##name##_near] = #name, [OP_##name##_dynamic] = #name,                \
    [OP_##name##_dynamic_near] = #name,
#define AMO(name, match, mask, type, value) [OP_##name] = #name,
#define SYS(name, match, mask, format)      [OP_##name] = #name,
#include "sim/core/insn.def"
#undef ALU
#undef MUL
#undef DIV
#undef LOAD
#undef STORE
#undef BRANCH
#undef AMO
#undef SYS
    [OP_jal_near] = "jal",           [OP_jal_call] = "jal",       [OP_jal_call_near] = "jal",
    [OP_jalr_predicted] = "jalr",    [OP_illegal] = "illegal",    [OP_line_end] = "line_end",
    [OP_forbidden] = "forbidden",    [OP_traced] = "traced",      [OP_checked] = "checked",
    [OP_checked_divide] = "checked", [OP_fence_stores] = "fence",
};

const char *insn_name(enum insn_op op)
{
    return names[op];
}

/* Bits hi..lo of `bits`, sign-extended from bit hi. */
static int32_t signed_field(uint32_t bits, unsigned hi, unsigned lo)
{
    return (int32_t)(bits << (31 - hi)) >> (31 - hi + lo);
}

static uint32_t field(uint32_t bits, unsigned hi, unsigned lo)
{
    return (bits >> lo) & ((2u << (hi - lo)) - 1);
}

static int32_t immediate(uint32_t bits, enum format format)
{
    switch (format) {
    case FMT_I:
        return signed_field(bits, 31, 20);
    case FMT_SH6:
        return (int32_t)field(bits, 25, 20);
    case FMT_SH5:
        return (int32_t)field(bits, 24, 20);
    case FMT_S:
        return signed_field(bits, 31, 25) * 32 + (int32_t)field(bits, 11, 7);
    case FMT_B:
        return signed_field(bits, 31, 31) * 4096 + (int32_t)(field(bits, 7, 7) << 11) +
               (int32_t)(field(bits, 30, 25) << 5) + (int32_t)(field(bits, 11, 8) << 1);
    case FMT_U:
        return (int32_t)(bits & 0xfffff000u);
    case FMT_J:
        return signed_field(bits, 31, 31) * (1 << 20) + (int32_t)(field(bits, 19, 12) << 12) +
               (int32_t)(field(bits, 20, 20) << 11) + (int32_t)(field(bits, 30, 21) << 1);
    case FMT_C:
    case FMT_O:
        return (int32_t)field(bits, 31, 20);
    default:
        return 0;
    }
}

/* Which operands a format has: destination, first and second source. */
static const struct operands {
    bool rd, rs1, rs2;
} operands[] = {
    [FMT_R] = {true, true, true},    [FMT_I] = {true, true, false},
    [FMT_SH6] = {true, true, false}, [FMT_SH5] = {true, true, false},
    [FMT_S] = {false, true, true},   [FMT_B] = {false, true, true},
    [FMT_U] = {true, false, false},  [FMT_J] = {true, false, false},
    [FMT_A] = {true, true, true},    [FMT_C] = {true, true, false},
    [FMT_R1] = {true, true, false},  [FMT_F] = {false, true, true},
    [FMT_O] = {false, false, false}, [FMT_N] = {false, false, false},
};

static const struct pattern *pattern_of(uint32_t bits)
{
    for (unsigned i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        if ((bits & patterns[i].mask) == patterns[i].match)
            return &patterns[i];
    return NULL;
}

struct insn decode_insn(uint32_t bits)
{
    const struct pattern *p = pattern_of(bits);
    if (!p)
        return (struct insn){.rd = 32, .op = OP_illegal};
    const struct operands *has = &operands[p->format];
    struct insn insn = {.op = p->op, .rd = 32, .imm = immediate(bits, (enum format)p->format)};
    if (has->rd && field(bits, 11, 7))
        insn.rd = (uint8_t)field(bits, 11, 7);
    if (has->rs1)
        insn.rs1 = (uint8_t)field(bits, 19, 15);
    if (has->rs2)
        insn.rs2 = (uint8_t)field(bits, 24, 20);
    return insn;
}

uint32_t code_bits(const struct code_line *code, unsigned half, unsigned *bytes)
{
    if (code->straddle) {
        *bytes = 4;
        return code_halfword(code, 0) | code_halfword(code, 1) << 16;
    }
    uint32_t low = code_halfword(code, half);
    *bytes = is_compressed(low) ? 2 : 4;
    return is_compressed(low) || half + 1 == LINE_HALVES
               ? low
               : low | code_halfword(code, half + 1) << 16;
}

/* ---- registers ------------------------------------------------------------ */

const uint8_t insn_numbers[OPS] = {
#define BRANCH(name, match, mask, condition)                                                       \
    [OP_##name] = INSN_RD, [OP_##name##_near] = INSN_RD, [OP_##name##_dynamic] = INSN_RD,          \
    [OP_##name##_dynamic_near] = INSN_RD,
#define ALU(name, match, mask, format, value)
#define MUL(name, match, mask, format, value)
#define DIV(name, match, mask, format, value)
#define LOAD(name, match, mask, type)
#define STORE(name, match, mask, type)
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
    [OP_jal] = INSN_RS2,           [OP_jal_near] = INSN_RS2, [OP_jal_call] = INSN_RS2,
    [OP_jal_call_near] = INSN_RS2, [OP_jalr] = INSN_RS2,     [OP_jalr_predicted] = INSN_RS2,
    [OP_csrrwi] = INSN_RS1,        [OP_csrrsi] = INSN_RS1,   [OP_csrrci] = INSN_RS1,
};

bool insn_touches(const struct insn *insn, unsigned reg)
{
    unsigned numbers = insn_numbers[insn->op];
    return (insn->rs1 == reg && !(numbers & INSN_RS1)) ||
           (insn->rs2 == reg && !(numbers & INSN_RS2)) || (insn->rd == reg && !(numbers & INSN_RD));
}
