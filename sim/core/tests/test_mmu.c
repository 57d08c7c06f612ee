/*
 * Translation against a second walker (tables.h): every page table entry's bits in every
 * mode, at every level; A and D; registers, faults and the walk around it.
 */
#include "sim/core/tests/tables.h"

TestSuite(mmu, .init = create, .fini = destroy);

/* ---- one entry, all its bits --------------------------------------------------------- */

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

/* ---- progress -------------------------------------------------------------------------- */

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
