/* A server without a client. */
// bootargs: mode=msg1 cores=1
// expect: boot arguments: cores=1: mode=msg1 needs a server and a client: 2 to 4
// exit: 64
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
