/*
 * The routers: input buffers, VC allocator, switch allocator and crossbar.
 *
 * A head that reaches the front of its VC asks for a VC of the output it is
 * routed to (VA); with that it, and after it the flits of its packet, ask for
 * the crossbar (SA); a winner crosses the crossbar (ST) and flies.  With the
 * head buffered in cycle r:
 *
 *   router_cycles   r          r+1   r+2   r+3   r+4   next router
 *        1          VA SA ST   link                        r+2
 *        2          VA SA      ST    link                  r+3
 *        3          VA         SA    ST    link            r+4
 *        4          RC         VA    SA    ST    link      r+5
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
 * The code is compiled ten times: for five ports a router or any number, with
 * and without speculation, and so with counters, and for a general mesh (general.h).  What
 * only a general mesh does stands behind `if (general)`, which the others are compiled without,
 * and what counters cost behind `if (counting)`.
 */
#include "mesh/directing.h"
#include "mesh/link_faults.h"
#include "mesh/router_work.h"
#include "mesh/switch_allocator.h"
#include "mesh/vc_allocator.h"

/* ---- creation ----------------------------------------------------------- */

static void routers_choose(struct mesh *m, bool counting);

static void create_ports(struct mesh *m)
{
    for (unsigned p = 0; p < m->routers * m->ports; p++) {
        unsigned r = p / m->ports, number = p % m->ports;
        struct port *port = &m->port[p];
        port->number = (uint8_t)number;
        port->x = (uint8_t)(r % m->width);
        port->y = (uint8_t)(r / m->width);
        if (number >= MESH_NEIGHBOURS)
            port->node = (tile_id)(r * m->concentration + number - MESH_NEIGHBOURS);
        port->free = port->credit = (uint32_t)(((uint64_t)1 << m->vcs) - 1);
    }
}

void routers_create(struct mesh *m, struct arena *arena)
{
    size_t ports = (size_t)m->routers * m->ports, vcs = ports * m->vcs;
    m->port = arena_alloc(arena, ports, sizeof *m->port);
    m->sa = arena_alloc(arena, ports * m->ports, sizeof *m->sa);
    m->va = arena_alloc(arena, ports * m->ports, sizeof *m->va);
    m->in = arena_alloc(arena, vcs, sizeof *m->in);
    m->out = arena_alloc(arena, vcs, sizeof *m->out);
    m->queue = arena_alloc(arena, vcs * m->queue_flits, sizeof *m->queue);
    m->sa_list.item = arena_alloc(arena, ports + 1, sizeof(uint32_t));
    m->va_list.item = arena_alloc(arena, ports + 1, sizeof(uint32_t));
    m->sa_spare = arena_alloc(arena, ports + 1, sizeof(uint32_t));
    m->va_spare = arena_alloc(arena, ports + 1, sizeof(uint32_t));
    m->granted = arena_alloc(arena, ports + 1, sizeof *m->granted);
    m->match = arena_alloc(arena, ports + PREFETCH_AHEAD, sizeof *m->match);
    create_ports(m);
    for (size_t v = 0; v < vcs; v++)
        m->out[v].credits = (uint8_t)m->buffer_flits;
    routers_choose(m, m->counters != NULL);
}

size_t mesh_router_bytes(const struct mesh *mesh)
{
    size_t vc = sizeof *mesh->in + sizeof *mesh->out;
    size_t port = sizeof *mesh->port + mesh->ports * (sizeof *mesh->sa + sizeof *mesh->va);
    if (mesh->counters) {
        port += sizeof *mesh->counters->port;
        vc += sizeof *mesh->counters->vc + sizeof *mesh->counters->busy;
    }
    return mesh->ports * (port + mesh->vcs * vc) + general_router_bytes(mesh);
}

size_t mesh_buffer_bytes(const struct mesh *mesh)
{
    return (size_t)mesh->ports * mesh->vcs * mesh->queue_flits * sizeof *mesh->queue;
}

/* ---- routing ------------------------------------------------------------ */

