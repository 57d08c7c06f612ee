/*
 * Heads and their ways in a general mesh: at the beginning of a step each head
 * that has come to the front since the last one, and each that may choose and has
 * no VC yet, is told where to ask for one.
 *
 * Multicasts and acknowledgements are looked at first, in the order of their
 * ports: the first gets the last entry of a router, and the last of several acknowledgements goes
 * on for all.
 */
#ifndef TESSERA_MESH_DIRECTING_H
#define TESSERA_MESH_DIRECTING_H

#include "mesh/counting.h"

INLINE void head_waits(struct work *w, uint32_t p, unsigned vc)
{
    struct general *g = w->m->general;
    g->head[g->heads++] = vc_event(p, vc);
}

/* The next head of a VC, in the cycle in which the packet before it has left: it can be
 * directed in the next one, or when it has been routed. */
INLINE void head_later(struct work *w, uint32_t p, unsigned vc)
{
    struct bucket *b = arriving_in(w, 2);
    w->in[(size_t)p * w->V + vc].out_port = PORT_LATER; /* it has not asked for any */
    if (w->m->route_stage)
        b->head[b->heads++] = vc_event(p, vc);
    else
        head_waits(w, p, vc);
}

/* How good an output is for a head: 0 when none of the VCs that it may have is free, else more
 * for each credit of its group. */
INLINE unsigned merit(const struct work *w, uint32_t o, const struct vc_in *in)
{
    unsigned credits = 1;
    if (!vcs_for(w, o, in))
        return 0;
    for (uint32_t left = w->m->group_mask[in->group]; left; left &= left - 1)
        credits += w->out[(size_t)o * w->V + (unsigned)__builtin_ctz(left)].credits;
    return credits;
}

/* The output for a head that may choose, PORT_NONE if there is nothing to ask for now. */
INLINE unsigned choose_output(const struct work *w, uint32_t p, struct vc_in *in, struct ways ways,
                              unsigned whole)
{
    unsigned best = PORT_NONE, best_merit = 0;
    in->group = ways.group;
    in->room = (uint8_t)(ways.whole ? whole : 0);
    for (uint32_t left = ways.outputs; left; left &= left - 1) {
        unsigned number = (unsigned)__builtin_ctz(left);
        unsigned own = merit(w, sibling(w, p, number), in);
        best = own > best_merit ? number : best;
        best_merit = own > best_merit ? own : best_merit;
    }
    if (best != PORT_NONE || ways.escape == PORT_NONE)
        return best;
    in->group = ways.escape_group;
    in->room = 0;
    return vcs_for(w, sibling(w, p, ways.escape), in) ? ways.escape : PORT_NONE;
}

/* Nowhere to go: handed to this router's first node, as lost. */
INLINE struct ways way_out(const struct mesh *m, unsigned vc, flit_t *front)
{
    *front |= FLIT_LOST;
    return (struct ways){1u << MESH_NEIGHBOURS, m->vc_group[vc], PORT_NONE, 0, false};
}

/* Several outputs of which one is needed, or one besides the escape. */
INLINE bool may_choose(struct ways ways)
{
    return (ways.outputs & (ways.outputs - 1)) != 0 || ways.escape != PORT_NONE;
}

INLINE void direct_multicast(struct work *w, uint32_t p, unsigned vc, struct vc_in *in)
{
    struct mesh *m = w->m;
    uint32_t packet = (uint32_t)in->front;
    unsigned outputs = multicast_outputs(m, &w->port[p], multicast_of(m, packet));
    in->group = m->vc_group[vc];
    in->room = m->packet[packet].flits;
    m->general->fan[(size_t)p * w->V + vc] = (struct fan){.since = w->now};
    if (outputs & (outputs - 1)) {
        multicast_reserve(m, &w->port[p], packet);
        fan_begin(w, p, vc, outputs);
        return;
    }
    in->out_port = (uint8_t)__builtin_ctz(outputs);
    request_vc(w, sibling(w, p, in->out_port), w->port[p].number, vc);
}

