/* More cores than the machine has. */
// bootargs: cores=5
// expect: boot arguments: cores=5: must be 1 to 4, the machine's tiles
// exit: 64
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    printf("the arguments were accepted\n");
    return GUEST_OK;
}
