/*
 * Programs for tests, written as words: an encoder for each format of
 * insn.def, with the match words of its rows, and a buffer that grows word by
 * word.  test_decode.c reads back what the encoders make.
 *
 *     struct program p = {.base = MAP_DRAM_BASE};
 *     unsigned loop = put(&p, asm_i(OP_addi, T0, T0, -1));
 *     put_branch(&p, OP_bne, T0, ZERO, loop);
 */
#ifndef TESSERA_TESTS_ASM_H
#define TESSERA_TESTS_ASM_H

#include <assert.h>

#include "sim/base/rng.h"
#include "sim/core/decode.h"

/* The registers that tests name, by their role in the calling convention. */
enum {
    ZERO = 0,
    RA = 1,
    SP = 2,
    GP = 3,
    T0 = 5,
    T1 = 6,
    T2 = 7,
    S0 = 8,
    S1 = 9,
    A0 = 10,
    A1 = 11,
    A2 = 12,
    A3 = 13,
    A4 = 14,
    A5 = 15,
    S2 = 18,
    S3 = 19,
    T3 = 28,
    T4 = 29,
    T5 = 30,
    T6 = 31
};

enum asm_format {
    ASM_R,
    ASM_I,
    ASM_SH6,
    ASM_SH5,
    ASM_S,
    ASM_B,
    ASM_U,
    ASM_J,
    ASM_A,
    ASM_C,
    ASM_R1,
    ASM_F,
    ASM_O,
    ASM_N
};

