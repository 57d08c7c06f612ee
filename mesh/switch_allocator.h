/*
 * The switch allocator of all routers: iSLIP between inputs and outputs, one
 * iteration.  Outputs with requests grant one input each; inputs with grants
 * accept one output each; the VC of an input that goes is the first at or
 * after the input's pointer.
 *
 * With speculation an output also looks at the heads that ask for its VCs, if one
 * is free and has a credit.
 */
#ifndef TESSERA_MESH_SWITCH_ALLOCATOR_H
#define TESSERA_MESH_SWITCH_ALLOCATOR_H

#include "mesh/arbiter.h"
#include "mesh/fan.h"

/* The VCs of all virtual networks that have a free VC with a credit there. */
INLINE uint32_t vcs_worth_a_try(const struct mesh *m, const struct port *output)
{
    uint32_t good = output->free & output->credit, vcs = 0;
    if (m->vnets == 1)
        return good ? m->vnet_mask[0] : 0;
    for (unsigned n = 0; n < m->vnets; n++)
        vcs |= good & m->vnet_mask[n] ? m->vnet_mask[n] : 0;
    return vcs;
}

/* Inputs with a head that asks for the switch before it has a VC. */
INLINE uint32_t speculating_inputs(const struct work *w, uint32_t o)
{
    uint32_t vcs = w->general ? 0 : vcs_worth_a_try(w->m, &w->port[o]), inputs = 0;
    if (!w->general && w->m->vnets == 1)
        return vcs ? w->port[o].va_inputs : 0;
    for (uint32_t left = w->port[o].va_inputs; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        uint32_t trying = w->general ? speculating_vcs(w, o, i) : w->va[o * w->P + i] & vcs;
        inputs |= (unsigned)(trying != 0) << i;
    }
    return inputs;
}

/* Output o grants one of the inputs that ask for it. */
INLINE void grant_input(struct work *w, struct port_list *granted, uint32_t o, uint32_t inputs,
                        bool speculative)
{
    const struct port *output = &w->port[o];
    unsigned number =
        w->general ? pick_input(w, o, inputs, speculative) : first_from(inputs, output->sa_grant);
    uint32_t i = sibling(w, o, number);
    struct port *input = &w->port[i];
    granted->item[granted->count] = i;
    granted->count += !input->sa_granted;
    input->sa_granted |= (uint16_t)(1u << output->number);
}

INLINE struct port_list grant_inputs(struct work *w, bool speculative)
{
    struct port_list granted = {w->m->granted, 0};
    if (speculative)
        for (unsigned k = 0; k < w->va_list.count; k++) {
            uint32_t o = w->va_list.item[k];
            uint32_t inputs = w->port[o].sa_listed ? 0 : speculating_inputs(w, o);
            if (inputs)
                grant_input(w, &granted, o, inputs, speculative);
        }
    struct port_list list = list_take(&w->sa_list, &w->m->sa_spare);
    for (unsigned k = 0; k < list.count; k++) {
        uint32_t o = list.item[k], inputs = w->port[o].sa_inputs;
        w->port[o].sa_listed = false;
        if (speculative)
            inputs |= speculating_inputs(w, o);
        if (!speculative || inputs)
            grant_input(w, &granted, o, inputs, speculative);
    }
    return granted;
}

/* The VC of an input that goes to output o: one that holds its output VC, or else
 * a head that speculates. */
INLINE unsigned choose_vc(struct work *w, struct port *input, uint32_t o, bool speculative)
{
    unsigned pair = o * w->P + input->number, vc;
    uint32_t vcs = w->sa[pair];
    if (speculative && !vcs && !w->general)
        vcs = w->va[pair] & vcs_worth_a_try(w->m, &w->port[o]);
    vc = w->general ? pick_vc(w, (uint32_t)(input - w->port), o, speculative)
                    : first_from(vcs, input->vc_next);
    input->vc_next = (uint8_t)(vc + 1);
    return vc;
}

/* One output, or those to which a multicast sends the same flit.  Returns how many. */
INLINE unsigned accept_output(struct work *w, uint32_t i, struct match *match, bool speculative)
{
    struct port *input = &w->port[i];
    uint32_t granted = input->sa_granted;
    unsigned number = w->general ? pick_output(w, i, granted, speculative)
                                 : first_from(granted, input->sa_accept);
    uint32_t o = sibling(w, i, number);
    input->sa_granted = 0;
    input->sa_accept = (uint8_t)(number + 1);
    w->port[o].sa_grant = (uint8_t)(input->number + 1);
    *match = (struct match){i, o, (uint8_t)choose_vc(w, input, o, speculative)};
    unsigned matches = 1;
    granted &= ~(1u << number);
    if (w->general && w->m->general->fans)
        matches = accept_copies(w, match, &granted, speculative);
    if (w->general)
        note_served(w, match, matches);
    relist_losers(w, i, granted);
    return matches;
}

/* Decides who crosses; moves the pointers, and nothing else. */
INLINE unsigned allocate_switch(struct work *w, struct match *match, bool speculative)
{
    struct port_list granted = grant_inputs(w, speculative);
    unsigned matches = 0;
    for (unsigned k = 0; k < granted.count; k++)
        matches += accept_output(w, granted.item[k], &match[matches], speculative);
    return matches;
}

#endif
