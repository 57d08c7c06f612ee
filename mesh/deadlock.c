/*
 * Deadlock, found exactly: which input VCs can never move again, whatever the
 * rest of the mesh does.
 *
 * An input VC can move if its front flit can, now or once others have moved:
 *   - its packet holds an output VC: if there is a credit, or something is on its
 *     way on that link, or the VC behind it can move;
 *   - the VC is empty, and its packet's other flits are still to come: if one is
 *     on its way, or the VC from which they come can move;
 *   - a head in front: if one of the VCs that it may ask for is free (with room for
 *     it, or with a VC behind it that can move), or its holder can move;
 *   - a multicast: if every one of its copies can get a VC (fan.h says why that is all).
 * Ejection takes everything.  All VCs start as stuck, and rules are applied
 * until nothing changes; first to all that hold anything, then to those that are left, to and fro.
 * Who is stuck at the end waits for somebody who is stuck as well, and going
 * from one to the next leads into a circle, which is the explanation.
 *
 * A livelock can come from tables only: a packet that has crossed more routers than
 * any way has.
 */
#include "mesh/general.h"
#include "mesh/routing.h"

enum { CIRCLE_SHOWN = 16 };
static const size_t NOBODY = SIZE_MAX;

struct look {
    const struct mesh *m;
    bool *moves;   /* an input VC that can move */
    size_t *stuck; /* input VCs that are not known to move */
    size_t count;
    uint32_t *holds; /* of an input VC: 1 + an output VC (port * V + vc in the whole mesh) */
};

static size_t at_port(const struct mesh *m, size_t in_vc)
{
    return in_vc / m->vcs;
}

static const struct port *port_of(const struct mesh *m, size_t in_vc)
{
    return &m->port[at_port(m, in_vc)];
}

/* The same router's port `number`. */
static size_t port_beside(const struct mesh *m, size_t in_vc, unsigned number)
{
    return at_port(m, in_vc) - port_of(m, in_vc)->number + number;
}

/* The input VC at the other end of an output VC, or of the link into an input VC. */
static size_t other_end(const struct mesh *m, size_t vc)
{
    size_t port = vc / m->vcs;
    return (port + (size_t)(ptrdiff_t)m->across[m->port[port].number]) * m->vcs + vc % m->vcs;
}

static bool is_ejection(const struct mesh *m, size_t vc)
{
    return m->port[vc / m->vcs].number >= MESH_NEIGHBOURS;
}

static size_t holder_of(const struct mesh *m, size_t out_vc)
{
    size_t port = out_vc / m->vcs;
    const struct vc_out *out = &m->out[out_vc];
    return (port - m->port[port].number + out->owner_port) * m->vcs + out->owner_vc;
}

static bool is_free(const struct mesh *m, size_t out_vc)
{
    return m->port[out_vc / m->vcs].free >> out_vc % m->vcs & 1;
}

/* Neither flits nor credits of the link behind an output VC are on their way. */
static bool link_rests(const struct mesh *m, size_t out_vc)
{
    return m->out[out_vc].credits + m->in[other_end(m, out_vc)].flits == (int)m->buffer_flits;
}

/* ---- whom an input VC waits for: NOBODY, or one that is not known to move ------- */

static size_t unless_moving(const struct look *l, size_t in_vc)
{
    return l->moves[in_vc] ? NOBODY : in_vc;
}

/* For room behind an output VC: `room` flits. */
static size_t blocks_room(const struct look *l, size_t out_vc, unsigned room)
{
    const struct mesh *m = l->m;
    if (is_ejection(m, out_vc) || m->out[out_vc].credits >= room || !link_rests(m, out_vc))
        return NOBODY;
    return unless_moving(l, other_end(m, out_vc));
}

/* For an output VC that a packet holds: the copies of a multicast let go of theirs whatever
 * the others wait for, since there is room for all of the packet on both sides. */
static size_t blocks_release(const struct look *l, size_t out_vc)
{
    const struct general *g = l->m->general;
    size_t holder = holder_of(l->m, out_vc);
    return g && g->fans && g->fan[holder].left ? NOBODY : unless_moving(l, holder);
}

/* For the other flits of a packet whose buffered ones have all gone on. */
static size_t blocks_arrival(const struct look *l, size_t in_vc)
{
    const struct mesh *m = l->m;
    if (is_ejection(m, in_vc)) /* an injection port: sources send whenever they can */
        return NOBODY;
    size_t out_vc = other_end(m, in_vc);
    if (is_free(m, out_vc) || !link_rests(m, out_vc))
        return NOBODY;
    return blocks_release(l, out_vc);
}

/* The flits that an output VC that is free must have room for before this head gets it: those of
 * a multicast for which it is kept, which goes first. */
static unsigned room_before(const struct mesh *m, size_t in_vc, size_t out_vc, unsigned room)
{
    const struct general *g = m->general;
    size_t port = out_vc / m->vcs;
    if (!g || !g->keeping || !(g->kept[port] >> out_vc % m->vcs & 1))
        return room;
    size_t head = (port - m->port[port].number) * m->vcs + g->kept_for[out_vc];
    return head == in_vc ? room : m->packet[(uint32_t)m->in[head].front].flits;
}

