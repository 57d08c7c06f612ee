/*
 * Ticket lock: draw a number, wait until it is served.  Fair, and as simple as
 * a lock can be; every waiter spins on the one line that each release changes,
 * so a release costs as many misses as there are waiters.
 *
 *   line 0  next     the number drawn next (atomic add)
 *   line 1  serving  the number that may enter (stored by the owner only)
 *
 * The two words lie in two lines, so that drawing does not disturb the spinners.
 *
 * Memory order: the acquire load of `serving` keeps the critical section's
 * accesses after it; the release store of serving+1 keeps them before it.
 */
#include "guest-os/lib/lock.h"

static void ticket_acquire(union lock *lock, struct lock_node *node)
{
    (void)node;
    uint64_t mine = __atomic_fetch_add(&lock->ticket.next, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->ticket.serving, __ATOMIC_ACQUIRE) != mine)
        ;
}

static void ticket_release(union lock *lock, struct lock_node *node)
{
    (void)node;
    uint64_t served = __atomic_load_n(&lock->ticket.serving, __ATOMIC_RELAXED);
    __atomic_store_n(&lock->ticket.serving, served + 1, __ATOMIC_RELEASE);
}

const struct lock_kind lock_ticket = {"ticket", ticket_acquire, ticket_release, false};

const struct lock_kind *const lock_kinds[] = {&lock_ticket, &lock_mcs, 0};
