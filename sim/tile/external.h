/*
 * The world outside the chip: whoever answers the loads and stores to the window
 * of physical addresses that device.external_base_mib and device.external_mib
 * leave to it.
 *
 * Such an access travels as a packet to the tile device.external_tile, where the
 * chip has its port, and is performed there in the world's time: accesses come
 * one at a time, in the order of their cycles, whatever the order of the tiles.
 * The hart waits for the answer.
 */
#ifndef TESSERA_EXTERNAL_H
#define TESSERA_EXTERNAL_H

#include "sim/base/types.h"

struct external_access {
    cycle_t cycle; /* in which it reaches the port */
    tile_id tile;  /* whose hart it is */
    bool is_store;
    uint8_t bytes; /* 1, 2, 4 or 8, aligned to its size */
    paddr_t address, offset; /* physical; from the window's first byte */
    uint64_t value; /* of a store; a load's is put here, zero-extended */
    cycle_t delay;  /* 0; cycles that the device takes are put here, at most EXTERNAL_DELAY_MAX */
};

#define EXTERNAL_DELAY_MAX ((cycle_t)1 << 48)

struct external {
    /* Performs an access.  False: the hart gets an access fault.  It must not call
     * the chip, which is in the middle of a cycle. */
    bool (*access)(void *context, struct external_access *access);
    void *context;
};

#endif
