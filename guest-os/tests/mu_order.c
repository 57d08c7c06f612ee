/* Fifteen senders, long and short messages by turns, through two endpoints
 * each: what one core sends to another arrives in the order it was sent. */
// machine: mesh-4x4
// expect: 6000 messages, none out of order
#include "guest-os/tests/mu.h"

enum { SENDERS = 15, MESSAGES = 400, CREDITS = 8, ENDPOINTS = 2 };

static struct barrier barrier;

static void send(uint64_t number)
{
    int64_t endpoint = (int64_t)(number / 3 % ENDPOINTS);
    mu_push(number);
    if (number % 2 == 0)
        for (unsigned word = 1; word < MU_MESSAGE_WORDS; word++)
            mu_push(word);
    while (mu_send(endpoint) == MU_NO_CREDITS)
        ;
    check(csr_read(CSR_MU_SEND) == MU_OK);
}

static void sender(void *unused)
{
    (void)unused;
    for (int n = 0; n < ENDPOINTS; n++)
        check(endpoint_open(0, 0, self_core(), CREDITS) == n);
    barrier_wait(&barrier, SENDERS + 1);
    for (uint64_t number = 0; number < MESSAGES; number++)
        send(number);
}

int user_main(void)
{
    uint64_t next[SENDERS + 1] = {0};
    unsigned taken = 0, early = 0;
    check(queue_open(SENDERS * ENDPOINTS * CREDITS) == 0);
    for (unsigned core = 1; core <= SENDERS; core++)
        check(spawn(core, sender, 0));
    barrier_wait(&barrier, SENDERS + 1);
    for (; taken < SENDERS * MESSAGES; taken++) {
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
