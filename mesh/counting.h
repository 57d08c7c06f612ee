/*
 * Counters of what VCs wait for, in a general mesh with mesh.counters.
 *
 * Between the decision of the switch and that of the VCs every input VC is in
 * one state: its front is a head that asks for a VC, or a flit that asks for the
 * crossbar, or one that waits for a credit.  All are looked at in every cycle, which is slow and
 * plain; the winners of the cycle are taken out again.
 */
#ifndef TESSERA_MESH_COUNTING_H
#define TESSERA_MESH_COUNTING_H

#include "mesh/fan.h"

/* A wait of input VC in_vc for output o: both sides count it. */
#define COUNT(w, in_vc, o, what, n)                                                                \
    ((w)->m->general->vc_count[in_vc].what += (n), (w)->m->general->port_count[o].what += (n))

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
    struct general *g = w->m->general;
    const struct fan *fan = fan_of(w, in_vc);
    unsigned flits = w->in[in_vc].flits, number = w->in[in_vc].out_port;
    g->vc_count[in_vc].occupancy_cycles += flits;
    g->port_count[p].occupancy_cycles += flits;
    for (unsigned left = fan ? fan->left : 0; left; left &= left - 1)
        count_waits_for(w, p, vc, sibling(w, p, (unsigned)__builtin_ctz(left)));
    if (!fan && number < w->P)
        count_waits_for(w, p, vc, sibling(w, p, number));
}

/* Behind the switch allocator. */
INLINE void count_waits(struct work *w, const struct match *match, unsigned matches)
{
    struct general *g = w->m->general;
    for (uint32_t p = 0; p < w->m->routers * w->P; p++)
        for (unsigned v = 0; v < w->V; v++)
            if (w->in[(size_t)p * w->V + v].flits)
                count_vc(w, p, v);
    for (unsigned k = 0; k < g->heads; k++) { /* heads that found nothing to ask for */
        size_t in_vc = (size_t)g->head[k].port * w->V + g->head[k].vc;
        g->vc_count[in_vc].va_wait_cycles += w->in[in_vc].out_port == PORT_NONE;
    }
    for (unsigned k = 0; k < matches; k++) {
        uint32_t i = match[k].input, o = match[k].output;
        if (w->sa[o * w->P + w->port[i].number] >> match[k].vc & 1)
            COUNT(w, (size_t)i * w->V + match[k].vc, o, sa_wait_cycles, (uint64_t)-1);
    }
}

/* A head has got its VC after all, a flit has crossed. */
INLINE void count_grant(struct work *w, size_t in_vc, uint32_t o)
{
    if (w->m->general->vc_count)
        COUNT(w, in_vc, o, va_wait_cycles, (uint64_t)-1);
}
INLINE void count_flit(struct work *w, size_t in_vc)
{
    if (w->m->general->vc_count)
        w->m->general->vc_count[in_vc].flits++;
}

#endif
