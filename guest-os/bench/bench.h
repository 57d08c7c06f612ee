/*
 * Benches: one file each, one row in the table of main.c.  A bench runs on
 * core 0 in user mode with the boot arguments in `args`; its value ends the
 * run.  It reports what it measures with lib/result.h.
 */
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

#include "guest-os/boot/args.h"
#include "guest-os/lib/names.h"
#include "guest-os/lib/user.h"
#include "guest-os/transport/transport.h"

struct bench {
    const char *name;
    int (*run)(void);
};

int bench_update(void);

/* Ends the run with one line about the boot argument, and GUEST_USAGE. */
void refuse(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The same for a value that is none of those there are. */
void refuse_value(const char *key, const char *value, const struct names *known)
    __attribute__((noreturn));

/* The transport that `transport=` names, able to give a core `fan_in`
 * channels on this machine; otherwise the run ends, naming the argument
 * that needs it (key and value).  A bench that opens no channel (fan_in 0) may
 * be given `transport=none`: NULL. */
const struct transport *bench_transport(const char *key, const char *value, unsigned fan_in);

#endif
