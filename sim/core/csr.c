/*
 * Control and status registers.  The rows of csr.def are looked up through an
 * index by number; simple registers are a member and a mask of writable bits,
 * the others have a pair of functions.  A write that may enable an interrupt
 * or end the slice answers CSR_EXIT, so that the run loop looks again.
 */
#include "sim/core/hart.h"

#include "sim/abi/csr.h"
#include "sim/core/mmu.h"

#define MISA                                                                                       \
    (UINT64_C(2) << 62 | 1u << ('A' - 'A') | 1u << ('B' - 'A') | 1u << ('C' - 'A') |               \
     1u << ('I' - 'A') | 1u << ('M' - 'A') | 1u << ('S' - 'A') | 1u << ('U' - 'A'))
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

/* SUM and MXR change what may be accessed, MPRV and MPP in which mode. */
static void set_status(struct hart *h, uint64_t status)
{
    uint64_t changed = status ^ h->mstatus;
    h->mstatus = status;
    if (changed & (MSTATUS_SUM | MSTATUS_MXR))
        mmu_forget_views(h);
    else
        mmu_select_views(h);
}

static void csr_write_mstatus(struct hart *h, uint64_t value)
{
    if ((value & MSTATUS_MPP) == UINT64_C(2) << 11) /* no such mode: keep the old one */
        value = merge(value, h->mstatus, MSTATUS_MPP);
    set_status(h, merge(h->mstatus, value, MSTATUS_WRITABLE));
}

static uint64_t csr_read_sstatus(struct hart *h)
{
    return csr_read_mstatus(h) & SSTATUS_VISIBLE;
}

static void csr_write_sstatus(struct hart *h, uint64_t value)
{
    set_status(h, merge(h->mstatus, value, SSTATUS_WRITABLE));
}

static uint64_t csr_read_mip(struct hart *h)
{
    return h->mip;
}

