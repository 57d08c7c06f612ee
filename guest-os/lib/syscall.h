/* Numbers of the driver's calls, from the rows of syscalls.def. */
#ifndef GUEST_SYSCALL_H
#define GUEST_SYSCALL_H

#define SYSCALL(name, arguments, meaning) SYS_##name,
enum syscall_number {
#include "guest-os/lib/syscalls.def"
    SYSCALLS
};
#undef SYSCALL

#endif
