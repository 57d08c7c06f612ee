/*
 * Memory that no L1D keeps, by physical range and by page, and atomics that the home of
 * their line performs.
 */
#include "sim/chip/tests/manners.h"
#include "sim/core/pte.h"

enum {
    CSR_SATP = 0x180,
    CSR_MENVCFG = 0x30a,
    CSR_PMPCFG0 = 0x3a0,
    CSR_PMPADDR0 = 0x3b0,
    TILES = 4
};
#define MIB  (UINT64_C(1) << 20)
#define WORD (MAP_DRAM_BASE + MIB) /* first of the second MiB */

static struct machine m;

/* A 2x2 whose second MiB is not cached. */
static void begin(bool coherent)
{
    machine_begin(&m, 2, 2);
    m.cfg.memory_dram_mib = 2;
    m.cfg.memory_uncached = (struct int_list){.count = 2, .item = {1, 1}};
    m.cfg.coherence_protocol = coherent ? PROTOCOL_MESI : PROTOCOL_NONE;
}

static void run_to_exit(void)
{
    cr_assert_eq(machine_run(&m), CHIP_EXIT, "end %u", m.end);
    cr_assert_eq(chip_exit_status(m.chip), 0);
}

static uint64_t reg(tile_id tile, unsigned number)
{
    return m.chip->hart[tile].x[number];
}

static uint64_t memory(paddr_t address)
{
    uint64_t value;
    memcpy(&value, coherence_dram(m.chip->engine.coherence, address), sizeof value);
    return value;
}

/* ---- by range -------------------------------------------------------------------- */

Test(uncached, accesses_go_past_the_L1D)
{
    begin(true);
    struct program *p = &m.p;
    put_only(p, 1);
    put_li(p, A0, WORD);
    put_li(p, A1, UINT64_C(0x1817161514131211));
    put(p, asm_s(OP_sd, A1, A0, 8));
    put(p, asm_s(OP_sb, A1, A0, 3));
    put(p, asm_i(OP_lw, A2, A0, 8));
    put(p, asm_i(OP_lhu, A3, A0, 2));
    put(p, asm_s(OP_sd, A1, A0, 60)); /* over two lines */
    put(p, asm_i(OP_ld, A4, A0, 60));
    put_csrr(p, A5, CSR_MCYCLE);
    put(p, asm_i(OP_ld, T0, A0, 0));
    put_csrr(p, S2, CSR_MCYCLE);
    put_exit(p, 0);
    run_to_exit();
    cr_assert_eq(reg(1, A2), 0x14131211);
    cr_assert_eq(reg(1, A3), 0x1100);
    cr_assert_eq(reg(1, A4), UINT64_C(0x1817161514131211));
    cr_assert_eq(memory(WORD + 8), UINT64_C(0x1817161514131211));
    cr_assert_eq(machine_stat(&m, "home.words"), 9);
    cr_assert_eq(machine_stat(&m, "l1d.load_misses"), 0);
    cr_assert_gt(reg(1, S2) - reg(1, A5), m.cfg.memory_latency_cycles, "every time");
    machine_end(&m);
}

/* The closed formula: miss, request, look-up, memory, occupancy, answer. */
Test(uncached, a_load_costs_the_way_to_memory_and_back)
{
    begin(true);
    m.cfg.memory_controllers = (struct int_list){.count = 1, .item = {0}};
    struct program *p = &m.p;
    put_only(p, 3);
    put_li(p, A0, WORD); /* its home is tile 0 */
    put(p, asm_i(OP_ld, T0, A0, 0));
    put_csrr(p, A5, CSR_MCYCLE);
    put(p, asm_i(OP_ld, T0, A0, 0));
    put_csrr(p, S2, CSR_MCYCLE);
    put_exit(p, 0);
    run_to_exit();
    const struct config *c = &m.cfg;
    uint64_t way = c->l1_miss_cycles + machine_flight(&m, 3, 0, 1) + c->coherence_home_cycles +
                   c->memory_latency_cycles + c->coherence_home_occupancy_cycles +
                   machine_flight(&m, 0, 3, 1);
    cr_assert_eq(reg(3, S2) - reg(3, A5), 1 + way + 1, "%llu, not %llu",
                 (unsigned long long)(reg(3, S2) - reg(3, A5)), (unsigned long long)way + 2);
    machine_end(&m);
}

