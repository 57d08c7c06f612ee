/*
 * Standalone traffic: gaps between births, batch means, and the run itself.
 */
#include <criterion/criterion.h>
#include <math.h>

#include "mesh/batch_means.h"
#include "mesh/geometric.h"
#include "mesh/load.h"

/* ---- gaps --------------------------------------------------------------- */

static struct geometric gap;

enum { DRAWS = 1000000 };

/* The chance of a gap of k is p q^(k-1), its mean 1/p, its variance q/p^2. */
Test(geometric, gaps_have_the_mean_and_variance_of_a_bernoulli_process)
{
    static const double chances[] = {0.9, 0.5, 0.2, 0.01, 0.001, 0.0001};
    for (unsigned c = 0; c < sizeof chances / sizeof *chances; c++) {
        double p = chances[c], sum = 0, squares = 0;
        struct rng rng = rng_stream(5, c);
        geometric_init(&gap, p);
        for (unsigned k = 0; k < DRAWS; k++) {
            double g = (double)geometric_draw(&gap, &rng);
            cr_assert_geq(g, 1);
            sum += g;
            squares += g * g;
        }
        double mean = sum / DRAWS, variance = squares / DRAWS - mean * mean;
        cr_expect_float_eq(mean * p, 1, 0.005, "p %g: mean %g", p, mean);
        cr_expect_float_eq(variance * p * p / (1 - p), 1, 0.02, "p %g: variance %g", p, variance);
    }
}

Test(geometric, every_short_gap_has_its_chance)
{
    double p = 0.25;
    unsigned seen[16] = {0};
    struct rng rng = rng_stream(6, 0);
    geometric_init(&gap, p);
    for (unsigned k = 0; k < DRAWS; k++) {
        uint64_t g = geometric_draw(&gap, &rng);
        if (g < 16)
            seen[g]++;
    }
    cr_assert_eq(seen[0], 0);
    for (unsigned k = 1; k < 16; k++) {
        double wanted = DRAWS * p * pow(1 - p, k - 1);
        cr_expect_float_eq(seen[k], wanted, 5 * sqrt(wanted), "gap %u", k);
    }
}

Test(geometric, chance_1_is_a_birth_every_cycle)
{
    struct rng rng = rng_stream(7, 0);
    geometric_init(&gap, 1);
    for (unsigned k = 0; k < 1000; k++)
        cr_assert_eq(geometric_draw(&gap, &rng), 1);
}

/* ---- batch means -------------------------------------------------------- */

/* Means of 32 batches that alternate between 90 and 110: 100 +- t * 10 * sqrt(1 / 31). */
Test(batch_means, interval_is_students)
{
    struct batch_means b;
    batch_means_start(&b, 1000);
    for (unsigned k = 0; k < 32; k++)
        for (unsigned n = 0; n < 4; n++)
            batch_means_add(&b, 1000 + k * 256 + n, k % 2 ? 110 : 90);
    cycle_t now = 1000 + 32 * 256;
    cr_assert_float_eq(batch_means_ci95(&b, now), 2.04 * 10 / sqrt(31), 0.01);
    cr_assert(!batch_means_settled(&b, now, 36)); /* 3.66 % */
    cr_assert(!batch_means_settled(&b, now, 38)); /* batches shorter than 4 x the mean */
}

/* Half of the batches at 90, then half at 110: neighbours agree, and the mean is known
 * far worse (r is bounded by 0.9, w by 19). */
Test(batch_means, batches_that_depend_on_each_other_widen_the_interval)
{
    struct batch_means b;
    batch_means_start(&b, 0);
    for (unsigned k = 0; k < 32; k++)
        batch_means_add(&b, k * 256, k < 16 ? 90 : 110);
    cr_assert_float_eq(batch_means_ci95(&b, 32 * 256), 2.04 * 10 * sqrt(19.0 / 31), 0.05);
}

Test(batch_means, merging_keeps_every_sample)
{
    struct batch_means b;
    uint64_t sum = 0, count = 0;
    batch_means_start(&b, 0);
    for (cycle_t at = 0; at < 100000; at += 7)
        batch_means_add(&b, at, at % 11);
    for (unsigned k = 0; k < BATCHES_MAX; k++) {
        sum += b.batch[k].sum;
        count += b.batch[k].count;
    }
    uint64_t wanted = 0;
    for (cycle_t at = 0; at < 100000; at += 7)
        wanted += at % 11;
    cr_assert_eq(count, (100000 + 6) / 7);
    cr_assert_eq(sum, wanted);
    cr_assert_gt((cycle_t)BATCHES_MAX << b.cycles_log2, 100000);
    cr_assert(batch_means_settled(&b, 100000, 10));
}

