/*
 * The oracle of stale translations.  A hart in S-mode uses a page, changes its page
 * table entry, fences rightly or wrongly, declares the shootdown complete, and uses
 * the page again; or another hart does, which nobody told.
 */
#include "sim/chip/tests/shootdown.h"

TestSuite(oracle, .init = begin, .fini = end);

/* ---- one hart ------------------------------------------------------------------------------ */

static const struct one_hart {
    const char *name;
    unsigned bits;      /* of the first page, before */
    uint64_t leaf;      /* and after */
    enum fence fence;   /* between the change and the declaration */
    bool reads_between; /* and uses the page again before it */
    struct declaration declared;
    enum fence late; /* between the declaration and the use */
    bool stores;     /* at the end, instead of loading */
    bool violates;
} one_hart[] = {
#define FIRST                                                                                      \
    {                                                                                              \
        WINDOW, 1, SATP(ROOT), 0, SHOOTDOWN_OF_ROOT                                                \
    }
#define SCOPE(scope, root)                                                                         \
    {                                                                                              \
        WINDOW, 1, SATP(root), 0, scope                                                            \
    }
#define MOVED LEAF(PAGE(4), RW)
    {"moved, no fence", RW, MOVED, NONE, false, FIRST, NONE, false, true},
    {"unmapped, no fence", RW, 0, NONE, false, FIRST, NONE, false, true},
    {"moved, used between without a fence", RW, MOVED, NONE, true, FIRST, NONE, false, true},
    {"moved and fenced", RW, MOVED, ALL, false, FIRST, NONE, false, false},
    {"moved, fenced, filled again before", RW, MOVED, ALL, true, FIRST, NONE, false, false},
    {"fenced by address", RW, MOVED, BY_ADDRESS, false, FIRST, NONE, false, false},
    {"fenced at another address", RW, MOVED, WRONG_ADDRESS, false, FIRST, NONE, false, true},
    {"fenced by space", RW, MOVED, BY_SPACE, false, FIRST, NONE, false, false},
    {"another space fenced", RW, MOVED, WRONG_SPACE, false, FIRST, NONE, false, true},
    {"global, its space fenced", RW | GLOBAL, MOVED, BY_SPACE, false, FIRST, NONE, false, true},
    {"global, all fenced", RW | GLOBAL, MOVED, ALL, false, FIRST, NONE, false, false},
    {"fenced too late, before use", RW, MOVED, NONE, false, FIRST, ALL, false, false},
    {"read-only now, loads", RW, LEAF(PAGE(0), RO), NONE, false, FIRST, NONE, false, true},
    {"read-only now, stores", RW, LEAF(PAGE(0), RO), NONE, false, FIRST, NONE, true, true},
    {"not dirty now", RW, LEAF(PAGE(0), RW & ~PTE_D), NONE, false, FIRST, NONE, true, true},
    {"not accessed now", RW, LEAF(PAGE(0), RW & ~PTE_A), NONE, false, FIRST, NONE, false, false},
    {"more rights now", RO, LEAF(PAGE(0), RW), NONE, false, FIRST, NONE, false, false},
    {"the user's now", RW, LEAF(PAGE(0), RW | PTE_U), NONE, false, FIRST, NONE, false, true},
    {"the same as before", RW, LEAF(PAGE(0), RW), NONE, false, FIRST, NONE, false, false},
    {"the page behind is declared",
     RW,
     MOVED,
     NONE,
     false,
     {WINDOW + PAGE_BYTES, 3, SATP(ROOT), 0, SHOOTDOWN_OF_ROOT},
     NONE,
     false,
     false},
    {"all pages are declared",
     RW,
     MOVED,
     NONE,
     false,
     {0, 0, SATP(ROOT), 0, SHOOTDOWN_OF_ROOT},
     NONE,
     false,
     true},
    {"another root", RW, MOVED, NONE, false, SCOPE(SHOOTDOWN_OF_ROOT, OTHER), NONE, false, false},
    {"global, another root", RW | GLOBAL, MOVED, NONE, false, SCOPE(SHOOTDOWN_OF_ROOT, OTHER), NONE,
     false, true},
    {"another root, the ASID", RW, MOVED, NONE, false, SCOPE(SHOOTDOWN_OF_ASID, OTHER), NONE, false,
     true},
    {"another root, all", RW, MOVED, NONE, false, SCOPE(SHOOTDOWN_OF_ALL, OTHER), NONE, false,
     true},
    {"another ASID",
     RW,
     MOVED,
     NONE,
     false,
     {WINDOW, 1, SATP(ROOT) + (UINT64_C(1) << 44), 0, SHOOTDOWN_OF_ASID},
     NONE,
     false,
     false},
    {"global, another ASID",
     RW | GLOBAL,
     MOVED,
     NONE,
     false,
     {WINDOW, 1, SATP(ROOT) + (UINT64_C(1) << 44), 0, SHOOTDOWN_OF_ASID},
     NONE,
     false,
     true},
    {"gone, although the table has it",
     RW,
     LEAF(PAGE(0), RW),
     NONE,
     false,
     {WINDOW, 1, SATP(ROOT), 0, SHOOTDOWN_OF_ROOT | SHOOTDOWN_GONE},
     NONE,
     false,
     true},
    {"old frame",
     RW,
     MOVED,
     NONE,
     false,
     {WINDOW, 1, SATP(ROOT), LEAF(PAGE(0), RW), SHOOTDOWN_OF_ROOT},
     NONE,
     false,
     true},
    {"old frame, by the page before",
     RW,
     MOVED,
     NONE,
     false,
     {WINDOW - PAGE_BYTES, 2, SATP(ROOT), LEAF(PAGE(0) - PAGE_BYTES, RW), SHOOTDOWN_OF_ROOT},
     NONE,
     false,
     true},
    {"another old frame",
     RW,
     MOVED,
     NONE,
     false,
     {WINDOW, 1, SATP(ROOT), LEAF(PAGE(1), RW), SHOOTDOWN_OF_ROOT},
     NONE,
     false,
     false},
    {"other old rights",
     RW,
     MOVED,
     NONE,
     false,
     {WINDOW, 1, SATP(ROOT), LEAF(PAGE(0), RO), SHOOTDOWN_OF_ROOT},
     NONE,
     false,
     false},
};
enum { ONE_HART = sizeof one_hart / sizeof one_hart[0] };

