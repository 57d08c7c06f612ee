/* The operating system on a machine whose caches are not coherent: every tile comes up. */
// machine: mesh-4x4-noncoherent
// bootargs: transport=noc
// expect: boots on 16 tiles
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    printf("boots on %lu tiles\n", machine()->tiles);
    return machine()->coherent ? GUEST_FAILED : GUEST_OK;
}
