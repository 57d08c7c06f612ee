/*
 * The figures: one row each, with the query that feeds it, and one row for the
 * look of each series.
 *
 * A query selects (figure, series, x, y, unit, run_id) from figure_runs, the
 * finished runs of the sweep that was last started for the figure, and from
 * the tables that hang on them.  All queries together are figure_points.
 *
 * Colours are Okabe and Ito's, which stay apart for colour-blind readers;
 * since figures are also printed in grey, every series has a mark of its own
 * and every family a dash: shared memory solid with open marks, messages
 * dashed with filled ones, bounds dotted.  Where one family is far above the
 * others, a second panel repeats the figure with an axis made for the others.
 */
#include "analysis/figures.h"

#include <string.h>

#include "analysis/analysis.h"

/* Operations of the clients, and the server's own cost beside them.  MSG runs
 * are named by their transport; the server's cost belongs to the transport and
 * to the lines that it updates. */
#define SELECT_UPDATE                                                                              \
    "SELECT r.figure,\n"                                                                           \
    "  trim(CASE res.series WHEN 'server_cycles' THEN 'server ' ELSE '' END ||\n"                  \
    "       upper(mode.value) || ' ' ||\n"                                                         \
    "       CASE transport.value WHEN 'urpc' THEN 'URPC' WHEN 'noc' THEN 'NoC' ELSE '' END),\n"    \
    "  CAST(cores.value AS INTEGER), res.mean, res.unit, r.run_id\n"                               \
    "FROM figure_runs r\n"                                                                         \
    "JOIN run_params mode ON mode.run_id = r.run_id AND mode.key = 'mode'\n"                       \
    "JOIN run_params transport ON transport.run_id = r.run_id AND transport.key = 'transport'\n"   \
    "JOIN run_params cores ON cores.run_id = r.run_id AND cores.key = 'cores'\n"                   \
    "JOIN results res ON res.run_id = r.run_id AND res.series IN ('op_cycles', 'server_cycles')\n" \
    "WHERE r.figure = 'update' AND res.count > 0"

const struct figure analysis_figures[] = {
    {"update", "Cost of updating shared state", "cores", "cycles per update",
     "closer: messages and the server", SELECT_UPDATE},
};
const unsigned analysis_figure_count = sizeof analysis_figures / sizeof analysis_figures[0];

const struct series_style series_styles[] = {
    {"update", "SHM1", "#7cc4f0", "1", 6, 1.9, 1.0, false},
    {"update", "SHM2", "#3d9bd9", "1", 4, 1.9, 1.0, false},
    {"update", "SHM4", "#0072b2", "1", 8, 1.9, 1.1, false},
    {"update", "SHM8", "#003f6b", "1", 12, 1.9, 1.15, false},
    {"update", "MSG1 URPC", "#e69f00", "'-'", 7, 1.9, 0.9, true},
    {"update", "MSG8 URPC", "#d55e00", "'-'", 5, 1.9, 0.9, true},
    {"update", "MSG1 NoC", "#2fb98f", "'_.'", 9, 1.9, 1.0, true},
    {"update", "MSG8 NoC", "#00755a", "'_.'", 13, 1.9, 1.1, true},
    {"update", "server MSG1 URPC", "#cc79a7", "'.'", 2, 1.3, 0.7, true},
    {"update", "server MSG8 URPC", "#8c5a9e", "'.'", 3, 1.3, 0.7, true},
    {"update", "server MSG1 NoC", "#777777", "'.'", 1, 1.3, 0.7, true},
    {"update", "server MSG8 NoC", "#000000", "'.'", 10, 1.3, 0.6, true},
};
const unsigned series_style_count = sizeof series_styles / sizeof series_styles[0];

/* For series without a row: Okabe and Ito's palette in turn. */
static const char *const palette[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                      "#e69f00", "#56b4e9", "#000000"};

static unsigned find_style(const char *figure, const char *series)
{
    unsigned i = 0;
    while (i < series_style_count && (strcmp(series_styles[i].figure, figure) != 0 ||
                                      strcmp(series_styles[i].series, series) != 0))
        i++;
    return i;
}

struct series_style series_style_of(const char *figure, const char *series, unsigned position)
{
    unsigned i = find_style(figure, series);
    if (i < series_style_count)
        return series_styles[i];
    return (struct series_style){figure,
                                 series,
                                 palette[position % (sizeof palette / sizeof palette[0])],
                                 "1",
                                 4 + position % 12,
                                 1.9,
                                 1.0,
                                 false};
}

unsigned series_rank(const char *figure, const char *series)
{
    return find_style(figure, series);
}
