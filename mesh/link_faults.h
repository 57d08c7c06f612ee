/*
 * What faults do to flits in a general mesh, where they cross a link and where
 * they leave it.
 *
 * A flit that is hit keeps its place: the next router cannot use it, but its slot,
 * its buffer and its credit are accounted for as ever.  At the end of its way the
 * packet is discarded if one of its flits is lost, and flagged if one is damaged.
 * A head that is lost goes no further than the next router.
 *
 * A link that breaks under a packet: the next flit of it that would cross
 * becomes the tail that closes what is beyond (its receiver sees the link go
 * down); those after it vanish at the end of the link that is left, and so does
 * every packet that had a VC there and had not begun to cross.
 */
#ifndef TESSERA_MESH_LINK_FAULTS_H
#define TESSERA_MESH_LINK_FAULTS_H

#include "mesh/general.h"
#include "mesh/router_work.h"
#include "sim/base/hash.h"

/* What chance does to the flit that leaves through port p in this cycle. */
INLINE flit_t struck(const struct work *w, uint32_t p, flit_t flit)
{
    const struct mesh_faults *f = &w->m->general->faults;
    uint64_t draw = hash_u64(hash_u64(hash_u64(HASH_SEED, f->seed), w->now), p);
    if (f->drop && draw < f->drop)
        flit |= FLIT_LOST;
    if (f->corrupt && hash_u64(draw, 1) < f->corrupt)
        flit |= FLIT_CORRUPT;
    return flit;
}

/* The end of the link at output VC vc of port p, which has broken.  False: the flit vanishes. */
INLINE bool cross_broken(struct work *w, uint32_t p, unsigned vc, flit_t *flit)
{
    struct mesh *m = w->m;
    uint8_t *cut = &m->general->cut[(size_t)p * w->V + vc];
    bool crosses = *cut == CUT_CLOSE, tail = (*flit & FLIT_TAIL) != 0;
    uint32_t packet = (uint32_t)*flit;
    if (crosses && !tail)
        m->travel[packet].parts++; /* this tail, and the one to come */
    if (crosses)
        *flit |= FLIT_TAIL | FLIT_LOST;
    else if (tail)
        general_part_done(m, packet, true, m->flit_delay[MESH_NEIGHBOURS]);
    *cut = tail ? CUT_NOT : CUT_SWALLOW;
    return crosses;
}

/* Whether the flit reaches the other end, and as what. */
INLINE bool cross_link(struct work *w, uint32_t p, unsigned vc, flit_t *flit)
{
    struct general *g = w->m->general;
    if (*flit & FLIT_HEAD)
        w->m->travel[(uint32_t)*flit].hops++;
    if (g->faults.drop | g->faults.corrupt)
        *flit = struck(w, p, *flit);
    return !g->link_dead || !bit_of(g->link_dead, p) || cross_broken(w, p, vc, flit);
}

/* A flit leaves the mesh through ejection VC vc of port p. */
INLINE void eject_marked(struct work *w, const struct port *port, uint32_t p, unsigned vc,
                         flit_t flit)
{
    struct mesh *m = w->m;
    struct general *g = m->general;
    unsigned delay = m->flit_delay[port->number];
    uint32_t packet = (uint32_t)flit;
    uint8_t *marks = &g->marks[(size_t)p * w->V + vc];
    *marks |= (uint8_t)(flit >> 53 & 3);
    if (!(flit & FLIT_TAIL))
        return;
    bool lost = *marks & 1 || (g->router_dead && bit_of(g->router_dead, p / w->P));
    bool corrupt = *marks & 2;
    *marks = 0;
    g->flits_arrived += lost ? 0 : m->packet[packet].flits;
    if (m->travel[packet].acks) {
        general_ack_arrived(m, packet, lost, delay);
        return;
    }
    if (!lost) {
        struct bucket *b = arriving_in(w, delay);
        b->arrival[b->arrivals++] =
            (struct mesh_arrival){m->packet[packet].payload, port->node, corrupt};
    }
    general_part_done(m, packet, lost, delay);
}

#endif
