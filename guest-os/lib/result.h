/* Measurements, reported through the simulation-control page at no cost. */
#ifndef GUEST_RESULT_H
#define GUEST_RESULT_H

#include "guest-os/lib/simctl.h"

/* The series `name` measured in `unit`; tiles that use one name share it. */
uint64_t result_series(const char *name, const char *unit);

/* Adds one value to a series: two stores, which never leave the tile. */
static inline void result_sample(uint64_t series, uint64_t value)
{
    simctl_store(SIMCTL_SELECT, series);
    simctl_store(SIMCTL_SAMPLE, value);
}

#endif