Test(batch_means, too_few_batches_settle_nothing)
{
    struct batch_means b;
    batch_means_start(&b, 0);
    for (unsigned k = 0; k < 31; k++)
        batch_means_add(&b, k * 256, 10);
    cr_assert(!batch_means_settled(&b, 31 * 256, 1000));
    cr_assert_eq(batch_means_ci95(&b, 31 * 256), 0);
    batch_means_add(&b, 31 * 256, 10);
    cr_assert(batch_means_settled(&b, 32 * 256, 10));
}

/* ---- runs --------------------------------------------------------------- */

static struct config machine(unsigned width, unsigned height)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = width;
    cfg.mesh_height = height;
    return cfg;
}

static struct mesh_result run(const struct config *cfg, struct mesh_traffic traffic)
{
    struct mesh_result result;
    struct error e;
    cr_assert(mesh_run_traffic(cfg, &traffic, NULL, &result, &e), "%s", e.text);
    return result;
}

Test(traffic, a_seed_decides_everything)
{
    struct config cfg = machine(5, 4);
    struct mesh_traffic traffic = {.rate = 0.2, .packet_flits = 3, .seed = 11};
    struct mesh_result a = run(&cfg, traffic), b = run(&cfg, traffic);
    traffic.seed = 12;
    struct mesh_result c = run(&cfg, traffic);
    cr_assert_eq(a.cycles, b.cycles);
    cr_assert_eq(a.latency.count, b.latency.count);
    cr_assert_eq(a.flit_hops, b.flit_hops);
    cr_assert_eq(a.latency.mean, b.latency.mean);
    cr_assert_neq(a.flit_hops, c.flit_hops);
}

Test(traffic, confidence_interval_is_within_1_percent)
{
    struct config cfg = machine(4, 4);
    struct mesh_result r =
        run(&cfg, (struct mesh_traffic){.rate = 0.3, .packet_flits = 5, .seed = 1});
    cr_assert(!r.saturated);
    cr_assert_gt(r.ci95, 0);
    cr_assert_lt(r.ci95, 0.011 * r.latency.mean);
    cr_assert_float_eq(r.accepted_rate, 0.3, 0.01);
    cr_assert(r.latency.p50 <= r.latency.p95 && r.latency.p95 <= r.latency.p99 &&
              r.latency.p99 <= r.latency.max);
    cr_assert_gt(r.latency.mean, r.network_latency);
}

/* One router, one node: every packet takes 2 + P cycles, whatever the load. */
Test(traffic, of_one_node_to_itself_is_known_exactly)
{
    struct config cfg = machine(1, 1);
    struct mesh_result r = run(
        &cfg, (struct mesh_traffic){.rate = 0.5, .packet_flits = 1, .seed = 1, .cycles = 20000});
    cr_assert_eq(r.latency.mean, 2 + cfg.mesh_router_cycles + 1);
    cr_assert_eq(r.hops, 1);
    cr_assert_eq(r.latency.max, r.latency.p50);
    cr_assert_float_eq(r.accepted_rate, 0.5, 0.02);
}

/* Half of all packets cross the middle of a 16 x 1 mesh, one link for 8 nodes:
 * more than 1/4 is not possible. */
Test(traffic, what_cannot_be_accepted_is_saturated)
{
    struct config cfg = machine(16, 1);
    cr_assert(
        !run(&cfg, (struct mesh_traffic){.rate = 0.15, .packet_flits = 1, .seed = 1}).saturated);
    struct mesh_result r =
        run(&cfg, (struct mesh_traffic){.rate = 0.3, .packet_flits = 1, .seed = 1});
    cr_assert(r.saturated);
    cr_assert_lt(r.accepted_rate, 0.28);
    cr_assert_gt(r.latency.count, 1000);
    cr_assert(!r.settled);
    cr_assert_eq(r.ci95, 0, "latency has no mean when it grows for ever");
    cr_assert_eq(r.network_latency, 0);
}