INLINE void direct_head(struct work *w, uint32_t p, unsigned vc)
{
    struct mesh *m = w->m;
    struct vc_in *in = &w->in[(size_t)p * w->V + vc];
    uint32_t packet = (uint32_t)in->front;
    if (in->front & FLIT_MULTICAST) {
        direct_multicast(w, p, vc, in);
        return;
    }
    struct ways ways = m->general->ways(m, &w->port[p], vc, in->front);
    if (m->vc_group[vc] == m->general->ack_group)
        ways = (struct ways){(uint16_t)(1u << route_yx(&w->port[p], in->front)), m->vc_group[vc],
                             PORT_NONE, 0, false};
    if (ways.outputs == 0 || in->front & FLIT_LOST)
        ways = way_out(m, vc, &in->front);
    unsigned flits = m->packet[packet].flits;
    unsigned whole = flits < m->buffer_flits ? flits : m->buffer_flits;
    in->out_port = (uint8_t)(may_choose(ways) ? choose_output(w, p, in, ways, whole)
                                              : (unsigned)__builtin_ctz(ways.outputs));
    if (may_choose(ways)) {
        head_waits(w, p, vc);
    } else {
        in->group = ways.group;
        in->room = 0;
    }
    if (in->out_port != PORT_NONE)
        request_vc(w, sibling(w, p, in->out_port), w->port[p].number, vc);
}

/* An acknowledgement stays here, or it is the last of its branches and goes on. */
INLINE void direct_sharing(struct work *w, uint32_t p, unsigned vc)
{
    struct mesh *m = w->m;
    struct vc_in *in = &w->in[(size_t)p * w->V + vc];
    if (!(in->front & FLIT_ACK) ||
        !multicast_combine(m, p / w->P, (uint32_t)in->front, (in->front & FLIT_LOST) != 0)) {
        direct_head(w, p, vc);
        return;
    }
    m->credits_inside++;
    send_credit(w, p, w->port[p].number, vc);
    if (w->counting)
        count_leaving(w, (size_t)p * w->V + vc, w->now);
    buffer_pop(w, in);
    if (in->flits)
        head_later(w, p, vc);
}

INLINE bool comes_before(struct vc_event a, struct vc_event b)
{
    return a.port < b.port || (a.port == b.port && a.vc < b.vc);
}

/* Heads that share a router's entries, multicasts and their acknowledgements, are taken out of
 * the list and put in order; the others stay. */
INLINE unsigned sort_sharing(struct work *w, struct vc_event *head, unsigned *heads)
{
    struct vc_event *first = w->m->general->sharing_head;
    unsigned sharing = 0, others = 0;
    for (unsigned k = 0; k < *heads; k++) {
        struct vc_event e = head[k];
        if (!(w->in[(size_t)e.port * w->V + e.vc].front & (FLIT_ACK | FLIT_MULTICAST))) {
            head[others++] = e;
            continue;
        }
        unsigned at = sharing++;
        for (; at > 0 && comes_before(e, first[at - 1]); at--)
            first[at] = first[at - 1];
        first[at] = e;
    }
    *heads = others;
    return sharing;
}

/* Before the switch is decided. */
INLINE void direct_heads(struct work *w)
{
    struct general *g = w->m->general;
    struct vc_event *head = g->head;
    unsigned heads = g->heads, sharing;
    g->head = g->head_spare;
    g->head_spare = head;
    g->heads = 0;
    sharing = g->ack_entries ? sort_sharing(w, head, &heads) : 0;
    for (unsigned k = 0; k < sharing; k++)
        direct_sharing(w, g->sharing_head[k].port, g->sharing_head[k].vc);
    for (unsigned k = 0; k < heads; k++)
        direct_head(w, head[k].port, head[k].vc);
}

/* After VCs have been allocated: who chose and got nothing takes its request back.  The list
 * holds the heads that may choose, and heads that have come to the front in this very cycle. */
INLINE void withdraw_choices(struct work *w)
{
    struct general *g = w->m->general;
    unsigned left = 0;
    for (unsigned k = 0; k < g->heads; k++) {
        struct vc_event e = g->head[k];
        const struct vc_in *in = &w->in[(size_t)e.port * w->V + e.vc];
        unsigned number = w->port[e.port].number;
        if (in->out_port < w->P) {
            uint32_t o = sibling(w, e.port, in->out_port);
            if (!(w->va[o * w->P + number] >> e.vc & 1))
                continue; /* it has one */
            withdraw_vc(w, o, number, e.vc);
        }
        g->head[left++] = e;
    }
    g->heads = left;
}

#endif
