/*
 * The invariants of the mesh between two steps (mesh_internal.h lists them),
 * tested on the whole state.  The request masks are redundant by design: they
 * are what makes the routers fast, and here they are derived again from what
 * they summarise.
 */
#include "mesh/general.h"

/* What can be derived again of each VC of each port. */
struct derived {
    uint32_t *flits;  /* out VC: credits, flits and credits that belong to it */
    uint32_t *source; /* source VC: the same */
    uint16_t *holds;  /* in VC: 1 + the output VC (port * V + vc) that it holds; 0 = none */
    bool *in_routing; /* in VC: its head waits for the routing stage to end, or to be directed */
};

/* The copies of a multicast in front of an input VC, NULL: it is none. */
static const struct fan *copies_at(const struct mesh *m, size_t vc)
{
    const struct general *g = m->general;
    return g && g->fans && g->fan[vc].left ? &g->fan[vc] : NULL;
}

static size_t vc_at(const struct mesh *m, unsigned r, unsigned port, unsigned vc)
{
    return (size_t)(r * m->ports + port) * m->vcs + vc;
}

/* Whoever sends into VC vc of port p: counts what it has there. */
static uint32_t *upstream(const struct mesh *m, const struct derived *d, unsigned p, unsigned vc)
{
    const struct port *port = &m->port[p];
    if (port->number < MESH_NEIGHBOURS)
        return &d->flits[(size_t)(p + (unsigned)m->across[port->number]) * m->vcs + vc];
    return &d->source[(size_t)port->node * m->vcs + vc];
}

static void derive_events(const struct mesh *m, const struct derived *d)
{
    for (unsigned k = 0; k <= m->bucket_mask; k++) {
        const struct bucket *b = &m->bucket[k];
        for (unsigned i = 0; i < b->flits; i++)
            ++*upstream(m, d, b->flit[i].port, b->flit[i].vc);
        for (unsigned i = 0; i < b->credits; i++)
            d->flits[b->credit[i]]++;
        for (unsigned i = 0; i < b->source_credits; i++)
            d->source[(size_t)b->source_credit[i].port * m->vcs + b->source_credit[i].vc]++;
        for (unsigned i = 0; i < b->heads; i++)
            d->in_routing[(size_t)b->head[i].port * m->vcs + b->head[i].vc] = true;
    }
    for (unsigned i = 0; m->general && i < m->general->heads; i++) {
        struct vc_event e = m->general->head[i];
        d->in_routing[(size_t)e.port * m->vcs + e.vc] = true;
    }
}

static bool derive_router(const struct mesh *m, const struct derived *d, unsigned r,
                          struct error *e)
{
    for (unsigned p = 0; p < m->ports; p++)
        for (unsigned v = 0; v < m->vcs; v++) {
            const struct vc_out *out = &m->out[vc_at(m, r, p, v)];
            const struct vc_in *in = &m->in[vc_at(m, r, p, v)];
            d->flits[vc_at(m, r, p, v)] += out->credits;
            if (in->flits)
                *upstream(m, d, r * m->ports + p, v) += in->flits;
            if (m->port[r * m->ports + p].free >> v & 1)
                continue;
            size_t owner = vc_at(m, r, out->owner_port, out->owner_vc);
            uint16_t *holds = &d->holds[owner];
            const struct fan *fan = copies_at(m, owner);
            if (fan && (!(fan->left & fan->holding & 1u << p) || copies_of(m, fan)[p].out_vc != v))
                return error_set(e, EXIT_STATUS_INTERNAL,
                                 "router %u: input VC %u.%u does not know its copy for %u", r,
                                 out->owner_port, out->owner_vc, p);
            if (fan)
                continue;
            if (*holds)
                return error_set(e, EXIT_STATUS_INTERNAL, "router %u: input VC %u.%u holds two VCs",
                                 r, out->owner_port, out->owner_vc);
            *holds = (uint16_t)(p * m->vcs + v + 1);
        }
    return true;
}

static bool derive(const struct mesh *m, const struct derived *d, struct error *e)
{
    for (unsigned n = 0; n < m->nodes; n++)
        for (unsigned v = 0; v < m->vcs; v++)
            d->source[n * m->vcs + v] = m->source_credits[n * m->vcs + v];
    derive_events(m, d);
    for (unsigned r = 0; r < m->routers; r++)
        if (!derive_router(m, d, r, e))
            return false;
    return true;
}

