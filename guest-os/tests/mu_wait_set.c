/*
 * Waiting on a set: three senders, each with a queue of its own at tile 0, which
 * sleeps until any of them holds something.  A message outside of the set does
 * not end the wait.
 */
// expect: 30 messages from 3 queues
// expect: a queue outside of the set did not wake us
#include "guest-os/tests/mu.h"

enum { SENDERS = 3, MESSAGES = 10, OUTSIDE = 0 };

static struct barrier barrier;
static volatile uint64_t sent_outside __attribute__((aligned(LINE_BYTES)));

static void pause_cycles(uint64_t cycles)
{
    for (uint64_t start = cycle_now(); cycle_now() - start < cycles;)
        ;
}

static void sender(void *unused)
{
    (void)unused;
    unsigned core = self_core();
    barrier_wait(&barrier, SENDERS + 1);
    int endpoint = endpoint_open(0, core, core, 1);
    int outside = endpoint_open(0, OUTSIDE, core, 1);
    check(endpoint == 0 && outside == 1);
    for (uint64_t i = 0; i < MESSAGES; i++) {
        pause_cycles(core * 300);
        mu_push(core * 100 + i);
        while (mu_send(endpoint) == MU_NO_CREDITS)
            ;
    }
    barrier_wait(&barrier, SENDERS + 1);
    if (core == 1) {
        check(mu_send_one(outside, 1) == MU_OK);
        sent_outside = 1;
        pause_cycles(2000);
        check(mu_send_one(endpoint, 2) == MU_OK);
    }
}

static unsigned take_ready(uint64_t set, uint64_t *next)
{
    unsigned taken = 0;
    csr_write(CSR_MU_WAIT, set);
    uint64_t ready = csr_read(CSR_MU_READY) & set;
    check(ready);
    for (unsigned queue = 1; queue <= SENDERS; queue++) {
        if (!(ready >> queue & 1))
            continue;
        check(mu_take_one((int)queue) == queue * 100 + next[queue]++);
        taken++;
    }
    return taken;
}

int user_main(void)
{
    uint64_t next[SENDERS + 1] = {0};
    unsigned taken = 0;
    for (int queue = 0; queue <= SENDERS; queue++)
        check(queue_open(4) == queue);
    for (unsigned core = 1; core <= SENDERS; core++)
        check(spawn(core, sender, 0));
    barrier_wait(&barrier, SENDERS + 1);
    while (taken < SENDERS * MESSAGES)
        taken += take_ready(0xe, next);
    printf("%u messages from %u queues\n", taken, SENDERS);
    barrier_wait(&barrier, SENDERS + 1);
    csr_write(CSR_MU_WAIT, 0x2);
    check(csr_read(CSR_MU_READY) == 0x3 && sent_outside);
    check(mu_take_one(1) == 2 && mu_take_one(OUTSIDE) == 1);
    printf("a queue outside of the set did not wake us\n");
    return GUEST_OK;
}
