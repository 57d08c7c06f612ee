/*
 * The watch for stale reads: by what a tile comes to know of another's stores, what is
 * no fault, and that the manner of running does not show in what is found.
 */
#include "sim/base/rng.h"
#include "sim/chip/tests/manners.h"

enum { LATER = 800 };
#define DATA MACHINE_DATA
#define FLAG (MACHINE_DATA + UINT64_C(0x1000))
#define MIB  (UINT64_C(1) << 20)

static struct machine m;

static void begin(uint32_t width, uint8_t choice)
{
    machine_begin(&m, width, 1);
    m.cfg.coherence_protocol = PROTOCOL_NONE;
    m.cfg.coherence_atomics = ATOMICS_FAR;
    m.cfg.memory_dram_mib = 2;
    m.cfg.sim_check = true;
    m.cfg.sim_stale_reads = choice;
}

static uint64_t found(void)
{
    return stale_reads_count(m.chip->stale_reads);
}

#define INVAL(reg) asm_i(OP_cbo_inval, ZERO, reg, 0)
#define CLEAN(reg) asm_i(OP_cbo_clean, ZERO, reg, 0)

enum news { NO_NEWS, INTERRUPT, WORD, SCRATCHPAD, LINE };

/* Tile 1 has a copy; tile 0 stores 7 and lets tile 1 know of it by `news`; tile 1 loads. */
static void run_with_news(enum news news, bool clean, bool inval)
{
    begin(2, STALE_READS_REPORT);
    if (news == WORD)
        m.cfg.memory_uncached = (struct int_list){.count = 2, .item = {1, 1}};
    struct program *p = &m.p;
    put_li(p, A0, DATA);
    m.cfg.scratchpad_kib = 1;
    put_li(p, A1,
           news == WORD         ? MAP_DRAM_BASE + MIB
           : news == SCRATCHPAD ? MAP_SCRATCHPAD_BASE + MAP_SCRATCHPAD_STRIDE
                                : FLAG);
    put_li(p, A2, MAP_MSIP_BASE);
    put(p, asm_i(OP_addi, A3, ZERO, 7));
    put_csrr(p, S1, CSR_MHARTID);
    unsigned reader = put(p, asm_b(OP_bne, S1, ZERO, 0));
    put_delay(p, LATER);
    put(p, asm_s(OP_sd, A3, A0, 0));
    put(p, clean ? CLEAN(A0) : asm_nop());
    if (news != NO_NEWS)
        put(p, asm_s(news == INTERRUPT ? OP_sw : OP_sd, A3, news == INTERRUPT ? A2 : A1,
                     news == INTERRUPT ? 4 : 0));
    put(p, news == LINE ? CLEAN(A1) : asm_nop());
    put_sleep(p);
    land(p, reader);
    put(p, asm_i(OP_ld, A4, A0, 0));
    put_delay(p, 4 * LATER);
    put(p, asm_i(OP_ld, A5, A1, 0));
    put(p, inval ? INVAL(A0) : asm_nop());
    put(p, asm_i(OP_ld, A4, A0, 0));
    put_exit(p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(m.chip->hart[1].x[A4], clean && inval ? 7 : 0);
}

static void check_news(enum news news, bool clean, bool inval, uint64_t expected)
{
    run_with_news(news, clean, inval);
    cr_assert_eq(found(), expected, "news %d, clean %d, inval %d: %llu", news, clean, inval,
                 (unsigned long long)found());
    machine_end(&m);
}

Test(stale_reads, who_has_heard_of_nothing_may_read_what_is_old)
{
    check_news(NO_NEWS, false, false, 0);
    check_news(NO_NEWS, true, false, 0);
}

Test(stale_reads, interrupts_words_and_lines_are_news)
{
    for (enum news news = INTERRUPT; news <= LINE; news++) {
        check_news(news, false, false, 1);
        check_news(news, false, true, 1);
        check_news(news, true, false, 1);
        check_news(news, true, true, 0);
    }
}

static bool remark_says(const char *what)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    chip_remark(m.chip, f);
    fclose(f);
    bool says = strstr(text, what) != NULL;
    if (!says)
        fputs(text, stderr);
    free(text);
    return says;
}

Test(stale_reads, a_report_says_who_and_when)
{
    run_with_news(INTERRUPT, true, false);
    const struct stale_read *r = stale_reads_at(m.chip->stale_reads, 0);
    cr_assert_eq(r->by.tile, 1);
    cr_assert_eq(r->writer.tile, 0);
    cr_assert_eq(r->address, DATA);
    cr_assert_eq(r->value, 0);
    cr_assert(r->written_back);
    cr_assert_lt(r->fetched_at, r->writer.cycle);
    cr_assert_lt(r->writer.cycle, r->visible_at);
    cr_assert_lt(r->visible_at, r->by.cycle);
    cr_assert(remark_says("1 stale read: values"));
    machine_end(&m);
}

