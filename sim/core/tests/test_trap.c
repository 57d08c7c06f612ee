/*
 * Traps: every exception's cause, value and place; where they go; the stacks in
 * mstatus; interrupts, their order and their moment; wfi; privileged
 * instructions where they are not allowed.
 */
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

TestSuite(trap, .init = create, .fini = destroy);

static uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}

/* One instruction at FLAT_CODE in `priv`, up to the flat_stop behind it or in
 * the handler that it ends in. */
static void run_one(enum privilege priv, uint32_t word, uint64_t t0)
{
    uint32_t words[] = {word, flat_stop()};
    flat_program(flat, words, 2);
    h->pc = FLAT_CODE;
    h->wait = WAIT_NONE;
    h->priv = (uint8_t)priv;
    h->x[T0] = t0;
    flat_run(flat, 1000);
}

static void check_m_trap(uint64_t cause, uint64_t epc, uint64_t tval)
{
    cr_assert_eq(h->pc, FLAT_TRAP, "trapped to 0x%llx", (unsigned long long)h->pc);
    cr_assert_eq(h->priv, PRIV_M);
    cr_assert_eq(h->mcause, cause, "cause %llu", (unsigned long long)h->mcause);
    cr_assert_eq(h->mepc, epc);
    cr_assert_eq(h->mtval, tval, "tval %#llx", (unsigned long long)h->mtval);
}

/* ---- every cause -------------------------------------------------------------- */

struct fault {
    uint32_t word;
    uint64_t t0;
    enum trap_cause cause;
    uint64_t tval;
};

static void check_faults(const struct fault *fault, unsigned count)
{
    flat->cfg.hart_misaligned = false;
    for (unsigned i = 0; i < count; i++) {
        flat_reset(flat);
        h->x[T1] = 0x5555;
        run_one(PRIV_M, fault[i].word, fault[i].t0);
        check_m_trap(fault[i].cause, FLAT_CODE, fault[i].tval);
        cr_assert_eq(h->x[T1], 0x5555, "%08x has written its destination", fault[i].word);
        cr_assert_eq(h->traps, 1);
        flat_check_cpi(flat, 0);
    }
}

#define FAULTS(name, ...)                                                                          \
    Test(trap, name)                                                                               \
    {                                                                                              \
        const struct fault faults[] = {__VA_ARGS__};                                               \
        check_faults(faults, sizeof faults / sizeof faults[0]);                                    \
    }

FAULTS(misaligned_loads_name_the_address,
       {asm_i(OP_lh, T1, T0, 0), FLAT_DATA + 1, CAUSE_LOAD_MISALIGNED, FLAT_DATA + 1},
       {asm_i(OP_lhu, T1, T0, 2), FLAT_DATA + 1, CAUSE_LOAD_MISALIGNED, FLAT_DATA + 3},
       {asm_i(OP_lw, T1, T0, 0), FLAT_DATA + 2, CAUSE_LOAD_MISALIGNED, FLAT_DATA + 2},
       {asm_i(OP_lwu, T1, T0, 0), FLAT_DATA + 3, CAUSE_LOAD_MISALIGNED, FLAT_DATA + 3},
       {asm_i(OP_ld, T1, T0, 0), FLAT_DATA + 4, CAUSE_LOAD_MISALIGNED, FLAT_DATA + 4},
       {asm_r(OP_lr_w, T1, T0, 0), FLAT_DATA + 2, CAUSE_LOAD_MISALIGNED, FLAT_DATA + 2},
       {asm_r(OP_lr_d, T1, T0, 0), FLAT_DATA + 4, CAUSE_LOAD_MISALIGNED, FLAT_DATA + 4})

