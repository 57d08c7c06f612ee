/* A number with a letter in it. */
// bootargs: ops=1k
// expect: boot arguments: ops=1k: not a number; 1 to 100000000 is expected
// exit: 64
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    printf("the arguments were accepted\n");
    return GUEST_OK;
}
