/* A message to a queue that is not there is refused at its target, and the
 * sender hears of it, once, by a later launch: nothing is lost silently. */
// expect: the refusal was reported, once
#include "guest-os/tests/mu.h"

int user_main(void)
{
    unsigned reported = 0;
    int queue = queue_open(1);
    int astray = endpoint_open(1, 5, 0, 1), good = endpoint_open(0, 0, 0, 1);
    check(queue == 0 && astray == 0 && good == 1);
    check(mu_send_one(astray, 1) == MU_OK);
    for (unsigned i = 0; i < 100; i++) {
        mu_push(i);
        while (mu_send(good) != MU_OK)
            reported += csr_read(CSR_MU_SEND) == MU_REFUSED;
        check(mu_take_one(queue) == i);
    }
    check(reported == 1);
    printf("the refusal was reported, once\n");
    return GUEST_OK;
}
