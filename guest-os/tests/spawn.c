/* A core runs one dispatcher at a time, and another one when that is done. */
// expect: refused: busy, not there
// expect: core 1 ran 5 dispatchers
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/user.h"

static volatile uint64_t started __attribute__((aligned(LINE_BYTES))), hold;

static void run_once(void *number)
{
    check(started == (uint64_t)number && self_core() == 1);
    started = started + 1;
    while (hold)
        ;
}

static void refusals(void)
{
    hold = 1;
    check(spawn(1, run_once, (void *)0ul));
    check(!spawn(1, run_once, (void *)1ul));
    check(!spawn(0, run_once, (void *)1ul));
    check(!spawn((unsigned)machine()->tiles, run_once, (void *)1ul));
    printf("refused: busy, not there\n");
    hold = 0;
}

int user_main(void)
{
    refusals();
    for (uint64_t number = 1; number < 5; number++)
        while (!spawn(1, run_once, (void *)number))
            ;
    while (started < 5)
        ;
    printf("core 1 ran %lu dispatchers\n", started);
    return GUEST_OK;
}