/* A head has reached the front of VC v of port p; `wait` cycles until it can be routed. */
INLINE void head_in_front(struct work *w, uint32_t p, unsigned v, struct vc_in *vc, unsigned wait)
{
    unsigned output = route_xy(&w->port[p], vc->front);
    vc->out_port = (uint8_t)output;
    if (w->m->route_stage) {
        struct bucket *b = arriving_in(w, wait + 1);
        b->head[b->heads++] = vc_event(p, v);
    } else if (w->general) {
        head_waits(w, p, v);
    } else {
        request_vc(w, sibling(w, p, output), w->port[p].number, v);
    }
}

/* ---- arrivals ----------------------------------------------------------- */

INLINE void accept_flit(struct work *w, struct flit_event e)
{
    struct vc_in *vc = &w->in[e.port * w->V + e.vc];
    struct fan *fan = w->general ? fan_of(w, e.port * w->V + e.vc) : NULL;
    if (w->general && fan)
        fan_arrival(w, fan, e.port, e.vc, vc->flits);
    if (w->counting)
        count_arriving(w, e.port * w->V + e.vc);
    if (vc->flits) {
        buffer_push(w, vc, e.flit);
        return;
    }
    vc->front = e.flit;
    vc->flits = 1;
    if (w->counting)
        count_from_now(w, e.port, e.vc);
    if (w->general && fan)
        return;
    if (e.flit & FLIT_HEAD) {
        head_in_front(w, e.port, e.vc, vc, 0);
    } else {
        uint32_t output = sibling(w, e.port, vc->out_port);
        if (w->port[output].credit >> vc->out_vc & 1)
            request_switch(w, output, w->port[e.port].number, e.vc);
    }
}

INLINE void accept_credit(struct work *w, uint32_t out_vc)
{
    struct vc_out *out = &w->out[out_vc];
    assert(out->credits < w->m->buffer_flits);
    if (out->credits++)
        return;
    uint32_t p = out_vc / w->V, vc = out_vc - p * w->V;
    struct port *port = &w->port[p];
    port->credit |= 1u << vc;
    if (port->free >> vc & 1)
        return;
    uint32_t owner = sibling(w, p, out->owner_port) * w->V + out->owner_vc;
    if (w->in[owner].flits)
        request_switch(w, p, out->owner_port, out->owner_vc);
}

/* What a flit will touch. */
INLINE void prefetch_arrival(const struct work *w, struct flit_event e)
{
    __builtin_prefetch(&w->in[e.port * w->V + e.vc]);
    __builtin_prefetch(&w->port[e.port]);
    __builtin_prefetch(&w->va[e.port * w->P]);
}

INLINE void accept(struct mesh *m, unsigned P, bool general, bool counting, const struct bucket *b)
{
    struct work w = work_begin(m, P, general, counting);
    for (unsigned k = 0; k < b->flits; k++) {
        if (w.prefetch)
            prefetch_arrival(&w, b->flit[k + PREFETCH_AHEAD]);
        accept_flit(&w, b->flit[k]);
    }
    for (unsigned k = 0; k < b->credits; k++) {
        if (w.prefetch)
            __builtin_prefetch(&w.out[b->credit[k + PREFETCH_AHEAD]]);
        accept_credit(&w, b->credit[k]);
    }
    for (unsigned k = 0; k < b->heads; k++) {
        struct vc_event e = b->head[k];
        if (general) {
            head_waits(&w, e.port, e.vc);
            continue;
        }
        unsigned output = w.in[e.port * w.V + e.vc].out_port;
        request_vc(&w, sibling(&w, e.port, output), w.port[e.port].number, e.vc);
    }
    work_end(&w);
}

/* ---- the crossbar ------------------------------------------------------- */

INLINE void take_credit(struct port *port, struct vc_out *out, unsigned vc)
{
    port->credit &= ~((unsigned)(--out->credits == 0) << vc);
}

