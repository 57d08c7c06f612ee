/*
 * One instruction at a time on a real tile with translation on: which fault it
 * takes, where and with which value; accesses and instructions that cross lines
 * and pages; what a change of mode, permissions or tables does to an address
 * that has been used before.
 *
 * The hart starts in S at CODE_VA with the state that the case gave it; a trap
 * to M ends the run.  An ecall ends it where nothing else has.
 *
 *     virtual                  physical (pages that follow each other do not)
 *     CODE_VA, + 0x1000        CODE_PA, CODE_PA + 0x3000
 *     DATA_VA, + 0x1000        DATA_PA, DATA_PA + 0x3000
 */
#include "sim/chip/tests/machine.h"
#include "sim/core/mmu.h"

#define CODE_VA    UINT64_C(0x40000000)
#define DATA_VA    UINT64_C(0x40010000)
#define CODE_PA    (MAP_DRAM_BASE + UINT64_C(0x50000))
#define DATA_PA    (MAP_DRAM_BASE + UINT64_C(0x58000))
#define ROOT       (MAP_DRAM_BASE + UINT64_C(0x70000))
#define OTHER_ROOT (ROOT + 0x4000) /* DATA_VA leads to OTHER_PA */
#define OTHER_PA   (MAP_DRAM_BASE + UINT64_C(0x5c000))
#define OUTSIDE    UINT64_C(0x90000000) /* no memory there */

enum { RWX = 0xcf, NO_PAGE = 0, CAUSE_NONE = CAUSE_ECALL_S };

static struct machine m;
static struct hart *h;

/* ---- the tile before its first cycle ---------------------------------------------- */

static void poke(paddr_t at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        coherence_dram(m.chip->engine.coherence, line_of(at + i))[(at + i) % LINE_BYTES] =
            (uint8_t)(value >> 8 * i);
}

static void map_from(uint64_t root, uint64_t va, paddr_t pa, unsigned bits)
{
    poke(root + 8 * (va >> 30 & 511), (root + 0x1000) >> 12 << 10 | PTE_V, 8);
    poke(root + 0x1000 + 8 * (va >> 21 & 511), (root + 0x2000) >> 12 << 10 | PTE_V, 8);
    poke(root + 0x2000 + 8 * (va >> 12 & 511), pa >> 12 << 10 | bits, 8);
}

static void map(uint64_t va, paddr_t pa, unsigned bits)
{
    map_from(ROOT, va, pa, bits);
}

static paddr_t page_of(paddr_t first, uint64_t offset)
{
    return first + (offset < 4096 ? offset : offset - 4096 + 0x3000);
}

static void put_code(uint64_t offset, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        poke(page_of(CODE_PA, offset + i), value >> 8 * i, 1);
}

static uint64_t data_at(uint64_t offset)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t byte;
        coherence_peek(m.chip->engine.coherence, page_of(DATA_PA, offset + i), &byte, 1);
        value |= (uint64_t)byte << 8 * i;
    }
    return value;
}

static uint64_t pattern(uint64_t offset)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (((offset + i) * 37 + 11) & 255) << 8 * i;
    return value;
}

/* A tile of these parameters whose pages are all there, with nothing to do yet. */
static void prepare(const struct config *like)
{
    machine_begin(&m, 1, 1);
    if (like)
        m.cfg = *like;
    m.cfg.memory_latency_cycles = 10;
    put_exit(&m.p, 0);
    machine_build(&m);
    h = &m.chip->hart[0];
    h->pmp.addr[15] = (UINT64_C(1) << 54) - 1;
    h->pmp.cfg[15] = 0x1f;
    h->mtvec = MAP_DRAM_BASE;
    h->priv = PRIV_S;
    h->pc = CODE_VA;
    h->satp = UINT64_C(8) << 60 | ROOT >> 12;
    h->menvcfg = h->senvcfg = ENVCFG_CBIE | ENVCFG_CBCFE | ENVCFG_CBZE;
    mmu_select_views(h);
    for (unsigned n = 0; n < 2; n++) {
        map(CODE_VA + n * 4096, page_of(CODE_PA, n * 4096), RWX);
        map(DATA_VA + n * 4096, page_of(DATA_PA, n * 4096), RWX);
    }
    for (uint64_t offset = 0; offset < 8192; offset++)
        poke(page_of(DATA_PA, offset), pattern(offset), 1);
}

static void prepare_default(void)
{
    prepare(NULL);
}

