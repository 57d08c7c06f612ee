/*
 * Routings: where a head may go, given the port and VC at whose front it is.
 *
 *   xy, yx       dimension by dimension
 *   o1turn       both, each in VCs of its own (Seo, Ali, Lim, Rafique,
 *                Thottethodi, ISCA 2005); the source chooses by a hash
 *   west-first   all moves to the west come first, then any that lead nearer
 *                (the turn model of Glass and Ni, ISCA 1992)
 *   odd-even     no turn from east to north or south in an even column, none
 *                from north or south to west in an odd one (Chiu, TPDS 2000);
 *                whether a packet has come from the west is read off its input
 *   adaptive     any move that leads nearer, over VCs of class 1; or the move
 *                that xy would make, over class 0, the escape (Duato, 1993).
 *                Buffers may hold flits of several packets, and then Duato's
 *                proof wants that a packet which enters a VC of class 1 fits
 *                behind what is there: otherwise it could
 *                wait there for ever without being able to ask for the escape
 *                (Ma, Enright Jerger, Wang, HPCA 2012)
 *   table        a table for each destination (table.c)
 *   unsafe       any move that leads nearer, over any VC: it deadlocks
 *
 * All but table are minimal.  Among several outputs the router takes, each cycle anew,
 * the one whose VCs of the group have the most credits, among those with a free VC;
 * the first of them if there is a tie, so that x goes before y.
 *
 * Acknowledgements that may be combined go yx in a VC of their own: the
 * reverse of the multicast's tree.
 */
#include "mesh/routing.h"

#include "mesh/general.h"

static struct ways one_way(unsigned output, unsigned group)
{
    return (struct ways){(uint16_t)(1u << output), (uint8_t)group, PORT_NONE, 0, false};
}

/* The group of class `class` of the virtual network that VC vc belongs to. */
static unsigned group_of(const struct mesh *m, unsigned vc, unsigned class)
{
    return m->vc_vnet[vc] * m->classes + class;
}

static unsigned output_to_node(flit_t flit)
{
    return MESH_NEIGHBOURS + flit_local(flit);
}

static struct ways ways_xy(const struct mesh *m, const struct port *in, unsigned vc, flit_t flit)
{
    return one_way(route_xy(in, flit), m->vc_group[vc]);
}

static struct ways ways_yx(const struct mesh *m, const struct port *in, unsigned vc, flit_t flit)
{
    return one_way(route_yx(in, flit), m->vc_group[vc]);
}

static struct ways ways_o1turn(const struct mesh *m, const struct port *in, unsigned vc,
                               flit_t flit)
{
    unsigned group = m->vc_group[vc];
    return one_way(group % 2 ? route_yx(in, flit) : route_xy(in, flit), group);
}

static struct ways any_of(unsigned outputs, unsigned group)
{
    return (struct ways){(uint16_t)outputs, (uint8_t)group, PORT_NONE, 0, false};
}

static struct ways ways_west_first(const struct mesh *m, const struct port *in, unsigned vc,
                                   flit_t flit)
{
    unsigned way = nearer(in, flit), group = m->vc_group[vc];
    if (way == 0)
        return one_way(output_to_node(flit), group);
    return any_of(way & 1u << MESH_WEST ? 1u << MESH_WEST : way, group);
}

/* To the east: a turn off the row only where the packet has not come along it from the
 * west, or in an odd column; and not past the last column where it can turn. */
static unsigned odd_even_east(const struct port *in, unsigned way, flit_t flit)
{
    unsigned vertical = way & ~(1u << MESH_EAST), outputs = 0;
    if (vertical == 0)
        return way;
    if (in->x % 2 || in->number != (MESH_EAST ^ 1))
        outputs |= vertical;
    if (flit_x(flit) % 2 || flit_x(flit) - in->x != 1)
        outputs |= 1u << MESH_EAST;
    return outputs;
}

static struct ways ways_odd_even(const struct mesh *m, const struct port *in, unsigned vc,
                                 flit_t flit)
{
    unsigned way = nearer(in, flit), group = m->vc_group[vc];
    if (way == 0)
        return one_way(output_to_node(flit), group);
    if (way & 1u << MESH_EAST)
        return any_of(odd_even_east(in, way, flit), group);
    if (way & 1u << MESH_WEST && in->x % 2)
        return one_way(MESH_WEST, group);
    return any_of(way, group);
}

static struct ways ways_adaptive(const struct mesh *m, const struct port *in, unsigned vc,
                                 flit_t flit)
{
    unsigned way = nearer(in, flit), escape = route_xy(in, flit);
    return (struct ways){(uint16_t)(way ? way : 1u << escape), (uint8_t)group_of(m, vc, 1),
                         (uint8_t)escape, (uint8_t)group_of(m, vc, 0), true};
}

static struct ways ways_unsafe(const struct mesh *m, const struct port *in, unsigned vc,
                               flit_t flit)
{
    unsigned way = nearer(in, flit);
    return any_of(way ? way : 1u << output_to_node(flit), m->vc_group[vc]);
}

/* Has what arrives through this port gone down?  From then on it must not go up. */
static bool comes_down(const struct mesh *m, const struct port *in)
{
    if (in->number >= MESH_NEIGHBOURS)
        return false;
    const struct general *g = m->general;
    unsigned here = in->y * m->width + in->x;
    size_t port = (size_t)here * m->ports + in->number;
    unsigned there = (unsigned)((port + (size_t)(ptrdiff_t)m->across[in->number]) / m->ports);
    return g->rank[there] < g->rank[here];
}

static struct ways ways_table(const struct mesh *m, const struct port *in, unsigned vc, flit_t flit)
{
    unsigned group = m->vc_group[vc];
    if (nearer(in, flit) == 0)
        return one_way(output_to_node(flit), group);
    size_t to = flit_y(flit) * m->width + flit_x(flit), at = in->y * m->width + in->x;
    unsigned entry = m->general->table[to * m->routers + at];
    return any_of(comes_down(m, in) ? entry >> 4 : entry & 15, group);
}

ways_fn *routing_ways(enum mesh_routing routing)
{
    static ways_fn *const ways[] = {
        [ROUTING_XY] = ways_xy,
        [ROUTING_YX] = ways_yx,
        [ROUTING_O1TURN] = ways_o1turn,
        [ROUTING_WEST_FIRST] = ways_west_first,
        [ROUTING_ODD_EVEN] = ways_odd_even,
        [ROUTING_ADAPTIVE] = ways_adaptive,
        [ROUTING_TABLE] = ways_table,
        [ROUTING_UNSAFE] = ways_unsafe,
    };
    return ways[routing];
}

unsigned routing_classes(enum mesh_routing routing)
{
    return routing == ROUTING_O1TURN || routing == ROUTING_ADAPTIVE ? 2 : 1;
}
