/*
 * What every program must have: it is a function of its number, it fits, it leaves
 * the harness alone, it uses what it was told to, and its spaces need no fences but
 * those that it has.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "sim/fuzz/encode.h"
#include "sim/fuzz/generate.h"
#include "sim/fuzz/units.h"

#define ALL_FEATURES ((uint32_t)((1u << FEATURES) - 1))
enum { PROGRAMS = 400 };

static struct program p, q;

static bool is_compressed(const struct item *item)
{
    return item->bytes == 2;
}

Test(generate, a_program_is_a_function_of_seed_number_and_features)
{
    generate(&p, 3, 17, ALL_FEATURES);
    generate(&q, 3, 18, ALL_FEATURES);
    cr_assert_neq(memcmp(&p, &q, sizeof p), 0);
    memset(&q, 0xa5, sizeof q);
    generate(&q, 3, 17, ALL_FEATURES);
    cr_assert_eq(memcmp(&p, &q, sizeof p), 0);
    generate(&q, 4, 17, ALL_FEATURES);
    cr_assert_neq(memcmp(&p, &q, sizeof p), 0);
}

static unsigned rd_of(uint32_t bits)
{
    return bits >> 7 & 31;
}

/* Stores and branches have something else where others have rd. */
static bool writes_rd(uint32_t bits)
{
    unsigned opcode = bits & 0x7f;
    return opcode != OPCODE_STORE && opcode != OPCODE_BRANCH && opcode != OPCODE_MISC_MEM;
}

Test(generate, programs_fit_and_leave_the_frame_register_alone)
{
    static struct binary b;
    for (unsigned n = 0; n < PROGRAMS; n++) {
        generate(&p, 9, n, ALL_FEATURES);
        program_assemble(&p, &b);
        cr_assert_leq(b.code_bytes, CODE_BYTES_MAX);
        cr_assert_leq(b.end + 4, FZ_CODE_BYTES);
        cr_assert_leq(p.setting.pokes, POKES_MAX);
        cr_assert_leq(b.patches, PATCHES_MAX);
        cr_assert_eq(p.setting.x[X_FRAME], FZ_FRAME);
        for (unsigned i = 0; i < p.items; i++)
            if (!is_compressed(&p.item[i]) && writes_rd(p.item[i].bits))
                cr_assert_neq(rd_of(p.item[i].bits), X_FRAME, "program %u item %u", n, i);
    }
}

Test(generate, places_grow_and_jumps_lead_forward)
{
    for (unsigned n = 0; n < PROGRAMS; n++) {
        generate(&p, 10, n, ALL_FEATURES);
        for (unsigned i = 0; i < p.items; i++) {
            const struct item *item = &p.item[i];
            cr_assert(i == 0 || item->place > p.item[i - 1].place);
            bool loop = item->reference == REF_BRANCH && item->target <= item->place;
            if (item->reference != REF_NONE && loop)
                cr_assert_eq(item->target / UNIT_PLACES, item->place / UNIT_PLACES);
            else if (item->reference != REF_NONE)
                cr_assert_gt(item->target, item->place);
        }
    }
}

static bool matches(const struct item *item, uint32_t mask, uint32_t match)
{
    return item->bytes == 4 && (item->bits & mask) == match;
}

/* How many of the programs have an item that matches. */
static unsigned programs_with(uint32_t features, uint32_t mask, uint32_t match)
{
    unsigned programs = 0;
    for (unsigned n = 0; n < PROGRAMS; n++) {
        bool found = false;
        generate(&p, 11, n, features);
        for (unsigned i = 0; i < p.items; i++)
            found |= matches(&p.item[i], mask, match);
        programs += found;
    }
    return programs;
}

Test(generate, extensions_are_used_when_there_are_any)
{
    static const struct {
        uint32_t feature, mask, match;
    } some[] = {{ZBA, 0xfe00707f, 0x20002033},     {ZBS, 0xfe00707f, 0x48001033},
                {ZICBOM, 0xfff07fff, 0x0010200f},  {ZICBOZ, 0xfff07fff, 0x0040200f},
                {SVINVAL, 0xffffffff, 0x18000073}, {SSTC, 0xfff0707f, 0x14d01073},
                {SV39, 0xfff0707f, 0x18001073},    {PMP, 0xfff0707f, 0x3a001073}};
    for (unsigned i = 0; i < sizeof some / sizeof some[0]; i++) {
        cr_assert_gt(programs_with(some[i].feature, some[i].mask, some[i].match), 5, "%u", i);
        cr_assert_eq(programs_with(BASE, some[i].mask, some[i].match), 0, "%u", i);
    }
}

Test(generate, there_are_no_short_instructions_without_c)
{
    unsigned shorts = 0;
    for (unsigned n = 0; n < PROGRAMS; n++) {
        generate(&p, 12, n, ALL_FEATURES & ~(uint32_t)F_C);
        for (unsigned i = 0; i < p.items; i++)
            cr_assert_not(is_compressed(&p.item[i]));
        generate(&p, 12, n, F_C);
        for (unsigned i = 0; i < p.items; i++)
            shorts += is_compressed(&p.item[i]);
    }
    cr_assert_gt(shorts, PROGRAMS);
}