/* The rows of insn.def by name. */
struct asm_row {
    const char *name;
    uint32_t match, mask;
    enum asm_format format;
    enum insn_op op;
};
static const struct asm_row asm_rows[] = {
#define ALU(name, match, mask, format, value) {#name, match, mask, ASM_##format, OP_##name},
#define MUL(name, match, mask, format, value) {#name, match, mask, ASM_##format, OP_##name},
#define DIV(name, match, mask, format, value) {#name, match, mask, ASM_##format, OP_##name},
#define LOAD(name, match, mask, type)         {#name, match, mask, ASM_I, OP_##name},
#define STORE(name, match, mask, type)        {#name, match, mask, ASM_S, OP_##name},
#define BRANCH(name, match, mask, condition)  {#name, match, mask, ASM_B, OP_##name},
#define AMO(name, match, mask, type, value)   {#name, match, mask, ASM_A, OP_##name},
#define SYS(name, match, mask, format)        {#name, match, mask, ASM_##format, OP_##name},
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
enum { ASM_ROWS = sizeof asm_rows / sizeof asm_rows[0] };

static inline const struct asm_row *asm_row_of(enum insn_op op)
{
    const struct asm_row *row = asm_rows;
    while (row->op != op)
        row++;
    return row;
}

static inline uint32_t asm_match(enum insn_op op)
{
    return asm_row_of(op)->match;
}

/* ---- one instruction -------------------------------------------------------- */

static inline uint32_t asm_r(enum insn_op op, unsigned rd, unsigned rs1, unsigned rs2)
{
    return asm_match(op) | rd << 7 | rs1 << 15 | rs2 << 20;
}

/* I-type, shifts by an immediate, and CSR instructions (`imm` = the number). */
static inline uint32_t asm_i(enum insn_op op, unsigned rd, unsigned rs1, int32_t imm)
{
    return asm_match(op) | rd << 7 | rs1 << 15 | (uint32_t)imm << 20;
}

static inline uint32_t asm_s(enum insn_op op, unsigned rs2, unsigned rs1, int32_t imm)
{
    uint32_t u = (uint32_t)imm;
    return asm_match(op) | (u & 31) << 7 | rs1 << 15 | rs2 << 20 | (u >> 5 & 127) << 25;
}

static inline uint32_t asm_b(enum insn_op op, unsigned rs1, unsigned rs2, int32_t distance)
{
    uint32_t u = (uint32_t)distance;
    return asm_match(op) | (u >> 11 & 1) << 7 | (u >> 1 & 15) << 8 | rs1 << 15 | rs2 << 20 |
           (u >> 5 & 63) << 25 | (u >> 12 & 1) << 31;
}

/* `imm` is the value's upper 20 bits. */
static inline uint32_t asm_u(enum insn_op op, unsigned rd, uint32_t imm)
{
    return asm_match(op) | rd << 7 | imm << 12;
}

static inline uint32_t asm_j(unsigned rd, int32_t distance)
{
    uint32_t u = (uint32_t)distance;
    return asm_match(OP_jal) | rd << 7 | (u >> 12 & 255) << 12 | (u >> 11 & 1) << 20 |
           (u >> 1 & 1023) << 21 | (u >> 20 & 1) << 31;
}

static inline uint32_t asm_n(enum insn_op op)
{
    return asm_match(op);
}

static inline uint32_t asm_nop(void)
{
    return asm_i(OP_addi, ZERO, ZERO, 0);
}

/* ---- a program ---------------------------------------------------------------- */

enum { PROGRAM_WORDS_MAX = 4096 };

struct program {
    uint64_t base; /* address of word[0] */
    unsigned count;
    uint32_t word[PROGRAM_WORDS_MAX];
};

/* Appends a word and returns its index. */
static inline unsigned put(struct program *p, uint32_t word)
{
    assert(p->count < PROGRAM_WORDS_MAX);
    p->word[p->count] = word;
    return p->count++;
}

static inline uint64_t address_of(const struct program *p, unsigned index)
{
    return p->base + 4 * (uint64_t)index;
}

/* The distance in bytes from the next word to word `to`. */
static inline int32_t distance_to(const struct program *p, unsigned to)
{
    return ((int32_t)to - (int32_t)p->count) * 4;
}

static inline unsigned put_branch(struct program *p, enum insn_op op, unsigned rs1, unsigned rs2,
                                  unsigned to)
{
    return put(p, asm_b(op, rs1, rs2, distance_to(p, to)));
}

static inline unsigned put_jump(struct program *p, unsigned to)
{
    return put(p, asm_j(ZERO, distance_to(p, to)));
}

/* Makes the branch or jal at `index` lead to the next word. */
static inline void land(struct program *p, unsigned index)
{
    uint32_t word = p->word[index];
    int32_t distance = (int32_t)(p->count - index) * 4;
    if ((word & 0x7f) == asm_match(OP_jal))
        p->word[index] = asm_j(word >> 7 & 31, distance);
    else
        p->word[index] = (word & 0x01fff07f) | (asm_b(OP_beq, 0, 0, distance) & 0xfe000f80);
}

/* rd = value, by a sequence whose length depends on the value. */
static inline void put_li(struct program *p, unsigned rd, uint64_t value)
{
    int64_t v = (int64_t)value;
    int64_t low = (int64_t)(value << 52) >> 52;
    if (v == low) {
        put(p, asm_i(OP_addi, rd, ZERO, (int32_t)low));
    } else if (v == (int32_t)v) {
        put(p, asm_u(OP_lui, rd, (uint32_t)((value - (uint64_t)low) >> 12) & 0xfffff));
        put(p, asm_i(OP_addiw, rd, rd, (int32_t)low));
    } else {
        put_li(p, rd, (uint64_t)((int64_t)(value - (uint64_t)low) >> 12));
        put(p, asm_i(OP_slli, rd, rd, 12));
        put(p, asm_i(OP_addi, rd, rd, (int32_t)low));
    }
}

/* CSR shorthands. */
static inline unsigned put_csrw(struct program *p, unsigned number, unsigned rs1)
{
    return put(p, asm_i(OP_csrrw, ZERO, rs1, (int32_t)number));
}

static inline unsigned put_csrr(struct program *p, unsigned rd, unsigned number)
{
    return put(p, asm_i(OP_csrrs, rd, ZERO, (int32_t)number));
}

enum { LINE_WORDS = LINE_BYTES / 4 };

/* Fills up with nops to the next line. */
static inline void put_line_end(struct program *p)
{
    while (p->count % LINE_WORDS)
        put(p, asm_nop());
}

/* A word of this row with random operand bits. */
static inline uint32_t asm_random(struct rng *rng, const struct asm_row *row)
{
    return ((uint32_t)rng_next(rng) & ~row->mask) | row->match;
}

#endif
