/*
 * Translation.
 *
 *   access -> L1 TLB (I or D) -> L2 TLB -> walker: one page table entry a level,
 *                                          through the L1D, from satp's root
 *
 * The walk's progress is kept in the hart (h->walk), so that a hart which sleeps
 * on a page table entry goes on at that level when it wakes.  Each entry is read
 * at a synchronisation point of its own: where the hart must look around first
 * (hart_must_yield) the walker yields.  What a walk takes is charged as STALL_walk.
 *
 * A hit in the *views* (hart.h) needs no translation at all: a view is keyed by
 * the virtual line and filled only where TLB, permissions, PMP and L1 agree; it
 * is emptied whenever one of them changes.
 */
#include "sim/core/mmu.h"

#include <string.h>

#include "sim/core/pte.h"

void mmu_create(struct hart *h, struct arena *arena)
{
    const struct config *cfg = h->cfg;
    tlb_create(&h->itlb, arena, cfg->tlb_i_entries, cfg->tlb_i_ways);
    tlb_create(&h->dtlb, arena, cfg->tlb_d_entries, cfg->tlb_d_ways);
    tlb_create(&h->l2tlb, arena, cfg->tlb_l2_entries, cfg->tlb_l2_ways);
    h->pmp.entries = (uint8_t)cfg->hart_pmp_entries;
    h->pmp.grain = (uint8_t)cfg->hart_pmp_grain;
    size_t sets = h->window->set_mask + 1;
    uint64_t *blind = arena_alloc(arena, sets, sizeof *blind);
    memset(blind, 0xff, sets * sizeof *blind);
    h->blind = blind;
}

/* ---- modes -------------------------------------------------------------------- */

/* The mode whose rules an access follows: mstatus.MPRV lends loads and stores the
 * one in MPP. */
static enum privilege mode_of(const struct hart *h, enum access_kind kind)
{
    if (kind != ACCESS_FETCH && (h->mstatus & MSTATUS_MPRV))
        return (enum privilege)(h->mstatus >> 11 & 3);
    return (enum privilege)h->priv;
}

void mmu_write_satp(struct hart *h, uint64_t value)
{
    unsigned mode = satp_mode(value);
    if (mode != SATP_BARE && mode != SATP_SV39 && mode != SATP_SV48)
        return;
    h->satp = value;
    mmu_forget_views(h);
}

static enum trap_cause page_fault(enum access_kind kind)
{
    static const uint8_t cause[] = {CAUSE_FETCH_PAGE, CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE};
    return (enum trap_cause)cause[kind];
}

static enum trap_cause access_fault(enum access_kind kind)
{
    static const uint8_t cause[] = {CAUSE_FETCH_ACCESS, CAUSE_LOAD_ACCESS, CAUSE_STORE_ACCESS};
    return (enum trap_cause)cause[kind];
}

bool mmu_may_access(const struct hart *h, paddr_t physical, unsigned bytes, enum access_kind kind)
{
    static const uint8_t rights[] = {PMP_X, PMP_R, PMP_W};
    return pmp_allows(&h->pmp, physical, bytes, rights[kind], mode_of(h, kind));
}

/* ---- views ---------------------------------------------------------------------- */

void mmu_forget_views(struct hart *h)
{
    size_t bytes = (h->window->set_mask + 1) * sizeof(uint64_t);
    for (unsigned k = 0; k < L1_VIEWS; k++) {
        memset(h->window->view[k], 0xff, bytes);
        for (uint64_t set = 0; set <= h->fetch_mask; set++)
            h->fetch_view[k][set].line = UINT64_MAX;
    }
    mmu_select_views(h);
}

void mmu_select_views(struct hart *h)
{
    h->view = h->window->view[hart_mode_index(mode_of(h, ACCESS_LOAD))];
    h->fetch = h->fetch_view[hart_mode_index(h->priv)];
    h->here = NULL;
    hart_choose_views(h);
}

/* ---- permissions -------------------------------------------------------------------- */

