/*
 * A candidate is kept when it reaches a point that fewer than WANTED of the kept
 * ones reach.  In the end, from the first on, those go that the others make
 * superfluous.
 */
#include "sim/fuzz/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/fuzz/cases.h"
#include "sim/fuzz/compare.h"
#include "sim/fuzz/corpus.h"
#include "sim/fuzz/coverage.h"
#include "sim/fuzz/generate.h"
#include "sim/fuzz/machines.h"

enum { BATCH = 200, KEPT_MAX = 400, WANTED = 2, SECONDS = 10 };

/* A file of the corpus is written beside the old one and takes its place once all is well. */
struct new_file {
    char path[512], written[520];
    FILE *f;
};

static bool begin_file(struct new_file *n, const char *directory, const char *name, struct error *e)
{
    snprintf(n->path, sizeof n->path, "%s/%s", directory, name);
    snprintf(n->written, sizeof n->written, "%s.new", n->path);
    n->f = fopen(n->written, "w");
    return n->f || error_set(e, EXIT_STATUS_IO, "%s: %s", n->written, strerror(errno));
}

static bool end_file(struct new_file *n, bool good, struct error *e)
{
    bool closed = n->f && fclose(n->f) == 0;
    if (good && closed && rename(n->written, n->path) == 0)
        return true;
    if (good)
        error_set(e, EXIT_STATUS_IO, "%s: %s", n->path, strerror(errno));
    if (n->f)
        remove(n->written);
    return false;
}

/* A program that QEMU does not end makes no corpus: QEMU is not what it should be. */
static bool run_qemu(const struct binary *b, unsigned count, struct result *results,
                     struct error *e)
{
    struct qemu *q = qemu_start(b, count, results, SECONDS, e);
    if (!q || !qemu_wait(q, e))
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!results[i].status)
            return error_set(e, EXIT_STATUS_INTERNAL, "QEMU does not end program %u of %u", i,
                             count);
    return true;
}

/* ---- cases --------------------------------------------------------------------------- */

static bool record_cases(FILE *out, struct error *e)
{
    unsigned count = cases_programs();
    struct program *p = mem_alloc(sizeof *p);
    struct binary *b = mem_alloc(count * sizeof *b);
    struct result *results = mem_alloc(count * sizeof *results);
    for (unsigned i = 0; i < count; i++) {
        cases_generate(p, i);
        program_assemble(p, &b[i]);
    }
    bool good = run_qemu(b, count, results, e);
    for (unsigned i = 0; good && i < count; i++)
        corpus_write(out, &b[i], &results[i]);
    mem_free(results);
    mem_free(b);
    mem_free(p);
    return good;
}

/* ---- random programs ------------------------------------------------------------------- */

struct kept {
    struct binary b;
    struct result qemu;
    struct coverage coverage;
};

struct selection {
    struct kept *kept; /* KEPT_MAX */
    unsigned count;
    unsigned programs[COVERAGE_POINTS]; /* kept ones that reach the point */
};

static void count_in(struct selection *s, const struct coverage *c, int by)
{
    for (unsigned i = 0; i < COVERAGE_POINTS; i++)
        if (c->reached[i])
            s->programs[i] += (unsigned)by;
}

static bool reaches_wanted(const struct selection *s, const struct coverage *c)
{
    for (unsigned i = 0; i < COVERAGE_POINTS; i++)
        if (c->reached[i] && s->programs[i] < WANTED)
            return true;
    return false;
}

static bool is_superfluous(const struct selection *s, const struct coverage *c)
{
    for (unsigned i = 0; i < COVERAGE_POINTS; i++)
        if (c->reached[i] && s->programs[i] <= 1)
            return false;
    return true;
}

static void drop_superfluous(struct selection *s)
{
    unsigned left = 0;
    for (unsigned i = 0; i < s->count; i++)
        if (is_superfluous(s, &s->kept[i].coverage))
            count_in(s, &s->kept[i].coverage, -1);
        else
            s->kept[left++] = s->kept[i];
    s->count = left;
}

static bool select_batch(struct selection *s, uint64_t seed, uint64_t first, struct error *e)
{
    struct program *p = mem_alloc(sizeof *p);
    struct binary *b = mem_alloc(BATCH * sizeof *b);
    struct result *results = mem_alloc(2 * BATCH * sizeof *results);
    struct coverage *coverage = mem_alloc(BATCH * sizeof *coverage);
    uint32_t features = generate_features(seed, first, 0, ~(uint32_t)FEATURES_OF_SIMULATOR);
    for (unsigned i = 0; i < BATCH; i++) {
        generate(p, seed, first + i, features);
        program_assemble(p, &b[i]);
    }
    bool good =
        run_qemu(b, BATCH, results, e) && coverage_run(b, BATCH, results + BATCH, coverage, e);
    for (unsigned i = 0; good && i < BATCH && s->count < KEPT_MAX; i++) {
        struct pair pair = {results[i], results[BATCH + i]};
        if (compare_verdict(&pair) != VERDICT_EQUAL || !reaches_wanted(s, &coverage[i]))
            continue;
        s->kept[s->count++] = (struct kept){b[i], results[i], coverage[i]};
        count_in(s, &coverage[i], 1);
    }
    mem_free(coverage);
    mem_free(results);
    mem_free(b);
    mem_free(p);
    return good;
}

/* One run of the simulator takes programs of the same features. */
static void write_by_features(FILE *out, const struct selection *s)
{
    bool *written = mem_alloc(s->count * sizeof *written);
    memset(written, 0, s->count * sizeof *written);
    for (unsigned i = 0; i < s->count; i++)
        for (unsigned k = i; k < s->count; k++)
            if (!written[k] && s->kept[k].b.setting.features == s->kept[i].b.setting.features) {
                corpus_write(out, &s->kept[k].b, &s->kept[k].qemu);
                written[k] = true;
            }
    mem_free(written);
}

static bool record_random(FILE *out, uint64_t seed, unsigned candidates, struct error *e)
{
    struct selection *s = mem_alloc(sizeof *s);
    memset(s, 0, sizeof *s);
    s->kept = mem_alloc(KEPT_MAX * sizeof *s->kept);
    bool good = true;
    for (unsigned first = 0; good && first < candidates; first += BATCH)
        good = select_batch(s, seed, first, e);
    drop_superfluous(s);
    if (good)
        write_by_features(out, s);
    mem_free(s->kept);
    mem_free(s);
    return good;
}

bool record_corpus(const char *directory, uint64_t seed, unsigned candidates, struct error *e)
{
    struct new_file cases = {0}, random = {0};
    bool good = begin_file(&cases, directory, "cases.txt", e) &&
                begin_file(&random, directory, "random.txt", e) && record_cases(cases.f, e) &&
                record_random(random.f, seed, candidates, e);
    good = end_file(&cases, good, e);
    return end_file(&random, good, e);
}
