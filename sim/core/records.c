/*
 * From 64 bytes to chains of records.  A second look at the whole line turns a load into
 * its `_used` form when the next instruction reads what it brings, and a branch into its
 * `_near` form when its target lies in the same line.  All are functions of the line's
 * bytes alone.
 */
#include "sim/core/records.h"

#include <string.h>

#include "sim/core/hart.h"

/* ---- chains ---------------------------------------------------------------- */

static bool is_branch(const struct insn *insn)
{
    return insn->op >= OP_beq && insn->op <= OP_bgeu_dynamic_near;
}

static bool may_fetch(const struct code_line *code, unsigned half)
{
    return code->allowed >> half & 1;
}

/* The instruction at a halfword, its operands in the forms that a record has.
 * `next` is the halfword behind it. */
static struct insn insn_at(uint32_t bits, unsigned half, unsigned *next)
{
    bool compressed = is_compressed(bits);
    struct insn insn = decode_insn(compressed ? expand_compressed((uint16_t)bits) : bits);
    *next = half + (compressed ? 1 : 2);
    if ((insn.op == OP_jal && insn.rd != 32) || insn.op == OP_jalr)
        insn.rs2 = (uint8_t)*next;
    if (is_branch(&insn))
        insn.rd = insn.imm < 0;
    if (insn.op == OP_jal || insn.op == OP_auipc || (is_branch(&insn)))
        insn.imm += (int32_t)(2 * half);
    return insn;
}

enum { NOT_DECODED = 0xff };

static unsigned add_record(struct code_line *code, unsigned count, struct insn insn, unsigned half)
{
    code->half[count] = (uint8_t)half;
    code->insn[count] = insn;
    return count + 1;
}

/* Decodes from `half` until the line ends or an instruction is met that has a
 * record already.  Returns the number of records in the line. */
static unsigned decode_chain(struct code_line *code, unsigned half, unsigned count)
{
    for (unsigned next; half < LINE_HALVES; half = next) {
        if (code->entry[half] != NOT_DECODED) {
            int32_t distance = code->entry[half] - (int32_t)count;
            return add_record(code, count, (struct insn){.op = OP_join, .rd = 32, .imm = distance},
                              half);
        }
        code->entry[half] = (uint8_t)count;
        uint32_t low = code_halfword(code, half);
        if (half + 1 == LINE_HALVES && !is_compressed(low) && may_fetch(code, half))
            return add_record(code, count, (struct insn){.op = OP_straddle, .rd = 32}, half);
        unsigned bytes;
        struct insn insn = insn_at(code_bits(code, half, &bytes), half, &next);
        if (!may_fetch(code, half) || !may_fetch(code, next - 1))
            insn = (struct insn){.op = OP_forbidden,
                                 .rd = 32,
                                 .imm = 2 * (int32_t)(may_fetch(code, half) ? next - 1 : half)};
        count = add_record(code, count, insn, half);
    }
    struct insn end = {.op = OP_line_end, .rd = 32, .imm = (int32_t)half - LINE_HALVES};
    return add_record(code, count, end, LINE_HALVES);
}

static bool is_near(const struct insn *insn)
{
    return insn->op == OP_jal_near || insn->op == OP_jal_call_near ||
           (is_branch(insn) && (insn->op - OP_beq) % 2);
}

/* A branch or jal whose target is in the line becomes its near form, with the
 * distance in records. */
static void make_near(struct code_line *code, unsigned i)
{
    struct insn *insn = &code->insn[i];
    if (!is_branch(insn) && insn->op != OP_jal)
        return;
    if (insn->imm < 0 || insn->imm >= LINE_BYTES || insn->imm % 2)
        return;
    insn->op = insn->op == OP_jal ? OP_jal_near : (uint8_t)(insn->op + 1);
    insn->imm = code->entry[insn->imm / 2] - (int32_t)i;
}

