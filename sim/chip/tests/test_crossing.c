/*
 * Accesses and instructions that cross lines and pages: what they do at every offset, and
 * which of their parts faults, where and with which value.
 */
#include "sim/chip/tests/translated.h"

/* ---- accesses that cross ------------------------------------------------------------------ */

static const struct width {
    unsigned bytes;
    enum insn_op load, store;
} widths[] = {{2, OP_lhu, OP_sh}, {4, OP_lwu, OP_sw}, {8, OP_ld, OP_sd}};

static uint64_t low_bytes(uint64_t value, unsigned bytes)
{
    return bytes == 8 ? value : value & ((UINT64_C(1) << 8 * bytes) - 1);
}

Test(crossing, misaligned_accesses_work_at_every_offset_in_lines_and_across_lines_and_pages)
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
Test(crossing, the_second_page_of_a_crossing_access_faults_with_its_own_address)
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

Test(crossing, the_first_page_of_a_crossing_access_faults_with_the_access_address)
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
Test(crossing, pmp_refuses_all_of_an_access_when_it_refuses_a_part)
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

Test(crossing, without_the_parameter_misaligned_accesses_trap_before_anything_else)
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

Test(crossing, misaligned_atomics_trap_always)
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

Test(crossing, misaligned_accesses_to_devices_are_access_faults)
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

Test(crossing, instructions_of_four_bytes_run_at_every_halfword_across_lines_and_pages)
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

/* Walks for two pages of code and one or two of data push each other out of TLBs of one
 * entry, and tables out of the smallest cache: what was fetched must stay at hand. */
Test(crossing, instructions_across_pages_end_on_the_smallest_machine)
{
    static const uint64_t places[] = {0x40, 0x43c, 0xffc};
    for (unsigned a = 0; a < 3 * sizeof accesses / sizeof accesses[0]; a++)
        for (unsigned uncached = 0; uncached < 2; uncached++) {
            struct config cfg;
            struct error e = {0};
            const struct access *access = &accesses[a / 3];
            uint64_t offset = places[a % 3];
            bool aligned = (access->word & 0x7f) != 0x03 && (access->word & 0x7f) != 0x23;
            machine_begin(&m, 1, 1);
            cfg = m.cfg;
            cfg.tlb_i_entries = cfg.tlb_i_ways = cfg.tlb_d_entries = cfg.tlb_d_ways = 1;
            cfg.tlb_l2_entries = cfg.tlb_l2_ways = cfg.l1d_kib = cfg.l1d_ways = 1;
            if (uncached)
                cr_assert(config_set(&cfg, "memory.uncached=[0,1]", "here", &e), "%s", e.text);
            prepare(&cfg);
            put_code(0xffe, access->word, 4);
            put_code(0x1002, asm_n(OP_ecall), 4);
            h->pc = CODE_VA + 0xffe;
            h->x[T0] = DATA_VA + (aligned ? 0x40 : offset);
            cr_assert_eq(machine_go(&m), CHIP_EXIT, "%s: end %u", access->name, m.end);
            cr_assert(h->mepc == CODE_VA + 0x1002 || h->mcause != CAUSE_NONE, "%s: epc %#llx",
                      access->name, (unsigned long long)h->mepc);
            machine_end(&m);
        }
}

Test(crossing, the_second_page_of_an_instruction_faults_with_epc_before_and_tval_in_it)
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

Test(crossing, an_instruction_of_two_bytes_at_a_pages_end_needs_no_second_page)
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
Test(crossing, pmp_stops_instructions_inside_a_line)
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

Test(crossing, a_jump_over_a_hole_of_pmp_is_no_fault)
{
    prepare_default();
    h->pmp.addr[0] = (CODE_PA + 0x10) >> 2;
    h->pmp.cfg[0] = 0x10;
    put_code(0, asm_j(ZERO, 0x14), 4);
    put_code(0x14, asm_n(OP_ecall), 4);
    run_to(CAUSE_NONE, CODE_VA + 0x14, 0, "over it");
    machine_end(&m);
}