FAULTS(misaligned_stores_name_the_address,
       {asm_s(OP_sh, T1, T0, 0), FLAT_DATA + 1, CAUSE_STORE_MISALIGNED, FLAT_DATA + 1},
       {asm_s(OP_sw, T1, T0, -1), FLAT_DATA + 4, CAUSE_STORE_MISALIGNED, FLAT_DATA + 3},
       {asm_s(OP_sd, T1, T0, 0), FLAT_DATA + 4, CAUSE_STORE_MISALIGNED, FLAT_DATA + 4})

FAULTS(misaligned_atomics_are_store_faults,
       {asm_r(OP_amoadd_w, T1, T0, T2), FLAT_DATA + 2, CAUSE_STORE_MISALIGNED, FLAT_DATA + 2},
       {asm_r(OP_amoswap_d, T1, T0, T2), FLAT_DATA + 4, CAUSE_STORE_MISALIGNED, FLAT_DATA + 4},
       {asm_r(OP_sc_w, T1, T0, T2), FLAT_DATA + 2, CAUSE_STORE_MISALIGNED, FLAT_DATA + 2},
       {asm_r(OP_sc_d, T1, T0, T2), FLAT_DATA + 4, CAUSE_STORE_MISALIGNED, FLAT_DATA + 4})

FAULTS(accesses_outside_memory_are_access_faults,
       {asm_i(OP_lb, T1, T0, 0), 0, CAUSE_LOAD_ACCESS, 0},
       {asm_i(OP_ld, T1, T0, 0), FLAT_END, CAUSE_LOAD_ACCESS, FLAT_END},
       {asm_i(OP_ld, T1, T0, -8), FLAT_BASE, CAUSE_LOAD_ACCESS, FLAT_BASE - 8},
       {asm_i(OP_lw, T1, T0, 0), bit(63), CAUSE_LOAD_ACCESS, bit(63)},
       {asm_r(OP_lr_d, T1, T0, 0), FLAT_END, CAUSE_LOAD_ACCESS, FLAT_END},
       {asm_s(OP_sb, T1, T0, 0), 0, CAUSE_STORE_ACCESS, 0},
       {asm_s(OP_sd, T1, T0, 0), FLAT_END, CAUSE_STORE_ACCESS, FLAT_END},
       {asm_r(OP_amoadd_d, T1, T0, T2), FLAT_END, CAUSE_STORE_ACCESS, FLAT_END})

FAULTS(a_misaligned_address_outside_memory_is_misaligned_first,
       {asm_i(OP_ld, T1, T0, 0), FLAT_END + 1, CAUSE_LOAD_MISALIGNED, FLAT_END + 1},
       {asm_s(OP_sd, T1, T0, 0), FLAT_END + 1, CAUSE_STORE_MISALIGNED, FLAT_END + 1})

FAULTS(illegal_instructions_give_their_bits, {0x00000000, 0, CAUSE_ILLEGAL, 0},
       {0xffffffff, 0, CAUSE_ILLEGAL, 0xffffffff},
       {asm_i(OP_csrrs, T1, ZERO, 0x7c0), 0, CAUSE_ILLEGAL, asm_i(OP_csrrs, T1, ZERO, 0x7c0)},
       {asm_i(OP_csrrw, T1, T0, 0xf14), 0, CAUSE_ILLEGAL, asm_i(OP_csrrw, T1, T0, 0xf14)})

FAULTS(ebreak_is_a_breakpoint_at_its_own_address,
       {asm_n(OP_ebreak), 0, CAUSE_BREAKPOINT, FLAT_CODE})

FAULTS(ecall_from_m, {asm_n(OP_ecall), 0, CAUSE_ECALL_M, 0})

Test(trap, a_jump_outside_memory_faults_at_its_target)
{
    run_one(PRIV_M, asm_i(OP_jalr, RA, T0, 0), 0x1000);
    check_m_trap(CAUSE_FETCH_ACCESS, 0x1000, 0x1000);
    cr_assert_eq(h->x[RA], FLAT_CODE + 4, "the jump itself is retired");
}

