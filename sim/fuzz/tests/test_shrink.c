/*
 * Shrinking against judges that need no machine: what is left is what the failure
 * needs, and nothing else.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "sim/fuzz/encode.h"
#include "sim/fuzz/generate.h"
#include "sim/fuzz/shrink.h"

#define ALL_FEATURES ((uint32_t)((1u << FEATURES) - 1))

/* Fails where its condition holds; counts, and gives up when it has been asked
 * `patience` times. */
struct judging {
    bool (*fails)(const struct program *p);
    unsigned asked, patience;
};

static bool judge(void *context, const struct program *candidates, unsigned count, bool *fails)
{
    struct judging *j = context;
    cr_assert(count > 0 && count <= CANDIDATES_MAX);
    if (j->asked++ == j->patience)
        return false;
    for (unsigned i = 0; i < count; i++)
        fails[i] = j->fails(&candidates[i]);
    return true;
}

static unsigned count_word(const struct program *p, uint32_t mask, uint32_t match)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->items; i++)
        n += p->item[i].bytes == 4 && (p->item[i].bits & mask) == match;
    return n;
}

static bool has_mul(const struct program *p)
{
    return count_word(p, 0xfe00707f, 0x02000033) > 0;
}

static bool has_two_mul(const struct program *p)
{
    return count_word(p, 0xfe00707f, 0x02000033) >= 2;
}

/* Never alone in its unit: where it leads comes from others. */
static bool has_sret(const struct program *p)
{
    return count_word(p, ~0u, 0x10200073) > 0;
}

static bool has_setting(const struct program *p)
{
    const struct setting *s = &p->setting;
    bool poked = false;
    for (unsigned i = 0; i < s->pokes; i++)
        poked |= s->poke[i].address == FZ_ROOT39 + 8 * 5;
    return poked && s->x[9] && s->action[3] && s->state[STATE_mscratch] &&
           (s->state[STATE_mstatus] & 0x40000);
}

/* The first program of the seed that fails. */
static void find(struct program *p, bool (*fails)(const struct program *p))
{
    for (unsigned n = 0;; n++) {
        cr_assert_lt(n, 10000);
        generate(p, 77, n, ALL_FEATURES);
        if (fails(p))
            return;
    }
}

static struct program p;

static bool is_mul(const struct item *item)
{
    return item->bytes == 4 && (item->bits & 0xfe00707f) == 0x02000033;
}

/* Besides multiplications there is nothing but what their units need: mostly nothing,
 * in a loop the counter. */
static void check_rest(void)
{
    for (unsigned i = 0; i < p.items; i++) {
        bool needed = false;
        for (unsigned k = 0; k < p.items; k++)
            needed |= is_mul(&p.item[k]) &&
                      p.item[k].place / UNIT_PLACES == p.item[i].place / UNIT_PLACES;
        cr_assert(is_mul(&p.item[i]) || (needed && !p.item[i].loose), "item %u", i);
    }
}

Test(shrink, one_instruction_is_left_of_many)
{
    struct judging j = {has_mul, 0, UINT32_MAX};
    find(&p, has_mul);
    cr_assert_gt(p.items, 20);
    shrink(&p, judge, &j);
    cr_assert_eq(count_word(&p, 0xfe00707f, 0x02000033), 1);
    check_rest();
}

Test(shrink, two_instructions_that_need_each_other_stay)
{
    struct judging j = {has_two_mul, 0, UINT32_MAX};
    find(&p, has_two_mul);
    shrink(&p, judge, &j);
    cr_assert_eq(count_word(&p, 0xfe00707f, 0x02000033), 2);
    check_rest();
}

Test(shrink, a_unit_goes_as_a_whole_or_stays)
{
    struct judging j = {has_sret, 0, UINT32_MAX};
    find(&p, has_sret);
    shrink(&p, judge, &j);
    cr_assert_eq(p.item[0].place / UNIT_PLACES, p.item[p.items - 1].place / UNIT_PLACES);
    cr_assert_gt(p.items, 1);
    for (unsigned i = 0; i < p.items; i++)
        cr_assert_not(p.item[i].loose);
}

Test(shrink, the_setting_loses_what_the_failure_does_not_need)
{
    struct judging j = {has_setting, 0, UINT32_MAX};
    find(&p, has_setting);
    uint64_t x9 = p.setting.x[9];
    shrink(&p, judge, &j);
    const struct setting *s = &p.setting;
    cr_assert(has_setting(&p));
    cr_assert_eq(p.items, 0);
    cr_assert_eq(p.code_offset, CODE_MIDDLE);
    cr_assert_eq(s->pokes, 1);
    for (unsigned i = 1; i < X_FRAME; i++)
        cr_assert_eq(s->x[i], i == 9 ? x9 : 0);
    for (unsigned i = 0; i < ACTIONS; i++)
        cr_assert_eq(s->action[i] != 0, i == 3);
    cr_assert_eq(s->x[X_FRAME], FZ_FRAME, "the harness's own");
    cr_assert_eq(s->state[STATE_sscratch], 0);
    cr_assert_eq(s->state[STATE_mstatus] & 0x7e01aa, 0x40000);
    cr_assert_eq(s->state[STATE_mtvec], FZ_M_VECTOR, "programs need the handlers");
}

/* Is there a mul where the first one was? */
static unsigned wanted_offset;

static unsigned offset_of_mul(const struct program *program)
{
    unsigned offset = program->code_offset;
    for (unsigned i = 0; i < program->items; offset += program->item[i++].bytes)
        if ((program->item[i].bits & 0xfe00707f) == 0x02000033)
            return offset;
    return 0;
}

static bool has_mul_later(const struct program *program)
{
    return offset_of_mul(program) > program->code_offset;
}

static bool has_mul_there(const struct program *program)
{
    return offset_of_mul(program) == wanted_offset;
}

Test(shrink, an_instruction_may_depend_on_its_address)
{
    struct judging j = {has_mul_there, 0, UINT32_MAX};
    find(&p, has_mul_later);
    wanted_offset = offset_of_mul(&p);
    shrink(&p, judge, &j);
    cr_assert(has_mul_there(&p));
    cr_assert_leq(p.items, 10);
}

Test(shrink, a_judge_that_gives_up_leaves_a_failing_program)
{
    for (unsigned patience = 0; patience < 12; patience++) {
        struct judging j = {has_two_mul, 0, patience};
        find(&p, has_two_mul);
        shrink(&p, judge, &j);
        cr_assert(has_two_mul(&p));
        cr_assert_leq(j.asked, patience + 1, "not asked again");
    }
}

Test(shrink, without_a_judge_nothing_changes)
{
    static struct program before;
    struct judging j = {NULL, 0, 0};
    generate(&p, 1, 1, ALL_FEATURES);
    before = p;
    shrink(&p, judge, &j);
    cr_assert_eq(memcmp(&p, &before, sizeof p), 0);
}