Test(traffic, a_saturated_load_too_is_measured_as_long_as_told)
{
    struct config cfg = machine(16, 1);
    struct mesh_result r = run(
        &cfg, (struct mesh_traffic){.rate = 0.3, .packet_flits = 1, .seed = 1, .cycles = 40000});
    cr_assert(r.saturated);
    cr_assert_eq(r.measured_cycles, (40000 + 1023) / 1024 * 1024);
}

/* Nodes 1 and 4 are behind broken routers, node 0 is cut off by them. */
Test(traffic, packets_that_are_lost_are_not_accepted)
{
    struct config cfg = machine(4, 4);
    struct error e = {0};
    cr_assert(config_set(&cfg, "mesh.routing=table", "here", &e), "%s", e.text);
    cr_assert(config_set(&cfg, "mesh.faults=router 1,0; router 0,1", "here", &e), "%s", e.text);
    struct mesh_result r = run(
        &cfg, (struct mesh_traffic){.rate = 0.1, .packet_flits = 5, .seed = 1, .cycles = 40000});
    double arrived = (double)r.latency.count / (double)(r.latency.count + r.lost);
    cr_assert_lt(arrived, 0.7);
    cr_assert_float_eq(r.accepted_rate, 0.1 * arrived, 0.003, "%g of %g", r.accepted_rate,
                       0.1 * arrived);
}

Test(traffic, measures_as_many_cycles_as_told)
{
    struct config cfg = machine(4, 4);
    struct mesh_result r = run(
        &cfg, (struct mesh_traffic){.rate = 0.1, .packet_flits = 1, .seed = 1, .cycles = 30000});
    cr_assert_float_eq((double)r.latency.count, 30000 * 16 * 0.1, 2000);
    cr_assert_eq(r.measured_cycles, (30000 + 1023) / 1024 * 1024);
    cr_assert_gt(r.cycles, r.measured_cycles);
}

static bool end_at_third(void *context, const struct mesh_progress *progress)
{
    unsigned *calls = context;
    ++*calls;
    cr_expect_eq(progress->cycle, *calls * 1024);
    cr_expect_str_eq(progress->phase, "warming up");
    return *calls < 3;
}

Test(traffic, whoever_watches_may_end_the_run)
{
    struct config cfg = machine(16, 16);
    struct mesh_traffic traffic = {.rate = 0.1, .packet_flits = 1, .seed = 1};
    struct mesh_result result;
    struct error e;
    unsigned calls = 0;
    struct mesh_watch watch = {.go_on = end_at_third, .context = &calls};
    cr_assert_not(mesh_run_traffic(&cfg, &traffic, &watch, &result, &e));
    cr_expect_eq(calls, 3);
    cr_expect_eq(e.status, EXIT_STATUS_INTERRUPT);
    cr_expect_str_eq(e.text, "interrupted at cycle 3072");
}

static void expect_refusal(struct mesh_traffic traffic)
{
    struct config cfg = machine(2, 2);
    struct mesh_result result;
    struct error e;
    cr_expect(!mesh_run_traffic(&cfg, &traffic, NULL, &result, &e));
    cr_expect_eq(e.status, EXIT_STATUS_USAGE);
}

Test(traffic, impossible_traffic_is_refused)
{
    expect_refusal((struct mesh_traffic){.rate = 0, .packet_flits = 1, .seed = 1});
    expect_refusal((struct mesh_traffic){.rate = 1.5, .packet_flits = 1, .seed = 1});
    expect_refusal((struct mesh_traffic){.rate = NAN, .packet_flits = 1, .seed = 1});
    expect_refusal((struct mesh_traffic){.rate = 0.1, .packet_flits = 0, .seed = 1});
    expect_refusal(
        (struct mesh_traffic){.rate = 0.1, .packet_flits = MESH_PACKET_FLITS_MAX + 1, .seed = 1});
    expect_refusal(
        (struct mesh_traffic){.pattern = (enum mesh_pattern)99, .rate = 0.1, .packet_flits = 1});
}

/* ---- closed loop -------------------------------------------------------- */

