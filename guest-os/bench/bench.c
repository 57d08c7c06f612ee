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

void refuse_value(const char *key, const char *value, const struct names *known)
{
    char suggestion[NAMES_LINE_BYTES];
    names_suggest(known, value, suggestion);
    refuse("%s=%s: no such %s%s", key, value, key, suggestion);
}

static const struct transport *find_transport(void)
{
    for (const struct transport *const *t = transports; *t; t++)
        if (string_equal((*t)->name, args.transport))
            return *t;
    return NULL;
}

static void refuse_transport(const char *key, const char *value, bool needed)
{
    struct names known = {.count = 0};
    char line[NAMES_LINE_BYTES];
    for (const struct transport *const *t = transports; *t; t++)
        names_add(&known, (*t)->name);
    if (needed && string_equal(args.transport, "none")) {
        names_join(&known, " or ", line);
        refuse("%s=%s needs transport=%s", key, value, line);
    }
    if (!needed)
        names_add(&known, "none");
    refuse_value("transport", args.transport, &known);
}

const struct transport *bench_transport(const char *key, const char *value, unsigned fan_in)
{
    if (fan_in == 0 && string_equal(args.transport, "none"))
        return NULL;
    const struct transport *transport = find_transport();
    if (!transport)
        refuse_transport(key, value, fan_in > 0);
    const char *reason = transport->refuses(machine(), fan_in);
    if (reason)
        refuse("transport=%s: %s", args.transport, reason);
    return transport;
}
