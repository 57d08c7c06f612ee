/* The release of an MCS lock reserves its line. */
// machine: mesh-4x4-noncoherent
// bootargs: bench=update mode=shm1 transport=none lock=mcs
// expect: boot arguments: lock=mcs: the machine's caches are not coherent
// exit: 64
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
