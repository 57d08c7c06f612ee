/*
 * The simulation-control page (sim/abi/simctl.h): console, results, marks.
 */
#ifndef TESSERA_SIMCTL_MODEL_H
#define TESSERA_SIMCTL_MODEL_H

#include "sim/abi/simctl.h"
#include "sim/base/hist.h"
#include "sim/base/types.h"

enum { SERIES_MAX = 64, CONSOLE_LINE_MAX = 512, SERIES_PER_TILE = 16 };

/* One named distribution of a run; tiles that use the name share it. */
struct series {
    char name[SIMCTL_NAME_BYTES];
    char unit[SIMCTL_NAME_BYTES];
    struct hist hist;
};

/* A finished console line, kept until every earlier cycle is simulated, so
 * that lines come out in the order of (cycle, tile). */
struct console_line {
    cycle_t cycle;
    tile_id tile;
    uint16_t bytes;
    char text[CONSOLE_LINE_MAX];
};

/* What all tiles' pages feed. */
struct simctl_shared {
    struct series *series; /* SERIES_MAX */
    unsigned series_count;
    struct console_line *line; /* waiting lines, unordered */
    unsigned line_count, line_capacity;
    uint64_t marks;
};

struct simctl {
    struct simctl_shared *shared;
    char name[2 * SIMCTL_NAME_BYTES]; /* what NAME has spelled so far */
    unsigned name_bytes;
    uint8_t series[SERIES_PER_TILE]; /* this tile's numbers -> shared series */
    unsigned series_count;
    unsigned selected; /* this tile's number */
    char console[CONSOLE_LINE_MAX];
    unsigned console_bytes;
};

struct tile;
uint64_t simctl_read(struct tile *t, unsigned offset, cycle_t now);
void simctl_write(struct tile *t, unsigned offset, uint64_t value, cycle_t now);

/* Ends the line that this tile has begun, if any. */
void simctl_end_line(struct simctl *s, tile_id tile, cycle_t now);

#endif
