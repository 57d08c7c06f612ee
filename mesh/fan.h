/*
 * Multicast in a router: one packet at the front of an input VC, copied to
 * several outputs, to each at its own pace (struct fan of general.h).
 *
 *        buffer of the input VC             east:  sent 3   asks for the switch again
 *     | 4 | 3 | 2 | 1 | 0 released  --->    north: sent 1   has lost to others
 *                                           node:  sent 0   has no VC yet
 *
 * Every copy asks for a VC and for the crossbar as a packet of its own would.
 * The crossbar can give one flit of an input to several outputs at once, so that copies
 * which are equally far go together; one that is behind reads its flits
 * again, in cycles of its own.  A flit's buffer is free, and its credit on its way, when the last
 * copy has taken it.
 *
 * Deadlock: a copy takes only an output VC with room for the whole packet, so
 * the packet always fits into the buffers in which it is, and no copy can be
 * held up half-way by another: what one router's copies wait for are buffers
 * behind it on the XY tree, and the waiting goes along XY's ways only, which have no cycle.
 * That such a buffer has room at some time is not enough, since others may be
 * there first each time: after a bounded time reservation.h keeps a VC for it.
 */
#ifndef TESSERA_MESH_FAN_H
#define TESSERA_MESH_FAN_H

#include "mesh/arbiter.h"

INLINE struct fan *fan_of(const struct work *w, size_t in_vc)
{
    struct general *g = w->m->general;
    return g->fans && g->fan[in_vc].left ? &g->fan[in_vc] : NULL;
}

/* If the packet is a multicast: its copy for output `number` has got an output VC.  Its input VC
 * accepts several in one cycle, so none of them may move its pointer. */
INLINE bool fan_holds(struct work *w, size_t in_vc, unsigned number, unsigned out_vc)
{
    struct fan *fan = fan_of(w, in_vc);
    if (!fan)
        return false;
    fan->holding |= (uint16_t)(1u << number);
    copies_of(w->m, fan)[number].out_vc = (uint8_t)out_vc;
    return true;
}

/* The packet at the front of an input VC goes to several outputs: each copy asks for a VC. */
INLINE void fan_begin(struct work *w, uint32_t p, unsigned vc, unsigned outputs)
{
    struct fan *fan = &w->m->general->fan[(size_t)p * w->V + vc];
    fan->left = (uint16_t)outputs;
    memset(copies_of(w->m, fan), 0, w->P * sizeof(struct copy));
    for (; outputs; outputs &= outputs - 1)
        request_vc(w, sibling(w, p, (unsigned)__builtin_ctz(outputs)), w->port[p].number, vc);
}

/* A flit has arrived behind `before` others: copies that had sent all of those can go on. */
INLINE void fan_arrival(struct work *w, const struct fan *fan, uint32_t p, unsigned vc,
                        unsigned before)
{
    for (unsigned left = fan->left & fan->holding; left; left &= left - 1) {
        unsigned number = (unsigned)__builtin_ctz(left);
        if (copies_of(w->m, fan)[number].sent - fan->released == (int)before)
            request_switch(w, sibling(w, p, number), w->port[p].number, vc);
    }
}

/* Besides match[0], of the other outputs that granted its input: those to which the same VC
 * sends the same flit.  The rest, which `others` holds then, has lost.  Returns the matches. */
INLINE unsigned accept_copies(struct work *w, struct match *match, uint32_t *others,
                              bool speculative)
{
    uint32_t i = match->input;
    const struct fan *fan = fan_of(w, (size_t)i * w->V + match->vc);
    const struct copy *copy = fan ? copies_of(w->m, fan) : NULL;
    unsigned matches = 1;
    for (uint32_t left = fan ? *others : 0; left; left &= left - 1) {
        unsigned number = (unsigned)__builtin_ctz(left);
        uint32_t o = sibling(w, i, number);
        if (copy[number].sent != copy[w->port[match->output].number].sent ||
            !(asking_vcs(w, o, w->port[i].number, speculative) >> match->vc & 1))
            continue;
        *others &= ~(1u << number);
        w->port[o].sa_grant = (uint8_t)(w->port[i].number + 1);
        match[matches++] = (struct match){i, o, match->vc};
    }
    return matches;
}

/* The flit that the copy for output `number` sends next. */
INLINE flit_t fan_flit(const struct work *w, const struct fan *fan, const struct vc_in *in,
                       unsigned number)
{
    unsigned behind = (unsigned)(copies_of(w->m, fan)[number].sent - fan->released);
    unsigned depth = w->m->queue_flits;
    if (behind == 0)
        return in->front;
    unsigned at = in->first + behind - 1;
    return w->m->queue[(size_t)(in - w->in) * depth + (at >= depth ? at - depth : at)];
}

/* Have all copies taken the front flit? */
INLINE bool fan_front_is_free(const struct work *w, const struct fan *fan)
{
    for (unsigned left = fan->left; left; left &= left - 1)
        if (copies_of(w->m, fan)[__builtin_ctz(left)].sent == fan->released)
            return false;
    return true;
}

#endif
