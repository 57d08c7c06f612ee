/* Messages without a transport. */
// bootargs: mode=msg1 transport=none
// expect: boot arguments: mode=msg1 needs transport=urpc or noc
// exit: 64
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