/* Tiles 0 and 1 store to two words of one line, both with old copies of the other's, and
 * write it back one after the other: whoever comes last removes the other's store.  Tile 2
 * reads both, twice. */
static void run_loss(enum coherence_dirty dirty)
{
    begin(4, STALE_READS_REPORT);
    m.cfg.coherence_dirty = (uint8_t)dirty;
    struct program *p = &m.p;
    put_li(p, A0, DATA);
    put_li(p, A1, FLAG);
    put(p, asm_i(OP_addi, A3, ZERO, 7));
    put_csrr(p, S1, CSR_MHARTID);
    put(p, asm_i(OP_ld, A4, A0, 0));
    put(p, asm_i(OP_slli, T1, S1, 3));
    put(p, asm_r(OP_add, T1, T1, A0));
    put(p, asm_i(OP_addi, T2, ZERO, 2));
    unsigned reader = put(p, asm_b(OP_bge, S1, T2, 0));
    put(p, asm_s(OP_sd, A3, T1, 0));
    unsigned first = put(p, asm_b(OP_beq, S1, ZERO, 0));
    put_delay(p, LATER);
    land(p, first);
    put(p, CLEAN(A0));
    put(p, asm_r(OP_amoadd_d, ZERO, A1, A3));
    put_sleep(p);
    land(p, reader);
    unsigned other = put(p, asm_b(OP_bne, S1, T2, 0));
    put_delay(p, 4 * LATER);
    put(p, asm_r(OP_amoadd_d, ZERO, A1, A3));
    put(p, INVAL(A0));
    put(p, asm_i(OP_addi, S0, ZERO, 2));
    unsigned again = p->count;
    put(p, asm_i(OP_ld, A4, A0, 0));
    put(p, asm_i(OP_ld, A5, A0, 8));
    put(p, asm_i(OP_addi, S0, S0, -1));
    put_branch(p, OP_bne, S0, ZERO, again);
    put_exit(p, 0);
    land(p, other);
    put_sleep(p);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(m.chip->hart[2].x[A5], 7);
}

Test(stale_reads, a_store_lost_by_a_whole_lines_write_back_is_named)
{
    run_loss(DIRTY_LINE);
    cr_assert_eq(found(), 2);
    cr_assert_eq(stale_reads_kept(m.chip->stale_reads), 1);
    cr_assert_eq(stale_reads_at(m.chip->stale_reads, 0)->lost_to, 1);
    cr_assert(remark_says("tile 1 wrote the whole line back, with older bytes"));
    cr_assert(remark_says("    2 times by these two instructions"));
    machine_end(&m);
    run_loss(DIRTY_BYTES);
    cr_assert_eq(found(), 0);
    machine_end(&m);
}

/* An old value that is equal does no harm. */
Test(stale_reads, an_equal_value_is_no_fault)
{
    begin(2, STALE_READS_FAIL);
    struct program *p = &m.p;
    put_li(p, A0, DATA);
    put_csrr(p, S1, CSR_MHARTID);
    unsigned reader = put(p, asm_b(OP_bne, S1, ZERO, 0));
    put_delay(p, LATER);
    put(p, asm_s(OP_sd, ZERO, A0, 0));
    put_li(p, A2, MAP_MSIP_BASE);
    put(p, asm_s(OP_sw, A0, A2, 4));
    put_sleep(p);
    land(p, reader);
    put(p, asm_i(OP_ld, A4, A0, 0));
    put_delay(p, 4 * LATER);
    put(p, asm_i(OP_ld, A4, A0, 0));
    put_exit(p, 0);
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    machine_end(&m);
}

Test(stale_reads, nobody_looks_unless_asked)
{
    begin(1, STALE_READS_IGNORE);
    put_exit(&m.p, 0);
    machine_run(&m);
    cr_assert_null(m.chip->stale_reads);
    machine_end(&m);
    begin(1, STALE_READS_FAIL);
    m.cfg.coherence_protocol = PROTOCOL_MESI;
    put_exit(&m.p, 0);
    machine_run(&m);
    cr_assert_null(m.chip->stale_reads, "coherent");
    machine_end(&m);
}

/* ---- the manner of running ---------------------------------------------------------- */

static struct rng rng;

/* Each tile loads, stores, writes back and drops words of a few lines that all use, and
 * adds to shared words, by which they hear of each other. */
