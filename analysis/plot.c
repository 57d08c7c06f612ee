/*
 * Drawing a figure: rows of figure_points -> a gnuplot script (script.c) -> a
 * picture (gnuplot.c).  The picture of the chip has rows of its own (heat.c).
 */
#include "analysis/db.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analysis/figures.h"
#include "analysis/gnuplot.h"
#include "analysis/script.h"
#include "sim/base/arena.h"

static const struct format formats[] = {
    {".svg",
     "svg size 1000,500 dynamic enhanced font 'DejaVu Sans,Verdana,sans-serif,12' "
     "linewidth 1.0 background '#ffffff'",
     12},
    {".png",
     "pngcairo size 2200,1100 enhanced font 'DejaVu Sans,23' linewidth 2.2 "
     "pointscale 2.2 background '#ffffff'",
     23},
    {".pdf",
     "pdfcairo size 17.5cm,8.75cm enhanced font 'DejaVu Sans,8' linewidth 1.4 "
     "pointscale 0.55 background '#ffffff'",
     8},
};

/* ---- rows ----------------------------------------------------------------------- */

static bool take_points(struct analysis *db, struct points *p, struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "SELECT series, x, y FROM figure_points WHERE figure = ?1", e);
    if (s == NULL)
        return false;
    sqlite3_bind_text(s, 1, p->figure->name, -1, SQLITE_STATIC);
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        p->item = mem_resize(p->item, (p->count + 1) * sizeof *p->item);
        struct point *point = &p->item[p->count++];
        const char *series = (const char *)sqlite3_column_text(s, 0);
        snprintf(point->series, sizeof point->series, "%s", series ? series : "");
        point->x = sqlite3_column_double(s, 1);
        point->open = sqlite3_column_type(s, 2) == SQLITE_NULL;
        point->y = sqlite3_column_double(s, 2);
    }
    bool good = code == SQLITE_DONE || db_fail(db, e);
    sqlite3_finalize(s);
    return good;
}

/* One text that a query gives for the figure ("" for no row). */
static bool take_text(struct analysis *db, const struct points *p, const char *sql, char *text,
                      size_t bytes, struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, sql, e);
    if (s == NULL)
        return false;
    sqlite3_bind_text(s, 1, p->figure->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, p->figure->keys, -1, SQLITE_STATIC);
    bool good = sqlite3_step(s) == SQLITE_ROW || db_fail(db, e);
    const char *found = good ? (const char *)sqlite3_column_text(s, 0) : NULL;
    snprintf(text, bytes, "%s", found ? found : "");
    sqlite3_finalize(s);
    return good;
}

static bool take_machines(struct analysis *db, struct points *p, struct error *e)
{
    return take_text(db, p,
                     "SELECT group_concat(machine, ', ') FROM (SELECT DISTINCT machine FROM runs"
                     " JOIN figure_points USING (run_id) WHERE figure = ?1 ORDER BY machine)",
                     p->machines, sizeof p->machines, e);
}

/* Boot arguments and parameters that every run was given alike, apart from
 * those that the axis and the legend show, and the revision. */
static bool take_caption(struct analysis *db, struct points *p, struct error *e)
{
    return take_text(
        db, p,
        "WITH member AS (SELECT DISTINCT run_id FROM figure_points"
        "  WHERE figure = ?1 AND run_id IS NOT NULL)"
        " SELECT trim(coalesce((SELECT group_concat(word, ' ') FROM"
        "   (SELECT key || '=' || max(value) AS word FROM run_params JOIN member USING (run_id)"
        "    WHERE instr(' ' || ?2 || ' ', ' ' || key || ' ') = 0 GROUP BY key"
        "    HAVING count(DISTINCT value) = 1 AND count(*) = (SELECT count(*) FROM member)"
        "    ORDER BY key)), '') || '   revision ' ||"
        " coalesce((SELECT group_concat(revision, ', ') FROM"
        "   (SELECT DISTINCT revision FROM runs JOIN member USING (run_id))), ''))",
        p->caption, sizeof p->caption, e);
}

/* The legend's order, then x; ends without a y come last. */
static int compare_points(const void *a, const void *b, void *figure)
{
    const struct point *p = a, *q = b;
    unsigned rank_p = series_rank(figure, p->series), rank_q = series_rank(figure, q->series);
    int by_name = strcmp(p->series, q->series);
    if (rank_p != rank_q)
        return rank_p < rank_q ? -1 : 1;
    if (by_name)
        return by_name;
    return p->open != q->open ? (p->open ? 1 : -1) : (p->x > q->x) - (p->x < q->x);
}

/* ---- the call ------------------------------------------------------------------------------ */

static const struct figure *find_figure(const char *name, struct error *e)
{
    const char *names[64];
    for (unsigned i = 0; i < analysis_figure_count; i++) {
        if (strcmp(analysis_figures[i].name, name) == 0)
            return &analysis_figures[i];
        names[i] = analysis_figures[i].name;
    }
    const char *near = nearest_name(name, names, analysis_figure_count);
    error_set(e, EXIT_STATUS_USAGE, "%s: no such figure%s%s%s", name,
              near ? "; did you mean " : "; tessera list figures names them", near ? near : "",
              near ? "?" : "");
    return NULL;
}

static const struct format *find_format(const char *output, struct error *e)
{
    const char *dot = strrchr(output, '.');
    for (unsigned i = 0; dot && i < sizeof formats / sizeof formats[0]; i++)
        if (strcasecmp(dot, formats[i].ending) == 0)
            return &formats[i];
    error_set(e, EXIT_STATUS_USAGE, "%s: the name must end in .svg, .png or .pdf", output);
    return NULL;
}

bool analysis_count_points(struct analysis *db, const char *figure, unsigned *count,
                           struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "SELECT count(*) FROM figure_points WHERE figure = ?1", e);
    if (s == NULL)
        return false;
    sqlite3_bind_text(s, 1, figure, -1, SQLITE_STATIC);
    bool good = sqlite3_step(s) == SQLITE_ROW || db_fail(db, e);
    *count = (unsigned)sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return good;
}

bool analysis_check_figure(const char *figure, const char *output, struct error *e)
{
    return find_figure(figure, e) != NULL && find_format(output, e) != NULL;
}

bool analysis_draw(struct analysis *db, const char *figure, const char *output, struct error *e)
{
    struct points p = {.figure = find_figure(figure, e)};
    const struct format *format = p.figure ? find_format(output, e) : NULL;
    if (format == NULL)
        return false;
    if (p.figure->select == NULL)
        return analysis_draw_heat(db, 0, output, e);
    bool good = take_points(db, &p, e) && take_machines(db, &p, e) && take_caption(db, &p, e);
    if (good && p.count == 0)
        good = error_set(e, EXIT_STATUS_INPUT,
                         "%s: no finished runs for figure %s; run a sweep that feeds it "
                         "(tessera list sweeps)",
                         db->path, figure);
    if (good) {
        qsort_r(p.item, p.count, sizeof *p.item, compare_points, (void *)(uintptr_t)p.figure->name);
        good = gnuplot_draw(script_write(&p, format, e), output, e);
    }
    mem_free(p.item);
    return good;
}
