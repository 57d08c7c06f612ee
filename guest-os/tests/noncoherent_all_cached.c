/* Without uncached memory there is nowhere for what cores share. */
// machine: tiny-2x2-noncoherent
// expect: boot: the caches are not coherent, and 0 MiB of uncached memory
// exit: 64
#include "guest-os/lib/user.h"

int user_main(void)
{
    return 0;
}
