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

enum { PAGE_SHIFT = 12, VPN_BITS = 9, PTE_BYTES = 8 };
enum { SATP_BARE = 0, SATP_SV39 = 8, SATP_SV48 = 9 };
#define PAGE_OFFSET  ((UINT64_C(1) << PAGE_SHIFT) - 1)
#define PPN_MASK     ((UINT64_C(1) << 44) - 1)
#define PTE_RESERVED (UINT64_C(0x3ff) << 54) /* Svnapot and Svpbmt are absent */

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

static unsigned levels_of(const struct hart *h)
{
    return h->satp >> 60 == SATP_SV48 ? 4 : 3;
}

static uint16_t space_of(const struct hart *h)
{
    return (uint16_t)(h->satp >> 44);
}

void mmu_write_satp(struct hart *h, uint64_t value)
{
    uint64_t mode = value >> 60;
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
        memset(h->window->view_read[k], 0xff, bytes);
        memset(h->window->view_write[k], 0xff, bytes);
        for (uint64_t set = 0; set <= h->fetch_mask; set++)
            h->fetch_view[k][set].line = UINT64_MAX;
    }
    mmu_select_views(h);
}

static unsigned view_of(enum privilege mode)
{
    return mode == PRIV_M ? 2 : (unsigned)mode;
}

void mmu_select_views(struct hart *h)
{
    h->view = (uint8_t)view_of(mode_of(h, ACCESS_LOAD));
    h->fetch = h->fetch_view[view_of((enum privilege)h->priv)];
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
                       .level = (uint8_t)(levels_of(h) - 1),
                       .table = (h->satp & PPN_MASK) << PAGE_SHIFT};
    h->walks++;
    hart_acts(h);
}

static enum port_result walk_fault(struct hart *h, enum trap_cause why, enum trap_cause *cause)
{
    h->walk.active = false;
    *cause = why;
    return PORT_FAULT;
}

static bool is_leaf(uint64_t pte)
{
    return pte & (PTE_R | PTE_X);
}

/* A valid pointer to the next table, or a valid leaf that is aligned to its size. */
static bool is_well_formed(uint64_t pte, unsigned level)
{
    if (!(pte & PTE_V) || (pte & PTE_RESERVED) || (pte & (PTE_R | PTE_W)) == PTE_W)
        return false;
    if (!is_leaf(pte))
        return level > 0 && !(pte & (PTE_A | PTE_D | PTE_U));
    return !(pte >> 10 & ((UINT64_C(1) << (VPN_BITS * level)) - 1));
}

/* The bits that this access wants to see set. */
static uint64_t wanted(enum access_kind kind)
{
    return kind == ACCESS_STORE ? PTE_A | PTE_D : PTE_A;
}

/* The translation of one 4 KiB piece of the leaf's page. */
static struct tlb_entry piece_of(const struct hart *h, uint64_t pte, uint64_t vpn, unsigned level)
{
    uint64_t low = (UINT64_C(1) << (VPN_BITS * level)) - 1;
    return (struct tlb_entry){.vpn = vpn,
                              .ppn = (pte >> 10 & PPN_MASK & ~low) | (vpn & low),
                              .asid = space_of(h),
                              .bits = (uint8_t)pte,
                              .level = (uint8_t)level};
}

static struct tlb *first_tlb(struct hart *h, enum access_kind kind)
{
    return kind == ACCESS_FETCH ? &h->itlb : &h->dtlb;
}

