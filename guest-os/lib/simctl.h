/* Stores to and loads from the simulation-control page (sim/abi/simctl.h). */
#ifndef GUEST_SIMCTL_H
#define GUEST_SIMCTL_H

#include "sim/abi/memmap.h"
#include "sim/abi/simctl.h"
#include <stdint.h>

static inline void simctl_store(unsigned offset, uint64_t value)
{
    *(volatile uint64_t *)((uintptr_t)MAP_SIMCTL_BASE + offset) = value;
}

static inline uint64_t simctl_load(unsigned offset)
{
    return *(volatile const uint64_t *)((uintptr_t)MAP_SIMCTL_BASE + offset);
}

#endif
