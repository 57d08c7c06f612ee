/*
 * Which fault an instruction takes, where and with which value; what a change of mode,
 * permissions or tables does to an address that has been used before; what it costs.
 */
#include "sim/chip/tests/translated.h"

/* ---- faults of each kind of access ---------------------------------------------------- */

static bool may_write_what_it_reads(const struct access *a)
{
    return strncmp(a->name, "cbo.", 4) == 0 && strcmp(a->name, "cbo.zero") != 0;
}

Test(translation, a_missing_page_faults_with_the_kind_and_address_of_the_access)
{
    for (unsigned i = 0; i < ACCESSES; i++) {
        prepare_default();
        map(DATA_VA, DATA_PA, NO_PAGE);
        put_one(accesses[i].word);
        h->x[T0] = DATA_VA + 0x18;
        run_to(accesses[i].store ? CAUSE_STORE_PAGE : CAUSE_LOAD_PAGE, CODE_VA, DATA_VA + 0x18,
               accesses[i].name);
        machine_end(&m);
    }
}

Test(translation, a_read_only_page_refuses_what_writes)
{
    for (unsigned i = 0; i < ACCESSES; i++) {
        prepare_default();
        map(DATA_VA, DATA_PA, 0xc3);
        put_one(accesses[i].word);
        h->x[T0] = DATA_VA + 0x28;
        if (accesses[i].store && !may_write_what_it_reads(&accesses[i]))
            run_to(CAUSE_STORE_PAGE, CODE_VA, DATA_VA + 0x28, accesses[i].name);
        else
            run_to(CAUSE_NONE, CODE_VA + 4, 0, accesses[i].name);
        cr_assert_eq(data_at(0x28), pattern(0x28));
        machine_end(&m);
    }
}

Test(translation, no_memory_behind_a_page_is_an_access_fault_at_the_virtual_address)
{
    for (unsigned i = 0; i < ACCESSES; i++) {
        prepare_default();
        map(DATA_VA, OUTSIDE, RWX);
        put_one(accesses[i].word);
        h->x[T0] = DATA_VA + 0x38;
        run_to(accesses[i].store ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS, CODE_VA, DATA_VA + 0x38,
               accesses[i].name);
        machine_end(&m);
    }
}

Test(translation, pmp_refuses_by_physical_address_what_its_entry_does_not_grant)
{
    for (unsigned i = 0; i < ACCESSES; i++)
        for (unsigned rights = 0; rights < 4; rights++) {
            if (rights == PMP_W)
                continue;
            prepare_default();
            h->pmp.addr[0] = DATA_PA >> 2 | 0x1ff;
            h->pmp.cfg[0] = (uint8_t)(0x18 | rights);
            put_one(accesses[i].word);
            h->x[T0] = DATA_VA + 0x40;
            bool reads = !accesses[i].store || may_write_what_it_reads(&accesses[i]);
            bool allowed = reads ? rights & PMP_R : rights & PMP_W;
            if (allowed)
                run_to(CAUSE_NONE, CODE_VA + 4, 0, accesses[i].name);
            else
                run_to(accesses[i].store ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS, CODE_VA,
                       DATA_VA + 0x40, accesses[i].name);
            machine_end(&m);
        }
}

Test(translation, tables_that_are_not_there_fault_with_the_kind_of_the_access)
{
    for (unsigned i = 0; i < ACCESSES; i++) {
        prepare_default();
        /* another gigabyte, whose second table is nowhere */
        poke(ROOT + 8 * 2, OUTSIDE >> 12 << 10 | PTE_V, 8);
        put_one(accesses[i].word);
        h->x[T0] = UINT64_C(0x80000040);
        run_to(accesses[i].store ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS, CODE_VA, 0x80000040,
               accesses[i].name);
        machine_end(&m);
    }
}

Test(translation, a_jump_to_where_nothing_may_be_fetched_faults_there)
{
    static const struct {
        unsigned bits;
        paddr_t pa;
        uint64_t cause;
    } cases[] = {
        {NO_PAGE, DATA_PA, CAUSE_FETCH_PAGE},     {0xc7, DATA_PA, CAUSE_FETCH_PAGE},
        {0xdf, DATA_PA, CAUSE_FETCH_PAGE},        {RWX, OUTSIDE, CAUSE_FETCH_ACCESS},
        {RWX, MAP_MSIP_BASE, CAUSE_FETCH_ACCESS},
    };
    for (unsigned i = 0; i < 5; i++) {
        prepare_default();
        map(DATA_VA, cases[i].pa, cases[i].bits);
        put_one(asm_i(OP_jalr, RA, T0, 0));
        h->x[T0] = DATA_VA + 0x46;
        run_to(cases[i].cause, DATA_VA + 0x46, DATA_VA + 0x46, "jump");
        cr_assert_eq(h->x[RA], CODE_VA + 4);
        machine_end(&m);
    }
}