/* ---- who waits for a result (scoreboard.h) ------------------------------------- */

static bool is_load(const struct insn *insn)
{
    return insn->op >= OP_lb && insn->op <= OP_lwu_pending;
}

static bool multiplies(const struct insn *insn)
{
    return insn->op >= OP_mul && insn->op <= OP_mulw_pending;
}

/* From the instruction's issue to the first use of its result. */
static uint32_t latency(const struct insn *insn, const struct code_options *options)
{
    if (insn_divides(insn))
        return options->div_cycles;
    if (insn->rd == 32)
        return 1;
    return multiplies(insn) ? options->mul_cycles : is_load(insn) ? options->load_use_cycles : 1;
}

/* The record that executes behind this one, or NULL when the line ends. */
static const struct insn *successor(const struct insn *insn)
{
    const struct insn *next = insn + 1;
    if (next->op == OP_join)
        next += next->imm;
    return next->op == OP_line_end || next->op == OP_straddle ? NULL : next;
}

/* Must `next` wait for what `insn` brings? */
static bool depends(const struct insn *next, const struct insn *insn)
{
    return (insn->rd < 32 && insn_touches(next, insn->rd)) ||
           (insn_divides(insn) && insn_divides(next));
}

/* One cycle, no stall, and no synchronisation point. */
static bool is_plain(const struct insn *insn)
{
    return insn->op < OP_mul || insn->op == OP_auipc;
}

/* May another instruction than the next in the line be executed behind it?  The code may
 * be new behind a fence.i, and be another page's behind a fence or a CSR write. */
static bool leads_away(const struct insn *insn)
{
    return is_branch(insn) || (insn->op >= OP_lr_w && insn->op != OP_auipc);
}

/* How the result of an instruction meets the one that wants it first. */
struct meeting {
    enum { IN_TIME, WAITED_FOR, UNKNOWN } how;
    uint32_t cycles; /* WAITED_FOR */
};

/* Follows the instructions behind this one as far as they are known. */
static struct meeting meeting_of(const struct insn *insn, const struct code_options *options)
{
    uint32_t cycles = latency(insn, options);
    const struct insn *next = insn;
    bool plain = true; /* what issues in between can neither wait nor be interrupted */
    for (uint32_t n = 1; n < cycles; n++) {
        next = successor(next);
        if (next && plain && depends(next, insn))
            return (struct meeting){WAITED_FOR, cycles - n};
        if (!next || depends(next, insn) || (n + 1 < cycles && leads_away(next)))
            return (struct meeting){UNKNOWN, 0};
        plain = plain && is_plain(next) && !is_load(insn) && !options->traced;
    }
    /* A trap may lead to anything. */
    return (struct meeting){cycles <= 1 + options->trap_cycles ? IN_TIME : UNKNOWN, 0};
}

static uint8_t pending_form(const struct insn *insn)
{
    return (uint8_t)(insn->op + (is_load(insn) ? OP_lb_pending - OP_lb : OP_mul_pending - OP_mul));
}

/* The wait is known here, and is charged to this instruction. */
static void make_used(struct insn *insn, uint32_t cycles)
{
    if (is_load(insn))
        insn->op = (uint8_t)(insn->op + (OP_lb_used - OP_lb));
    else
        insn->imm = (int32_t)cycles;
}

/* The record and its twin for a result that takes more than a cycle.  While others
 * are pending, which is when the twin executes, all of them are entered: the
 * scoreboard knows in what order they are waited for. */
static void mark_result(struct insn *insn, struct insn *twin, const struct code_options *options)
{
    if (latency(insn, options) <= 1)
        return;
    struct meeting meeting = meeting_of(insn, options);
    twin->op = pending_form(insn);
    if (meeting.how == WAITED_FOR)
        make_used(insn, meeting.cycles);
    else if (meeting.how == UNKNOWN)
        insn->op = pending_form(insn);
}

