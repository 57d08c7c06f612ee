/*
 * With n batches of means x_k the half width of the interval is
 *   t * sqrt( w * sum (x_k - x)^2 / (n (n - 1)) ),
 * t = 2.04 being Student's for 31 degrees of freedom, a little more than enough
 * for 32 and more.  Near saturation even long batches depend on each other: with r,
 * the correlation of neighbours, above 0 the variance of the mean is about
 * w = (1 + r) / (1 - r) times what independent batches would have (that of a
 * first-order autoregressive process); w = 1 otherwise.  The means are kept in units of
 * 1/256 cycle.
 */
#include "mesh/batch_means.h"

#include <assert.h>
#include <math.h>

enum { FRACTION_BITS = 8, T_SQUARED_PERCENT = 416, CORRELATION_PERMILLE_MAX = 900 };

typedef unsigned __int128 wide;

struct spread {
    unsigned batches; /* 0: too few, or one without a sample */
    uint64_t mean;    /* of the batches' means, in 1/256 cycle */
    wide squares;     /* sum of their squared distances from it, times w */
};

void batch_means_start(struct batch_means *b, cycle_t start)
{
    *b = (struct batch_means){.start = start, .cycles_log2 = BATCH_CYCLES_LOG2_MIN};
}

static void merge_neighbours(struct batch_means *b)
{
    for (unsigned k = 0; k < BATCHES_MAX; k += 2) {
        b->batch[k / 2].sum = b->batch[k].sum + b->batch[k + 1].sum;
        b->batch[k / 2].count = b->batch[k].count + b->batch[k + 1].count;
    }
    for (unsigned k = BATCHES_MAX / 2; k < BATCHES_MAX; k++)
        b->batch[k].sum = b->batch[k].count = 0;
    b->cycles_log2++;
}

void batch_means_add(struct batch_means *b, cycle_t at, uint64_t value)
{
    assert(at >= b->start);
    while ((at - b->start) >> b->cycles_log2 >= BATCHES_MAX)
        merge_neighbours(b);
    unsigned k = (unsigned)((at - b->start) >> b->cycles_log2);
    b->batch[k].sum += value;
    b->batch[k].count++;
}

static unsigned batches_complete(const struct batch_means *b, cycle_t now)
{
    cycle_t complete = (now - b->start) >> b->cycles_log2;
    return complete > BATCHES_MAX ? BATCHES_MAX : (unsigned)complete;
}

static uint64_t batch_mean(const struct batch_means *b, unsigned k)
{
    return (b->batch[k].sum << FRACTION_BITS) / b->batch[k].count;
}

/* 1000 w, of the first `batches` batches around `mean`, whose squares are known. */
static wide widening_permille(const struct batch_means *b, unsigned batches, uint64_t mean,
                              wide squares)
{
    __int128 products = 0;
    for (unsigned k = 0; k + 1 < batches; k++)
        products += ((__int128)batch_mean(b, k) - mean) * ((__int128)batch_mean(b, k + 1) - mean);
    if (products <= 0 || squares == 0)
        return 1000;
    wide r = (wide)products * 1000 / squares;
    if (r > CORRELATION_PERMILLE_MAX)
        r = CORRELATION_PERMILLE_MAX;
    return (1000 + r) * 1000 / (1000 - r);
}

static struct spread spread_of(const struct batch_means *b, unsigned batches)
{
    struct spread s = {0};
    uint64_t sum = 0;
    for (unsigned k = 0; k < batches; k++) {
        if (b->batch[k].count == 0)
            return s;
        sum += batch_mean(b, k);
    }
    if (batches < BATCHES_MIN)
        return s;
    s.batches = batches;
    s.mean = sum / batches;
    for (unsigned k = 0; k < batches; k++) {
        uint64_t x = batch_mean(b, k), off = x > s.mean ? x - s.mean : s.mean - x;
        s.squares += (wide)off * off;
    }
    s.squares = s.squares * widening_permille(b, batches, s.mean, s.squares) / 1000;
    return s;
}

bool batch_means_settled(const struct batch_means *b, cycle_t now, unsigned permille)
{
    struct spread s = spread_of(b, batches_complete(b, now));
    if (s.batches == 0 || (uint64_t)1 << b->cycles_log2 < s.mean * 4 >> FRACTION_BITS)
        return false;
    wide n = s.batches, allowed = (wide)s.mean * permille;
    return s.squares * T_SQUARED_PERCENT * 10000 <= allowed * allowed * n * (n - 1);
}

double batch_means_ci95(const struct batch_means *b, cycle_t now)
{
    struct spread s = spread_of(b, batches_complete(b, now));
    if (s.batches == 0)
        return 0;
    double n = s.batches;
    return sqrt((double)s.squares * (T_SQUARED_PERCENT / 100.0) / (n * (n - 1))) /
           (1 << FRACTION_BITS);
}
