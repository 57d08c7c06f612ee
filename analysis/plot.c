/*
 * Drawing a figure: rows of figure_points -> a gnuplot script -> a picture.
 *
 * The script (script.c) goes to gnuplot's standard input; the picture comes back on its standard
 * output and is written by us (sim/base/file.h), so a full disk is noticed, and a figure that could
 * not be drawn does not destroy the one that was there.
 */
#include "analysis/db.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/figures.h"
#include "analysis/script.h"
#include "sim/base/arena.h"
#include "sim/base/file.h"

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
        "WITH member AS (SELECT DISTINCT run_id FROM figure_points WHERE figure = ?1)"
        " SELECT trim(coalesce((SELECT group_concat(word, ' ') FROM"
        "   (SELECT key || '=' || max(value) AS word FROM run_params JOIN member USING (run_id)"
        "    WHERE instr(' ' || ?2 || ' ', ' ' || key || ' ') = 0 GROUP BY key"
        "    HAVING count(DISTINCT value) = 1 AND count(*) = (SELECT count(*) FROM member)"
        "    ORDER BY key)), '') || '   revision ' ||"
        " coalesce((SELECT group_concat(revision, ', ') FROM"
        "   (SELECT DISTINCT revision FROM runs JOIN member USING (run_id))), ''))",
        p->caption, sizeof p->caption, e);
}

/* The legend's order, then x. */
static int compare_points(const void *a, const void *b, void *figure)
{
    const struct point *p = a, *q = b;
    unsigned rank_p = series_rank(figure, p->series), rank_q = series_rank(figure, q->series);
    int by_name = strcmp(p->series, q->series);
    if (rank_p != rank_q)
        return rank_p < rank_q ? -1 : 1;
    return by_name ? by_name : (p->x > q->x) - (p->x < q->x);
}

/* ---- gnuplot and the picture ------------------------------------------------------------ */

extern char **environ;

/* Starts gnuplot on a script; its output is read from *from. */
static bool start_gnuplot(FILE *script, pid_t *pid, FILE **from, struct error *e)
{
    int ends[2];
    char name[] = "gnuplot", *argv[] = {name, NULL};
    posix_spawn_file_actions_t actions;
    if (pipe(ends) != 0)
        return error_set(e, EXIT_STATUS_IO, "a pipe to gnuplot: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int reason = posix_spawnp(pid, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (reason != 0) {
        close(ends[0]);
        return error_set(e, EXIT_STATUS_IO, "gnuplot cannot be started: %s", strerror(reason));
    }
    *from = fdopen(ends[0], "r");
    return true;
}

/* Copies until the end or a failure, with errno set if the host gave a reason;
 * an empty picture is a failure too. */
static bool copy_picture(FILE *from, FILE *to)
{
    char block[65536];
    size_t n, bytes = 0;
    errno = 0;
    for (; (n = fread(block, 1, sizeof block, from)) > 0; bytes += n)
        if (fwrite(block, 1, n, to) != n)
            return false;
    return !ferror(from) && fflush(to) == 0 && bytes > 0;
}

static bool run_gnuplot(FILE *script, FILE *to, const char *path, struct error *e)
{
    pid_t pid;
    FILE *from = NULL;
    int status = 0;
    if (!start_gnuplot(script, &pid, &from, e))
        return false;
    bool written = copy_picture(from, to);
    int reason = errno;
    fclose(from);
    waitpid(pid, &status, 0);
    if (!written && reason)
        return error_set(e, EXIT_STATUS_IO, "%s: %s", path, strerror(reason));
    if (!written || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(e, EXIT_STATUS_IO, "%s: gnuplot has failed", path);
    return true;
}

/* The picture takes its name when it is whole. */
static bool draw_file(const struct points *p, const struct format *format, const char *path,
                      struct error *e)
{
    struct output out;
    FILE *script = script_write(p, format, e);
    bool good = script && output_open(&out, path, e);
    if (good) {
        good = run_gnuplot(script, out.file, path, e) && output_keep(&out, e);
        output_drop(&out);
    }
    if (script)
        fclose(script);
    return good;
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
    bool good = take_points(db, &p, e) && take_machines(db, &p, e) && take_caption(db, &p, e);
    if (good && p.count == 0)
        good = error_set(e, EXIT_STATUS_INPUT,
                         "%s: no finished runs for figure %s; run a sweep that feeds it "
                         "(tessera list sweeps)",
                         db->path, figure);
    if (good) {
        qsort_r(p.item, p.count, sizeof *p.item, compare_points, (void *)(uintptr_t)p.figure->name);
        good = draw_file(&p, format, output, e);
    }
    mem_free(p.item);
    return good;
}
