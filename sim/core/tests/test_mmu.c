/*
 * Translation against a second walker, written step by step from the privileged
 * architecture's algorithm ("Virtual Address Translation Process"): every page
 * table entry's bits in every mode, at every level; what stays in the TLBs and
 * what each form of fence takes out of them; registers and faults around it.
 */
#include "sim/base/rng.h"
#include "sim/core/tests/flat.h"

static struct flat *flat;
static struct hart *h;
static struct rng rng;

static void create(void)
{
    flat = flat_create(FLAT_FAST);
    h = &flat->hart;
    h->until = CYCLE_NEVER;
    pmp_write_addr(&h->pmp, 0, ~UINT64_C(0)); /* everything is allowed to all */
    pmp_write_cfg(&h->pmp, 0, 0x18 | PMP_R | PMP_W | PMP_X);
    rng = rng_stream(6, 0);
}

static void destroy(void)
{
    flat_destroy(flat);
}

TestSuite(mmu, .init = create, .fini = destroy);

enum { SV39 = 8, SV48 = 9, RSW = 0x300 };
#define TABLE(n) (FLAT_BASE + 0x8000 + (uint64_t)(n)*0x1000) /* four pages of tables */

static uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}

static void empty_tlbs(void)
{
    struct tlb *const tlbs[] = {&h->itlb, &h->dtlb, &h->l2tlb};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned n = 0; n < tlbs[i]->sets * tlbs[i]->ways; n++)
            tlbs[i]->entry[n].bits = 0;
    h->walk.active = false;
}

static void set_satp(unsigned mode, unsigned asid)
{
    h->satp = (uint64_t)mode << 60 | (uint64_t)asid << 44 | TABLE(3) >> 12;
}

static uint64_t index_of(uint64_t va, unsigned level)
{
    return va >> (12 + 9 * level) & 511;
}

static void put_pte(uint64_t table, uint64_t index, uint64_t pte)
{
    flat_store(flat, table + 8 * index, &pte, sizeof pte);
}

static uint64_t get_pte(uint64_t table, uint64_t index)
{
    return flat_load(flat, table + 8 * index);
}

/* The root is TABLE(3) in both modes; each level's table is the next one down. */
static unsigned table_of(unsigned mode, unsigned level)
{
    return 3 - ((mode == SV48 ? 3 : 2) - level);
}

/* Tables that lead to the entry `leaf` for `va` at `level`. */
static void map(unsigned mode, uint64_t va, unsigned level, uint64_t leaf)
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

static bool is_set(uint64_t pte, unsigned mask)
{
    return (pte & mask) != 0;
}

/* Step 6: may an access in `mode` use a leaf with these bits? */
static bool leaf_allows(uint64_t pte, unsigned mode, enum access_kind kind)
{
    bool sum = is_set(h->mstatus, MSTATUS_SUM), mxr = is_set(h->mstatus, MSTATUS_MXR);
    bool right = kind == ACCESS_FETCH   ? is_set(pte, PTE_X)
                 : kind == ACCESS_STORE ? is_set(pte, PTE_W)
                                        : is_set(pte, PTE_R) || (mxr && is_set(pte, PTE_X));
    if (is_set(pte, PTE_U))
        return right && (mode == PRIV_U || (sum && kind != ACCESS_FETCH));
    return right && mode == PRIV_S;
}

static bool hardware_updates(void)
{
    return flat->cfg.hart_ad_update == AD_HARDWARE ||
           (flat->cfg.hart_ad_update == AD_MENVCFG && (h->menvcfg >> 61 & 1));
}

static struct verdict fault(int cause)
{
    return (struct verdict){cause, 0};
}

