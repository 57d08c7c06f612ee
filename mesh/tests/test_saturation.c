/* The search for saturation, and what it must agree with. */
#include <criterion/criterion.h>

#include "mesh/mesh.h"

static struct mesh_saturation find(unsigned side, struct mesh_traffic traffic)
{
    struct config cfg;
    struct mesh_saturation found;
    struct error e;
    config_defaults(&cfg);
    cfg.mesh_width = cfg.mesh_height = side;
    cr_assert(mesh_find_saturation(&cfg, &traffic, NULL, &found, &e), "%s", e.text);
    return found;
}

/* BookSim carries 0.431 and not 0.4375 of 1 flit, 0.4125 and not 0.419 of 5. */
Test(saturation, lies_where_booksim_has_it)
{
    struct mesh_saturation one = find(8, (struct mesh_traffic){.packet_flits = 1, .seed = 1});
    struct mesh_saturation five = find(8, (struct mesh_traffic){.packet_flits = 5, .seed = 1});
    cr_expect(one.carried_rate > 0.4285 && one.refused_rate < 0.4375, "%g and %g", one.carried_rate,
              one.refused_rate);
    cr_expect(five.carried_rate > 0.4105 && five.refused_rate < 0.419, "%g and %g",
              five.carried_rate, five.refused_rate);
    cr_expect_leq(one.refused_rate - one.carried_rate, 0.005 * one.refused_rate);
    cr_expect(one.accepted_rate > 0.415 && one.accepted_rate < one.carried_rate);
}

/* Half of all packets cross the middle of a row of four, one link for two nodes;
 * a node's neighbour costs each link one flit. */
Test(saturation, is_what_the_narrowest_link_carries)
{
    struct mesh_saturation all =
        find(8, (struct mesh_traffic){.pattern = MESH_NEIGHBOR, .packet_flits = 1, .seed = 1});
    cr_expect_eq(all.carried_rate, 1);
    cr_expect_eq(all.refused_rate, 0);
    struct mesh_traffic spot = {
        .pattern = MESH_HOTSPOT, .packet_flits = 1, .seed = 1, .hotspots = 1, .hotspot = {{5, 1}}};
    struct mesh_saturation one = find(4, spot); /* 16 nodes share an ejection link */
    cr_expect_float_eq(one.carried_rate, 1.0 / 16, 0.03 / 16);
}

/* The nodes (1, 0) to (7, 0) all send through the link into (0, 0): seven flows.  The mean
 * over all nodes would hide that some of them starve. */
Test(saturation, is_that_of_the_worst_flow)
{
    struct mesh_saturation found =
        find(8, (struct mesh_traffic){.pattern = MESH_TRANSPOSE, .packet_flits = 1, .seed = 1});
    cr_expect_float_eq(found.carried_rate, 1.0 / 7, 0.005 / 7);
    cr_expect_gt(found.worst_share, 0.975);
}

static bool is_saturated(double rate, enum mesh_pattern pattern)
{
    struct config cfg;
    struct mesh_result result;
    struct error e;
    struct mesh_traffic traffic = {.pattern = pattern, .rate = rate, .packet_flits = 1, .seed = 1};
    config_defaults(&cfg);
    cfg.mesh_width = cfg.mesh_height = 8;
    cr_assert(mesh_run_traffic(&cfg, &traffic, NULL, &result, &e), "%s", e.text);
    return result.saturated;
}

/* A single load is saturated where the search says so. */
Test(saturation, means_the_same_for_a_single_load)
{
    static const enum mesh_pattern patterns[] = {MESH_TRANSPOSE, MESH_UNIFORM};
    for (unsigned k = 0; k < 2; k++) {
        struct mesh_saturation found =
            find(8, (struct mesh_traffic){.pattern = patterns[k], .packet_flits = 1, .seed = 1});
        cr_expect_not(is_saturated(found.carried_rate, patterns[k]));
        cr_expect(is_saturated(found.refused_rate, patterns[k]));
    }
}

Test(saturation, of_a_closed_loop_is_refused)
{
    struct config cfg;
    struct mesh_saturation found;
    struct error e;
    config_defaults(&cfg);
    cr_expect_not(mesh_find_saturation(&cfg, &(struct mesh_traffic){.packet_flits = 1, .window = 1},
                                       NULL, &found, &e));
    cr_expect_eq(e.status, EXIT_STATUS_USAGE);
}
