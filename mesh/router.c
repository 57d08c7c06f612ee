/*
 * The routers: input buffers, VC allocator, switch allocator and crossbar.
 *
 * A head that reaches the front of its VC asks for a VC of the output it is
 * routed to (VA); with that it, and after it the flits of its packet, ask for
 * the crossbar (SA); a winner crosses the crossbar (ST) and flies.  With the
 * head buffered in cycle r:
 *
 *   router_cycles   r        r+1      r+2      r+3    next router
 *        1        VA SA ST    -                          r+2
 *        2        VA SA      ST       -                  r+3
 *        3        VA         SA       ST       -         r+4
 *        4        RC         VA       SA       ST        r+5
 *
 * Both allocators are iSLIP with one iteration (McKeown, 1999): each output
 * grants the first request at or after its pointer, each input accepts the
 * first grant at or after its own, and the two pointers move past each other
 * only where a grant was accepted.  The VC allocator works between input VCs
 * and output VCs, the switch allocator between ports; which VC of an input goes
 * is decided by a round-robin pointer of the input.
 *
 * One and two cycles are possible by speculation: a head asks for the switch in
 * the cycle in which it asks for a VC, if its output has a free VC with a
 * credit.  Such a request competes with the others as an equal, except that
 * inside one pair of input and output a VC that holds its output VC goes first.
 * If the VC allocator then gives it nothing, or a VC without a credit, the
 * crossbar's slot is lost.
 *
 * All decisions of a cycle rest on the state at its start.  So a step of all
 * routers is: decide the switch, then allocate VCs, then move the matched flits;
 * what these free or expose is seen in the next cycle.
 *
 * No loop here runs over ports or routers.  The allocators work through flat
 * lists of what there is to do: outputs with requests, inputs with grants,
 * matches.  That costs nothing where nothing happens, and it leaves a processor
 * few branches that it could predict wrongly.
 *
 * The functions that take P, the ports of a router, are compiled twice: for the
 * plain mesh, where it is the constant 5, and for every other concentration.
 */
#include "mesh/mesh_internal.h"

#define INLINE static inline __attribute__((always_inline))

static void routers_choose(struct mesh *m);

void routers_create(struct mesh *m, struct arena *arena)
{
    size_t ports = (size_t)m->routers * m->ports, vcs = ports * m->vcs;
    m->router = arena_alloc(arena, m->routers, sizeof *m->router);
    m->port = arena_alloc(arena, ports, sizeof *m->port);
    m->sa = arena_alloc(arena, ports * m->ports, sizeof *m->sa);
    m->va = arena_alloc(arena, ports * m->ports, sizeof *m->va);
    m->in = arena_alloc(arena, vcs, sizeof *m->in);
    m->out = arena_alloc(arena, vcs, sizeof *m->out);
    m->queue = arena_alloc(arena, vcs * m->buffer_flits, sizeof *m->queue);
    m->sa_list.item = arena_alloc(arena, ports, sizeof(port_ref));
    m->va_list.item = arena_alloc(arena, ports, sizeof(port_ref));
    m->sa_spare = arena_alloc(arena, ports, sizeof(port_ref));
    m->va_spare = arena_alloc(arena, ports, sizeof(port_ref));
    m->granted.item = arena_alloc(arena, ports, sizeof(port_ref));
    m->match = arena_alloc(arena, ports, sizeof *m->match);
    for (unsigned r = 0; r < m->routers; r++) {
        m->router[r].x = (uint8_t)(r % m->width);
        m->router[r].y = (uint8_t)(r / m->width);
    }
    uint32_t all = (uint32_t)(((uint64_t)1 << m->vcs) - 1);
    for (size_t p = 0; p < ports; p++)
        m->port[p].free = m->port[p].credit = all;
    for (size_t v = 0; v < vcs; v++)
        m->out[v].credits = (uint8_t)m->buffer_flits;
    routers_choose(m);
}

size_t mesh_router_bytes(const struct mesh *mesh)
{
    size_t vc = sizeof *mesh->in + sizeof *mesh->out;
    size_t port = sizeof *mesh->port + mesh->ports * (sizeof *mesh->sa + sizeof *mesh->va);
    return sizeof *mesh->router + mesh->ports * (port + mesh->vcs * vc);
}

