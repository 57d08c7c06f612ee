/* A barrier in coherent memory: nobody leaves before everybody has come. */
#ifndef GUEST_BARRIER_H
#define GUEST_BARRIER_H

#include "sim/abi/memmap.h"
#include <stdint.h>

struct barrier {
    uint64_t waiting __attribute__((aligned(LINE_BYTES)));
    uint64_t round __attribute__((aligned(LINE_BYTES)));
};

/* Waits until `cores` cores are here; may be used again at once. */
void barrier_wait(struct barrier *b, unsigned cores);

#endif
