/* Fifteen senders at once, a long message and close behind it a short one, each
 * through an endpoint of its own: what one core sends to another arrives in the
 * order it was sent, though the mesh would let the short ones overtake. */
// machine: mesh-4x4
// expect: 6000 messages, none out of order
#include "guest-os/tests/mu.h"

enum { SENDERS = 15, PAIRS = 200, CREDITS = 8, LONG = 0, SHORT = 1 };

static struct barrier barrier;

static void send_pair(uint64_t number)
{
    mu_push(number);
    for (unsigned word = 1; word < MU_MESSAGE_WORDS; word++)
        mu_push(word);
    while (mu_send(LONG) == MU_NO_CREDITS)
        ;
    mu_push(number + 1);
    while (mu_send(SHORT) == MU_NO_CREDITS)
        ;
    check(csr_read(CSR_MU_SEND) == MU_OK);
}

static void sender(void *unused)
{
    (void)unused;
    check(endpoint_open(0, 0, self_core(), CREDITS) == LONG);
    check(endpoint_open(0, 0, self_core(), CREDITS) == SHORT);
    barrier_wait(&barrier, SENDERS + 1);
    for (uint64_t pair = 0; pair < PAIRS; pair++)
        send_pair(2 * pair);
}

int user_main(void)
{
    uint64_t next[SENDERS + 1] = {0};
    unsigned taken = 0, early = 0;
    check(queue_open(SENDERS * 2 * CREDITS) == 0);
    for (unsigned core = 1; core <= SENDERS; core++)
        check(spawn(core, sender, 0));
    barrier_wait(&barrier, SENDERS + 1);
    for (; taken < SENDERS * 2 * PAIRS; taken++) {
        uint64_t header = mu_await(0);
        uint64_t *expected = &next[header & 0xffff], number = csr_read(CSR_MU_POP);
        check(header >> MU_HEADER_WORDS_SHIFT == (number % 2 ? 1 : MU_MESSAGE_WORDS));
        early += number != *expected;
        *expected = number + 1;
        mu_ack();
    }
    printf("%u messages, ", taken);
    if (early)
        fail("%u out of order", early);
    printf("none out of order\n");
    return GUEST_OK;
}
