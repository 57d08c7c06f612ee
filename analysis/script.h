/* Inside analysis/: the points of a figure, and the gnuplot script they become. */
#ifndef TESSERA_SCRIPT_H
#define TESSERA_SCRIPT_H

#include "analysis/analysis.h"

struct point {
    char series[96];
    double x, y;
    bool open; /* no y: here the series leaves the picture upward; the last of its series */
};

struct points {
    struct point *item; /* series after series in the legend's order, each by x */
    unsigned count;
    const struct figure *figure;
    char machines[256]; /* "mesh-4x4" or "a, b" */
    char caption[512];  /* what all runs have in common, and who made them */
};

/* One look of a format's terminal: sizes differ, the rest does not. */
struct format {
    const char *ending, *terminal;
    double font_points; /* of its ordinary text */
};

/* The script, ready to be read.  NULL with status 74 when the host has no room
 * for a temporary file. */
FILE *script_write(const struct points *p, const struct format *format, struct error *e);

#endif
