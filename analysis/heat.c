/*
 * The picture of a chip's mesh in one run: what its links carried and what
 * waited in its buffers.
 *
 *        cell: a router; the darker, the more flits a cycle crossed it
 *      +----+    --->   +----+
 *      |0.82|    <---   |    |     arrow: a link in one direction; the darker
 *      +----+           +----+     and the wider, the more of its cycles it carried a flit
 *       ^  |
 *       |  v             (0, 0) is below on the left, x to the right, y upward
 *
 * Read from the view mesh_heat, virtual networks together.  Both scales end at
 * a round number above the greatest value, and each has a bar of its colours on the right.
 * The number in a cell, where there is room for it, is the same quantity; below it, if that
 * was counted (mesh.counters), the flits that waited in its buffers, in the mean.  A mesh of one
 * router has no links and no scale for them.  gnuplot draws; the colours are ours, since it knows
 * one palette a plot.
 */
#include "analysis/db.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "analysis/gnuplot.h"
#include "sim/base/arena.h"

enum { NEIGHBOURS = 4, NUMBERED_MAX = 12, BAR_STEPS = 64 };

/* In units of the distance between two routers. */
static const double CELL = 0.29, ARROW_FROM = 0.325, ARROW_TO = 0.66, ARROW_APART = 0.115;

/* In units of the picture's points (1/72 inch, or pixels of an SVG). */
static const double CHIP_SIDE = 720, LEFT = 46, RIGHT = 230, TOP = 64, BOTTOM = 58;
static const double HEIGHT_MIN = 430;

struct rgb {
    double red, green, blue;
};

/* From nothing to the most, light to dark, so that it survives printing in grey. */
static const struct rgb link_colours[] = {
    {229, 226, 218}, {254, 217, 118}, {253, 141, 60}, {227, 50, 32}, {128, 0, 38}};
static const struct rgb cell_colours[] = {
    {246, 249, 252}, {198, 219, 239}, {107, 174, 214}, {33, 113, 181}, {8, 48, 107}};
enum { COLOURS = 5 };

struct router {
    double crossed, buffered;
    double link[NEIGHBOURS]; /* utilisation of the link that leaves through this port */
};

struct heat {
    uint64_t run;
    unsigned width, height;
    struct router *router; /* mem_alloc'd */
    bool waits;            /* buffers were counted */
    bool linked;           /* there is more than one router */
    double link_top, cell_top;
    char title[128], caption[640];
    double size_x, size_y; /* of the picture, in points */
};

static const struct {
    const char *ending, *terminal; /* with the size in points twice */
    double scale;                  /* of the size: points to what the terminal counts in */
    double pen;                    /* width of a line of one point */
} formats[] = {
    {".svg",
     "svg size %.0f,%.0f dynamic enhanced font 'DejaVu Sans,Verdana,sans-serif,12' background "
     "'#ffffff'",
     1, 1},
    {".png", "pngcairo size %.0f,%.0f enhanced font 'DejaVu Sans,23' background '#ffffff'", 2, 2},
    {".pdf", "pdfcairo size %.2fcm,%.2fcm enhanced font 'DejaVu Sans,9' background '#ffffff'",
     2.54 / 96, 0.75},
};
enum { FORMATS = sizeof formats / sizeof *formats };

/* ---- rows ----------------------------------------------------------------------- */

static bool find_run(struct analysis *db, struct heat *h, struct error *e)
{
    sqlite3_stmt *s = db_prepare(
        db,
        "SELECT r.run_id, s.width, s.height, r.machine,"
        "  trim(r.guest || ' ' || r.bootargs) || ', ' || r.cycles || ' cycles   run ' || r.run_id"
        "  || '   revision ' || r.revision"
        " FROM mesh_shapes s JOIN runs r USING (run_id) WHERE ?1 IN (0, run_id)"
        " ORDER BY run_id DESC LIMIT 1",
        e);
    if (s == NULL)
        return false;
    uint64_t wanted = h->run;
    db_bind_number(s, 1, wanted);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        h->run = (uint64_t)sqlite3_column_int64(s, 0);
        h->width = (unsigned)sqlite3_column_int(s, 1);
        h->height = (unsigned)sqlite3_column_int(s, 2);
        snprintf(h->title, sizeof h->title, "%s", (const char *)sqlite3_column_text(s, 3));
        snprintf(h->caption, sizeof h->caption, "%s", (const char *)sqlite3_column_text(s, 4));
    }
    bool good = code == SQLITE_ROW ||
                (code == SQLITE_DONE
                     ? error_set(e, EXIT_STATUS_INPUT,
                                 wanted ? "%s: run %llu has no mesh in it"
                                        : "%s: no run has a mesh in it%.0llu; "
                                          "tessera mesh and tessera run store one with --db",
                                 db->path, (unsigned long long)wanted)
                     : db_fail(db, e));
    sqlite3_finalize(s);
    return good;
}