/* Returns the number of the last access. */
static unsigned put_one_hart(struct program *p, const struct one_hart *c)
{
    put_supervisor(p);
    put_load(p, WINDOW);
    put_load(p, WINDOW + 8); /* by the view */
    put_write(p, LEAVES, c->leaf);
    put_fence(p, c->fence);
    if (c->reads_between)
        put_load(p, WINDOW);
    put_declare(p, &c->declared);
    put_delay(p, 50);
    put_fence(p, c->late);
    unsigned use = put_load(p, WINDOW);
    if (c->stores) {
        p->count--;
        use = put(p, asm_s(OP_sd, T0, T0, 0));
    }
    put_exit(p, 0);
    return use;
}

Test(oracle, what_a_shootdown_left_behind_may_not_be_used)
{
    for (unsigned i = 0; i < ONE_HART; i++) {
        const struct one_hart *c = &one_hart[i];
        if (i)
            machine_end(&m);
        begin();
        unsigned use = put_one_hart(&m.p, c);
        build(c->bits);
        machine_go(&m);
        cr_assert_eq(m.end, c->violates ? CHIP_STALE_TRANSLATION : CHIP_EXIT, "%s: end %u: %s",
                     c->name, m.end, machine_explanation(&m));
        cr_assert_eq(chip_exit_status(m.chip), c->violates ? EXIT_STATUS_INTERNAL : 0, "%s",
                     c->name);
        cr_assert_eq(machine_stat(&m, "oracle.shootdowns"), 1);
        if (c->violates)
            cr_assert_eq(m.chip->oracle.use.by.pc, address_of(&m.p, use), "%s", c->name);
        if (c->violates)
            cr_assert_eq(m.chip->oracle.use.kind, c->stores ? ACCESS_STORE : ACCESS_LOAD);
    }
}

Test(oracle, a_replaced_entry_is_no_fault)
{
    m.cfg.tlb_d_entries = m.cfg.tlb_d_ways = m.cfg.tlb_l2_entries = m.cfg.tlb_l2_ways = 1;
    put_supervisor(&m.p);
    put_load(&m.p, WINDOW);
    put_write(&m.p, LEAVES, LEAF(PAGE(4), RW));
    put_load(&m.p, WINDOW); /* the store above has pushed it out and this reads the table again */
    put_write(&m.p, LEAVES, LEAF(PAGE(5), RW));
    put_declare(&m.p, &first_page);
    put_delay(&m.p, 50);
    put_load(&m.p, WINDOW);
    put_exit(&m.p, 0);
    build(RW);
    cr_assert_eq(machine_go(&m), CHIP_EXIT);
    cr_assert_eq(m.chip->hart[0].x[A0], 102);
}

