/*
 * Output VCs that are kept for multicasts.
 *
 * A copy takes only an output VC with credits for the whole packet (fan.h).  Packets that
 * need no more than one would take the VC again and again, each as soon as it is free,
 * and keep its credits low for ever.  So a multicast waits no longer than
 * MULTICAST_PATIENCE cycles like the others:
 *
 *   Before output o grants its free VCs in cycle t: of the copies that have asked since
 *   t - MULTICAST_PATIENCE or before, the one that has asked longest (of several the
 *   lowest input, then VC) gets one of the free VCs of its group kept, if none of that
 *   group is kept at o yet: the one with the most credits, of several the lowest.
 *
 * A VC that is kept is granted to nobody else, so nothing enters the buffer behind it and
 * its credits come back; the copy takes it, or another with room, by the common rule.
 * That adds no waiting that could close a circle: a kept VC waits for what the
 * copy would wait for if it held the VC already, the buffer behind it.  One
 * a group: a virtual network never waits for another's.
 */
#ifndef TESSERA_MESH_RESERVATION_H
#define TESSERA_MESH_RESERVATION_H

#include "mesh/general.h"
#include "mesh/router_work.h"

enum { MULTICAST_PATIENCE = 64 };

/* An input VC, as the outputs of its router number it: port number * V + vc. */
INLINE unsigned id_at(const struct work *w, uint32_t o, const struct vc_in *in)
{
    return (unsigned)(in - &w->in[(size_t)sibling(w, o, 0) * w->V]);
}

/* The VCs of output o that are kept for others than this head. */
INLINE uint32_t kept_from(const struct work *w, uint32_t o, const struct vc_in *in)
{
    const struct general *g = w->m->general;
    uint32_t others = g->keeping ? g->kept[o] : 0;
    for (uint32_t left = others; left; left &= left - 1) {
        unsigned v = (unsigned)__builtin_ctz(left);
        others &= ~((unsigned)(g->kept_for[(size_t)o * w->V + v] == id_at(w, o, in)) << v);
    }
    return others;
}

/* VCs of output o that could be kept now for a head of this group. */
INLINE uint32_t free_to_keep(const struct work *w, uint32_t o, const struct vc_in *in)
{
    uint32_t group = w->m->group_mask[in->group];
    return w->m->general->kept[o] & group ? 0 : w->port[o].free & group;
}

INLINE void keep_vc(struct work *w, uint32_t o, unsigned id)
{
    struct general *g = w->m->general;
    const struct vc_in *in = &w->in[(size_t)sibling(w, o, 0) * w->V + id];
    uint32_t vcs = free_to_keep(w, o, in);
    unsigned best = (unsigned)__builtin_ctz(vcs);
    for (; vcs; vcs &= vcs - 1) {
        unsigned v = (unsigned)__builtin_ctz(vcs);
        best = w->out[o * w->V + v].credits > w->out[o * w->V + best].credits ? v : best;
    }
    g->kept[o] |= 1u << best;
    g->kept_for[(size_t)o * w->V + best] = (uint16_t)id;
    g->keeping++;
    g->vcs_kept++;
}

/* A head has got a VC of output o: what was kept for it is kept no longer. */
INLINE void keep_no_longer(struct work *w, uint32_t o, const struct vc_in *in)
{
    struct general *g = w->m->general;
    if (!g->keeping)
        return;
    uint32_t own = g->kept[o] & ~kept_from(w, o, in);
    g->kept[o] &= ~own;
    g->keeping -= (unsigned)__builtin_popcount(own);
}

#endif
