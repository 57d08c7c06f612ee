/* The message unit's user registers as functions, for the tests of it. */
#ifndef GUEST_TESTS_MU_H
#define GUEST_TESTS_MU_H

#include "guest-os/lib/barrier.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/riscv.h"
#include "guest-os/lib/user.h"

static inline void mu_push(uint64_t word)
{
    csr_write(CSR_MU_PUSH, word);
}

/* Status of the launch. */
static inline uint64_t mu_send(int64_t endpoint)
{
    csr_write(CSR_MU_SEND, endpoint);
    return csr_read(CSR_MU_SEND);
}

static inline uint64_t mu_send_one(int64_t endpoint, uint64_t word)
{
    mu_push(word);
    return mu_send(endpoint);
}

/* Sleeps until the queue holds a message; selects it; returns its header. */
static inline uint64_t mu_await(int queue)
{
    csr_write(CSR_MU_QUEUE, queue);
    while (!csr_read(CSR_MU_HEADER))
        csr_write(CSR_MU_WAIT, 1ul << queue);
    return csr_read(CSR_MU_HEADER);
}

static inline void mu_ack(void)
{
    csr_write(CSR_MU_ACK, 0);
}

/* First word of the next message of a queue, which is taken. */
static inline uint64_t mu_take_one(int queue)
{
    mu_await(queue);
    uint64_t word = csr_read(CSR_MU_POP);
    mu_ack();
    return word;
}

#endif
