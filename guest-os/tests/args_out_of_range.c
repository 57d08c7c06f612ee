/* A number that the row does not allow. */
// bootargs: ops=0
// bootargs: ops=100000001
// bootargs: ops=99999999999999999999
// expect: must be 1 to 100000000
// exit: 64
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    printf("the arguments were accepted\n");
    return GUEST_OK;
}
