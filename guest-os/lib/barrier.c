/*
 * A counter and a round number, each in its own line.  Arrivals add to the
 * counter; the last one empties it and then opens the next round, on which the
 * others spin in their own caches.
 *
 *   waiting  0 .. cores-1          round  0, 1, 2 ...
 *
 * Memory order: the arrival is an acquire-release add, so the last to come has
 * seen what everyone did before; the round is stored with release and read with
 * acquire, so everyone sees that too.  The counter is emptied before the round
 * opens: who leaves early and comes again finds it at zero.
 */
#include "guest-os/lib/barrier.h"

void barrier_wait(struct barrier *b, unsigned cores)
{
    uint64_t round = __atomic_load_n(&b->round, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&b->waiting, 1, __ATOMIC_ACQ_REL) == cores) {
        __atomic_store_n(&b->waiting, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&b->round, round + 1, __ATOMIC_RELEASE);
        return;
    }
    while (__atomic_load_n(&b->round, __ATOMIC_ACQUIRE) == round)
        ;
}