static bool is_link(unsigned reg)
{
    return reg == 1 || reg == 5;
}

/* The forms that ask the hart's predictor. */
static void make_predicted(struct insn *insn, unsigned half, const struct code_options *options)
{
    if (options->dynamic_branches && is_branch(insn)) {
        insn->op = (uint8_t)(insn->op + (OP_beq_dynamic - OP_beq));
        insn->rd = (uint8_t)half;
    }
    if (!options->return_stack)
        return;
    if (insn->op == OP_jal && is_link(insn->rd))
        insn->op = OP_jal_call;
    if (insn->op == OP_jal_near && is_link(insn->rd))
        insn->op = OP_jal_call_near;
    if (insn->op == OP_jalr && (is_link(insn->rd) || is_link(insn->rs1)))
        insn->op = OP_jalr_predicted;
}

/* With a store buffer, all that is not performed in program order is a store after what
 * comes behind it, unless that is a store.  (Device output counts as a store where
 * menvcfg.FIOM says so.) */
static bool may_await_stores(const struct insn *insn)
{
    return insn->op == OP_fence && insn->imm != FENCE_TSO &&
           (insn->imm & (FENCE_BEFORE_W | FENCE_BEFORE_O)) &&
           (insn->imm & (FENCE_AFTER_R | FENCE_AFTER_I | FENCE_AFTER_O));
}

/* The forms that the kind of core asks for. */
static void make_special(struct insn *insn, unsigned half, const struct code_options *options)
{
    make_predicted(insn, half, options);
    if (options->store_buffer && may_await_stores(insn))
        insn->op = OP_fence_stores;
}

/* Is it more than a step on the way to the next instruction? */
static bool is_instruction(const struct insn *insn)
{
    return insn->op != OP_line_end && insn->op != OP_join && insn->op != OP_straddle;
}

static const bool is_alu[OPS] = {
#define ALU(name, match, mask, format, value) [OP_##name] = true,
#define MUL(name, match, mask, format, value)
#define DIV(name, match, mask, format, value)
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

/* Does it leave its result to the record behind (`latest` in handlers.inc)? */
static bool is_producer(const struct insn *insn)
{
    return insn->rd != 32 && (is_alu[insn->op] || is_load(insn));
}

static enum operands_from operands_from(const struct insn *before, const struct insn *insn)
{
    if (is_producer(before) && before->rd == insn->rs1)
        return OPERANDS_FIRST_LATEST;
    if (is_producer(before) && before->rd == insn->rs2)
        return OPERANDS_SECOND_LATEST;
    return OPERANDS_STORED;
}

/* Records that are met from elsewhere in the line, a bit each. */
static uint64_t targets(const struct code_line *code, unsigned count)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < count; i++)
        if (code->insn[i].op == OP_join || is_near(&code->insn[i]))
            set |= UINT64_C(1) << (i + (unsigned)code->insn[i].imm);
    return set;
}

/* ---- loops that may be polling (polling.h) ------------------------------------------ */

static bool is_plain_jump(const struct insn *insn)
{
    return insn->rd == 32 && (insn->op == OP_jal || insn->op == OP_jal_near);
}

static bool goes_back(const struct code_line *code, const struct insn *insn)
{
    if (is_near(insn))
        return insn->imm <= 0;
    return insn->imm < 2 * code->half[insn - code->insn];
}

static bool is_store(const struct insn *insn)
{
    return insn->op >= OP_sb && insn->op < OP_beq;
}

/* An instruction that does nothing but write its rd from registers. */
static bool is_computation(const struct insn *insn)
{
    return insn->op < OP_lb;
}

/* Does the way from `first` to the branch change something each time: store, or
 * count in a register that nothing else writes?  False when it is not straight. */
