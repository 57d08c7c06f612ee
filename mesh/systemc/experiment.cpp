#include "mesh/systemc/experiment.hpp"

#include <algorithm>

#include "sim/base/rng.h"

namespace reference
{
namespace
{

enum { NODES_MAX = 36, FLIT_HOPS_MAX = 32000, MULTICAST_FLITS_MAX = 16 };

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
    if (!d.once_in(3))
        mesh.ways = static_cast<routing>(d.below(static_cast<unsigned>(routing::count)));
    if (mesh.has_classes() && mesh.vcs == 1)
        mesh.vcs = d.between(2, 5);
    if (d.once_in(2))
        mesh.first = static_cast<arbiter>(d.below(static_cast<unsigned>(arbiter::count)));
    if (mesh.vnets > 1 && d.once_in(2))
        for (unsigned n = d.between(1, mesh.vnets); n > 0; n--)
            mesh.priority.push_back(d.below(d.once_in(2) ? 2 : 8));
    mesh.routers_copy = !d.once_in(6);
    mesh.counts = d.once_in(3);
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

/* At most: a tree shares some. */
unsigned hops(const shape &mesh, const packet &p)
{
    unsigned sum = 0;
    for (unsigned n = 0; n < mesh.nodes(); n++)
        sum += p.is_for(n) ? hops(mesh, p.from, n) : 0;
    return sum;
}

template <typename row, size_t rows> const row &pick(dice &d, const row (&table)[rows])
{
    return table[d.below(rows)];
}

struct group {
    const char *name;
    bool (*has)(dice &d, const shape &mesh, unsigned from, unsigned node);
};

const group groups[] = {
    {"all", [](dice &, const shape &, unsigned, unsigned) { return true; }},
    {"half of all", [](dice &d, const shape &, unsigned, unsigned) { return d.once_in(2); }},
    {"a few", [](dice &d, const shape &m, unsigned, unsigned) { return d.below(m.nodes()) < 3; }},
    {"a column",
     [](dice &, const shape &m, unsigned from, unsigned node) {
         return node / m.concentration % m.width == (from + 1) % m.width;
     }},
    {"a row",
     [](dice &, const shape &m, unsigned from, unsigned node) {
         return node / m.concentration / m.width == from / m.concentration / m.width;
     }},
};

uint64_t draw_set(dice &d, const shape &mesh, unsigned from)
{
    const group &members = pick(d, groups);
    uint64_t set = 0;
    for (unsigned n = 0; n < mesh.nodes(); n++)
        set |= uint64_t(members.has(d, mesh, from, n)) << n;
    return set ? set : uint64_t(1) << d.below(mesh.nodes());
}

/* Most of them short enough to be copied by routers; some fill a whole buffer, for which they
 * wait long where smaller packets keep it busy. */
void make_multicast(dice &d, const shape &mesh, packet &p)
{
    p.set = draw_set(d, mesh, p.from);
    if (d.once_in(4))
        p.flits = std::min(mesh.buffer_flits, unsigned(MULTICAST_FLITS_MAX));
    else if (!d.once_in(8))
        p.flits = std::min(p.flits, mesh.buffer_flits);
}

/* Births until the flits have enough hops to go: stretches of a random load, of
 * which some are silent, so that queues build up and drain. */
void draw_packets(dice &d, experiment &e)
{
    const sizes &size = pick(d, packet_sizes);
    const pattern &to_whom = pick(d, patterns);
    unsigned multicast_percent = d.once_in(3) ? 0 : d.once_in(3) ? 100 : d.between(1, 50);
    e.traffic = std::string(size.name) + ", " + to_whom.name + ", " +
                std::to_string(multicast_percent) + " % multicasts";
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
            if (d.below(100) < multicast_percent)
                make_multicast(d, e.mesh, p);
            unsigned work = p.flits * hops(e.mesh, p);
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

std::string priorities(const shape &mesh)
{
    std::string list;
    for (unsigned level : mesh.priority)
        list += (list.empty() ? "" : ",") + std::to_string(level);
    return list;
}

std::string describe(const shape &m)
{
    auto text = [](unsigned n) { return std::to_string(n); };
    return text(m.width) + "x" + text(m.height) + ", " + text(m.concentration) +
           " nodes a router, router_cycles " + text(m.router_cycles) + ", link_cycles " +
           text(m.link_cycles_x) + "/" + text(m.link_cycles_y) + ", " + text(m.vnets) +
           " virtual networks of " + text(m.vcs) + " VCs of " + text(m.buffer_flits) + " flits, " +
           routing_names[static_cast<int>(m.ways)] + ", " +
           arbiter_names[static_cast<int>(m.first)] + ", priorities \"" + priorities(m) +
           "\", multicasts copied by " + (m.routers_copy ? "routers" : "sources") +
           (m.counts ? ", counted" : "");
}

} // namespace reference
