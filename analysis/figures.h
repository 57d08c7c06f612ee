/* Inside analysis/: how each series of a figure looks, in the legend's order. */
#ifndef TESSERA_FIGURES_H
#define TESSERA_FIGURES_H

#include <stdbool.h>

struct series_style {
    const char *figure, *series;
    const char *colour; /* "#rrggbb" */
    const char *dash;   /* gnuplot's dash type */
    unsigned mark;      /* gnuplot's point type */
    double width, mark_size;
    bool closer; /* the second panel's y axis is made for this series */
};

extern const struct series_style series_styles[];
extern const unsigned series_style_count;

/* The style of a series; one that no row names gets a style of its own by its
 * position among the figure's series. */
struct series_style series_style_of(const char *figure, const char *series, unsigned position);

/* Where the series stands in the legend: known ones in the table's order. */
unsigned series_rank(const char *figure, const char *series);

#endif
