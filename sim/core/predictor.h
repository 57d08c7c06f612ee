/*
 * Branch prediction, for what a misprediction costs; instructions are never
 * executed on a guess.
 *
 *   static    backward taken, forward not: known when a branch is decoded
 *   bimodal   two-bit counters by address (Smith, ISCA 1981)
 *   gshare    two-bit counters by address xor global history (McFarling, 1993)
 *   return stack   a ring of the latest link addresses; calls push, returns pop,
 *             as the hints of the jalr instruction say (x1 and x5 are links)
 *
 * Direct jumps cost nothing, indirect ones that are no returns are mispredicted.
 */
#ifndef TESSERA_PREDICTOR_H
#define TESSERA_PREDICTOR_H

#include "sim/base/types.h"

enum predictor_kind { PREDICT_STATIC, PREDICT_BIMODAL, PREDICT_GSHARE };
enum { RETURN_STACK_MAX = 32, COUNTER_TAKEN = 2, COUNTER_MAX = 3 };

struct predictor {
    uint8_t *counter;               /* 0..3; taken from 2 on */
    uint32_t mask;                  /* counters - 1 */
    uint32_t history, history_mask; /* 0 for bimodal */
    uint32_t returns, top;          /* entries of the return stack; the latest */
    uint64_t mispredicts;           /* of all kinds; counted where their cycles are charged */
    uint64_t *link;                 /* of `returns` entries */
};

/* The branch at this halfword of the address space goes this way; true when it was
 * predicted to go the other. */
static inline bool predictor_mispredicts(struct predictor *p, uint64_t halfword, bool taken)
{
    uint8_t *counter = &p->counter[(uint32_t)(halfword ^ p->history) & p->mask];
    bool wrong = (*counter >= COUNTER_TAKEN) != taken;
    if (taken)
        *counter = (uint8_t)(*counter + (*counter < COUNTER_MAX));
    else
        *counter = (uint8_t)(*counter - (*counter > 0));
    if (p->history_mask)
        p->history = (p->history << 1 | taken) & p->history_mask;
    return wrong;
}

static inline void predictor_call(struct predictor *p, uint64_t link)
{
    if (!p->returns)
        return;
    p->top = p->top + 1 == p->returns ? 0 : p->top + 1;
    p->link[p->top] = link;
}

/* True when the return stack does not have this target on top. */
static inline bool predictor_misses_return(struct predictor *p, uint64_t target)
{
    bool wrong = !p->returns || p->link[p->top] != target;
    if (p->returns)
        p->top = p->top ? p->top - 1 : p->returns - 1;
    return wrong;
}

#endif
