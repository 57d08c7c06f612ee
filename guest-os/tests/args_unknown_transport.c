/* A transport that is not there. */
// bootargs: transport=pigeon
// expect: boot arguments: transport=pigeon: no such transport; there are "urpc", "noc", "none"
// exit: 64
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