Test(trap, running_off_the_end_of_memory_faults_at_the_next_line)
{
    uint32_t nops[LINE_WORDS];
    for (unsigned i = 0; i < LINE_WORDS; i++)
        nops[i] = asm_nop();
    flat_store(flat, FLAT_END - LINE_BYTES, nops, sizeof nops);
    run_one(PRIV_M, asm_i(OP_jalr, RA, T0, 0), FLAT_END - 8);
    check_m_trap(CAUSE_FETCH_ACCESS, FLAT_END, FLAT_END);
}

Test(trap, ecall_says_who_called)
{
    run_one(PRIV_U, asm_n(OP_ecall), 0);
    check_m_trap(CAUSE_ECALL_U, FLAT_CODE, 0);
    flat_reset(flat);
    run_one(PRIV_S, asm_n(OP_ecall), 0);
    check_m_trap(CAUSE_ECALL_S, FLAT_CODE, 0);
}

/* ---- where a trap goes ------------------------------------------------------------- */

Test(trap, a_delegated_exception_from_u_or_s_goes_to_s)
{
    for (unsigned priv = PRIV_U; priv <= PRIV_S; priv++) {
        flat_reset(flat);
        h->medeleg = bit(CAUSE_BREAKPOINT);
        h->mepc = h->mcause = h->mtval = 0x77;
        run_one((enum privilege)priv, asm_n(OP_ebreak), 0);
        cr_assert_eq(h->pc, FLAT_STRAP);
        cr_assert_eq(h->priv, PRIV_S);
        cr_assert_eq(h->scause, CAUSE_BREAKPOINT);
        cr_assert_eq(h->sepc, FLAT_CODE);
        cr_assert_eq(h->stval, FLAT_CODE);
        cr_assert_eq(h->mepc, 0x77, "M's registers are untouched");
        cr_assert_eq(h->mcause, 0x77);
        cr_assert_eq(h->mtval, 0x77);
    }
}

Test(trap, a_delegated_exception_from_m_stays_in_m)
{
    h->medeleg = ~UINT64_C(0);
    run_one(PRIV_M, asm_n(OP_ebreak), 0);
    check_m_trap(CAUSE_BREAKPOINT, FLAT_CODE, FLAT_CODE);
}

Test(trap, exceptions_ignore_the_vectored_mode)
{
    h->mtvec = FLAT_TRAP | 1;
    run_one(PRIV_M, asm_n(OP_ebreak), 0);
    check_m_trap(CAUSE_BREAKPOINT, FLAT_CODE, FLAT_CODE);
}

/* ---- the stacks in mstatus --------------------------------------------------------- */

Test(trap, entering_m_pushes_the_enable_and_the_mode)
{
    for (unsigned mie = 0; mie < 2; mie++)
        for (unsigned mode = 0; mode < 3; mode++) {
            enum privilege from = (enum privilege)("\0\1\3"[mode]);
            flat_reset(flat);
            h->mstatus = mie ? MSTATUS_MIE : MSTATUS_MPIE;
            run_one(from, asm_n(OP_ebreak), 0);
            cr_assert_eq(h->mstatus, (mie ? MSTATUS_MPIE : 0) | (uint64_t)from << 11);
        }
}

Test(trap, entering_s_pushes_the_enable_and_the_mode)
{
    for (unsigned sie = 0; sie < 2; sie++)
        for (unsigned from = PRIV_U; from <= PRIV_S; from++) {
            flat_reset(flat);
            h->medeleg = bit(CAUSE_BREAKPOINT);
            h->mstatus = (sie ? MSTATUS_SIE : MSTATUS_SPIE) | MSTATUS_MIE;
            run_one((enum privilege)from, asm_n(OP_ebreak), 0);
            cr_assert_eq(h->mstatus,
                         (sie ? MSTATUS_SPIE : 0) | (from ? MSTATUS_SPP : 0) | MSTATUS_MIE);
        }
}