size_t mesh_buffer_bytes(const struct mesh *mesh)
{
    return (size_t)mesh->ports * mesh->vcs * mesh->buffer_flits * sizeof *mesh->queue;
}

/* ---- lists and requests ------------------------------------------------- */

/* The list of this cycle; what is listed from now on is for the next. */
INLINE struct port_list list_take(struct port_list *list, port_ref **spare)
{
    struct port_list taken = *list;
    list->item = *spare;
    list->count = 0;
    *spare = taken.item;
    return taken;
}

INLINE void list_for_switch(struct mesh *m, struct port *port, port_ref ref)
{
    m->sa_list.item[m->sa_list.count] = ref;
    m->sa_list.count += !port->sa_listed;
    port->sa_listed = true;
}

INLINE void list_for_vc(struct mesh *m, struct port *port, port_ref ref)
{
    m->va_list.item[m->va_list.count] = ref;
    m->va_list.count += !port->va_listed;
    port->va_listed = true;
}

INLINE void request_switch(struct mesh *m, unsigned P, unsigned r, unsigned input, unsigned vc,
                           unsigned output)
{
    unsigned o = r * P + output;
    m->sa[o * P + input] |= 1u << vc;
    m->port[o].sa_inputs |= (uint16_t)(1u << input);
    list_for_switch(m, &m->port[o], port_ref_of(r, output));
}

INLINE void withdraw_switch(struct mesh *m, unsigned P, unsigned r, unsigned input, unsigned vc,
                            unsigned output)
{
    unsigned o = r * P + output;
    uint32_t left = m->sa[o * P + input] &= ~(1u << vc);
    m->port[o].sa_inputs &= (uint16_t) ~((unsigned)(left == 0) << input);
}

INLINE void request_vc(struct mesh *m, unsigned P, unsigned r, unsigned input, unsigned vc,
                       unsigned output)
{
    unsigned o = r * P + output;
    m->va[o * P + input] |= 1u << vc;
    m->port[o].va_inputs |= (uint16_t)(1u << input);
    list_for_vc(m, &m->port[o], port_ref_of(r, output));
}

INLINE void withdraw_vc(struct mesh *m, unsigned P, unsigned r, unsigned input, unsigned vc,
                        unsigned output)
{
    unsigned o = r * P + output;
    uint32_t left = m->va[o * P + input] &= ~(1u << vc);
    m->port[o].va_inputs &= (uint16_t) ~((unsigned)(left == 0) << input);
}

/* ---- routing ------------------------------------------------------------ */

/* XY: first along x, then along y, then to the node. */
INLINE unsigned route_xy(struct router router, flit_t flit)
{
    static const uint8_t port[16] = {
        [0] = 4, [1] = 0, [2] = 1, [4] = 2, [5] = 0, [6] = 1, [8] = 3, [9] = 0, [10] = 1};
    unsigned x = flit_x(flit), y = flit_y(flit);
    unsigned way = (unsigned)(x > router.x) | (unsigned)(x < router.x) << 1 |
                   (unsigned)(y > router.y) << 2 | (unsigned)(y < router.y) << 3;
    return port[way] + (way ? 0 : flit_local(flit));
}

/* A head has reached the front; `wait` cycles until it can be routed. */
INLINE void head_in_front(struct mesh *m, unsigned P, unsigned r, unsigned input, unsigned v,
                          struct vc_in *vc, unsigned wait)
{
    vc->out_port = (uint8_t)route_xy(m->router[r], vc->front);
    if (m->route_stage) {
        struct bucket *b = bucket_in(m, wait + 1);
        b->head[b->heads++] = (struct vc_event){r, (uint8_t)input, (uint8_t)v};
    } else {
        request_vc(m, P, r, input, v, vc->out_port);
    }
}

/* ---- arrivals ----------------------------------------------------------- */

static inline void buffer_push(struct mesh *m, struct vc_in *vc, flit_t flit)
{
    unsigned at = vc->first + vc->flits - 1u;
    assert(vc->flits < m->buffer_flits);
    if (at >= m->buffer_flits)
        at -= m->buffer_flits;
    m->queue[(size_t)(vc - m->in) * m->buffer_flits + at] = flit;
    vc->flits++;
}

