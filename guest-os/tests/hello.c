/* Every tile speaks, in turn: boot, spawn, console and the done of a dispatcher. */
// machine: configs/machines/mesh-4x4.yaml
// expect: hello from tile 0 of 16
// expect: hello from tile 1 of 16
// expect: hello from tile 15 of 16
// expect: all have spoken
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/user.h"

static volatile uint64_t turn __attribute__((aligned(LINE_BYTES)));

static void speak(void *unused)
{
    (void)unused;
    while (turn != self_core())
        ;
    printf("hello from tile %u of %lu\n", self_core(), machine()->tiles);
    turn = turn + 1;
}

int user_main(void)
{
    for (unsigned core = 1; core < machine()->tiles; core++)
        check(spawn(core, speak, 0));
    speak(0);
    while (turn != machine()->tiles)
        ;
    printf("all have spoken\n");
    return GUEST_OK;
}