Test(trap, mret_pops_them_and_leaves_u_and_an_enable)
{
    for (unsigned mpie = 0; mpie < 2; mpie++)
        for (unsigned mode = 0; mode < 3; mode++) {
            enum privilege to = (enum privilege)("\0\1\3"[mode]);
            flat_reset(flat);
            h->mstatus = (mpie ? MSTATUS_MPIE : MSTATUS_MIE) | (uint64_t)to << 11 | MSTATUS_MPRV;
            h->mepc = FLAT_STRAP;
            h->mcounteren = 7;
            hart_return_m(h);
            cr_assert_eq(h->pc, FLAT_STRAP);
            cr_assert_eq(h->priv, to);
            cr_assert_eq(h->mstatus,
                         (mpie ? MSTATUS_MIE : 0) | MSTATUS_MPIE |
                             (to == PRIV_M ? MSTATUS_MPRV : 0),
                         "leaving M ends MPRV");
        }
}

Test(trap, sret_pops_s_and_ends_mprv)
{
    for (unsigned spie = 0; spie < 2; spie++)
        for (unsigned to = PRIV_U; to <= PRIV_S; to++) {
            flat_reset(flat);
            h->mstatus = (spie ? MSTATUS_SPIE : MSTATUS_SIE) | (to ? MSTATUS_SPP : 0) |
                         MSTATUS_MPRV | MSTATUS_MPP;
            h->sepc = FLAT_STRAP;
            h->priv = PRIV_M;
            hart_return_s(h);
            cr_assert_eq(h->pc, FLAT_STRAP);
            cr_assert_eq(h->priv, to);
            cr_assert_eq(h->mstatus, (spie ? MSTATUS_SIE : 0) | MSTATUS_SPIE | MSTATUS_MPP);
        }
}

/* ---- what a mode may not do ------------------------------------------------------------ */

