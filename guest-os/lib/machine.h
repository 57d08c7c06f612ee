/* The machine that this guest runs on: the boot-information page. */
#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include "sim/abi/bootinfo.h"
#include "sim/abi/memmap.h"

static inline const struct bootinfo *machine(void)
{
    return (const struct bootinfo *)(uintptr_t)MAP_BOOTINFO_BASE;
}

#endif