Test(uncached, no_reservation_and_no_line_to_zero)
{
    static const struct {
        enum insn_op op;
        uint64_t cause;
    } rows[] = {{OP_lr_w, CAUSE_LOAD_ACCESS},
                {OP_lr_d, CAUSE_LOAD_ACCESS},
                {OP_sc_w, CAUSE_STORE_ACCESS},
                {OP_sc_d, CAUSE_STORE_ACCESS},
                {OP_cbo_zero, CAUSE_STORE_ACCESS}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(true);
        struct program *p = &m.p;
        put_only(p, 0);
        unsigned over = put(p, asm_j(ZERO, 0));
        unsigned handler = p->count;
        put_csrr(p, A1, CSR_MCAUSE);
        put_exit(p, 0);
        land(p, over);
        put_li(p, T0, address_of(p, handler));
        put_csrw(p, CSR_MTVEC, T0);
        put_li(p, A0, WORD);
        bool block = rows[i].op == OP_cbo_zero;
        put(p, block ? asm_i(OP_cbo_zero, ZERO, A0, 0) : asm_r(rows[i].op, A2, A0, ZERO));
        put_exit(p, 1);
        run_to_exit();
        cr_assert_eq(reg(0, A1), rows[i].cause, "row %u", i);
        machine_end(&m);
    }
}

/* ---- atomics ----------------------------------------------------------------------- */

/* Every tile adds its number plus one, 20 times; the last to add ends the run. */
static void put_adders(paddr_t at)
{
    struct program *p = &m.p;
    put_csrr(p, S1, CSR_MHARTID);
    put(p, asm_i(OP_addi, A1, S1, 1));
    put_li(p, A0, at);
    put_li(p, S0, 20);
    unsigned loop = put(p, asm_r(OP_amoadd_w, A2, A0, A1));
    put(p, asm_i(OP_addi, S0, S0, -1));
    put_branch(p, OP_bne, S0, ZERO, loop);
    put(p, asm_r(OP_add, A2, A2, A1));
    put_li(p, A3, 20 * (1 + 2 + 3 + 4));
    put(p, asm_b(OP_beq, A2, A3, 8));
    unsigned sleep = put(p, asm_j(ZERO, 0));
    put_exit(p, 0);
    land(p, sleep);
    put_sleep(p);
}

static void check_adders(bool coherent, bool far, paddr_t at)
{
    begin(coherent);
    m.cfg.coherence_atomics = far ? ATOMICS_FAR : ATOMICS_NEAR;
    put_adders(at);
    run_to_exit();
    cr_assert_eq(machine_peek(&m, at), 200);
    if (far || at >= WORD)
        cr_assert_eq(machine_stat(&m, "home.words"), 20 * TILES);
    machine_end(&m);
}

Test(uncached, atomics_are_atomic_wherever_they_are_done)
{
    check_adders(true, false, MACHINE_DATA);
    check_adders(true, true, MACHINE_DATA);
    check_adders(true, false, WORD);
    check_adders(false, true, MACHINE_DATA);
    check_adders(false, false, WORD);
}

/* A hart's own stores come before its far atomic, cached or not. */
Test(uncached, a_far_atomic_sees_the_own_stores)
{
    for (unsigned coherent = 0; coherent < 2; coherent++) {
        begin(coherent);
        m.cfg.coherence_atomics = ATOMICS_FAR;
        m.cfg.hart_store_buffer = 4;
        struct program *p = &m.p;
        put_only(p, 2);
        put_li(p, A0, MACHINE_DATA);
        put(p, asm_i(OP_addi, A1, ZERO, -5));
        put(p, asm_s(OP_sw, A1, A0, 4));
        put(p, asm_i(OP_addi, A3, A0, 4));
        put(p, asm_r(OP_amomaxu_w, A2, A3, ZERO));
        put(p, asm_r(OP_amomax_w, A4, A3, ZERO));
        put(p, asm_i(OP_lw, A5, A0, 4));
        put_exit(p, 0);
        run_to_exit();
        cr_assert_eq(reg(2, A2), UINT64_MAX - 4, "sign-extended");
        cr_assert_eq(reg(2, A4), UINT64_MAX - 4);
        cr_assert_eq(reg(2, A5), 0);
        machine_end(&m);
    }
}

/* ---- by page -------------------------------------------------------------------------- */

