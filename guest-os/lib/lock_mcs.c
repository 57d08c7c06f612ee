/*
 * The queue lock of Mellor-Crummey and Scott (ACM TOCS 9(1), 1991): waiters
 * form a list, each spins on its own line, and a release touches the next
 * waiter's line only.
 *
 *   lock.tail ----------------------------------+
 *                                               v
 *   node A (owner)  next -> node B  next -> node C  next = 0
 *                           granted = 0     granted = 0
 *
 * Memory order: the swap of the tail is acquire (an empty queue is entered
 * there) and release (the node's fields are set before others can find it);
 * `granted` is stored with release and read with acquire, which hands the
 * critical section's writes to the next owner.
 */
#include "guest-os/lib/lock.h"

#include <stddef.h>

static void mcs_acquire(union lock *lock, struct lock_node *node)
{
    node->next = NULL;
    node->granted = 0;
    struct lock_node *before = __atomic_exchange_n(&lock->mcs.tail, node, __ATOMIC_ACQ_REL);
    if (!before)
        return;
    __atomic_store_n(&before->next, node, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&node->granted, __ATOMIC_ACQUIRE))
        ;
}

static void mcs_release(union lock *lock, struct lock_node *node)
{
    struct lock_node *last = node;
    if (!__atomic_load_n(&node->next, __ATOMIC_ACQUIRE)) {
        if (__atomic_compare_exchange_n(&lock->mcs.tail, &last, NULL, 0, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
            return;
        while (!__atomic_load_n(&node->next, __ATOMIC_ACQUIRE))
            ; /* the next waiter has swapped the tail and is about to link itself */
    }
    __atomic_store_n(&node->next->granted, 1, __ATOMIC_RELEASE);
}

const struct lock_kind lock_mcs = {"mcs", mcs_acquire, mcs_release, true};
