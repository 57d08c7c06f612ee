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
 * All decisions of a cycle rest on the state at its start.  So a router's step
 * is: decide the switch, then allocate VCs, then move the winners; what the
 * winners free or expose is seen in the next cycle.
 */
#include "mesh/mesh_internal.h"

/* A pair that the switch allocator matched, and the VC that goes. */
struct match {
    uint8_t input, output, vc;
};

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
    m->active = arena_alloc(arena, m->routers / 64 + 1, sizeof *m->active);
    for (unsigned r = 0; r < m->routers; r++) {
        m->router[r].x = (uint8_t)(r % m->width);
        m->router[r].y = (uint8_t)(r / m->width);
    }
    uint32_t all = (uint32_t)(((uint64_t)1 << m->vcs) - 1);
    for (size_t p = 0; p < ports; p++)
        m->port[p].free = m->port[p].credit = all;
    for (size_t v = 0; v < vcs; v++)
        m->out[v].credits = (uint8_t)m->buffer_flits;
}

/* ---- requests ----------------------------------------------------------- */

static inline void request_switch(struct mesh *m, unsigned r, unsigned input, unsigned vc,
                                  unsigned output)
{
    unsigned o = r * m->ports + output;
    m->sa[o * m->ports + input] |= 1u << vc;
    m->port[o].sa_inputs |= (uint16_t)(1u << input);
    m->router[r].sa_outputs |= (uint16_t)(1u << output);
    bitmap_set(m->active, r);
}

static inline void withdraw_switch(struct mesh *m, unsigned r, unsigned input, unsigned vc,
                                   unsigned output)
{
    unsigned o = r * m->ports + output;
    if (m->sa[o * m->ports + input] &= ~(1u << vc))
        return;
    if (m->port[o].sa_inputs &= (uint16_t) ~(1u << input))
        return;
    m->router[r].sa_outputs &= (uint16_t) ~(1u << output);
}

static inline void request_vc(struct mesh *m, unsigned r, unsigned input, unsigned vc,
                              unsigned output)
{
    unsigned o = r * m->ports + output;
    m->va[o * m->ports + input] |= 1u << vc;
    m->port[o].va_inputs |= (uint16_t)(1u << input);
    m->router[r].va_outputs |= (uint16_t)(1u << output);
    bitmap_set(m->active, r);
}

static inline void withdraw_vc(struct mesh *m, unsigned r, unsigned input, unsigned vc,
                               unsigned output)
{
    unsigned o = r * m->ports + output;
    if (m->va[o * m->ports + input] &= ~(1u << vc))
        return;
    if (m->port[o].va_inputs &= (uint16_t) ~(1u << input))
        return;
    m->router[r].va_outputs &= (uint16_t) ~(1u << output);
}

/* ---- routing ------------------------------------------------------------ */

/* XY: first along x, then along y, then to the node. */
static inline unsigned route_xy(const struct router *router, flit_t flit)
{
    static const uint8_t port[16] = {
        [0] = 4, [1] = 0, [2] = 1, [4] = 2, [5] = 0, [6] = 1, [8] = 3, [9] = 0, [10] = 1};
    unsigned x = flit_x(flit), y = flit_y(flit);
    unsigned way = (unsigned)(x > router->x) | (unsigned)(x < router->x) << 1 |
                   (unsigned)(y > router->y) << 2 | (unsigned)(y < router->y) << 3;
    return port[way] + (way ? 0 : flit_local(flit));
}

