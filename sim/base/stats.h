/*
 * Where models report: a growing list of named numbers with unit and meaning.
 * Counting happens in the models' own plain counters; this list is filled once,
 * after a run, and read by --stats and the database.
 */
#ifndef TESSERA_STATS_H
#define TESSERA_STATS_H

#include <stdint.h>

struct stat_entry {
    char name[64];       /* "mesh.flit_hops" */
    uint64_t value;
    const char *unit;    /* static text */
    const char *meaning; /* static text */
};

struct stats {
    struct stat_entry *item;
    unsigned count, capacity;
};

void stats_put(struct stats *stats, const char *name, uint64_t value, const char *unit,
               const char *meaning);
void stats_free(struct stats *stats);

#endif
