/*
 * An instruction is reported when it retires: the event of the instruction
 * itself, then one event for each access to memory and each control register
 * that it changed, in the order in which Spike logs a commit.
 *
 * Nothing here runs unless a trace is written or sim.history keeps instructions, and the
 * interpreter computes nothing for it: every effect is worked out from the record, from the
 * operands before execution and from the registers after it. load, store          address = rs1 +
 * immediate, data = rs2 atomic               old value = rd (x[32] when rd is x0), new from
 * insn.def store-conditional    it stored if rd says 0 control register     read back; counters and
 * the message unit's registers, which a reading would change or time would move on, are reported as
 * written
 *
 * A write to a supervisor's view is reported as the register that holds the
 * bits, sstatus as mstatus for one; Spike logs another register besides some.
 */
#include "sim/core/retire.h"

#include "sim/abi/csr.h"
#include "sim/core/hart.h"
#include "traces/traces.h"

/* ---- what each operation touches --------------------------------------------- */

enum effect_kind {
    EFFECT_NONE,
    EFFECT_BRANCH, /* none, and its rd is not a register */
    EFFECT_LOAD,
    EFFECT_STORE,
    EFFECT_AMO,
    EFFECT_LOAD_RESERVED,
    EFFECT_STORE_CONDITIONAL,
    EFFECT_ZERO_LINE,
    EFFECT_CSR,
    EFFECT_RETURN, /* mret, sret: mstatus */
    EFFECT_KINDS
};

#define AMO(name, match, mask, type, value)                                                        \
    static uint64_t amo_##name(uint64_t old, uint64_t b)                                           \
    {                                                                                              \
        (void)old;                                                                                 \
        return (uint64_t)(value);                                                                  \
    }
#define ALU(name, match, mask, format, value)
#define MUL(name, match, mask, format, value)
#define DIV(name, match, mask, format, value)
#define LOAD(name, match, mask, type)
#define STORE(name, match, mask, type)
#define BRANCH(name, match, mask, condition)
#define SYS(name, match, mask, format)
#include "sim/core/insn.def"
#undef AMO
#undef LOAD
#undef STORE
#undef BRANCH

