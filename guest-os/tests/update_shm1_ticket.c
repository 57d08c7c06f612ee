/* The update bench at small size: one line under the ticket lock, no update lost. */
// machine: configs/machines/mesh-4x4.yaml
// bootargs: bench=update mode=shm1 transport=none lock=ticket cores=5 ops=10 warmup=3
// expect: update: mode=shm1 transport=none lock=ticket cores=5:
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
