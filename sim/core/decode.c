/*
 * From 64 bytes to a line of records.  The table of insn.def says which
 * instruction a word is and how its operands lie; a second look at the
 * neighbours turns a load into its `_used` form when the next instruction
 * reads what it brings, and a branch into its `_near` form when its target
 * lies in the same line.  Both are functions of the line's bytes alone.
 */
#include "sim/core/decode.h"

#include <string.h>

#include "sim/base/hash.h"
#include "sim/core/hart.h"

enum format { FMT_R, FMT_I, FMT_SH6, FMT_SH5, FMT_S, FMT_B, FMT_U, FMT_J, FMT_A, FMT_C, FMT_N };

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
#define MUL(name, match, mask, format, value) [OP_##name] = #name,
#define DIV(name, match, mask, format, value) [OP_##name] = #name,
#define LOAD(name, match, mask, type)         [OP_##name] = #name, [OP_##name##_used] = #name,
#define STORE(name, match, mask, type)        [OP_##name] = #name,
#define BRANCH(name, match, mask, condition)  [OP_##name] = #name, [OP_##name##_near] = #name,
#define AMO(name, match, mask, type, value)   [OP_##name] = #name,
#define SYS(name, match, mask, format)        [OP_##name] = #name,
#include "sim/core/insn.def"
#undef ALU
#undef MUL
#undef DIV
#undef LOAD
#undef STORE
#undef BRANCH
#undef AMO
#undef SYS
    [OP_jal_near] = "jal",           [OP_illegal] = "illegal", [OP_line_end] = "line_end",
    [OP_line_end_used] = "line_end", [OP_traced] = "traced",
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
    [FMT_N] = {false, false, false},
};

static const struct pattern *pattern_of(uint32_t bits)
{
    for (unsigned i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        if ((bits & patterns[i].mask) == patterns[i].match)
            return &patterns[i];
    return NULL;
}

/* A branch or jal whose target is in the line becomes its near form (which
 * follows it in enum insn_op), with the distance in records. */
static void make_near(struct insn *insn, unsigned slot)
{
    int32_t target = (int32_t)(slot * 4) + insn->imm;
    if (target < 0 || target >= LINE_BYTES || target % 4)
        return;
    insn->op = insn->op == OP_jal ? OP_jal_near : (uint8_t)(insn->op + 1);
    insn->imm /= 4;
}

/* The immediate forms of the CSR instructions name a number, not a register. */
static bool csr_immediate(enum insn_op op)
{
    return op == OP_csrrwi || op == OP_csrrsi || op == OP_csrrci;
}

struct insn decode_insn(uint32_t bits, unsigned slot)
{
    const struct pattern *p = pattern_of(bits);
    if (!p)
        return (struct insn){.rd = 32, .op = OP_illegal};
    const struct operands *has = &operands[p->format];
    struct insn insn = {.op = p->op, .rd = 32, .imm = immediate(bits, p->format)};
    if (has->rd && field(bits, 11, 7))
        insn.rd = (uint8_t)field(bits, 11, 7);
    if (has->rs1)
        insn.rs1 = (uint8_t)field(bits, 19, 15);
    if (has->rs2)
        insn.rs2 = (uint8_t)field(bits, 24, 20);
    if (p->format == FMT_B || p->format == FMT_J)
        make_near(&insn, slot);
    return insn;
}

static bool is_load(const struct insn *insn)
{
    return insn->op >= OP_lb && insn->op <= OP_lwu_used;
}

bool insn_uses(const struct insn *insn, unsigned reg)
{
    bool number = csr_immediate((enum insn_op)insn->op);
    return (insn->rs1 == reg && !number) || insn->rs2 == reg;
}

/* A load-reserved looks at the next instruction itself, but not into the next line. */
static bool brings_value(const struct insn *insn)
{
    return is_load(insn) || insn->op == OP_lr_w || insn->op == OP_lr_d;
}

static void decode_line(struct code_line *code, bool traced)
{
    const void *const *handler = hart_handlers();
    struct insn *insn = code->insn;
    for (unsigned i = 0; i < LINE_INSNS; i++)
        insn[i] = decode_insn(code->bits[i], i);
    for (unsigned i = 0; i + 1 < LINE_INSNS; i++)
        if (is_load(&insn[i]) && insn_uses(&insn[i + 1], insn[i].rd))
            insn[i].op++;
    struct insn *last = &insn[LINE_INSNS - 1];
    insn[LINE_INSNS] = (struct insn){.op = OP_line_end, .rd = 32};
    if (brings_value(last))
        insn[LINE_INSNS] = (struct insn){.op = OP_line_end_used, .rd = 32, .rs1 = last->rd};
    for (unsigned i = 0; i <= LINE_INSNS; i++)
        insn[i].go = handler[traced && i < LINE_INSNS ? OP_traced : insn[i].op];
}

/* ---- interning ----------------------------------------------------------- */

enum { CODE_BUCKETS = 1 << 14, CODE_BLOCK = 64 };

struct code_table {
    struct arena *arena;
    bool traced;
    unsigned lines;
    struct code_line *bucket[CODE_BUCKETS];
    struct code_line *free; /* rest of the last block of lines */
    unsigned free_count;
};

struct code_table *code_table_create(struct arena *arena, bool traced)
{
    struct code_table *table = arena_alloc(arena, 1, sizeof *table);
    table->arena = arena;
    table->traced = traced;
    return table;
}

unsigned code_table_lines(const struct code_table *table)
{
    return table->lines;
}

static struct code_line *line_new(struct code_table *table)
{
    if (table->free_count == 0) {
        table->free = arena_alloc(table->arena, CODE_BLOCK, sizeof *table->free);
        table->free_count = CODE_BLOCK;
    }
    table->free_count--;
    table->lines++;
    return table->free++;
}

struct code_line *code_intern(struct code_table *table, const uint8_t bytes[LINE_BYTES])
{
    struct code_line **head =
        &table->bucket[hash_bytes(HASH_SEED, bytes, LINE_BYTES) % CODE_BUCKETS];
    for (struct code_line *code = *head; code; code = code->next)
        if (memcmp(code->bits, bytes, LINE_BYTES) == 0)
            return code;
    struct code_line *code = line_new(table);
    memcpy(code->bits, bytes, LINE_BYTES);
    decode_line(code, table->traced);
    code->next = *head;
    *head = code;
    return code;
}
