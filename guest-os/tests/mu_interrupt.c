/*
 * Message arrival as an interrupt: a watched queue raises one upcall that names
 * it, an unwatched one raises none, and the watch ends with the upcall.
 */
// expect: asleep: upcall for queues 2
// expect: unwatched messages arrived without an upcall
// expect: watched again with a message waiting: upcall for queues 2
#include "guest-os/tests/mu.h"

static volatile uint64_t upcall_queues;

static void on_event(enum upcall_reason reason, uint64_t detail)
{
    check(reason == UPCALL_MESSAGE);
    upcall_queues = detail;
}

static void sender(void *unused)
{
    (void)unused;
    int first = endpoint_open(0, 0, 0, 4), second = endpoint_open(0, 1, 0, 4);
    for (uint64_t i = 0; i < 3; i++) {
        check(mu_send_one(first, i) == MU_OK);
        check(mu_send_one(second, 10 + i) == MU_OK);
    }
}

static void await_upcall(uint64_t count)
{
    for (uint64_t seen = self()->upcalls; seen < count; seen = self()->upcalls)
        yield(seen);
}

int user_main(void)
{
    upcall_register(on_event);
    check(queue_open(4) == 0 && queue_open(4) == 1);
    queue_events(0x2);
    check(spawn(2, sender, 0));
    await_upcall(1);
    printf("asleep: upcall for queues %lx\n", upcall_queues);
    for (uint64_t i = 0; i < 3; i++)
        check(mu_take_one(0) == i);
    check(mu_take_one(1) == 10 && mu_take_one(1) == 11);
    mu_await(1);
    check(self()->upcalls == 1);
    printf("unwatched messages arrived without an upcall\n");
    upcall_queues = 0;
    queue_events(0x3);
    await_upcall(2);
    printf("watched again with a message waiting: upcall for queues %lx\n", upcall_queues);
    check(mu_take_one(1) == 12);
    return GUEST_OK;
}