/* For one VC of output `number`, out of `mask`. */
static size_t blocks_output(const struct look *l, size_t in_vc, unsigned number, uint32_t mask,
                            unsigned room)
{
    const struct mesh *m = l->m;
    size_t who = NOBODY, port = port_beside(m, in_vc, number);
    for (; mask; mask &= mask - 1) {
        size_t out_vc = port * m->vcs + (unsigned)__builtin_ctz(mask);
        who = is_free(m, out_vc) ? blocks_room(l, out_vc, room_before(m, in_vc, out_vc, room))
                                 : blocks_release(l, out_vc);
        if (who == NOBODY)
            return NOBODY;
    }
    return who;
}

/* Where a head in front may go, in any mesh. */
static struct ways ways_of(const struct mesh *m, size_t in_vc)
{
    const struct general *g = m->general;
    unsigned vc = (unsigned)(in_vc % m->vcs);
    flit_t front = m->in[in_vc].front;
    const struct port *in = port_of(m, in_vc);
    struct ways xy = {(uint16_t)(1u << route_xy(in, front)), m->vc_group[vc], PORT_NONE, 0, false};
    if (!g)
        return xy;
    if (m->vc_group[vc] == g->ack_group)
        xy.outputs = (uint16_t)(1u << route_yx(in, front));
    else
        xy = g->ways(m, in, vc, front);
    if (xy.outputs == 0 || front & FLIT_LOST)
        xy = (struct ways){1u << MESH_NEIGHBOURS, m->vc_group[vc], PORT_NONE, 0, false};
    return xy;
}

static unsigned room_wanted(const struct mesh *m, size_t in_vc)
{
    unsigned flits = m->packet[(uint32_t)m->in[in_vc].front].flits;
    return flits < m->buffer_flits ? flits : m->buffer_flits;
}

static size_t blocks_head(const struct look *l, size_t in_vc)
{
    const struct mesh *m = l->m;
    struct ways ways = ways_of(m, in_vc);
    size_t who = NOBODY;
    unsigned room = ways.whole ? room_wanted(m, in_vc) : 0;
    for (unsigned left = ways.outputs; left; left &= left - 1) {
        who =
            blocks_output(l, in_vc, (unsigned)__builtin_ctz(left), m->group_mask[ways.group], room);
        if (who == NOBODY)
            return NOBODY;
    }
    if (ways.escape != PORT_NONE)
        who = blocks_output(l, in_vc, ways.escape, m->group_mask[ways.escape_group], 0);
    return who;
}

/* A multicast waits for the first of its copies that cannot get a VC. */
static size_t blocks_copies(const struct look *l, size_t in_vc, const struct fan *fan)
{
    const struct mesh *m = l->m;
    uint32_t mask = m->group_mask[m->vc_group[in_vc % m->vcs]];
    unsigned waiting = fan->left & ~(unsigned)fan->holding;
    for (; waiting; waiting &= waiting - 1) {
        size_t who = blocks_output(l, in_vc, (unsigned)__builtin_ctz(waiting), mask,
                                   m->packet[(uint32_t)m->in[in_vc].front].flits);
        if (who != NOBODY)
            return who;
    }
    return m->in[in_vc].flits ? NOBODY : blocks_arrival(l, in_vc);
}

static size_t blocks(const struct look *l, size_t in_vc)
{
    const struct mesh *m = l->m;
    const struct vc_in *in = &m->in[in_vc];
    if (m->general && m->general->fans && m->general->fan[in_vc].left)
        return blocks_copies(l, in_vc, &m->general->fan[in_vc]);
    if (in->flits == 0)
        return blocks_arrival(l, in_vc);
    if (l->holds[in_vc])
        return blocks_room(l, l->holds[in_vc] - 1, 1);
    if (m->general && in->front & FLIT_MULTICAST) { /* to one output only */
        unsigned output = (unsigned)__builtin_ctz(
            multicast_outputs(m, port_of(m, in_vc), multicast_of(m, (uint32_t)in->front)));
        return blocks_output(l, in_vc, output, m->group_mask[m->vc_group[in_vc % m->vcs]],
                             m->packet[(uint32_t)in->front].flits);
    }
    return blocks_head(l, in_vc);
}

/* ---- the search ------------------------------------------------------------------- */

static void find_holders(struct look *l)
{
    const struct mesh *m = l->m;
    size_t vcs = (size_t)m->routers * m->ports * m->vcs;
    for (size_t v = 0; v < vcs; v++)
        if (!is_free(m, v))
            l->holds[holder_of(m, v)] = (uint32_t)v + 1;
    for (size_t v = 0; v < vcs; v++) {
        l->moves[v] = !l->holds[v] && m->in[v].flits == 0;
        if (!l->moves[v])
            l->stuck[l->count++] = v;
    }
}