/* ---- what was used before ------------------------------------------------------------------ */

/* Twice the load, then `change`, then the load: which fault, and what it loads. */
static const struct change {
    const char *name;
    uint8_t priv;
    unsigned bits; /* of DATA_VA's page */
    uint64_t mstatus;
    uint32_t word[6]; /* t2 and t3 hold what follows */
    uint64_t t2, t3;
    uint64_t cause; /* CAUSE_ECALL_x: none */
    bool other;     /* loads OTHER_PA's data */
} changes[] = {
    {"SUM cleared",
     PRIV_S,
     0xdf,
     MSTATUS_SUM,
     {0x1003b073},
     MSTATUS_SUM,
     0,
     CAUSE_LOAD_PAGE,
     false},
    {"MXR cleared",
     PRIV_S,
     0xc9,
     MSTATUS_MXR,
     {0x1003b073},
     MSTATUS_MXR,
     0,
     CAUSE_LOAD_PAGE,
     false},
    {"SUM set and cleared",
     PRIV_S,
     0xdf,
     MSTATUS_SUM,
     {0x1003b073, 0x1003a073},
     MSTATUS_SUM,
     0,
     CAUSE_ECALL_S,
     false},
    {"satp to another root",
     PRIV_S,
     RWX,
     0,
     {0x18039073, 0x12000073},
     UINT64_C(8) << 60 | OTHER_ROOT >> 12,
     0,
     CAUSE_ECALL_S,
     true},
    {"satp to another space",
     PRIV_S,
     RWX,
     0,
     {0x18039073},
     UINT64_C(8) << 60 | UINT64_C(5) << 44 | OTHER_ROOT >> 12,
     0,
     CAUSE_ECALL_S,
     true},
    {"another root, no fence",
     PRIV_S,
     RWX,
     0,
     {0x18039073},
     UINT64_C(8) << 60 | OTHER_ROOT >> 12,
     0,
     CAUSE_ECALL_S,
     false},
    {"MPRV set",
     PRIV_M,
     0xdf,
     UINT64_C(1) << 11,
     {0x3003a073},
     MSTATUS_MPRV,
     0,
     CAUSE_LOAD_PAGE,
     false},
    {"MPRV cleared",
     PRIV_M,
     RWX,
     UINT64_C(1) << 11 | MSTATUS_MPRV,
     {0x3003b073},
     MSTATUS_MPRV,
     0,
     CAUSE_LOAD_ACCESS,
     false},
    {"MPP from S to U",
     PRIV_M,
     RWX,
     UINT64_C(1) << 11 | MSTATUS_MPRV,
     {0x3003b073},
     UINT64_C(1) << 11,
     0,
     CAUSE_LOAD_PAGE,
     false},
    {"PMP takes the right away",
     PRIV_M,
     RWX,
     UINT64_C(1) << 11 | MSTATUS_MPRV,
     {0x3b039073, 0x0002b303, 0x3a0e1073},
     DATA_PA >> 2 | 0x1ff,
     0x18,
     CAUSE_LOAD_ACCESS,
     false},
    {"PMP changes an address",
     PRIV_M,
     RWX,
     UINT64_C(1) << 11 | MSTATUS_MPRV,
     {0x3a0e1073, 0x0002b303, 0x3b039073},
     DATA_PA >> 2 | 0x1ff,
     0x18,
     CAUSE_LOAD_ACCESS,
     false},
};

