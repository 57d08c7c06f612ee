/*
 * Control and status registers: which exist for whom, which bits they keep,
 * aliases, counters, and the six instructions that reach them.
 */
#include "sim/base/rng.h"
#include "sim/core/tests/flat.h"

static struct flat *flat;
static struct hart *h;

static void create(void)
{
    flat = flat_create(FLAT_FAST);
    h = &flat->hart;
}

static void destroy(void)
{
    flat_destroy(flat);
}

TestSuite(csr, .init = create, .fini = destroy);

enum {
    SSTATUS = 0x100,
    SIE = 0x104,
    STVEC = 0x105,
    SCOUNTEREN = 0x106,
    SSCRATCH = 0x140,
    SEPC = 0x141,
    SCAUSE = 0x142,
    STVAL = 0x143,
    SIP = 0x144,
    SATP = 0x180,
    MSTATUS = 0x300,
    MISA = 0x301,
    MEDELEG = 0x302,
    MIDELEG = 0x303,
    MIE = 0x304,
    MTVEC = 0x305,
    MCOUNTEREN = 0x306,
    MCOUNTINHIBIT = 0x320,
    MSCRATCH = 0x340,
    MEPC = 0x341,
    MCAUSE = 0x342,
    MTVAL = 0x343,
    MIP = 0x344,
    MCYCLE = 0xb00,
    MINSTRET = 0xb02,
    CYCLE = 0xc00,
    TIME = 0xc01,
    INSTRET = 0xc02,
    MHARTID = 0xf14
};

static uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}

static enum csr_result read_as(enum privilege priv, unsigned number, uint64_t *value)
{
    h->priv = (uint8_t)priv;
    return hart_csr(h, number, CSR_SET, true, false, 0, value);
}

static enum csr_result write_as(enum privilege priv, unsigned number, uint64_t value)
{
    uint64_t old;
    h->priv = (uint8_t)priv;
    return hart_csr(h, number, CSR_WRITE, true, true, value, &old);
}

static uint64_t get(unsigned number)
{
    uint64_t value = 0;
    cr_assert_neq(read_as(PRIV_M, number, &value), CSR_ILLEGAL, "CSR %#x", number);
    return value;
}

static void set(unsigned number, uint64_t value)
{
    cr_assert_neq(write_as(PRIV_M, number, value), CSR_ILLEGAL, "CSR %#x", number);
}

/* ---- who may ------------------------------------------------------------------ */

/* Bits 9:8 of the number are the lowest privilege, 11:10 = 3 means read-only. */
Test(csr, number_says_privilege_and_whether_it_is_read_only)
{
    static const enum privilege modes[] = {PRIV_U, PRIV_S, PRIV_M};
    for (unsigned number = 0; number < 4096; number++) {
        uint64_t value;
        flat_reset(flat);
        h->mcounteren = h->scounteren = 0xffffffff;
        h->menvcfg = MENVCFG_STCE;
        bool exists = read_as(PRIV_M, number, &value) != CSR_ILLEGAL;
        for (unsigned m = 0; m < 3; m++) {
            bool allowed = exists && modes[m] >= (number >> 8 & 3);
            cr_assert_eq(read_as(modes[m], number, &value) != CSR_ILLEGAL, allowed,
                         "reading %#x in mode %u", number, modes[m]);
            bool writable = allowed && number >> 10 != 3;
            h->menvcfg = MENVCFG_STCE; /* which the write below may clear */
            cr_assert_eq(write_as(modes[m], number, 0) != CSR_ILLEGAL, writable,
                         "writing %#x in mode %u", number, modes[m]);
        }
    }
}

Test(csr, registers_that_do_not_exist_are_illegal_for_all)
{
    static const unsigned absent[] = {0x000, 0x001, 0x002, 0x003, /* ustatus, fflags, frm, fcsr */
                                      0x3a1, 0x3af,               /* odd pmpcfg: RV32's */
                                      0x31a, 0x15d, 0x321, 0x3f0, /* upper halves, mcyclecfg */
                                      0x744, 0xb01, 0xb20, 0xc20, 0xc80, 0x200, 0x600, 0xfff};
    uint64_t value;
    for (unsigned i = 0; i < sizeof absent / sizeof absent[0]; i++)
        cr_assert_eq(read_as(PRIV_M, absent[i], &value), CSR_ILLEGAL, "%#x", absent[i]);
}

Test(csr, a_refused_access_changes_nothing)
{
    struct hart before;
    h->priv = PRIV_M;
    memcpy(&before, h, sizeof before);
    write_as(PRIV_M, MHARTID, ~UINT64_C(0));
    cr_assert_arr_eq(h, &before, sizeof before);
    write_as(PRIV_M, 0x3a1, ~UINT64_C(0));
    cr_assert_arr_eq(h, &before, sizeof before);
}

