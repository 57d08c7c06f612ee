/*
 * Instructions are decoded once, a cache line at a time, into records of 16
 * bytes that hart_run() executes.  A decoded line depends on its 64 bytes
 * alone, not on its address, so it is *interned*: equal bytes share one
 * code_line among all harts, and a stale line in an L1I keeps its stale
 * meaning.  No pointer or order of the table ever reaches model state.
 */
#ifndef TESSERA_DECODE_H
#define TESSERA_DECODE_H

#include "sim/base/arena.h"
#include "sim/base/types.h"

enum insn_op {
#define ALU(name, match, mask, format, value) OP_##name,
#define MUL(name, match, mask, format, value) OP_##name,
#define DIV(name, match, mask, format, value) OP_##name,
#define LOAD(name, match, mask, type)         OP_##name, OP_##name##_used,
#define STORE(name, match, mask, type)        OP_##name,
#define BRANCH(name, match, mask, condition)  OP_##name, OP_##name##_near,
#define AMO(name, match, mask, type, value)   OP_##name,
#define SYS(name, match, mask, format)        OP_##name,
#include "sim/core/insn.def"
#undef ALU
#undef MUL
#undef DIV
#undef LOAD
#undef STORE
#undef BRANCH
#undef AMO
#undef SYS
    OP_jal_near, /* the target lies in the same line */
    OP_illegal,
    OP_line_end,      /* behind the last instruction: go on in the next line */
    OP_line_end_used, /* the last instruction is a load (or lr) into rs1's register */
    OP_traced,        /* writes a trace event, then does what `op` says */
    OPS
};

/* One decoded instruction.  x_used: the next instruction uses the value that
 * this load brings.  near: imm counts records, not bytes. */
struct insn {
    const void *go;   /* handler in hart_run */
    uint8_t rd;       /* 1..31, or 32 for x0 */
    uint8_t rs1, rs2; /* 0 when the format has none */
    uint8_t op;       /* enum insn_op */
    int32_t imm;
};

enum { LINE_INSNS = LINE_BYTES / 4 };

struct code_line {
    struct insn insn[LINE_INSNS + 1];
    uint32_t bits[LINE_INSNS]; /* what was decoded */
    struct code_line *next;    /* same hash bucket */
};

struct code_table;

/* `traced`: records pass through the tracing handler. */
struct code_table *code_table_create(struct arena *arena, bool traced);

/* The decoded form of these 64 bytes; the same bytes always give one pointer. */
struct code_line *code_intern(struct code_table *table, const uint8_t bytes[LINE_BYTES]);

unsigned code_table_lines(const struct code_table *table);

/* Decodes one 32-bit word that stands at record `slot` of its line. */
struct insn decode_insn(uint32_t bits, unsigned slot);
const char *insn_name(enum insn_op op);

/* Does it read register `reg` (not x0)? */
bool insn_uses(const struct insn *insn, unsigned reg);

#endif
