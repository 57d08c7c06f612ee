/* A load from an address where nothing is: cause and address are in the report. */
// expect: tile 0: trap in user code: load access fault (cause 5) at pc 0x8
// exit: 2
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    volatile uint64_t *nothing = (volatile uint64_t *)0x40000000;
    printf("read %lx\n", *nothing);
    return GUEST_OK;
}
