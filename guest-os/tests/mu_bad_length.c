/* A message has one to eight words; anything else is refused, and nothing leaves. */
// expect: no words: bad length
// expect: nine words: bad length
// expect: then one word arrives
#include "guest-os/tests/mu.h"

int user_main(void)
{
    int queue = queue_open(2), endpoint = endpoint_open(0, 0, 7, 2);
    check(queue == 0 && endpoint == 0);
    check(mu_send(endpoint) == MU_BAD_LENGTH);
    printf("no words: bad length\n");
    for (uint64_t w = 0; w <= MU_MESSAGE_WORDS; w++)
        mu_push(w);
    check(mu_send(endpoint) == MU_BAD_LENGTH);
    check(mu_send(MU_DISCARD) == MU_OK);
    printf("nine words: bad length\n");
    check(mu_send_one(endpoint, 99) == MU_OK);
    check(mu_take_one(queue) == 99);
    check(csr_read(CSR_MU_READY) == 0);
    printf("then one word arrives\n");
    return GUEST_OK;
}
