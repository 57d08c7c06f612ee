/* Births and sizes: their rates, and when an on-off process bears. */
#include "mesh/injection.h"

#include <criterion/criterion.h>
#include <math.h>

static struct injection injection;

static void init(const struct mesh_traffic *traffic)
{
    struct error e;
    cr_assert(injection_init(&injection, traffic, &e), "%s", e.text);
}

static double mean_gap(unsigned draws)
{
    struct rng rng = rng_stream(9, 1);
    double sum = 0;
    for (unsigned k = 0; k < draws; k++)
        sum += (double)injection_gap(&injection, &rng);
    return sum / draws;
}

/* The same process, cycle by cycle, as its definition reads. */
static double squared_gap_by_definition(double alpha, double beta, double p, unsigned births)
{
    struct rng rng = rng_stream(10, 2);
    double squares = 0;
    bool on = true;
    for (unsigned k = 0; k < births; k++)
        for (uint64_t gap = 1;; gap++) {
            double turn = (double)(rng_next(&rng) >> 11) * 0x1p-53;
            on = on ? turn >= beta : turn < alpha;
            if (on && (double)(rng_next(&rng) >> 11) * 0x1p-53 < p) {
                squares += (double)(gap * gap);
                break;
            }
        }
    return squares / births;
}

static double squared_gap(unsigned draws)
{
    struct rng rng = rng_stream(11, 3);
    double squares = 0;
    for (unsigned k = 0; k < draws; k++) {
        double gap = (double)injection_gap(&injection, &rng);
        squares += gap * gap;
    }
    return squares / draws;
}

Test(injection, on_off_keeps_the_mean_rate)
{
    static const struct {
        double rate, alpha, beta;
    } rows[] = {{0.1, 0.02, 0.05}, {0.25, 0.5, 0.5}, {0.05, 0.001, 0.01}, {0.4, 1, 0.3}};
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
        init(&(struct mesh_traffic){
            .rate = rows[k].rate, .packet_flits = 1, .alpha = rows[k].alpha, .beta = rows[k].beta});
        cr_expect_float_eq(mean_gap(400000) * rows[k].rate, 1, 0.03, "row %u: %g", k,
                           mean_gap(400000) * rows[k].rate);
    }
}

Test(injection, on_off_gaps_are_spread_as_the_definition_says)
{
    static const struct {
        double rate, alpha, beta;
    } rows[] = {{0.1, 0.02, 0.05}, {0.25, 0.5, 0.5}, {0.3, 0.1, 0.1}, {0.4, 1, 0.3}};
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
        double on = rows[k].alpha / (rows[k].alpha + rows[k].beta);
        init(&(struct mesh_traffic){
            .rate = rows[k].rate, .packet_flits = 1, .alpha = rows[k].alpha, .beta = rows[k].beta});
        double wanted =
            squared_gap_by_definition(rows[k].alpha, rows[k].beta, rows[k].rate / on, 400000);
        cr_expect_float_eq(squared_gap(400000) / wanted, 1, 0.05, "row %u: %g, wanted %g", k,
                           squared_gap(400000), wanted);
    }
}

Test(injection, a_share_of_the_nodes_begins_on)
{
    init(&(struct mesh_traffic){.rate = 0.5, .packet_flits = 1, .alpha = 0.01, .beta = 0.01});
    unsigned soon = 0;
    for (unsigned n = 0; n < 4000; n++) {
        struct rng rng = rng_stream(5, n);
        soon += injection_first_gap(&injection, &rng) == 1; /* the chance is 1 while it is on */
    }
    cr_expect_float_eq((double)soon, 2000, 160);
}

Test(injection, sizes_come_by_their_weights_and_keep_the_rate)
{
    init(&(struct mesh_traffic){.rate = 0.36, .sizes = 2, .size = {{1, 800}, {5, 200}}});
    struct rng rng = rng_stream(6, 0);
    unsigned fives = 0;
    for (unsigned k = 0; k < 100000; k++) {
        unsigned flits = injection_flits(&injection, &rng);
        cr_assert(flits == 1 || flits == 5);
        fives += flits == 5;
    }
    cr_expect_float_eq((double)fives, 20000, 600);
    cr_expect_float_eq(mean_gap(400000), 1.8 / 0.36, 0.05); /* 1.8 flits a packet */
    cr_expect_eq(injection.flits_max, 5);
}

static void expect_refusal(struct mesh_traffic traffic, const char *words)
{
    struct error e = {0};
    cr_expect_not(injection_init(&injection, &traffic, &e), "%s", words);
    cr_expect_eq(e.status, EXIT_STATUS_USAGE);
    cr_expect_not_null(strstr(e.text, words), "%s", e.text);
}

Test(injection, what_cannot_be_is_refused)
{
    expect_refusal((struct mesh_traffic){.rate = 0, .packet_flits = 1}, "rate 0:");
    expect_refusal((struct mesh_traffic){.rate = NAN, .packet_flits = 1}, "rate nan:");
    expect_refusal((struct mesh_traffic){.rate = 1.01, .packet_flits = 1}, "rate 1.01:");
    expect_refusal((struct mesh_traffic){.rate = 0.1, .packet_flits = 65}, "packet of 65 flits");
    expect_refusal((struct mesh_traffic){.rate = 0.1, .sizes = 1, .size = {{0, 1}}},
                   "packet of 0 flits");
    expect_refusal((struct mesh_traffic){.rate = 0.1, .sizes = 1, .size = {{1, 0}}}, "weight 0");
    expect_refusal((struct mesh_traffic){.rate = 0.1, .packet_flits = 1, .alpha = 0.5},
                   "beta 0: both");
    expect_refusal((struct mesh_traffic){.rate = 0.6, .packet_flits = 1, .alpha = 0.5, .beta = 0.5},
                   "on 0.5 of the time");
}