static bool makes_progress(const struct insn *first, const struct insn *branch)
{
    unsigned writes[33] = {0};
    uint64_t counted = 0;
    for (const struct insn *i = first; i < branch; i++) {
        if (is_store(i))
            return true;
        if (!is_computation(i) && !is_load(i))
            return false;
        writes[i->rd]++;
        if ((i->op == OP_addi || i->op == OP_addiw) && i->rs1 == i->rd && i->imm)
            counted |= UINT64_C(1) << i->rd;
    }
    for (unsigned r = 1; r < 32; r++)
        if (counted >> r & 1 && writes[r] == 1)
            return true;
    return false;
}

/* A backward branch or plain jump, unless its loop can be seen to make progress. */
static bool may_close_round(const struct code_line *code, const struct insn *insn)
{
    if (!(is_branch(insn) || is_plain_jump(insn)) || !goes_back(code, insn))
        return false;
    return !is_near(insn) || !makes_progress(insn + insn->imm, insn);
}

/* The handler that a record begins with; the others find the next one by its `op`. */
static enum insn_op entry_of(const struct insn *insn, bool round,
                             const struct code_options *options)
{
    if (options->traced && is_instruction(insn))
        return round ? OP_traced_round : OP_traced;
    return round ? OP_round : (enum insn_op)insn->op;
}

static enum insn_op entry_of_twin(const struct insn *twin)
{
    if (!is_instruction(twin))
        return (enum insn_op)twin->op;
    return insn_divides(twin) ? OP_checked_divide : OP_checked;
}

/* A record is entered from other lines at the handler without forwarded operands. */
static void choose_handlers(struct code_line *code, unsigned count,
                            const struct code_options *options)
{
    uint64_t met = targets(code, count) | 1;
    for (unsigned i = 0; i < count; i++) {
        struct insn *insn = &code->insn[i], *twin = insn + CODE_RECORDS;
        enum insn_op first = entry_of(insn, may_close_round(code, insn), options);
        bool alone = met >> i & 1 || first != insn->op;
        enum operands_from from = alone ? OPERANDS_STORED : operands_from(insn - 1, insn);
        insn_far(insn)->enter = hart_handler(first, OPERANDS_STORED);
        insn->go = hart_handler(first, from);
        if (!insn->go)
            insn->go = insn_far(insn)->enter;
        twin->go = insn_far(twin)->enter = hart_handler(entry_of_twin(twin), OPERANDS_STORED);
    }
}

/* Gives the records 0..count-1, complete but for what depends on their neighbours
 * and on the kind of core, their last form, their twins and their handlers. */
static void finish_records(struct code_line *code, unsigned count,
                           const struct code_options *options)
{
    struct insn *twins = code->insn + CODE_RECORDS;
    for (unsigned i = 0; i < count; i++)
        make_special(&code->insn[i], code->half[i], options);
    memcpy(twins, code->insn, count * sizeof *twins);
    memcpy(code->half + CODE_RECORDS, code->half, count);
    for (unsigned i = 0; i < count; i++)
        mark_result(&code->insn[i], &twins[i], options);
    choose_handlers(code, count, options);
}

void decode_line(struct code_line *code, const struct code_options *options)
{
    unsigned count = 0;
    memset(code->entry, NOT_DECODED, sizeof code->entry);
    for (unsigned half = 0; half < LINE_HALVES; half++)
        if (code->entry[half] == NOT_DECODED)
            count = decode_chain(code, half, count);
    for (unsigned i = 0; i < count; i++)
        make_near(code, i);
    finish_records(code, count, options);
}

void decode_straddle(struct code_line *code, uint32_t bits, const struct code_options *options)
{
    unsigned next, half = LINE_HALVES - 1;
    struct insn insn = insn_at(bits, half, &next);
    struct insn end = {.op = OP_line_end, .rd = 32, .imm = 1};
    memset(code->entry, NOT_DECODED, sizeof code->entry);
    finish_records(code, add_record(code, add_record(code, 0, insn, half), end, LINE_HALVES),
                   options);
}