static void put_random_guest(struct program *p)
{
    static const enum insn_op blocks[] = {OP_cbo_clean, OP_cbo_flush, OP_cbo_inval};
    put_csrr(p, S1, CSR_MHARTID);
    put_li(p, A1, FLAG);
    put_li(p, S0, 40);
    unsigned loop = p->count;
    for (unsigned n = 0; n < 25; n++) {
        put_li(p, A0, DATA + 64 * rng_below(&rng, 6));
        int32_t at = (int32_t)(8 * rng_below(&rng, 3));
        switch (rng_below(&rng, 8)) {
        case 0:
            put(p, asm_r(OP_amoadd_d, A2, A1, S1));
            break;
        case 1:
        case 2:
            put(p, asm_i(blocks[rng_below(&rng, 3)], ZERO, A0, 0));
            break;
        case 3:
            put(p, asm_r(OP_add, A3, A3, S1));
            put(p, asm_r(OP_add, A3, A3, S0));
            put(p, asm_s(OP_sw, A3, A0, at));
            break;
        default:
            put(p, asm_i(OP_ld, A4, A0, at));
            put(p, asm_r(OP_add, A3, A3, A4));
            break;
        }
    }
    put(p, asm_i(OP_addi, S0, S0, -1));
    unsigned out = put(p, asm_b(OP_beq, S0, ZERO, 0));
    put_jump(p, loop);
    land(p, out);
    unsigned last = put(p, asm_b(OP_bne, S1, ZERO, 0));
    put_delay(p, 20000);
    put_exit(p, 0);
    land(p, last);
    put_sleep(p);
}

struct finding {
    enum chip_end end;
    cycle_t cycles;
    uint64_t hash, count;
    struct stale_read first;
};

static struct finding run_random(unsigned seed, uint8_t choice, const struct manner *how)
{
    begin(4, choice);
    m.cfg.l1d_kib = 1;
    m.cfg.l1d_ways = 2;
    m.cfg.l2_kib = seed % 4 == 3 ? 2 : 0;
    m.cfg.llc_kib = seed % 4 == 2;
    m.cfg.hart_store_buffer = seed % 2 ? 4 : 0;
    m.cfg.coherence_dirty = seed % 3 ? DIRTY_BYTES : DIRTY_LINE;
    m.cfg.sim_tile_order = how->order;
    m.piece_cycles = how->piece;
    rng = rng_stream(11, seed);
    put_random_guest(&m.p);
    machine_build(&m);
    if (how->lookahead && how->lookahead < m.chip->engine.lookahead)
        m.chip->engine.lookahead = how->lookahead;
    machine_go(&m);
    struct finding f = {m.end, m.results.cycles, m.results.state_hash, found(), {.bytes = 0}};
    if (f.count)
        f.first = *stale_reads_at(m.chip->stale_reads, 0);
    machine_end(&m);
    return f;
}

static void check_same(const struct finding *a, const struct finding *b, const char *what)
{
    cr_assert_eq(a->end, b->end, "%s", what);
    cr_assert_eq(a->cycles, b->cycles, "%s", what);
    cr_assert_eq(a->hash, b->hash, "%s", what);
    cr_assert_eq(a->count, b->count, "%s: %llu and %llu", what, (unsigned long long)a->count,
                 (unsigned long long)b->count);
    cr_assert_eq(a->first.by.cycle, b->first.by.cycle, "%s", what);
    cr_assert_eq(a->first.by.tile, b->first.by.tile, "%s", what);
    cr_assert_eq(a->first.writer.cycle, b->first.writer.cycle, "%s", what);
    cr_assert_eq(a->first.writer.pc, b->first.writer.pc, "%s", what);
    cr_assert_eq(a->first.address, b->first.address, "%s", what);
}

Test(stale_reads, the_manner_does_not_show_in_what_is_found)
{
    uint64_t total = 0;
    for (unsigned seed = 0; seed < 8; seed++) {
        struct finding report = run_random(seed, STALE_READS_REPORT, &manners[0]);
        for (unsigned n = 1; n < MANNERS; n++) {
            struct finding other = run_random(seed, STALE_READS_REPORT, &manners[n]);
            check_same(&report, &other, manners[n].name);
        }
        total += report.count;
    }
    cr_assert_gt(total, 100);
}

/* The first one ends the run, in every manner in the same state. */
Test(stale_reads, the_manner_does_not_show_when_one_ends_the_run)
{
    for (unsigned seed = 0; seed < 8; seed++) {
        struct finding report = run_random(seed, STALE_READS_REPORT, &manners[0]);
        struct finding fail = run_random(seed, STALE_READS_FAIL, &manners[0]);
        cr_assert_eq(fail.end, report.count ? CHIP_STALE_READ : CHIP_EXIT);
        cr_assert_eq(fail.first.by.cycle, report.first.by.cycle);
        for (unsigned n = 1; n < MANNERS; n++) {
            struct finding other = run_random(seed, STALE_READS_FAIL, &manners[n]);
            other.count = fail.count; /* how many more until all stand still is chance */
            check_same(&fail, &other, manners[n].name);
        }
    }
}