static void take_port(struct heat *h, sqlite3_stmt *s)
{
    unsigned x = (unsigned)sqlite3_column_int(s, 0), y = (unsigned)sqlite3_column_int(s, 1);
    unsigned port = (unsigned)sqlite3_column_int(s, 2);
    double utilisation = sqlite3_column_double(s, 3);
    if (x >= h->width || y >= h->height)
        return;
    struct router *r = &h->router[y * h->width + x];
    r->crossed += utilisation;
    r->buffered += sqlite3_column_double(s, 4);
    if (port < NEIGHBOURS)
        r->link[port] = utilisation;
}

static bool take_ports(struct analysis *db, struct heat *h, struct error *e)
{
    int code;
    sqlite3_stmt *s = db_prepare(
        db,
        "SELECT x, y, port, utilisation, buffered FROM mesh_heat WHERE run_id = ?1 AND vnet = -1",
        e);
    if (s == NULL)
        return false;
    db_bind_number(s, 1, h->run);
    h->router = mem_alloc((size_t)h->width * h->height * sizeof *h->router);
    memset(h->router, 0, (size_t)h->width * h->height * sizeof *h->router);
    while ((code = sqlite3_step(s)) == SQLITE_ROW)
        take_port(h, s);
    bool good = code == SQLITE_DONE || db_fail(db, e);
    sqlite3_finalize(s);
    return good;
}

/* ---- scales --------------------------------------------------------------------- */

/* One or two digits times a power of ten, not below `value` and not much above. */
static double round_above(double value)
{
    double power = value > 0 ? pow(10, floor(log10(value))) : 0.01;
    static const double factor[] = {1, 1.5, 2, 3, 4, 5, 6, 8};
    for (unsigned k = 0; k < sizeof factor / sizeof *factor; k++)
        if (value <= factor[k] * power * (1 + 1e-9))
            return factor[k] * power;
    return 10 * power;
}

static void scale(struct heat *h)
{
    double link = 0, waiting = 0, crossed = 0;
    for (unsigned r = 0; r < h->width * h->height; r++) {
        waiting = fmax(waiting, h->router[r].buffered);
        crossed = fmax(crossed, h->router[r].crossed);
        for (unsigned p = 0; p < NEIGHBOURS; p++)
            link = fmax(link, h->router[r].link[p]);
    }
    h->link_top = fmin(round_above(link), 1);
    h->waits = waiting > 0;
    h->linked = h->width * h->height > 1;
    h->cell_top = round_above(crossed);
    double step = CHIP_SIDE / fmax(h->width, h->height);
    h->size_x = LEFT + RIGHT + step * h->width;
    h->size_y = fmax(TOP + BOTTOM + step * h->height, HEIGHT_MIN);
}

/* 0xrrggbb of a part of the scale. */
static unsigned colour(const struct rgb *colours, double part)
{
    double at = fmin(fmax(part, 0), 1) * (COLOURS - 1);
    unsigned k = at >= COLOURS - 1 ? COLOURS - 2 : (unsigned)at;
    double more = at - k, less = 1 - more;
    return (unsigned)lround(colours[k].red * less + colours[k + 1].red * more) << 16 |
           (unsigned)lround(colours[k].green * less + colours[k + 1].green * more) << 8 |
           (unsigned)lround(colours[k].blue * less + colours[k + 1].blue * more);
}

static double link_part(const struct heat *h, double utilisation)
{
    return utilisation / h->link_top;
}

static double cell_part(const struct heat *h, const struct router *r)
{
    return r->crossed / h->cell_top;
}

/* ---- the script ------------------------------------------------------------------ */

/* Text inside a double-quoted enhanced string. */
static void write_text(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (strchr("_^{}@&~\\\"", *text))
            fputs(*text == '"' ? "\\" : "\\\\", f);
        fputc(*text, f);
    }
}

static void write_cells(FILE *f, const struct heat *h)
{
    fputs("$cells << END\n", f);
    for (unsigned r = 0; r < h->width * h->height; r++)
        fprintf(f, "%u %u %u\n", r % h->width, r / h->width,
                colour(cell_colours, cell_part(h, &h->router[r])));
    fputs("END\n", f);
}

/* Decimals that all numbers of one kind get, so that they can be compared at a glance. */
static int decimals(double most)
{
    return most < 0.1 ? 4 : most < 1 ? 3 : most < 10 ? 2 : most < 100 ? 1 : 0;
}

