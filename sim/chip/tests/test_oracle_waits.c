/*
 * The oracle of stale translations while something is on its way: accesses, walks and
 * instructions that have been translated and wait, stores in the buffer, and page tables
 * that cannot be read yet.
 */
#include "sim/chip/tests/shootdown.h"

TestSuite(oracle_waits, .init = begin, .fini = end);

/* Tile 0 goes on in S-mode; tile 1 spins, so that rounds are short. */
static void put_beside_spinner(struct program *p)
{
    machine_begin(&m, 2, 1);
    m.cfg.hart_pmp_entries = 0;
    put_csrr(p, S1, CSR_MHARTID);
    unsigned first = put(p, asm_b(OP_beq, S1, ZERO, 0));
    put_jump(p, p->count);
    land(p, first);
    put_supervisor(p);
}

static void run_until(bool (*reached)(const struct hart *h, uint64_t about), uint64_t about)
{
    while (!reached(&m.chip->hart[0], about))
        cr_assert_eq(engine_round(&m.chip->engine), ENGINE_RUNS, "never waits for that");
}

static bool waits_for(const struct hart *h, uint64_t line)
{
    return (h->wait == WAIT_LINE || h->wait == WAIT_WALK) && line_of(h->wait_line) == line_of(line);
}

static bool has_behind(const struct hart *h, uint64_t line)
{
    return h->behind_line == line;
}

/* Begins an access to `address` of the window, in which all is cold but the way to
 * its tables, and stops when the hart waits for the line at `line`. */
static void run_until_waiting(uint64_t address, bool stores, paddr_t line)
{
    put_beside_spinner(&m.p);
    put_load(&m.p, LARGE);
    if (spans_pages(address)) {
        put_load(&m.p, WINDOW);
        put_load(&m.p, WINDOW + PAGE_BYTES);
    }
    put_li(&m.p, T0, address);
    put_li(&m.p, T1, 77);
    put(&m.p, stores ? asm_s(OP_sd, T1, T0, 0) : asm_i(OP_ld, A0, T0, 0));
    put_exit(&m.p, 0);
    build(RW);
    run_until(waits_for, line);
}

/* The entry at `at` changes and the shootdown is declared, while the hart waits. */
static void judge_now(paddr_t at, uint64_t value)
{
    struct shootdown s = {.page = WINDOW >> PAGE_SHIFT,
                          .pages = 4,
                          .space = SATP(ROOT),
                          .scope = SHOOTDOWN_OF_ROOT,
                          .by.cycle = m.chip->hart[0].cycle};
    cr_assert(coherence_poke(m.chip->engine.coherence, at, &value, sizeof value));
    cr_assert(oracle_judge(m.chip->tile, &s, m.chip->hart[0].cycle));
    machine_go(&m);
}

static void check_used(uint64_t address, enum access_kind kind)
{
    cr_assert_eq(m.end, CHIP_STALE_TRANSLATION, "end %u", m.end);
    cr_assert_eq(m.chip->oracle.use.address, address);
    cr_assert_eq(m.chip->oracle.use.kind, kind);
}

Test(oracle_waits, an_access_that_misses_is_asked_again_when_its_line_comes)
{
    for (unsigned stores = 0; stores < 2; stores++) {
        run_until_waiting(WINDOW + 0x800, stores, PAGE(0) + 0x800);
        judge_now(LEAVES, LEAF(PAGE(4), RW));
        check_used(WINDOW + 0x800, stores ? ACCESS_STORE : ACCESS_LOAD);
        if (!stores)
            machine_end(&m);
    }
}

Test(oracle_waits, a_walk_through_a_pointer_that_is_gone_fills_a_dead_entry)
{
    run_until_waiting(WINDOW, false, LEAVES);
    judge_now(MIDDLE, LEAF(SPARE, PTE_V));
    check_used(WINDOW, ACCESS_LOAD);
    cr_assert_eq(m.chip->oracle.use.via.entry.ppn, PAGE(0) >> PAGE_SHIFT);
    cr_assert_gt(m.chip->oracle.use.via.origin.read_at, m.chip->oracle.use.shootdown.by.cycle);
}

Test(oracle_waits, a_walk_that_has_yet_to_read_the_leaf_is_innocent)
{
    run_until_waiting(WINDOW, false, LEAVES);
    judge_now(PAGE(3), 0);
    cr_assert_eq(m.end, CHIP_EXIT);
}

