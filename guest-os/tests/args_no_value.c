/* A word that is no pair. */
// bootargs: cores
// expect: boot arguments: 'cores': expected key=value
// exit: 64
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    printf("the arguments were accepted\n");
    return GUEST_OK;
}
