/*
 * Traps: which interrupt is taken, where a trap goes, and the way back
 * (privileged architecture 3.1.6 to 3.1.9, 3.3.2).
 */
#include "sim/core/hart.h"

#include <string.h>

#include "sim/abi/csr.h"
#include "sim/core/mmu.h"
#include "traces/traces.h"

static void set_field(uint64_t *status, uint64_t mask, uint64_t value)
{
    *status = (*status & ~mask) | (value * (mask & -mask));
}

static uint64_t get_field(uint64_t status, uint64_t mask)
{
    return (status & mask) / (mask & -mask);
}

/* ---- traps that lead nowhere (hart.h) ------------------------------------------------ */

static bool is_same(const struct trap_taken *a, const struct trap_taken *b)
{
    return a->cause == b->cause && a->tval == b->tval && a->epc == b->epc && a->priv == b->priv;
}

static bool follows_in_row(struct trap_watch *w, const struct trap_taken *t, uint64_t retired,
                           uint32_t limit)
{
    w->in_a_row = retired == w->instret_at_trap ? w->in_a_row + 1 : 1;
    w->instret_at_trap = retired;
    if (w->in_a_row == 1)
        w->row_first = *t;
    return w->in_a_row > limit;
}

static bool nests(struct trap_watch *w, const struct trap_taken *t)
{
    if (++w->nested == 1)
        w->nest_first = *t;
    return w->nested > TRAPS_NESTED_MAX;
}

static bool resumes_in_vain(struct trap_watch *w, const struct trap_taken *t, uint64_t retired,
                            const uint64_t x[32])
{
    bool again = retired == w->instret_at_return && is_same(t, &w->exception);
    bool same = again && memcmp(w->x, x, sizeof w->x) == 0;
    w->retried = again ? w->retried + 1 : 0;
    w->resumed = same ? w->resumed + 1 : 0;
    if (!same)
        memcpy(w->x, x, sizeof w->x);
    w->exception = *t;
    return w->resumed >= TRAPS_RESUMED_MAX || w->retried >= TRAPS_RETRIED_MAX;
}

static enum trap_loop find_loop(struct hart *h, const struct trap_taken *t)
{
    struct trap_watch *w = &h->trap_watch;
    uint64_t retired = hart_instructions(h);
    bool exception = !(t->cause & CAUSE_INTERRUPT);
    w->latest = *t;
    if (follows_in_row(w, t, retired, h->cfg->sim_report_traps))
        return TRAP_LOOP_ROW;
    if (exception && nests(w, t))
        return TRAP_LOOP_NESTED;
    if (exception && resumes_in_vain(w, t, retired, h->x))
        return TRAP_LOOP_RESUMED;
    return TRAP_LOOP_NONE;
}

static void watch_for_loop(struct hart *h, uint64_t cause, uint64_t tval)
{
    struct trap_taken t = {.cause = cause, .tval = tval, .epc = h->pc, .priv = h->priv};
    if (h->trap_watch.loop != TRAP_LOOP_NONE)
        return; /* the run is about to end */
    h->trap_watch.loop = find_loop(h, &t);
    if (h->trap_watch.loop != TRAP_LOOP_NONE)
        port_trap_loop(h);
}

static void watch_return(struct hart *h)
{
    h->trap_watch.nested = 0;
    h->trap_watch.instret_at_return = hart_instructions(h);
}

/* ---- entry ----------------------------------------------------------------------------- */

/* Of traps in a row the first is noted: the others would push out what led to it. */
static void note_trap(struct hart *h, uint64_t cause, uint64_t epc, unsigned from)
{
    struct arrival a = {.cycle = h->cycle,
                        .from = epc,
                        .to = h->pc,
                        .cause = cause,
                        .kind = ARRIVAL_TRAP,
                        .from_priv = (uint8_t)from,
                        .to_priv = h->priv};
    if (h->trap_watch.in_a_row == 1)
        history_arrive(&h->history, &a);
}

static bool is_delegated(const struct hart *h, uint64_t cause)
{
    uint64_t bit = UINT64_C(1) << (cause & 63);
    return h->priv <= PRIV_S && ((cause & CAUSE_INTERRUPT ? h->mideleg : h->medeleg) & bit);
}

static uint64_t handler_of(uint64_t tvec, uint64_t cause)
{
    uint64_t base = tvec & ~UINT64_C(3);
    return (tvec & 1) && (cause & CAUSE_INTERRUPT) ? base + 4 * (cause & 63) : base;
}

