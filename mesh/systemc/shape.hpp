/*
 * What a reference mesh looks like, and where its wires lead.  Node n sits on
 * router n / concentration, at (router % width, router / width).  Ports 0 to 3
 * of a router face its neighbours at x+1, x-1, y+1 and y-1, port 4 + k faces
 * node k of the router.  VC v belongs to virtual network v / vcs.
 */
#ifndef TESSERA_SYSTEMC_SHAPE_HPP
#define TESSERA_SYSTEMC_SHAPE_HPP

#include <cstdint>

namespace reference
{

enum : unsigned { EAST, WEST, SOUTH, NORTH, LOCAL };

/* Faults that can be planted in the reference, to see that a comparison finds them. */
enum class fault {
    none,
    switch_grant_moves,      /* the switch's grant pointers move on grants that are not accepted */
    vc_grant_moves,          /* so do the VC allocator's */
    vc_pointer_stays,        /* the VC pointer of an input port does not move */
    speculates_blindly,      /* a head asks for the switch although no free VC has a credit */
    speculation_is_equal,    /* a committed VC does not beat a speculative one */
    allocation_wants_credit, /* only VCs that have a credit are allocated */
    source_first_fit,        /* a source takes the lowest VC that has a credit */
    source_prefers_vnet_0,   /* the virtual networks of a source do not take turns */
    takes_first_way,         /* a head that may choose takes the first way with a free VC */
    lowest_goes_first,       /* matrix and age arbiters always take the lowest number */
    count
};

/* How a packet finds its way, and who goes first where several want the same. */
enum class routing { xy, yx, west_first, odd_even, count };
enum class arbiter { round_robin, matrix, age, count };
inline const char *const routing_names[] = {"xy", "yx", "west-first", "odd-even"};
inline const char *const arbiter_names[] = {"round-robin", "matrix", "age"};

struct shape {
    unsigned width = 1, height = 1, concentration = 1;
    unsigned router_cycles = 3;
    unsigned link_cycles_x = 1, link_cycles_y = 1;
    unsigned vnets = 1, vcs = 1, buffer_flits = 1;
    routing ways = routing::xy;
    arbiter first = arbiter::round_robin;
    fault planted = fault::none;

    unsigned routers() const { return width * height; }
    unsigned nodes() const { return routers() * concentration; }
    unsigned ports() const { return LOCAL + concentration; }
    unsigned all_vcs() const { return vnets * vcs; }

    /* The router behind a port, or `routers()` where the mesh ends. */
    unsigned neighbour(unsigned router, unsigned port) const
    {
        unsigned x = router % width, y = router / width;
        switch (port) {
        case EAST:
            return x + 1 < width ? router + 1 : routers();
        case WEST:
            return x > 0 ? router - 1 : routers();
        case SOUTH:
            return y + 1 < height ? router + width : routers();
        case NORTH:
            return y > 0 ? router - width : routers();
        default:
            return routers();
        }
    }

    /* The port of the neighbour at the other end. */
    static unsigned facing(unsigned port) { return port ^ 1; }

    unsigned link_cycles(unsigned port) const
    {
        return port >= LOCAL ? 1 : port <= WEST ? link_cycles_x : link_cycles_y;
    }
};

} // namespace reference

#endif
