/*
 * The figures: one row each, with the query that feeds it, and one row for the
 * look of each series.
 *
 * A query selects (figure, series, x, y, unit, run_id) from figure_runs, the
 * finished runs of the sweep that was last started for the figure, and from
 * the tables that hang on them.  It names a series by the figure's `keys`; db.c
 * adds what else tells the runs of a series apart, and all queries together are
 * figure_points.
 *
 * Colours are Okabe and Ito's, which stay apart for colour-blind readers;
 * since figures are also printed in grey, every series has a mark of its own
 * and every family a dash: shared memory solid with open marks, messages
 * dashed with filled ones, the server dotted.  Where one family is far above
 * another, that one has a panel of its own as well.
 */
#include "analysis/figures.h"

#include <stddef.h>
#include <string.h>

#include "analysis/analysis.h"

/* Operations, and the server's own cost beside them.  Only messages have a
 * transport to be named by: what a run of shared memory was given is not used. */
#define SELECT_UPDATE                                                                              \
    "SELECT r.figure,\n"                                                                           \
    "  trim(CASE res.series WHEN 'server_cycles' THEN 'server ' ELSE '' END ||\n"                  \
    "       upper(coalesce(mode.value, 'shm1')) ||\n"                                              \
    "       CASE WHEN coalesce(mode.value, 'shm1') NOT LIKE 'msg%' THEN ''\n"                      \
    "            WHEN transport.value = 'noc' THEN ' NoC' ELSE ' URPC' END) AS series,\n"          \
    "  CAST(cores.value AS INTEGER) AS x, res.mean AS y, res.unit AS unit, r.run_id AS run_id\n"   \
    "FROM figure_runs r\n"                                                                         \
    "LEFT JOIN run_params mode ON mode.run_id = r.run_id AND mode.key = 'mode'\n"                  \
    "LEFT JOIN run_params transport\n"                                                             \
    "  ON transport.run_id = r.run_id AND transport.key = 'transport'\n"                           \
    "JOIN run_params cores ON cores.run_id = r.run_id AND cores.key = 'cores'\n"                   \
    "JOIN results res ON res.run_id = r.run_id AND res.series IN ('op_cycles', 'server_cycles')\n" \
    "WHERE r.figure = 'update' AND res.count > 0"

/* Load points that were accepted, and beside them what was measured elsewhere.
 * A load that was refused has no y: the curve ends there.  A series is a pattern and its
 * packets: "uniform, 1 flit". */
#define SELECT_MESH_CURVE                                                                          \
    "SELECT r.figure, coalesce(pattern.value, 'uniform') || ', ' ||\n"                             \
    "  CASE coalesce(flits.value, '1') WHEN '1' THEN '1 flit' ELSE flits.value || ' flits' END,\n" \
    "  p.accepted, CASE p.saturated WHEN 0 THEN p.latency END, 'cycles', r.run_id\n"               \
    "FROM figure_runs r JOIN mesh_points p ON p.run_id = r.run_id\n"                               \
    "LEFT JOIN run_params pattern ON pattern.run_id = r.run_id AND pattern.key = 'traffic'\n"      \
    "LEFT JOIN run_params flits ON flits.run_id = r.run_id AND flits.key = 'packet-flits'\n"       \
    "WHERE r.figure = 'mesh-curve'\n"                                                              \
    "UNION ALL SELECT s.figure, o.series, o.x, o.y, o.unit, NULL\n"                                \
    "FROM sweeps s JOIN reference_points o ON o.sweep = s.sweep\n"                                 \
    "WHERE s.figure = 'mesh-curve'\n"                                                              \
    "  AND s.turn = (SELECT max(t.turn) FROM sweeps t WHERE t.figure = 'mesh-curve')"

const struct figure analysis_figures[] = {
    {"update",
     "Cost of updating shared state",
     "cores",
     "cycles per update",
     {"shared memory and messages", "messages alone", "the server, per request"},
     "mode transport cores",
     SELECT_UPDATE,
     false,
     0},
    {"mesh-curve",
     "Latency of the mesh under load",
     "accepted load, flits per node and cycle",
     "packet latency, cycles",
     {"latency", NULL, NULL},
     "traffic packet-flits rate",
     SELECT_MESH_CURVE,
     true,
     5},
    {FIGURE_MESH_HEAT, "Traffic on the mesh", "", "", {NULL, NULL, NULL}, "", NULL, false, 0},
};
const unsigned analysis_figure_count = sizeof analysis_figures / sizeof analysis_figures[0];

