/* Messages of every length: words, source, label and order as sent. */
// expect: 40 messages of 1 to 8 words, in order
// expect: the queue is empty, nothing was refused
#include "guest-os/tests/mu.h"

enum { MESSAGES = 40, DEPTH = 4, LABEL = 0xfeedbeef };

static struct barrier barrier;

static unsigned length_of(unsigned message)
{
    return message % MU_MESSAGE_WORDS + 1;
}

static uint64_t word_of(unsigned message, unsigned word)
{
    return (uint64_t)message << 32 | 0x10000u << word;
}

static void sender(void *unused)
{
    (void)unused;
    barrier_wait(&barrier, 2);
    int endpoint = endpoint_open(0, 0, LABEL, DEPTH);
    check(endpoint >= 0);
    for (unsigned m = 0; m < MESSAGES; m++) {
        for (unsigned w = 0; w < length_of(m); w++)
            mu_push(word_of(m, w));
        while (mu_send(endpoint) == MU_NO_CREDITS)
            ; /* the words are kept */
        check(csr_read(CSR_MU_SEND) == MU_OK);
    }
    barrier_wait(&barrier, 2);
}

static void receive(int queue, unsigned m)
{
    uint64_t header = mu_await(queue);
    check(header == (3 | (uint64_t)length_of(m) << MU_HEADER_WORDS_SHIFT));
    check(csr_read(CSR_MU_LABEL) == LABEL);
    for (unsigned w = 0; w < length_of(m); w++)
        check(csr_read(CSR_MU_POP) == word_of(m, w));
    mu_ack();
}

int user_main(void)
{
    check(spawn(3, sender, 0));
    int queue = queue_open(DEPTH);
    check(queue == 0);
    barrier_wait(&barrier, 2);
    for (unsigned m = 0; m < MESSAGES; m++)
        receive(queue, m);
    barrier_wait(&barrier, 2);
    printf("%u messages of 1 to 8 words, in order\n", MESSAGES);
    check(csr_read(CSR_MU_COUNT) == 0 && csr_read(CSR_MU_HEADER) == 0);
    check(csr_read(CSR_MU_READY) == 0);
    printf("the queue is empty, nothing was refused\n");
    return GUEST_OK;
}