/* SEIP is software's bit or the controller's line: a write touches software's only. */
static void csr_write_mip(struct hart *h, uint64_t value)
{
    uint64_t timer = h->menvcfg & MENVCFG_STCE ? BIT(IRQ_STIP) : 0;
    h->mip = merge(h->mip, value, IRQ_SUPERVISOR & ~timer);
    h->seip_software = value >> IRQ_SEIP & 1;
    hart_gather_seip(h);
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

static uint64_t csr_read_satp(struct hart *h)
{
    return h->satp;
}

static void csr_write_satp(struct hart *h, uint64_t value)
{
    mmu_write_satp(h, value);
}

/* ADUE exists where the machine leaves A and D to menvcfg. */
static uint64_t csr_read_menvcfg(struct hart *h)
{
    return h->menvcfg;
}

/* The supervisor's timer: STIP follows stimecmp while menvcfg.STCE is set. */
static void follow_stimecmp(struct hart *h)
{
    if (!(h->menvcfg & MENVCFG_STCE) ||
        __builtin_mul_overflow(h->stimecmp, h->cfg->device_mtime_divider, &h->stimer_at))
        h->stimer_at = CYCLE_NEVER;
    if (h->menvcfg & MENVCFG_STCE)
        h->mip = merge(h->mip, h->cycle >= h->stimer_at ? BIT(IRQ_STIP) : 0, BIT(IRQ_STIP));
}

/* CBIE 2 is reserved: the field keeps what it has. */
static uint64_t with_legal_cbie(uint64_t old, uint64_t value)
{
    return (value & ENVCFG_CBIE) == UINT64_C(2) << 4 ? merge(value, old, ENVCFG_CBIE) : value;
}

static void csr_write_menvcfg(struct hart *h, uint64_t value)
{
    uint64_t writable = ENVCFG_FIOM | ENVCFG_CBIE | ENVCFG_CBCFE | ENVCFG_CBZE | MENVCFG_STCE |
                        (h->cfg->hart_ad_update == AD_MENVCFG ? MENVCFG_ADUE : 0);
    h->menvcfg = merge(h->menvcfg, with_legal_cbie(h->menvcfg, value), writable);
    follow_stimecmp(h);
}

static uint64_t csr_read_senvcfg(struct hart *h)
{
    return h->senvcfg;
}

static void csr_write_senvcfg(struct hart *h, uint64_t value)
{
    h->senvcfg = merge(h->senvcfg, with_legal_cbie(h->senvcfg, value),
                       ENVCFG_FIOM | ENVCFG_CBIE | ENVCFG_CBCFE | ENVCFG_CBZE);
}

static uint64_t csr_read_stimecmp(struct hart *h)
{
    return h->stimecmp;
}

static void csr_write_stimecmp(struct hart *h, uint64_t value)
{
    h->stimecmp = value;
    follow_stimecmp(h);
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

/* ---- event counters --------------------------------------------------------- */

/* How often an event of hpm.def has happened; 0 for numbers that have none. */
static uint64_t event_count(const struct hart *h, uint64_t event)
{
    switch (event) {
#define EVENT(number, name, count, meaning)                                                        \
    case number:                                                                                   \
        return count;
#include "sim/core/hpm.def"
#undef EVENT
    default:
        return 0;
    }
}

static bool event_exists(uint64_t event)
{
    switch (event) {
#define EVENT(number, name, count, meaning) case number:
#include "sim/core/hpm.def"
#undef EVENT
        return true;
    default:
        return event == 0;
    }
}

/* hpm_base holds what a counter would show had its event never happened. */
static uint64_t csr_read_mhpmcounter(struct hart *h, unsigned n)
{
    return h->hpm_base[n + 3] + event_count(h, h->hpm_event[n + 3]);
}

static void csr_write_mhpmcounter(struct hart *h, unsigned n, uint64_t value)
{
    h->hpm_base[n + 3] = value - event_count(h, h->hpm_event[n + 3]);
}

static uint64_t csr_read_mhpmevent(struct hart *h, unsigned n)
{
    return h->hpm_event[n + 3];
}

static void csr_write_mhpmevent(struct hart *h, unsigned n, uint64_t value)
{
    uint64_t shown = csr_read_mhpmcounter(h, n);
    h->hpm_event[n + 3] = event_exists(value) ? value : 0;
    csr_write_mhpmcounter(h, n, shown);
}

#define csr_read_hpmcounter  csr_read_mhpmcounter
#define csr_write_hpmcounter NULL /* read-only by number, as cycle, time and instret */

/* ---- physical memory protection ------------------------------------------------ */

static uint64_t csr_read_pmpcfg(struct hart *h, unsigned n)
{
    return n * 4 < PMP_ENTRIES ? pmp_read_cfg(&h->pmp, n) : 0;
}

static void csr_write_pmpcfg(struct hart *h, unsigned n, uint64_t value)
{
    if (n * 4 < PMP_ENTRIES)
        pmp_write_cfg(&h->pmp, n, value);
    mmu_forget_views(h);
}

static uint64_t csr_read_pmpaddr(struct hart *h, unsigned n)
{
    return n < PMP_ENTRIES ? pmp_read_addr(&h->pmp, n) : 0;
}

static void csr_write_pmpaddr(struct hart *h, unsigned n, uint64_t value)
{
    if (n < PMP_ENTRIES)
        pmp_write_addr(&h->pmp, n, value);
    mmu_forget_views(h);
}

/* Read-only by number, so that no write gets as far as these (is_allowed). */
#define csr_write_cycle   NULL
#define csr_write_instret NULL
#define csr_write_time    NULL

/* ---- the table ------------------------------------------------------------ */

struct csr_row {
    uint16_t first, last;
    enum { CSR_FIELD, CSR_CONST, CSR_SPECIAL, CSR_RANGE, CSR_PMP, CSR_MESSAGE } kind;
    uint32_t member; /* offset in struct hart */
    uint64_t writable;
    uint64_t (*read)(struct hart *h);
    void (*write)(struct hart *h, uint64_t value);
    uint64_t (*read_one)(struct hart *h, unsigned index);
    void (*write_one)(struct hart *h, unsigned index, uint64_t value);
};

#define CONST(number, name, value)                                                                 \
    static uint64_t const_##name(struct hart *h)                                                   \
    {                                                                                              \
        (void)h;                                                                                   \
        return (value);                                                                            \
    }
#define FIELD(number, name, member, writable)
#define RANGE(first, last, name)
#define PMP(first, last, name)
#define SPECIAL(number, name)
#define MESSAGE(first, last)
#include "sim/core/csr.def"
#undef CONST
#undef FIELD
#undef RANGE
#undef PMP
#undef SPECIAL
#undef MESSAGE

static const struct csr_row rows[] = {
#define CONST(number, name, value)                                                                 \
    {number, number, CSR_CONST, 0, 0, const_##name, NULL, NULL, NULL},
#define FIELD(number, name, member, writable)                                                      \
    {number, number, CSR_FIELD, offsetof(struct hart, member), writable, NULL, NULL, NULL, NULL},
#define RANGE(first, last, name)                                                                   \
    {first, last, CSR_RANGE, 0, 0, NULL, NULL, csr_read_##name, csr_write_##name},
#define PMP(first, last, name)                                                                     \
    {first, last, CSR_PMP, 0, 0, NULL, NULL, csr_read_##name, csr_write_##name},
#define SPECIAL(number, name)                                                                      \
    {number, number, CSR_SPECIAL, 0, 0, csr_read_##name, csr_write_##name, NULL, NULL},
#define MESSAGE(first, last) {first, last, CSR_MESSAGE, 0, 0, NULL, NULL, NULL, NULL},
#include "sim/core/csr.def"
#undef CONST
#undef FIELD
#undef RANGE
#undef PMP
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

/* Sstc: the supervisor needs menvcfg.STCE and mcounteren.TM. */
static bool stimecmp_allowed(const struct hart *h)
{
    return (h->menvcfg & MENVCFG_STCE) && (h->mcounteren & 2);
}

/* May this privilege touch register `number` now? */
static bool is_allowed(const struct hart *h, unsigned number, bool writes)
{
    unsigned lowest = number >> 8 & 3;
    if (h->priv < lowest || (writes && number >> 10 == 3))
        return false;
    if (number >= 0xc00 && number <= 0xc1f) {
        uint64_t bit = BIT(number - 0xc00);
        if (h->priv < PRIV_M && !(h->mcounteren & bit))
            return false;
        if (h->priv < PRIV_S && !(h->scounteren & bit))
            return false;
    }
    if (number == 0x14d && h->priv == PRIV_S && !stimecmp_allowed(h))
        return false;
    return !(number == 0x180 && h->priv == PRIV_S && (h->mstatus & MSTATUS_TVM));
}

static uint64_t combine(enum csr_op op, uint64_t old, uint64_t operand)
{
    return op == CSR_WRITE ? operand : op == CSR_SET ? old | operand : old & ~operand;
}

enum { CSR_MIP = 0x344 };

/* What csrrs and csrrc modify: what was read, but of SEIP the bit that software wrote. */
static uint64_t modified(const struct hart *h, unsigned number, uint64_t read)
{
    return number == CSR_MIP ? merge(read, h->seip_software ? ~UINT64_C(0) : 0, BIT(IRQ_SEIP))
                             : read;
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
    if ((writes && number != CSR_MU_QUEUE) || number == CSR_MU_POP)
        hart_acts(h);
    if (row->kind == CSR_PMP && (!h->pmp.entries || (number < 0x3b0 && (number & 1))))
        return CSR_ILLEGAL; /* on RV64 only the even pmpcfg exist */
    if (row->kind == CSR_RANGE || row->kind == CSR_PMP) {
        *old = row->read_one(h, number - row->first);
        if (writes)
            row->write_one(h, number - row->first, combine(op, *old, operand));
        return writes ? CSR_EXIT : CSR_DONE;
    }
    if (row->kind == CSR_MESSAGE)
        return access_message(h, number, op, reads, writes, operand, old);
    uint64_t *member = (uint64_t *)(void *)((char *)h + row->member);
    *old = row->kind == CSR_FIELD ? *member : row->read(h);
    if (!writes || row->kind == CSR_CONST)
        return CSR_DONE;
    uint64_t value = combine(op, modified(h, number, *old), operand);
    if (row->kind == CSR_FIELD)
        *member = merge(*member, value, row->writable);
    else
        row->write(h, value);
    return CSR_EXIT;
}
