/* The update bench at small size: eight lines under the mcs lock, no update lost. */
// machine: configs/machines/mesh-4x4.yaml
// bootargs: bench=update mode=shm8 transport=none lock=mcs cores=5 ops=10 warmup=3
// expect: update: mode=shm8 transport=none lock=mcs cores=5:
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
