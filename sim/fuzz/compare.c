/*
 * Running, judging, and shrinking by running.  Shrinking asks Tessera first: a
 * candidate that does not end there, although the failure is another one, would
 * only cost QEMU its time limit.
 */
#include "sim/fuzz/compare.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/fuzz/machines.h"
#include "sim/fuzz/shrink.h"

enum { SHRINK_SECONDS = 3 };

static bool run_both(const struct binary *binaries, unsigned count, unsigned seconds,
                     struct result *qemu, struct result *tessera, struct error *e)
{
    struct qemu *q = qemu_start(binaries, count, qemu, seconds, e);
    if (!q)
        return false;
    struct error ignored;
    bool good = tessera_run(binaries, count, tessera, e);
    return qemu_wait(q, good ? e : &ignored) && good;
}

bool compare_programs(const struct program *programs, unsigned count, unsigned seconds,
                      struct pair *pairs, struct error *e)
{
    struct binary *binaries = mem_alloc(count * sizeof *binaries);
    struct result *results = mem_alloc(2 * count * sizeof *results);
    for (unsigned i = 0; i < count; i++)
        program_assemble(&programs[i], &binaries[i]);
    bool good = run_both(binaries, count, seconds, results, results + count, e);
    for (unsigned i = 0; good && i < count; i++)
        pairs[i] = (struct pair){results[i], results[count + i]};
    mem_free(results);
    mem_free(binaries);
    return good;
}

enum verdict compare_verdict(const struct pair *pair)
{
    if (!pair->qemu.status)
        return VERDICT_LOST;
    if (!pair->tessera.status)
        return VERDICT_ENDLESS;
    return result_equal(&pair->qemu, &pair->tessera) ? VERDICT_EQUAL : VERDICT_DIFFERS;
}

/* ---- shrinking ------------------------------------------------------------------------- */

struct judging {
    enum verdict wanted;
    struct error *e;
};

/* The candidates worth QEMU's time, by number; how many. */
static unsigned select_ending(const struct program *candidates, unsigned count,
                              struct program *chosen, unsigned *number, struct error *e)
{
    struct binary *binaries = mem_alloc(count * sizeof *binaries);
    struct result *results = mem_alloc(count * sizeof *results);
    unsigned selected = 0;
    for (unsigned i = 0; i < count; i++)
        program_assemble(&candidates[i], &binaries[i]);
    if (tessera_run(binaries, count, results, e))
        for (unsigned i = 0; i < count; i++)
            if (results[i].status) {
                chosen[selected] = candidates[i];
                number[selected++] = i;
            }
    mem_free(results);
    mem_free(binaries);
    return selected;
}

static bool judge(void *context, const struct program *candidates, unsigned count, bool *fails)
{
    const struct judging *j = context;
    unsigned number[CANDIDATES_MAX], selected = count;
    struct program *chosen = mem_alloc(count * sizeof *chosen);
    struct pair *pairs = mem_alloc(count * sizeof *pairs);
    memset(fails, 0, count * sizeof *fails);
    if (j->wanted == VERDICT_ENDLESS) {
        memcpy(chosen, candidates, count * sizeof *chosen);
        for (unsigned i = 0; i < count; i++)
            number[i] = i;
    } else {
        selected = select_ending(candidates, count, chosen, number, j->e);
    }
    bool good = selected == 0 || compare_programs(chosen, selected, SHRINK_SECONDS, pairs, j->e);
    for (unsigned i = 0; good && i < selected; i++)
        fails[number[i]] = compare_verdict(&pairs[i]) == j->wanted;
    mem_free(pairs);
    mem_free(chosen);
    return good;
}

bool compare_shrink(struct program *p, struct pair *pair, struct error *e)
{
    struct judging j = {compare_verdict(pair), e};
    shrink(p, judge, &j);
    return compare_programs(p, 1, SHRINK_SECONDS, pair, e);
}
