/*
 * The VC allocator of all routers: iSLIP between input VCs and output VCs, one
 * iteration.  A head asks for every free VC of its output in its virtual
 * network, so that outputs are independent of each other: each free VC grants
 * one of the heads, each head accepts one of its grants.  Most of the time
 * there is one head, which every free VC grants.
 *
 * An output without a free VC leaves the list; the next tail that frees one
 * puts it back.
 */
#ifndef TESSERA_MESH_VC_ALLOCATOR_H
#define TESSERA_MESH_VC_ALLOCATOR_H

#include "mesh/arbiter.h"
#include "mesh/counting.h"

INLINE void grant_vc(struct work *w, uint32_t o, unsigned input, unsigned vc, unsigned out_vc)
{
    struct port *port = &w->port[o];
    struct vc_in *in = &w->in[sibling(w, o, input) * w->V + vc];
    struct vc_out *out = &w->out[o * w->V + out_vc];
    if (!w->general || !fan_holds(w, (size_t)(in - w->in), port->number, out_vc)) {
        in->out_vc = (uint8_t)out_vc;
        in->accept_port = port->number;
        in->accept_vc = (uint8_t)(out_vc + 1);
    }
    *out = (struct vc_out){input * w->V + vc + 1, (uint8_t)input, (uint8_t)vc, out->credits};
    port->free &= ~(1u << out_vc);
    withdraw_vc(w, o, input, vc);
    if (w->general)
        keep_no_longer(w, o, in);
    if (w->counting)
        count_grant(w, (size_t)(in - w->in), o);
    if (port->credit >> out_vc & 1)
        request_switch(w, o, input, vc);
}

INLINE unsigned accept_vc(const struct work *w, const struct vc_in *in, uint32_t o,
                          uint32_t offered)
{
    unsigned here = (unsigned)(in->accept_port == w->port[o].number);
    return first_from(offered, in->accept_vc & (0 - here));
}

struct vc_request {
    uint16_t id; /* port number * V + vc */
    uint8_t input, vc;
    uint32_t offered; /* output VCs that granted it */
};

/* Requests for output o by VCs of `vcs`, in the order of their ids. */
INLINE unsigned gather_requests(const struct work *w, uint32_t o, uint32_t vcs,
                                struct vc_request *request)
{
    unsigned requests = 0;
    for (uint32_t inputs = w->port[o].va_inputs; inputs; inputs &= inputs - 1) {
        unsigned i = (unsigned)__builtin_ctz(inputs);
        for (uint32_t asking = w->va[o * w->P + i] & vcs; asking; asking &= asking - 1) {
            unsigned v = (unsigned)__builtin_ctz(asking);
            request[requests++] =
                (struct vc_request){(uint16_t)(i * w->V + v), (uint8_t)i, (uint8_t)v, 0};
        }
    }
    return requests;
}

/* The first request at or after `from`, cyclically. */
INLINE unsigned request_from(const struct vc_request *request, unsigned requests, unsigned from)
{
    unsigned before = 0;
    for (unsigned k = 0; k < requests; k++)
        before += below(request[k].id, from);
    return before == requests ? 0 : before;
}

/* Several heads ask for VCs of one virtual network. */
INLINE void match_vcs(struct work *w, uint32_t o, uint32_t vcs)
{
    struct vc_request request[MESH_PORTS_MAX * MESH_VCS_MAX];
    unsigned requests = gather_requests(w, o, vcs, request);
    if (requests == 0)
        return;
    for (uint32_t free = w->port[o].free & vcs; free; free &= free - 1) {
        unsigned v = (unsigned)__builtin_ctz(free);
        unsigned k = request_from(request, requests, w->out[o * w->V + v].grant);
        request[k].offered |= 1u << v;
    }
    for (unsigned k = 0; k < requests; k++) {
        struct vc_request q = request[k];
        const struct vc_in *in = &w->in[sibling(w, o, 0) * w->V + q.id];
        if (q.offered)
            grant_vc(w, o, q.input, q.vc, accept_vc(w, in, o, q.offered));
    }
}

INLINE void match_vnets(struct work *w, uint32_t o)
{
    const struct mesh *m = w->m;
    for (unsigned n = 0; n < m->vnets; n++)
        if (w->port[o].free & m->vnet_mask[n])
            match_vcs(w, o, m->vnet_mask[n]);
}

/* The only request for an output: every free VC grants it. */
INLINE void match_only_one(struct work *w, uint32_t o, unsigned input, unsigned vc)
{
    const struct mesh *m = w->m;
    const struct vc_in *in = &w->in[sibling(w, o, input) * w->V + vc];
    uint32_t offered = w->port[o].free & m->vnet_mask[m->vc_vnet[vc]];
    if (offered)
        grant_vc(w, o, input, vc, accept_vc(w, in, o, offered));
}