/* One pass over those that are left, forward or backward. */
static bool pass(struct look *l, bool backward)
{
    size_t kept = 0;
    for (size_t k = 0; k < l->count; k++) {
        size_t v = l->stuck[backward ? l->count - 1 - k : k];
        l->moves[v] = blocks(l, v) == NOBODY;
    }
    for (size_t k = 0; k < l->count; k++)
        if (!l->moves[l->stuck[k]])
            l->stuck[kept++] = l->stuck[k];
    bool changed = kept != l->count;
    l->count = kept;
    return changed;
}

/* ---- the explanation ----------------------------------------------------------------- */

static void print_vc(const struct mesh *m, FILE *out, size_t in_vc)
{
    static const char *const from[] = {"east", "west", "north", "south"};
    const struct port *port = port_of(m, in_vc);
    if (port->number < MESH_NEIGHBOURS)
        fprintf(out, "router %u,%u, input from the %s, VC %u", port->x, port->y, from[port->number],
                (unsigned)(in_vc % m->vcs));
    else
        fprintf(out, "router %u,%u, input from node %u, VC %u", port->x, port->y, port->node,
                (unsigned)(in_vc % m->vcs));
}

/* What the packet in front, or the rest of one that is still to come, is. */
static void print_packet(const struct mesh *m, FILE *out, size_t in_vc)
{
    const struct vc_in *in = &m->in[in_vc];
    unsigned to = (flit_y(in->front) * m->width + flit_x(in->front)) * m->concentration +
                  flit_local(in->front);
    if (m->general)
        fprintf(out, " (a packet from node %u to node %u)", m->travel[(uint32_t)in->front].from,
                to);
    else
        fprintf(out, " (a packet to node %u)", to);
}

/* From anyone who is stuck, as many steps as there are: then the circle has begun. */
static size_t on_the_circle(const struct look *l)
{
    size_t v = l->stuck[0];
    for (size_t k = 0; k < l->count; k++)
        v = blocks(l, v);
    return v;
}

static size_t circle_length(const struct look *l, size_t first)
{
    size_t length = 0, v = first;
    do {
        v = blocks(l, v);
        length++;
    } while (v != first);
    return length;
}

static void explain(const struct look *l, FILE *out)
{
    size_t v = on_the_circle(l), length = circle_length(l, v);
    fprintf(out,
            "mesh: deadlock found at cycle %llu: %zu VCs can never move again; of them %zu wait in "
            "a circle:\n",
            (unsigned long long)l->m->now, l->count, length);
    for (size_t k = 0; k < length && k < CIRCLE_SHOWN; k++) {
        fprintf(out, "  ");
        print_vc(l->m, out, v);
        print_packet(l->m, out, v);
        v = blocks(l, v);
        fprintf(out, "\n    waits for ");
        print_vc(l->m, out, v);
        fprintf(out, "\n");
    }
    if (length > CIRCLE_SHOWN)
        fprintf(out, "  ... and %zu more\n", length - CIRCLE_SHOWN);
}

static bool find_stuck(const struct mesh *m, struct arena *scratch, FILE *out)
{
    size_t vcs = (size_t)m->routers * m->ports * m->vcs;
    struct look l = {.m = m,
                     .moves = arena_alloc(scratch, vcs, sizeof *l.moves),
                     .stuck = arena_alloc(scratch, vcs, sizeof *l.stuck),
                     .holds = arena_alloc(scratch, vcs, sizeof *l.holds)};
    find_holders(&l);
    for (bool backward = false; l.count && pass(&l, backward);)
        backward = !backward;
    if (l.count && out)
        explain(&l, out);
    return l.count > 0;
}

/* ---- livelock ---------------------------------------------------------------------------- */

static bool wanders(const struct mesh *m, flit_t flit)
{
    return m->travel[(uint32_t)flit].hops > 2 * m->routers;
}

/* The number of a packet that wanders about, 0: none.  It is in a buffer or on a link. */
static uint32_t wanderer(const struct mesh *m)
{
    size_t vcs = (size_t)m->routers * m->ports * m->vcs;
    if (!m->general || !m->general->table)
        return 0;
    for (size_t v = 0; v < vcs; v++)
        if (m->in[v].flits && wanders(m, m->in[v].front))
            return (uint32_t)m->in[v].front;
    for (unsigned k = 0; k <= m->bucket_mask; k++)
        for (unsigned i = 0; i < m->bucket[k].flits; i++)
            if (wanders(m, m->bucket[k].flit[i].flit))
                return (uint32_t)m->bucket[k].flit[i].flit;
    return 0;
}

static bool find_wanderer(const struct mesh *m, FILE *out)
{
    uint32_t packet = wanderer(m);
    if (packet && out)
        fprintf(out,
                "mesh: livelock: a packet has crossed %u routers of %u and has not arrived: from "
                "node %u to node %u\n",
                m->travel[packet].hops, m->routers, m->travel[packet].from, m->packet[packet].to);
    return packet != 0;
}

bool mesh_find_deadlock(const struct mesh *mesh, FILE *out)
{
    if (mesh_is_idle(mesh))
        return false;
    struct arena *scratch = arena_create();
    bool found = find_stuck(mesh, scratch, out) || find_wanderer(mesh, out);
    arena_destroy(scratch);
    return found;
}

bool mesh_is_deadlocked(const struct mesh *mesh)
{
    return mesh->deadlocked;
}