Test(trap, privileged_instructions_trap_where_they_are_not_allowed)
{
    const struct {
        uint32_t word;
        enum privilege priv;
        uint64_t mstatus;
        bool illegal;
    } cases[] = {
        {asm_n(OP_mret), PRIV_U, 0, true},
        {asm_n(OP_mret), PRIV_S, 0, true},
        {asm_n(OP_sret), PRIV_U, 0, true},
        {asm_n(OP_sret), PRIV_S, MSTATUS_TSR, true},
        {asm_n(OP_sret), PRIV_S, MSTATUS_SPP, false},
        {asm_n(OP_sret), PRIV_M, MSTATUS_SPP | MSTATUS_TSR, false},
        {asm_n(OP_wfi), PRIV_U, 0, true},
        {asm_n(OP_wfi), PRIV_S, MSTATUS_TW, true},
        {asm_n(OP_wfi), PRIV_S, 0, false},
        {asm_n(OP_wfi), PRIV_M, MSTATUS_TW, false},
        {asm_n(OP_sfence_vma), PRIV_U, 0, true},
        {asm_n(OP_sfence_vma), PRIV_S, MSTATUS_TVM, true},
        {asm_n(OP_sfence_vma), PRIV_S, 0, false},
        {asm_n(OP_sfence_vma), PRIV_M, MSTATUS_TVM, false},
        {asm_n(OP_sinval_vma), PRIV_U, 0, true},
        {asm_n(OP_sinval_vma), PRIV_S, MSTATUS_TVM, true},
        {asm_n(OP_sinval_vma), PRIV_S, 0, false},
        {asm_n(OP_sinval_vma), PRIV_M, MSTATUS_TVM, false},
        {asm_n(OP_sfence_w_inval), PRIV_U, 0, true},
        {asm_n(OP_sfence_w_inval), PRIV_S, MSTATUS_TVM, false},
        {asm_n(OP_sfence_inval_ir), PRIV_U, 0, true},
        {asm_n(OP_sfence_inval_ir), PRIV_S, MSTATUS_TVM, false},
        {asm_i(OP_csrrw, ZERO, ZERO, 0x180), PRIV_S, MSTATUS_TVM, true},
        {asm_i(OP_csrrw, ZERO, ZERO, 0x180), PRIV_S, 0, false},
        {asm_i(OP_csrrs, T1, ZERO, 0x180), PRIV_S, MSTATUS_TVM, true},
        {asm_i(OP_csrrs, T1, ZERO, 0x180), PRIV_S, 0, false},
        {asm_i(OP_csrrs, T1, ZERO, 0x180), PRIV_M, MSTATUS_TVM, false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flat_reset(flat);
        h->mstatus = cases[i].mstatus;
        h->sepc = FLAT_STRAP; /* where sret goes */
        run_one(cases[i].priv, cases[i].word, 0);
        cr_assert_eq(h->traps, cases[i].illegal, "case %u", i);
        if (cases[i].illegal)
            check_m_trap(CAUSE_ILLEGAL, FLAT_CODE, cases[i].word);
    }
}

/* ---- interrupts ---------------------------------------------------------------------------- */

/* All interrupts, highest priority first (privileged architecture 3.1.9); the
 * message unit's is the platform's own and comes last. */
static const uint8_t by_priority[] = {IRQ_MEIP, IRQ_MSIP, IRQ_MTIP,   IRQ_SEIP,
                                      IRQ_SSIP, IRQ_STIP, IRQ_MESSAGE};
enum { INTERRUPTS = sizeof by_priority };

Test(trap, of_several_interrupts_the_highest_is_taken)
{
    for (unsigned set = 1; set < 1u << INTERRUPTS; set++) {
        unsigned first = INTERRUPTS;
        flat_reset(flat);
        h->mstatus = MSTATUS_MIE;
        for (unsigned i = INTERRUPTS; i-- > 0;)
            if (set >> i & 1) {
                h->mip |= bit(by_priority[i]);
                first = i;
            }
        h->mie = h->mip;
        cr_assert(hart_take_interrupt(h));
        cr_assert_eq(h->mcause, CAUSE_INTERRUPT | by_priority[first]);
        cr_assert_eq(h->interrupts, 1);
        cr_assert_eq(h->traps, 0);
    }
}

Test(trap, an_interrupt_for_m_comes_before_a_delegated_one_of_higher_priority)
{
    h->priv = PRIV_U;
    h->mideleg = bit(IRQ_SEIP);
    h->mip = h->mie = bit(IRQ_SEIP) | bit(IRQ_STIP);
    cr_assert(hart_take_interrupt(h));
    cr_assert_eq(h->mcause, CAUSE_INTERRUPT | IRQ_STIP);
    cr_assert_eq(h->priv, PRIV_M);
}

Test(trap, an_interrupt_is_taken_only_where_mode_and_enable_allow_it)
{
    static const struct {
        enum privilege priv;
        uint64_t mstatus;
        bool delegated, taken;
    } cases[] = {
        {PRIV_M, 0, false, false},          {PRIV_M, MSTATUS_MIE, false, true},
        {PRIV_S, 0, false, true},           {PRIV_U, 0, false, true},
        {PRIV_M, MSTATUS_MIE, true, false}, {PRIV_M, MSTATUS_MIE | MSTATUS_SIE, true, false},
        {PRIV_S, 0, true, false},           {PRIV_S, MSTATUS_SIE, true, true},
        {PRIV_S, MSTATUS_MIE, true, false}, {PRIV_U, 0, true, true},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flat_reset(flat);
        h->priv = (uint8_t)cases[i].priv;
        h->mstatus = cases[i].mstatus;
        h->mideleg = cases[i].delegated ? bit(IRQ_SSIP) : 0;
        h->mip = h->mie = bit(IRQ_SSIP);
        cr_assert_eq(hart_take_interrupt(h), cases[i].taken, "case %u", i);
        if (cases[i].taken)
            cr_assert_eq(h->priv, cases[i].delegated ? PRIV_S : PRIV_M);
    }
}

Test(trap, an_interrupt_that_is_pending_but_not_enabled_is_not_taken)
{
    h->priv = PRIV_U;
    h->mip = bit(IRQ_MTIP);
    h->mie = ~bit(IRQ_MTIP);
    cr_assert_not(hart_take_interrupt(h));
}

Test(trap, vectored_interrupts_go_to_their_own_word)
{
    for (unsigned i = 0; i < INTERRUPTS; i++) {
        flat_reset(flat);
        h->priv = PRIV_U;
        h->mtvec = FLAT_TRAP | 1;
        h->stvec = FLAT_STRAP | 1;
        h->mip = h->mie = bit(by_priority[i]);
        cr_assert(hart_take_interrupt(h));
        cr_assert_eq(h->pc, FLAT_TRAP + 4 * by_priority[i]);
        cr_assert_eq(h->mtval, 0);
        h->priv = PRIV_U;
        h->mideleg = h->mip;
        cr_assert(hart_take_interrupt(h));
        cr_assert_eq(h->pc, FLAT_STRAP + 4 * by_priority[i]);
        cr_assert_eq(h->scause, CAUSE_INTERRUPT | by_priority[i]);
    }
}

Test(trap, enabling_an_interrupt_lets_it_in_before_the_next_instruction)
{
    const uint32_t insns[] = {
        asm_i(OP_csrrsi, ZERO, 8, 0x300), /* mstatus.MIE */
        asm_i(OP_addi, T2, ZERO, 1),
    };
    h->mip = h->mie = bit(IRQ_MSIP);
    flat_execute(flat, insns, 2);
    check_m_trap(CAUSE_INTERRUPT | IRQ_MSIP, FLAT_CODE + 4, 0);
    cr_assert_eq(h->x[T2], 0);
}

Test(trap, the_timer_interrupts_at_the_first_synchronisation_point_at_or_after_it)
{
    uint32_t insns[40];
    for (unsigned i = 0; i < 40; i++)
        insns[i] = asm_nop();
    insns[20] = insns[30] = asm_i(OP_ld, T1, T0, 0);
    for (cycle_t at = 1; at < 32; at++) {
        flat_reset(flat);
        h->x[T0] = FLAT_DATA;
        h->mstatus = MSTATUS_MIE;
        h->mie = bit(IRQ_MTIP);
        h->timer_at = at;
        flat_execute(flat, insns, 40);
        /* Synchronisation points: the loads, a line of which nothing is decoded
         * yet, and the end. */
        uint64_t taken = at <= 16 ? 16 : at <= 20 ? 20 : at <= 30 ? 30 : 32;
        check_m_trap(CAUSE_INTERRUPT | IRQ_MTIP, FLAT_CODE + 4 * taken, 0);
    }
}

/* ---- wfi ----------------------------------------------------------------------------------------
 */

Test(trap, wfi_sleeps_until_an_enabled_interrupt_is_pending)
{
    h->mip = bit(IRQ_MSIP);
    h->mie = bit(IRQ_MTIP);
    run_one(PRIV_M, asm_n(OP_wfi), 0);
    cr_assert_eq(h->wait, WAIT_WFI);
    cr_assert_eq(h->pc, FLAT_CODE);
    h->mip |= bit(IRQ_MTIP);
    hart_wake(h, 500);
    flat_run(flat, 1000);
    cr_assert_eq(h->pc, FLAT_CODE + 4);
    cr_assert_eq(h->stall[STALL_idle], 500);
    flat_check_cpi(flat, 1);
}

Test(trap, wfi_does_not_sleep_while_an_enabled_interrupt_is_pending_whatever_the_global_enable)
{
    const uint32_t insns[] = {asm_n(OP_wfi), asm_i(OP_addi, T2, ZERO, 1)};
    h->mip = h->mie = bit(IRQ_MTIP);
    flat_execute(flat, insns, 2);
    cr_assert_eq(h->x[T2], 1);
    cr_assert_eq(h->traps + h->interrupts, 0);
    cr_assert_eq(h->stall[STALL_idle], 0);
    flat_check_cpi(flat, 2);
}

Test(trap, an_interrupt_that_ends_a_wfi_returns_behind_it)
{
    run_one(PRIV_M, asm_n(OP_wfi), 0);
    cr_assert_eq(h->wait, WAIT_WFI);
    cycle_t asleep = h->cycle;
    h->mstatus = MSTATUS_MIE;
    h->mie = h->mip = bit(IRQ_MSIP);
    hart_wake(h, asleep + 100);
    hart_run(h, h->cycle + 3); /* the wfi retires, the trap is entered */
    cr_assert_eq(h->mepc, FLAT_CODE + 4);
    cr_assert_eq(h->mcause, CAUSE_INTERRUPT | IRQ_MSIP);
    cr_assert_eq(h->stall[STALL_idle], 100);
    flat_check_cpi(flat, 1);
}

/* ---- loops
 * ------------------------------------------------------------------------------------------ */

Test(trap, traps_without_an_instruction_between_them_are_reported)
{
    h->mtvec = 0x1000; /* not memory: the handler's fetch traps again */
    h->pc = FLAT_CODE;
    uint32_t words[] = {asm_nop(), 0};
    flat_program(flat, words, 2);
    flat_run(flat, 1000);
    cr_assert(flat->trap_loop);
    cr_assert_eq(h->traps, flat->cfg.sim_report_traps + 1);
    cr_assert_eq(h->trap_watch.row_first.cause, CAUSE_ILLEGAL,
                 "the first of them is kept for the report");
    cr_assert_eq(h->trap_watch.row_first.epc, FLAT_CODE + 4);
}

Test(trap, traps_with_instructions_between_them_are_no_loop)
{
    const uint32_t handler[] = {
        asm_i(OP_addi, T0, T0, 1), asm_b(OP_bne, T0, T1, 8), /* enough of it? */
        asm_n(OP_wfi), asm_n(OP_mret),                       /* to the same ecall again */
    };
    uint32_t ecall = asm_n(OP_ecall);
    flat_program(flat, &ecall, 1);
    flat_store(flat, FLAT_TRAP, handler, sizeof handler);
    h->x[T1] = 100;
    flat_run(flat, 1000);
    cr_assert_not(flat->trap_loop);
    cr_assert_eq(h->traps, 100);
}

/* ecall, then what its handler does. */
static void trap_into(const uint32_t *handler, unsigned count)
{
    uint32_t ecall = asm_n(OP_ecall);
    flat_program(flat, &ecall, 1);
    flat_store(flat, FLAT_TRAP, handler, count * sizeof *handler);
}

/* Runs in slices, as long as there is no loop. */
static void run_to_loop(cycle_t limit)
{
    while (!flat->trap_loop && h->wait == WAIT_NONE && h->cycle < limit)
        hart_run(h, h->cycle + 1);
}

Test(trap, a_handler_that_traps_after_an_instruction_is_a_loop)
{
    const uint32_t handler[] = {asm_i(OP_addi, T0, T0, 1), asm_n(OP_ebreak)};
    trap_into(handler, 2);
    run_to_loop(100000000);
    cr_assert(flat->trap_loop);
    const struct trap_watch *w = &h->trap_watch;
    cr_assert_eq(w->loop, TRAP_LOOP_NESTED);
    cr_assert_eq(h->traps, TRAPS_NESTED_MAX + 1);
    cr_assert_eq(w->nest_first.cause, CAUSE_ECALL_M);
    cr_assert_eq(w->nest_first.epc, FLAT_CODE);
    cr_assert_eq(w->latest.cause, CAUSE_BREAKPOINT);
    cr_assert_eq(w->latest.epc, FLAT_TRAP + 4);
}

Test(trap, interrupts_that_nest_are_no_loop)
{
    const uint32_t handler[] = {asm_i(OP_addi, T0, T0, 1), asm_i(OP_csrrsi, ZERO, 8, 0x300),
                                asm_j(ZERO, 0)};
    flat_reset(flat);
    trap_into(handler, 3);
    h->mstatus = MSTATUS_MIE;
    h->mie = h->mip = bit(IRQ_MSIP);
    flat->cfg.hart_trap_cycles = 1;
    while (!flat->trap_loop && h->interrupts <= TRAPS_NESTED_MAX + 1)
        hart_run(h, h->cycle + 1000);
    cr_assert_not(flat->trap_loop);
}

Test(trap, a_return_to_the_instruction_that_traps_is_a_loop)
{
    const uint32_t handler[] = {asm_n(OP_mret)};
    flat->cfg.hart_trap_cycles = 1;
    trap_into(handler, 1);
    while (!flat->trap_loop && h->traps <= TRAPS_RESUMED_MAX + 1)
        hart_run(h, h->cycle + 1000);
    cr_assert(flat->trap_loop);
    cr_assert_eq(h->trap_watch.loop, TRAP_LOOP_RESUMED);
    cr_assert_eq(h->traps, TRAPS_RESUMED_MAX + 1);
    cr_assert_eq(h->trap_watch.latest.cause, CAUSE_ECALL_M);
}

/* A handler that counts and returns; it may be waiting for another hart, for some time. */
Test(trap, a_return_with_another_register_is_a_loop_in_the_end)
{
    const uint32_t handler[] = {asm_i(OP_addi, T0, T0, 1), asm_n(OP_mret)};
    flat->cfg.hart_trap_cycles = 1;
    trap_into(handler, 2);
    while (!flat->trap_loop && h->traps <= TRAPS_RETRIED_MAX + 1)
        hart_run(h, h->cycle + 1000);
    cr_assert(flat->trap_loop);
    cr_assert_eq(h->trap_watch.loop, TRAP_LOOP_RESUMED);
    cr_assert_eq(h->traps, TRAPS_RETRIED_MAX + 1);
    cr_assert_eq(h->trap_watch.resumed, 0);
}

/* Handlers that go on by a jump, as coroutines do, nest without an end to be seen. */
Test(trap, calls_whose_handler_jumps_back_are_no_loop_for_long)
{
    const uint32_t words[] = {asm_n(OP_ecall), asm_j(ZERO, -4)};
    const uint32_t handler[] = {
        asm_i(OP_csrrs, T0, ZERO, 0x341),
        asm_i(OP_jalr, ZERO, T0, 4),
    };
    flat_program(flat, words, 2);
    flat_store(flat, FLAT_TRAP, handler, sizeof handler);
    while (!flat->trap_loop && h->traps < 100000)
        hart_run(h, h->cycle + 1000);
    cr_assert_not(flat->trap_loop);
}

/* A million calls from one place, with a counter in memory. */
Test(trap, a_call_in_a_loop_is_no_loop_of_traps)
{
    const uint32_t handler[] = {
        asm_i(OP_csrrs, T0, ZERO, 0x341),
        asm_i(OP_addi, T0, T0, 4),
        asm_i(OP_csrrw, ZERO, T0, 0x341),
        asm_n(OP_mret),
    };
    const uint32_t words[] = {asm_n(OP_ecall), asm_j(ZERO, -4)};
    flat->cfg.hart_trap_cycles = 1;
    flat_program(flat, words, 2);
    flat_store(flat, FLAT_TRAP, handler, sizeof handler);
    while (!flat->trap_loop && h->traps <= TRAPS_RESUMED_MAX + 1)
        hart_run(h, h->cycle + 1000);
    cr_assert_not(flat->trap_loop);
}