Test(csr, counters_are_enabled_for_s_by_m_and_for_u_by_both)
{
    static const unsigned counters[] = {CYCLE, TIME, INSTRET};
    for (unsigned c = 0; c < 3; c++)
        for (unsigned m = 0; m < 8; m++)
            for (unsigned s = 0; s < 8; s++) {
                uint64_t value;
                h->mcounteren = m;
                h->scounteren = s;
                bool for_s = m >> c & 1, for_u = for_s && (s >> c & 1);
                cr_assert_neq(read_as(PRIV_M, counters[c], &value), CSR_ILLEGAL);
                cr_assert_eq(read_as(PRIV_S, counters[c], &value) != CSR_ILLEGAL, for_s);
                cr_assert_eq(read_as(PRIV_U, counters[c], &value) != CSR_ILLEGAL, for_u);
            }
}

/* ---- which bits ------------------------------------------------------------------ */

Test(csr, registers_keep_the_bits_that_they_have)
{
    static const struct {
        unsigned number;
        uint64_t kept;
    } rows[] = {
        {MSCRATCH, ~UINT64_C(0)},
        {SSCRATCH, ~UINT64_C(0)},
        {MCAUSE, ~UINT64_C(0)},
        {SCAUSE, ~UINT64_C(0)},
        {MTVAL, ~UINT64_C(0)},
        {STVAL, ~UINT64_C(0)},
        {MEPC, ~UINT64_C(1)}, /* IALIGN = 16 */
        {SEPC, ~UINT64_C(1)},
        {MTVEC, ~UINT64_C(2)}, /* direct and vectored */
        {STVEC, ~UINT64_C(2)},
        {MCOUNTEREN, 0xffffffff},
        {SCOUNTEREN, 0xffffffff},
        {MCOUNTINHIBIT, 5}, /* time cannot be stopped */
        {MIE, 0x10aaa},     /* the six standard interrupts and the message unit's */
        {MIDELEG, 0x10222}, /* those for S */
        {MEDELEG, 0xb3fe},  /* all but the ecall from M and misaligned fetches, which C rules out */
        {0xb03, ~UINT64_C(0)}, /* mhpmcounter3: of no event */
    };
    struct rng rng = rng_stream(4, 0);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned n = 0; n < 50; n++) {
            uint64_t value = n ? rng_next(&rng) : ~UINT64_C(0);
            set(rows[i].number, value);
            cr_assert_eq(get(rows[i].number), value & rows[i].kept, "%#x after %#llx",
                         rows[i].number, (unsigned long long)value);
        }
}

Test(csr, misa_tells_rv64_imabcsu_and_is_fixed)
{
    uint64_t misa = UINT64_C(2) << 62;
    for (const char *letter = "ABCIMSU"; *letter; letter++)
        misa |= bit((unsigned)(*letter - 'A'));
    cr_assert_eq(get(MISA), misa);
    set(MISA, 0);
    cr_assert_eq(get(MISA), misa);
}

Test(csr, mhartid_is_the_tile)
{
    hart_reset(h, 77, FLAT_CODE, 0);
    cr_assert_eq(get(MHARTID), 77);
}

Test(csr, mpp_takes_no_mode_that_does_not_exist)
{
    for (uint64_t old = 0; old < 4; old++)
        for (uint64_t mode = 0; mode < 4; mode++) {
            if (old == 2)
                continue;
            set(MSTATUS, old << 11);
            set(MSTATUS, mode << 11);
            uint64_t expected = mode == 2 ? old : mode;
            cr_assert_eq(get(MSTATUS) & MSTATUS_MPP, expected << 11);
        }
}

Test(csr, mstatus_has_64_bit_modes_for_s_and_u_that_cannot_be_changed)
{
    for (unsigned n = 0; n < 2; n++) {
        set(MSTATUS, n ? ~UINT64_C(0) : 0);
        cr_assert_eq(get(MSTATUS) >> 32 & 15, 10, "UXL and SXL are 2");
    }
}

Test(csr, sstatus_is_a_window_onto_mstatus)
{
    const uint64_t mine = MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_SUM | MSTATUS_MXR;
    set(MSTATUS, 0);
    set(SSTATUS, ~UINT64_C(0));
    cr_assert_eq(get(MSTATUS), mine | MSTATUS_UXL | MSTATUS_SXL);
    cr_assert_eq(get(SSTATUS), mine | MSTATUS_UXL);
    set(MSTATUS, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_TVM | MSTATUS_SIE);
    cr_assert_eq(get(SSTATUS), MSTATUS_SIE | MSTATUS_UXL, "M's bits do not show");
    set(SSTATUS, 0);
    cr_assert_eq(get(MSTATUS),
                 MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_TVM | MSTATUS_UXL | MSTATUS_SXL,
                 "and cannot be cleared there");
}

