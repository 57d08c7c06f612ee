/*
 * The oracle of stale translations.  A hart in S-mode uses a page, changes its page
 * table entry, fences rightly or wrongly, declares the shootdown complete, and uses
 * the page again; or another hart does, which nobody told.
 *
 *   0x00000000, 0x80000000   identity, a gigabyte each
 *   0x40000000               four pages of data or code, by a table of their own
 *   0x40200000               a page of 2 MiB
 */
#include "sim/chip/tests/manners.h"
#include "sim/core/mmu.h"
#include "sim/core/pte.h"

#define WINDOW  UINT64_C(0x40000000)
#define LARGE   (WINDOW + 0x200000)
#define TABLES  (MAP_DRAM_BASE + UINT64_C(0x60000))
#define ROOT    TABLES
#define OTHER   (TABLES + 0x1000) /* another root, the same otherwise */
#define MIDDLE  (TABLES + 0x2000)
#define LEAVES  (TABLES + 0x3000)
#define SPARE   (TABLES + 0x4000) /* another table of leaves */
#define PAGE(n) (MAP_DRAM_BASE + UINT64_C(0x80000) + (n)*PAGE_BYTES)
#define FLAG    MACHINE_DATA

enum { S4 = 20, S5 = 21, CSR_SATP = 0x180, ASID = 5 };
enum { RW = 0xc7, RO = 0xc3, RX = 0xcb, GLOBAL = PTE_G };
#define SATP(root)       (UINT64_C(8) << 60 | (uint64_t)ASID << 44 | (root) >> PAGE_SHIFT)
#define LEAF(page, bits) ((page) >> PAGE_SHIFT << 10 | (uint64_t)(bits))

static struct machine m;

static void begin(void)
{
    machine_begin(&m, 1, 1);
    m.cfg.hart_pmp_entries = 0;
}

static void end(void)
{
    machine_end(&m);
}

TestSuite(oracle, .init = begin, .fini = end);

/* ---- memory before the first cycle -------------------------------------------------- */

static void poke(paddr_t at, uint64_t value)
{
    memcpy(coherence_dram(m.chip->engine.coherence, line_of(at)) + at % LINE_BYTES, &value, 8);
}

static void poke_root(paddr_t root)
{
    poke(root, LEAF(0, 0xcf));
    poke(root + 8, LEAF(MIDDLE, PTE_V));
    poke(root + 16, LEAF(MAP_DRAM_BASE, 0xcf));
}

static void build(unsigned bits)
{
    machine_build(&m);
    poke_root(ROOT);
    poke_root(OTHER);
    poke(MIDDLE, LEAF(LEAVES, PTE_V));
    poke(MIDDLE + 8, LEAF(MAP_DRAM_BASE, RW));
    for (unsigned n = 0; n < 4; n++) {
        poke(LEAVES + 8 * n, LEAF(PAGE(n), bits));
        poke(SPARE + 8 * n, LEAF(PAGE(n + 4), bits));
        poke(PAGE(n), n + 1);
        poke(PAGE(n + 4), n + 101);
    }
}

/* ---- pieces of programs ----------------------------------------------------------------- */

static void put_supervisor(struct program *p)
{
    put_li(p, T1, SATP(ROOT));
    put_csrw(p, CSR_SATP, T1);
    put_li(p, T1, UINT64_C(1) << 11);
    put_csrw(p, CSR_MSTATUS, T1);
    put(p, asm_u(OP_auipc, T1, 0));
    put(p, asm_i(OP_addi, T1, T1, 16));
    put_csrw(p, CSR_MEPC, T1);
    put(p, asm_n(OP_mret));
}

/* a0 = the word at `address`; returns the load's number. */
static unsigned put_load(struct program *p, uint64_t address)
{
    put_li(p, T0, address);
    return put(p, asm_i(OP_ld, A0, T0, 0));
}

static void put_write(struct program *p, uint64_t address, uint64_t value)
{
    put_li(p, T0, address);
    put_li(p, T1, value);
    put(p, asm_s(OP_sd, T1, T0, 0));
}