Test(translation, a_change_counts_at_once_for_addresses_that_were_used_before)
{
    for (unsigned i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const struct change *c = &changes[i];
        prepare_default();
        map(DATA_VA, DATA_PA, c->bits);
        map_from(OTHER_ROOT, CODE_VA, CODE_PA, RWX);
        map_from(OTHER_ROOT, DATA_VA, OTHER_PA, c->bits);
        poke(OTHER_PA, UINT64_C(0x0123456789abcdef), 8);
        unsigned at = 0;
        put_code(at, asm_i(OP_ld, T1, T0, 0), 4);
        put_code(at += 4, asm_i(OP_ld, T1, T0, 0), 4);
        for (unsigned n = 0; n < 6 && c->word[n]; n++)
            put_code(at += 4, c->word[n], 4);
        put_code(at += 4, asm_i(OP_ld, T4, T0, 0), 4);
        put_code(at + 4, asm_n(OP_ecall), 4);
        h->priv = c->priv;
        h->mstatus = c->mstatus;
        h->x[T0] = DATA_VA;
        h->x[T2] = c->t2;
        h->x[T3] = c->t3;
        mmu_select_views(h);
        uint64_t base = CODE_VA;
        if (c->priv == PRIV_M) {
            h->pc = base = CODE_PA;
            if (!(c->mstatus & MSTATUS_MPRV))
                h->x[T0] = DATA_PA; /* M loads there itself; S finds no page */
        }
        bool none = c->cause == CAUSE_ECALL_S;
        run_to(c->cause, base + at + (none ? 4 : 0), none ? 0 : h->x[T0], c->name);
        cr_assert_eq(h->x[T1], pattern(0), "%s", c->name);
        if (none)
            cr_assert_eq(h->x[T4], c->other ? UINT64_C(0x0123456789abcdef) : pattern(0), "%s",
                         c->name);
        machine_end(&m);
    }
}

/* Stores the page's new entry through a second name of the table. */
Test(translation, a_new_entry_counts_from_the_fence_on_and_not_before)
{
    for (unsigned fenced = 0; fenced < 2; fenced++) {
        prepare_default();
        map(DATA_VA + 0x2000, ROOT + 0x2000, RWX); /* the table of all these pages */
        poke(OTHER_PA, 4711, 8);
        put_code(0, asm_i(OP_ld, T1, T0, 0), 4);
        put_code(4, asm_i(OP_ld, T1, T0, 0), 4);
        put_code(8, asm_s(OP_sd, T2, T3, 0), 4);
        put_code(12, fenced ? asm_r(OP_sfence_vma, 0, T0, ZERO) : asm_nop(), 4);
        put_code(16, asm_i(OP_ld, T4, T0, 0), 4);
        put_code(20, asm_n(OP_ecall), 4);
        h->x[T0] = DATA_VA;
        h->x[T2] = OTHER_PA >> 12 << 10 | RWX;
        h->x[T3] = DATA_VA + 0x2000 + 8 * (DATA_VA >> 12 & 511);
        run_to(CAUSE_NONE, CODE_VA + 20, 0, "remapped");
        cr_assert_eq(h->x[T4], fenced ? 4711 : pattern(0));
        machine_end(&m);
    }
}

/* The hardware's update of A and D is a store to the table like any other. */
Test(translation, a_and_d_reach_memory_by_hardware_and_a_fault_asks_software)
{
    for (unsigned update = 0; update < 2; update++)
        for (unsigned stores = 0; stores < 2; stores++) {
            struct config cfg;
            config_defaults(&cfg);
            cfg.mesh_width = cfg.mesh_height = 1;
            cfg.memory_dram_mib = 1;
            cfg.hart_ad_update = update ? AD_FAULT : AD_HARDWARE;
            prepare(&cfg);
            map(DATA_VA, DATA_PA, 0x0f);
            put_one(stores ? asm_s(OP_sd, T1, T0, 0) : asm_i(OP_ld, T1, T0, 0));
            h->x[T0] = DATA_VA;
            if (update)
                run_to(stores ? CAUSE_STORE_PAGE : CAUSE_LOAD_PAGE, CODE_VA, DATA_VA, "by fault");
            else
                run_to(CAUSE_NONE, CODE_VA + 4, 0, "by hardware");
            uint64_t pte = machine_peek(&m, ROOT + 0x2000 + 8 * (DATA_VA >> 12 & 511));
            unsigned set = update ? 0 : stores ? PTE_A | PTE_D : PTE_A;
            cr_assert_eq(pte & 0xff, 0x0f | set);
            machine_end(&m);
        }
}

/* ---- what it costs ------------------------------------------------------------------------- */

static uint64_t event_count(unsigned event)
{
    uint64_t value, old;
    h->priv = PRIV_M;
    cr_assert_neq(hart_csr(h, 0x323, CSR_WRITE, true, true, 0, &old), CSR_ILLEGAL);
    cr_assert_neq(hart_csr(h, 0xb03, CSR_WRITE, true, true, 0, &old), CSR_ILLEGAL);
    h->hpm_event[3] = event; /* as if it had counted from the start */
    cr_assert_neq(hart_csr(h, 0xb03, CSR_SET, true, false, 0, &value), CSR_ILLEGAL);
    return value;
}

