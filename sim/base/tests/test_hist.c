/* Distributions: exact below 1024, within 1/512 above, merging commutes. */
#include "sim/base/hist.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/rng.h"

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static struct hist h, other;

Test(hist, empty_is_zero_throughout)
{
    cr_expect_eq(hist_mean(&h), 0.0);
    cr_expect_eq(hist_quantile(&h, 500), 0);
    cr_expect_eq(hist_quantile(&h, 1000), 0);
    cr_expect_eq(h.min, 0);
}

Test(hist, small_values_are_exact)
{
    for (uint64_t v = 1; v <= 1000; v++)
        hist_add(&h, v);
    cr_expect_eq(h.count, 1000);
    cr_expect_eq(hist_mean(&h), 500.5);
    cr_expect_eq(h.min, 1);
    cr_expect_eq(h.max, 1000);
    for (unsigned permille = 1; permille <= 1000; permille++)
        cr_assert_eq(hist_quantile(&h, permille), permille);
    cr_expect_eq(hist_quantile(&h, 0), 1);
}

Test(hist, one_sample_is_every_quantile)
{
    hist_add(&h, 123456789);
    cr_expect_eq(hist_quantile(&h, 1), 123456789);
    cr_expect_eq(hist_quantile(&h, 1000), 123456789);
}

Test(hist, large_quantiles_are_at_most_a_512th_too_large)
{
    enum { SAMPLES = 5000 };
    static uint64_t value[SAMPLES];
    struct rng rng = rng_stream(1, 0);
    for (unsigned i = 0; i < SAMPLES; i++)
        hist_add(&h, value[i] = rng_next(&rng) >> rng_below(&rng, 60));
    qsort(value, SAMPLES, sizeof value[0], by_value);
    for (unsigned permille = 1; permille <= 1000; permille++) {
        uint64_t exact = value[(SAMPLES * permille + 999) / 1000 - 1];
        uint64_t given = hist_quantile(&h, permille);
        cr_assert_geq(given, exact);
        cr_assert_leq(given - exact, exact / 512);
    }
    cr_expect_eq(hist_quantile(&h, 1000), value[SAMPLES - 1]);
}

Test(hist, bucket_edges_hold_their_own_value)
{
    for (unsigned bit = 10; bit < 64; bit++) {
        memset(&h, 0, sizeof h);
        hist_add(&h, (uint64_t)1 << bit);
        hist_add(&h, UINT64_MAX);
        uint64_t low = hist_quantile(&h, 500);
        cr_assert_geq(low, (uint64_t)1 << bit);
        cr_assert_leq(low - ((uint64_t)1 << bit), ((uint64_t)1 << bit) / 512);
        cr_assert_eq(hist_quantile(&h, 1000), UINT64_MAX);
    }
}

Test(hist, merging_in_any_order_is_adding_all)
{
    static struct hist a, b, both, ab, ba;
    struct rng rng = rng_stream(7, 0);
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t v = rng_below(&rng, 100000);
        hist_add(i % 3 ? &a : &b, v);
        hist_add(&both, v);
    }
    hist_merge(&ab, &a);
    hist_merge(&ab, &b);
    hist_merge(&ba, &b);
    hist_merge(&ba, &a);
    cr_expect_eq(memcmp(&ab, &both, sizeof both), 0);
    cr_expect_eq(memcmp(&ba, &both, sizeof both), 0);
    hist_merge(&both, &other);
    cr_expect_eq(memcmp(&ab, &both, sizeof both), 0, "merging nothing changed something");
}
