/* Inside analysis/: how each series of a figure looks, in the legend's order. */
#ifndef TESSERA_FIGURES_H
#define TESSERA_FIGURES_H

#include <stdbool.h>

struct series_style {
    const char *figure, *series;
    const char *colour; /* "#rrggbb" */
    const char *dash;   /* gnuplot's dash type; NULL: points without a line */
    unsigned mark;      /* gnuplot's point type */
    double width, mark_size;
    unsigned panels; /* bit i: panel i of the figure shows it */
};

extern const struct series_style series_styles[];
extern const unsigned series_style_count;

/* The style of a series.  One that no row names gets colour and mark by its
 * position among the figure's series; the panels are those of the row whose
 * name begins its own ("SHM1 l1d.kib=8"), or the first. */
struct series_style series_style_of(const char *figure, const char *series, unsigned position);

/* Its name in the legend: for points measured elsewhere their origin's ("BookSim 2"), which
 * stands there once; otherwise its own. */
const char *series_origin(const char *figure, const char *series);

/* Where the series stands in the legend: in the table's order by the row whose
 * name it has or begins with, then the others. */
unsigned series_rank(const char *figure, const char *series);

#endif
