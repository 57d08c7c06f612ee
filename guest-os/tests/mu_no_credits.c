/*
 * Credits: two launches go, the third is refused and its words are kept, a
 * credit comes back with the receiver's ack, and the same words go then.  A
 * sender may also give up: discarded words do not precede the next message.
 */
// expect: third launch: no credits
// expect: after an ack the kept words went
// expect: received 1 2 3 5
#include "guest-os/tests/mu.h"

static struct barrier barrier;

static void receiver(void *unused)
{
    (void)unused;
    int queue = queue_open(2);
    check(queue == 0);
    barrier_wait(&barrier, 2); /* the queue is open */
    barrier_wait(&barrier, 2); /* the sender has been refused */
    uint64_t a = mu_take_one(queue), b = mu_take_one(queue), c = mu_take_one(queue);
    check(csr_read(CSR_MU_READY) == 0);
    barrier_wait(&barrier, 2); /* everything is taken */
    uint64_t d = mu_take_one(queue);
    printf("received %lu %lu %lu %lu\n", a, b, c, d);
    barrier_wait(&barrier, 2);
}

int user_main(void)
{
    check(spawn(1, receiver, 0));
    barrier_wait(&barrier, 2);
    int endpoint = endpoint_open(1, 0, 0, 2);
    check(endpoint == 0);
    check(mu_send_one(endpoint, 1) == MU_OK && mu_send_one(endpoint, 2) == MU_OK);
    check(mu_send_one(endpoint, 3) == MU_NO_CREDITS && mu_send(endpoint) == MU_NO_CREDITS);
    printf("third launch: no credits\n");
    barrier_wait(&barrier, 2);
    while (mu_send(endpoint) == MU_NO_CREDITS)
        ;
    check(csr_read(CSR_MU_SEND) == MU_OK);
    printf("after an ack the kept words went\n");
    barrier_wait(&barrier, 2);
    mu_push(4);
    check(mu_send(MU_DISCARD) == MU_OK);
    mu_push(5);
    while (mu_send(endpoint) == MU_NO_CREDITS)
        ;
    barrier_wait(&barrier, 2);
    return GUEST_OK;
}
