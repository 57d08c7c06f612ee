/* User code sends only through endpoints that it was given. */
// expect: never opened: bad endpoint
// expect: beyond the last: bad endpoint
// expect: the driver refuses: no such tile, no such queue, no credits
#include "guest-os/lib/machine.h"
#include "guest-os/tests/mu.h"

int user_main(void)
{
    const struct bootinfo *m = machine();
    check(mu_send_one(0, 1) == MU_BAD_ENDPOINT);
    check(mu_send(MU_DISCARD) == MU_OK);
    printf("never opened: bad endpoint\n");
    check(mu_send_one(m->mu_endpoints, 1) == MU_BAD_ENDPOINT);
    check(mu_send(INT64_MAX) == MU_BAD_ENDPOINT);
    check(mu_send(MU_DISCARD) == MU_OK);
    printf("beyond the last: bad endpoint\n");
    check(endpoint_open((unsigned)m->tiles, 0, 0, 1) < 0);
    check(endpoint_open(0, m->mu_queues, 0, 1) < 0);
    check(endpoint_open(0, 0, 0, 0) < 0);
    check(queue_open(0) < 0 && queue_open(m->mu_slots + 1) < 0);
    printf("the driver refuses: no such tile, no such queue, no credits\n");
    return GUEST_OK;
}
