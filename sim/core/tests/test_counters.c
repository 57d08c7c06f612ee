/*
 * Counters: cycle, instret and time, and those of events; how they are written and stopped.
 */
#include "sim/core/tests/csrs.h"

TestSuite(counters, .init = create, .fini = destroy);

/* ---- cycle, instret, time ----------------------------------------------------------------- */

Test(counters, cycle_and_instret_count_what_they_say)
{
    const uint32_t insns[] = {
        asm_nop(),
        asm_i(OP_csrrs, T0, ZERO, MCYCLE),   /* issues in cycle 1 */
        asm_i(OP_csrrs, T1, ZERO, MINSTRET), /* 2 before it */
        asm_r(OP_mul, T3, T3, T3),           /* cycle 3 */
        asm_i(OP_addi, T3, T3, 0),           /* when it is done */
        asm_i(OP_csrrs, T2, ZERO, CYCLE),
        asm_i(OP_csrrs, T4, ZERO, INSTRET),
        asm_i(OP_csrrs, T5, ZERO, TIME),
    };
    h->cycle = 0;
    flat_execute(flat, insns, 8);
    cr_assert_eq(h->x[T0], 1);
    cr_assert_eq(h->x[T1], 2);
    cr_assert_eq(h->x[T2], 3 + flat->cfg.hart_mul_cycles + 1);
    cr_assert_eq(h->x[T4], 6);
    cr_assert_eq(h->x[T5], h->x[T2] + 2, "a tick of mtime is one cycle");
}

Test(counters, a_written_counter_is_read_back_by_the_next_instruction)
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

Test(counters, an_inhibited_counter_stands_still_and_goes_on_from_there)
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

Test(counters, an_inhibited_counter_can_be_written)
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

Test(counters, time_runs_on_while_cycle_is_written_or_inhibited)
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

Test(counters, time_ticks_once_in_mtime_divider_cycles)
{
    flat->cfg.device_mtime_divider = 10;
    h->cycle = 12345;
    cr_assert_eq(get(TIME), 1234);
}

/* ---- events -------------------------------------------------------------------------------- */

Test(counters, mhpmevent_keeps_numbers_of_events_only)
{
    static const uint64_t events[] = {
#define EVENT(number, name, count, meaning) number,
#include "sim/core/hpm.def"
#undef EVENT
    };
    for (unsigned n = 3; n < 32; n++) {
        for (uint64_t event = 0; event < 64; event++) {
            bool exists = event == 0;
            for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++)
                exists |= event == events[i];
            set(0x320 + n, event);
            cr_assert_eq(get(0x320 + n), exists ? event : 0);
        }
        set(0x320 + n, UINT64_C(1) << 63 | 1);
        cr_assert_eq(get(0x320 + n), 0);
    }
}

/* A program that stalls a known number of cycles for known reasons. */
Test(counters, event_counters_count_their_event_from_what_they_were_set_to)
{
    static const struct {
        unsigned event;
        uint64_t expected;
    } cases[] = {
        {0, 0}, {7, 0}, {16, 2}, {17, 2 + 11}, {18, 3}, {22, 4 - 1}, {24, 0},
    };
    const uint32_t insns[] = {
        asm_i(OP_ld, T1, T0, 0),        asm_r(OP_add, T2, T1, T1),
        asm_r(OP_mul, T2, T1, T1),      asm_i(OP_lw, T1, T0, 0),
        asm_r(OP_mul, T2, T1, T1),      asm_r(OP_div, T2, T1, T1),
        asm_b(OP_beq, ZERO, ZERO, 8),   asm_nop(),
        asm_r(OP_amoadd_w, T1, T0, T1), asm_r(OP_add, T1, T2, T2),
    };
    /* Issued in cycles 0, 2, 3, 4, 6 (the load), 9 (the product), 10, 14 (the branch), 29
     * (the quotient; the AMO was done in 18). */
    flat->cfg.hart_load_use_cycles = 2;
    flat->cfg.hart_mul_cycles = 3;
    flat->cfg.hart_div_cycles = 20;
    flat->cfg.hart_mispredict_cycles = 3;
    flat->cfg.hart_amo_cycles = 4;
    for (unsigned n = 3; n < 32; n += 7)
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            flat_reset(flat);
            set(0x320 + n, cases[i].event);
            set(0xb00 + n, 1000);
            h->x[T0] = FLAT_DATA;
            flat_execute(flat, insns, sizeof insns / 4);
            cr_assert_eq(get(0xb00 + n), 1000 + cases[i].expected, "event %u: %llu", cases[i].event,
                         (unsigned long long)get(0xb00 + n) - 1000);
            cr_assert_eq(get(0xc00 + n), get(0xb00 + n));
            set(0x320 + n, 16);
            cr_assert_eq(get(0xb00 + n), 1000 + cases[i].expected, "another event goes on from it");
        }
}

Test(counters, traps_and_interrupts_are_events)
{
    uint32_t ecall = asm_n(OP_ecall);
    set(0x323, 7);
    set(0x324, 8);
    set(0x325, 24);
    flat_execute(flat, &ecall, 1);
    cr_assert_eq(get(0xb03), 1);
    cr_assert_eq(get(0xb04), 0);
    cr_assert_eq(get(0xb05), flat->cfg.hart_trap_cycles);
    h->mip = h->mie = bit(IRQ_MSIP);
    h->priv = PRIV_U;
    cr_assert(hart_take_interrupt(h));
    cr_assert_eq(get(0xb03), 1);
    cr_assert_eq(get(0xb04), 1);
}
