/*
 * The law of time for guests that translate (translated_guest.h), with TLBs that are too
 * small.  Neither the cutting into slices nor the views (empty while sim.check is on) may
 * show.
 */
#include "sim/chip/tests/translated_guest.h"

enum { SEEDS = 40 };

/* ---- memory before the first cycle ---------------------------------------------------------- */

static void poke(struct machine *m, paddr_t at, uint64_t value, unsigned bytes)
{
    memcpy(coherence_dram(m->chip->engine.coherence, line_of(at)) + at % LINE_BYTES, &value, bytes);
}

static void poke_tables(struct machine *m)
{
    poke(m, ROOT, UINT64_C(0) << 10 | 0xcf, 8);   /* devices, S */
    poke(m, ROOT48, ROOT >> 12 << 10 | PTE_V, 8); /* Sv48: the same, one level further down */
    poke(m, ROOT + 8, MIDDLE >> 12 << 10 | PTE_V, 8);
    poke(m, ROOT + 16, UINT64_C(0x80000) << 10 | 0xcf, 8); /* DRAM, S and U */
    poke(m, ROOT + 24, UINT64_C(0x80000) << 10 | 0xdf, 8);
    poke(m, MIDDLE, LEAVES >> 12 << 10 | PTE_V, 8);
    for (unsigned n = 0; n < WINDOW_PAGES; n++)
        poke(m, LEAVES + 8 * n, random_leaf(false), 8);
    for (unsigned n = WINDOW_PAGES; n < WINDOW_PAGES + CODE_PAGES; n++)
        poke(m, LEAVES + 8 * n, random_code_leaf(n), 8);
}

/* Two pages of instructions of two and four bytes, in every position to lines'
 * ends, one straddling the pages' end; they return after some 100 bytes.  The second
 * half of an addi is a c.slli of a2, for jumps into its middle. */
static void poke_code(struct machine *m)
{
    const uint32_t add16 = 0x0605, return16 = 0x8082; /* c.addi a2, 1; c.jr ra */
    unsigned bytes;
    for (paddr_t at = CODE; at < CODE + PHYSICAL_CODE * 4096; at += bytes) {
        bool compressed = at % 4096 == 0 ? false : rng_below(&rng, 2);
        if (at == CODE + 4092)
            compressed = true; /* so that the next instruction crosses */
        bytes = compressed ? 2 : 4;
        if (at == CODE + 4094)
            bytes = 4;
        bool ends = rng_below(&rng, 40) == 0 && at != CODE + 4094;
        uint64_t word = bytes == 2 ? (ends ? return16 : add16)
                                   : (ends ? asm_i(OP_jalr, ZERO, RA, 0)
                                           : asm_i(OP_addi, A2, A2, 96 + (int32_t)(at % 8)));
        for (unsigned i = 0; i < bytes; i++)
            poke(m, at + i, word >> 8 * i, 1);
    }
    poke(m, CODE + PHYSICAL_CODE * 4096 - 2, return16, 2);
}

/* ---- machines ------------------------------------------------------------------------------ */

static const struct shape {
    const char *name;
    uint32_t width, height, concentration, router_cycles;
} shapes[] = {
    {"one tile", 1, 1, 1, 3},
    {"2x1, P1", 2, 1, 1, 1},
    {"2x2", 2, 2, 1, 3},
    {"1x1, four tiles", 1, 1, 4, 1},
};

static void shape_machine(struct machine *m, const struct shape *s, unsigned seed)
{
    static const struct {
        uint32_t entries, ways, l2_entries, l2_ways;
    } tlbs[] = {{4, 2, 16, 4}, {2, 1, 4, 1}, {32, 4, 512, 8}, {2, 2, 2, 2}, {1, 1, 1, 1}};
    unsigned tlb = declares ? 2 : seed % 5; /* so that entries live to die */
    machine_begin(m, s->width, s->height);
    m->cfg.mesh_concentration = s->concentration;
    m->cfg.mesh_router_cycles = s->router_cycles;
    m->cfg.l1d_kib = m->cfg.l1i_kib = seed % 3 == 2 ? 8 : 1;
    m->cfg.l1d_ways = m->cfg.l1i_ways = seed % 3 ? 2 : 16;
    m->cfg.l2_kib = seed % 4 == 1 ? 2 * m->cfg.l1d_kib : 0;
    m->cfg.l2_cycles = 1 + seed % 9;
    m->cfg.tlb_i_entries = m->cfg.tlb_d_entries = tlbs[tlb].entries;
    m->cfg.tlb_i_ways = m->cfg.tlb_d_ways = tlbs[tlb].ways;
    m->cfg.tlb_l2_entries = tlbs[tlb].l2_entries;
    m->cfg.tlb_l2_ways = tlbs[tlb].l2_ways;
    m->cfg.tlb_walk_cycles = seed % 4;
    m->cfg.tlb_l2_cycles = seed % 7;
    m->cfg.hart_misaligned = seed % 6 != 5;
    m->cfg.hart_store_buffer = declares ? seed % 3 : m->cfg.hart_store_buffer;
    m->cfg.hart_ad_update = seed % 4 == 3 ? AD_FAULT : AD_HARDWARE;
    m->cfg.hart_load_use_cycles = 1 + seed % 4;
    m->cfg.l1_fill_cycles = seed % 3;
    m->cfg.memory_latency_cycles = 20;
    m->cfg.sim_seed = seed;
}

