/*
 * Control and status registers: which exist for whom, which bits they keep, aliases, and
 * the six instructions that reach them.
 */
#include "sim/core/tests/csrs.h"

TestSuite(csr, .init = create, .fini = destroy);

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

/* Every number of the 4096: the manual's list of what this hart has. */
Test(csr, exactly_these_registers_exist)
{
    static const struct {
        unsigned first, last;
    } present[] = {
        {0x100, 0x100}, {0x104, 0x106}, {0x10a, 0x10a}, {0x140, 0x144}, {0x14d, 0x14d},
        {0x180, 0x180}, {0x300, 0x306}, {0x30a, 0x30a}, {0x320, 0x320}, {0x323, 0x33f},
        {0x340, 0x344}, {0x3a0, 0x3a0}, {0x3a2, 0x3a2}, {0x3a4, 0x3a4}, {0x3a6, 0x3a6},
        {0x3a8, 0x3a8}, {0x3aa, 0x3aa}, {0x3ac, 0x3ac}, {0x3ae, 0x3ae}, {0x3b0, 0x3ef},
        {0x7a0, 0x7a3}, {0xb00, 0xb00}, {0xb02, 0xb1f}, {0xc00, 0xc1f}, {0xf11, 0xf15},
    };
    for (unsigned entries = 0; entries <= PMP_ENTRIES; entries += 4)
        for (unsigned number = 0; number < 4096; number++) {
            uint64_t value;
            bool exists = false, is_pmp = number >= 0x3a0 && number < 0x3f0;
            for (unsigned i = 0; i < sizeof present / sizeof present[0]; i++)
                exists |= number >= present[i].first && number <= present[i].last;
            if (is_pmp && entries == 0)
                exists = false;
            h->pmp.entries = (uint8_t)entries;
            cr_assert_eq(read_as(PRIV_M, number, &value) != CSR_ILLEGAL, exists, "%#x", number);
        }
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

Test(csr, event_counters_are_enabled_one_by_one)
{
    for (unsigned n = 3; n < 32; n++)
        for (unsigned allowed = 0; allowed < 4; allowed++) {
            uint64_t value;
            h->mcounteren = allowed & 1 ? bit(n) : (uint32_t)~bit(n);
            h->scounteren = allowed & 2 ? bit(n) : (uint32_t)~bit(n);
            cr_assert_neq(read_as(PRIV_M, 0xc00 + n, &value), CSR_ILLEGAL);
            cr_assert_eq(read_as(PRIV_S, 0xc00 + n, &value) != CSR_ILLEGAL, allowed & 1);
            cr_assert_eq(read_as(PRIV_U, 0xc00 + n, &value) != CSR_ILLEGAL, allowed == 3);
            cr_assert_eq(read_as(PRIV_S, 0xb00 + n, &value), CSR_ILLEGAL, "mhpmcounter is M's");
        }
}

/* Sstc: the supervisor needs menvcfg.STCE and mcounteren.TM; M needs nothing. */
Test(csr, stimecmp_is_for_whom_stce_and_tm_let)
{
    for (unsigned n = 0; n < 8; n++) {
        uint64_t value;
        h->menvcfg = n & 1 ? MENVCFG_STCE : 0;
        h->mcounteren = n & 2 ? 2 : (uint32_t)~2;
        h->scounteren = n & 4 ? 0xffffffff : 0;
        cr_assert_neq(read_as(PRIV_M, STIMECMP, &value), CSR_ILLEGAL);
        cr_assert_eq(read_as(PRIV_S, STIMECMP, &value) != CSR_ILLEGAL, (n & 3) == 3);
        cr_assert_eq(write_as(PRIV_S, STIMECMP, 5) != CSR_ILLEGAL, (n & 3) == 3);
        cr_assert_eq(read_as(PRIV_U, STIMECMP, &value), CSR_ILLEGAL);
    }
}

/* ---- which bits ------------------------------------------------------------------ */

Test(csr, registers_keep_the_bits_that_they_have)
{
    static const struct {
        unsigned number;
        uint64_t kept;
    } rows[] = {
        {MSCRATCH, ~UINT64_C(0)}, {SSCRATCH, ~UINT64_C(0)}, {MCAUSE, ~UINT64_C(0)},
        {SCAUSE, ~UINT64_C(0)},   {MTVAL, ~UINT64_C(0)},    {STVAL, ~UINT64_C(0)},
        {MEPC, ~UINT64_C(1)},                            /* IALIGN = 16 */
        {SEPC, ~UINT64_C(1)},     {MTVEC, ~UINT64_C(2)}, /* direct and vectored */
        {STVEC, ~UINT64_C(2)},    {MCOUNTEREN, 0xffffffff}, {SCOUNTEREN, 0xffffffff},
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

/* ---- environment configuration ------------------------------------------------------------ */

Test(csr, menvcfg_and_senvcfg_keep_the_fields_that_there_are)
{
    const uint64_t both = 0xf1; /* FIOM, CBIE, CBCFE, CBZE */
    for (unsigned update = AD_HARDWARE; update <= AD_MENVCFG; update++) {
        flat->cfg.hart_ad_update = (uint8_t)update;
        set(MENVCFG, ~UINT64_C(0));
        cr_assert_eq(get(MENVCFG), both | bit(63) | (update == AD_MENVCFG ? bit(61) : 0),
                     "ADUE exists where it decides");
        set(MENVCFG, 0);
        cr_assert_eq(get(MENVCFG), 0);
    }
    set(SENVCFG, ~UINT64_C(0));
    cr_assert_eq(get(SENVCFG), both);
}

Test(csr, cbie_takes_no_reserved_value)
{
    static const unsigned numbers[] = {MENVCFG, SENVCFG};
    for (unsigned r = 0; r < 2; r++)
        for (uint64_t old = 0; old < 4; old++)
            for (uint64_t new = 0; new < 4; new ++) {
                if (old == 2)
                    continue;
                set(numbers[r], old << 4);
                set(numbers[r], new << 4 | ENVCFG_CBZE);
                cr_assert_eq(get(numbers[r]), (new == 2 ? old : new) << 4 | ENVCFG_CBZE);
            }
}

/* Zicbom, Zicboz: U needs both registers' bits, S needs menvcfg's, M needs none. */
Test(csr, cache_block_instructions_are_for_whom_the_fields_let)
{
    static const struct {
        enum insn_op op;
        uint64_t field, others;
    } blocks[] = {{OP_cbo_inval, 0x10, 0xc1},
                  {OP_cbo_inval, 0x30, 0xc1},
                  {OP_cbo_clean, 0x40, 0xb1},
                  {OP_cbo_flush, 0x40, 0xb1},
                  {OP_cbo_zero, 0x80, 0x71}};
    static const enum privilege modes[] = {PRIV_U, PRIV_S, PRIV_M};
    for (unsigned i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        for (unsigned n = 0; n < 4; n++)
            for (unsigned m = 0; m < 3; m++) {
                uint32_t words[] = {asm_r(blocks[i].op, 0, T0, 0), flat_stop()};
                flat_reset(flat);
                h->menvcfg = n & 1 ? blocks[i].field : blocks[i].others;
                h->senvcfg = n & 2 ? blocks[i].field : blocks[i].others;
                h->x[T0] = FLAT_DATA;
                h->priv = (uint8_t)modes[m];
                flat_program(flat, words, 2);
                flat_run(flat, 1000);
                bool legal = modes[m] == PRIV_M || ((n & 1) && (modes[m] == PRIV_S || (n & 2)));
                cr_assert_eq(h->traps, !legal, "%s, %u, mode %u", insn_name(blocks[i].op), n,
                             modes[m]);
                if (!legal) {
                    cr_assert_eq(h->mcause, CAUSE_ILLEGAL);
                    cr_assert_eq(h->mtval, words[0]);
                }
            }
}

Test(csr, cbo_zero_zeroes_its_line_and_no_other)
{
    uint32_t word = asm_r(OP_cbo_zero, 0, T0, 0);
    memset(flat_cell(flat, FLAT_DATA - 64), 0x55, 192);
    h->x[T0] = FLAT_DATA + 29;
    flat_execute(flat, &word, 1);
    for (unsigned i = 0; i < 192; i++)
        cr_assert_eq(*flat_cell(flat, FLAT_DATA - 64 + i), i / 64 == 1 ? 0 : 0x55);
}

/* ---- the supervisor's timer ------------------------------------------------------------------ */

Test(csr, stip_follows_stimecmp_and_cannot_be_written_while_stce_is_set)
{
    h->cycle = 1000;
    set(MENVCFG, MENVCFG_STCE);
    cr_assert_eq(get(MIP) & bit(IRQ_STIP), 0, "stimecmp is out of reach at first");
    set(STIMECMP, 1000);
    cr_assert_eq(get(MIP) & bit(IRQ_STIP), bit(IRQ_STIP), "time has come");
    set(MIP, 0);
    cr_assert_eq(get(MIP) & bit(IRQ_STIP), bit(IRQ_STIP));
    set(STIMECMP, 1001);
    cr_assert_eq(get(MIP) & bit(IRQ_STIP), 0, "a later time takes it back");
    set(MIP, bit(IRQ_STIP));
    cr_assert_eq(get(MIP) & bit(IRQ_STIP), 0);
    set(MENVCFG, 0);
    set(MIP, bit(IRQ_STIP));
    cr_assert_eq(get(MIP) & bit(IRQ_STIP), bit(IRQ_STIP), "without STCE it is M's to write");
    set(MIP, 0);
    cr_assert_eq(get(MIP) & bit(IRQ_STIP), 0);
    cr_assert_eq(h->stimer_at, CYCLE_NEVER);
}

Test(csr, stimecmp_counts_ticks_of_time)
{
    flat->cfg.device_mtime_divider = 7;
    set(MENVCFG, MENVCFG_STCE);
    set(STIMECMP, 100);
    cr_assert_eq(h->stimer_at, 700);
    set(STIMECMP, ~UINT64_C(0));
    cr_assert_eq(h->stimer_at, CYCLE_NEVER, "beyond the last cycle");
    cr_assert_eq(get(STIMECMP), ~UINT64_C(0));
}

/* To S at the first synchronisation point, if delegated and enabled. */
Test(csr, the_supervisors_timer_interrupts_at_its_cycle)
{
    uint32_t insns[64];
    for (unsigned i = 0; i < 64; i++)
        insns[i] = i % 4 == 3 ? asm_i(OP_ld, T1, T0, 0) : asm_nop();
    for (cycle_t at = 1; at < 60; at++) {
        flat_reset(flat);
        h->x[T0] = FLAT_DATA;
        set(MENVCFG, MENVCFG_STCE);
        set(STIMECMP, at);
        h->mideleg = h->mie = bit(IRQ_STIP);
        h->mstatus = MSTATUS_SIE;
        h->priv = PRIV_S;
        flat_program(flat, insns, 64);
        flat_run(flat, 7);
        cr_assert_eq(h->scause, CAUSE_INTERRUPT | IRQ_STIP);
        cycle_t point = at % 4 == 3 || at % 16 == 0 ? at : at + 3 - at % 4; /* loads, line ends */
        cr_assert_eq(h->sepc, FLAT_CODE + 4 * point, "set for %llu", (unsigned long long)at);
    }
}

/* ---- translation's registers --------------------------------------------------------------- */

Test(csr, satp_keeps_all_of_a_mode_that_exists_and_nothing_of_another)
{
    const uint64_t rest = UINT64_C(0xbeef) << 44 | UINT64_C(0xfedcba98765);
    for (uint64_t mode = 0; mode < 16; mode++) {
        set(SATP, UINT64_C(8) << 60 | 1);
        set(SATP, mode << 60 | rest);
        bool exists = mode == 0 || mode == 8 || mode == 9;
        cr_assert_eq(get(SATP), exists ? mode << 60 | rest : (UINT64_C(8) << 60 | 1));
    }
}

Test(csr, pmp_registers_are_those_of_the_entries)
{
    set(0x3b0, 0x123);
    set(0x3bf, 0x456);
    set(0x3c0, 0x789);
    cr_assert_eq(get(0x3b0), 0x123);
    cr_assert_eq(get(0x3bf), 0x456);
    cr_assert_eq(get(0x3c0), 0, "the seventeenth does not exist");
    set(0x3a0, UINT64_C(0x0f) << 56);
    set(0x3a2, 0x1b);
    set(0x3a4, ~UINT64_C(0));
    cr_assert_eq(h->pmp.cfg[7], 0x0f);
    cr_assert_eq(h->pmp.cfg[8], 0x1b);
    cr_assert_eq(get(0x3a4), 0);
}
