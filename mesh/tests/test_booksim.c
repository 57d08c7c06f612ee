/*
 * The mesh against BookSim 2, uniform traffic on 8x8 with 4 VCs of 8 flits.
 *
 * The rows were measured with BookSim 2 (revision 28f4329, iSLIP allocators,
 * one iteration).  Each is run here at the load that BookSim's network
 * accepted.  A row marked `long_run` was measured over a long run and is known
 * best; the others carry about 1 % of noise themselves, with 5 flits up to 3 %
 * near saturation.
 */
#include <criterion/criterion.h>
#include <math.h>

#include "mesh/mesh.h"

struct row {
    unsigned router_cycles, packet_flits;
    double load, packet_latency, network_latency;
    bool long_run;
};

static const struct row rows[] = {
    {3, 1, 0.00503802, 27.0341, 27.0341, false}, {3, 1, 0.0502865, 27.0338, 27.0338, false},
    {3, 1, 0.100137, 27.2594, 27.2594, true},    {3, 1, 0.150607, 27.4486, 27.4486, false},
    {3, 1, 0.200514, 27.8584, 27.8584, true},    {3, 1, 0.24951, 28.4088, 28.4088, false},
    {3, 1, 0.300182, 29.4436, 29.4436, true},    {3, 1, 0.349953, 31.6195, 31.6195, true},
    {3, 5, 0.005275, 31.0052, 30.9963, false},   {3, 5, 0.0507526, 31.8981, 31.7945, false},
    {3, 5, 0.09945, 32.8321, 32.6174, true},     {3, 5, 0.15156, 34.5285, 34.1693, false},
    {3, 5, 0.200246, 36.6314, 36.1307, true},    {3, 5, 0.251557, 39.4755, 38.8056, false},
    {3, 5, 0.300447, 44.6874, 43.8262, true},    {3, 5, 0.351056, 54.649, 53.5348, true},
    {1, 1, 0.00503854, 14.5253, 14.5253, false}, {1, 1, 0.0502786, 14.6076, 14.6076, false},
    {1, 1, 0.100255, 14.8236, 14.8236, false},   {1, 1, 0.150617, 15.096, 15.096, false},
    {1, 1, 0.200109, 15.5421, 15.5421, false},   {1, 1, 0.249589, 16.1801, 16.1801, false},
    {1, 1, 0.29956, 17.4108, 17.4108, false},    {1, 1, 0.349039, 19.6205, 19.6205, false},
    {4, 1, 0.0050375, 33.3029, 33.3029, false},  {4, 1, 0.100273, 33.8145, 33.8145, false},
    {4, 1, 0.200104, 35.0961, 35.0961, false},   {4, 1, 0.299471, 38.0719, 38.0719, false},
    {4, 1, 0.349177, 41.2517, 41.2517, false},   {2, 1, 0.0999099, 21.0777, 21.0777, false},
    {2, 1, 0.199946, 21.7901, 21.7901, false},   {2, 1, 0.299932, 23.6115, 23.6115, false},
    {2, 1, 0.349981, 26.0594, 26.0594, false},   {2, 5, 0.100163, 27.2834, 27.061, false},
    {2, 5, 0.200016, 31.559, 31.0568, false},    {2, 5, 0.299934, 39.7338, 38.8807, false},
    {2, 5, 0.350292, 49.6147, 48.5126, false},   {4, 5, 0.10016, 38.8883, 38.6659, false},
    {4, 5, 0.200004, 42.0402, 41.5377, false},   {4, 5, 0.29994, 49.1011, 48.2425, false},
    {4, 5, 0.35027, 58.7718, 57.6654, false},
};
enum { ROWS = sizeof rows / sizeof *rows };

static struct config machine(unsigned router_cycles)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = cfg.mesh_height = 8;
    cfg.mesh_vcs = 4;
    cfg.mesh_buffer_flits = 8;
    cfg.mesh_router_cycles = router_cycles;
    return cfg;
}

static struct mesh_result run(unsigned router_cycles, unsigned flits, double rate, cycle_t cycles)
{
    struct config cfg = machine(router_cycles);
    struct mesh_traffic traffic = {MESH_UNIFORM, rate, flits, 7, cycles};
    struct mesh_result result;
    struct error e;
    cr_assert(mesh_run_traffic(&cfg, &traffic, NULL, &result, &e), "%s", e.text);
    return result;
}

Test(booksim, uniform_latency_is_within_3_percent_up_to_load_035_and_2_up_to_03)
{
    double sum = 0;
    for (unsigned k = 0; k < ROWS; k++) {
        const struct row *row = &rows[k];
        struct mesh_result r = run(row->router_cycles, row->packet_flits, row->load, 0);
        double error = fabs(r.avg_packet_latency / row->packet_latency - 1);
        double network = fabs(r.avg_network_latency / row->network_latency - 1);
        double limit = row->load < 0.31 ? 0.02 : 0.03;
        cr_log_info("router_cycles %u, %u flits, %.3f: %.3f, BookSim %.3f, off by %.2f %%",
                    row->router_cycles, row->packet_flits, row->load, r.avg_packet_latency,
                    row->packet_latency, 100 * error);
        cr_expect(!r.saturated && error < limit && network < limit,
                  "router_cycles %u, %u flits, %.3f: %.3f (network %.3f), BookSim %.3f (%.3f)",
                  row->router_cycles, row->packet_flits, row->load, r.avg_packet_latency,
                  r.avg_network_latency, row->packet_latency, row->network_latency);
        cr_expect_float_eq(r.avg_hops, 6.25, 0.05);
        sum += error;
    }
    cr_log_info("mean error %.2f %%", 100 * sum / ROWS);
    cr_expect_lt(sum / ROWS, 0.005, "mean error %.4f", sum / ROWS);
}

/* Load and latency a little below saturation, from long runs. */
Test(booksim, knee_of_the_curve_is_within_3_percent)
{
    cr_expect_float_eq(run(3, 1, 0.37489, 40000).avg_packet_latency, 34.0232, 0.03 * 34.0);
    cr_expect_float_eq(run(3, 1, 0.400124, 100000).avg_packet_latency, 39.6148, 0.03 * 39.6);
}

/* BookSim is stable at 0.431 and not at 0.4375 (1 flit), at 0.4125 and not at 0.419 (5 flits). */
Test(booksim, saturates_where_booksim_does)
{
    cr_expect(!run(3, 1, 0.42, 60000).saturated);
    cr_expect(run(3, 1, 0.445, 0).saturated);
    cr_expect(!run(3, 5, 0.40, 60000).saturated);
    cr_expect(run(3, 5, 0.43, 0).saturated);
}
