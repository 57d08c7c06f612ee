/*
 * What the routers' code works with: the state's pointers, the lists of ports
 * to look at, and the requests for switch and VCs that put ports into them.
 *
 * A request is a bit in three places: the VC in sa (or va) of a pair of output
 * and input, the input in the output's port, the output in the list.
 */
#ifndef TESSERA_MESH_ROUTER_WORK_H
#define TESSERA_MESH_ROUTER_WORK_H

#include "mesh/mesh_internal.h"
#include "mesh/routing.h"

#define INLINE static inline __attribute__((always_inline))

/* The mesh's pointers and what changes with every port, in a local variable
 * where the compiler may keep it in registers. */
struct work {
    struct mesh *m;
    struct port *port;
    uint32_t *sa, *va;
    struct vc_in *in;
    struct vc_out *out;
    unsigned P, V;
    struct port_list sa_list, va_list; /* what is listed from now on */
    struct bucket *bucket;
    cycle_t now;
    unsigned bucket_mask;
    bool prefetch; /* a mesh that outgrows the nearer caches */
    bool counting; /* of a plain mesh: known when the code is compiled */
    bool general;  /* known when the code is compiled, as P is: see router.c */
};

INLINE struct work work_begin(struct mesh *m, unsigned P, bool general, bool counting)
{
    return (struct work){.m = m,
                         .port = m->port,
                         .sa = m->sa,
                         .va = m->va,
                         .in = m->in,
                         .out = m->out,
                         .P = P,
                         .V = m->vcs,
                         .sa_list = m->sa_list,
                         .va_list = m->va_list,
                         .bucket = m->bucket,
                         .now = m->now,
                         .bucket_mask = m->bucket_mask,
                         .prefetch = m->routers >= PREFETCH_ROUTERS,
                         .counting = counting,
                         .general = general};
}

INLINE void work_end(const struct work *w)
{
    w->m->sa_list = w->sa_list;
    w->m->va_list = w->va_list;
}

/* The list so far; what is listed from now on is for the next cycle. */
INLINE struct port_list list_take(struct port_list *list, uint32_t **spare)
{
    struct port_list taken = *list;
    *list = (struct port_list){*spare, 0};
    *spare = taken.item;
    return taken;
}

/* Lists a port unless it is listed already.  (The store past the end is cheaper than a branch.) */
INLINE void list_add(struct port_list *list, uint32_t p, bool *listed)
{
    list->item[list->count] = p;
    list->count += !*listed;
    *listed = true;
}

/* What arrives so many cycles from now. */
INLINE struct bucket *arriving_in(const struct work *w, unsigned delay)
{
    return &w->bucket[((unsigned)w->now + delay) & w->bucket_mask];
}

/* The port of p's router with this number. */
INLINE uint32_t sibling(const struct work *w, uint32_t p, unsigned number)
{
    return p - w->port[p].number + number;
}

INLINE void buffer_push(const struct work *w, struct vc_in *vc, flit_t flit)
{
    unsigned depth = w->m->queue_flits, at = vc->first + vc->flits - 1u;
    assert(vc->flits <= depth);
    w->m->queue[(size_t)(vc - w->in) * depth + (at >= depth ? at - depth : at)] = flit;
    vc->flits++;
}

INLINE void buffer_pop(const struct work *w, struct vc_in *vc)
{
    unsigned depth = w->m->queue_flits;
    if (--vc->flits == 0)
        return;
    vc->front = w->m->queue[(size_t)(vc - w->in) * depth + vc->first];
    vc->first = (uint8_t)(vc->first + 1u == depth ? 0 : vc->first + 1u);
}

/* A flit has left VC vc of input p: whoever feeds it may send another. */
INLINE void send_credit(struct work *w, uint32_t p, unsigned number, unsigned vc)
{
    struct mesh *m = w->m;
    struct bucket *b = arriving_in(w, m->credit_delay[number]);
    if (number < MESH_NEIGHBOURS)
        b->credit[b->credits++] = (p + (unsigned)m->across[number]) * w->V + vc;
    else
        b->source_credit[b->source_credits++] = vc_event(w->port[p].node, vc);
}

INLINE void request_switch(struct work *w, uint32_t output, unsigned input, unsigned vc)
{
    w->sa[output * w->P + input] |= 1u << vc;
    w->port[output].sa_inputs |= (uint16_t)(1u << input);
    list_add(&w->sa_list, output, &w->port[output].sa_listed);
}

INLINE void withdraw_switch(struct work *w, uint32_t output, unsigned input, unsigned vc)
{
    uint32_t left = w->sa[output * w->P + input] &= ~(1u << vc);
    w->port[output].sa_inputs &= (uint16_t) ~((unsigned)(left == 0) << input);
}

/* Outputs of p's router that may still have requests although an input let them down. */
INLINE void relist_losers(struct work *w, uint32_t input, uint32_t numbers)
{
    for (; numbers; numbers &= numbers - 1) {
        uint32_t o = sibling(w, input, (unsigned)__builtin_ctz(numbers));
        if (w->port[o].sa_inputs)
            list_add(&w->sa_list, o, &w->port[o].sa_listed);
    }
}

INLINE void request_vc(struct work *w, uint32_t output, unsigned input, unsigned vc)
{
    w->va[output * w->P + input] |= 1u << vc;
    w->port[output].va_inputs |= (uint16_t)(1u << input);
    list_add(&w->va_list, output, &w->port[output].va_listed);
}

INLINE void withdraw_vc(struct work *w, uint32_t output, unsigned input, unsigned vc)
{
    uint32_t left = w->va[output * w->P + input] &= ~(1u << vc);
    w->port[output].va_inputs &= (uint16_t) ~((unsigned)(left == 0) << input);
}

#endif