/* The numbers in the cells, white where the cell is dark. */
static void write_numbers(FILE *f, const struct heat *h)
{
    double crossed = 0, buffered = 0;
    for (unsigned r = 0; r < h->width * h->height; r++) {
        crossed = fmax(crossed, h->router[r].crossed);
        buffered = fmax(buffered, h->router[r].buffered);
    }
    fputs("$numbers << END\n", f);
    for (unsigned r = 0; r < h->width * h->height; r++)
        fprintf(f, "%u %u %.*f %u %.*f\n", r % h->width, r / h->width, decimals(crossed),
                h->router[r].crossed, cell_part(h, &h->router[r]) > 0.55 ? 0xffffff : 0x1f2d3a,
                decimals(buffered), h->router[r].buffered);
    fputs("END\n", f);
}

/* The lines of links that are wide alike, from the least used on: what is used
 * more lies on top.  Returns how many there are. */
static unsigned write_links(FILE *f, const struct heat *h, unsigned width_class, unsigned classes)
{
    unsigned count = 0;
    static const int step_x[] = {1, -1, 0, 0}, step_y[] = {0, 0, 1, -1};
    fprintf(f, "$links%u << END\n", width_class);
    for (unsigned r = 0; r < h->width * h->height; r++)
        for (unsigned p = 0; p < NEIGHBOURS; p++) {
            int x = (int)(r % h->width), y = (int)(r / h->width);
            int to_x = x + step_x[p], to_y = y + step_y[p];
            double part = link_part(h, h->router[r].link[p]);
            unsigned class = part >= 1 ? classes - 1 : (unsigned)(part * classes);
            if (to_x < 0 || to_y < 0 || to_x >= (int)h->width || to_y >= (int)h->height ||
                class != width_class)
                continue;
            count++;
            double from = ARROW_FROM, length = ARROW_TO - ARROW_FROM;
            fprintf(f, "%g %g %g %g %u\n", x + from * step_x[p] + ARROW_APART * step_y[p],
                    y + from * step_y[p] - ARROW_APART * step_x[p], length * step_x[p],
                    length * step_y[p], colour(link_colours, part));
        }
    fputs("END\n", f);
    return count;
}

/* A bar of colours with its ends and middle, from `y` upward; gnuplot numbers labels and
 * rectangles, here from `first` on. */
static void write_bar(FILE *f, const struct heat *h, const struct rgb *colours, double top,
                      double percent, const char *title, const char *second, double y,
                      unsigned first)
{
    double x = h->size_x - RIGHT + 44, width = 18, height = 120;
    unsigned label = first, object = first;
    for (unsigned k = 0; k < BAR_STEPS; k++)
        fprintf(f,
                "set object %u rectangle from screen %g, screen %g to screen %g, screen %g "
                "fillstyle solid noborder fillcolor rgb 0x%06x\n",
                object++, x / h->size_x, (y + height * k / BAR_STEPS) / h->size_y,
                (x + width) / h->size_x, (y + height * (k + 1) / BAR_STEPS) / h->size_y,
                colour(colours, (k + 0.5) / BAR_STEPS));
    for (unsigned k = 0; k <= 2; k++)
        fprintf(f, "set label %u \"%g%s\" at screen %g, screen %g left\n", label++,
                top * percent * k / 2, percent > 1 ? " %" : "", (x + width + 7) / h->size_x,
                (y + height * k / 2) / h->size_y);
    fprintf(f, "set label %u \"{/:Bold %s}\\n{/*0.85 %s}\" at screen %g, screen %g left\n", label++,
            title, second, x / h->size_x, (y + height + 42) / h->size_y);
}

static void write_frame(FILE *f, const struct heat *h)
{
    double chip_x = h->size_x - LEFT - RIGHT, step = chip_x / h->width;
    double chip_y = step * h->height, below = h->size_y - TOP - chip_y;
    fprintf(f,
            "set lmargin at screen %g\nset rmargin at screen %g\n"
            "set bmargin at screen %g\nset tmargin at screen %g\n",
            LEFT / h->size_x, 1 - RIGHT / h->size_x, below / h->size_y, 1 - TOP / h->size_y);
    fprintf(f, "set xrange [-0.5:%g]\nset yrange [-0.5:%g]\n", h->width - 0.5, h->height - 0.5);
    unsigned every = 1, most = h->width > h->height ? h->width : h->height;
    while (most / every > 16)
        every *= 2;
    fprintf(f,
            "unset border\nunset key\nset xtics 0,%u scale 0 textcolor rgb '#777777' offset 0,0.4\n"
            "set ytics 0,%u scale 0 textcolor rgb '#777777' offset 0.6,0\n",
            every, every);
    fputs("set label 1 \"{/:Bold Traffic on the mesh}   {/*0.9 ", f);
    write_text(f, h->title);
    fprintf(f, "}\" at screen %g, screen %g left\nset label 2 \"{/*0.75 ", 20 / h->size_x,
            1 - 26 / h->size_y);
    write_text(f, h->caption);
    fprintf(f, "}\" at screen %g, screen %g left textcolor rgb '#555555'\n", 20 / h->size_x,
            17 / h->size_y);
}

