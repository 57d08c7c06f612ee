/*
 * The mesh against BookSim 2 (revision 28f4329): the points of
 * mesh/reference/booksim.csv that are marked quick, at the load that BookSim's
 * network accepted.  `make verify` looks at all of them, for longer.
 */
#include <criterion/criterion.h>

#include "mesh/tests/booksim_points.h"
#include "sim/base/arena.h"

static struct mesh_reference *rows;
static unsigned count;

static void read_points(void)
{
    struct error e;
    cr_assert(mesh_reference_read(BOOKSIM_POINTS, &rows, &count, &e), "%s", e.text);
}

static void release_points(void)
{
    mem_free(rows);
}

TestSuite(booksim, .init = read_points, .fini = release_points);

static struct booksim_check compare(const struct mesh_reference *row)
{
    struct booksim_check c;
    struct error e;
    cr_assert(booksim_compare(row, 7, 0, &c, &e), "%s", e.text);
    cr_log_info("router_cycles %u, %u flits, %s, %.4f: %.3f, BookSim %.3f, off by %.2f %%",
                row->router_cycles, row->packet_flits, row->traffic, row->load,
                c.result.latency.mean, row->latency, 100 * c.error);
    return c;
}

static double network_error(const struct mesh_reference *row, const struct booksim_check *c)
{
    return fabs(c->result.network_latency / row->network_latency - 1);
}

Test(booksim, latency_is_within_2_percent_and_1_in_the_mean)
{
    double sum = 0;
    unsigned compared = 0;
    for (unsigned k = 0; k < count; k++) {
        if (!rows[k].quick)
            continue;
        struct booksim_check c = compare(&rows[k]);
        cr_expect(c.good && network_error(&rows[k], &c) <= c.limit,
                  "router_cycles %u, %u flits, %s, %.4f: %.3f (network %.3f), BookSim %.3f (%.3f)",
                  rows[k].router_cycles, rows[k].packet_flits, rows[k].traffic, rows[k].load,
                  c.result.latency.mean, c.result.network_latency, rows[k].latency,
                  rows[k].network_latency);
        sum += fabs(c.error);
        compared++;
    }
    cr_log_info("%u points, mean error %.2f %%", compared, 100 * sum / compared);
    cr_expect_geq(compared, 40);
    cr_expect_lt(sum / compared, 0.01, "mean error %.4f", sum / compared);
}

static const struct mesh_reference *find_row(unsigned router_cycles, unsigned flits,
                                             const char *traffic, double load)
{
    for (unsigned k = 0; k < count; k++)
        if (rows[k].router_cycles == router_cycles && rows[k].packet_flits == flits &&
            strcmp(rows[k].traffic, traffic) == 0 && fabs(rows[k].load - load) < 0.0001)
            return &rows[k];
    cr_assert(false, "no such row: %u %u %s %g", router_cycles, flits, traffic, load);
    return NULL;
}

/* A little below saturation: loads at equal latency. */
Test(booksim, knee_of_the_curve_is_at_the_same_load_within_2_percent)
{
    const struct mesh_reference *knees[] = {find_row(3, 1, "uniform", 0.4001),
                                            find_row(3, 1, "tornado", 0.2495)};
    struct error e;
    for (unsigned k = 0; k < 2; k++) {
        bool good = false;
        cr_assert(booksim_load_fits(knees[k], 7, 60000, &good, &e), "%s", e.text);
        cr_expect(good, "%s at %g", knees[k]->traffic, knees[k]->load);
    }
}

Test(booksim, every_pattern_that_it_has_is_compared)
{
    for (unsigned p = 0; mesh_pattern_name(p); p++) {
        unsigned sizes = 0;
        for (unsigned k = 0; k < count; k++)
            if (rows[k].quick &&
                strncmp(rows[k].traffic, mesh_pattern_name(p), strlen(mesh_pattern_name(p))) == 0)
                sizes |= rows[k].packet_flits;
        cr_expect_eq(sizes, 5, "%s: 1 and 5 flits", mesh_pattern_name(p)); /* 1 | 5 */
    }
}
