/*
 * Instructions are decoded once, a cache line at a time, into records of 16
 * bytes that hart_run() executes.  A decoded line depends on its 64 bytes
 * alone, not on its address, so it is *interned*: equal bytes share one
 * code_line among all harts, and a stale line in an L1I keeps its stale
 * meaning.  No pointer or order of the table ever reaches model state.
 *
 * Code that is patched again and again would fill the table, so lines that nobody
 * refers to are given back in between, when all harts stand:
 *
 *     is it full? -> every hart marks what it refers to -> the others are reclaimed
 *
 * L1Is hold bytes, so a line that has gone is decoded anew when it is fetched again.
 */
#ifndef TESSERA_DECODE_H
#define TESSERA_DECODE_H

#include "sim/base/arena.h"
#include "sim/base/types.h"

enum insn_op {
#define ALU(name, match, mask, format, value) OP_##name,
#define MUL(name, match, mask, format, value) OP_##name, OP_##name##_pending,
#define DIV(name, match, mask, format, value) OP_##name, OP_##name##_pending,
#define LOAD(name, match, mask, type)         OP_##name, OP_##name##_used, OP_##name##_pending,
#define STORE(name, match, mask, type)        OP_##name,
#define BRANCH(name, match, mask, condition)                                                       \
    OP_##name, OP_##name##_near, OP_##name##_dynamic, OP_##name##_dynamic_near,
#define AMO(name, match, mask, type, value) OP_##name,
#define SYS(name, match, mask, format)      OP_##name,
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
    OP_jal_call, /* the same two, pushing onto the return stack */
    OP_jal_call_near,
    OP_jalr_predicted, /* a call, a return, or both */
    OP_illegal,
    OP_fence_stores,   /* a fence that may have to wait for stores in the store buffer */
    OP_forbidden,      /* physical memory protection: imm is the byte of the line that faults */
    OP_straddle,       /* 32 bits that begin in the line's last halfword */
    OP_join,           /* go on with a record elsewhere in the line, in no time */
    OP_line_end,       /* behind the last instruction: go on in the next line */
    OP_round,          /* may close a polling loop: looks, then does what `op` says */
    OP_traced,         /* writes a trace event, then does what `op` says */
    OP_traced_round,   /* both */
    OP_checked,        /* waits for what is pending, then does what its record does */
    OP_checked_divide, /* the same, and for the divider */
    OPS
};

/* One decoded instruction.
 *   branch, jal    imm: target, in bytes from the line's first; near: in records
 *                  from this one; branch rd: 1 = the target lies behind
 *   jal, jalr      rs2: the halfword of the line that follows the instruction; jal
 *                  without a link: 0
 *   auipc          imm: its value, less the line's address
 *   fence          imm: FENCE_*, as in the instruction
 *   x_dynamic      the branch is predicted by counters, not by its direction; rd: the
 *                  halfword of the line at which it stands
 *   x_used         the next instruction wants the value that this load brings
 *   x_pending      the result must be entered in the scoreboard
 *   mul, div       imm: cycles that an instruction behind it waits for the result
 *   line_end       imm: the halfword of the next line to go on with */
struct insn {
    const void *go;   /* handler in hart_run */
    uint8_t rd;       /* 1..31, or 32 for x0 */
    uint8_t rs1, rs2; /* 0 when the format has none */
    uint8_t op;       /* enum insn_op */
    int32_t imm;
};

/* Of a record, what is needed to come from another line or to go to one. */
struct insn_far {
    const void *enter;       /* handler for those who come from elsewhere */
    const struct insn *went; /* where it went last: a guess that saves time, no more (run.c) */
};

/* A fence's operands: accesses before it that it orders with which behind it. */
enum {
    FENCE_AFTER_W = 1 << 0,
    FENCE_AFTER_R = 1 << 1,
    FENCE_AFTER_O = 1 << 2,
    FENCE_AFTER_I = 1 << 3,
    FENCE_BEFORE_W = 1 << 4,
    FENCE_BEFORE_R = 1 << 5,
    FENCE_BEFORE_O = 1 << 6,
    FENCE_BEFORE_I = 1 << 7,
    FENCE_TSO = 1 << 11 | FENCE_BEFORE_R | FENCE_BEFORE_W | FENCE_AFTER_R | FENCE_AFTER_W
};

enum { LINE_HALVES = LINE_BYTES / 2, CODE_RECORDS = 2 * LINE_HALVES };