Test(oracle_waits, both_parts_of_an_access_to_two_pages_are_asked)
{
    const uint64_t address = WINDOW + PAGE_BYTES - 4;
    for (unsigned i = 0; i < 4; i++) {
        run_until_waiting(address, i % 2, PAGE(1) - 4);
        judge_now(LEAVES + i / 2 * 8, LEAF(PAGE(6), RW));
        check_used(i / 2 ? WINDOW + PAGE_BYTES : address, i % 2 ? ACCESS_STORE : ACCESS_LOAD);
        if (i < 3)
            machine_end(&m);
    }
}

/* Once found, the parts need their entries no more; the oracle does. */
Test(oracle_waits, a_part_whose_entry_was_replaced_meanwhile_is_asked_too)
{
    run_until_waiting(WINDOW + PAGE_BYTES - 4, false, PAGE(1) - 4);
    mmu_fence(&m.chip->hart[0], false, 0, false, 0);
    judge_now(LEAVES, LEAF(PAGE(6), RW));
    check_used(WINDOW + PAGE_BYTES - 4, ACCESS_LOAD);
}

static bool holds_stores(const struct hart *h, uint64_t count)
{
    return h->stores.entered - h->stores.left == count;
}

/* A store that has retired will be performed, however well the TLB is fenced. */
Test(oracle_waits, a_store_in_the_buffer_is_a_use)
{
    for (unsigned old = 0; old < 2; old++) {
        put_beside_spinner(&m.p);
        m.cfg.hart_store_buffer = 4;
        put_load(&m.p, WINDOW);
        put_load(&m.p, FLAG + 0x800);
        put_li(&m.p, T0, old ? WINDOW + 0x800 : FLAG + 0x400); /* elsewhere: innocent */
        put_li(&m.p, T1, 77);
        unsigned store = put(&m.p, asm_s(OP_sd, T1, T0, 0));
        put(&m.p, asm_r(OP_sfence_vma, 0, ZERO, ZERO));
        put_exit(&m.p, 0);
        build(RW);
        run_until(holds_stores, 1);
        mmu_fence(&m.chip->hart[0], false, 0, false, 0);
        judge_now(LEAVES, LEAF(PAGE(4), RW));
        if (old) {
            check_used(WINDOW + 0x800, ACCESS_STORE);
            cr_assert(m.chip->oracle.use.buffered);
            cr_assert_eq(m.chip->oracle.use.by.pc, address_of(&m.p, store));
        } else {
            cr_assert_eq(m.end, CHIP_EXIT);
            machine_end(&m);
        }
    }
}

/* A page table whose line is on its way cannot be read: the oracle asks again. */
Test(oracle_waits, a_line_on_its_way_puts_the_judgement_off)
{
    struct shootdown s = {.page = (WINDOW >> PAGE_SHIFT) + 1,
                          .pages = 1,
                          .space = SATP(OTHER),
                          .scope = SHOOTDOWN_OF_ALL};
    put_beside_spinner(&m.p);
    put_load(&m.p, WINDOW + PAGE_BYTES);
    put_load(&m.p, OTHER + 8);
    put_exit(&m.p, 0);
    build(RW);
    uint64_t pointer, none = 0;
    while (coherence_peek(m.chip->engine.coherence, OTHER + 8, &pointer, sizeof pointer))
        cr_assert_eq(engine_round(&m.chip->engine), ENGINE_RUNS, "is never on its way");
    cr_assert(coherence_poke(m.chip->engine.coherence, LEAVES + 8, &none, sizeof none));
    unsigned asked = 1;
    for (; !oracle_judge(m.chip->tile, &s, 0); asked++)
        cr_assert_eq(engine_round(&m.chip->engine), ENGINE_RUNS);
    cr_assert_gt(asked, 1);
    cr_assert_eq(m.chip->oracle.marked, 2);
    cr_assert_eq(m.chip->oracle.judged_count, 1);
}

/* The second line of an instruction is found first; the first's entry then comes back
 * into an instruction TLB of one entry, which takes longer than the slice. */
Test(oracle_waits, the_second_line_of_an_instruction_is_asked)
{
    put_beside_spinner(&m.p);
    m.cfg.tlb_i_entries = m.cfg.tlb_i_ways = 1;
    put_li(&m.p, T0, WINDOW + PAGE_BYTES - 2);
    put(&m.p, asm_i(OP_jalr, RA, T0, 0));
    put_exit(&m.p, 0);
    build(RX);
    m.chip->engine.lookahead = 1;
    poke(PAGE(1) - 8, (uint64_t)(asm_i(OP_jalr, ZERO, RA, 0) & 0xffff) << 48);
    poke(PAGE(1), asm_i(OP_jalr, ZERO, RA, 0) >> 16);
    run_until(has_behind, WINDOW + PAGE_BYTES);
    judge_now(LEAVES + 8, LEAF(PAGE(6), RX));
    check_used(WINDOW + PAGE_BYTES, ACCESS_FETCH);
}