Test(csr, mip_lets_software_set_the_supervisors_bits_only)
{
    set(MIP, ~UINT64_C(0));
    cr_assert_eq(get(MIP), bit(IRQ_SSIP) | bit(IRQ_STIP) | bit(IRQ_SEIP));
    h->mip |= bit(IRQ_MTIP) | bit(IRQ_MSIP);
    set(MIP, 0);
    cr_assert_eq(get(MIP), bit(IRQ_MTIP) | bit(IRQ_MSIP));
}

Test(csr, sip_and_sie_show_the_delegated_bits_and_sip_writes_ssip_only)
{
    set(MIDELEG, bit(IRQ_SSIP) | bit(IRQ_STIP));
    h->mip = bit(IRQ_STIP) | bit(IRQ_SEIP) | bit(IRQ_MTIP);
    set(MIE, bit(IRQ_SEIP) | bit(IRQ_MTIP));
    cr_assert_eq(get(SIP), bit(IRQ_STIP));
    cr_assert_eq(get(SIE), 0);
    set(SIP, bit(IRQ_SSIP));
    cr_assert_eq(h->mip, bit(IRQ_SSIP) | bit(IRQ_STIP) | bit(IRQ_SEIP) | bit(IRQ_MTIP));
    set(SIP, 0);
    cr_assert_eq(h->mip, bit(IRQ_STIP) | bit(IRQ_SEIP) | bit(IRQ_MTIP));
    set(SIE, ~UINT64_C(0));
    cr_assert_eq(get(MIE), bit(IRQ_SSIP) | bit(IRQ_STIP) | bit(IRQ_SEIP) | bit(IRQ_MTIP));
    set(MIDELEG, 0);
    set(SIP, bit(IRQ_SSIP));
    cr_assert_eq(h->mip & bit(IRQ_SSIP), 0, "not delegated: not writable");
}

/* ---- the instructions ----------------------------------------------------------------- */

Test(csr, instructions_write_set_and_clear)
{
    const struct {
        enum insn_op op;
        uint64_t old, operand, expected;
    } cases[] = {
        {OP_csrrw, 0xf0f0, 0x1234, 0x1234}, {OP_csrrs, 0xf0f0, 0x0ff0, 0xfff0},
        {OP_csrrc, 0xf0f0, 0x0ff0, 0xf000}, {OP_csrrwi, 0xf0f0, 21, 21},
        {OP_csrrsi, 0xf0f0, 21, 0xf0f5},    {OP_csrrci, 0xf0f5, 21, 0xf0e0},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool immediate = i >= 3;
        uint32_t insn =
            asm_i(cases[i].op, T1, immediate ? (unsigned)cases[i].operand : T0, MSCRATCH);
        h->mscratch = cases[i].old;
        h->x[T0] = cases[i].operand;
        flat_execute(flat, &insn, 1);
        cr_assert_eq(h->x[T1], cases[i].old, "%s returns the old value", insn_name(cases[i].op));
        cr_assert_eq(h->mscratch, cases[i].expected, "%s", insn_name(cases[i].op));
    }
}

Test(csr, source_and_destination_may_be_one_register)
{
    uint32_t insn = asm_i(OP_csrrw, T0, T0, MSCRATCH);
    h->mscratch = 1;
    h->x[T0] = 2;
    flat_execute(flat, &insn, 1);
    cr_assert_eq(h->x[T0], 1);
    cr_assert_eq(h->mscratch, 2);
}

Test(csr, set_and_clear_of_nothing_do_not_write)
{
    const uint32_t insns[] = {
        asm_i(OP_csrrs, T1, ZERO, MHARTID),
        asm_i(OP_csrrc, T1, ZERO, MHARTID),
        asm_i(OP_csrrsi, T1, ZERO, MHARTID),
        asm_i(OP_csrrci, T1, ZERO, MHARTID),
    };
    flat_execute(flat, insns, 4);
    cr_assert_eq(h->traps, 0, "a read-only register may be read so");
    const uint32_t writes[] = {
        asm_i(OP_csrrs, T1, T0, MHARTID),   asm_i(OP_csrrc, T1, T0, MHARTID),
        asm_i(OP_csrrsi, T1, 1, MHARTID),   asm_i(OP_csrrci, T1, 1, MHARTID),
        asm_i(OP_csrrw, T1, ZERO, MHARTID), asm_i(OP_csrrwi, T1, 0, MHARTID),
    };
    for (unsigned i = 0; i < 6; i++) {
        flat_reset(flat); /* t0 holds 0: it is the register's name that counts */
        flat_execute(flat, &writes[i], 1);
        cr_assert_eq(h->traps, 1, "%08x", writes[i]);
        cr_assert_eq(h->mcause, CAUSE_ILLEGAL);
    }
}