/* Steps 1 to 9 of the process; *update is where A and D would be written. */
static struct verdict walk_again(uint64_t va, unsigned mode, enum access_kind kind,
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

static struct verdict expected(uint64_t va, enum access_kind kind, paddr_t *updated,
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

static struct verdict answer(uint64_t va, enum access_kind kind)
{
    enum trap_cause cause;
    paddr_t physical;
    enum port_result result = mmu_translate(h, va, kind, &physical, &cause);
    cr_assert(result == PORT_DONE || result == PORT_FAULT);
    return result == PORT_DONE ? (struct verdict){-1, physical} : fault((int)cause);
}

/* Translates, and holds answer and memory against the second walker. */
static struct verdict check(uint64_t va, enum access_kind kind, const char *what)
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

/* ---- one entry, all its bits --------------------------------------------------------- */

/* An address whose indices differ at all levels, in the middle of pages of all sizes. */
#define VA   UINT64_C(0x0000002a5f2d1abc)
#define VA48 UINT64_C(0x00004aaa5f2d1abc)
#define PPN  UINT64_C(0x5a5c0000000) /* aligned to 512 GiB and beyond */

/* Every state of mstatus and mode that matters to an access. */
static void set_mode(unsigned n)
{
    h->priv = n & 1 ? PRIV_S : PRIV_U;
    h->mstatus = (n & 2 ? MSTATUS_SUM : 0) | (n & 4 ? MSTATUS_MXR : 0);
    if (n & 8) { /* the same by MPRV, from M */
        h->mstatus |= MSTATUS_MPRV | (uint64_t)h->priv << 11;
        h->priv = PRIV_M;
    }
}

static void all_bits_of_an_entry(unsigned mode, unsigned level)
{
    uint64_t va = mode == SV48 ? VA48 : VA;
    set_satp(mode, 0);
    for (unsigned bits = 0; bits < 1024; bits++)
        for (unsigned ad = 0; ad < 2; ad++)
            for (unsigned m = 0; m < 16; m++)
                for (unsigned kind = ACCESS_FETCH; kind <= ACCESS_STORE; kind++) {
                    if (bits & RSW && m >= 8)
                        continue;
                    flat->cfg.hart_ad_update = ad ? AD_FAULT : AD_HARDWARE;
                    empty_tlbs();
                    map(mode, va, level, PPN << 10 | bits);
                    set_mode(m);
                    struct verdict first = check(va, (enum access_kind)kind, "walk");
                    unsigned reads = flat->walk_reads;
                    check(va, (enum access_kind)kind, "again");
                    if (first.cause < 0)
                        cr_assert_eq(flat->walk_reads, reads, "the second time hits");
                }
}

#define EVERY_ENTRY(mode, level)                                                                   \
    Test(mmu, every_entry_in_every_mode_##mode##_level_##level)                                    \
    {                                                                                              \
        all_bits_of_an_entry(mode, level);                                                         \
    }
EVERY_ENTRY(SV39, 0)
EVERY_ENTRY(SV39, 1)
EVERY_ENTRY(SV39, 2)
EVERY_ENTRY(SV48, 0)
EVERY_ENTRY(SV48, 1)
EVERY_ENTRY(SV48, 2)
EVERY_ENTRY(SV48, 3)

/* The same for the bits of an entry that points to a table. */
Test(mmu, a_pointer_has_v_and_nothing_of_a_leaf)
{
    for (unsigned mode = SV39; mode <= SV48; mode++)
        for (unsigned level = 1; level < (mode == SV48 ? 4u : 3u); level++)
            for (unsigned bits = 0; bits < 1024; bits++) {
                uint64_t va = mode == SV48 ? VA48 : VA, at = TABLE(table_of(mode, level));
                empty_tlbs();
                set_satp(mode, 0);
                map(mode, va, 0, PPN << 10 | 0xcf);
                h->priv = PRIV_S;
                put_pte(at, index_of(va, level),
                        (get_pte(at, index_of(va, level)) & ~UINT64_C(1023)) | bits);
                struct verdict v = check(va, ACCESS_LOAD, "pointer");
                bool pointer = (bits & ~(unsigned)(RSW | PTE_G)) == PTE_V;
                if (pointer)
                    cr_assert_eq(v.cause, -1);
            }
}

Test(mmu, each_reserved_bit_of_an_entry_faults_at_each_level)
{
    for (unsigned mode = SV39; mode <= SV48; mode++)
        for (unsigned level = 0; level < (mode == SV48 ? 4u : 3u); level++)
            for (unsigned n = 54; n < 64; n++)
                for (unsigned pointer = 0; pointer < 2; pointer++) {
                    uint64_t va = mode == SV48 ? VA48 : VA, at = TABLE(table_of(mode, level));
                    if (pointer && level == 0)
                        continue;
                    empty_tlbs();
                    set_satp(mode, 0);
                    h->priv = PRIV_S;
                    map(mode, va, pointer ? 0 : level, PPN << 10 | 0xcf);
                    cr_assert_eq(check(va, ACCESS_STORE, "without").cause, -1);
                    empty_tlbs();
                    put_pte(at, index_of(va, level), get_pte(at, index_of(va, level)) | bit(n));
                    cr_assert_eq(check(va, ACCESS_STORE, "with").cause, CAUSE_STORE_PAGE,
                                 "bit %u, level %u", n, level);
                }
}

Test(mmu, each_low_bit_of_a_superpage_makes_it_misaligned)
{
    for (unsigned mode = SV39; mode <= SV48; mode++)
        for (unsigned level = 1; level < (mode == SV48 ? 4u : 3u); level++)
            for (unsigned n = 0; n < 44; n++) {
                uint64_t va = mode == SV48 ? VA48 : VA;
                empty_tlbs();
                set_satp(mode, 0);
                h->priv = PRIV_S;
                map(mode, va, level, bit(n) << 10 | 0xcf);
                cr_assert_eq(check(va, ACCESS_LOAD, "superpage").cause,
                             n < 9 * level ? CAUSE_LOAD_PAGE : -1, "bit %u, level %u", n, level);
            }
}

Test(mmu, bits_above_the_translated_ones_must_repeat_the_highest)
{
    for (unsigned mode = SV39; mode <= SV48; mode++) {
        unsigned bits = mode == SV48 ? 48 : 39;
        set_satp(mode, 0);
        h->priv = PRIV_S;
        for (unsigned negative = 0; negative < 2; negative++) {
            uint64_t va = VA % bit(bits - 1);
            if (negative)
                va |= ~(bit(bits - 1) - 1);
            empty_tlbs();
            map(mode, va, 0, PPN << 10 | 0xcf);
            cr_assert_eq(check(va, ACCESS_LOAD, "canonical").cause, -1);
            for (unsigned n = bits - 1; n < 64; n++) {
                /* The page is in the TLB: it must not be found by another name. */
                cr_assert_eq(check(va ^ bit(n), ACCESS_LOAD, "not canonical").cause,
                             CAUSE_LOAD_PAGE, "bit %u", n);
                cr_assert_eq(check(va ^ bit(n), ACCESS_FETCH, "not canonical").cause,
                             CAUSE_FETCH_PAGE);
                cr_assert_eq(check(va ^ bit(n), ACCESS_STORE, "not canonical").cause,
                             CAUSE_STORE_PAGE);
            }
        }
    }
}

Test(mmu, m_mode_and_bare_use_the_address_as_it_is)
{
    static const uint64_t addresses[] = {0, 0x1234, FLAT_BASE, ~UINT64_C(0), UINT64_C(1) << 40};
    for (unsigned i = 0; i < 5; i++)
        for (unsigned kind = ACCESS_FETCH; kind <= ACCESS_STORE; kind++) {
            set_satp(SV39, 0);
            h->mstatus = 0;
            h->priv = PRIV_M;
            cr_assert_eq(check(addresses[i], (enum access_kind)kind, "M").physical, addresses[i]);
            h->satp = 0;
            h->priv = PRIV_S;
            cr_assert_eq(check(addresses[i], (enum access_kind)kind, "S").physical, addresses[i]);
            h->priv = PRIV_U;
            cr_assert_eq(check(addresses[i], (enum access_kind)kind, "U").physical, addresses[i]);
        }
    cr_assert_eq(flat->walk_reads, 0);
}

Test(mmu, mprv_lends_loads_and_stores_the_mode_in_mpp_and_fetches_nothing)
{
    set_satp(SV39, 0);
    map(SV39, VA, 0, PPN << 10 | 0xcf);
    for (unsigned mpp = 0; mpp < 4; mpp++) {
        if (mpp == 2)
            continue;
        h->priv = PRIV_M;
        h->mstatus = MSTATUS_MPRV | (uint64_t)mpp << 11;
        cr_assert_eq(check(VA, ACCESS_FETCH, "fetch").physical, VA);
        cr_assert_eq(check(VA, ACCESS_LOAD, "load").cause, mpp == PRIV_U ? CAUSE_LOAD_PAGE : -1);
        cr_assert_eq(check(VA, ACCESS_STORE, "store").cause, mpp == PRIV_U ? CAUSE_STORE_PAGE : -1);
        if (mpp == PRIV_S)
            cr_assert_eq(answer(VA, ACCESS_LOAD).physical, PPN << 12 | (VA & 0xfff));
    }
}

/* ---- A and D ---------------------------------------------------------------------------- */

Test(mmu, who_sets_a_and_d_is_a_parameter_and_menvcfg_adue_where_it_says_so)
{
    static const struct {
        uint8_t update;
        uint64_t adue;
        bool hardware;
    } cases[] = {
        {AD_HARDWARE, 0, true}, {AD_HARDWARE, MENVCFG_ADUE, true},
        {AD_FAULT, 0, false},   {AD_FAULT, MENVCFG_ADUE, false},
        {AD_MENVCFG, 0, false}, {AD_MENVCFG, MENVCFG_ADUE, true},
    };
    set_satp(SV39, 0);
    h->priv = PRIV_S;
    for (unsigned i = 0; i < 6; i++)
        for (unsigned ad = 0; ad < 4; ad++)
            for (unsigned kind = ACCESS_FETCH; kind <= ACCESS_STORE; kind++) {
                unsigned bits = 0xf | (ad & 1 ? PTE_A : 0) | (ad & 2 ? PTE_D : 0);
                flat->cfg.hart_ad_update = cases[i].update;
                h->menvcfg = cases[i].adue;
                empty_tlbs();
                map(SV39, VA, 0, PPN << 10 | bits);
                unsigned wanted = PTE_A | (kind == ACCESS_STORE ? PTE_D : 0);
                bool faults = (bits & wanted) != wanted && !cases[i].hardware;
                struct verdict v = check(VA, (enum access_kind)kind, "A and D");
                cr_assert_eq(v.cause, faults ? page_faults[kind] : -1);
                cr_assert_eq(get_pte(TABLE(table_of(SV39, 0)), index_of(VA, 0)),
                             PPN << 10 | bits | (faults ? 0 : wanted));
            }
}

Test(mmu, a_load_never_sets_d_and_the_first_store_behind_it_does)
{
    uint64_t at = TABLE(table_of(SV39, 0)) + 8 * index_of(VA, 0);
    set_satp(SV39, 0);
    h->priv = PRIV_S;
    map(SV39, VA, 0, PPN << 10 | 0xf);
    check(VA, ACCESS_LOAD, "load");
    cr_assert_eq(flat_load(flat, at) & 0xff, 0xf | PTE_A);
    check(VA, ACCESS_LOAD, "load");
    cr_assert_eq(flat_load(flat, at) & 0xff, 0xf | PTE_A);
    check(VA, ACCESS_STORE, "store");
    cr_assert_eq(flat_load(flat, at) & 0xff, 0xf | PTE_A | PTE_D);
    unsigned reads = flat->walk_reads;
    check(VA, ACCESS_STORE, "store");
    cr_assert_eq(flat->walk_reads, reads, "the TLB knows that D is set");
}

Test(mmu, a_refused_access_sets_neither_a_nor_d)
{
    uint64_t at = TABLE(table_of(SV39, 0)) + 8 * index_of(VA, 0);
    set_satp(SV39, 0);
    h->priv = PRIV_U;
    map(SV39, VA, 0, PPN << 10 | 0xf); /* not for U */
    cr_assert_eq(check(VA, ACCESS_STORE, "U").cause, CAUSE_STORE_PAGE);
    cr_assert_eq(flat_load(flat, at) & 0xff, 0xf);
    h->priv = PRIV_S;
    map(SV39, VA, 0, PPN << 10 | PTE_V | PTE_R);
    cr_assert_eq(check(VA, ACCESS_STORE, "R only").cause, CAUSE_STORE_PAGE);
    cr_assert_eq(flat_load(flat, at) & 0xff, PTE_V | PTE_R);
}

/* ---- what the TLBs hold ---------------------------------------------------------------- */

/* Random accesses in random modes to a few pages whose entries nobody but the
 * walker changes: TLBs of any shape must never show. */
static void random_accesses(void)
{
    static const uint8_t leaves[] = {0xcf, 0xc3, 0xc9, 0xcb, 0xdf, 0xd3, 0xd9, 0xdb,
                                     0x0f, 0x1f, 0x4f, 0x5f, 0xef, 0xff, 0x00, 0x05};
    enum { PAGES = 24 };
    unsigned mode = SV39 + rng_below(&rng, 2);
    memset(flat_cell(flat, TABLE(0)), 0, 0x4000);
    uint64_t page[PAGES];
    for (unsigned n = 0; n < PAGES; n++) {
        unsigned level = n < 16 ? 0 : n < 20 ? 1 : 2;
        page[n] = (level == 0 ? n * 4096 : level == 1 ? bit(21) * n : bit(30) * n);
        map(mode, page[n], level,
            (PPN + ((uint64_t)n << (9 * level))) << 10 | leaves[rng_below(&rng, sizeof leaves)]);
    }
    empty_tlbs();
    for (unsigned n = 0; n < 4000; n++) {
        set_mode(rng_below(&rng, 16));
        set_satp(mode, rng_below(&rng, 3)); /* the same table: global or not is all one */
        uint64_t va = page[rng_below(&rng, PAGES)] + rng_below(&rng, 1 << 18);
        check(va, (enum access_kind)rng_below(&rng, 3), "random");
        if (rng_below(&rng, 50) == 0)
            mmu_fence(h, rng_below(&rng, 2), va, rng_below(&rng, 2), rng_below(&rng, 3));
    }
}

Test(mmu, tlbs_of_any_shape_do_not_show_while_the_tables_stay)
{
    static const struct {
        uint32_t entries, ways, l2_entries, l2_ways;
    } shapes[] = {{32, 4, 512, 8}, {2, 1, 4, 2}, {2, 2, 2, 1}, {8, 8, 8, 1}, {4, 1, 64, 64}};
    for (unsigned i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        flat->cfg.tlb_i_entries = flat->cfg.tlb_d_entries = shapes[i].entries;
        flat->cfg.tlb_i_ways = flat->cfg.tlb_d_ways = shapes[i].ways;
        flat->cfg.tlb_l2_entries = shapes[i].l2_entries;
        flat->cfg.tlb_l2_ways = shapes[i].l2_ways;
        mmu_create(h, flat->arena);
        for (unsigned round = 0; round < 10; round++)
            random_accesses();
    }
}

Test(mmu, a_walk_reads_one_entry_a_level_and_a_hit_none)
{
    for (unsigned mode = SV39; mode <= SV48; mode++)
        for (unsigned level = 0; level < (mode == SV48 ? 4u : 3u); level++) {
            uint64_t va = mode == SV48 ? VA48 : VA;
            unsigned levels = (mode == SV48 ? 4 : 3) - level;
            empty_tlbs();
            set_satp(mode, 0);
            h->priv = PRIV_S;
            map(mode, va, level, PPN << 10 | 0xcf);
            unsigned reads = flat->walk_reads;
            cycle_t start = h->cycle;
            check(va, ACCESS_LOAD, "walk");
            cr_assert_eq(flat->walk_reads - reads, levels);
            cr_assert_eq(h->cycle - start, levels * flat->cfg.tlb_walk_cycles);
            start = h->cycle;
            check(va, ACCESS_LOAD, "hit");
            cr_assert_eq(h->cycle, start);
            check(va, ACCESS_FETCH, "second level");
            cr_assert_eq(h->cycle - start, flat->cfg.tlb_l2_cycles);
            cr_assert_eq(flat->walk_reads - reads, levels);
        }
}

/* ---- fences ------------------------------------------------------------------------------- */

/* Translations of every kind, all held by all TLBs. */
static const struct held {
    uint64_t va;
    unsigned level, asid;
    bool global;
} held[] = {
    {0x00001000, 0, 1, false},        {0x00002000, 0, 1, false}, {0x00003000, 0, 1, true},
    {0x00001000, 0, 2, false},        {0x00002000, 0, 2, false}, {0x40600000, 1, 1, false},
    {0x40755000, 1, 1, false},        {0x40800000, 1, 1, false}, {0x80000000, 2, 1, false},
    {0x9fff7000, 2, 1, false},        {0xc0000000, 2, 2, false}, {0xffffffff80a00000, 1, 2, true},
    {0xffffffff80a01000, 1, 2, true},
};
enum { HELD = sizeof held / sizeof held[0] };

/* Both spaces use one set of tables (so no two pages may meet in an entry): what
 * differs is who asked. */
static void map_held(uint64_t ppn)
{
    for (unsigned i = 0; i < HELD; i++)
        map(SV39, held[i].va, held[i].level, ppn << 10 | 0xcf | (held[i].global ? PTE_G : 0));
}

static struct verdict ask(unsigned i, enum access_kind kind, unsigned asid)
{
    set_satp(SV39, asid);
    return answer(held[i].va, kind);
}

/* The manual's prose on sfence.vma, by the entry's page, space and G. */
static bool fence_covers(const struct held *e, bool one_address, uint64_t va, bool one_space,
                         unsigned asid)
{
    uint64_t bytes = bit(12 + 9 * e->level);
    if (one_address && e->va / bytes != va / bytes)
        return false;
    return !one_space || (e->asid == asid && !e->global);
}

static void check_fence(bool one_address, uint64_t va, bool one_space, unsigned asid)
{
    const uint64_t old = PPN, new = PPN + (UINT64_C(1) << 30);
    h->priv = PRIV_S;
    map_held(old);
    mmu_fence(h, false, 0, false, 0);
    for (unsigned kind = ACCESS_FETCH; kind <= ACCESS_STORE; kind++)
        for (unsigned i = 0; i < HELD; i++)
            cr_assert_eq(ask(i, (enum access_kind)kind, held[i].asid).physical >> 42, old >> 30);
    map_held(new);
    for (unsigned i = 0; i < HELD; i++)
        for (unsigned kind = ACCESS_FETCH; kind <= ACCESS_STORE; kind++)
            cr_assert_eq(ask(i, (enum access_kind)kind, held[i].asid).physical >> 42, old >> 30,
                         "entry %u is stale until it is fenced", i);
    mmu_fence(h, one_address, va, one_space, asid);
    for (unsigned i = 0; i < HELD; i++)
        for (unsigned kind = ACCESS_FETCH; kind <= ACCESS_STORE; kind++) {
            bool gone = fence_covers(&held[i], one_address, va, one_space, asid);
            cr_assert_eq(ask(i, (enum access_kind)kind, held[i].asid).physical >> 42,
                         (gone ? new : old) >> 30,
                         "entry %u (%#llx, space %u) after a fence of %s%#llx, %s%u", i,
                         (unsigned long long)held[i].va, held[i].asid, one_address ? "" : "no ",
                         (unsigned long long)va, one_space ? "" : "no ", asid);
        }
}

Test(mmu, each_form_of_fence_takes_exactly_what_it_names)
{
    static const uint64_t addresses[] = {
        0x1000,     0x1fff,     0x3008,     0x40600000,         0x407ff000, 0x40800000,
        0x80000000, 0xbffffff8, 0xc1234000, 0xffffffff80bff000, 0x7000};
    for (unsigned a = 0; a < sizeof addresses / sizeof addresses[0]; a++)
        for (unsigned asid = 0; asid < 4; asid++)
            for (unsigned form = 0; form < 4; form++)
                check_fence(form & 1, addresses[a], form & 2, asid);
}

/* A fence names an address; which mode is on by then does not matter. */
Test(mmu, a_fence_finds_the_page_of_an_entry_of_another_mode)
{
    static const struct {
        unsigned mode, fenced_in;
        uint64_t va;
    } cases[] = {{SV48, 0, UINT64_C(1) << 40},
                 {SV48, SV39, UINT64_C(1) << 40},
                 {SV39, SV48, -UINT64_C(0x2000)},
                 {SV39, 0, -UINT64_C(0x2000)},
                 {SV48, SV39, -UINT64_C(1) << 40}};
    h->priv = PRIV_S;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mmu_fence(h, false, 0, false, 0);
        set_satp(cases[i].mode, 1);
        map(cases[i].mode, cases[i].va, 0, PPN << 10 | 0xcf);
        cr_assert_eq(answer(cases[i].va, ACCESS_LOAD).cause, -1);
        set_satp(cases[i].fenced_in, 1);
        mmu_fence(h, true, cases[i].va, false, 0);
        set_satp(cases[i].mode, 1);
        map(cases[i].mode, cases[i].va, 0, 0);
        cr_assert_eq(answer(cases[i].va, ACCESS_LOAD).cause, CAUSE_LOAD_PAGE, "case %u", i);
    }
}

/* Numbered without their signs, both would be page 0x7fffffe. */
Test(mmu, a_global_page_of_the_upper_half_is_no_page_of_the_other_modes_lower_half)
{
    h->priv = PRIV_S;
    set_satp(SV39, 1);
    map(SV39, -UINT64_C(0x2000), 0, PPN << 10 | 0xcf | PTE_G);
    cr_assert_eq(answer(-UINT64_C(0x2000), ACCESS_LOAD).cause, -1);
    set_satp(SV48, 2);
    map(SV48, UINT64_C(0x7fffffe000), 0, 0);
    cr_assert_eq(answer(UINT64_C(0x7fffffe000), ACCESS_LOAD).cause, CAUSE_LOAD_PAGE);
}

Test(mmu, a_global_page_is_shared_by_all_spaces_and_others_are_not)
{
    h->priv = PRIV_S;
    for (unsigned global = 0; global < 2; global++) {
        mmu_fence(h, false, 0, false, 0);
        map(SV39, VA, 0, PPN << 10 | 0xcf | (global ? PTE_G : 0));
        set_satp(SV39, 5);
        answer(VA, ACCESS_LOAD);
        unsigned reads = flat->walk_reads;
        answer(VA, ACCESS_LOAD);
        cr_assert_eq(flat->walk_reads, reads);
        set_satp(SV39, 6);
        answer(VA, ACCESS_LOAD);
        cr_assert_eq(flat->walk_reads, reads + (global ? 0 : 3));
    }
}

/* A G that a pointer carries makes all below it global. */
Test(mmu, a_pointers_g_makes_the_leaf_below_it_global)
{
    uint64_t top = TABLE(table_of(SV39, 2));
    h->priv = PRIV_S;
    map(SV39, VA, 0, PPN << 10 | 0xcf);
    put_pte(top, index_of(VA, 2), get_pte(top, index_of(VA, 2)) | PTE_G);
    set_satp(SV39, 5);
    answer(VA, ACCESS_LOAD);
    unsigned reads = flat->walk_reads;
    set_satp(SV39, 6);
    answer(VA, ACCESS_LOAD);
    cr_assert_eq(flat->walk_reads, reads);
}

Test(mmu, all_sixteen_bits_of_an_address_space_count)
{
    h->priv = PRIV_S;
    map(SV39, VA, 0, PPN << 10 | 0xcf);
    for (unsigned n = 0; n < 16; n++) {
        set_satp(SV39, 0);
        answer(VA, ACCESS_LOAD);
        unsigned reads = flat->walk_reads;
        set_satp(SV39, 1u << n);
        answer(VA, ACCESS_LOAD);
        cr_assert_eq(flat->walk_reads, reads + 3, "bit %u", n);
    }
}

/* ---- faults around the tables ---------------------------------------------------------------- */

Test(mmu, a_table_outside_memory_is_an_access_fault_of_the_access)
{
    static const enum access_kind kinds[] = {ACCESS_FETCH, ACCESS_LOAD, ACCESS_STORE};
    for (unsigned k = 0; k < 3; k++) {
        h->priv = PRIV_S;
        h->satp = (uint64_t)SV39 << 60 | 0x123;
        cr_assert_eq(check(VA, kinds[k], "root").cause, access_faults[k]);
        set_satp(SV39, 0);
        map(SV39, VA, 0, PPN << 10 | 0xcf);
        put_pte(TABLE(table_of(SV39, 1)), index_of(VA, 1), UINT64_C(0x999) << 10 | PTE_V);
        cr_assert_eq(check(VA, kinds[k], "last table").cause, access_faults[k]);
    }
}

Test(mmu, a_table_that_pmp_hides_from_s_is_an_access_fault_of_the_access)
{
    static const enum access_kind kinds[] = {ACCESS_FETCH, ACCESS_LOAD, ACCESS_STORE};
    set_satp(SV39, 0);
    h->priv = PRIV_S;
    for (unsigned level = 0; level < 3; level++)
        for (unsigned rights = 0; rights < 8; rights++)
            for (unsigned k = 0; k < 3; k++) {
                if ((rights & 3) == PMP_W)
                    continue;
                unsigned table = table_of(SV39, level);
                map(SV39, VA, 0, PPN << 10 | 0xf); /* A and D to be written */
                empty_tlbs();
                pmp_write_addr(&h->pmp, 0, TABLE(table) >> 2 | 0x1ff);
                pmp_write_addr(&h->pmp, 1, ~UINT64_C(0));
                pmp_write_cfg(&h->pmp, 0, 0x1f00 | 0x18 | rights);
                bool writes = level == 0;
                bool faults = !(rights & PMP_R) || (writes && !(rights & PMP_W));
                int cause = answer(VA, kinds[k]).cause;
                cr_assert_eq(cause, faults ? access_faults[k] : -1, "level %u rights %u kind %u",
                             level, rights, k);
            }
}

Test(mmu, satp_keeps_its_value_when_the_mode_does_not_exist)
{
    uint64_t kept = (uint64_t)SV39 << 60 | UINT64_C(0xabcd) << 44 | 0x123456789ab;
    for (uint64_t mode = 0; mode < 16; mode++) {
        h->satp = kept;
        uint64_t value = mode << 60 | UINT64_C(0x1234) << 44 | UINT64_C(0xba987654321);
        mmu_write_satp(h, value);
        bool exists = mode == 0 || mode == SV39 || mode == SV48;
        cr_assert_eq(h->satp, exists ? value : kept, "mode %llu", (unsigned long long)mode);
    }
}

/* ---- progress
 * ------------------------------------------------------------------------------------ */

/* A walk that is cut off after every entry still ends, with the same answer and
 * the same cycles. */
Test(mmu, a_walk_cut_at_every_cycle_goes_on_where_it_was)
{
    for (unsigned mode = SV39; mode <= SV48; mode++)
        for (cycle_t step = 1; step < 12; step++) {
            enum trap_cause cause;
            paddr_t physical;
            uint64_t va = mode == SV48 ? VA48 : VA;
            enum port_result result;
            empty_tlbs();
            set_satp(mode, 0);
            h->priv = PRIV_S;
            map(mode, va, 0, PPN << 10 | 0xf);
            unsigned reads = flat->walk_reads, cuts = 0;
            cycle_t start = h->cycle;
            do {
                h->until = h->cycle + step;
                result = mmu_translate(h, va, ACCESS_STORE, &physical, &cause);
                cr_assert_lt(cuts++, 10);
            } while (result == PORT_YIELD);
            cr_assert_eq(result, PORT_DONE);
            cr_assert_eq(physical, PPN << 12 | (va & 0xfff));
            cr_assert_eq(flat->walk_reads - reads, mode == SV48 ? 4 : 3, "each entry once");
            cr_assert_eq(h->cycle - start, (mode == SV48 ? 4 : 3) * flat->cfg.tlb_walk_cycles);
        }
}

/* What a trap cuts off is begun anew: the handler may change satp. */
Test(mmu, a_trap_ends_a_walk)
{
    enum trap_cause cause;
    paddr_t physical;
    h->priv = PRIV_S;
    h->mtvec = FLAT_TRAP;
    set_satp(SV39, 0);
    map(SV39, VA, 0, PPN << 10 | 0xcf);
    h->behind_line = FLAT_CODE;
    h->until = h->cycle + 1;
    cr_assert_eq(mmu_translate(h, VA, ACCESS_LOAD, &physical, &cause), PORT_YIELD);
    hart_trap(h, CAUSE_INTERRUPT | IRQ_MTIP, 0);
    cr_assert_eq(h->split.stage, SPLIT_NONE);
    cr_assert_eq(h->behind_line, UINT64_MAX);
    h->priv = PRIV_S;
    h->until = CYCLE_NEVER;
    h->satp = (uint64_t)SV39 << 60 | 0x999; /* a root outside memory */
    cr_assert_eq(answer(VA, ACCESS_LOAD).cause, CAUSE_LOAD_ACCESS);
}