/* The second level brings the entry back, with its age and its mark. */
Test(oracle, a_dead_entry_comes_back_from_the_second_level)
{
    m.cfg.tlb_d_entries = m.cfg.tlb_d_ways = 1;
    put_supervisor(&m.p);
    put_load(&m.p, WINDOW);
    put_write(&m.p, LEAVES, LEAF(PAGE(4), RW));
    put_load(&m.p, WINDOW + PAGE_BYTES);
    unsigned done = put_declare(&m.p, &first_page);
    put_delay(&m.p, 50);
    put_load(&m.p, WINDOW);
    put_exit(&m.p, 0);
    build(RW);
    cr_assert_eq(machine_go(&m), CHIP_STALE_TRANSLATION);
    const struct stale_use *use = &m.chip->oracle.use;
    cr_assert_eq(use->shootdown.by.pc, address_of(&m.p, done));
    cr_assert_lt(use->via.origin.read_at, use->shootdown.by.cycle);
    cr_assert_lt(use->shootdown.by.cycle, use->shootdown.judged_at);
    cr_assert_leq(use->shootdown.judged_at, use->by.cycle);
    cr_assert_eq(use->via.origin.satp, SATP(ROOT));
    cr_assert_eq(machine_stat(&m, "oracle.stale_entries"), 1);
}

/* ---- large pages and instructions ----------------------------------------------------------- */

static void check_large(uint64_t pages, uint64_t used, bool violates)
{
    struct declaration d = {LARGE, pages, SATP(ROOT), LEAF(MAP_DRAM_BASE, RW), SHOOTDOWN_OF_ROOT};
    begin();
    put_supervisor(&m.p);
    put_load(&m.p, LARGE + used);
    put_write(&m.p, MIDDLE + 8, 0);
    put_declare(&m.p, &d);
    put_delay(&m.p, 50);
    put_load(&m.p, LARGE + used);
    put_exit(&m.p, 0);
    build(RW);
    machine_go(&m);
    cr_assert_eq(m.end, violates ? CHIP_STALE_TRANSLATION : CHIP_EXIT, "%llu pages",
                 (unsigned long long)pages);
    if (violates)
        cr_assert_eq(m.chip->oracle.use.via.entry.level, 1);
}

Test(oracle, a_large_page_counts_by_its_pieces)
{
    check_large(512, 0x80000, true);
    machine_end(&m);
    check_large(512, 0, true);
    machine_end(&m);
    check_large(1, 0, true);
    machine_end(&m);
    check_large(1, 0x80000, false);
}

Test(oracle, code_is_fetched_through_dead_entries_too)
{
    const struct declaration d = {WINDOW, 4, SATP(ROOT), 0, SHOOTDOWN_OF_ROOT};
    put_supervisor(&m.p);
    for (unsigned n = 0; n < 2; n++) {
        put_li(&m.p, T0, WINDOW + 2 * PAGE_BYTES);
        put(&m.p, asm_i(OP_jalr, RA, T0, 0));
        if (n == 0) {
            put_write(&m.p, LEAVES + 16, LEAF(PAGE(6), RX));
            put_declare(&m.p, &d);
            put_delay(&m.p, 50);
        }
    }
    put_exit(&m.p, 0);
    build(RX);
    poke(PAGE(2), asm_i(OP_jalr, ZERO, RA, 0));
    poke(PAGE(6), asm_i(OP_jalr, ZERO, RA, 0));
    cr_assert_eq(machine_go(&m), CHIP_STALE_TRANSLATION);
    cr_assert_eq(m.chip->oracle.use.kind, ACCESS_FETCH);
    cr_assert_eq(m.chip->oracle.use.by.pc, WINDOW + 2 * PAGE_BYTES);
}

/* ---- two harts ------------------------------------------------------------------------------ */

/* Tile 1 uses the page in a loop, by its views; tile 0 shoots it down and tells
 * nobody.  Returns the number of the load. */
static unsigned put_two_harts(struct program *p, unsigned *done)
{
    put_csrr(p, S1, CSR_MHARTID);
    unsigned second = put(p, asm_b(OP_bne, S1, ZERO, 0));
    put_supervisor(p);
    put_await_flag(p, 1);
    put_write(p, LEAVES, LEAF(PAGE(4), RW));
    *done = put_declare(p, &first_page);
    put_delay(p, 1000);
    put_exit(p, 0);
    land(p, second);
    put_supervisor(p);
    put_load(p, WINDOW);
    put_flag(p, 1);
    unsigned use = put_load(p, WINDOW);
    put_jump(p, use);
    return use;
}