static void run_guest(struct machine *m, const struct shape *s, unsigned seed,
                      const struct manner *how)
{
    shape_machine(m, s, seed);
    rng = rng_stream(11, seed);
    put_guest(&m->p, config_tiles(&m->cfg), declares ? 12 : 5, 24);
    build_in_manner(m, how);
    poke_tables(m);
    poke_code(m);
    machine_go(m);
    cr_assert(m->end == CHIP_EXIT || (declares && m->end == CHIP_STALE_TRANSLATION),
              "%s, seed %u, %s: end %u: %s", s->name, seed, how->name, m->end,
              machine_explanation(m));
}

static void compare_manners(const struct shape *s, unsigned seed)
{
    static struct machine whole, other;
    char what[128];
    run_guest(&whole, s, seed, &manners[0]);
    for (unsigned n = 1; n < MANNERS; n++) {
        run_guest(&other, s, seed, &manners[n]);
        snprintf(what, sizeof what, "%s, seed %u, %s", s->name, seed, manners[n].name);
        check_equal(&whole, &other, what);
        machine_end(&other);
    }
    machine_end(&whole);
}

#define TRANSLATED_GUESTS(shape)                                                                   \
    Test(translated_guests, manners_do_not_show_on_machine_##shape)                                \
    {                                                                                              \
        for (unsigned seed = 0; seed < SEEDS; seed++)                                              \
            compare_manners(&shapes[shape], seed);                                                 \
    }
TRANSLATED_GUESTS(0)
TRANSLATED_GUESTS(1)
TRANSLATED_GUESTS(2)
TRANSLATED_GUESTS(3)

/* ---- the oracle ---------------------------------------------------------------------------- */

static void check_same_use(const struct machine *a, const struct machine *b, const char *what)
{
    const struct stale_use *x = &a->chip->oracle.use, *y = &b->chip->oracle.use;
    cr_assert_eq(x->by.cycle, y->by.cycle, "%s", what);
    cr_assert_eq(x->by.tile, y->by.tile, "%s", what);
    cr_assert_eq(x->by.pc, y->by.pc, "%s", what);
    cr_assert_eq(x->address, y->address, "%s", what);
    cr_assert_eq(x->kind, y->kind, "%s", what);
    cr_assert_eq(x->via.entry.ppn, y->via.entry.ppn, "%s", what);
    cr_assert_eq(x->via.origin.read_at, y->via.origin.read_at, "%s", what);
    cr_assert_eq(x->shootdown.by.cycle, y->shootdown.by.cycle, "%s", what);
    cr_assert_eq(x->shootdown.judged_at, y->shootdown.judged_at, "%s", what);
}

/* Which use of a dead translation is the first is as exact as everything else. */
Test(translated_guests, manners_do_not_show_to_the_oracle)
{
    static struct machine whole, other;
    unsigned uses = 0, exits = 0;
    char what[128];
    declares = true;
    data_pages = 3;
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        const struct shape *s = &shapes[seed % 4];
        run_guest(&whole, s, seed, &manners[0]);
        for (unsigned n = 1; n < MANNERS; n++) {
            run_guest(&other, s, seed, &manners[n]);
            snprintf(what, sizeof what, "%s, seed %u, %s", s->name, seed, manners[n].name);
            cr_assert_eq(whole.end, other.end, "%s", what);
            if (whole.end == CHIP_EXIT)
                check_equal(&whole, &other, what);
            else
                check_same_use(&whole, &other, what);
            machine_end(&other);
        }
        uses += whole.end == CHIP_STALE_TRANSLATION;
        exits += whole.end == CHIP_EXIT;
        machine_end(&whole);
    }
    cr_assert_gt(uses, SEEDS / 8);
    cr_assert_gt(exits, SEEDS / 8);
}

/* The guests are worth something only if they do what they are for. */
Test(translated_guests, they_exercise_everything)
{
    static const char *const wanted[] = {
        "tlb.i_misses",    "tlb.d_misses",    "tlb.l2_misses", "hart.interrupts",
        "hart.exceptions", "hart.stall.walk", "l1d.evictions", "hart.stall.l1d_access"};
    static struct machine m;
    uint64_t seen[sizeof wanted / sizeof wanted[0]] = {0};
    for (unsigned seed = 0; seed < 5; seed++) {
        run_guest(&m, &shapes[2], seed, &manners[0]);
        for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
            seen[i] += machine_stat(&m, wanted[i]);
        machine_end(&m);
    }
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        cr_assert_gt(seen[i], 20, "%s", wanted[i]);
}
