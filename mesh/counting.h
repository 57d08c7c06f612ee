/*
 * Counters of what VCs wait for, with mesh.counters.
 *
 * Between the decision of the switch and that of the VCs every input VC is in
 * one state: its front is a head that asks for a VC, or a flit that asks for the
 * crossbar, or one that waits for a credit.  The VCs that hold flits are on a list, and are looked
 * at in every cycle; those that are found empty leave it.  So what an idle router costs is
 * nothing, and a busy one costs a look a cycle and flit in front.  The winners of the
 * cycle are taken out again.
 */
#ifndef TESSERA_MESH_COUNTING_H
#define TESSERA_MESH_COUNTING_H

#include "mesh/fan.h"

/* A wait of input VC in_vc for output o: both sides count it. */
#define COUNT(w, in_vc, o, what, n)                                                                \
    ((w)->m->counters->vc[in_vc].what += (n), (w)->m->counters->port[o].what += (n))

/* Flits in buffers: the sum of the cycles at which they are first not counted any more, less that
 * of the cycles at which they are first counted (mesh_vc_counts adds those that are there). */
INLINE void count_arriving(struct work *w, uint32_t in_vc)
{
    struct counters *c = w->m->counters;
    if (!c->plainly)
        c->vc[in_vc].occupancy_cycles -= w->now;
}
INLINE void count_leaving(struct work *w, size_t in_vc, cycle_t after)
{
    struct counters *c = w->m->counters;
    if (!c->plainly)
        c->vc[in_vc].occupancy_cycles += after;
}

/* An input VC that was empty holds a flit. */
INLINE void count_from_now(struct work *w, uint32_t p, uint8_t vc)
{
    struct counters *c = w->m->counters;
    uint32_t in_vc = p * w->V + vc;
    if (bit_of(c->listed, in_vc))
        return;
    bitmap_set(c->listed, in_vc);
    c->busy[c->count++] = vc_event(p, vc);
}

/* The output VC that the packet in front holds has no credit. */
INLINE bool waits_for_credit(const struct work *w, uint32_t o, unsigned number, unsigned vc,
                             const struct vc_in *in)
{
    const struct vc_out *out = &w->out[(size_t)o * w->V + in->out_vc];
    return !(w->port[o].free >> in->out_vc & 1) && out->owner_port == number &&
           out->owner_vc == vc && !(w->port[o].credit >> in->out_vc & 1);
}

INLINE void count_waits_for(struct work *w, uint32_t p, unsigned vc, uint32_t o)
{
    size_t in_vc = (size_t)p * w->V + vc;
    unsigned number = w->port[p].number;
    if (w->va[o * w->P + number] >> vc & 1)
        COUNT(w, in_vc, o, va_wait_cycles, 1);
    else if (w->sa[o * w->P + number] >> vc & 1)
        COUNT(w, in_vc, o, sa_wait_cycles, 1);
    else if (waits_for_credit(w, o, number, vc, &w->in[in_vc]))
        COUNT(w, in_vc, o, credit_wait_cycles, 1);
}

INLINE void count_vc(struct work *w, uint32_t p, unsigned vc)
{
    size_t in_vc = (size_t)p * w->V + vc;
    const struct fan *fan = w->general ? fan_of(w, in_vc) : NULL;
    unsigned number = w->in[in_vc].out_port;
    for (unsigned left = fan ? fan->left : 0; left; left &= left - 1)
        count_waits_for(w, p, vc, sibling(w, p, (unsigned)__builtin_ctz(left)));
    if (!fan && number < w->P)
        count_waits_for(w, p, vc, sibling(w, p, number));
}

/* The VCs that hold flits; those that no longer do leave the list. */
INLINE void count_busy(struct work *w)
{
    struct counters *c = w->m->counters;
    unsigned left = 0;
    for (unsigned k = 0; k < c->count; k++) {
        struct vc_event e = c->busy[k];
        uint32_t in_vc = e.port * w->V + e.vc;
        if (w->in[in_vc].flits == 0) {
            bitmap_clear(c->listed, in_vc);
            continue;
        }
        c->busy[left++] = e;
        count_vc(w, e.port, e.vc);
    }
    c->count = left;
}

/* All VCs: what a test compares the list with. */
INLINE void count_all(struct work *w)
{
    for (uint32_t p = 0; p < w->m->routers * w->P; p++)
        for (unsigned v = 0; v < w->V; v++) {
            unsigned flits = w->in[(size_t)p * w->V + v].flits;
            w->m->counters->vc[(size_t)p * w->V + v].occupancy_cycles += flits;
            if (flits)
                count_vc(w, p, v);
        }
}

/* Heads that found nothing to ask for. */
INLINE void count_without_request(struct work *w)
{
    const struct general *g = w->m->general;
    for (unsigned k = 0; k < g->heads; k++) {
        size_t in_vc = (size_t)g->head[k].port * w->V + g->head[k].vc;
        w->m->counters->vc[in_vc].va_wait_cycles += w->in[in_vc].out_port == PORT_NONE;
    }
}

/* Behind the switch allocator. */
INLINE void count_waits(struct work *w, const struct match *match, unsigned matches)
{
    if (w->m->counters->plainly)
        count_all(w);
    else
        count_busy(w);
    if (w->general)
        count_without_request(w);
    for (unsigned k = 0; k < matches; k++) {
        uint32_t i = match[k].input, o = match[k].output;
        if (w->sa[o * w->P + w->port[i].number] >> match[k].vc & 1)
            COUNT(w, (size_t)i * w->V + match[k].vc, o, sa_wait_cycles, (uint64_t)-1);
    }
}

/* A head has got its VC after all, a flit has crossed. */
INLINE void count_grant(struct work *w, size_t in_vc, uint32_t o)
{
    COUNT(w, in_vc, o, va_wait_cycles, (uint64_t)-1);
}
INLINE void count_flit(struct work *w, size_t in_vc)
{
    w->m->counters->vc[in_vc].flits++;
}

#endif