/* Five pages are touched twice: five walks of data and one of code. */
Test(translation, event_counters_tell_misses_and_walks)
{
    prepare_default();
    for (unsigned n = 0; n < 5; n++) {
        map(DATA_VA + 4096 * n, page_of(DATA_PA, 0), RWX);
        put_code(8 * n, asm_i(OP_ld, T1, T0, 0), 4);
        put_code(8 * n + 4, asm_r(OP_add, T0, T0, T2), 4);
        put_code(40 + 8 * n, asm_r(OP_sub, T0, T0, T2), 4);
        put_code(40 + 8 * n + 4, asm_i(OP_ld, T1, T0, 0), 4);
    }
    put_code(80, asm_n(OP_ecall), 4);
    h->x[T0] = DATA_VA;
    h->x[T2] = 4096;
    run_to(CAUSE_NONE, CODE_VA + 80, 0, "five pages");
    cr_assert_eq(event_count(6), 6, "walks");
    cr_assert_eq(event_count(3), 1, "ITLB misses");
    cr_assert_eq(event_count(4), 5, "DTLB misses");
    cr_assert_eq(event_count(5), 6, "second-level misses");
    cr_assert_eq(event_count(2), 2 + 1, "L1I misses: two lines, and the handler's");
    cr_assert_eq(event_count(7), 1, "exceptions");
    cr_assert_eq(event_count(21), h->stall[STALL_walk]);
    cr_assert_gt(event_count(21), 0);
    machine_end(&m);
}

/* The TLBs are warm, the second level answers: its cycles and no more. */
Test(translation, a_hit_in_the_second_level_costs_its_parameter)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = cfg.mesh_height = 1;
    cfg.memory_dram_mib = 1;
    cfg.tlb_d_entries = cfg.tlb_d_ways = 2;
    cfg.tlb_l2_cycles = 9;
    prepare(&cfg);
    map(DATA_VA + 0x2000, DATA_PA, RWX);
    for (unsigned n = 0; n < 3; n++) { /* three pages through two entries, four times */
        put_code(12 * n, asm_i(OP_ld, T1, T0, 0), 4);
        put_code(12 * n + 4, asm_i(OP_ld, T1, T2, 0), 4);
        put_code(12 * n + 8, asm_i(OP_ld, T1, T3, 0), 4);
    }
    put_code(36, asm_n(OP_ecall), 4);
    h->x[T0] = DATA_VA;
    h->x[T2] = DATA_VA + 0x1000;
    h->x[T3] = DATA_VA + 0x2000;
    run_to(CAUSE_NONE, CODE_VA + 36, 0, "three pages");
    uint64_t walks = h->walks;
    cr_assert_eq(walks, 4);
    cr_assert_eq(h->dtlb.misses, 9);
    cr_assert_eq(h->l2tlb.misses, walks);
    /* 4 walks of 3 levels: the walker's own cycles, its misses, and six hits */
    uint64_t own = 4 * 3 * cfg.tlb_walk_cycles + 6 * 9;
    cr_assert_geq(h->stall[STALL_walk], own);
    machine_end(&m);
}

/* ---- waiting -------------------------------------------------------------------------------- */

Test(translation, a_wfi_ends_when_stimecmp_comes_and_not_before)
{
    for (unsigned enabled = 0; enabled < 2; enabled++) {
        prepare_default();
        h->menvcfg |= MENVCFG_STCE;
        h->mcounteren = 2;
        h->mie = enabled ? UINT64_C(1) << IRQ_STIP : 0;
        h->mideleg = UINT64_C(1) << IRQ_STIP;
        put_code(0, asm_i(OP_csrrw, ZERO, T0, 0x14d), 4);
        put_code(4, asm_n(OP_wfi), 4);
        put_code(8, asm_i(OP_csrrs, T1, ZERO, 0xc01), 4);
        put_code(12, asm_n(OP_ecall), 4);
        h->x[T0] = 7000;
        if (enabled) {
            run_to(CAUSE_NONE, CODE_VA + 12, 0, "wfi");
            cr_assert_eq(h->x[T1], 7001);
            cr_assert_gt(h->stall[STALL_idle], 6000);
        } else {
            cr_assert_eq(machine_go(&m), CHIP_DEADLOCK, "nothing will ever wake it");
        }
        machine_end(&m);
    }
}