/*
 * A line decoded from every halfword at which an instruction may begin.  From
 * the line's start the instructions form a chain of records, one behind the
 * other; a jump into the middle of a 32-bit instruction begins another chain,
 * which joins the first as soon as their instructions coincide.
 *
 *   bytes     |  4   |2 |  4   |2 |2 | ...
 *   chain     [0][1 ][2][3 ][4][5] .. [line_end]
 *   from +2      [k][join 2]
 *
 * Every record has a *checked twin*, CODE_RECORDS behind it, which asks the
 * scoreboard before it issues.  A hart goes over to the twins when it issues an
 * instruction whose result is pending, and back when nothing is.
 */
struct code_line {
    struct insn insn[2 * CODE_RECORDS];
    struct insn_far far[2 * CODE_RECORDS]; /* right behind: insn_far finds them */
    uint8_t entry[LINE_HALVES];            /* halfword -> record */
    uint8_t half[2 * CODE_RECORDS];        /* record -> halfword */
    uint8_t bytes[LINE_BYTES];             /* what was decoded */
    uint32_t allowed;                      /* halfwords that may be fetched, a bit each */
    bool straddle;          /* one instruction of two lines; bytes begin with its bits */
    bool kept;              /* somebody refers to it: while lines are reclaimed */
    struct code_line *next; /* same hash bucket, or of those that are spare */
};

/* Both are 16 bytes, so that the way from one to the other needs no code_line. */
static inline struct insn_far *insn_far(const struct insn *insn)
{
    return (struct insn_far *)(uintptr_t)(insn + 2 * CODE_RECORDS);
}

struct code_table;

/* What kind of core the records are for. */
struct code_options {
    bool traced;           /* records pass through the tracing handler */
    bool dynamic_branches; /* branches are predicted by counters */
    bool return_stack;
    uint32_t load_use_cycles, mul_cycles, div_cycles; /* from issue to use */
    uint32_t trap_cycles;
    bool store_buffer;
};
struct code_table *code_table_create(struct arena *arena, const struct code_options *options);

/* The decoded form of these 64 bytes; the same bytes always give one pointer. */
struct code_line *code_intern(struct code_table *table, const uint8_t bytes[LINE_BYTES]);

/* The same of a line of which only some halfwords may be fetched (bit 0 = the
 * first); instructions that need another one fault. */
struct code_line *code_intern_part(struct code_table *table, const uint8_t bytes[LINE_BYTES],
                                   uint32_t allowed);

unsigned code_table_lines(const struct code_table *table);

/* The table is full when it has `lines` more than were left by the last reclaiming. */
enum { CODE_LINES = 16384 }; /* at first */
void code_table_bound(struct code_table *table, unsigned lines);
bool code_table_is_full(const struct code_table *table);

/* Marks a line, or the line of a record, as one that stays; NULL: nothing. */
void code_keep(struct code_line *code);
void code_keep_record(struct code_table *table, const struct insn *insn);

/* Takes back all lines that are not marked, and the marks of the others. */
void code_reclaim(struct code_table *table);

/* The line that holds nothing but the instruction `bits`, which begins in the
 * last halfword of one line and ends in the next. */
struct code_line *code_intern_straddle(struct code_table *table, uint32_t bits);

/* The instruction that begins at a halfword of the line: its bits (the first
 * halfword alone when `bytes` is 2) and its length. */
uint32_t code_bits(const struct code_line *code, unsigned half, unsigned *bytes);

/* Decodes one 32-bit instruction; pc-relative operands are left relative to the
 * instruction. */
struct insn decode_insn(uint32_t bits);

/* The fields of an operation's records that hold numbers, not registers: jal and jalr
 * keep a halfword in rs2, csrrwi and its like a number in rs1, branches their direction
 * in rd. */
enum { INSN_RS1 = 1, INSN_RS2 = 2, INSN_RD = 4 };
extern const uint8_t insn_numbers[OPS];

/* Does the instruction read or write this register (1..31)? */
bool insn_touches(const struct insn *insn, unsigned reg);

/* Does it need the divider? */
static inline bool insn_divides(const struct insn *insn)
{
    return insn->op >= OP_div && insn->op <= OP_remuw_pending;
}

/* The 32-bit instruction that a 16-bit one means; 0 (illegal) when reserved. */
uint32_t expand_compressed(uint16_t bits);
const char *insn_name(enum insn_op op);

#endif
