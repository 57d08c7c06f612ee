/*
 * The simulator's mesh against the reference in SystemC: random meshes under
 * random traffic, flit by flit.
 */
#include <algorithm>
#include <cinttypes>

#include <criterion/criterion.h>

#include "mesh/systemc/compare.hpp"

using namespace reference;

enum : uint64_t { FIRST = 1, EXPERIMENTS = 200, ENOUGH_TO_FIND_A_FAULT = 80 };

/* That VCs are kept for multicasts is rare, but not in these. */
Test(compare, every_flit_crosses_every_router_in_the_same_cycle)
{
    uint64_t kept = 0;
    unsigned keeping[static_cast<int>(routing::count)] = {},
             keeping_by[static_cast<int>(arbiter::count)] = {};
    for (uint64_t seed = FIRST; seed < FIRST + EXPERIMENTS; seed++) {
        verdict v = compare(seed);
        cr_expect(v.equal, "%s", v.text.c_str());
        shape mesh = experiment_of(seed).mesh;
        kept += v.kept;
        keeping[static_cast<int>(mesh.ways)] += v.kept > 0;
        keeping_by[static_cast<int>(mesh.first)] += v.kept > 0;
    }
    cr_expect_geq(kept, 2000);
    for (routing r : {routing::xy, routing::west_first, routing::o1turn, routing::adaptive})
        cr_expect_geq(keeping[static_cast<int>(r)], 3, "routing %s", routing_names[int(r)]);
    for (unsigned count : keeping_by)
        cr_expect_geq(count, 5);
}

/* The seeds above mean little unless what they draw is as varied as it should be. */
Test(experiment, draws_every_kind_of_mesh)
{
    unsigned ways[static_cast<int>(routing::count)] = {};
    unsigned arbiters[static_cast<int>(arbiter::count)] = {};
    unsigned cycles[5] = {}, vnets[5] = {}, lines = 0, oblong = 0, shared = 0, far = 0, shallow = 0;
    unsigned flits_max = 0, levels = 0, counting = 0, trees = 0, long_trees = 0, expanded = 0;
    unsigned trees_by_routing[static_cast<int>(routing::count)] = {};
    for (uint64_t seed = FIRST; seed < FIRST + EXPERIMENTS; seed++) {
        experiment e = experiment_of(seed);
        cycles[e.mesh.router_cycles]++;
        vnets[e.mesh.vnets]++;
        ways[static_cast<int>(e.mesh.ways)]++;
        arbiters[static_cast<int>(e.mesh.first)]++;
        lines += e.mesh.width == 1 || e.mesh.height == 1;
        oblong += e.mesh.width != e.mesh.height;
        shared += e.mesh.concentration > 1;
        far += e.mesh.link_cycles_x > 1 && e.mesh.link_cycles_x != e.mesh.link_cycles_y;
        shallow += e.mesh.buffer_flits == 1;
        levels += !e.mesh.priority.empty();
        counting += e.mesh.counts;
        unsigned before = trees;
        for (const packet &p : e.packets) {
            bool tree = p.set && e.mesh.copied_by_routers(p.flits);
            flits_max = std::max(flits_max, p.flits);
            trees += tree;
            long_trees += tree && p.flits > 1;
            expanded += p.set && !tree;
        }
        trees_by_routing[static_cast<int>(e.mesh.ways)] += trees > before;
    }
    for (unsigned k = 1; k <= 4; k++)
        cr_expect(cycles[k] >= 20 && vnets[k] >= 10, "%u: %u and %u", k, cycles[k], vnets[k]);
    cr_expect(lines >= 20 && oblong >= 50 && shared >= 20 && far >= 10 && shallow >= 5);
    cr_expect_eq(flits_max, 64);
    cr_expect_geq(counting, 40);
    cr_expect(trees >= 10000 && long_trees >= 5000 && expanded >= 1000 && levels >= 20,
              "%u multicasts copied by routers (%u of several flits), %u by sources; %u priorities",
              trees, long_trees, expanded, levels);
    for (routing r : {routing::xy, routing::west_first, routing::o1turn, routing::adaptive})
        cr_expect_geq(trees_by_routing[static_cast<int>(r)], 8);
    for (unsigned count : ways)
        cr_expect_geq(count, 15);
    for (unsigned count : arbiters)
        cr_expect_geq(count, 15);
}

Test(compare, finds_every_planted_fault)
{
    for (int k = 1; k < static_cast<int>(fault::count); k++) {
        bool found = false;
        for (uint64_t seed = FIRST; !found && seed < FIRST + ENOUGH_TO_FIND_A_FAULT; seed++)
            found = !compare(seed, static_cast<fault>(k)).equal;
        cr_expect(found, "fault %d is not seen", k);
    }
}

Test(compare, tells_what_differs_first)
{
    for (uint64_t seed = FIRST;; seed++) {
        std::string text = compare(seed, fault::vc_pointer_stays).text;
        if (text.find("leaves the mesh at") == std::string::npos) {
            cr_assert_lt(seed, FIRST + ENOUGH_TO_FIND_A_FAULT);
            continue;
        }
        cr_expect_eq(text.find("seed " + std::to_string(seed) + ": "), 0u);
        for (const char *part :
             {"router_cycles", "packet ", "born", "the reference at", "in cycle"})
            cr_expect_neq(text.find(part), std::string::npos, "no \"%s\" in: %s", part,
                          text.c_str());
        return;
    }
}
