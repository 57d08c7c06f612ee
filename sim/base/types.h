/* Scalar ids that every layer uses, and the cycle that never comes. */
#ifndef TESSERA_TYPES_H
#define TESSERA_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/abi/memmap.h"

typedef uint64_t cycle_t; /* the one clock */
typedef uint64_t paddr_t; /* physical address */
typedef uint16_t tile_id;

#define CYCLE_NEVER UINT64_MAX
#define TILE_NONE UINT16_MAX
#define TILES_MAX 16384u

static inline paddr_t line_of(paddr_t address) { return address & ~(paddr_t)(LINE_BYTES - 1); }

#endif
