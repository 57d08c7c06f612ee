/* The operating system's main program: does what the boot argument `bench=` says. */
#include "guest-os/bench/bench.h"

#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/format.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/string.h"

static const struct bench benches[] = {
    {"none", bench_none},
    {"update", bench_update},
};

#define BENCHES (sizeof benches / sizeof benches[0])

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

int bench_none(void)
{
    const struct transport *transport = bench_transport(1);
    printf("tessera: %lu tiles up, transport=%s\n", machine()->tiles, transport->name);
    return GUEST_OK;
}

int user_main(void)
{
    for (unsigned i = 0; i < BENCHES; i++)
        if (string_equal(benches[i].name, args.bench))
            return benches[i].run();
    refuse("bench=%s: no such bench", args.bench);
}
