/* The timer: three upcalls at their deadlines, asleep and in the middle of a loop. */
// expect: asleep: woken by the timer 3 times
// expect: busy: interrupted once, nothing lost
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/riscv.h"
#include "guest-os/lib/user.h"

static volatile uint64_t ticks, taken_at;

static void on_event(enum upcall_reason reason, uint64_t detail)
{
    check(reason == UPCALL_TIMER && detail == 0);
    taken_at = time_now();
    ticks = ticks + 1;
}

static void sleep_until(uint64_t deadline)
{
    uint64_t seen = self()->upcalls;
    timer_set(deadline);
    yield(seen);
    check(self()->upcalls == seen + 1 && taken_at >= deadline);
}

/* A sum whose value shows a register that the upcall has not restored. */
static void work_through(uint64_t deadline)
{
    uint64_t steps = 0, sum = 0;
    timer_set(deadline);
    while (ticks == 3) {
        sum += steps;
        steps++;
    }
    check(sum == steps * (steps - 1) / 2 && taken_at >= deadline);
}

int user_main(void)
{
    upcall_register(on_event);
    for (unsigned i = 0; i < 3; i++)
        sleep_until(time_now() + 2000);
    printf("asleep: woken by the timer %lu times\n", ticks);
    work_through(time_now() + 3000);
    check(ticks == 4);
    printf("busy: interrupted once, nothing lost\n");
    return GUEST_OK;
}
