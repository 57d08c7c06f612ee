/* Messages to a queue that is not there are refused at their target, and the
 * sender hears of each, once, by a later launch through the same endpoint and
 * no other: nothing is lost silently. */
// expect: three refusals were reported, once each
#include "guest-os/tests/mu.h"

int user_main(void)
{
    int queue = queue_open(1);
    int astray = endpoint_open(1, 5, 0, 3), good = endpoint_open(0, 0, 0, 1);
    check(queue == 0 && astray == 0 && good == 1);
    for (unsigned i = 0; i < 3; i++)
        check(mu_send_one(astray, i) == MU_OK);
    for (unsigned i = 0; i < 100; i++) {
        mu_push(i);
        while (mu_send(good) != MU_OK)
            check(csr_read(CSR_MU_SEND) == MU_NO_CREDITS);
        check(mu_take_one(queue) == i);
    }
    mu_push(3);
    for (unsigned i = 0; i < 3; i++)
        check(mu_send(astray) == MU_REFUSED);
    check(mu_send(astray) == MU_OK);
    printf("three refusals were reported, once each\n");
    return GUEST_OK;
}
