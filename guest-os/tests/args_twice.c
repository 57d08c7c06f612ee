/* A key that is given twice: one of the two would be ignored. */
// bootargs: ops=7 cores=2 ops=8
// expect: boot arguments: ops: given twice
// exit: 64
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    printf("the arguments were accepted\n");
    return GUEST_OK;
}
