/* A lock that is not there. */
// bootargs: lock=spin
// expect: boot arguments: lock=spin: no such lock; there are "ticket", "mcs"
// exit: 64
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