void hart_trap(struct hart *h, uint64_t cause, uint64_t tval)
{
    h->behind_wanted = false;
    h->jumped_from = 0;
    h->walk.active = false;
    h->split.stage = SPLIT_NONE;
    h->behind_line = UINT64_MAX;
    watch_for_loop(h, cause, tval);
    hart_account_mode(h);
    unsigned from = h->priv;
    uint64_t epc = h->pc;
    h->traps += !(cause & CAUSE_INTERRUPT);
    h->interrupts += !!(cause & CAUSE_INTERRUPT);
    if (is_delegated(h, cause)) {
        h->sepc = h->pc;
        h->scause = cause;
        h->stval = tval;
        set_field(&h->mstatus, MSTATUS_SPIE, get_field(h->mstatus, MSTATUS_SIE));
        set_field(&h->mstatus, MSTATUS_SIE, 0);
        set_field(&h->mstatus, MSTATUS_SPP, h->priv);
        h->priv = PRIV_S;
        h->pc = handler_of(h->stvec, cause);
    } else {
        h->mepc = h->pc;
        h->mcause = cause;
        h->mtval = tval;
        set_field(&h->mstatus, MSTATUS_MPIE, get_field(h->mstatus, MSTATUS_MIE));
        set_field(&h->mstatus, MSTATUS_MIE, 0);
        set_field(&h->mstatus, MSTATUS_MPP, h->priv);
        h->priv = PRIV_M;
        h->pc = handler_of(h->mtvec, cause);
    }
    hart_acts(h);
    mmu_select_views(h);
    note_trap(h, cause, epc, from);
    trace_trap(h->trace, h->id, h->cycle, cause, epc, tval, from, h->priv);
    hart_stall(h, STALL_trap, h->cfg->hart_trap_cycles);
}

/* Bits of `pending` in the order of their priority. */
static unsigned highest(uint64_t pending)
{
    static const uint8_t order[] = {IRQ_MEIP, IRQ_MSIP, IRQ_MTIP,   IRQ_SEIP,
                                    IRQ_SSIP, IRQ_STIP, IRQ_MESSAGE};
    for (unsigned i = 0; i < sizeof order; i++)
        if (pending >> order[i] & 1)
            return order[i];
    return 0;
}

bool hart_take_interrupt(struct hart *h)
{
    uint64_t pending = h->mip & h->mie;
    uint64_t for_m = pending & ~h->mideleg, for_s = pending & h->mideleg;
    bool m_enabled = h->priv < PRIV_M || (h->mstatus & MSTATUS_MIE);
    bool s_enabled = h->priv < PRIV_S || (h->priv == PRIV_S && (h->mstatus & MSTATUS_SIE));
    uint64_t taken = m_enabled && for_m ? for_m : s_enabled ? for_s : 0;
    if (!taken)
        return false;
    hart_trap(h, CAUSE_INTERRUPT | highest(taken), 0);
    return true;
}

/* To the mode in mstatus; leaving M ends MPRV. */
static void return_to(struct hart *h, enum privilege priv, uint64_t pc)
{
    if (priv != PRIV_M)
        h->mstatus &= ~MSTATUS_MPRV;
    watch_return(h);
    hart_account_mode(h);
    hart_acts(h);
    trace_return(h->trace, h->id, h->cycle, pc, h->priv, priv);
    struct arrival a = {.cycle = h->cycle,
                        .from = h->pc,
                        .to = pc,
                        .kind = ARRIVAL_RETURN,
                        .from_priv = h->priv,
                        .to_priv = (uint8_t)priv};
    history_arrive(&h->history, &a);
    h->priv = (uint8_t)priv;
    h->pc = pc;
    mmu_select_views(h);
    hart_stall(h, STALL_trap, h->cfg->hart_trap_cycles);
}

void hart_return_m(struct hart *h)
{
    enum privilege to = (enum privilege)get_field(h->mstatus, MSTATUS_MPP);
    set_field(&h->mstatus, MSTATUS_MIE, get_field(h->mstatus, MSTATUS_MPIE));
    set_field(&h->mstatus, MSTATUS_MPIE, 1);
    set_field(&h->mstatus, MSTATUS_MPP, PRIV_U);
    return_to(h, to, h->mepc);
}

void hart_return_s(struct hart *h)
{
    enum privilege to = (enum privilege)get_field(h->mstatus, MSTATUS_SPP);
    set_field(&h->mstatus, MSTATUS_SIE, get_field(h->mstatus, MSTATUS_SPIE));
    set_field(&h->mstatus, MSTATUS_SPIE, 1);
    set_field(&h->mstatus, MSTATUS_SPP, PRIV_U);
    return_to(h, to, h->sepc);
}