/* Runs to the trap and expects it; the run is over, but its memory is still there. */
static void run_to(uint64_t cause, uint64_t epc, uint64_t tval, const char *what)
{
    cr_assert_eq(machine_go(&m), CHIP_EXIT, "%s: end %u", what, m.end);
    cr_assert_eq(h->mcause, cause, "%s: cause %llu, not %llu (epc %#llx)", what,
                 (unsigned long long)h->mcause, (unsigned long long)cause,
                 (unsigned long long)h->mepc);
    cr_assert_eq(h->mepc, epc, "%s: epc %#llx", what, (unsigned long long)h->mepc);
    cr_assert_eq(h->mtval, tval, "%s: tval %#llx, not %#llx", what, (unsigned long long)h->mtval,
                 (unsigned long long)tval);
}

/* One instruction at CODE_VA, an ecall behind it. */
static void put_one(uint32_t word)
{
    put_code(0, word, 4);
    put_code(4, asm_n(OP_ecall), 4);
}

/* ---- faults of each kind of access ---------------------------------------------------- */

static const struct access {
    const char *name;
    uint32_t word; /* with the address in t0 */
    bool store;    /* its faults are a store's */
} accesses[] = {
    {"lb", 0x00028303, false},       {"ld", 0x0002b303, false},
    {"sb", 0x00628023, true},        {"sd", 0x0062b023, true},
    {"lr.d", 0x1002b32f, false},     {"sc.d", 0x1862b32f, true},
    {"amoadd.d", 0x0062b32f, true},  {"amoswap.w", 0x0862a32f, true},
    {"cbo.zero", 0x0042a00f, true},  {"cbo.clean", 0x0012a00f, true},
    {"cbo.flush", 0x0022a00f, true}, {"cbo.inval", 0x0002a00f, true},
};
enum { ACCESSES = sizeof accesses / sizeof accesses[0] };

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

/* ---- accesses that cross ------------------------------------------------------------------ */

static const struct width {
    unsigned bytes;
    enum insn_op load, store;
} widths[] = {{2, OP_lhu, OP_sh}, {4, OP_lwu, OP_sw}, {8, OP_ld, OP_sd}};

static uint64_t low_bytes(uint64_t value, unsigned bytes)
{
    return bytes == 8 ? value : value & ((UINT64_C(1) << 8 * bytes) - 1);
}

Test(translation, misaligned_accesses_work_at_every_offset_in_lines_and_across_lines_and_pages)
{
    static const uint64_t places[] = {0x100, 0x138, 0xff8};
    for (unsigned w = 0; w < 3; w++)
        for (unsigned p = 0; p < 3; p++)
            for (uint64_t offset = places[p]; offset < places[p] + 8; offset++) {
                prepare_default();
                put_code(0, asm_i(widths[w].load, T1, T0, 0), 4);
                put_code(4, asm_s(widths[w].store, T2, T0, 0), 4);
                put_code(8, asm_i(widths[w].load, T3, T0, 0), 4);
                put_code(12, asm_n(OP_ecall), 4);
                h->x[T0] = DATA_VA + offset;
                h->x[T2] = UINT64_C(0xf0e1d2c3b4a59687);
                run_to(CAUSE_NONE, CODE_VA + 12, 0, "misaligned");
                cr_assert_eq(h->x[T1], low_bytes(pattern(offset), widths[w].bytes));
                cr_assert_eq(h->x[T3], low_bytes(h->x[T2], widths[w].bytes));
                cr_assert_eq(data_at(offset - 8), pattern(offset - 8));
                cr_assert_eq(data_at(offset + widths[w].bytes), pattern(offset + widths[w].bytes));
                machine_end(&m);
            }
}

/* The second page refuses: nothing of a store may be in the first. */
Test(translation, the_second_page_of_a_crossing_access_faults_with_its_own_address)
{
    static const struct {
        unsigned bits;
        paddr_t pa;
        bool page;
    } cases[] = {{NO_PAGE, DATA_PA, true},
                 {0xd7, DATA_PA, true},
                 {RWX, OUTSIDE, false},
                 {RWX, MAP_MSIP_BASE, false}};
    for (unsigned w = 0; w < 3; w++)
        for (unsigned stores = 0; stores < 2; stores++)
            for (unsigned c = 0; c < 4; c++)
                for (unsigned before = 1; before < widths[w].bytes; before++) {
                    prepare_default();
                    map(DATA_VA + 4096, cases[c].pa, cases[c].bits);
                    put_one(stores ? asm_s(widths[w].store, T1, T0, 0)
                                   : asm_i(widths[w].load, T1, T0, 0));
                    h->x[T0] = DATA_VA + 4096 - before;
                    uint64_t cause = cases[c].page ? CAUSE_LOAD_PAGE : CAUSE_LOAD_ACCESS;
                    run_to(cause + 2 * stores, CODE_VA, DATA_VA + 4096, "second page");
                    cr_assert_eq(data_at(4096 - 8), pattern(4096 - 8));
                    machine_end(&m);
                }
}

