/* Boot arguments that are right: defaults and values. */
// bootargs: cores=3  transport=noc ops=8
// expect: cores 3, ops 8, warmup 40, transport noc, lock ticket
#include "guest-os/boot/args.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/user.h"

int user_main(void)
{
    printf("cores %lu, ops %lu, warmup %lu, transport %s, lock %s\n", args.cores, args.ops,
           args.warmup, args.transport, args.lock);
    return GUEST_OK;
}
