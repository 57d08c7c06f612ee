/* User code may not touch the driver's registers: sscratch is S-mode's. */
// expect: tile 0: trap in user code: illegal instruction (cause 2) at pc 0x8
// exit: 2
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/riscv.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    csr_write(sscratch, 0);
    printf("the register could be written\n");
    return GUEST_OK;
}
