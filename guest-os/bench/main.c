/* The operating system's main program: does what the boot argument `bench=` says. */
#include "guest-os/bench/bench.h"

#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/string.h"

static int bench_none(void)
{
    const struct transport *transport = bench_transport("bench", args.bench, 1);
    printf("tessera: %lu tiles up, transport=%s\n", machine()->tiles, transport->name);
    return GUEST_OK;
}

static const struct bench benches[] = {
    {"none", bench_none},
    {"update", bench_update},
};

#define BENCHES (sizeof benches / sizeof benches[0])

int user_main(void)
{
    for (unsigned i = 0; i < BENCHES; i++)
        if (string_equal(benches[i].name, args.bench))
            return benches[i].run();
    struct names known = {.count = 0};
    for (unsigned i = 0; i < BENCHES; i++)
        names_add(&known, benches[i].name);
    refuse_value("bench", args.bench, &known);
}
