/*
 * What stays in the TLBs, and what each form of fence takes out of them: TLBs of any
 * shape do not show while the page tables stay, and an entry is of one address, of one
 * space or of all.
 */
#include "sim/core/tests/tables.h"

TestSuite(tlb, .init = create, .fini = destroy);

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

Test(tlb, tlbs_of_any_shape_do_not_show_while_the_tables_stay)
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

Test(tlb, a_walk_reads_one_entry_a_level_and_a_hit_none)
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

Test(tlb, each_form_of_fence_takes_exactly_what_it_names)
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
Test(tlb, a_fence_finds_the_page_of_an_entry_of_another_mode)
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
Test(tlb, a_global_page_of_the_upper_half_is_no_page_of_the_other_modes_lower_half)
{
    h->priv = PRIV_S;
    set_satp(SV39, 1);
    map(SV39, -UINT64_C(0x2000), 0, PPN << 10 | 0xcf | PTE_G);
    cr_assert_eq(answer(-UINT64_C(0x2000), ACCESS_LOAD).cause, -1);
    set_satp(SV48, 2);
    map(SV48, UINT64_C(0x7fffffe000), 0, 0);
    cr_assert_eq(answer(UINT64_C(0x7fffffe000), ACCESS_LOAD).cause, CAUSE_LOAD_PAGE);
}

Test(tlb, a_global_page_is_shared_by_all_spaces_and_others_are_not)
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
Test(tlb, a_pointers_g_makes_the_leaf_below_it_global)
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

Test(tlb, all_sixteen_bits_of_an_address_space_count)
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
