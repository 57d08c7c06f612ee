/* The update bench at small size: clients and a server over urpc, no update lost. */
// machine: configs/machines/mesh-4x4.yaml
// bootargs: bench=update mode=msg8 transport=urpc cores=7 ops=50 warmup=40
// expect: update: mode=msg8 transport=urpc lock=ticket cores=7:
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