/* Each has as many flits in the buffers as the others, over some time. */
/* 1 - p is 1 as a double there, and a gap would take for ever to draw. */
Test(traffic, rates_too_low_to_be_drawn_are_refused)
{
    static const double rates[] = {1e-9, 1e-12, 1e-17, 1e-300};
    struct config cfg = machine(2, 2);
    for (unsigned i = 0; i < 4; i++) {
        struct mesh_result r;
        struct error e = {0};
        struct mesh_traffic t = {.rate = rates[i], .packet_flits = 1, .seed = 1, .cycles = 100};
        cr_assert(!mesh_run_traffic(&cfg, &t, NULL, &r, &e), "%g", rates[i]);
        cr_assert_eq(e.status, EXIT_STATUS_USAGE);
        cr_assert(strstr(e.text, "a node would begin a packet every"), "%s", e.text);
    }
}

Test(traffic, packets_of_a_node_take_the_virtual_networks_in_turns)
{
    struct config cfg = machine(4, 4);
    struct mesh_traffic traffic = {.rate = 0.3, .packet_flits = 1, .vnets = 4, .seed = 1};
    struct arena *arena = arena_create();
    struct error e;
    struct load *load = load_create(arena, &cfg, &traffic, &e);
    double seen[4] = {0}, all = 0;
    for (unsigned cycle = 0; cycle < 2000; cycle++) {
        load_cycle(load);
        for (unsigned r = 0; r < 16; r++)
            for (unsigned p = 0; p < mesh_ports(load->mesh); p++)
                for (unsigned v = 0; v < mesh_vcs(load->mesh); v++)
                    seen[v / cfg.mesh_vcs] += mesh_vc_flits(load->mesh, r, p, v);
    }
    cr_assert_eq(mesh_vcs(load->mesh), 4 * cfg.mesh_vcs);
    for (unsigned n = 0; n < 4; n++)
        all += seen[n];
    for (unsigned n = 0; n < 4; n++)
        cr_expect_float_eq(seen[n], all / 4, 0.02 * all, "%u: %g of %g", n, seen[n], all);
    arena_destroy(arena);
}

/* One node, a window of 1 and no thinking: request and reply take 6 cycles
 * each, the reply goes one cycle after the request has come, and so does the next request. */
Test(closed_loop, a_round_trip_alone_is_known_exactly)
{
    struct config cfg = machine(1, 1);
    struct mesh_result r = run(&cfg, (struct mesh_traffic){.rate = 1,
                                                           .packet_flits = 1,
                                                           .seed = 1,
                                                           .cycles = 10000,
                                                           .window = 1,
                                                           .reply_flits = 5});
    cr_expect_eq(r.round_trip.min, 6 + 1 + 6 + 4);
    cr_expect_eq(r.round_trip.max, 6 + 1 + 6 + 4);
    cr_expect_float_eq(r.accepted_rate, 6.0 / (6 + 1 + 6 + 4 + 1), 0.005);
}

Test(closed_loop, a_wider_window_carries_more_and_takes_longer)
{
    struct config cfg = machine(8, 8);
    struct mesh_result last = {.accepted_rate = 0};
    for (unsigned window = 1; window <= 16; window *= 4) {
        struct mesh_result r = run(
            &cfg, (struct mesh_traffic){
                      .rate = 1, .packet_flits = 1, .seed = 1, .window = window, .reply_flits = 5});
        cr_expect_not(r.saturated);
        cr_expect_gt(r.accepted_rate, last.accepted_rate);
        cr_expect_gt(r.round_trip.mean, last.round_trip.mean);
        /* Little's law: packets that are under way are rate x time.  A slot is free for a cycle. */
        double requests = r.accepted_rate / 6;
        cr_expect_float_eq(requests * (r.round_trip.mean + 1), window, 0.02 * window);
        last = r;
    }
}

Test(closed_loop, a_low_rate_leaves_the_window_open)
{
    struct config cfg = machine(4, 4);
    struct mesh_result r =
        run(&cfg, (struct mesh_traffic){
                      .rate = 0.02, .packet_flits = 1, .seed = 1, .window = 64, .reply_flits = 1});
    cr_expect_float_eq(r.accepted_rate, 2 * 0.02, 0.002);
    cr_expect_float_eq(r.round_trip.mean, 2 * (2 + 4 * 3.5) + 1, 0.5);
}

Test(closed_loop, what_cannot_be_is_refused)
{
    expect_refusal((struct mesh_traffic){.rate = 1, .packet_flits = 1, .window = 1});
    expect_refusal((struct mesh_traffic){
        .rate = 1, .packet_flits = 1, .window = MESH_WINDOW_MAX + 1, .reply_flits = 1});
}