/* ---- counters ---------------------------------------------------------------------------- */

Test(csr, cycle_and_instret_count_what_they_say)
{
    const uint32_t insns[] = {
        asm_nop(),
        asm_i(OP_csrrs, T0, ZERO, MCYCLE),   /* issues in cycle 1 */
        asm_i(OP_csrrs, T1, ZERO, MINSTRET), /* 2 before it */
        asm_r(OP_mul, T3, T3, T3),           /* cycles 3 to 5 */
        asm_i(OP_csrrs, T2, ZERO, CYCLE),
        asm_i(OP_csrrs, T4, ZERO, INSTRET),
        asm_i(OP_csrrs, T5, ZERO, TIME),
    };
    h->cycle = 0;
    flat_execute(flat, insns, 7);
    cr_assert_eq(h->x[T0], 1);
    cr_assert_eq(h->x[T1], 2);
    cr_assert_eq(h->x[T2], 3 + flat->cfg.hart_mul_cycles);
    cr_assert_eq(h->x[T4], 5);
    cr_assert_eq(h->x[T5], h->x[T2] + 2, "a tick of mtime is one cycle");
}

Test(csr, a_written_counter_is_read_back_by_the_next_instruction)
{
    const uint32_t insns[] = {
        asm_i(OP_csrrw, ZERO, T0, MINSTRET), asm_i(OP_csrrs, T1, ZERO, MINSTRET),
        asm_i(OP_csrrs, T2, ZERO, INSTRET),  asm_i(OP_csrrw, ZERO, T0, MCYCLE),
        asm_i(OP_csrrs, T3, ZERO, MCYCLE),   asm_i(OP_csrrs, T4, ZERO, CYCLE),
    };
    h->x[T0] = 1000;
    flat_execute(flat, insns, 6);
    cr_assert_eq(h->x[T1], 1000, "the write is not counted itself");
    cr_assert_eq(h->x[T2], 1001);
    cr_assert_eq(h->x[T3], 1000);
    cr_assert_eq(h->x[T4], 1001);
    flat_check_cpi(flat, 6); /* the model's own counts are not the guest's */
}

Test(csr, an_inhibited_counter_stands_still_and_goes_on_from_there)
{
    const uint32_t insns[] = {
        asm_i(OP_csrrwi, ZERO, 5, MCOUNTINHIBIT),
        asm_i(OP_csrrs, T0, ZERO, MCYCLE),
        asm_i(OP_csrrs, T1, ZERO, MINSTRET),
        asm_nop(),
        asm_nop(),
        asm_i(OP_csrrs, T2, ZERO, MCYCLE),
        asm_i(OP_csrrs, T3, ZERO, MINSTRET),
        asm_i(OP_csrrwi, ZERO, 0, MCOUNTINHIBIT),
        asm_i(OP_csrrs, T4, ZERO, MCYCLE),
        asm_i(OP_csrrs, T5, ZERO, MINSTRET),
    };
    flat_execute(flat, insns, 10);
    cr_assert_eq(h->x[T0], h->x[T2]);
    cr_assert_eq(h->x[T1], h->x[T3]);
    cr_assert_eq(h->x[T4], h->x[T0] + 1);
    cr_assert_eq(h->x[T5], h->x[T1] + 2);
}

Test(csr, an_inhibited_counter_can_be_written)
{
    const uint32_t insns[] = {
        asm_i(OP_csrrwi, ZERO, 5, MCOUNTINHIBIT), asm_i(OP_csrrw, ZERO, T0, MCYCLE),
        asm_i(OP_csrrw, ZERO, T0, MINSTRET),      asm_nop(),
        asm_i(OP_csrrs, T1, ZERO, MCYCLE),        asm_i(OP_csrrs, T2, ZERO, MINSTRET),
    };
    h->x[T0] = 4711;
    flat_execute(flat, insns, 6);
    cr_assert_eq(h->x[T1], 4711);
    cr_assert_eq(h->x[T2], 4711);
}

Test(csr, time_runs_on_while_cycle_is_written_or_inhibited)
{
    const uint32_t insns[] = {
        asm_i(OP_csrrs, T0, ZERO, TIME),
        asm_i(OP_csrrwi, ZERO, 5, MCOUNTINHIBIT),
        asm_i(OP_csrrw, ZERO, ZERO, MCYCLE),
        asm_i(OP_csrrs, T1, ZERO, TIME),
    };
    flat_execute(flat, insns, 4);
    cr_assert_eq(h->x[T1], h->x[T0] + 3);
}

Test(csr, time_ticks_once_in_mtime_divider_cycles)
{
    flat->cfg.device_mtime_divider = 10;
    h->cycle = 12345;
    cr_assert_eq(get(TIME), 1234);
}
