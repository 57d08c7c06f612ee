/*
 * The simulation-control page (sim/abi/simctl.h): console, results, marks.
 */
#ifndef TESSERA_SIMCTL_MODEL_H
#define TESSERA_SIMCTL_MODEL_H

#include "sim/abi/simctl.h"
#include "sim/base/arena.h"
#include "sim/base/hist.h"
#include "sim/base/types.h"

enum { CONSOLE_LINE_MAX = 512, SERIES_BUCKETS = 1024 };

/* One named distribution of a run; tiles that use the name share it. */
struct series {
    struct series *next; /* in its bucket */
    char name[SIMCTL_NAME_BYTES];
    char unit[SIMCTL_UNIT_BYTES];
    struct hist hist;
};

/* A finished console line, kept until every earlier cycle is simulated, so
 * that lines come out in the order of (cycle, tile). */
struct console_line {
    cycle_t cycle;
    uint64_t number; /* among all lines: of one tile and cycle the first comes first */
    tile_id tile;
    uint16_t bytes;
    char text[CONSOLE_LINE_MAX];
};

/* What all tiles' pages feed. */
struct simctl_shared {
    struct arena *arena;
    struct series *bucket[SERIES_BUCKETS]; /* by name and unit, in no order that may show */
    unsigned series_count;
    struct console_line *line; /* waiting lines, unordered */
    unsigned line_count, line_capacity;
    uint64_t lines_ended;
    uint64_t marks;
};

struct simctl {
    struct simctl_shared *shared;
    char name[SIMCTL_NAME_BYTES + SIMCTL_UNIT_BYTES]; /* what NAME has spelled so far */
    unsigned name_bytes;                              /* sizeof name: more than fits */
    struct series *series[SIMCTL_SERIES_MAX];         /* by this tile's numbers */
    unsigned series_count;
    unsigned selected; /* this tile's number */
    char console[CONSOLE_LINE_MAX];
    unsigned console_bytes;
    struct {
        uint64_t address, pages, space, old; /* the registers */
    } shootdown;
};

struct tile;
uint64_t simctl_read(struct tile *t, unsigned offset, cycle_t now);
void simctl_write(struct tile *t, unsigned offset, uint64_t value, cycle_t now);

/* Ends the line that this tile has begun, if any. */
void simctl_end_line(struct simctl *s, tile_id tile, cycle_t now);

#endif
