/*
 * The corpus, read into memory.
 */
#ifndef TESSERA_TESTS_KEPT_H
#define TESSERA_TESTS_KEPT_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/fuzz/corpus.h"
#include "sim/fuzz/machines.h"

#define CORPUS_CASES  "sim/fuzz/corpus/cases.txt"
#define CORPUS_RANDOM "sim/fuzz/corpus/random.txt"

enum { KEPT_MAX = 512 };

struct kept_programs {
    unsigned count;
    struct binary *b;
    struct result *expected; /* folded */
};

static inline void kept_read(struct kept_programs *k, const char *path)
{
    struct error e;
    unsigned line = 0;
    bool more = true;
    FILE *in = fopen(path, "r");
    cr_assert(in, "%s: tests run in the project's root", path);
    k->count = 0;
    k->b = mem_alloc(KEPT_MAX * sizeof *k->b);
    k->expected = mem_alloc(KEPT_MAX * sizeof *k->expected);
    for (; more; k->count += more) {
        cr_assert_lt(k->count, KEPT_MAX);
        cr_assert(corpus_read(in, path, &line, &k->b[k->count], &k->expected[k->count], &more, &e),
                  "%s", e.text);
    }
    fclose(in);
}

static inline void kept_free(struct kept_programs *k)
{
    mem_free(k->expected);
    mem_free(k->b);
}

/* How many programs from number `first` on can be run in one batch. */
static inline unsigned kept_batch(const struct kept_programs *k, unsigned first)
{
    unsigned n = 1;
    while (first + n < k->count && k->b[first + n].setting.features == k->b[first].setting.features)
        n++;
    return n;
}

#endif