/* The rows of differences.def that bear on the setting. */
Test(generate, settings_keep_to_what_both_machines_have)
{
    unsigned locked = 0;
    for (unsigned n = 0; n < PROGRAMS; n++) {
        generate(&p, 13, n, ALL_FEATURES);
        const uint64_t *state = p.setting.state;
        uint64_t deleg = state[STATE_medeleg];
        cr_assert_neq(state[STATE_mstatus] & 0x1800, 0x1000, "there is no mode 2");
        cr_assert_eq(deleg >> 5 & 1, deleg >> 7 & 1, "AMO faults");
        cr_assert_eq(deleg >> 13 & 1, deleg >> 15 & 1, "AMO faults");
        cr_assert_neq(deleg & 0x204, 0x204, "the S handler leaves by one of them");
        cr_assert_eq(state[STATE_pmpcfg0] & 0xff, 0x1f, "the harness stays open");
        locked += (state[STATE_pmpcfg0] & 0x8080808080808080) != 0;
        cr_assert_eq(state[STATE_pmpcfg2] >> 63, 0, "nor the last entry, which may cover all");
        generate(&q, 13, n, ALL_FEATURES & ~(uint32_t)LOCKED);
        cr_assert_eq((q.setting.state[STATE_pmpcfg0] | q.setting.state[STATE_pmpcfg2]) &
                         0x8080808080808080,
                     0, "nothing is locked");
        for (unsigned i = 1; i < 16; i++)
            cr_assert_neq(state[STATE_pmpaddr0 + i], 0);
    }
    cr_assert_gt(locked, PROGRAMS / 50);
}

/* ---- address spaces ---------------------------------------------------------------- */

static struct generator g;

static void begin_paging(uint64_t n)
{
    memset(&p, 0, sizeof p);
    g = (struct generator){.p = &p, .rng = rng_stream(14, n), .used = SV39 | SV48, .kept = 1};
    draw_paging(&g);
}

Test(generate, spaces_differ_in_their_asid_so_that_a_change_needs_no_fence)
{
    unsigned with[SPACES_MAX + 1] = {0}, both_modes = 0;
    for (unsigned n = 0; n < PROGRAMS; n++) {
        uint64_t modes = 0;
        begin_paging(n);
        cr_assert(g.spaces > 0 && g.spaces <= SPACES_MAX);
        with[g.spaces]++;
        for (unsigned i = 0; i < g.spaces; i++) {
            modes |= g.space[i] >> 60;
            for (unsigned k = 0; k < i; k++)
                cr_assert_neq(g.space[i] >> 44 & 0xffff, g.space[k] >> 44 & 0xffff);
        }
        both_modes += modes == (8 | 9) && g.trees & 3;
    }
    for (unsigned i = 1; i <= SPACES_MAX; i++)
        cr_assert_gt(with[i], 5, "%u spaces", i);
    cr_assert_gt(both_modes, 50);
}

/* A global page is the same for all: a leaf of one tree's own is none. */
Test(generate, what_one_tree_has_alone_is_not_global)
{
    unsigned global[2] = {0};
    for (unsigned n = 0; n < PROGRAMS; n++) {
        begin_paging(n);
        bool several = g.trees & (g.trees - 1);
        for (unsigned i = 0; i < 40; i++) {
            struct slot slot = random_slot(&g);
            bool is_global = random_pte(&g, &slot) & 0x20;
            cr_assert(!is_global || !several || slot.level < 2);
            cr_assert(!is_global || g.globals);
            global[several] += is_global;
        }
    }
    cr_assert(global[0] > 100 && global[1] > 100);
}

/* Each space that can hold a leaf in a TLB is fenced: all, by every address that the
 * page has, or in every space. */
Test(generate, a_changed_entry_is_fenced_in_every_space)
{
    enum { SFENCE = 0x12000073, SINVAL = 0x16000073, OPERANDS = 31 << 15 | 31 << 20 };
    unsigned by_space = 0, by_address = 0, all = 0;
    for (unsigned n = 0; n < PROGRAMS; n++) {
        begin_paging(n);
        unit_remap(&g);
        unsigned fences = 0, spaces = 0, addresses = 0;
        for (unsigned i = 0; i < p.items; i++) {
            uint32_t word = p.item[i].bits & ~(uint32_t)OPERANDS;
            if (p.item[i].reference != REF_NONE || (word != SFENCE && word != SINVAL))
                continue;
            fences++;
            addresses += (p.item[i].bits >> 15 & 31) != 0;
            spaces += (p.item[i].bits >> 20 & 31) != 0;
        }
        cr_assert(spaces ? fences == g.spaces && spaces == fences && !g.globals : fences > 0);
        cr_assert(!addresses || addresses == fences);
        by_space += spaces > 0;
        by_address += addresses > 0;
        all += !spaces && !addresses;
    }
    cr_assert(by_space > 20 && by_address > 50 && all > 50);
}

Test(generate, batches_differ_in_their_features)
{
    uint32_t any = 0, all = ALL_FEATURES, svade;
    cr_assert(features_parse("svade", &svade));
    for (unsigned n = 0; n < 200; n++) {
        uint32_t features = generate_features(5, n, 0, ALL_FEATURES);
        cr_assert_eq(features, generate_features(5, n, 0, ALL_FEATURES));
        any |= features;
        all &= features;
        cr_assert_eq(generate_features(5, n, PMP, 0), (uint32_t)PMP, "as given");
        cr_assert_eq(generate_features(5, n, 0, SV39) & ~(uint32_t)SV39, 0, "of those drawn");
    }
    cr_assert_eq(any, ALL_FEATURES & ~svade, "all but what QEMU cannot do");
    cr_assert_eq(all, 0);
}