INLINE void eject_flit(struct work *w, struct port *port, uint32_t p, struct vc_out *out,
                       unsigned vc, flit_t flit)
{
    struct mesh *m = w->m;
    m->flits_delivered++;
    if (w->general) {
        eject_marked(w, port, p, vc, flit);
    } else if (flit & FLIT_TAIL) {
        struct bucket *b = arriving_in(w, m->flit_delay[port->number]);
        b->arrival[b->arrivals++] = (struct mesh_arrival){(uint32_t)flit, port->node, false};
    }
    if (m->sink_credits) {
        struct bucket *b = arriving_in(w, m->sink_credit_delay);
        take_credit(port, out, vc);
        b->credit[b->credits++] = p * w->V + vc;
        m->credits_inside++;
    }
}

INLINE void send_flit(struct work *w, uint32_t p, struct port *port, unsigned vc, flit_t flit)
{
    struct mesh *m = w->m;
    struct vc_out *out = &w->out[p * w->V + vc];
    unsigned number = port->number;
    if (number < MESH_NEIGHBOURS) {
        struct bucket *b = arriving_in(w, m->flit_delay[number]);
        if (w->general && !cross_link(w, p, vc, &flit))
            return;
        take_credit(port, out, vc);
        b->flit[b->flits++] =
            (struct flit_event){flit, p + (unsigned)m->across[number], (uint8_t)vc};
    } else {
        eject_flit(w, port, p, out, vc, flit);
    }
}

/* One copy of a multicast takes a flit; the last to take it frees its buffer. */
INLINE void cross_copy(struct work *w, struct match match, struct vc_in *in, struct fan *fan)
{
    struct port *port = &w->port[match.output];
    unsigned input = w->port[match.input].number, output = port->number;
    struct copy *copy = &copies_of(w->m, fan)[output];
    flit_t flit = fan_flit(w, fan, in, output);
    port->flits++;
    if (w->counting)
        count_flit(w, (size_t)(in - w->in));
    copy->sent++;
    send_flit(w, match.output, port, copy->out_vc, flit);
    if (flit & FLIT_TAIL) {
        fan->left &= (uint16_t) ~(1u << output);
        port->free |= 1u << copy->out_vc;
        if (port->va_inputs)
            list_add(&w->va_list, match.output, &port->va_listed);
    }
    if (flit & FLIT_TAIL || copy->sent - fan->released >= in->flits)
        withdraw_switch(w, match.output, input, match.vc);
    if (!fan_front_is_free(w, fan))
        return;
    if (w->counting)
        count_leaving(w, (size_t)(in - w->in), w->now + 1);
    fan->released++;
    w->m->credits_inside++;
    send_credit(w, match.input, input, match.vc);
    buffer_pop(w, in);
    if (!fan->left && in->flits)
        head_in_front(w, match.input, match.vc, in, 1);
}

INLINE void cross(struct work *w, struct match match)
{
    struct vc_in *in = &w->in[match.input * w->V + match.vc];
    if (w->general) {
        struct fan *fan = fan_of(w, match.input * w->V + match.vc);
        if (fan) {
            w->m->credits_inside--; /* that cross_all counted; it comes with the last copy */
            cross_copy(w, match, in, fan);
            return;
        }
    }
    struct port *port = &w->port[match.output];
    unsigned input = w->port[match.input].number, out_vc = in->out_vc;
    flit_t flit = in->front;
    port->flits++;
    if (w->counting) {
        count_flit(w, (size_t)(in - w->in));
        count_leaving(w, (size_t)(in - w->in), w->now + 1);
    }
    send_flit(w, match.output, port, out_vc, flit);
    send_credit(w, match.input, input, match.vc);
    buffer_pop(w, in);
    if (flit & FLIT_TAIL) {
        port->free |= 1u << out_vc;
        withdraw_switch(w, match.output, input, match.vc);
        if (port->va_inputs)
            list_add(&w->va_list, match.output, &port->va_listed);
        if (in->flits)
            head_in_front(w, match.input, match.vc, in, 1);
    } else if (!in->flits || !(port->credit >> out_vc & 1)) {
        withdraw_switch(w, match.output, input, match.vc);
    }
}