static inline void buffer_pop(struct mesh *m, struct vc_in *vc)
{
    if (--vc->flits == 0)
        return;
    vc->front = m->queue[(size_t)(vc - m->in) * m->buffer_flits + vc->first];
    vc->first = (uint8_t)(vc->first + 1u == m->buffer_flits ? 0 : vc->first + 1u);
}

INLINE void accept_flit(struct mesh *m, unsigned P, const struct flit_event *e)
{
    unsigned r = e->router;
    struct vc_in *vc = &m->in[(r * P + e->port) * m->vcs + e->vc];
    if (vc->flits) {
        buffer_push(m, vc, e->flit);
        return;
    }
    vc->front = e->flit;
    vc->flits = 1;
    if (e->flit & FLIT_HEAD)
        head_in_front(m, P, r, e->port, e->vc, vc, 0);
    else if (m->port[r * P + vc->out_port].credit >> vc->out_vc & 1)
        request_switch(m, P, r, e->port, e->vc, vc->out_port);
}

INLINE void accept_credit(struct mesh *m, unsigned P, const struct vc_event *e)
{
    unsigned o = e->router * P + e->port;
    struct vc_out *out = &m->out[o * m->vcs + e->vc];
    assert(out->credits < m->buffer_flits);
    if (out->credits++)
        return;
    m->port[o].credit |= 1u << e->vc;
    if (m->port[o].free >> e->vc & 1)
        return;
    unsigned owner = (e->router * P + out->owner_port) * m->vcs + out->owner_vc;
    if (m->in[owner].flits)
        request_switch(m, P, e->router, out->owner_port, out->owner_vc, e->port);
}

INLINE void accept(struct mesh *m, unsigned P, const struct bucket *b)
{
    for (unsigned k = 0; k < b->flits; k++)
        accept_flit(m, P, &b->flit[m->backward ? b->flits - 1 - k : k]);
    for (unsigned k = 0; k < b->credits; k++)
        accept_credit(m, P, &b->credit[m->backward ? b->credits - 1 - k : k]);
    for (unsigned k = 0; k < b->heads; k++) {
        const struct vc_event *e = &b->head[m->backward ? b->heads - 1 - k : k];
        unsigned vc = (e->router * P + e->port) * m->vcs + e->vc;
        request_vc(m, P, e->router, e->port, e->vc, m->in[vc].out_port);
    }
}

/* ---- switch allocation -------------------------------------------------- */

/* The VCs of all virtual networks that have a free VC with a credit there. */
INLINE uint32_t vcs_worth_a_try(const struct mesh *m, const struct port *output)
{
    uint32_t good = output->free & output->credit, vcs = 0;
    for (unsigned n = 0; n < m->vnets; n++)
        vcs |= good & m->vnet_mask[n] ? m->vnet_mask[n] : 0;
    return vcs;
}

/* Inputs with a head that asks for the switch before it has a VC. */
INLINE uint32_t speculating_inputs(const struct mesh *m, unsigned P, unsigned o)
{
    uint32_t vcs = vcs_worth_a_try(m, &m->port[o]), inputs = 0;
    if (m->vnets == 1)
        return vcs ? m->port[o].va_inputs : 0;
    for (uint32_t left = m->port[o].va_inputs; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        inputs |= (unsigned)((m->va[o * P + i] & vcs) != 0) << i;
    }
    return inputs;
}

/* Output `ref` grants one of the inputs that ask for it. */
INLINE void grant_input(struct mesh *m, unsigned P, port_ref ref, uint32_t inputs)
{
    unsigned r = ref_router(ref), output = ref_port(ref);
    unsigned i = first_from(inputs, m->port[r * P + output].sa_grant);
    struct port *input = &m->port[r * P + i];
    m->granted.item[m->granted.count] = port_ref_of(r, i);
    m->granted.count += !input->sa_granted;
    input->sa_granted |= (uint16_t)(1u << output);
}