static const struct effect {
    uint8_t kind, bytes;
    uint64_t (*amo)(uint64_t old, uint64_t b);
} effects[OPS] = {
#define LOAD(name, match, mask, type)                                                              \
    [OP_##name] = {EFFECT_LOAD, sizeof(type), NULL},                                               \
    [OP_##name##_used] = {EFFECT_LOAD, sizeof(type), NULL},                                        \
    [OP_##name##_pending] = {EFFECT_LOAD, sizeof(type), NULL},
#define BRANCH(name, match, mask, condition)                                                       \
    [OP_##name] = {EFFECT_BRANCH, 0, NULL}, [OP_##name##_near] = {EFFECT_BRANCH, 0, NULL},         \
    [OP_##name##_dynamic] = {EFFECT_BRANCH, 0, NULL},                                              \
    [OP_##name##_dynamic_near] = {EFFECT_BRANCH, 0, NULL},
#define STORE(name, match, mask, type)      [OP_##name] = {EFFECT_STORE, sizeof(type), NULL},
#define AMO(name, match, mask, type, value) [OP_##name] = {EFFECT_AMO, sizeof(type), amo_##name},
#include "sim/core/insn.def"
#undef ALU
#undef MUL
#undef DIV
#undef LOAD
#undef STORE
#undef BRANCH
#undef AMO
#undef SYS
    [OP_lr_w] = {EFFECT_LOAD_RESERVED, 4, NULL},
    [OP_lr_d] = {EFFECT_LOAD_RESERVED, 8, NULL},
    [OP_sc_w] = {EFFECT_STORE_CONDITIONAL, 4, NULL},
    [OP_sc_d] = {EFFECT_STORE_CONDITIONAL, 8, NULL},
    [OP_cbo_zero] = {EFFECT_ZERO_LINE, 1, NULL},
    [OP_csrrw] = {EFFECT_CSR, 0, NULL},
    [OP_csrrs] = {EFFECT_CSR, 0, NULL},
    [OP_csrrc] = {EFFECT_CSR, 0, NULL},
    [OP_csrrwi] = {EFFECT_CSR, 0, NULL},
    [OP_csrrsi] = {EFFECT_CSR, 0, NULL},
    [OP_csrrci] = {EFFECT_CSR, 0, NULL},
    [OP_mret] = {EFFECT_RETURN, 0, NULL},
    [OP_sret] = {EFFECT_RETURN, 0, NULL},
};

/* ---- memory ---------------------------------------------------------------------- */

static void report_load(struct hart *h, uint64_t address, unsigned bytes)
{
    trace_loaded(h->trace, h->id, h->retiring.cycle, address, bytes);
}

static void report_store(struct hart *h, uint64_t address, unsigned bytes, uint64_t value)
{
    uint64_t stored = bytes == 8 ? value : value & ((UINT64_C(1) << (8 * bytes)) - 1);
    trace_stored(h->trace, h->id, h->retiring.cycle, address, bytes, stored);
}

static void effect_load(struct hart *h, const struct retiring *r, const struct effect *effect)
{
    report_load(h, r->rs1 + (uint64_t)(int64_t)r->insn.imm, effect->bytes);
}

static void effect_store(struct hart *h, const struct retiring *r, const struct effect *effect)
{
    report_store(h, r->rs1 + (uint64_t)(int64_t)r->insn.imm, effect->bytes, r->rs2);
}

static void effect_amo(struct hart *h, const struct retiring *r, const struct effect *effect)
{
    report_load(h, r->rs1, effect->bytes);
    report_store(h, r->rs1, effect->bytes, effect->amo(h->x[r->insn.rd], r->rs2));
}

static void effect_load_reserved(struct hart *h, const struct retiring *r,
                                 const struct effect *effect)
{
    report_load(h, r->rs1, effect->bytes);
}

static void effect_store_conditional(struct hart *h, const struct retiring *r,
                                     const struct effect *effect)
{
    if (h->x[r->insn.rd] == 0)
        report_store(h, r->rs1, effect->bytes, r->rs2);
}

/* Spike stores a line of zeros byte by byte. */
static void effect_zero_line(struct hart *h, const struct retiring *r, const struct effect *effect)
{
    uint64_t line = r->rs1 & ~(uint64_t)(LINE_BYTES - 1);
    for (unsigned i = 0; i < LINE_BYTES; i++)
        report_store(h, line + i, effect->bytes, 0);
}

/* ---- control and status registers -------------------------------------------------- */

enum {
    CSR_SSTATUS = 0x100,
    CSR_SIE = 0x104,
    CSR_SIP = 0x144,
    CSR_MSTATUS = 0x300,
    CSR_MIE = 0x304,
    CSR_MVIP = 0x309,
    CSR_MIP = 0x344,
};

/* Reading these would change them, or time has moved them on. */
static bool is_reported_as_written(unsigned number)
{
    return (number >= CSR_MU_PUSH && number <= CSR_MU_WAIT) ||
           (number >= CSR_SMU_EP && number <= CSR_SMU_IE) || (number >= 0xb00 && number <= 0xb1f);
}

/* The register's value for one who may read everything; the hart is untouched. */
static uint64_t read_back(const struct hart *h, unsigned number)
{
    struct hart reader = *h;
    uint64_t value = 0;
    reader.priv = PRIV_M;
    hart_csr(&reader, number, CSR_SET, true, false, 0, &value);
    return value;
}

static void report_csr(struct hart *h, unsigned number, uint64_t value)
{
    trace_csr(h->trace, h->id, h->retiring.cycle, number, value);
}

static const struct csr_effect {
    uint8_t op; /* enum csr_op */
    bool immediate;
} csr_effects[OPS] = {
    [OP_csrrw] = {CSR_WRITE, false}, [OP_csrrwi] = {CSR_WRITE, true},
    [OP_csrrs] = {CSR_SET, false},   [OP_csrrsi] = {CSR_SET, true},
    [OP_csrrc] = {CSR_CLEAR, false}, [OP_csrrci] = {CSR_CLEAR, true},
};

/* What the instruction wanted to write, from the old value, which is in rd. */
static uint64_t written_value(const struct hart *h, const struct retiring *r)
{
    const struct csr_effect *how = &csr_effects[r->insn.op];
    uint64_t old = h->x[r->insn.rd], operand = how->immediate ? r->insn.rs1 : r->rs1;
    return how->op == CSR_WRITE ? operand : how->op == CSR_SET ? old | operand : old & ~operand;
}

static void report_written(struct hart *h, const struct retiring *r, unsigned number)
{
    report_csr(h, number,
               is_reported_as_written(number) ? written_value(h, r) : read_back(h, number));
}

/* A register that shows bits of another, the one that holds them, and one that
 * Spike logs besides (0: none). */
static const struct csr_view {
    uint16_t number, holder, besides;
} csr_views[] = {
    {CSR_SSTATUS, CSR_MSTATUS, 0},
    {CSR_SIE, CSR_MIE, CSR_SIE},
    {CSR_SIP, CSR_MIP, CSR_MVIP},
    {CSR_MIP, CSR_MIP, CSR_MVIP},
};

static const struct csr_view *view_of(unsigned number)
{
    for (unsigned i = 0; i < sizeof csr_views / sizeof csr_views[0]; i++)
        if (csr_views[i].number == number)
            return &csr_views[i];
    return NULL;
}

static void report_view(struct hart *h, const struct csr_view *view)
{
    if (view->besides)
        report_csr(h, view->besides, read_back(h, view->besides));
    report_csr(h, view->holder, read_back(h, view->holder));
}

static void effect_csr(struct hart *h, const struct retiring *r, const struct effect *effect)
{
    unsigned number = (unsigned)r->insn.imm & 0xfff;
    const struct csr_view *view = view_of(number);
    bool writes = csr_effects[r->insn.op].op == CSR_WRITE || r->insn.rs1 != 0;
    (void)effect;
    if (!writes)
        return;
    if (view)
        report_view(h, view);
    else
        report_written(h, r, number);
}

static void effect_return(struct hart *h, const struct retiring *r, const struct effect *effect)
{
    (void)r;
    (void)effect;
    report_csr(h, CSR_MSTATUS, read_back(h, CSR_MSTATUS));
}

/* ---- the report ---------------------------------------------------------------------- */

static void (*const report_effect[EFFECT_KINDS])(struct hart *h, const struct retiring *r,
                                                 const struct effect *effect) = {
    [EFFECT_LOAD] = effect_load,
    [EFFECT_STORE] = effect_store,
    [EFFECT_AMO] = effect_amo,
    [EFFECT_LOAD_RESERVED] = effect_load_reserved,
    [EFFECT_STORE_CONDITIONAL] = effect_store_conditional,
    [EFFECT_ZERO_LINE] = effect_zero_line,
    [EFFECT_CSR] = effect_csr,
    [EFFECT_RETURN] = effect_return,
};

void hart_trace_retired(struct hart *h)
{
    const struct retiring *r = &h->retiring;
    if (!r->valid)
        return;
    h->retiring.valid = h->retiring.resumes = false;
    history_retire(&h->history, &(struct retired){r->cycle, r->pc, r->bits, r->priv});
    if (!h->trace)
        return;
    const struct effect *effect = &effects[r->insn.op];
    unsigned rd = effect->kind == EFFECT_BRANCH ? 0 : r->insn.rd & 31;
    trace_insn(h->trace, h->id, r->cycle, r->pc, r->bits, r->priv, rd, h->x[rd]);
    if (report_effect[effect->kind])
        report_effect[effect->kind](h, r, effect);
}

void hart_trace_issue(struct hart *h, uint64_t pc, uint32_t bits, const struct insn *insn,
                      cycle_t cycle)
{
    hart_trace_retired(h);
    h->tracing = true;
    bool resumes = h->retiring.resumes && h->retiring.pc == pc;
    h->retiring = (struct retiring){.valid = true,
                                    .resumes = resumes,
                                    .priv = h->priv,
                                    .bits = bits,
                                    .insn = *insn,
                                    .pc = pc,
                                    .rs1 = h->x[insn->rs1],
                                    .rs2 = h->x[insn->rs2],
                                    .cycle = resumes ? h->retiring.cycle : cycle};
}
