/* The name and the unit of a series are spelled byte by byte (sim/abi/simctl.h). */
#include "guest-os/lib/result.h"

static void spell(const char *text)
{
    while (*text)
        simctl_store(SIMCTL_NAME, (unsigned char)*text++);
}

uint64_t result_series(const char *name, const char *unit)
{
    spell(name);
    simctl_store(SIMCTL_NAME, 0);
    spell(unit);
    return simctl_load(SIMCTL_SERIES);
}
