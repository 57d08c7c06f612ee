/*
 * What all transports share: setting a channel up.
 *
 * Each end writes an offer (where it receives) into its half of the
 * meeting and reads the other's.
 *
 *   lower core                              higher core
 *   offer[0] = where I receive              offer[1] = where I receive
 *   offer[0].made = 1                       offer[1].made = 1
 *   wait for offer[1].made                  wait for offer[0].made
 *   accept(offer[1]): send there            accept(offer[0]): send there
 *
 * Memory order: `made` is stored with release after the offer's words and read
 * with acquire before them.  What an end prepared before it offered, such as a
 * zeroed ring, is therefore visible to the peer's first send.
 */
#include "guest-os/transport/transport.h"

#include "guest-os/lib/memory.h"
#include "guest-os/lib/user.h"

const struct transport *const transports[] = {&transport_urpc, &transport_noc, 0};

static void join(struct waitset *set, struct channel *c)
{
    check(set->count < set->capacity);
    set->member[set->count++] = c;
}

void channel_open(struct channel *c, const struct transport *transport, unsigned peer,
                  struct meeting *meeting, struct waitset *set)
{
    bool lower = self_core() < peer;
    struct offer *mine = &meeting->offer[lower ? 0 : 1], *theirs = &meeting->offer[lower ? 1 : 0];
    *c = (struct channel){.transport = transport, .waitset = set, .peer = peer};
    if (set)
        join(set, c);
    transport->offer(c, mine);
    __atomic_store_n(&mine->made, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&theirs->made, __ATOMIC_ACQUIRE))
        ;
    transport->accept(c, theirs);
}

void waitset_open(struct waitset *set, const struct transport *transport, unsigned capacity)
{
    *set = (struct waitset){.transport = transport, .capacity = capacity};
    set->member = memory_take(capacity * sizeof set->member[0]);
    transport->waitset_open(set);
}