/* No more than one input, and no more than one VC of it? */
INLINE bool only_one(uint32_t inputs, uint32_t vcs)
{
    return ((inputs & (inputs - 1)) | (vcs & (vcs - 1))) == 0;
}

/* In a general mesh heads differ in the VCs that they may have. */
INLINE bool may_have(const struct work *w, uint32_t o, unsigned id, unsigned out_vc)
{
    return vcs_for(w, o, &w->in[(size_t)sibling(w, o, 0) * w->V + id]) >> out_vc & 1;
}

/* The first request at or after the pointer of output VC v that may have it; `requests` when
 * there is none. */
INLINE unsigned request_by_turn(const struct work *w, uint32_t o, const struct vc_request *request,
                                unsigned requests, unsigned v)
{
    unsigned first = request_from(request, requests, w->out[o * w->V + v].grant);
    for (unsigned n = 0; n < requests; n++) {
        unsigned k = first + n < requests ? first + n : first + n - requests;
        if (may_have(w, o, request[k].id, v))
            return k;
    }
    return requests;
}

/* Of the requests that have got nothing yet and may have v, the first in the arbiter's order. */
INLINE unsigned request_by_rank(const struct work *w, uint32_t o, const struct vc_request *request,
                                unsigned requests, unsigned v)
{
    unsigned best = requests;
    cycle_t rank = CYCLE_NEVER;
    for (unsigned k = 0; k < requests; k++) {
        if (request[k].offered || !may_have(w, o, request[k].id, v))
            continue;
        cycle_t own = rank_of_head(w, o, request[k].id);
        if (own < rank) {
            rank = own;
            best = k;
        }
    }
    return best;
}

/* Of the multicasts for which a VC can be kept, the one that has asked longest, and long enough;
 * `requests`: none. */
INLINE unsigned most_patient(const struct work *w, uint32_t o, const struct vc_request *request,
                             unsigned requests)
{
    const struct fan *fan = w->m->general->fan;
    size_t first = (size_t)sibling(w, o, 0) * w->V;
    cycle_t since = w->now;
    unsigned best = requests;
    for (unsigned k = 0; k < requests; k++) {
        const struct vc_in *in = &w->in[first + request[k].id];
        cycle_t own = fan[first + request[k].id].since;
        if (!(in->front & FLIT_MULTICAST) || own + MULTICAST_PATIENCE > w->now || own >= since ||
            !free_to_keep(w, o, in))
            continue;
        since = own;
        best = k;
    }
    return best;
}

/* Before free VCs are granted. */
INLINE void keep_for_patient(struct work *w, uint32_t o, const struct vc_request *request,
                             unsigned requests)
{
    unsigned k;
    while (requests && (k = most_patient(w, o, request, requests)) < requests)
        keep_vc(w, o, request[k].id);
}

/* The same matching as match_vcs, where who may have what differs. */
INLINE void match_heads(struct work *w, uint32_t o)
{
    struct vc_request request[MESH_PORTS_MAX * MESH_VCS_MAX];
    const struct general *g = w->m->general;
    bool by_turn = g->arbiter == ARBITER_ROUND_ROBIN;
    unsigned requests = gather_requests(w, o, UINT32_MAX, request);
    if (g->fans)
        keep_for_patient(w, o, request, requests);
    for (uint32_t free = w->port[o].free; requests && free; free &= free - 1) {
        unsigned v = (unsigned)__builtin_ctz(free);
        unsigned k = by_turn ? request_by_turn(w, o, request, requests, v)
                             : request_by_rank(w, o, request, requests, v);
        if (k < requests)
            request[k].offered |= 1u << v;
    }
    for (unsigned k = 0; k < requests; k++) {
        struct vc_request q = request[k];
        const struct vc_in *in = &w->in[(size_t)sibling(w, o, 0) * w->V + q.id];
        if (!q.offered)
            continue;
        note_head_served(w, o, q.id);
        grant_vc(w, o, q.input, q.vc, accept_vc(w, in, o, q.offered));
    }
}

INLINE void allocate_vcs(struct work *w)
{
    struct port_list list = list_take(&w->va_list, &w->m->va_spare);
    for (unsigned k = 0; k < list.count; k++) {
        uint32_t o = list.item[k];
        struct port *port = &w->port[o];
        unsigned i = (unsigned)__builtin_ctz(port->va_inputs | 1u << 31);
        uint32_t vcs = w->general ? 0 : w->va[o * w->P + i];
        port->va_listed = false;
        if (w->general)
            match_heads(w, o);
        else if (only_one(port->va_inputs, vcs))
            match_only_one(w, o, i, (unsigned)__builtin_ctz(vcs));
        else
            match_vnets(w, o);
        if (port->va_inputs && port->free)
            list_add(&w->va_list, o, &port->va_listed);
    }
}

#endif
