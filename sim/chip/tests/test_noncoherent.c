/*
 * Machines whose caches nobody keeps coherent: what a program sees of another tile's
 * stores, with and without the cache-block instructions.
 */
#include "sim/chip/tests/manners.h"

enum { CSR_SENVCFG = 0x10a, CSR_MENVCFG = 0x30a, CSR_PMPCFG0 = 0x3a0, CSR_PMPADDR0 = 0x3b0 };
enum { LATER = 600 };
#define WORD MACHINE_DATA

static struct machine m;

static void begin(void)
{
    machine_begin(&m, 2, 1);
    m.cfg.coherence_protocol = PROTOCOL_NONE;
}

static uint64_t reg(tile_id tile, unsigned number)
{
    return m.chip->hart[tile].x[number];
}

static uint64_t memory_word(void)
{
    uint64_t value;
    memcpy(&value, coherence_dram(m.chip->engine.coherence, WORD), sizeof value);
    return value;
}

/* Tile 1 reads the word at the beginning and, `again`, when tile 0 is long done; tile 0
 * stores 7 and does `after`.  a1 and a2 of tile 1: what it read. */
static void run_two(uint32_t after, uint32_t again)
{
    begin();
    struct program *p = &m.p;
    put_li(p, A0, WORD);
    put_csrr(p, S1, CSR_MHARTID);
    unsigned reader = put(p, asm_b(OP_bne, S1, ZERO, 0));
    put_delay(p, LATER);
    put(p, asm_i(OP_addi, A1, ZERO, 7));
    put(p, asm_s(OP_sd, A1, A0, 0));
    put(p, after);
    put_sleep(p);
    land(p, reader);
    put(p, asm_i(OP_ld, A1, A0, 0));
    put_delay(p, 4 * LATER);
    put(p, again);
    put(p, asm_i(OP_ld, A2, A0, 0));
    put_exit(p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(reg(1, A1), 0);
}

#define CLEAN asm_i(OP_cbo_clean, ZERO, A0, 0)
#define FLUSH asm_i(OP_cbo_flush, ZERO, A0, 0)
#define INVAL asm_i(OP_cbo_inval, ZERO, A0, 0)

Test(noncoherent, a_copy_is_stale_without_inval)
{
    run_two(CLEAN, asm_nop());
    cr_assert_eq(reg(1, A2), 0);
    cr_assert_eq(memory_word(), 7);
    machine_end(&m);
}

Test(noncoherent, memory_is_old_without_clean)
{
    run_two(asm_nop(), INVAL);
    cr_assert_eq(reg(1, A2), 0);
    cr_assert_eq(memory_word(), 0);
    machine_end(&m);
}

Test(noncoherent, clean_and_inval_make_a_store_seen)
{
    run_two(CLEAN, INVAL);
    cr_assert_eq(reg(1, A2), 7);
    machine_end(&m);
    run_two(FLUSH, FLUSH);
    cr_assert_eq(reg(1, A2), 7);
    machine_end(&m);
}

/* The same program is right on a coherent machine with and without. */
Test(noncoherent, the_guest_is_told)
{
    begin();
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(m.chip->bootinfo->coherent, 0);
    machine_end(&m);
    machine_begin(&m, 2, 1);
    put_exit(&m.p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(m.chip->bootinfo->coherent, 1);
    machine_end(&m);
}

/* cbo.clean has reached memory when the next instruction issues: the hart waits for the
 * home's answer. */
Test(noncoherent, clean_is_waited_for)
{
    begin();
    struct program *p = &m.p;
    put_only(p, 0);
    put_li(p, A0, WORD);
    put(p, asm_s(OP_sd, A0, A0, 0));
    put_csrr(p, A1, CSR_MCYCLE);
    put(p, CLEAN);
    put_csrr(p, A2, CSR_MCYCLE);
    put(p, CLEAN);
    put_csrr(p, A3, CSR_MCYCLE);
    put_exit(p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    unsigned line = machine_flight(&m, 0, 0, packet_line_flits(&m.cfg));
    unsigned way =
        m.cfg.l1_miss_cycles + line + m.cfg.coherence_home_cycles + machine_flight(&m, 0, 0, 1);
    cr_assert_eq(reg(0, A2) - reg(0, A1), 1 + way + 1, "%llu, not %u",
                 (unsigned long long)(reg(0, A2) - reg(0, A1)), way + 2);
    cr_assert_eq(reg(0, A3) - reg(0, A2), 2, "nothing to do");
    machine_end(&m);
}

/* ---- what cbo.inval may drop ------------------------------------------------------ */

/* A store and cbo.inval in supervisor or user mode: what memory has then. */
static uint64_t inval_below_machine_mode(uint64_t mpp, uint64_t menvcfg, uint64_t senvcfg)
{
    begin();
    struct program *p = &m.p;
    put_only(p, 0);
    put_li(p, T0, UINT64_MAX);
    put_csrw(p, CSR_PMPADDR0, T0);
    put_li(p, T0, 0x1f);
    put_csrw(p, CSR_PMPCFG0, T0);
    put_li(p, T0, menvcfg << 4);
    put_csrw(p, CSR_MENVCFG, T0);
    put_li(p, T0, senvcfg << 4);
    put_csrw(p, CSR_SENVCFG, T0);
    put_li(p, T0, mpp << 11);
    put_csrw(p, CSR_MSTATUS, T0);
    put_li(p, A0, WORD);
    put(p, asm_i(OP_addi, A1, ZERO, 7));
    unsigned below = p->count + 32;
    put_li(p, T0, address_of(p, below));
    put_csrw(p, CSR_MEPC, T0);
    put(p, asm_n(OP_mret));
    while (p->count < below)
        put(p, asm_nop());
    put(p, asm_s(OP_sd, A1, A0, 0));
    put(p, INVAL);
    put(p, asm_i(OP_ld, A2, A0, 0));
    put_exit(p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    uint64_t value = memory_word();
    cr_assert_eq(reg(0, A2), value);
    machine_end(&m);
    return value;
}

Test(noncoherent, inval_drops_stores_only_where_every_mode_above_lets_it)
{
    enum { FLUSHES = 1, DROPS = 3, U = 0, S = 1 };
    cr_assert_eq(inval_below_machine_mode(S, FLUSHES, DROPS), 7);
    cr_assert_eq(inval_below_machine_mode(S, DROPS, FLUSHES), 0);
    cr_assert_eq(inval_below_machine_mode(U, DROPS, FLUSHES), 7);
    cr_assert_eq(inval_below_machine_mode(U, FLUSHES, DROPS), 7);
    cr_assert_eq(inval_below_machine_mode(U, DROPS, DROPS), 0);
}
