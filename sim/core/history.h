/*
 * How a hart came to where it is, for reports of runs that end badly.
 *
 * Arrivals cost nothing where speed counts: noted are traps, returns from them, and
 * jumps to code that was not among the most recently used lines, which leave the
 * fast path anyway.  A jump within a loop that is running is not noted.
 *
 * The last instructions one by one are kept only with sim.history, which makes
 * every record pass through the tracing handler (retire.c).
 */
#ifndef TESSERA_HISTORY_H
#define TESSERA_HISTORY_H

#include "sim/base/types.h"

enum { ARRIVALS = 16 };
enum arrival_kind { ARRIVAL_JUMP, ARRIVAL_TRAP, ARRIVAL_RETURN };

struct arrival {
    cycle_t cycle;
    uint64_t from, to; /* program counters */
    uint64_t cause;    /* of a trap */
    uint8_t kind;      /* enum arrival_kind */
    uint8_t from_priv, to_priv;
};

struct retired {
    cycle_t cycle;
    uint64_t pc;
    uint32_t bits;
    uint8_t priv;
};

struct history {
    struct arrival arrival[ARRIVALS]; /* a ring: number n is at n % ARRIVALS */
    uint64_t arrivals;
    struct retired *insn; /* a ring of `capacity`; NULL: none are kept */
    uint32_t capacity;
    uint64_t insns;
};

static inline void history_arrive(struct history *h, const struct arrival *a)
{
    h->arrival[h->arrivals++ % ARRIVALS] = *a;
}

static inline void history_retire(struct history *h, const struct retired *r)
{
    if (h->insn)
        h->insn[h->insns++ % h->capacity] = *r;
}

#endif
