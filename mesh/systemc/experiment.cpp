#include "mesh/systemc/experiment.hpp"

#include "sim/base/rng.h"

namespace reference
{
namespace
{

enum { NODES_MAX = 36, FLIT_HOPS_MAX = 40000 };

class dice
{
  public:
    explicit dice(uint64_t seed) : rng(rng_stream(seed, 0)) {}
    unsigned below(unsigned bound) { return rng_below(&rng, bound); }
    unsigned between(unsigned low, unsigned high) { return low + below(high - low + 1); }
    bool once_in(unsigned n) { return below(n) == 0; }

  private:
    struct rng rng;
};

/* ---- shapes ----------------------------------------------------------------- */

void draw_size(dice &d, shape &mesh)
{
    do {
        mesh.width = d.between(1, d.once_in(6) ? 12 : 6);
        mesh.height = d.once_in(6) ? 1 : d.between(1, 6);
        mesh.concentration = d.once_in(3) ? d.between(1, 4) : 1;
    } while (mesh.nodes() > NODES_MAX || mesh.nodes() < 2);
}

unsigned draw_link_cycles(dice &d)
{
    return d.once_in(2) ? 1 : d.once_in(8) ? 30 : d.between(1, 4);
}

shape draw_shape(dice &d)
{
    shape mesh;
    draw_size(d, mesh);
    mesh.router_cycles = d.between(1, 4);
    mesh.link_cycles_x = draw_link_cycles(d);
    mesh.link_cycles_y = draw_link_cycles(d);
    mesh.vnets = d.once_in(2) ? 1 : d.between(2, 4);
    mesh.vcs = d.once_in(8) ? 8 : d.between(1, 4);
    mesh.buffer_flits = d.once_in(8) ? 64 : d.between(1, 12);
    if (d.once_in(2))
        mesh.ways = static_cast<routing>(d.below(static_cast<unsigned>(routing::count)));
    if (d.once_in(2))
        mesh.first = static_cast<arbiter>(d.below(static_cast<unsigned>(arbiter::count)));
    return mesh;
}

/* ---- traffic ------------------------------------------------------------------ */

struct sizes {
    const char *name;
    unsigned (*draw)(dice &d);
};

const sizes packet_sizes[] = {
    {"1 flit", [](dice &) { return 1u; }},
    {"5 flits", [](dice &) { return 5u; }},
    {"1 or 5 flits", [](dice &d) { return d.once_in(2) ? 1u : 5u; }},
    {"1 to 4 flits", [](dice &d) { return d.between(1, 4); }},
    {"1 to 64 flits", [](dice &d) { return d.between(1, 64); }},
    {"mostly 1, some 64 flits", [](dice &d) { return d.once_in(20) ? 64u : 1u; }},
};

struct pattern {
    const char *name;
    unsigned (*draw)(dice &d, const shape &mesh, unsigned from);
};

const pattern patterns[] = {
    {"uniform", [](dice &d, const shape &m, unsigned) { return d.below(m.nodes()); }},
    {"half of it to node 0",
     [](dice &d, const shape &m, unsigned) { return d.once_in(2) ? 0 : d.below(m.nodes()); }},
    {"to the next node",
     [](dice &, const shape &m, unsigned from) { return (from + 1) % m.nodes(); }},
    {"to the opposite node",
     [](dice &, const shape &m, unsigned from) { return m.nodes() - 1 - from; }},
    {"from everywhere to two nodes",
     [](dice &d, const shape &m, unsigned) {
         return d.once_in(2) ? m.nodes() / 2 : m.nodes() - 1;
     }},
};

unsigned hops(const shape &mesh, unsigned from, unsigned to)
{
    unsigned a = from / mesh.concentration, b = to / mesh.concentration;
    unsigned ax = a % mesh.width, ay = a / mesh.width, bx = b % mesh.width, by = b / mesh.width;
    return (ax > bx ? ax - bx : bx - ax) + (ay > by ? ay - by : by - ay) + 1;
}

template <typename row, size_t rows> const row &pick(dice &d, const row (&table)[rows])
{
    return table[d.below(rows)];
}

/* Births until the flits have enough hops to go: stretches of a random load, of
 * which some are silent, so that queues build up and drain. */
void draw_packets(dice &d, experiment &e)
{
    const sizes &size = pick(d, packet_sizes);
    const pattern &to_whom = pick(d, patterns);
    e.traffic = std::string(size.name) + ", " + to_whom.name;
    unsigned budget = d.between(FLIT_HOPS_MAX / 8, FLIT_HOPS_MAX), permille = 0;
    for (uint64_t now = 0, end_of_stretch = 0;; now++) {
        if (now == end_of_stretch) {
            permille = d.once_in(4) ? 0 : d.once_in(3) ? d.between(1, 20) : d.between(20, 600);
            end_of_stretch += d.between(20, 200);
        }
        for (unsigned from = 0; from < e.mesh.nodes(); from++) {
            if (d.below(1000) >= permille)
                continue;
            unsigned id = static_cast<unsigned>(e.packets.size());
            packet p = {now,          from, to_whom.draw(d, e.mesh, from), d.below(e.mesh.vnets),
                        size.draw(d), id};
            unsigned work = p.flits * hops(e.mesh, p.from, p.to);
            if (work > budget)
                return;
            budget -= work;
            e.packets.push_back(p);
        }
    }
}

} // namespace

experiment experiment_of(uint64_t seed)
{
    dice d(seed);
    experiment e;
    e.seed = seed;
    e.mesh = draw_shape(d);
    draw_packets(d, e);
    return e;
}

std::string describe(const shape &m)
{
    auto text = [](unsigned n) { return std::to_string(n); };
    return text(m.width) + "x" + text(m.height) + ", " + text(m.concentration) +
           " nodes a router, router_cycles " + text(m.router_cycles) + ", link_cycles " +
           text(m.link_cycles_x) + "/" + text(m.link_cycles_y) + ", " + text(m.vnets) +
           " virtual networks of " + text(m.vcs) + " VCs of " + text(m.buffer_flits) + " flits, " +
           routing_names[static_cast<int>(m.ways)] + ", " +
           arbiter_names[static_cast<int>(m.first)];
}

} // namespace reference
