/*
 * Drawing a figure: rows of figure_points -> a gnuplot script -> a picture.
 *
 * The script carries its data inside itself and goes to gnuplot's standard
 * input; the picture comes back on its standard output and is written by us
 * (sim/base/file.h), so a full disk is noticed, and a figure that could not be
 * drawn does not destroy the one that was there.
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
#include "sim/base/arena.h"
#include "sim/base/file.h"

struct point {
    char series[96];
    double x, y;
};

struct points {
    struct point *item;
    unsigned count;
    const struct figure *figure;
    char machines[256]; /* "mesh-4x4" or "a, b" */
};

/* One look of a format's terminal: sizes differ, the rest does not. */
static const struct format {
    const char *ending, *terminal;
} formats[] = {
    {".svg", "svg size 1000,450 dynamic enhanced font 'DejaVu Sans,Verdana,sans-serif,12' "
             "linewidth 1.0 background '#ffffff'"},
    {".png", "pngcairo size 2200,990 enhanced font 'DejaVu Sans,23' linewidth 2.2 "
             "pointscale 2.4 background '#ffffff'"},
    {".pdf", "pdfcairo size 17.5cm,8cm enhanced font 'DejaVu Sans,8' linewidth 1.4 "
             "pointscale 0.62 background '#ffffff'"},
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

static bool take_machines(struct analysis *db, struct points *p, struct error *e)
{
    sqlite3_stmt *s = db_prepare(db,
                                 "SELECT group_concat(machine, ', ') FROM (SELECT DISTINCT"
                                 " machine FROM runs JOIN figure_points USING (run_id)"
                                 " WHERE figure = ?1 ORDER BY machine)",
                                 e);
    if (s == NULL)
        return false;
    sqlite3_bind_text(s, 1, p->figure->name, -1, SQLITE_STATIC);
    bool good = sqlite3_step(s) == SQLITE_ROW || db_fail(db, e);
    const char *names = good ? (const char *)sqlite3_column_text(s, 0) : NULL;
    snprintf(p->machines, sizeof p->machines, "%s", names ? names : "");
    sqlite3_finalize(s);
    return good;
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

/* ---- the script --------------------------------------------------------------------- */

static bool begins_series(const struct points *p, unsigned i)
{
    return i == 0 || strcmp(p->item[i].series, p->item[i - 1].series) != 0;
}

/* Text inside a double-quoted enhanced string. */
static void write_enhanced(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (strchr("_^{}@&~\\\"", *text))
            fputs(*text == '"' ? "\\" : "\\\\", f);
        fputc(*text, f);
    }
}

static void write_head(FILE *f, const struct points *p, const char *terminal)
{
    fprintf(f,
            "set terminal %s\n"
            "set multiplot layout 1,%d margins screen 0.1, screen 0.785, screen 0.145, screen 0.86 "
            "spacing screen 0.08 title \"{/:Bold ",
            terminal, p->figure->closer ? 2 : 1);
    write_enhanced(f, p->figure->title);
    fprintf(f, "}   {/*0.85 ");
    write_enhanced(f, p->machines);
    fprintf(f, "}\" offset 0,-0.2\n");
    fprintf(f, "set xlabel '%s' offset 0,0.3\nset ylabel '%s'\n", p->figure->x_label,
            p->figure->y_label);
    fputs("set border 3 linewidth 0.8 linecolor rgb '#555555'\n"
          "set tics nomirror out scale 0.6 textcolor rgb '#222222'\n"
          "set grid ytics linetype 1 linewidth 0.6 linecolor rgb '#e3e3e3'\n"
          "set format y '%.0f'\n",
          f);
}

static void write_key(FILE *f)
{
    fputs("set key at screen 0.795, screen 0.505 left center vertical Left reverse noenhanced "
          "samplen 3 spacing 1.3 width -1\n",
          f);
}

/* Whole cores on the axis: a step that gives at most ten tics. */
static void write_x_axis(FILE *f, const struct points *p)
{
    double last = 1;
    for (unsigned i = 0; i < p->count; i++)
        if (p->item[i].x > last)
            last = p->item[i].x;
    unsigned step = 1;
    while (last / step > 10)
        step *= 2;
    fprintf(f, "set xrange [0:%g]\nset xtics 0,%u\n", last * 1.03, step);
}

/* The largest value of the series that the second panel is made for. */
static double closer_top(const struct points *p)
{
    double top = 0;
    for (unsigned i = 0; i < p->count; i++) {
        struct series_style style = series_style_of(p->figure->name, p->item[i].series, 0);
        if (style.closer && p->item[i].y > top)
            top = p->item[i].y;
    }
    return top;
}

static void write_data(FILE *f, const struct points *p)
{
    unsigned series = 0;
    for (unsigned i = 0; i < p->count; i++) {
        if (begins_series(p, i))
            fprintf(f, "%s$series%u << END\n", i ? "END\n" : "", series++);
        fprintf(f, "%.17g %.17g\n", p->item[i].x, p->item[i].y);
    }
    fputs("END\n", f);
}

static void write_plot(FILE *f, const struct points *p)
{
    unsigned series = 0;
    fputs("plot", f);
    for (unsigned i = 0; i < p->count; i++) {
        if (!begins_series(p, i))
            continue;
        struct series_style style = series_style_of(p->figure->name, p->item[i].series, series);
        fprintf(f,
                "%s $series%u with linespoints linewidth 1.8 linecolor rgb '%s' dashtype %s "
                "pointtype %u pointsize 0.9 title \"%s\"",
                series ? "," : "", series, style.colour, style.dash, style.mark, p->item[i].series);
        series++;
    }
    fputc('\n', f);
}

/* One panel, or two of which only the last has the legend. */
static void write_panels(FILE *f, const struct points *p)
{
    double top = closer_top(p);
    bool two = p->figure->closer && top > 0;
    if (two) {
        fputs("set title 'all' offset 0,-0.7\nunset key\nset yrange [0:*]\n", f);
        write_plot(f, p);
        write_key(f);
        fprintf(f, "set title '%s'\nunset ylabel\nset yrange [0:%g]\n", p->figure->closer,
                top * 1.12);
    } else {
        write_key(f);
        fputs("set yrange [0:*]\n", f);
    }
    write_plot(f, p);
    fputs("unset multiplot\n", f);
}

static FILE *write_script(const struct points *p, const char *terminal, struct error *e)
{
    FILE *f = tmpfile();
    if (f == NULL) {
        error_set(e, EXIT_STATUS_IO, "a temporary file for gnuplot: %s", strerror(errno));
        return NULL;
    }
    write_head(f, p, terminal);
    write_x_axis(f, p);
    write_data(f, p);
    write_panels(f, p);
    if (fflush(f) != 0 || ferror(f)) {
        error_set(e, EXIT_STATUS_IO, "a temporary file for gnuplot: %s", strerror(errno));
        fclose(f);
        return NULL;
    }
    rewind(f);
    return f;
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
    FILE *script = write_script(p, format->terminal, e);
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
    bool good = take_points(db, &p, e) && take_machines(db, &p, e);
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