Test(translation, the_first_page_of_a_crossing_access_faults_with_the_access_address)
{
    for (unsigned stores = 0; stores < 2; stores++)
        for (unsigned both = 0; both < 2; both++) {
            prepare_default();
            map(DATA_VA, DATA_PA, NO_PAGE);
            if (both)
                map(DATA_VA + 4096, DATA_PA, NO_PAGE);
            put_one(stores ? asm_s(OP_sd, T1, T0, 0) : asm_i(OP_ld, T1, T0, 0));
            h->x[T0] = DATA_VA + 4096 - 3;
            run_to(stores ? CAUSE_STORE_PAGE : CAUSE_LOAD_PAGE, CODE_VA, DATA_VA + 4096 - 3,
                   "first page");
            cr_assert_eq(data_at(4096), pattern(4096));
            machine_end(&m);
        }
}

/* A region of PMP ends inside the access, in the first or the second line. */
Test(translation, pmp_refuses_all_of_an_access_when_it_refuses_a_part)
{
    for (unsigned stores = 0; stores < 2; stores++)
        for (uint64_t offset = 0x170; offset < 0x188; offset++) {
            prepare_default();
            h->pmp.addr[0] = (DATA_PA + 0x184) >> 2; /* NA4 */
            h->pmp.cfg[0] = 0x10;
            put_one(stores ? asm_s(OP_sd, T1, T0, 0) : asm_i(OP_ld, T1, T0, 0));
            h->x[T0] = DATA_VA + offset;
            uint64_t line = (offset + 7) / 64 * 64, tval = offset / 64 == line / 64 ? offset : line;
            if (offset + 8 <= 0x184)
                run_to(CAUSE_NONE, CODE_VA + 4, 0, "before");
            else
                run_to(stores ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS, CODE_VA, DATA_VA + tval,
                       "part");
            if (offset + 8 > 0x184)
                cr_assert_eq(data_at(offset), pattern(offset), "nothing is stored");
            machine_end(&m);
        }
}

Test(translation, without_the_parameter_misaligned_accesses_trap_before_anything_else)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = cfg.mesh_height = 1;
    cfg.memory_dram_mib = 1;
    cfg.hart_misaligned = false;
    static const uint64_t places[] = {0x101, 0x13f, 0xffd, 0x5001 /* no page */};
    for (unsigned w = 0; w < 3; w++)
        for (unsigned p = 0; p < 4; p++)
            for (unsigned stores = 0; stores < 2; stores++) {
                prepare(&cfg);
                put_one(stores ? asm_s(widths[w].store, T1, T0, 0)
                               : asm_i(widths[w].load, T1, T0, 0));
                h->x[T0] = DATA_VA + places[p];
                run_to(stores ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED, CODE_VA,
                       DATA_VA + places[p], "misaligned");
                machine_end(&m);
            }
}

Test(translation, misaligned_atomics_trap_always)
{
    for (unsigned i = 4; i < 8; i++) {
        prepare_default();
        put_one(accesses[i].word);
        h->x[T0] = DATA_VA + 0x42;
        run_to(accesses[i].store ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED, CODE_VA,
               DATA_VA + 0x42, accesses[i].name);
        machine_end(&m);
    }
}

Test(translation, misaligned_accesses_to_devices_are_access_faults)
{
    static const uint64_t offsets[] = {1, 2, 3, 5, 0x3d, 0x3f};
    for (unsigned i = 0; i < 6; i++)
        for (unsigned stores = 0; stores < 2; stores++) {
            prepare_default();
            map(DATA_VA, MAP_MSIP_BASE, RWX);
            put_one(stores ? asm_s(OP_sw, T1, T0, 0) : asm_i(OP_lw, T1, T0, 0));
            h->x[T0] = DATA_VA + offsets[i];
            run_to(stores ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS, CODE_VA, DATA_VA + offsets[i],
                   "device");
            machine_end(&m);
        }
}

/* ---- instructions that cross ---------------------------------------------------------------- */

