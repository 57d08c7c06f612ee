/*
 * What a reference mesh looks like, and where its wires lead.  Node n sits on
 * router n / concentration, at (router % width, router / width).  Ports 0 to 3
 * of a router face its neighbours at x+1, x-1, y+1 and y-1, port 4 + k faces
 * node k of the router.  VC v belongs to virtual network v / vcs.
 */
#ifndef TESSERA_SYSTEMC_SHAPE_HPP
#define TESSERA_SYSTEMC_SHAPE_HPP

#include <cstdint>
#include <vector>

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
    copies_go_alone,         /* the crossbar gives a flit of a multicast to one output a cycle */
    copies_want_no_room,     /* a copy takes an output VC without room for the whole packet */
    copies_move_pointer,     /* copies move the pointer of their input VC in VC allocation */
    sinks_fill_up,           /* copies wait for the credits of a sink that needs none */
    multicasts_draw_no_lot,  /* with o1turn, though the packets after them notice it */
    sources_alternate,       /* with o1turn a source goes xy and yx in turns */
    enters_without_room,     /* an adaptive VC is entered by packets that do not fit */
    escapes_first,           /* the escape VC is asked for whenever it is free */
    switch_has_no_levels,    /* routers know nothing of the virtual networks' priorities */
    sources_have_no_levels,  /* sources do not */
    nothing_is_kept,         /* for multicasts, however long they wait */
    patience_is_63,          /* and not 64 cycles */
    keeps_for_the_last,      /* of several copies that have asked equally long */
    keeps_the_lowest,        /* free VC, whatever its credits */
    keeps_several,           /* VCs of a group */
    counts_no_front,         /* of the flits in a buffer */
    count
};

/* How a packet finds its way, and who goes first where several want the same. */
enum class routing { xy, yx, west_first, odd_even, o1turn, adaptive, count };
enum class arbiter { round_robin, matrix, age, count };
inline const char *const routing_names[] = {"xy",       "yx",     "west-first",
                                            "odd-even", "o1turn", "adaptive"};
inline const char *const arbiter_names[] = {"round-robin", "matrix", "age"};

/* VCs first to end - 1 of a port. */
struct vc_range {
    unsigned first = 0, end = 0;
};

struct shape {
    unsigned width = 1, height = 1, concentration = 1;
    unsigned router_cycles = 3;
    unsigned link_cycles_x = 1, link_cycles_y = 1;
    unsigned vnets = 1, vcs = 1, buffer_flits = 1;
    routing ways = routing::xy;
    arbiter first = arbiter::round_robin;
    bool routers_copy = false;      /* multicasts, where the routing allows it */
    bool counts = false;            /* flits of every VC, and how long they stay */
    std::vector<unsigned> priority; /* of each virtual network; none: all equal */
    fault planted = fault::none;

    unsigned routers() const { return width * height; }
    unsigned nodes() const { return routers() * concentration; }
    unsigned ports() const { return LOCAL + concentration; }
    unsigned all_vcs() const { return vnets * vcs; }

    /* o1turn and adaptive routing divide the VCs of a virtual network: class 0 comes first,
     * the greater half for o1turn, one VC, the escape, for adaptive routing. */
    bool has_classes() const { return ways == routing::o1turn || ways == routing::adaptive; }
    unsigned class_0_vcs() const
    {
        return !has_classes() ? vcs : ways == routing::o1turn ? (vcs + 1) / 2 : 1;
    }
    unsigned class_of(unsigned vc) const { return vc % vcs >= class_0_vcs(); }
    vc_range vcs_of(unsigned vnet) const { return {vnet * vcs, (vnet + 1) * vcs}; }
    vc_range vcs_of(unsigned vnet, unsigned which_class) const
    {
        unsigned border = vnet * vcs + class_0_vcs();
        return which_class == 0 ? vc_range{vnet * vcs, border} : vc_range{border, (vnet + 1) * vcs};
    }

    /* Whether routers copy a multicast of so many flits, or its source does. */
    bool copied_by_routers(unsigned flits) const
    {
        return routers_copy && flits <= buffer_flits && ways != routing::yx &&
               ways != routing::odd_even;
    }

    /* Buffers as deep as a sink's credits are long on their way: they cannot run out of them. */
    bool sinks_never_fill() const { return buffer_flits >= (router_cycles == 1 ? 4 : 5); }

    /* What is less goes first. */
    unsigned level(unsigned vnet) const
    {
        enum : unsigned { HIGHEST = 7 };
        return HIGHEST - (vnet < priority.size() ? priority[vnet] : 0);
    }

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
