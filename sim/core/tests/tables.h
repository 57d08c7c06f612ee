/*
 * Page tables on a hart with flat memory, and a second walker that says what becomes of
 * an access, written step by step from the privileged architecture's algorithm ("Virtual
 * Address Translation Process").
 */
#ifndef TESSERA_TESTS_TABLES_H
#define TESSERA_TESTS_TABLES_H

#include "sim/base/rng.h"
#include "sim/core/tests/flat.h"

static struct flat *flat;
static struct hart *h;
static struct rng rng;

static inline void create(void)
{
    flat = flat_create(FLAT_FAST);
    h = &flat->hart;
    h->until = CYCLE_NEVER;
    pmp_write_addr(&h->pmp, 0, ~UINT64_C(0)); /* everything is allowed to all */
    pmp_write_cfg(&h->pmp, 0, 0x18 | PMP_R | PMP_W | PMP_X);
    rng = rng_stream(6, 0);
}

static inline void destroy(void)
{
    flat_destroy(flat);
}

enum { SV39 = 8, SV48 = 9, RSW = 0x300 };
#define TABLE(n) (FLAT_BASE + 0x8000 + (uint64_t)(n)*0x1000) /* four pages of tables */

static inline uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}

static inline void empty_tlbs(void)
{
    struct tlb *const tlbs[] = {&h->itlb, &h->dtlb, &h->l2tlb};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned n = 0; n < tlbs[i]->sets * tlbs[i]->ways; n++)
            tlbs[i]->entry[n].bits = 0;
    h->walk.active = false;
}

static inline void set_satp(unsigned mode, unsigned asid)
{
    h->satp = (uint64_t)mode << 60 | (uint64_t)asid << 44 | TABLE(3) >> 12;
}

static inline uint64_t index_of(uint64_t va, unsigned level)
{
    return va >> (12 + 9 * level) & 511;
}

static inline void put_pte(uint64_t table, uint64_t index, uint64_t pte)
{
    flat_store(flat, table + 8 * index, &pte, sizeof pte);
}

static inline uint64_t get_pte(uint64_t table, uint64_t index)
{
    return flat_load(flat, table + 8 * index);
}

/* The root is TABLE(3) in both modes; each level's table is the next one down. */
static inline unsigned table_of(unsigned mode, unsigned level)
{
    return 3 - ((mode == SV48 ? 3 : 2) - level);
}

/* Tables that lead to the entry `leaf` for `va` at `level`. */
static inline void map(unsigned mode, uint64_t va, unsigned level, uint64_t leaf)
{
    for (unsigned l = mode == SV48 ? 3 : 2; l > level; l--)
        put_pte(TABLE(table_of(mode, l)), index_of(va, l),
                TABLE(table_of(mode, l - 1)) >> 12 << 10 | PTE_V);
    put_pte(TABLE(table_of(mode, level)), index_of(va, level), leaf);
}

/* ---- the second walker ------------------------------------------------------------ */

struct verdict {
    int cause; /* -1: none */
    paddr_t physical;
};

static const int page_faults[] = {CAUSE_FETCH_PAGE, CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE};
static const int access_faults[] = {CAUSE_FETCH_ACCESS, CAUSE_LOAD_ACCESS, CAUSE_STORE_ACCESS};

static inline bool is_set(uint64_t pte, unsigned mask)
{
    return (pte & mask) != 0;
}

/* Step 6: may an access in `mode` use a leaf with these bits? */
static inline bool leaf_allows(uint64_t pte, unsigned mode, enum access_kind kind)
{
    bool sum = is_set(h->mstatus, MSTATUS_SUM), mxr = is_set(h->mstatus, MSTATUS_MXR);
    bool right = kind == ACCESS_FETCH   ? is_set(pte, PTE_X)
                 : kind == ACCESS_STORE ? is_set(pte, PTE_W)
                                        : is_set(pte, PTE_R) || (mxr && is_set(pte, PTE_X));
    if (is_set(pte, PTE_U))
        return right && (mode == PRIV_U || (sum && kind != ACCESS_FETCH));
    return right && mode == PRIV_S;
}

static inline bool hardware_updates(void)
{
    return flat->cfg.hart_ad_update == AD_HARDWARE ||
           (flat->cfg.hart_ad_update == AD_MENVCFG && (h->menvcfg >> 61 & 1));
}

static inline struct verdict fault(int cause)
{
    return (struct verdict){cause, 0};
}

