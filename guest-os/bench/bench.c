/* What benches share: refusing boot arguments, and finding a transport. */
#include "guest-os/bench/bench.h"

#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/format.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/string.h"

void refuse(const char *format, ...)
{
    char line[FORMAT_BYTES + 1] = {0};
    va_list arguments;
    va_start(arguments, format);
    format_text(line, FORMAT_BYTES, format, arguments);
    va_end(arguments);
    printf("boot arguments: %s\n", line);
    exit_run(GUEST_USAGE);
}

const struct transport *bench_transport(unsigned fan_in)
{
    if (fan_in == 0 && string_equal(args.transport, "none"))
        return NULL;
    for (const struct transport *const *t = transports; *t; t++) {
        if (!string_equal((*t)->name, args.transport))
            continue;
        const char *reason = (*t)->refuses(machine(), fan_in);
        if (reason)
            refuse("transport=%s: %s", args.transport, reason);
        return *t;
    }
    refuse("transport=%s: no such transport", args.transport);
}