INLINE void grant_inputs(struct mesh *m, unsigned P, bool speculative)
{
    m->granted.count = 0;
    if (speculative)
        for (unsigned k = 0; k < m->va_list.count; k++) {
            port_ref ref = m->va_list.item[k];
            unsigned o = ref_router(ref) * P + ref_port(ref);
            uint32_t inputs = m->port[o].sa_listed ? 0 : speculating_inputs(m, P, o);
            if (inputs)
                grant_input(m, P, ref, inputs);
        }
    struct port_list list = list_take(&m->sa_list, &m->sa_spare);
    for (unsigned k = 0; k < list.count; k++) {
        port_ref ref = list.item[m->backward ? list.count - 1 - k : k];
        unsigned o = ref_router(ref) * P + ref_port(ref);
        uint32_t inputs = m->port[o].sa_inputs;
        m->port[o].sa_listed = false;
        if (speculative)
            inputs |= speculating_inputs(m, P, o);
        if (inputs)
            grant_input(m, P, ref, inputs);
    }
}

/* The VC of input i that goes to output o: one that holds its output VC, or else
 * a head that speculates. */
INLINE unsigned choose_vc(struct mesh *m, unsigned o, unsigned pair, struct port *input,
                          bool speculative)
{
    uint32_t vcs = m->sa[pair];
    if (speculative && !vcs)
        vcs = m->va[pair] & vcs_worth_a_try(m, &m->port[o]);
    unsigned vc = first_from(vcs, input->vc_next);
    input->vc_next = (uint8_t)(vc + 1);
    return vc;
}

INLINE void relist_losers(struct mesh *m, unsigned P, unsigned r, uint32_t outputs)
{
    for (; outputs; outputs &= outputs - 1) {
        unsigned output = (unsigned)__builtin_ctz(outputs);
        struct port *port = &m->port[r * P + output];
        if (port->sa_inputs)
            list_for_switch(m, port, port_ref_of(r, output));
    }
}

INLINE void accept_outputs(struct mesh *m, unsigned P, bool speculative)
{
    m->matches = m->granted.count;
    for (unsigned k = 0; k < m->granted.count; k++) {
        port_ref ref = m->granted.item[m->backward ? m->granted.count - 1 - k : k];
        unsigned r = ref_router(ref), i = ref_port(ref);
        struct port *input = &m->port[r * P + i];
        unsigned output = first_from(input->sa_granted, input->sa_accept), o = r * P + output;
        relist_losers(m, P, r, input->sa_granted & ~(1u << output));
        input->sa_granted = 0;
        input->sa_accept = (uint8_t)(output + 1);
        m->port[o].sa_grant = (uint8_t)(i + 1);
        unsigned vc = choose_vc(m, o, o * P + i, input, speculative);
        m->match[k] = (struct match){r, (uint8_t)i, (uint8_t)output, (uint8_t)vc};
    }
}

/* ---- VC allocation ------------------------------------------------------ */

INLINE void grant_vc(struct mesh *m, unsigned P, unsigned r, unsigned input, unsigned vc,
                     unsigned output, unsigned out_vc)
{
    unsigned o = r * P + output;
    struct vc_in *in = &m->in[(r * P + input) * m->vcs + vc];
    struct vc_out *out = &m->out[o * m->vcs + out_vc];
    in->out_vc = (uint8_t)out_vc;
    in->accept_port = (uint8_t)output;
    in->accept_vc = (uint8_t)(out_vc + 1);
    out->owner_port = (uint8_t)input;
    out->owner_vc = (uint8_t)vc;
    out->grant = (uint16_t)(input * m->vcs + vc + 1);
    m->port[o].free &= ~(1u << out_vc);
    withdraw_vc(m, P, r, input, vc, output);
    if (m->port[o].credit >> out_vc & 1)
        request_switch(m, P, r, input, vc, output);
}

INLINE unsigned accept_vc(const struct vc_in *in, unsigned output, uint32_t offered)
{
    return first_from(offered, in->accept_port == output ? in->accept_vc : 0);
}

struct vc_request {
    uint16_t id; /* port * V + vc */
    uint8_t input, vc;
    uint32_t offered; /* output VCs that granted it */
};

/* Requests for an output by VCs of `vcs`, in the order of their ids. */
INLINE unsigned gather_requests(const struct mesh *m, unsigned P, unsigned o, uint32_t vcs,
                                struct vc_request *request)
{
    unsigned requests = 0;
    for (uint32_t inputs = m->port[o].va_inputs; inputs; inputs &= inputs - 1) {
        unsigned i = (unsigned)__builtin_ctz(inputs);
        for (uint32_t asking = m->va[o * P + i] & vcs; asking; asking &= asking - 1) {
            unsigned v = (unsigned)__builtin_ctz(asking);
            request[requests++] =
                (struct vc_request){(uint16_t)(i * m->vcs + v), (uint8_t)i, (uint8_t)v, 0};
        }
    }
    return requests;
}

