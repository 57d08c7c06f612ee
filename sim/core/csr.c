/*
 * Control and status registers.  The rows of csr.def are looked up through an
 * index by number; simple registers are a member and a mask of writable bits,
 * the others have a pair of functions.  A write that may enable an interrupt
 * or end the slice answers CSR_EXIT, so that the run loop looks again.
 */
#include "sim/core/hart.h"

#include "sim/abi/csr.h"
#include "sim/core/port.h"

#define MISA                                                                                       \
    (UINT64_C(2) << 62 | 1u << ('A' - 'A') | 1u << ('C' - 'A') | 1u << ('I' - 'A') | 1u << ('M' - 'A') |               \
     1u << ('S' - 'A') | 1u << ('U' - 'A'))
#define BIT(n)         (UINT64_C(1) << (n))
#define IRQ_SUPERVISOR (BIT(IRQ_SSIP) | BIT(IRQ_STIP) | BIT(IRQ_SEIP))
#define IRQ_DELEGABLE  (IRQ_SUPERVISOR | BIT(IRQ_MESSAGE))
#define IRQ_ALL        (IRQ_DELEGABLE | BIT(IRQ_MSIP) | BIT(IRQ_MTIP) | BIT(IRQ_MEIP))
#define MSTATUS_WRITABLE                                                                           \
    (MSTATUS_SIE | MSTATUS_MIE | MSTATUS_SPIE | MSTATUS_MPIE | MSTATUS_SPP | MSTATUS_MPP |         \
     MSTATUS_MPRV | MSTATUS_SUM | MSTATUS_MXR | MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR)
#define SSTATUS_WRITABLE (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_SUM | MSTATUS_MXR)
#define SSTATUS_VISIBLE  (SSTATUS_WRITABLE | MSTATUS_UXL)

static uint64_t merge(uint64_t old, uint64_t value, uint64_t writable)
{
    return (old & ~writable) | (value & writable);
}

static uint64_t csr_read_mstatus(struct hart *h)
{
    return h->mstatus | MSTATUS_UXL | MSTATUS_SXL;
}

static void csr_write_mstatus(struct hart *h, uint64_t value)
{
    if ((value & MSTATUS_MPP) == UINT64_C(2) << 11) /* no such mode: keep the old one */
        value = merge(value, h->mstatus, MSTATUS_MPP);
    h->mstatus = merge(h->mstatus, value, MSTATUS_WRITABLE);
}

static uint64_t csr_read_sstatus(struct hart *h)
{
    return csr_read_mstatus(h) & SSTATUS_VISIBLE;
}

static void csr_write_sstatus(struct hart *h, uint64_t value)
{
    h->mstatus = merge(h->mstatus, value, SSTATUS_WRITABLE);
}

static uint64_t csr_read_mip(struct hart *h)
{
    return h->mip;
}

static void csr_write_mip(struct hart *h, uint64_t value)
{
    h->mip = merge(h->mip, value, IRQ_SUPERVISOR);
}

static uint64_t csr_read_sip(struct hart *h)
{
    return h->mip & h->mideleg;
}

static void csr_write_sip(struct hart *h, uint64_t value)
{
    h->mip = merge(h->mip, value, BIT(IRQ_SSIP) & h->mideleg);
}

static uint64_t csr_read_sie(struct hart *h)
{
    return h->mie & h->mideleg;
}

static void csr_write_sie(struct hart *h, uint64_t value)
{
    h->mie = merge(h->mie, value, h->mideleg & IRQ_ALL);
}

/* Only Bare translation so far: satp is read-only zero. */
static uint64_t csr_read_satp(struct hart *h)
{
    (void)h;
    return 0;
}

static void csr_write_satp(struct hart *h, uint64_t value)
{
    (void)h;
    (void)value;
}

/* ---- counters ------------------------------------------------------------ */

enum { INHIBIT_CYCLE = 1, INHIBIT_INSTRET = 4 };

static uint64_t csr_read_mcycle(struct hart *h)
{
    return h->mcountinhibit & INHIBIT_CYCLE ? h->cycle_frozen : h->cycle + h->cycle_offset;
}

static void csr_write_mcycle(struct hart *h, uint64_t value)
{
    h->cycle_frozen = value;
    h->cycle_offset = value - (h->cycle + 1); /* seen by the next instruction */
}

static uint64_t csr_read_minstret(struct hart *h)
{
    return h->mcountinhibit & INHIBIT_INSTRET ? h->instret_frozen
                                              : hart_instructions(h) + h->instret_offset;
}

/* The writing instruction itself is not counted (privileged architecture 3.1.10). */
static void csr_write_minstret(struct hart *h, uint64_t value)
{
    h->instret_frozen = value;
    h->instret_offset = value - (hart_instructions(h) + 1);
}

static uint64_t csr_read_mcountinhibit(struct hart *h)
{
    return h->mcountinhibit;
}

