/*
 * Which home a line of DRAM has, and which of that home's lines it is.  Lines are numbered
 * from the first byte of DRAM on.  Units of 1 << unit_shift lines go round all homes; or
 * each home has one slice, all slices one after the other (memory.private).
 */
#ifndef TESSERA_PLACEMENT_H
#define TESSERA_PLACEMENT_H

#include "sim/abi/memmap.h"
#include "sim/base/config.h"
#include "sim/base/types.h"

struct placement {
    uint32_t tiles;
    uint32_t unit_shift;
    uint64_t slice_lines; /* of each tile; 0: units go round */
};

static inline struct placement placement_of(const struct config *cfg)
{
    uint64_t lines = (uint64_t)cfg->memory_dram_mib << (20 - LINE_SHIFT);
    return (struct placement){.tiles = config_tiles(cfg),
                              .unit_shift =
                                  cfg->memory_interleave == INTERLEAVE_PAGE ? 12 - LINE_SHIFT : 0,
                              .slice_lines = cfg->memory_private ? lines / config_tiles(cfg) : 0};
}

static inline tile_id placement_home(const struct placement *p, uint64_t line_number)
{
    if (p->slice_lines)
        return (tile_id)(line_number / p->slice_lines);
    return (tile_id)((line_number >> p->unit_shift) % p->tiles);
}

/* Lines of one home are numbered 0, 1, 2 ... */
static inline uint64_t placement_index(const struct placement *p, uint64_t line_number)
{
    uint64_t in_unit = line_number & ((UINT64_C(1) << p->unit_shift) - 1);
    if (p->slice_lines)
        return line_number % p->slice_lines;
    return (line_number >> p->unit_shift) / p->tiles << p->unit_shift | in_unit;
}

/* The line of this home with that number. */
static inline uint64_t placement_line(const struct placement *p, tile_id home, uint64_t index)
{
    uint64_t in_unit = index & ((UINT64_C(1) << p->unit_shift) - 1);
    if (p->slice_lines)
        return home * p->slice_lines + index;
    return ((index >> p->unit_shift) * p->tiles + home) << p->unit_shift | in_unit;
}

#endif