Test(oracle, the_report_names_who_used_what_and_who_declared_it)
{
    unsigned done;
    machine_begin(&m, 2, 1);
    m.cfg.hart_pmp_entries = 0;
    unsigned use = put_two_harts(&m.p, &done);
    symbols_add(&m.image.symbols, SYMBOL_FUNCTION, "unmap", MAP_DRAM_BASE, 4 * (use - 2));
    symbols_add(&m.image.symbols, SYMBOL_FUNCTION, "worker", address_of(&m.p, use), 64);
    symbols_sort(&m.image.symbols);
    struct symbols symbols = m.image.symbols;
    build(RW);
    m.image.symbols = symbols;
    cr_assert_eq(machine_go(&m), CHIP_STALE_TRANSLATION);
    cr_assert_eq(m.chip->oracle.use.by.tile, 1);
    cr_assert_eq(m.chip->oracle.use.by.pc, address_of(&m.p, use));
    cr_assert_eq(m.chip->oracle.use.shootdown.by.pc, address_of(&m.p, done));
    char *text = machine_explanation(&m);
    static const char *const wanted[] = {
        "stale translation: tile 1 used 0x40000000 at cycle ",
        "the load by tile 1 (S mode) was",
        "<worker>  ld       a0, 0(t0)",
        "page 0x40000000 -> frame 0x80080000, rw-, dirty, 4 KiB, ASID 5",
        "the page table now says frame 0x80084000, rw-, dirty, 4 KiB",
        "tile 0 (S mode) had declared the shootdown complete at cycle ",
        "<unmap+0x",
        "of 1 page from 0x40000000",
    };
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        cr_assert_not_null(strstr(text, wanted[i]), "\"%s\" is not in:\n%s", wanted[i], text);
    mem_free(text);
    symbols_free(&symbols);
}

Test(oracle, manners_do_not_show)
{
    struct stale_use first = {0};
    for (unsigned n = 0; n < MANNERS; n++) {
        unsigned done;
        machine_begin(&m, 2, 1);
        m.cfg.hart_pmp_entries = 0;
        put_two_harts(&m.p, &done);
        m.cfg.sim_tile_order = manners[n].order;
        m.cfg.sim_check = manners[n].check;
        build(RW);
        if (manners[n].lookahead && manners[n].lookahead < m.chip->engine.lookahead)
            m.chip->engine.lookahead = manners[n].lookahead;
        cr_assert_eq(machine_go(&m), CHIP_STALE_TRANSLATION, "%s", manners[n].name);
        if (n == 0)
            first = m.chip->oracle.use;
        cr_assert_eq(m.chip->oracle.use.by.cycle, first.by.cycle, "%s", manners[n].name);
        cr_assert_eq(m.chip->oracle.use.by.pc, first.by.pc, "%s", manners[n].name);
        cr_assert_eq(m.chip->oracle.use.shootdown.judged_at, first.shootdown.judged_at);
        if (n + 1 < MANNERS)
            machine_end(&m);
    }
}

/* ---- nothing else changes ------------------------------------------------------------------- */

/* A run in which entries die and are fenced before use is, but for the oracle's own
 * counts, the run in which nobody declares anything. */
Test(oracle, it_changes_no_result)
{
    static struct machine told;
    const struct one_hart c = {"", RW, LEAF(PAGE(4), RW), NONE, false, FIRST, ALL, false, false};
    put_one_hart(&m.p, &c);
    build(RW);
    cr_assert_eq(machine_go(&m), CHIP_EXIT);
    cr_assert_eq(machine_stat(&m, "oracle.stale_entries"), 2);
    told = m;
    machine_begin(&m, 1, 1);
    m.cfg.hart_pmp_entries = 0;
    put_one_hart(&m.p, &c);
    for (unsigned i = 0; i < m.p.count; i++) /* to a register that does not exist */
        if (m.p.word[i] == asm_s(OP_sd, T1, S4, SIMCTL_SHOOTDOWN_DONE))
            m.p.word[i] = asm_s(OP_sd, T1, S4, SIMCTL_SHOOTDOWN_DONE + 8);
    build(RW);
    cr_assert_eq(machine_go(&m), CHIP_EXIT);
    cr_assert_eq(machine_stat(&m, "oracle.shootdowns"), 0);
    cr_assert_eq(m.results.cycles, told.results.cycles);
    for (unsigned r = 1; r < 32; r++)
        cr_assert_eq(m.chip->hart[0].x[r], told.chip->hart[0].x[r], "x%u", r);
    for (unsigned i = 0; i < m.results.stats.count; i++)
        if (strncmp(m.results.stats.item[i].name, "oracle.", 7) != 0)
            cr_assert_eq(m.results.stats.item[i].value, told.results.stats.item[i].value, "%s",
                         m.results.stats.item[i].name);
    machine_end(&told);
}

Test(oracle, a_declaration_that_makes_no_sense_ends_the_run)
{
    static const struct declaration senseless[] = {
        {WINDOW, 1, SATP(ROOT), 0, 3},
        {WINDOW, 1, SATP(ROOT), 0, 8},
        {WINDOW, 1, 0, 0, 0},
        {UINT64_C(1) << 45, 1, SATP(ROOT), 0, 0},
    };
    for (unsigned i = 0; i < 4; i++) {
        if (i)
            machine_end(&m);
        begin();
        put_declare(&m.p, &senseless[i]);
        put_exit(&m.p, 0);
        build(RW);
        cr_assert_eq(machine_go(&m), CHIP_FAULT, "%u", i);
    }
}