/* The first request at or after `from`, cyclically. */
static inline unsigned request_from(const struct vc_request *request, unsigned requests,
                                    unsigned from)
{
    unsigned before = 0;
    for (unsigned k = 0; k < requests; k++)
        before += request[k].id < from;
    return before == requests ? 0 : before;
}

/* Several heads ask for VCs of one virtual network. */
INLINE void match_vcs(struct mesh *m, unsigned P, unsigned r, unsigned output, uint32_t vcs)
{
    struct vc_request request[MESH_PORTS_MAX * MESH_VCS_MAX];
    unsigned o = r * P + output;
    unsigned requests = gather_requests(m, P, o, vcs, request);
    if (requests == 0)
        return;
    for (uint32_t free = m->port[o].free & vcs; free; free &= free - 1) {
        unsigned v = (unsigned)__builtin_ctz(free);
        unsigned k = request_from(request, requests, m->out[o * m->vcs + v].grant);
        request[k].offered |= 1u << v;
    }
    for (unsigned k = 0; k < requests; k++) {
        const struct vc_request *q = &request[k];
        if (q->offered)
            grant_vc(m, P, r, q->input, q->vc, output,
                     accept_vc(&m->in[r * P * m->vcs + q->id], output, q->offered));
    }
}

INLINE void match_vnets(struct mesh *m, unsigned P, unsigned r, unsigned output)
{
    for (unsigned n = 0; n < m->vnets; n++)
        if (m->port[r * P + output].free & m->vnet_mask[n])
            match_vcs(m, P, r, output, m->vnet_mask[n]);
}

/* The only request for an output: every free VC grants it. */
INLINE void match_only_one(struct mesh *m, unsigned P, unsigned r, unsigned output, unsigned input,
                           unsigned vc)
{
    const struct vc_in *in = &m->in[(r * P + input) * m->vcs + vc];
    uint32_t offered = m->port[r * P + output].free & m->vnet_mask[m->vc_vnet[vc]];
    if (offered)
        grant_vc(m, P, r, input, vc, output, accept_vc(in, output, offered));
}

static inline bool one_bit(uint32_t mask) { return (mask & (mask - 1)) == 0; }

INLINE void allocate_vcs(struct mesh *m, unsigned P)
{
    struct port_list list = list_take(&m->va_list, &m->va_spare);
    for (unsigned k = 0; k < list.count; k++) {
        port_ref ref = list.item[m->backward ? list.count - 1 - k : k];
        unsigned r = ref_router(ref), output = ref_port(ref), o = r * P + output;
        struct port *port = &m->port[o];
        unsigned i = (unsigned)__builtin_ctz(port->va_inputs);
        uint32_t vcs = m->va[o * P + i];
        port->va_listed = false;
        if (one_bit(port->va_inputs) && one_bit(vcs))
            match_only_one(m, P, r, output, i, (unsigned)__builtin_ctz(vcs));
        else
            match_vnets(m, P, r, output);
        if (port->va_inputs && port->free)
            list_for_vc(m, port, ref);
    }
}

/* ---- the crossbar ------------------------------------------------------- */

static inline void take_credit(struct port *port, struct vc_out *out, unsigned vc)
{
    port->credit &= ~((unsigned)(--out->credits == 0) << vc);
}

INLINE void send_credit(struct mesh *m, unsigned r, unsigned input, unsigned vc)
{
    struct bucket *b = bucket_in(m, m->credit_delay[input]);
    m->credits_inside++;
    if (input < MESH_NEIGHBOURS)
        b->credit[b->credits++] = (struct vc_event){
            r + (unsigned)m->neighbour[input], (uint8_t)(input ^ 1u), (uint8_t)vc};
    else
        b->source_credit[b->source_credits++] = (struct vc_event){
            r * m->concentration + input - MESH_NEIGHBOURS, 0, (uint8_t)vc};
}