/* A head has reached the front; `wait` cycles until it could be routed. */
static inline void head_in_front(struct mesh *m, unsigned r, unsigned input, unsigned v,
                                 struct vc_in *vc, unsigned wait)
{
    vc->out_port = (uint8_t)route_xy(&m->router[r], vc->front);
    if (m->route_stage) {
        struct bucket *b = bucket_in(m, wait + 1);
        b->head[b->heads++] = (struct vc_event){r, (uint8_t)input, (uint8_t)v};
    } else {
        request_vc(m, r, input, v, vc->out_port);
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

static inline void accept_flit(struct mesh *m, const struct flit_event *e)
{
    unsigned r = e->router;
    struct vc_in *vc = &m->in[(r * m->ports + e->port) * m->vcs + e->vc];
    if (vc->flits) {
        buffer_push(m, vc, e->flit);
        return;
    }
    vc->front = e->flit;
    vc->flits = 1;
    if (e->flit & FLIT_HEAD)
        head_in_front(m, r, e->port, e->vc, vc, 0);
    else if (m->port[r * m->ports + vc->out_port].credit >> vc->out_vc & 1)
        request_switch(m, r, e->port, e->vc, vc->out_port);
}

static inline void accept_credit(struct mesh *m, const struct vc_event *e)
{
    unsigned o = e->router * m->ports + e->port;
    struct vc_out *out = &m->out[o * m->vcs + e->vc];
    assert(out->credits < m->buffer_flits);
    if (out->credits++)
        return;
    m->port[o].credit |= 1u << e->vc;
    if (m->port[o].free >> e->vc & 1)
        return;
    unsigned owner = (e->router * m->ports + out->owner_port) * m->vcs + out->owner_vc;
    if (m->in[owner].flits)
        request_switch(m, e->router, out->owner_port, out->owner_vc, e->port);
}

void routers_accept(struct mesh *m, const struct bucket *b)
{
    for (unsigned k = 0; k < b->flits; k++)
        accept_flit(m, &b->flit[m->backward ? b->flits - 1 - k : k]);
    for (unsigned k = 0; k < b->credits; k++)
        accept_credit(m, &b->credit[m->backward ? b->credits - 1 - k : k]);
    for (unsigned k = 0; k < b->heads; k++) {
        const struct vc_event *e = &b->head[m->backward ? b->heads - 1 - k : k];
        unsigned vc = (e->router * m->ports + e->port) * m->vcs + e->vc;
        request_vc(m, e->router, e->port, e->vc, m->in[vc].out_port);
    }
}

/* ---- switch allocation -------------------------------------------------- */

/* The VCs of all virtual networks that have a free VC with a credit there. */
static inline uint32_t vcs_worth_a_try(const struct mesh *m, const struct port *output)
{
    uint32_t good = output->free & output->credit, vcs = 0;
    for (unsigned n = 0; n < m->vnets; n++)
        if (good & m->vnet_mask[n])
            vcs |= m->vnet_mask[n];
    return vcs;
}

/* The heads among input i's VCs that ask for output o's switch before they have its VC. */
static inline uint32_t speculation(const struct mesh *m, unsigned r, unsigned input,
                                   unsigned output)
{
    unsigned o = r * m->ports + output;
    return m->va[o * m->ports + input] & vcs_worth_a_try(m, &m->port[o]);
}

static inline uint16_t switch_inputs(const struct mesh *m, unsigned r, unsigned output)
{
    const struct port *port = &m->port[r * m->ports + output];
    uint32_t inputs = port->sa_inputs;
    if (m->speculative)
        for (uint32_t more = port->va_inputs; more; more &= more - 1) {
            unsigned i = (unsigned)__builtin_ctz(more);
            if (speculation(m, r, i, output))
                inputs |= 1u << i;
        }
    return (uint16_t)inputs;
}

static inline unsigned switch_vc(struct mesh *m, unsigned r, unsigned input, unsigned output)
{
    struct port *port = &m->port[r * m->ports + input];
    uint32_t vcs = m->sa[(r * m->ports + output) * m->ports + input];
    unsigned vc = first_from(vcs ? vcs : speculation(m, r, input, output), port->vc_next);
    port->vc_next = (uint8_t)(vc + 1);
    return vc;
}

/* Decides who crosses; moves the pointers, and nothing else. */
static unsigned allocate_switch(struct mesh *m, unsigned r, struct match *match)
{
    struct port *port = &m->port[r * m->ports];
    uint16_t granted[MESH_PORTS_MAX] = {0};
    unsigned matches = 0;
    uint32_t inputs = 0, outputs = m->router[r].sa_outputs;
    if (m->speculative)
        outputs |= m->router[r].va_outputs;
    for (; outputs; outputs &= outputs - 1) {
        unsigned o = (unsigned)__builtin_ctz(outputs);
        uint16_t asking = switch_inputs(m, r, o);
        if (!asking)
            continue;
        unsigned i = first_from(asking, port[o].sa_grant);
        granted[i] |= (uint16_t)(1u << o);
        inputs |= 1u << i;
    }
    for (; inputs; inputs &= inputs - 1) {
        unsigned i = (unsigned)__builtin_ctz(inputs);
        unsigned o = first_from(granted[i], port[i].sa_accept);
        port[o].sa_grant = (uint8_t)(i + 1);
        port[i].sa_accept = (uint8_t)(o + 1);
        match[matches++] =
            (struct match){(uint8_t)i, (uint8_t)o, (uint8_t)switch_vc(m, r, i, o)};
    }
    return matches;
}

/* ---- VC allocation ------------------------------------------------------ */

static inline void grant_vc(struct mesh *m, unsigned r, unsigned input, unsigned vc,
                            unsigned output, unsigned out_vc)
{
    unsigned o = r * m->ports + output;
    struct vc_in *in = &m->in[(r * m->ports + input) * m->vcs + vc];
    struct vc_out *out = &m->out[o * m->vcs + out_vc];
    in->out_vc = (uint8_t)out_vc;
    in->accept_port = (uint8_t)output;
    in->accept_vc = (uint8_t)(out_vc + 1);
    out->owner_port = (uint8_t)input;
    out->owner_vc = (uint8_t)vc;
    out->grant = (uint16_t)(input * m->vcs + vc + 1);
    m->port[o].free &= ~(1u << out_vc);
    withdraw_vc(m, r, input, vc, output);
    if (m->port[o].credit >> out_vc & 1)
        request_switch(m, r, input, vc, output);
}

static inline unsigned accept_vc(const struct vc_in *in, unsigned output, uint32_t offered)
{
    return first_from(offered, in->accept_port == output ? in->accept_vc : 0);
}

struct vc_request {
    uint16_t id; /* port * V + vc */
    uint8_t input, vc;
    uint32_t offered; /* output VCs that granted it */
};

/* Requests for `output` by VCs of `vcs`, in the order of their ids. */
static unsigned gather_requests(const struct mesh *m, unsigned r, unsigned output, uint32_t vcs,
                                struct vc_request *request)
{
    unsigned o = r * m->ports + output, requests = 0;
    for (uint32_t inputs = m->port[o].va_inputs; inputs; inputs &= inputs - 1) {
        unsigned i = (unsigned)__builtin_ctz(inputs);
        for (uint32_t asking = m->va[o * m->ports + i] & vcs; asking; asking &= asking - 1) {
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

static void match_vcs(struct mesh *m, unsigned r, unsigned output, uint32_t vcs)
{
    struct vc_request request[MESH_PORTS_MAX * MESH_VCS_MAX];
    unsigned o = r * m->ports + output;
    unsigned requests = gather_requests(m, r, output, vcs, request);
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
            grant_vc(m, r, q->input, q->vc, output,
                     accept_vc(&m->in[r * m->ports * m->vcs + q->id], output, q->offered));
    }
}

static void allocate_vcs(struct mesh *m, unsigned r)
{
    for (uint32_t outputs = m->router[r].va_outputs; outputs; outputs &= outputs - 1) {
        unsigned output = (unsigned)__builtin_ctz(outputs);
        for (unsigned n = 0; n < m->vnets; n++)
            if (m->port[r * m->ports + output].free & m->vnet_mask[n])
                match_vcs(m, r, output, m->vnet_mask[n]);
    }
}

/* ---- the crossbar ------------------------------------------------------- */

static inline void take_credit(struct port *port, struct vc_out *out, unsigned vc)
{
    if (--out->credits == 0)
        port->credit &= ~(1u << vc);
}

static inline void send_credit(struct mesh *m, unsigned r, unsigned input, unsigned vc)
{
    struct bucket *b = bucket_in(m, m->credit_delay[input]);
    if (input < MESH_NEIGHBOURS)
        b->credit[b->credits++] = (struct vc_event){
            r + (unsigned)m->neighbour[input], (uint8_t)(input ^ 1u), (uint8_t)vc};
    else
        b->source_credit[b->source_credits++] = (struct vc_event){
            r * m->concentration + input - MESH_NEIGHBOURS, 0, (uint8_t)vc};
    m->credits_inside++;
}

static inline void send_flit(struct mesh *m, unsigned r, unsigned output, unsigned vc, flit_t flit)
{
    struct bucket *b = bucket_in(m, m->flit_delay[output]);
    struct vc_out *out = &m->out[(r * m->ports + output) * m->vcs + vc];
    if (output < MESH_NEIGHBOURS) {
        take_credit(&m->port[r * m->ports + output], out, vc);
        b->flit[b->flits++] = (struct flit_event){
            flit, r + (unsigned)m->neighbour[output], (uint8_t)(output ^ 1u), (uint8_t)vc};
        return;
    }
    m->flits_delivered++;
    if (flit & FLIT_TAIL)
        b->arrival[b->arrivals++] = (struct mesh_arrival){
            (uint32_t)flit, (tile_id)(r * m->concentration + output - MESH_NEIGHBOURS)};
    if (m->sink_credits) {
        take_credit(&m->port[r * m->ports + output], out, vc);
        b = bucket_in(m, m->sink_credit_delay);
        b->credit[b->credits++] = (struct vc_event){r, (uint8_t)output, (uint8_t)vc};
        m->credits_inside++;
    }
}

static void cross(struct mesh *m, unsigned r, struct match w)
{
    struct vc_in *in = &m->in[(r * m->ports + w.input) * m->vcs + w.vc];
    struct port *port = &m->port[r * m->ports + w.output];
    flit_t flit = in->front;
    port->flits++;
    send_flit(m, r, w.output, in->out_vc, flit);
    send_credit(m, r, w.input, w.vc);
    buffer_pop(m, in);
    if (flit & FLIT_TAIL) {
        port->free |= 1u << in->out_vc;
        withdraw_switch(m, r, w.input, w.vc, w.output);
        if (in->flits)
            head_in_front(m, r, w.input, w.vc, in, 1);
    } else if (!in->flits || !(port->credit >> in->out_vc & 1)) {
        withdraw_switch(m, r, w.input, w.vc, w.output);
    }
}

static void router_step(struct mesh *m, unsigned r)
{
    struct match match[MESH_PORTS_MAX];
    unsigned matches = allocate_switch(m, r, match);
    allocate_vcs(m, r);
    for (unsigned k = 0; k < matches; k++) {
        struct match w = match[k];
        /* not set: a speculation that got no VC, or one without a credit */
        if (m->sa[(r * m->ports + w.output) * m->ports + w.input] >> w.vc & 1)
            cross(m, r, w);
    }
    if (!m->router[r].sa_outputs && !m->router[r].va_outputs)
        bitmap_clear(m->active, r);
}

void routers_step(struct mesh *m)
{
    unsigned words = (m->routers + 63) / 64;
    for (unsigned k = 0; k < words; k++) {
        unsigned w = m->backward ? words - 1 - k : k;
        for (uint64_t word = m->active[w]; word;)
            router_step(m, w * 64 + next_bit(&word, m->backward));
    }
}