Test(translation, instructions_of_four_bytes_run_at_every_halfword_across_lines_and_pages)
{
    static const uint64_t starts[] = {0, 2, 0x36, 0x3a, 0x3c, 0x3e, 0xff6, 0xffa, 0xffc, 0xffe};
    for (unsigned s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        prepare_default();
        for (unsigned n = 0; n < 6; n++)
            put_code(starts[s] + 4 * n, asm_i(OP_addi, T1, T1, 1 << n), 4);
        put_code(starts[s] + 24, asm_i(OP_ld, T2, T0, 0), 4);
        put_code(starts[s] + 28, asm_s(OP_sd, T2, T0, 64), 4);
        put_code(starts[s] + 32, asm_n(OP_ecall), 4);
        h->pc = CODE_VA + starts[s];
        h->x[T0] = DATA_VA;
        run_to(CAUSE_NONE, CODE_VA + starts[s] + 32, 0, "crossing");
        cr_assert_eq(h->x[T1], 63);
        cr_assert_eq(data_at(64), pattern(0));
        cr_assert_eq(h->x[T2], pattern(0));
        machine_end(&m);
    }
}

Test(translation, the_second_page_of_an_instruction_faults_with_epc_before_and_tval_in_it)
{
    static const struct {
        unsigned bits;
        paddr_t pa;
        uint64_t cause;
    } cases[] = {{NO_PAGE, CODE_PA, CAUSE_FETCH_PAGE},
                 {0xc7, CODE_PA, CAUSE_FETCH_PAGE},
                 {0xdf, CODE_PA, CAUSE_FETCH_PAGE},
                 {RWX, OUTSIDE, CAUSE_FETCH_ACCESS}};
    for (unsigned c = 0; c < 4; c++) {
        prepare_default();
        map(CODE_VA + 4096, cases[c].pa, cases[c].bits);
        put_code(0xffa, asm_i(OP_addi, T1, T1, 1), 4);
        put_code(0xffe, asm_i(OP_addi, T1, T1, 2), 4);
        h->pc = CODE_VA + 0xffa;
        run_to(cases[c].cause, CODE_VA + 0xffe, CODE_VA + 0x1000, "second page");
        cr_assert_eq(h->x[T1], 1);
        machine_end(&m);
    }
}

Test(translation, an_instruction_of_two_bytes_at_a_pages_end_needs_no_second_page)
{
    prepare_default();
    map(CODE_VA + 4096, CODE_PA, NO_PAGE);
    put_code(0xffc, 0x0305, 2); /* c.addi t1, 1 */
    put_code(0xffe, 0x0305, 2);
    h->pc = CODE_VA + 0xffc;
    run_to(CAUSE_FETCH_PAGE, CODE_VA + 0x1000, CODE_VA + 0x1000, "next page");
    cr_assert_eq(h->x[T1], 2);
    machine_end(&m);
}

/* Four bytes that may not be fetched, at every distance from the instructions. */
Test(translation, pmp_stops_instructions_inside_a_line)
{
    for (uint64_t hole = 0x10; hole < 0x90; hole += 4)
        for (uint64_t start = 0; start < 4; start += 2) {
            prepare_default();
            h->pmp.addr[0] = (CODE_PA + hole) >> 2;
            h->pmp.cfg[0] = 0x10 | PMP_R | PMP_W;
            for (uint64_t at = start; at < 0xa0; at += 4)
                put_code(at, asm_i(OP_addi, T1, T1, 1), 4);
            h->pc = CODE_VA + start;
            uint64_t epc = (hole - start) / 4 * 4 + start; /* the first that needs the hole */
            run_to(CAUSE_FETCH_ACCESS, CODE_VA + epc, CODE_VA + (epc < hole ? hole : epc), "hole");
            cr_assert_eq(h->x[T1], (epc - start) / 4, "what is before it runs");
            machine_end(&m);
        }
}

Test(translation, a_jump_over_a_hole_of_pmp_is_no_fault)
{
    prepare_default();
    h->pmp.addr[0] = (CODE_PA + 0x10) >> 2;
    h->pmp.cfg[0] = 0x10;
    put_code(0, asm_j(ZERO, 0x14), 4);
    put_code(0x14, asm_n(OP_ecall), 4);
    run_to(CAUSE_NONE, CODE_VA + 0x14, 0, "over it");
    machine_end(&m);
}

/* ---- what was used before ---------------------------------------------------------------------
 */

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

/* ---- what it costs ------------------------------------------------------------------------------
 */

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

/* ---- waiting
 * ------------------------------------------------------------------------------------- */

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
