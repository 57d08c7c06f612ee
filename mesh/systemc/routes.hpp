/*
 * Where a head may go from a router: the ports that lead nearer and that the
 * routing allows, x before y; or the node's port, when it is there.  And where
 * a multicast is copied to: along its row, and from there along the columns.
 *
 *   xy, yx       one dimension, then the other
 *   west-first   all moves to the west first, then any (Glass and Ni, 1992)
 *   odd-even     no turn from east to north or south in an even column, none from
 *                north or south to west in an odd one (Chiu, 2000)
 *   o1turn       xy in VCs of class 0, yx in those of class 1 (Seo et al., 2005)
 *   adaptive     any, in VCs of class 1; the escape of class 0 goes xy (Duato, 1993)
 */
#ifndef TESSERA_SYSTEMC_ROUTES_HPP
#define TESSERA_SYSTEMC_ROUTES_HPP

#include <vector>

#include "mesh/systemc/shape.hpp"

namespace reference
{

class routes
{
  public:
    routes(const shape &of, unsigned router) : mesh(of), x(router % of.width), y(router / of.width)
    {
    }

    struct branch {
        unsigned port;
        uint64_t set; /* nodes behind it */
    };

    /* Of a multicast to these nodes: xy's way to each. */
    std::vector<branch> branches(uint64_t set) const
    {
        std::vector<branch> all;
        for (unsigned port = 0; port < mesh.ports(); port++) {
            uint64_t behind = 0;
            for (unsigned n = 0; n < mesh.nodes(); n++)
                if (set >> n & 1 && xy(n) == port)
                    behind |= uint64_t(1) << n;
            if (behind)
                all.push_back({port, behind});
        }
        return all;
    }

    /* The way of dimension order, and of the escape. */
    unsigned xy(unsigned to) const
    {
        unsigned target = to / mesh.concentration;
        unsigned to_x = target % mesh.width, to_y = target / mesh.width;
        if (x != to_x)
            return x < to_x ? EAST : WEST;
        return y != to_y ? y < to_y ? SOUTH : NORTH : LOCAL + to % mesh.concentration;
    }

    /* Of a packet for node `to` that has come in through port `from`, on a VC of this class. */
    std::vector<unsigned> towards(unsigned to, unsigned from, unsigned vc_class) const
    {
        unsigned target = to / mesh.concentration;
        unsigned to_x = target % mesh.width, to_y = target / mesh.width;
        unsigned across = x < to_x ? EAST : WEST, along = y < to_y ? SOUTH : NORTH;
        if (x == to_x && y == to_y)
            return {LOCAL + to % mesh.concentration};
        if (x == to_x)
            return {along};
        if (y == to_y)
            return {across};
        switch (mesh.ways) {
        case routing::yx:
            return {along};
        case routing::west_first:
            return across == WEST ? only(across) : both(across, along);
        case routing::o1turn:
            return only(vc_class ? along : across);
        case routing::adaptive:
            return both(across, along);
        case routing::odd_even:
            return across == WEST ? to_the_west(along) : to_the_east(along, to_x, from);
        default:
            return {across};
        }
    }

  private:
    const shape mesh;
    const unsigned x, y;

    static std::vector<unsigned> only(unsigned port) { return {port}; }
    static std::vector<unsigned> both(unsigned a, unsigned b) { return {a, b}; }

    /* It will have to turn west again after leaving the row: in even columns only. */
    std::vector<unsigned> to_the_west(unsigned along) const
    {
        return x % 2 == 0 ? both(WEST, along) : only(WEST);
    }

    /* It may leave the row in an odd column, or where it has not come along it; and it
     * must before its target's column, if that is even. */
    std::vector<unsigned> to_the_east(unsigned along, unsigned to_x, unsigned from) const
    {
        bool may_turn = x % 2 == 1 || from != WEST;
        bool may_go_on = to_x % 2 == 1 || to_x - x > 1;
        return may_turn && may_go_on ? both(EAST, along) : only(may_turn ? along : EAST);
    }
};

} // namespace reference

#endif