static void write_plot(FILE *f, const struct heat *h, double pen)
{
    enum { CLASSES = 5 };
    double step = (h->size_x - LEFT - RIGHT) / h->width;
    double thin = fmin(1.2, step * 0.03), thick = fmin(5.5, step * 0.1);
    bool numbered = h->width <= NUMBERED_MAX && h->height <= NUMBERED_MAX;
    write_cells(f, h);
    write_numbers(f, h);
    unsigned links[CLASSES];
    for (unsigned k = 0; k < CLASSES; k++)
        links[k] = write_links(f, h, k, CLASSES);
    fprintf(f,
            "plot $cells using 1:2:(%g):(%g):3 with boxxyerror fillstyle solid border rgb "
            "'#9aa7b3' linewidth %g linecolor rgb variable",
            CELL, CELL, 0.6 * pen);
    for (unsigned k = 0; k < CLASSES; k++)
        if (links[k])
            fprintf(f,
                    ", \\\n  $links%u using 1:2:3:4:5 with vectors head filled size first 0.13,22 "
                    "linewidth %g linecolor rgb variable",
                    k, pen * (thin + (thick - thin) * k / (CLASSES - 1)));
    if (numbered)
        fprintf(f,
                ", \\\n  $numbers using 1:($2+%g):(stringcolumn(3)):4 with labels center font "
                "',%g' textcolor rgb variable",
                h->waits ? 0.1 : 0.0, pen * fmin(12, step * 0.14));
    if (numbered && h->waits)
        fprintf(f,
                ", \\\n  $numbers using 1:($2-0.12):(stringcolumn(5)):4 with labels center font "
                "',%g' textcolor rgb variable",
                pen * fmin(9, step * 0.105));
    fputc('\n', f);
}

static void write_script(FILE *f, const struct heat *h, unsigned format)
{
    bool numbered = h->width <= NUMBERED_MAX && h->height <= NUMBERED_MAX;
    double middle = (h->size_y - TOP + BOTTOM) / 2;
    fputs("set terminal ", f);
    fprintf(f, formats[format].terminal, h->size_x * formats[format].scale,
            h->size_y * formats[format].scale);
    fputc('\n', f);
    write_frame(f, h);
    if (h->linked)
        write_bar(f, h, link_colours, h->link_top, 100, "links", "cycles with a flit", middle + 26,
                  100);
    write_bar(f, h, cell_colours, h->cell_top, 1, "routers", "flits a cycle through it",
              middle - 164, 200);
    if (numbered)
        fprintf(f,
                "set label 3 \"{/*0.85 %s}\" at screen %g, screen %g left "
                "textcolor rgb '#555555'\n",
                h->waits ? "upper number: the same}\\n{/*0.85 lower: flits in its buffers, mean"
                         : "number: the same",
                (h->size_x - RIGHT + 44) / h->size_x, (middle - 190) / h->size_y);
    write_plot(f, h, formats[format].pen);
}

static FILE *make_script(const struct heat *h, unsigned format, struct error *e)
{
    FILE *f = tmpfile();
    if (f) {
        write_script(f, h, format);
        if (fflush(f) == 0 && !ferror(f)) {
            rewind(f);
            return f;
        }
        fclose(f);
    }
    error_set(e, EXIT_STATUS_IO, "a temporary file for gnuplot: %s", strerror(errno));
    return NULL;
}

bool analysis_draw_heat(struct analysis *db, uint64_t run, const char *output, struct error *e)
{
    struct heat h = {.run = run};
    unsigned format = 0;
    const char *dot = strrchr(output, '.');
    if (!analysis_check_figure(FIGURE_MESH_HEAT, output, e))
        return false;
    while (strcasecmp(dot, formats[format].ending) != 0)
        format++;
    bool good = find_run(db, &h, e) && take_ports(db, &h, e);
    if (good) {
        scale(&h);
        good = gnuplot_draw(make_script(&h, format, e), output, e);
    }
    mem_free(h.router);
    return good;
}
