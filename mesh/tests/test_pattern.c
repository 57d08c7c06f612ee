/* Traffic patterns: every destination of BookSim's definitions, and the sizes they need. */
#include "mesh/pattern.h"

#include <criterion/criterion.h>
#include <string.h>

static struct config machine(unsigned width, unsigned height, unsigned concentration)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = width;
    cfg.mesh_height = height;
    cfg.mesh_concentration = concentration;
    return cfg;
}

static struct pattern pattern(const struct config *cfg, const struct mesh_traffic *traffic)
{
    struct pattern p;
    struct error e;
    cr_assert(pattern_init(&p, cfg, traffic, &e), "%s", e.text);
    return p;
}

static struct pattern pattern_8x8(enum mesh_pattern which)
{
    struct config cfg = machine(8, 8, 1);
    return pattern(&cfg, &(struct mesh_traffic){.pattern = which});
}

static tile_id at(unsigned x, unsigned y)
{
    return (tile_id)(y * 8 + x);
}

Test(pattern, permutations_of_8x8_are_those_of_the_definitions)
{
    static const struct {
        enum mesh_pattern pattern;
        unsigned from[3], to[3];
    } rows[] = {
        {MESH_TRANSPOSE, {1, 15, 27}, {8, 57, 27}}, /* (1,0) (7,1) (3,3) */
        {MESH_BITCOMP, {0, 1, 45}, {63, 62, 18}},
        {MESH_BITREV, {1, 0x0b, 0x30}, {32, 0x34, 0x03}},
        {MESH_SHUFFLE, {1, 32, 0x2d}, {2, 1, 0x1b}},
        {MESH_TORNADO, {0, 4 + 0 * 8, 5 + 6 * 8}, {3 + 3 * 8, 7 + 3 * 8, 0 + 1 * 8}},
        {MESH_NEIGHBOR, {0, 7, 63}, {9, 8, 0}},
    };
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct pattern p = pattern_8x8(rows[k].pattern);
        struct rng rng = {1};
        for (unsigned n = 0; n < 3; n++)
            cr_expect_eq(pattern_destination(&p, (tile_id)rows[k].from[n], &rng), rows[k].to[n],
                         "%s of %u", mesh_pattern_name(rows[k].pattern), rows[k].from[n]);
    }
}

/* Each node sends and is sent to once, on every size that the pattern allows. */
Test(pattern, permutations_reach_every_node_once)
{
    static const enum mesh_pattern permutations[] = {MESH_TRANSPOSE, MESH_BITCOMP, MESH_BITREV,
                                                     MESH_SHUFFLE,   MESH_TORNADO, MESH_NEIGHBOR};
    static const unsigned shapes[][3] = {{8, 8, 1}, {4, 4, 4}, {1, 1, 1}, {2, 2, 2}};
    for (unsigned k = 0; k < sizeof permutations / sizeof *permutations; k++)
        for (unsigned s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            struct config cfg = machine(shapes[s][0], shapes[s][1], shapes[s][2]);
            struct pattern p = pattern(&cfg, &(struct mesh_traffic){.pattern = permutations[k]});
            bool reached[64] = {false};
            struct rng rng = {1};
            for (unsigned n = 0; n < p.nodes; n++) {
                tile_id to = pattern_destination(&p, (tile_id)n, &rng);
                cr_assert_lt(to, p.nodes);
                cr_assert_not(reached[to], "%s: node %u twice", mesh_pattern_name(permutations[k]),
                              to);
                reached[to] = true;
            }
        }
}

Test(pattern, nodes_that_share_a_router_keep_their_number_in_it)
{
    struct config cfg = machine(4, 4, 4);
    struct pattern p = pattern(&cfg, &(struct mesh_traffic){.pattern = MESH_TRANSPOSE});
    struct rng rng = {1};
    cr_expect_eq(pattern_destination(&p, 1 * 4 + 3, &rng), 4 * 4 + 3); /* (1,0) to (0,1) */
}

Test(pattern, asymmetric_sends_half_of_the_packets_to_each_half)
{
    struct pattern p = pattern_8x8(MESH_ASYMMETRIC);
    struct rng rng = {3};
    unsigned upper = 0;
    for (unsigned k = 0; k < 10000; k++) {
        tile_id to = pattern_destination(&p, at(5, 6), &rng); /* 53 */
        cr_assert(to == 53 || to == 21);
        upper += to == 53;
    }
    cr_expect_float_eq((double)upper, 5000, 250);
}

Test(pattern, hotspots_are_drawn_by_their_weights)
{
    struct config cfg = machine(8, 8, 1);
    struct mesh_traffic traffic = {
        .pattern = MESH_HOTSPOT, .hotspots = 3, .hotspot = {{9, 1}, {27, 2}, {63, 5}}};
    struct pattern p = pattern(&cfg, &traffic);
    struct rng rng = {4};
    unsigned seen[64] = {0};
    for (unsigned k = 0; k < 80000; k++)
        seen[pattern_destination(&p, 0, &rng)]++;
    cr_expect_float_eq((double)seen[9], 10000, 500);
    cr_expect_float_eq((double)seen[27], 20000, 700);
    cr_expect_float_eq((double)seen[63], 50000, 900);
    cr_expect_eq(seen[9] + seen[27] + seen[63], 80000);
}

static void expect_refusal(unsigned width, unsigned height, struct mesh_traffic traffic,
                           const char *words)
{
    struct config cfg = machine(width, height, 1);
    struct pattern p;
    struct error e = {0};
    cr_expect_not(pattern_init(&p, &cfg, &traffic, &e), "%s", words);
    cr_expect_eq(e.status, EXIT_STATUS_USAGE);
    cr_expect_not_null(strstr(e.text, words), "%s", e.text);
}

Test(pattern, a_size_that_the_pattern_does_not_allow_is_refused_by_name)
{
    expect_refusal(8, 4, (struct mesh_traffic){.pattern = MESH_TRANSPOSE},
                   "transpose needs as many routers in x as in y; this mesh has 8x4");
    expect_refusal(6, 6, (struct mesh_traffic){.pattern = MESH_BITCOMP},
                   "bitcomp needs a power of two of nodes; this mesh has 6x6");
    expect_refusal(3, 4, (struct mesh_traffic){.pattern = MESH_BITREV}, "bitrev needs");
    expect_refusal(5, 5, (struct mesh_traffic){.pattern = MESH_SHUFFLE}, "shuffle needs");
    expect_refusal(3, 3, (struct mesh_traffic){.pattern = MESH_ASYMMETRIC},
                   "asymmetric needs an even number of nodes");
    expect_refusal(4, 4, (struct mesh_traffic){.pattern = MESH_HOTSPOT}, "at least one hotspot");
}

Test(pattern, a_hotspot_that_is_no_node_is_refused)
{
    expect_refusal(
        4, 4, (struct mesh_traffic){.pattern = MESH_HOTSPOT, .hotspots = 1, .hotspot = {{16, 1}}},
        "hotspot 16: there is no such node; this mesh has nodes 0 to 15");
    expect_refusal(
        4, 4, (struct mesh_traffic){.pattern = MESH_HOTSPOT, .hotspots = 1, .hotspot = {{3, 0}}},
        "hotspot 3: weight 0");
}
