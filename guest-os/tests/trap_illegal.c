/* An illegal instruction in user code: the core's driver reports it and ends the run. */
// expect: about to fail
// expect: tile 1: trap in user code: illegal instruction (cause 2) at pc 0x8
// expect: x1=0x8
// exit: 2
#include "guest-os/lib/user.h"

static void fall(void *unused)
{
    (void)unused;
    printf("about to fail\n");
    __asm__ volatile("unimp");
}

int user_main(void)
{
    check(spawn(1, fall, 0));
    for (;;)
        yield(self()->upcalls);
}
