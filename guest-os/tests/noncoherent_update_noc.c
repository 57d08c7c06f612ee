/* Messages need no shared memory: a server and its clients without coherence. */
// machine: mesh-4x4-noncoherent
// bootargs: bench=update mode=msg8 transport=noc cores=7 ops=50 warmup=40
// expect: update: mode=msg8 transport=noc lock=ticket cores=7:
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