static void put_flag(struct program *p, uint64_t value)
{
    put_write(p, FLAG, value);
}

static void put_await_flag(struct program *p, uint64_t value)
{
    put_li(p, T0, FLAG);
    put_li(p, T2, value);
    unsigned poll = put(p, asm_i(OP_ld, T1, T0, 0));
    put_branch(p, OP_bne, T1, T2, poll);
}

struct declaration {
    uint64_t address, pages, space, old, scope;
};

static unsigned put_declare(struct program *p, const struct declaration *d)
{
    put_li(p, S4, MAP_SIMCTL_BASE);
    const uint64_t values[] = {d->address, d->pages, d->space, d->old, d->scope};
    unsigned last = 0;
    for (unsigned i = 0; i < 5; i++) {
        put_li(p, T1, values[i]);
        last = put(p, asm_s(OP_sd, T1, S4, (int32_t)(SIMCTL_SHOOTDOWN_ADDRESS + 8 * i)));
    }
    return last;
}

static const struct declaration first_page = {WINDOW, 1, SATP(ROOT), 0, SHOOTDOWN_OF_ROOT};

enum fence { NONE, ALL, BY_ADDRESS, WRONG_ADDRESS, BY_SPACE, WRONG_SPACE };

static bool spans_pages(uint64_t address)
{
    return (address & (PAGE_BYTES - 1)) > PAGE_BYTES - 8;
}

static void put_fence(struct program *p, enum fence fence)
{
    put_li(p, S4, fence == WRONG_ADDRESS ? WINDOW + PAGE_BYTES : WINDOW);
    put_li(p, S5, fence == WRONG_SPACE ? ASID + 1 : ASID);
    bool address = fence == BY_ADDRESS || fence == WRONG_ADDRESS;
    bool space = fence == BY_SPACE || fence == WRONG_SPACE;
    if (fence != NONE)
        put(p, asm_r(OP_sfence_vma, 0, address ? S4 : ZERO, space ? S5 : ZERO));
}

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

/* ---- large pages and instructions
 * ---------------------------------------------------------------- */

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

/* ---- two harts
 * -------------------------------------------------------------------------------------- */

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

/* ---- what is on its way
 * -------------------------------------------------------------------------------- */

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

Test(oracle, an_access_that_misses_is_asked_again_when_its_line_comes)
{
    for (unsigned stores = 0; stores < 2; stores++) {
        run_until_waiting(WINDOW + 0x800, stores, PAGE(0) + 0x800);
        judge_now(LEAVES, LEAF(PAGE(4), RW));
        check_used(WINDOW + 0x800, stores ? ACCESS_STORE : ACCESS_LOAD);
        if (!stores)
            machine_end(&m);
    }
}

Test(oracle, a_walk_through_a_pointer_that_is_gone_fills_a_dead_entry)
{
    run_until_waiting(WINDOW, false, LEAVES);
    judge_now(MIDDLE, LEAF(SPARE, PTE_V));
    check_used(WINDOW, ACCESS_LOAD);
    cr_assert_eq(m.chip->oracle.use.via.entry.ppn, PAGE(0) >> PAGE_SHIFT);
    cr_assert_gt(m.chip->oracle.use.via.origin.read_at, m.chip->oracle.use.shootdown.by.cycle);
}

Test(oracle, a_walk_that_has_yet_to_read_the_leaf_is_innocent)
{
    run_until_waiting(WINDOW, false, LEAVES);
    judge_now(PAGE(3), 0);
    cr_assert_eq(m.end, CHIP_EXIT);
}

Test(oracle, both_parts_of_an_access_to_two_pages_are_asked)
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
Test(oracle, a_part_whose_entry_was_replaced_meanwhile_is_asked_too)
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
Test(oracle, a_store_in_the_buffer_is_a_use)
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
Test(oracle, a_line_on_its_way_puts_the_judgement_off)
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
Test(oracle, the_second_line_of_an_instruction_is_asked)
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

/* ---- nothing else changes
 * --------------------------------------------------------------------------------- */

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
