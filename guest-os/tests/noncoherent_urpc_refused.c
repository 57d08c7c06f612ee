/* Rings of cache lines need coherence. */
// machine: mesh-4x4-noncoherent
// bootargs: bench=update mode=msg1 transport=urpc
// expect: boot arguments: transport=urpc: the machine's caches are not coherent
// exit: 64
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