/* Do the entry's bits allow the access?  (A and D are the walker's business.) */
static bool bits_allow(const struct hart *h, unsigned bits, enum access_kind kind)
{
    enum privilege mode = mode_of(h, kind);
    bool user_page = bits & PTE_U;
    if (mode == PRIV_U && !user_page)
        return false;
    if (mode == PRIV_S && user_page && (kind == ACCESS_FETCH || !(h->mstatus & MSTATUS_SUM)))
        return false;
    switch (kind) {
    case ACCESS_FETCH:
        return bits & PTE_X;
    case ACCESS_LOAD:
        return (bits & PTE_R) || ((bits & PTE_X) && (h->mstatus & MSTATUS_MXR));
    default:
        return bits & PTE_W;
    }
}

static bool updates_in_hardware(const struct hart *h)
{
    return h->cfg->hart_ad_update == AD_HARDWARE ||
           (h->cfg->hart_ad_update == AD_MENVCFG && (h->menvcfg & MENVCFG_ADUE));
}

/* ---- the walker ----------------------------------------------------------------------- */

static void walk_begin(struct hart *h, uint64_t address, enum access_kind kind)
{
    struct walk *w = &h->walk;
    if (w->active && w->address == address >> PAGE_SHIFT && w->kind == kind)
        return;
    *w = (struct walk){.active = true,
                       .address = address >> PAGE_SHIFT,
                       .kind = (uint8_t)kind,
                       .level = (uint8_t)(satp_levels(h->satp) - 1),
                       .table = satp_root(h->satp)};
    h->walks++;
    hart_acts(h);
}

static enum port_result walk_fault(struct hart *h, enum trap_cause why, enum trap_cause *cause)
{
    h->walk.active = false;
    *cause = why;
    return PORT_FAULT;
}

/* The bits that this access wants to see set. */
static uint64_t wanted(enum access_kind kind)
{
    return kind == ACCESS_STORE ? PTE_A | PTE_D : PTE_A;
}

static struct tlb *first_tlb(struct hart *h, enum access_kind kind)
{
    return kind == ACCESS_FETCH ? &h->itlb : &h->dtlb;
}

/* What a replaced entry had let through must be looked up again. */
static void remember(struct hart *h, struct tlb *tlb, const struct tlb_entry *entry,
                     const struct tlb_origin *origin)
{
    hart_acts(h);
    if (tlb_insert(tlb, entry, origin))
        mmu_forget_views(h);
}

/* The leaf has been found: permissions, then A and D, then the TLBs. */
static enum port_result finish_walk(struct hart *h, paddr_t at, uint64_t pte,
                                    enum trap_cause *cause)
{
    struct walk *w = &h->walk;
    enum access_kind kind = (enum access_kind)w->kind;
    if (!bits_allow(h, (unsigned)pte & 0xff, kind))
        return walk_fault(h, page_fault(kind), cause);
    if ((pte & wanted(kind)) != wanted(kind)) {
        if (!updates_in_hardware(h))
            return walk_fault(h, page_fault(kind), cause);
        if (!pmp_allows(&h->pmp, at, PTE_BYTES, PMP_W, PRIV_S))
            return walk_fault(h, access_fault(kind), cause);
        pte |= wanted(kind);
        enum port_result result = port_walk_write(h, at, pte);
        if (result != PORT_DONE)
            return result;
    }
    struct tlb_entry entry =
        pte_piece(h->satp, pte | (w->global ? PTE_G : 0), w->address, w->level);
    struct tlb_origin origin = {.satp = h->satp, .read_at = h->cycle};
    entry.dead = w->dead;
    w->active = false;
    remember(h, &h->l2tlb, &entry, &origin);
    remember(h, first_tlb(h, kind), &entry, &origin);
    return PORT_DONE;
}

