#include <criterion/criterion.h>

#include "mesh/recency.h"
#include "sim/base/rng.h"

enum { MEMBERS = 20, STEPS = 20000 };

/* What the row stands for: when each was served. */
static unsigned least_recent(const uint64_t *served, uint32_t mask)
{
    unsigned best = (unsigned)__builtin_ctz(mask);
    for (unsigned k = best + 1; k < MEMBERS; k++)
        if (mask >> k & 1 && served[k] < served[best])
            best = k;
    return best;
}

/* Through many numberings, with several served at once, and some never. */
Test(recency, chooses_the_one_served_longest_ago)
{
    uint16_t row[MEMBERS + 1] = {0};
    uint64_t served[MEMBERS] = {0};
    struct rng rng = rng_stream(1, 0);
    for (uint64_t now = 1; now <= STEPS; now++) {
        uint32_t mask = rng_below(&rng, (1u << MEMBERS) - 1) + 1, at_once = rng_below(&rng, 4) + 1;
        unsigned usual = MEMBERS - (now < STEPS / 2 ? 3 : 0), k = rng_below(&rng, usual);
        cr_assert_eq(recency_least(row, mask), least_recent(served, mask), "in step %u",
                     (unsigned)now);
        for (; at_once > 0 && k < usual; at_once--, k += 1 + rng_below(&rng, 3)) {
            recency_serve(row, MEMBERS, k);
            served[k] = now;
        }
        cr_assert_leq(row[MEMBERS], RECENCY_STAMPS_A_MEMBER * MEMBERS);
    }
}

Test(recency, begins_with_the_lowest_number)
{
    uint16_t row[MEMBERS + 1] = {0};
    for (unsigned k = 0; k < MEMBERS; k++) {
        cr_assert_eq(recency_least(row, (1u << MEMBERS) - 1), k);
        recency_serve(row, MEMBERS, k);
    }
    cr_assert_eq(recency_least(row, (1u << MEMBERS) - 1), 0);
}
