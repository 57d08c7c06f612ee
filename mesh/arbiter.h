/*
 * Arbiters of a general mesh: who of several goes first.
 *
 *   round-robin  the first at or after a pointer: iSLIP, as in a plain mesh
 *   matrix       the one that was served longest ago, which is what a matrix
 *                of who-beats-whom computes; at first the lowest number
 *   age          the one whose packet was born first; at a tie the lowest number
 *
 * In the switch allocator each output chooses an input, each input an output
 * and then one of its VCs.  In the VC allocator matrix and age put an
 * output's heads in order, and its free VCs, in the order of their numbers, take the first
 * head that may have them.  Priorities stand above all: a VC of a lesser level does not
 * take part where one of a higher level does.
 */
#ifndef TESSERA_MESH_ARBITER_H
#define TESSERA_MESH_ARBITER_H

#include "mesh/recency.h"
#include "mesh/reservation.h"

/* The age of the packet in front of an input VC: its birth. */
INLINE cycle_t birth_of(const struct work *w, size_t in_vc)
{
    return w->m->travel[(uint32_t)w->in[in_vc].front].born;
}

INLINE cycle_t oldest_birth(const struct work *w, uint32_t input, uint32_t vcs)
{
    cycle_t oldest = CYCLE_NEVER;
    for (; vcs; vcs &= vcs - 1) {
        cycle_t born = birth_of(w, (size_t)input * w->V + (unsigned)__builtin_ctz(vcs));
        oldest = born < oldest ? born : oldest;
    }
    return oldest;
}

/* The VCs of output o that a head may take: free, of its group, not kept for another, with
 * room. */
INLINE uint32_t vcs_for(const struct work *w, uint32_t o, const struct vc_in *in)
{
    uint32_t vcs = w->port[o].free & w->m->group_mask[in->group] & ~kept_from(w, o, in);
    uint32_t good = vcs;
    if (in->room == 0)
        return vcs;
    for (uint32_t left = vcs; left; left &= left - 1) {
        unsigned v = (unsigned)__builtin_ctz(left);
        good &= ~((unsigned)(w->out[o * w->V + v].credits < in->room) << v);
    }
    return good;
}

/* Heads of input i that may try the switch to output o before they have a VC. */
INLINE uint32_t speculating_vcs(const struct work *w, uint32_t o, unsigned i)
{
    uint32_t good = 0;
    for (uint32_t left = w->va[o * w->P + i]; left; left &= left - 1) {
        unsigned v = (unsigned)__builtin_ctz(left);
        const struct vc_in *in = &w->in[(size_t)sibling(w, o, i) * w->V + v];
        good |= (unsigned)((vcs_for(w, o, in) & w->port[o].credit) != 0) << v;
    }
    return good;
}

/* The VCs of input i that ask for the switch to output o. */
INLINE uint32_t asking_vcs(const struct work *w, uint32_t o, unsigned i, bool speculative)
{
    uint32_t vcs = w->sa[o * w->P + i];
    return speculative && !vcs ? speculating_vcs(w, o, i) : vcs;
}

/* Those of them that have the highest priority. */
INLINE uint32_t worthiest(const struct general *g, uint32_t vcs)
{
    for (unsigned l = 0; l < g->levels; l++)
        if (vcs & g->level_mask[l])
            return vcs & g->level_mask[l];
    return vcs;
}

/* Of the pairs of port p and its counterparts in `numbers`, those with a VC of the highest
 * level; p is the output, or the input. */
INLINE uint32_t worthiest_pairs(const struct work *w, uint32_t p, uint32_t numbers, bool output,
                                bool speculative)
{
    const struct general *g = w->m->general;
    unsigned own = w->port[p].number;
    for (unsigned l = 0; g->levels > 1 && l < g->levels; l++) {
        uint32_t good = 0;
        for (uint32_t left = numbers; left; left &= left - 1) {
            unsigned n = (unsigned)__builtin_ctz(left);
            uint32_t vcs = output ? asking_vcs(w, p, n, speculative)
                                  : asking_vcs(w, sibling(w, p, n), own, speculative);
            good |= (unsigned)((vcs & g->level_mask[l]) != 0) << n;
        }
        if (good)
            return good;
    }
    return numbers;
}