static enum port_result walk(struct hart *h, uint64_t address, enum access_kind kind,
                             enum trap_cause *cause)
{
    struct walk *w = &h->walk;
    walk_begin(h, address, kind);
    for (;;) {
        if (hart_must_yield(h))
            return PORT_YIELD;
        paddr_t at = pte_at(w->table, w->address, w->level);
        uint64_t pte = 0;
        if (!pmp_allows(&h->pmp, at, PTE_BYTES, PMP_R, PRIV_S))
            return walk_fault(h, access_fault(kind), cause);
        enum port_result result = port_walk_read(h, at, &pte);
        if (result == PORT_FAULT)
            return walk_fault(h, access_fault(kind), cause);
        if (result != PORT_DONE)
            return result;
        if (!pte_is_well_formed(pte, w->level))
            return walk_fault(h, page_fault(kind), cause);
        if (pte_is_leaf(pte)) {
            result = finish_walk(h, at, pte, cause);
            if (result == PORT_DONE)
                hart_stall(h, STALL_walk, h->cfg->tlb_walk_cycles);
            return result;
        }
        hart_stall(h, STALL_walk, h->cfg->tlb_walk_cycles);
        w->global |= (pte & PTE_G) != 0;
        w->table = pte_frame(pte) << PAGE_SHIFT;
        w->level--;
    }
}

/* ---- translation ------------------------------------------------------------------------- */

/* The entry of the first-level TLB, brought in from the second level if it is
 * there; NULL when a walk is needed. */
static struct tlb_entry *look_up(struct hart *h, uint64_t vpn, enum access_kind kind)
{
    struct tlb *first = first_tlb(h, kind);
    struct tlb_entry *entry = tlb_find(first, vpn, satp_space(h->satp));
    if (entry)
        return entry;
    first->misses += !h->walk.active;
    entry = tlb_find(&h->l2tlb, vpn, satp_space(h->satp));
    if (!entry) {
        h->l2tlb.misses += !h->walk.active;
        return NULL;
    }
    hart_stall(h, STALL_walk, h->cfg->tlb_l2_cycles);
    remember(h, first, entry, tlb_origin(&h->l2tlb, entry));
    return tlb_find(first, vpn, satp_space(h->satp));
}

static bool is_translated(const struct hart *h, enum access_kind kind)
{
    return mode_of(h, kind) != PRIV_M && satp_mode(h->satp) != SATP_BARE;
}

enum port_result mmu_translate(struct hart *h, uint64_t address, enum access_kind kind,
                               paddr_t *physical, enum trap_cause *cause)
{
    *physical = address;
    if (!is_translated(h, kind))
        return PORT_DONE;
    *cause = page_fault(kind);
    if (!satp_is_canonical(h->satp, address))
        return PORT_FAULT;
    uint64_t vpn = page_number(address);
    const struct tlb *first = first_tlb(h, kind);
    const struct tlb_entry *entry = look_up(h, vpn, kind);
    if (entry && !bits_allow(h, entry->bits, kind))
        return PORT_FAULT;
    if (!entry || (entry->bits & wanted(kind)) != wanted(kind)) {
        enum port_result result = walk(h, vpn << PAGE_SHIFT, kind, cause);
        if (result != PORT_DONE)
            return result;
        entry = tlb_find(first, vpn, satp_space(h->satp));
    }
    *physical = entry->ppn << PAGE_SHIFT | (address & (PAGE_BYTES - 1));
    if (hart_must_yield(h))
        return PORT_YIELD;
    if (entry->dead)
        port_stale_use(h, address, kind, &(struct tlb_use){*entry, *tlb_origin(first, entry)});
    return PORT_DONE;
}

struct tlb_use mmu_used(struct hart *h, uint64_t address, enum access_kind kind)
{
    const struct tlb *const levels[] = {first_tlb(h, kind), &h->l2tlb};
    for (unsigned i = 0; i < 2 && is_translated(h, kind); i++) {
        const struct tlb_entry *entry =
            tlb_find(levels[i], page_number(address), satp_space(h->satp));
        if (entry)
            return (struct tlb_use){*entry, *tlb_origin(levels[i], entry)};
    }
    return (struct tlb_use){0};
}

void mmu_fence(struct hart *h, bool one_address, uint64_t address, bool one_space, uint64_t asid)
{
    struct tlb_range range = {.one_address = one_address,
                              .one_space = one_space,
                              .vpn = page_number(address),
                              .asid = (uint16_t)asid};
    hart_acts(h);
    tlb_invalidate(&h->itlb, &range);
    tlb_invalidate(&h->dtlb, &range);
    tlb_invalidate(&h->l2tlb, &range);
    h->walk.active = false;
    mmu_forget_views(h);
}
