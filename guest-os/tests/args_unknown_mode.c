/* A mode that update does not have. */
// bootargs: mode=shm3
// expect: boot arguments: mode=shm3: no such mode of update
// exit: 64
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