/* Steps 1 to 9 of the process; *update is where A and D would be written. */
static inline struct verdict walk_again(uint64_t va, unsigned mode, enum access_kind kind,
                                        paddr_t *updated, uint64_t *update)
{
    int levels = h->satp >> 60 == SV48 ? 4 : 3;
    int64_t top = (int64_t)va >> (12 + 9 * levels - 1);
    paddr_t table = (h->satp & (bit(44) - 1)) * 4096;
    *updated = 0;
    if (top != 0 && top != -1)
        return fault(page_faults[kind]);
    for (int i = levels - 1; i >= 0; i--) {
        paddr_t at = table + 8 * index_of(va, (unsigned)i);
        if (at < FLAT_BASE || at >= FLAT_END)
            return fault(access_faults[kind]);
        uint64_t pte = flat_load(flat, at), ppn = pte << 10 >> 20;
        if (!is_set(pte, PTE_V) || (!is_set(pte, PTE_R) && is_set(pte, PTE_W)) || pte >> 54)
            return fault(page_faults[kind]);
        if (!is_set(pte, PTE_R) && !is_set(pte, PTE_X)) {
            if (is_set(pte, PTE_D) || is_set(pte, PTE_A) || is_set(pte, PTE_U))
                return fault(page_faults[kind]);
            table = ppn * 4096;
            continue;
        }
        if (!leaf_allows(pte, mode, kind) || ppn % bit(9 * (unsigned)i))
            return fault(page_faults[kind]);
        uint64_t wanted = PTE_A | (kind == ACCESS_STORE ? PTE_D : 0);
        if ((pte & wanted) != wanted) {
            if (!hardware_updates())
                return fault(page_faults[kind]);
            *updated = at;
            *update = pte | wanted;
        }
        return (struct verdict){-1, ppn * 4096 + va % bit(12 + 9 * (unsigned)i)};
    }
    return fault(page_faults[kind]);
}

static inline struct verdict expected(uint64_t va, enum access_kind kind, paddr_t *updated,
                                      uint64_t *update)
{
    unsigned mode = h->priv;
    if (kind != ACCESS_FETCH && is_set(h->mstatus, MSTATUS_MPRV))
        mode = h->mstatus >> 11 & 3;
    *updated = 0;
    if (mode == PRIV_M || h->satp >> 60 == 0)
        return (struct verdict){-1, va};
    return walk_again(va, mode, kind, updated, update);
}

static inline struct verdict answer(uint64_t va, enum access_kind kind)
{
    enum trap_cause cause;
    paddr_t physical;
    enum port_result result = mmu_translate(h, va, kind, &physical, &cause);
    cr_assert(result == PORT_DONE || result == PORT_FAULT);
    return result == PORT_DONE ? (struct verdict){-1, physical} : fault((int)cause);
}

/* Translates, and holds answer and memory against the second walker. */
static inline struct verdict check(uint64_t va, enum access_kind kind, const char *what)
{
    paddr_t updated;
    uint64_t update = 0;
    struct verdict wanted = expected(va, kind, &updated, &update);
    uint64_t before = updated ? flat_load(flat, updated) : 0;
    struct verdict given = answer(va, kind);
    cr_assert_eq(given.cause, wanted.cause,
                 "%s: %#llx kind %u mode %u mstatus %#llx pte %#llx: cause %d, not %d", what,
                 (unsigned long long)va, kind, h->priv, (unsigned long long)h->mstatus,
                 (unsigned long long)before, given.cause, wanted.cause);
    if (given.cause < 0)
        cr_assert_eq(given.physical, wanted.physical, "%s: %#llx to %#llx, not %#llx", what,
                     (unsigned long long)va, (unsigned long long)given.physical,
                     (unsigned long long)wanted.physical);
    if (updated)
        cr_assert_eq(flat_load(flat, updated), update, "%s: A and D", what);
    return given;
}

/* ---- addresses and modes --------------------------------------------------------------- */

/* An address whose indices differ at all levels, in the middle of pages of all sizes. */
#define VA   UINT64_C(0x0000002a5f2d1abc)
#define VA48 UINT64_C(0x00004aaa5f2d1abc)
#define PPN  UINT64_C(0x5a5c0000000) /* aligned to 512 GiB and beyond */

/* Every state of mstatus and mode that matters to an access. */
static inline void set_mode(unsigned n)
{
    h->priv = n & 1 ? PRIV_S : PRIV_U;
    h->mstatus = (n & 2 ? MSTATUS_SUM : 0) | (n & 4 ? MSTATUS_MXR : 0);
    if (n & 8) { /* the same by MPRV, from M */
        h->mstatus |= MSTATUS_MPRV | (uint64_t)h->priv << 11;
        h->priv = PRIV_M;
    }
}

#endif
