/* A lock that is not there. */
// bootargs: lock=spin
// expect: boot arguments: lock=spin: no such lock
// exit: 64
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
