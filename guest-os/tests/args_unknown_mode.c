/* A mode that update does not have. */
// bootargs: mode=shm3
// expect: mode=shm3: no such mode; there are "shm1", "shm2", "shm4", "shm8", "msg1", "msg8";
// exit: 64
#include "guest-os/bench/bench.h"

int user_main(void)
{
    return bench_update();
}
