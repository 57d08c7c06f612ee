/* What the guest's exit code means; the simulator passes it on. */
#ifndef GUEST_EXITCODE_H
#define GUEST_EXITCODE_H

enum guest_exit {
    GUEST_OK = 0,
    GUEST_FAILED = 1, /* a check failed; the console says which */
    GUEST_TRAP = 2,   /* a trap that nobody handles; the console has the report */
    GUEST_USAGE = 64, /* the boot arguments ask for what is not there */
};

#endif