enum { MAIN = 1, CLOSER = 2, BELOW = 4 }; /* panels */

const struct series_style series_styles[] = {
    {"update", "SHM1", "#7cc4f0", "1", 6, 1.8, 0.9, MAIN},
    {"update", "SHM2", "#3d9bd9", "1", 4, 1.8, 0.9, MAIN},
    {"update", "SHM4", "#0072b2", "1", 8, 1.8, 0.9, MAIN},
    {"update", "SHM8", "#003f6b", "1", 12, 1.8, 1.0, MAIN},
    {"update", "MSG1 URPC", "#e69f00", "'-'", 7, 1.8, 0.8, MAIN | CLOSER},
    {"update", "MSG8 URPC", "#d55e00", "'-'", 5, 1.8, 0.8, MAIN | CLOSER},
    {"update", "MSG1 NoC", "#2fb98f", "'_.'", 9, 1.8, 0.9, MAIN | CLOSER},
    {"update", "MSG8 NoC", "#00755a", "'_.'", 13, 1.8, 1.0, MAIN | CLOSER},
    {"update", "server MSG1 URPC", "#cc79a7", "'.'", 7, 1.5, 0.6, BELOW},
    {"update", "server MSG8 URPC", "#8c5a9e", "'.'", 4, 1.5, 0.9, BELOW},
    {"update", "server MSG1 NoC", "#8a8a8a", "'.'", 9, 1.5, 0.6, BELOW},
    {"update", "server MSG8 NoC", "#000000", "'.'", 8, 1.5, 0.9, BELOW},
    {"mesh-curve", "BookSim 2", "#000000", NULL, 6, 1.4, 1.2, MAIN},
};
const unsigned series_style_count = sizeof series_styles / sizeof series_styles[0];

/* For series without a row: Okabe and Ito's palette in turn. */
static const char *const palette[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                      "#e69f00", "#56b4e9", "#000000"};

/* Does the name consist of the row's and more words? */
static bool extends_name(const char *series, const char *row)
{
    size_t n = strlen(row);
    return strncmp(series, row, n) == 0 && (series[n] == 0 || series[n] == ' ');
}

/* The row whose name the series has or, failing that, begins with. */
static unsigned find_style(const char *figure, const char *series)
{
    unsigned best = series_style_count;
    for (unsigned i = 0; i < series_style_count; i++) {
        const struct series_style *row = &series_styles[i];
        if (strcmp(row->figure, figure) == 0 && extends_name(series, row->series) &&
            (best == series_style_count ||
             strlen(row->series) > strlen(series_styles[best].series)))
            best = i;
    }
    return best;
}

struct series_style series_style_of(const char *figure, const char *series, unsigned position)
{
    unsigned i = find_style(figure, series);
    struct series_style style = {figure,
                                 series,
                                 palette[position % (sizeof palette / sizeof palette[0])],
                                 "1",
                                 4 + position % 12,
                                 1.8,
                                 0.9,
                                 MAIN};
    if (i < series_style_count) {
        if (strcmp(series_styles[i].series, series) == 0)
            return series_styles[i];
        style.dash = series_styles[i].dash;
        style.panels = series_styles[i].panels;
        if (style.dash == NULL) { /* points of one origin are alike whatever they are of */
            style = series_styles[i];
            style.series = series;
        }
    }
    return style;
}

const char *series_origin(const char *figure, const char *series)
{
    unsigned row = find_style(figure, series);
    bool measured_elsewhere = row < series_style_count && series_styles[row].dash == NULL;
    return measured_elsewhere ? series_styles[row].series : series;
}

unsigned series_rank(const char *figure, const char *series)
{
    unsigned row = find_style(figure, series);
    bool measured_elsewhere = row < series_style_count && series_styles[row].dash == NULL;
    return measured_elsewhere ? series_style_count + 1 : row; /* on top of the lines */
}