#define ROOT   (MACHINE_DATA + UINT64_C(0x10000))
#define MAPPED UINT64_C(0x40000000) /* a gigabyte: DRAM again, of another memory type */
#define RWX_AD UINT64_C(0xcf)
#define SV39   (UINT64_C(8) << 60)

/* Supervisor mode under two gigabyte pages: DRAM where it is, and at MAPPED with this
 * memory type.  Traps end the run with 100 + mcause. */
static void put_typed_pages(struct program *p, uint64_t type, bool enabled)
{
    put_only(p, 1);
    unsigned over = put(p, asm_j(ZERO, 0));
    unsigned handler = p->count;
    put_csrr(p, T0, CSR_MCAUSE);
    put(p, asm_i(OP_addi, T0, T0, 100));
    put_li(p, T6, MACHINE_TOHOST);
    put(p, asm_i(OP_slli, T0, T0, 1));
    put(p, asm_i(OP_ori, T0, T0, 1));
    put(p, asm_s(OP_sd, T0, T6, 0));
    put_jump(p, p->count);
    land(p, over);
    put_li(p, T0, address_of(p, handler));
    put_csrw(p, CSR_MTVEC, T0);
    put_li(p, T0, UINT64_MAX);
    put_csrw(p, CSR_PMPADDR0, T0);
    put_li(p, T0, 0x1f);
    put_csrw(p, CSR_PMPCFG0, T0);
    put_li(p, T0, (enabled ? MENVCFG_PBMTE : 0) | ENVCFG_CBCFE);
    put_csrw(p, CSR_MENVCFG, T0);
    put_li(p, T1, ROOT);
    put_li(p, T0, MAP_DRAM_BASE >> 2 | RWX_AD);
    put(p, asm_s(OP_sd, T0, T1, 2 * 8));
    put_li(p, T0, type << 61 | MAP_DRAM_BASE >> 2 | RWX_AD);
    put(p, asm_s(OP_sd, T0, T1, 1 * 8));
    put_li(p, T0, SV39 | ROOT >> 12);
    put_csrw(p, CSR_SATP, T0);
    put_li(p, T0, UINT64_C(1) << 11);
    put_csrw(p, CSR_MSTATUS, T0);
    unsigned below = p->count + 32;
    put_li(p, T0, address_of(p, below));
    put_csrw(p, CSR_MEPC, T0);
    put(p, asm_n(OP_mret));
    while (p->count < below)
        put(p, asm_nop());
    put_li(p, A0, MACHINE_DATA);
    put_li(p, A1, MACHINE_DATA - MAP_DRAM_BASE + MAPPED);
}

static void begin_paged(bool coherent)
{
    begin(coherent);
    m.cfg.hart_svpbmt = true;
}

/* The cached and the uncached address of one word are one word on a coherent machine. */
Test(uncached, pages_of_both_types_are_coherent_where_caches_are)
{
    for (unsigned type = PBMT_NC; type <= PBMT_IO; type++) {
        begin_paged(true);
        struct program *p = &m.p;
        put_typed_pages(p, type, true);
        put(p, asm_i(OP_addi, A2, ZERO, 7));
        put(p, asm_s(OP_sd, A2, A0, 0));
        put(p, asm_i(OP_ld, A3, A1, 0));
        put(p, asm_r(OP_amoadd_d, A4, A1, A2));
        put(p, asm_i(OP_ld, A5, A0, 0));
        put_exit(p, 0);
        run_to_exit();
        cr_assert_eq(reg(1, A3), 7);
        cr_assert_eq(reg(1, A4), 7);
        cr_assert_eq(reg(1, A5), 14);
        cr_assert_eq(machine_stat(&m, "home.words"), 2);
        machine_end(&m);
    }
}

/* Where they are not, software writes back between the two. */
Test(uncached, without_coherence_software_writes_back_between_types)
{
    begin_paged(false);
    struct program *p = &m.p;
    put_typed_pages(p, PBMT_NC, true);
    put(p, asm_i(OP_addi, A2, ZERO, 7));
    put(p, asm_s(OP_sd, A2, A0, 0));
    put(p, asm_i(OP_ld, A3, A1, 0));
    put(p, asm_i(OP_cbo_clean, ZERO, A0, 0));
    put(p, asm_i(OP_ld, A4, A1, 0));
    put_exit(p, 0);
    run_to_exit();
    cr_assert_eq(reg(1, A3), 0);
    cr_assert_eq(reg(1, A4), 7);
    machine_end(&m);
}

