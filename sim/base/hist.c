/*
 * Values below 1024 have a bucket each.  A larger value v with highest bit
 * b >= 10 falls into one of 512 buckets that share 2^b .. 2^(b+1)-1 evenly.
 */
#include "sim/base/hist.h"

static unsigned bucket_of(uint64_t value)
{
    if (value < HIST_EXACT)
        return (unsigned)value;
    unsigned bit = 63u - (unsigned)__builtin_clzll(value);
    unsigned sub = (unsigned)(value >> (bit - 9)) - HIST_SUB;
    return HIST_EXACT + (bit - 10) * HIST_SUB + sub;
}

static uint64_t bucket_last_value(unsigned bucket)
{
    if (bucket < HIST_EXACT)
        return bucket;
    unsigned bit = (bucket - HIST_EXACT) / HIST_SUB + 10;
    uint64_t sub = (bucket - HIST_EXACT) % HIST_SUB + HIST_SUB;
    return ((sub + 1) << (bit - 9)) - 1;
}

void hist_add(struct hist *h, uint64_t value)
{
    if (h->count == 0 || value < h->min)
        h->min = value;
    if (value > h->max)
        h->max = value;
    h->count++;
    h->sum += value;
    h->bucket[bucket_of(value)]++;
}

void hist_merge(struct hist *into, const struct hist *from)
{
    if (from->count == 0)
        return;
    if (into->count == 0 || from->min < into->min)
        into->min = from->min;
    if (from->max > into->max)
        into->max = from->max;
    into->count += from->count;
    into->sum += from->sum;
    for (unsigned i = 0; i < HIST_BUCKETS; i++)
        into->bucket[i] += from->bucket[i];
}

double hist_mean(const struct hist *h)
{
    return h->count ? (double)h->sum / (double)h->count : 0.0;
}

uint64_t hist_quantile(const struct hist *h, unsigned permille)
{
    uint64_t rank = (h->count * permille + 999) / 1000, seen = 0;
    if (rank == 0)
        return h->min;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= rank) {
            uint64_t v = bucket_last_value(i);
            return v < h->max ? v : h->max;
        }
    }
    return h->max;
}