/* ---- the tests ---------------------------------------------------------- */

static bool check_credits(const struct mesh *m, const struct derived *d, struct error *e)
{
    for (size_t v = 0; v < (size_t)m->routers * m->ports * m->vcs; v++) {
        unsigned port = (unsigned)(v / m->vcs), r = port / m->ports;
        if (d->flits[v] != m->buffer_flits)
            return error_set(e, EXIT_STATUS_INTERNAL,
                             "router %u: output VC %u.%u accounts for %u flits of %u", r,
                             port % m->ports, (unsigned)(v % m->vcs), d->flits[v], m->buffer_flits);
        if ((m->port[port].credit >> v % m->vcs & 1) != (m->out[v].credits > 0))
            return error_set(e, EXIT_STATUS_INTERNAL, "router %u: credit mask of output %u", r,
                             port % m->ports);
    }
    for (size_t v = 0; v < (size_t)m->nodes * m->vcs; v++)
        if (d->source[v] != m->buffer_flits)
            return error_set(e, EXIT_STATUS_INTERNAL, "node %u: VC %u accounts for %u flits of %u",
                             (unsigned)(v / m->vcs), (unsigned)(v % m->vcs), d->source[v],
                             m->buffer_flits);
    return true;
}

/* The outputs that this VC should ask for the switch now. */
static unsigned expected_switch(const struct mesh *m, const struct derived *d, unsigned r, size_t v)
{
    const struct fan *fan = copies_at(m, v);
    unsigned holds = d->holds[v], outputs = 0;
    for (unsigned left = fan ? fan->left & fan->holding : 0; left; left &= left - 1) {
        unsigned o = (unsigned)__builtin_ctz(left);
        outputs |= (unsigned)(copies_of(m, fan)[o].sent - fan->released < m->in[v].flits) << o;
    }
    if (fan)
        return outputs;
    if (!holds || m->in[v].flits == 0)
        return 0;
    unsigned output = (holds - 1) / m->vcs, vc = (holds - 1) % m->vcs;
    return m->port[r * m->ports + output].credit >> vc & 1 ? 1u << output : 0;
}

/* The outputs of which it should ask for a VC now. */
static unsigned expected_vc(const struct mesh *m, const struct derived *d, size_t v)
{
    const struct fan *fan = copies_at(m, v);
    if (fan)
        return fan->left & ~(unsigned)fan->holding;
    return !d->holds[v] && m->in[v].flits && !d->in_routing[v] ? 1u << m->in[v].out_port : 0;
}

/* A multicast in a general mesh is whole where it is: no credit of its VCs can run out. */
static bool check_copies(const struct mesh *m, unsigned r, unsigned p, unsigned v, struct error *e)
{
    const struct fan *fan = copies_at(m, vc_at(m, r, p, v));
    for (unsigned left = fan ? fan->left & fan->holding : 0; left; left &= left - 1) {
        unsigned o = (unsigned)__builtin_ctz(left);
        const struct vc_in *in = &m->in[vc_at(m, r, p, v)];
        struct copy copy = copies_of(m, fan)[o];
        unsigned flits = in->flits ? m->packet[(uint32_t)in->front].flits : copy.sent;
        if (m->out[vc_at(m, r, o, copy.out_vc)].credits + copy.sent < (int)flits)
            return error_set(e, EXIT_STATUS_INTERNAL,
                             "router %u: a copy of input VC %u.%u has no room at output %u", r, p,
                             v, o);
    }
    return true;
}

static bool check_vc(const struct mesh *m, const struct derived *d, unsigned r, unsigned p,
                     unsigned v, struct error *e)
{
    size_t at = vc_at(m, r, p, v);
    const struct vc_in *in = &m->in[at];
    unsigned holds = d->holds[at];
    if (holds && holds - 1 != in->out_port * m->vcs + in->out_vc)
        return error_set(e, EXIT_STATUS_INTERNAL, "router %u: input VC %u.%u does not know its VC",
                         r, p, v);
    if (!holds && in->flits && !copies_at(m, at) && !(in->front & FLIT_HEAD))
        return error_set(e, EXIT_STATUS_INTERNAL, "router %u: input VC %u.%u lost its head", r, p,
                         v);
    if (holds && m->vc_vnet[(holds - 1) % m->vcs] != m->vc_vnet[v])
        return error_set(e, EXIT_STATUS_INTERNAL,
                         "router %u: input VC %u.%u changed its virtual network", r, p, v);
    unsigned sa = expected_switch(m, d, r, at), va = expected_vc(m, d, at);
    if (!check_copies(m, r, p, v, e))
        return false;
    for (unsigned o = 0; o < m->ports; o++) {
        size_t pair = (size_t)(r * m->ports + o) * m->ports + p;
        if ((m->sa[pair] >> v & 1) != (sa >> o & 1) || (m->va[pair] >> v & 1) != (va >> o & 1))
            return error_set(e, EXIT_STATUS_INTERNAL,
                             "router %u: request of input VC %u.%u for output %u", r, p, v, o);
    }
    return true;
}