Test(uncached, an_access_over_two_lines_has_its_pages_type)
{
    begin_paged(true);
    struct program *p = &m.p;
    put_typed_pages(p, PBMT_NC, true);
    put_li(p, A2, UINT64_C(0x1817161514131211));
    put(p, asm_s(OP_sd, A2, A1, 61));
    put(p, asm_i(OP_ld, A3, A1, 61));
    put_exit(p, 0);
    run_to_exit();
    cr_assert_eq(reg(1, A3), UINT64_C(0x1817161514131211));
    cr_assert_eq(machine_stat(&m, "home.words"), 4);
    machine_end(&m);
}

/* Exit code of a load through a page of this type. */
static int code_of_load(uint64_t type, bool enabled, bool exists)
{
    begin_paged(true);
    m.cfg.hart_svpbmt = exists;
    put_typed_pages(&m.p, type, enabled);
    put(&m.p, asm_i(OP_ld, A3, A1, 0));
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    int code = chip_exit_status(m.chip);
    machine_end(&m);
    return code;
}

Test(uncached, types_fault_where_they_are_not_allowed)
{
    int fault = 100 + CAUSE_LOAD_PAGE;
    cr_assert_eq(code_of_load(PBMT_NC, true, true), 0);
    cr_assert_eq(code_of_load(PBMT_NC, false, true), fault);
    cr_assert_eq(code_of_load(PBMT_IO, true, false), fault, "menvcfg.PBMTE is not there");
    cr_assert_eq(code_of_load(PBMT_RESERVED, true, true), fault);
    cr_assert_eq(code_of_load(PBMT_PMA, false, false), 0);
}

/* ---- scratchpads -------------------------------------------------------------------------- */

static paddr_t pad_of(tile_id tile)
{
    return MAP_SCRATCHPAD_BASE + (paddr_t)tile * MAP_SCRATCHPAD_STRIDE;
}

/* Tile 3 stores to tile 0's; the closed formula of a load from there. */
Test(uncached, a_scratchpad_is_reached_by_messages)
{
    begin(false);
    m.cfg.scratchpad_kib = 8;
    m.cfg.scratchpad_cycles = 9;
    struct program *p = &m.p;
    put_only(p, 3);
    put_li(p, A0, pad_of(0) + 8192 - 16);
    put_li(p, A1, UINT64_C(0x1817161514131211));
    put(p, asm_s(OP_sd, A1, A0, 8));
    put(p, asm_s(OP_sd, A1, A0, -51)); /* over two lines */
    put(p, asm_i(OP_ld, A2, A0, -51));
    put(p, asm_i(OP_lbu, A3, A0, 9));
    put(p, asm_i(OP_addi, A4, A0, 8));
    put(p, asm_r(OP_amoadd_w, A4, A4, A1));
    put(p, asm_i(OP_cbo_flush, ZERO, A0, 0));
    put_csrr(p, A5, CSR_MCYCLE);
    put(p, asm_i(OP_lw, S3, A0, 8));
    put_csrr(p, S2, CSR_MCYCLE);
    put_exit(p, 0);
    run_to_exit();
    const struct config *c = &m.cfg;
    uint64_t way = c->l1_miss_cycles + machine_flight(&m, 3, 0, 1) + c->scratchpad_cycles +
                   machine_flight(&m, 0, 3, 1);
    cr_assert_eq(reg(3, S2) - reg(3, A5), 1 + way + 1);
    cr_assert_eq(reg(3, A2), UINT64_C(0x1817161514131211));
    cr_assert_eq(reg(3, A3), 0x12);
    cr_assert_eq(reg(3, A4), 0x14131211);
    cr_assert_eq(reg(3, S3), 2 * 0x14131211);
    uint64_t value = 0;
    cr_assert(chip_read_memory(m.chip, pad_of(0) + 8192 - 16 - 51, &value, 8));
    cr_assert_eq(value, UINT64_C(0x1817161514131211));
    cr_assert(chip_write_memory(m.chip, pad_of(3), &value, 8));
    cr_assert_not(chip_write_memory(m.chip, pad_of(3) + 8192 - 4, &value, 8), "past its end");
    cr_assert(chip_read_memory(m.chip, pad_of(0) + 8192 - 4, &value, 4));
    cr_assert_not(chip_read_memory(m.chip, pad_of(4), &value, 8));
    machine_end(&m);
}

