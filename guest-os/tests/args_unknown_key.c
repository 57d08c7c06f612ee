/* A key that no row has: refused before user code runs. */
// bootargs: cores=2 core=4
// expect: "transport", "lock", "cores", "ops", "warmup"; did you mean "cores"?
// exit: 64
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    printf("the arguments were accepted\n");
    return GUEST_OK;
}
