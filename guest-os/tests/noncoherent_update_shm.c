/* Shared memory that is uncached is shared memory: slow, and no update is lost. */
// machine: mesh-4x4-noncoherent
// bootargs: bench=update mode=shm1 transport=none cores=5 ops=20 warmup=4
// expect: update: mode=shm1 transport=none lock=ticket cores=5:
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