/* All add to a word of tile 2's scratchpad. */
Test(uncached, atomics_on_a_scratchpad_are_atomic)
{
    begin(true);
    m.cfg.scratchpad_kib = 1;
    put_adders(pad_of(2) + 8);
    run_to_exit();
    cr_assert_eq(machine_stat(&m, "scratchpad.words"), 20 * TILES);
    machine_end(&m);
}

static uint64_t cause_of(uint32_t instruction, paddr_t address, uint32_t kib)
{
    begin(true);
    m.cfg.scratchpad_kib = kib;
    struct program *p = &m.p;
    put_only(p, 0);
    unsigned over = put(p, asm_j(ZERO, 0));
    unsigned handler = p->count;
    put_csrr(p, A1, CSR_MCAUSE);
    put_exit(p, 0);
    land(p, over);
    put_li(p, T0, address_of(p, handler));
    put_csrw(p, CSR_MTVEC, T0);
    put_li(p, A1, 0);
    put_li(p, A0, address);
    put(p, instruction);
    put_exit(p, 0);
    run_to_exit();
    uint64_t cause = reg(0, A1);
    machine_end(&m);
    return cause;
}

static uint64_t cause_of_load(paddr_t address, uint32_t kib)
{
    return cause_of(asm_i(OP_ld, A2, A0, 0), address, kib);
}

Test(uncached, there_is_nothing_behind_a_scratchpad)
{
    cr_assert_eq(cause_of_load(pad_of(3) + 1024 - 8, 1), 0);
    cr_assert_eq(cause_of_load(pad_of(3) + 1024, 1), CAUSE_LOAD_ACCESS);
    cr_assert_eq(cause_of_load(pad_of(4), 1), CAUSE_LOAD_ACCESS, "of a tile that is not there");
    cr_assert_eq(cause_of_load(pad_of(0), 0), CAUSE_LOAD_ACCESS);
}

Test(uncached, a_scratchpad_is_for_loads_stores_and_atomics)
{
    cr_assert_eq(cause_of(asm_r(OP_lr_d, A2, A0, ZERO), pad_of(1), 1), CAUSE_LOAD_ACCESS);
    cr_assert_eq(cause_of(asm_r(OP_sc_d, A2, A0, A0), pad_of(1), 1), CAUSE_STORE_ACCESS);
    cr_assert_eq(cause_of(asm_i(OP_cbo_zero, ZERO, A0, 0), pad_of(1), 1), CAUSE_STORE_ACCESS);
    cr_assert_eq(cause_of(asm_i(OP_jalr, ZERO, A0, 0), pad_of(1), 1), CAUSE_FETCH_ACCESS);
    cr_assert_eq(cause_of(asm_i(OP_cbo_inval, ZERO, A0, 0), pad_of(1), 1), 0);
}

/* Two tiles load at once from a third's: the second is answered as much later as an
 * access takes. */
Test(uncached, a_scratchpad_serves_one_after_the_other)
{
    enum { CYCLES = 150 };
    begin(true);
    m.cfg.scratchpad_kib = 1;
    m.cfg.scratchpad_cycles = CYCLES;
    struct program *p = &m.p;
    put_li(p, A0, pad_of(0));
    put(p, asm_i(OP_ld, A1, A0, 0));
    put_csrr(p, S2, CSR_MCYCLE);
    put_csrr(p, S1, CSR_MHARTID);
    put_delay(p, 1000);
    put_only(p, 0);
    put_exit(p, 0);
    run_to_exit();
    uint64_t first = reg(0, S2), last = first;
    for (tile_id tile = 1; tile < TILES; tile++) {
        first = reg(tile, S2) < first ? reg(tile, S2) : first;
        last = reg(tile, S2) > last ? reg(tile, S2) : last;
    }
    cr_assert_geq(last - first, (TILES - 1) * CYCLES - 100, "%lu", last - first);
    cr_assert_leq(last - first, (TILES - 1) * CYCLES + 100, "%lu", last - first);
    cr_assert_gt(machine_stat(&m, "scratchpad.queued_cycles"), 3 * CYCLES);
    machine_end(&m);
}
