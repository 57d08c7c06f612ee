/*
 * What counts as a difference; and a machine that is wrong on purpose, which the
 * generator must find and the shrinker must corner.
 *
 * The wrong machine is Tessera with one instruction taken for another: the program
 * that it is given has the other instruction instead, and both programs clear the
 * word before the code is looked at.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/fuzz/compare.h"
#include "sim/fuzz/generate.h"
#include "sim/fuzz/machines.h"
#include "sim/fuzz/report.h"
#include "sim/fuzz/shrink.h"

Test(compare, every_byte_of_a_result_counts)
{
    static struct result a, b;
    for (size_t i = 0; i < sizeof a; i++) {
        b = a;
        ((uint8_t *)&b)[i] ^= 1;
        cr_assert_not(result_equal(&a, &b));
    }
    cr_assert(result_equal(&a, &a));
}

Test(compare, verdicts)
{
    static struct pair pair;
    cr_assert_eq(compare_verdict(&pair), VERDICT_LOST);
    pair.qemu.status = 1;
    cr_assert_eq(compare_verdict(&pair), VERDICT_ENDLESS);
    pair.tessera.status = 1;
    cr_assert_eq(compare_verdict(&pair), VERDICT_EQUAL);
    pair.tessera.hash[2] = 1;
    cr_assert_eq(compare_verdict(&pair), VERDICT_DIFFERS);
}

Test(compare, a_report_names_what_differs_and_nothing_else)
{
    static struct result a, b;
    char *text;
    size_t bytes;
    a.status = b.status = 1;
    a.x[10] = 5;
    b.state[STATE_satp] = 7;
    b.log[4].tval = 9;
    b.log[6].tval = 9;
    FILE *out = open_memstream(&text, &bytes);
    report_difference(&a, &b, out);
    fclose(out);
    cr_assert(strstr(text, "a0 "));
    cr_assert(strstr(text, "satp "));
    cr_assert(strstr(text, "trap 4:"));
    cr_assert_null(strstr(text, "trap 6:"), "what follows the first follows from it");
    cr_assert_null(strstr(text, "a1 "));
    cr_assert_null(strstr(text, "scratch"));
    free(text);
}

/* ---- wrong machines -------------------------------------------------------------------- */

struct wrong {
    const char *name;
    uint32_t mask, match, instead;
};

static const struct wrong wrongs[] = {
    {"xnor as xor", 0xfe00707f, 0x40004033, 0x00004033},
    {"sraw as srlw", 0xfe00707f, 0x4000503b, 0x0000503b},
    {"sw as sh", 0x0000707f, 0x00002023, 0x00001023},
};

static void assemble_both(const struct program *p, const struct wrong *w, struct binary *right,
                          struct binary *wrong)
{
    unsigned offset = p->code_offset;
    program_assemble(p, right);
    *wrong = *right;
    for (unsigned i = 0; i < p->items && right->patches < PATCHES_MAX; i++) {
        const struct item *item = &p->item[i];
        if (item->bytes == 4 && (item->bits & w->mask) == w->match) {
            uint32_t bits = item->bits ^ w->match ^ w->instead;
            memcpy(&wrong->code[FZ_CODE + offset - right->code_at], &bits, 4);
            right->patch[right->patches++].offset = offset;
            wrong->patch[wrong->patches++].offset = offset;
        }
        offset += item->bytes;
    }
}

static bool judge(void *context, const struct program *candidates, unsigned count, bool *fails)
{
    struct binary *b = mem_alloc(2 * count * sizeof *b);
    struct result *r = mem_alloc(2 * count * sizeof *r);
    struct error e;
    for (unsigned i = 0; i < count; i++)
        assemble_both(&candidates[i], context, &b[i], &b[count + i]);
    bool good = tessera_run(b, count, r, &e) && tessera_run(b + count, count, r + count, &e);
    for (unsigned i = 0; i < count; i++)
        fails[i] = good && !result_equal(&r[i], &r[count + i]);
    mem_free(r);
    mem_free(b);
    return good;
}

enum { TRIED_MAX = 60 };

/* Draws until a program shows the mistake; how many that took. */
static unsigned find(struct program *p, struct wrong *w)
{
    for (unsigned n = 0; n < TRIED_MAX; n++) {
        bool fails;
        generate(p, 2026, n, F_C | ZBB | SV39);
        cr_assert(judge(w, p, 1, &fails));
        if (fails)
            return n + 1;
    }
    cr_assert(false, "%s: not found", w->name);
    return 0;
}

static unsigned count_matching(const struct program *p, const struct wrong *w)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->items; i++)
        n += p->item[i].bytes == 4 && (p->item[i].bits & w->mask) == w->match;
    return n;
}

Test(compare, finds_and_corners_a_wrong_machine)
{
    static struct program p;
    for (unsigned i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct wrong w = wrongs[i];
        bool fails;
        find(&p, &w);
        shrink(&p, judge, &w);
        cr_assert(judge(&w, &p, 1, &fails) && fails, "%s: still fails", w.name);
        cr_assert_eq(count_matching(&p, &w), 1, "%s", w.name);
        cr_assert_leq(p.items, 20, "%s: %u instructions are left", w.name, p.items);
    }
}

/* Without a mistake there is nothing to find. */
Test(compare, a_right_machine_agrees_with_itself)
{
    static struct program p[20];
    struct wrong none = {"nothing", 0, 1, 1};
    bool fails[20];
    for (unsigned i = 0; i < 20; i++)
        generate(&p[i], 2027, i, F_C | ZBB | SV39);
    cr_assert(judge(&none, p, 20, fails));
    for (unsigned i = 0; i < 20; i++)
        cr_assert_not(fails[i]);
}