/* What a replaced entry had let through must be looked up again. */
static void remember(struct hart *h, struct tlb *tlb, const struct tlb_entry *entry)
{
    hart_acts(h);
    if (tlb_insert(tlb, entry))
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
    struct tlb_entry entry = piece_of(h, pte | (w->global ? PTE_G : 0), w->address, w->level);
    w->active = false;
    remember(h, &h->l2tlb, &entry);
    remember(h, first_tlb(h, kind), &entry);
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
        uint64_t index = w->address >> (VPN_BITS * w->level) & ((1 << VPN_BITS) - 1);
        paddr_t at = w->table + index * PTE_BYTES;
        uint64_t pte = 0;
        if (!pmp_allows(&h->pmp, at, PTE_BYTES, PMP_R, PRIV_S))
            return walk_fault(h, access_fault(kind), cause);
        enum port_result result = port_walk_read(h, at, &pte);
        if (result == PORT_FAULT)
            return walk_fault(h, access_fault(kind), cause);
        if (result != PORT_DONE)
            return result;
        if (!is_well_formed(pte, w->level))
            return walk_fault(h, page_fault(kind), cause);
        if (is_leaf(pte)) {
            result = finish_walk(h, at, pte, cause);
            if (result == PORT_DONE)
                hart_stall(h, STALL_walk, h->cfg->tlb_walk_cycles);
            return result;
        }
        hart_stall(h, STALL_walk, h->cfg->tlb_walk_cycles);
        w->global |= (pte & PTE_G) != 0;
        w->table = (pte >> 10 & PPN_MASK) << PAGE_SHIFT;
        w->level--;
    }
}

/* ---- translation ------------------------------------------------------------------------- */

/* Bits above the highest translated one must repeat it. */
static bool is_canonical(const struct hart *h, uint64_t address)
{
    unsigned unused = 64 - (PAGE_SHIFT + VPN_BITS * levels_of(h));
    return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

/* Sv39 and Sv48 number pages without the repeated sign bits. */
static uint64_t page_of(const struct hart *h, uint64_t address)
{
    return address >> PAGE_SHIFT & ((UINT64_C(1) << (VPN_BITS * levels_of(h))) - 1);
}

/* The entry of the first-level TLB, brought in from the second level if it is
 * there; NULL when a walk is needed. */
static struct tlb_entry *look_up(struct hart *h, uint64_t vpn, enum access_kind kind)
{
    struct tlb *first = first_tlb(h, kind);
    struct tlb_entry *entry = tlb_find(first, vpn, space_of(h));
    if (entry)
        return entry;
    first->misses += !h->walk.active;
    entry = tlb_find(&h->l2tlb, vpn, space_of(h));
    if (!entry) {
        h->l2tlb.misses += !h->walk.active;
        return NULL;
    }
    hart_stall(h, STALL_walk, h->cfg->tlb_l2_cycles);
    remember(h, first, entry);
    return tlb_find(first, vpn, space_of(h));
}

enum port_result mmu_translate(struct hart *h, uint64_t address, enum access_kind kind,
                               paddr_t *physical, enum trap_cause *cause)
{
    *physical = address;
    if (mode_of(h, kind) == PRIV_M || h->satp >> 60 == SATP_BARE)
        return PORT_DONE;
    *cause = page_fault(kind);
    if (!is_canonical(h, address))
        return PORT_FAULT;
    uint64_t vpn = page_of(h, address);
    struct tlb_entry *entry = look_up(h, vpn, kind);
    if (entry && !bits_allow(h, entry->bits, kind))
        return PORT_FAULT;
    if (!entry || (entry->bits & wanted(kind)) != wanted(kind)) {
        enum port_result result = walk(h, vpn << PAGE_SHIFT, kind, cause);
        if (result != PORT_DONE)
            return result;
        entry = tlb_find(first_tlb(h, kind), vpn, space_of(h));
    }
    *physical = entry->ppn << PAGE_SHIFT | (address & PAGE_OFFSET);
    return hart_must_yield(h) ? PORT_YIELD : PORT_DONE;
}

void mmu_fence(struct hart *h, bool one_address, uint64_t address, bool one_space, uint64_t asid)
{
    struct tlb_range range = {.one_address = one_address,
                              .one_space = one_space,
                              .vpn = page_of(h, address),
                              .asid = (uint16_t)asid};
    hart_acts(h);
    tlb_invalidate(&h->itlb, &range);
    tlb_invalidate(&h->dtlb, &range);
    tlb_invalidate(&h->l2tlb, &range);
    h->walk.active = false;
    mmu_forget_views(h);
}