/* What is kept is free, and for a head that asks for it. */
static bool check_kept(const struct mesh *m, unsigned r, unsigned o, struct error *e)
{
    const struct general *g = m->general;
    size_t output = (size_t)r * m->ports + o;
    for (uint32_t left = g && g->fans ? g->kept[output] : 0; left; left &= left - 1) {
        unsigned v = (unsigned)__builtin_ctz(left), head = g->kept_for[output * m->vcs + v];
        if (!(m->port[output].free >> v & 1) || g->keeping == 0 ||
            !(m->va[output * m->ports + head / m->vcs] >> head % m->vcs & 1))
            return error_set(e, EXIT_STATUS_INTERNAL,
                             "router %u: VC %u.%u is kept for a head that does not ask for it", r,
                             o, v);
    }
    return true;
}

static bool check_summaries(const struct mesh *m, unsigned r, struct error *e)
{
    for (unsigned o = 0; o < m->ports; o++) {
        const struct port *port = &m->port[r * m->ports + o];
        for (unsigned i = 0; i < m->ports; i++) {
            size_t pair = (size_t)(r * m->ports + o) * m->ports + i;
            if ((port->sa_inputs >> i & 1) != (m->sa[pair] != 0) ||
                (port->va_inputs >> i & 1) != (m->va[pair] != 0))
                return error_set(e, EXIT_STATUS_INTERNAL, "router %u: inputs of output %u", r, o);
        }
        if ((port->sa_inputs && !port->sa_listed) ||
            (port->va_inputs && port->free && !port->va_listed))
            return error_set(e, EXIT_STATUS_INTERNAL, "router %u: output %u is not listed", r, o);
        if (!check_kept(m, r, o, e))
            return false;
        if (port->sa_granted)
            return error_set(e, EXIT_STATUS_INTERNAL, "router %u: input %u kept a grant", r, o);
    }
    return true;
}

/* Each listed output knows it, and no other does. */
static bool check_lists(const struct mesh *m, struct error *e)
{
    unsigned sa = 0, va = 0;
    for (size_t p = 0; p < (size_t)m->routers * m->ports; p++) {
        sa += m->port[p].sa_listed;
        va += m->port[p].va_listed;
    }
    for (unsigned k = 0; k < m->sa_list.count; k++)
        sa -= m->port[m->sa_list.item[k]].sa_listed;
    for (unsigned k = 0; k < m->va_list.count; k++)
        va -= m->port[m->va_list.item[k]].va_listed;
    return sa == 0 && va == 0 ? true
                              : error_set(e, EXIT_STATUS_INTERNAL, "a list is not what ports say");
}

static bool check_derived(const struct mesh *m, const struct derived *d, struct error *e)
{
    if (!derive(m, d, e) || !check_credits(m, d, e) || !check_lists(m, e))
        return false;
    for (unsigned r = 0; r < m->routers; r++) {
        for (unsigned p = 0; p < m->ports; p++)
            for (unsigned v = 0; v < m->vcs; v++)
                if (!check_vc(m, d, r, p, v, e))
                    return false;
        if (!check_summaries(m, r, e))
            return false;
    }
    return true;
}

bool mesh_check(const struct mesh *mesh, struct error *e)
{
    struct arena *scratch = arena_create();
    size_t vcs = (size_t)mesh->routers * mesh->ports * mesh->vcs;
    struct derived d = {
        .flits = arena_alloc(scratch, vcs, sizeof *d.flits),
        .source = arena_alloc(scratch, (size_t)mesh->nodes * mesh->vcs, sizeof *d.source),
        .holds = arena_alloc(scratch, vcs, sizeof *d.holds),
        .in_routing = arena_alloc(scratch, vcs, sizeof *d.in_routing),
    };
    bool good = check_derived(mesh, &d, e);
    arena_destroy(scratch);
    return good;
}