/* Of the counterparts of port p, the one with the oldest packet. */
INLINE unsigned oldest_pair(const struct work *w, uint32_t p, uint32_t numbers, bool output,
                            bool speculative)
{
    const struct general *g = w->m->general;
    unsigned own = w->port[p].number, best = 0;
    cycle_t oldest = CYCLE_NEVER;
    for (; numbers; numbers &= numbers - 1) {
        unsigned n = (unsigned)__builtin_ctz(numbers);
        uint32_t o = output ? p : sibling(w, p, n), i = output ? sibling(w, p, n) : p;
        uint32_t vcs = worthiest(g, asking_vcs(w, o, output ? n : own, speculative));
        cycle_t born = oldest_birth(w, i, vcs);
        if (born < oldest) {
            oldest = born;
            best = n;
        }
    }
    return best;
}

/* The input that output o grants. */
INLINE unsigned pick_input(const struct work *w, uint32_t o, uint32_t inputs, bool speculative)
{
    const struct general *g = w->m->general;
    inputs = worthiest_pairs(w, o, inputs, true, speculative);
    if (g->arbiter == ARBITER_MATRIX)
        return recency_least(recency_row(g->input_row, o, w->P), inputs);
    if (g->arbiter == ARBITER_AGE)
        return oldest_pair(w, o, inputs, true, speculative);
    return first_from(inputs, w->port[o].sa_grant);
}

/* The output whose grant input i accepts. */
INLINE unsigned pick_output(const struct work *w, uint32_t i, uint32_t outputs, bool speculative)
{
    const struct general *g = w->m->general;
    outputs = worthiest_pairs(w, i, outputs, false, speculative);
    if (g->arbiter == ARBITER_MATRIX)
        return recency_least(recency_row(g->output_row, i, w->P), outputs);
    if (g->arbiter == ARBITER_AGE)
        return oldest_pair(w, i, outputs, false, speculative);
    return first_from(outputs, w->port[i].sa_accept);
}

/* The VC of input i that goes to output o. */
INLINE unsigned pick_vc(const struct work *w, uint32_t i, uint32_t o, bool speculative)
{
    const struct general *g = w->m->general;
    uint32_t vcs = worthiest(g, asking_vcs(w, o, w->port[i].number, speculative));
    if (g->arbiter == ARBITER_MATRIX)
        return recency_least(recency_row(g->vc_row, i, w->V), vcs);
    if (g->arbiter == ARBITER_ROUND_ROBIN)
        return first_from(vcs, w->port[i].vc_next);
    cycle_t oldest = oldest_birth(w, i, vcs);
    while (birth_of(w, (size_t)i * w->V + (unsigned)__builtin_ctz(vcs)) != oldest)
        vcs &= vcs - 1;
    return (unsigned)__builtin_ctz(vcs);
}

/* An input has been matched with outputs, of which the one with the lowest number counts as
 * served first. */
INLINE void note_served(const struct work *w, const struct match *match, unsigned matches)
{
    const struct general *g = w->m->general;
    uint32_t i = match->input, outputs = 0;
    if (g->arbiter != ARBITER_MATRIX)
        return;
    for (unsigned k = 0; k < matches; k++) {
        uint32_t o = match[k].output;
        recency_serve(recency_row(g->input_row, o, w->P), w->P, w->port[i].number);
        outputs |= 1u << w->port[o].number;
    }
    for (; outputs; outputs &= outputs - 1)
        recency_serve(recency_row(g->output_row, i, w->P), w->P, (unsigned)__builtin_ctz(outputs));
    recency_serve(recency_row(g->vc_row, i, w->V), w->V, match->vc);
}

/* The head `id` has got a VC of output o. */
INLINE void note_head_served(const struct work *w, uint32_t o, unsigned id)
{
    const struct general *g = w->m->general;
    unsigned heads = w->P * w->V;
    if (g->arbiter == ARBITER_MATRIX)
        recency_serve(recency_row(g->head_row, o, heads), heads, id);
}

/* The rank of a head among those that ask for VCs of output o: less goes first. */
INLINE cycle_t rank_of_head(const struct work *w, uint32_t o, unsigned id)
{
    const struct general *g = w->m->general;
    if (g->arbiter == ARBITER_AGE)
        return birth_of(w, (size_t)sibling(w, o, 0) * w->V + id);
    return recency_row(g->head_row, o, w->P * w->V)[id];
}

#endif