static void csr_write_mcountinhibit(struct hart *h, uint64_t value)
{
    uint64_t cycle = csr_read_mcycle(h), instret = csr_read_minstret(h);
    h->mcountinhibit = value & (INHIBIT_CYCLE | INHIBIT_INSTRET);
    h->cycle_frozen = cycle;
    h->cycle_offset = cycle - h->cycle;
    h->instret_frozen = instret;
    h->instret_offset = instret - hart_instructions(h);
}

static uint64_t csr_read_cycle(struct hart *h)
{
    return csr_read_mcycle(h);
}

static uint64_t csr_read_instret(struct hart *h)
{
    return csr_read_minstret(h);
}

static uint64_t csr_read_time(struct hart *h)
{
    return h->cycle / h->cfg->device_mtime_divider;
}

/* cycle, time and instret are read-only by number: never called. */
#define csr_write_cycle   csr_write_satp
#define csr_write_instret csr_write_satp
#define csr_write_time    csr_write_satp

/* ---- the table ------------------------------------------------------------ */

struct csr_row {
    uint16_t first, last;
    enum { CSR_FIELD, CSR_CONST, CSR_SPECIAL, CSR_MESSAGE } kind;
    uint32_t member; /* offset in struct hart */
    uint64_t writable;
    uint64_t (*read)(struct hart *h);
    void (*write)(struct hart *h, uint64_t value);
};

#define CONST(number, name, value)                                                                 \
    static uint64_t const_##name(struct hart *h)                                                   \
    {                                                                                              \
        (void)h;                                                                                   \
        return (value);                                                                            \
    }
#define FIELD(number, name, member, writable)
#define ZERO(first, last, name)                                                                    \
    static uint64_t const_##name(struct hart *h)                                                   \
    {                                                                                              \
        (void)h;                                                                                   \
        return 0;                                                                                  \
    }
#define SPECIAL(number, name)
#define MESSAGE(first, last)
#include "sim/core/csr.def"
#undef CONST
#undef FIELD
#undef ZERO
#undef SPECIAL
#undef MESSAGE

static const struct csr_row rows[] = {
#define CONST(number, name, value) {number, number, CSR_CONST, 0, 0, const_##name, NULL},
#define FIELD(number, name, member, writable)                                                      \
    {number, number, CSR_FIELD, offsetof(struct hart, member), writable, NULL, NULL},
#define ZERO(first, last, name) {first, last, CSR_CONST, 0, 0, const_##name, NULL},
#define SPECIAL(number, name)                                                                      \
    {number, number, CSR_SPECIAL, 0, 0, csr_read_##name, csr_write_##name},
#define MESSAGE(first, last) {first, last, CSR_MESSAGE, 0, 0, NULL, NULL},
#include "sim/core/csr.def"
#undef CONST
#undef FIELD
#undef ZERO
#undef SPECIAL
#undef MESSAGE
};

static const struct csr_row *row_of(unsigned number)
{
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (number >= rows[i].first && number <= rows[i].last)
            return &rows[i];
    return NULL;
}

/* May this privilege touch register `number` now? */
static bool is_allowed(const struct hart *h, unsigned number, bool writes)
{
    unsigned lowest = number >> 8 & 3;
    if (h->priv < lowest || (writes && number >> 10 == 3))
        return false;
    if (number >= 0xc00 && number <= 0xc02) {
        uint64_t bit = BIT(number - 0xc00);
        if (h->priv < PRIV_M && !(h->mcounteren & bit))
            return false;
        if (h->priv < PRIV_S && !(h->scounteren & bit))
            return false;
    }
    return !(number == 0x180 && h->priv == PRIV_S && (h->mstatus & MSTATUS_TVM));
}

static uint64_t combine(enum csr_op op, uint64_t old, uint64_t operand)
{
    return op == CSR_WRITE ? operand : op == CSR_SET ? old | operand : old & ~operand;
}

/* Reading and writing a message-unit register both have effects of their own,
 * so a register is read only by an instruction that wants its value. */
static enum csr_result access_message(struct hart *h, unsigned number, enum csr_op op, bool reads,
                                      bool writes, uint64_t operand, uint64_t *old)
{
    if (reads) {
        enum csr_result result = port_message_read(h, number, old);
        if (result != CSR_DONE)
            return result;
    }
    return writes ? port_message_write(h, number, combine(op, *old, operand)) : CSR_DONE;
}

enum csr_result hart_csr(struct hart *h, unsigned number, enum csr_op op, bool reads, bool writes,
                         uint64_t operand, uint64_t *old)
{
    const struct csr_row *row = row_of(number);
    if (!row || !is_allowed(h, number, writes))
        return CSR_ILLEGAL;
    if (row->kind == CSR_MESSAGE)
        return access_message(h, number, op, reads, writes, operand, old);
    uint64_t *member = (uint64_t *)(void *)((char *)h + row->member);
    *old = row->kind == CSR_FIELD ? *member : row->read(h);
    if (!writes || row->kind == CSR_CONST)
        return CSR_DONE;
    uint64_t value = combine(op, *old, operand);
    if (row->kind == CSR_FIELD)
        *member = merge(*member, value, row->writable);
    else
        row->write(h, value);
    return CSR_EXIT;
}