INLINE void eject_flit(struct mesh *m, struct port *port, struct match w, struct vc_out *out,
                       unsigned vc, flit_t flit)
{
    m->flits_delivered++;
    if (flit & FLIT_TAIL) {
        struct bucket *b = bucket_in(m, m->flit_delay[w.output]);
        b->arrival[b->arrivals++] = (struct mesh_arrival){
            (uint32_t)flit, (tile_id)(w.router * m->concentration + w.output - MESH_NEIGHBOURS)};
    }
    if (m->sink_credits) {
        struct bucket *b = bucket_in(m, m->sink_credit_delay);
        take_credit(port, out, vc);
        b->credit[b->credits++] = (struct vc_event){w.router, w.output, (uint8_t)vc};
        m->credits_inside++;
    }
}

INLINE void send_flit(struct mesh *m, unsigned P, struct match w, unsigned vc, flit_t flit)
{
    unsigned o = w.router * P + w.output;
    struct vc_out *out = &m->out[o * m->vcs + vc];
    if (w.output < MESH_NEIGHBOURS) {
        struct bucket *b = bucket_in(m, m->flit_delay[w.output]);
        take_credit(&m->port[o], out, vc);
        b->flit[b->flits++] =
            (struct flit_event){flit, w.router + (unsigned)m->neighbour[w.output],
                                (uint8_t)(w.output ^ 1u), (uint8_t)vc};
    } else {
        eject_flit(m, &m->port[o], w, out, vc, flit);
    }
}

/* What the VC does after its front has gone. */
INLINE void next_in_front(struct mesh *m, unsigned P, struct match w, struct vc_in *in,
                          struct port *port, bool tail)
{
    if (tail) {
        port->free |= 1u << in->out_vc;
        withdraw_switch(m, P, w.router, w.input, w.vc, w.output);
        if (port->va_inputs)
            list_for_vc(m, port, port_ref_of(w.router, w.output));
        if (in->flits)
            head_in_front(m, P, w.router, w.input, w.vc, in, 1);
    } else if (!in->flits || !(port->credit >> in->out_vc & 1)) {
        withdraw_switch(m, P, w.router, w.input, w.vc, w.output);
    }
}

INLINE void cross(struct mesh *m, unsigned P, struct match w)
{
    struct vc_in *in = &m->in[(w.router * P + w.input) * m->vcs + w.vc];
    struct port *port = &m->port[w.router * P + w.output];
    flit_t flit = in->front;
    port->flits++;
    send_flit(m, P, w, in->out_vc, flit);
    send_credit(m, w.router, w.input, w.vc);
    buffer_pop(m, in);
    next_in_front(m, P, w, in, port, (flit & FLIT_TAIL) != 0);
}

INLINE void cross_all(struct mesh *m, unsigned P, bool speculative)
{
    for (unsigned k = 0; k < m->matches; k++) {
        struct match w = m->match[k];
        unsigned o = w.router * P + w.output;
        /* not set: a speculation that got no VC, or one without a credit */
        if (!speculative || m->sa[o * P + w.input] >> w.vc & 1)
            cross(m, P, w);
        if (m->port[o].sa_inputs)
            list_for_switch(m, &m->port[o], port_ref_of(w.router, w.output));
    }
}

/* ---- a step, in its four variants --------------------------------------- */

INLINE void step(struct mesh *restrict m, unsigned P, bool speculative)
{
    grant_inputs(m, P, speculative);
    accept_outputs(m, P, speculative);
    allocate_vcs(m, P);
    cross_all(m, P, speculative);
}

static void step_5(struct mesh *restrict m) { step(m, 5, false); }
static void step_5_speculative(struct mesh *restrict m) { step(m, 5, true); }
static void step_n(struct mesh *restrict m) { step(m, m->ports, false); }
static void step_n_speculative(struct mesh *restrict m) { step(m, m->ports, true); }
static void accept_5(struct mesh *restrict m, const struct bucket *b) { accept(m, 5, b); }
static void accept_n(struct mesh *restrict m, const struct bucket *b) { accept(m, m->ports, b); }

static void routers_choose(struct mesh *m)
{
    m->accept = m->ports == 5 ? accept_5 : accept_n;
    if (m->ports == 5)
        m->allocate_and_cross = m->speculative ? step_5_speculative : step_5;
    else
        m->allocate_and_cross = m->speculative ? step_n_speculative : step_n;
}