INLINE void cross_all(struct work *w, const struct match *match, unsigned matches, bool speculative)
{
    w->m->credits_inside += matches;
    for (unsigned k = 0; k < matches; k++) {
        uint32_t o = match[k].output;
        if (w->prefetch) {
            __builtin_prefetch(&w->in[match[k + PREFETCH_AHEAD].input * w->V]);
            __builtin_prefetch(&w->out[match[k + PREFETCH_AHEAD].output * w->V]);
        }
        unsigned pair = o * w->P + w->port[match[k].input].number;
        /* not set: a speculation that got no VC, or one without a credit */
        if (!speculative || w->sa[pair] >> match[k].vc & 1)
            cross(w, match[k]);
        else
            w->m->credits_inside--;
        if (w->port[o].sa_inputs)
            list_add(&w->sa_list, o, &w->port[o].sa_listed);
    }
}

/* ---- a step, in its variants -------------------------------------------- */

INLINE void step(struct mesh *m, unsigned P, bool speculative, bool general, bool counting)
{
    struct work w = work_begin(m, P, general, counting);
    if (general)
        direct_heads(&w);
    unsigned matches = allocate_switch(&w, m->match, speculative);
    if (counting)
        count_waits(&w, m->match, matches);
    allocate_vcs(&w);
    if (general)
        withdraw_choices(&w);
    cross_all(&w, m->match, matches, speculative);
    work_end(&w);
}

static void step_5(struct mesh *m)
{
    step(m, 5, false, false, false);
}
static void step_5_speculative(struct mesh *m)
{
    step(m, 5, true, false, false);
}
static void step_n(struct mesh *m)
{
    step(m, m->ports, false, false, false);
}
static void step_n_speculative(struct mesh *m)
{
    step(m, m->ports, true, false, false);
}
static void step_counting(struct mesh *m)
{
    step(m, 5, false, false, true);
}
static void step_counting_speculative(struct mesh *m)
{
    step(m, 5, true, false, true);
}
static void step_counting_n(struct mesh *m)
{
    step(m, m->ports, false, false, true);
}
static void step_counting_n_speculative(struct mesh *m)
{
    step(m, m->ports, true, false, true);
}
static void step_general(struct mesh *m)
{
    step(m, m->ports, false, true, m->counters != NULL);
}
static void step_general_speculative(struct mesh *m)
{
    step(m, m->ports, true, true, m->counters != NULL);
}
static void accept_5(struct mesh *m, const struct bucket *b)
{
    accept(m, 5, false, false, b);
}
static void accept_n(struct mesh *m, const struct bucket *b)
{
    accept(m, m->ports, false, false, b);
}
static void accept_counting(struct mesh *m, const struct bucket *b)
{
    accept(m, 5, false, true, b);
}
static void accept_counting_n(struct mesh *m, const struct bucket *b)
{
    accept(m, m->ports, false, true, b);
}
static void accept_general(struct mesh *m, const struct bucket *b)
{
    accept(m, m->ports, true, m->counters != NULL, b);
}

/* The code for a mesh: the first row that fits. */
static const struct {
    bool general, counting;
    unsigned ports; /* 0: any number */
    void (*accept)(struct mesh *m, const struct bucket *b);
    void (*step)(struct mesh *m);
    void (*step_speculative)(struct mesh *m);
} variants[] = {
    {true, true, 0, accept_general, step_general, step_general_speculative},
    {true, false, 0, accept_general, step_general, step_general_speculative},
    {false, true, 5, accept_counting, step_counting, step_counting_speculative},
    {false, true, 0, accept_counting_n, step_counting_n, step_counting_n_speculative},
    {false, false, 5, accept_5, step_5, step_5_speculative},
    {false, false, 0, accept_n, step_n, step_n_speculative},
};

static void routers_choose(struct mesh *m, bool counting)
{
    unsigned k = 0;
    while (variants[k].general != (m->general != NULL) || variants[k].counting != counting ||
           (variants[k].ports && variants[k].ports != m->ports))
        k++;
    m->accept = variants[k].accept;
    m->allocate_and_cross = m->speculative ? variants[k].step_speculative : variants[k].step;
}
