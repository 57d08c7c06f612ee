/*
 * A sweep: a list of points, each a request, written as grids of parameters
 * and boot arguments.  configs/README.md says how such a file is written.
 */
#ifndef TESSERA_SWEEP_FILE_H
#define TESSERA_SWEEP_FILE_H

#include "sim/cli/request.h"

struct sweep_point {
    struct run_request request;
    const char *label; /* what tells it from the others: "mode=shm1 cores=4" */
};

struct sweep {
    char name[64];
    const char *description; /* "" when there is none */
    const char *figure;      /* the figure it feeds, or "" */
    unsigned count;
    struct sweep_point *point;
    struct arena *arena; /* of every text here */
};

/* Reads and expands a sweep.  `guest` replaces the file's guest unless NULL.
 * Everything that can be known before running is checked: unknown keys,
 * parameters and placeholders, values out of range, machines that do not
 * resolve.  NULL after filling `e` (65). */
struct sweep *sweep_load(const char *path, const char *guest, struct error *e);
void sweep_free(struct sweep *sweep);

#endif
