/*
 * A distribution of cycle counts: exact below 1024, above that in buckets of
 * relative width 1/512 at most.  Merging is exact and commutative, so the
 * order in which tiles are merged cannot show.
 */
#ifndef TESSERA_HIST_H
#define TESSERA_HIST_H

#include <stdint.h>

enum { HIST_EXACT = 1024, HIST_SUB = 512, HIST_BUCKETS = HIST_EXACT + 54 * HIST_SUB };

struct hist {
    uint64_t count, sum, min, max; /* min and max are 0 while count is 0 */
    uint32_t bucket[HIST_BUCKETS];
};

void hist_add(struct hist *h, uint64_t value);
void hist_merge(struct hist *into, const struct hist *from);

/* Mean, exact over the samples; 0 without samples. */
double hist_mean(const struct hist *h);

/* The smallest value v such that at least `permille`/1000 of the samples are
 * <= v (above 1024: the upper edge of v's bucket, at most 1/512 too large). */
uint64_t hist_quantile(const struct hist *h, unsigned permille);

#endif
