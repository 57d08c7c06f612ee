/*
 * A figure as a gnuplot script that carries its data inside itself.
 *
 *   +--------------------------------------------------------+
 *   | title   machines                                       |
 *   | +-------------+  +-----------+                         |
 *   | |             |  |  panel 1  |   legend of all series, |
 *   | |   panel 0   |  +-----------+   whichever panel shows |
 *   | |             |  |  panel 2  |   them                  |
 *   | +-------------+  +-----------+                         |
 *   | caption: what all runs have in common                  |
 *   +--------------------------------------------------------+
 *
 * Every panel has the same x axis and a y axis of its own, so that a family of
 * small values is not pressed flat by a family of large ones.  A panel whose
 * series have no points is left out.  The legend takes the width that its
 * longest name needs, and smaller letters before it takes more than half.
 */
#include "analysis/script.h"

#include <errno.h>
#include <string.h>

#include "analysis/figures.h"

enum { LEGEND_ROWS = 21 };

/* Of the picture's size. */
static const double LETTER_WIDTH = 0.0078, LEGEND_SAMPLE = 0.065, LEGEND_MAX = 0.45;
static const double LEFT = 0.1, BOTTOM = 0.175, TOP = 0.86, GAP_X = 0.075, GAP_Y = 0.15;

struct legend {
    unsigned rows;
    double left;  /* screen position */
    double scale; /* of its letters */
};

struct panels {
    unsigned count;
    unsigned shown[FIGURE_PANELS]; /* their numbers in the figure's row */
};

struct frame {
    double left, right, bottom, top;
};

/* ---- what is in the figure ------------------------------------------------------ */

static bool begins_series(const struct points *p, unsigned i)
{
    return i == 0 || strcmp(p->item[i].series, p->item[i - 1].series) != 0;
}

static struct series_style style_at(const struct points *p, unsigned i, unsigned position)
{
    return series_style_of(p->figure->name, p->item[i].series, position);
}

static bool is_in_panel(const struct points *p, unsigned i, unsigned panel)
{
    return style_at(p, i, 0).panels >> panel & 1;
}

static struct panels find_panels(const struct points *p)
{
    struct panels panels = {0};
    for (unsigned panel = 0; panel < FIGURE_PANELS; panel++) {
        bool shown = false;
        for (unsigned i = 0; i < p->count && !shown; i++)
            shown = is_in_panel(p, i, panel);
        if (shown)
            panels.shown[panels.count++] = panel;
    }
    return panels;
}

/* Points of one origin are one row, whatever they are of. */
static const char *legend_name(const struct points *p, unsigned i)
{
    return series_origin(p->figure->name, p->item[i].series);
}

static bool begins_row(const struct points *p, unsigned i)
{
    return begins_series(p, i) && (i == 0 || strcmp(legend_name(p, i), legend_name(p, i - 1)) != 0);
}

static struct legend plan_legend(const struct points *p)
{
    struct legend legend = {.scale = 1};
    size_t longest = 0;
    for (unsigned i = 0; i < p->count; i++) {
        size_t n = strlen(legend_name(p, i));
        legend.rows += begins_row(p, i);
        longest = n > longest ? n : longest;
    }
    if (legend.rows > LEGEND_ROWS)
        legend.scale = (double)LEGEND_ROWS / legend.rows;
    double width = LEGEND_SAMPLE + LETTER_WIDTH * (double)longest * legend.scale;
    if (width > LEGEND_MAX) {
        legend.scale *= (LEGEND_MAX - LEGEND_SAMPLE) / (width - LEGEND_SAMPLE);
        width = LEGEND_MAX;
    }
    legend.left = 1 - width;
    return legend;
}

/* Where panel number i of `count` stands: the first on the left, the others
 * above one another on its right. */
static struct frame frame_of(unsigned i, unsigned count, double right)
{
    double width = count == 1 ? right - LEFT : (right - LEFT - GAP_X) / 2;
    if (i == 0)
        return (struct frame){LEFT, LEFT + width, BOTTOM, TOP};
    unsigned rows = count - 1;
    double height = (TOP - BOTTOM - GAP_Y * (rows - 1)) / rows;
    double top = TOP - (i - 1) * (height + GAP_Y);
    return (struct frame){right - width, right, top - height, top};
}

/* ---- the script ------------------------------------------------------------------ */

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
    fprintf(f, "set terminal %s\nset multiplot\n", terminal);
    fprintf(f, "set label 1 \"{/:Bold ");
    write_enhanced(f, p->figure->title);
    fprintf(f, "}   {/*0.85 ");
    write_enhanced(f, p->machines);
    fprintf(f, "}\" at screen 0.5, screen 0.955 center\nset label 2 \"{/*0.75 ");
    write_enhanced(f, p->caption);
    fprintf(f, "}\" at screen %g, screen 0.035 left textcolor rgb '#555555'\n", LEFT);
    fputs("set border 3 linewidth 0.8 linecolor rgb '#555555'\n"
          "set tics nomirror out scale 0.6 textcolor rgb '#222222'\n"
          "set grid ytics linetype 1 linewidth 0.6 linecolor rgb '#e3e3e3'\n"
          "set format y '%.0f'\n"
          "unset key\n",
          f);
}

/* 1, 2 or 5 times a power of ten, from `step` on, that divides `top` into at
 * most `parts`. */
static double tic_step(double top, unsigned parts, double step)
{
    static const double factor[] = {2, 2.5, 2}; /* 1 -> 2 -> 5 -> 10 */
    for (unsigned i = 0; top / step > parts; i++)
        step *= factor[i % 3];
    return step;
}

/* A step that gives at most ten tics: of numbers, powers of two. */
static void write_x_axis(FILE *f, const struct points *p)
{
    double last = p->figure->fine_x ? 0 : 1, step = 1;
    for (unsigned i = 0; i < p->count; i++)
        if (p->item[i].x > last)
            last = p->item[i].x;
    while (!p->figure->fine_x && last / step > 10)
        step *= 2;
    if (p->figure->fine_x)
        step = tic_step(last, 10, 0.001);
    fprintf(f, "set xrange [0:%g]\nset xtics 0,%g\n", last * 1.03, step);
}

static void write_data(FILE *f, const struct points *p)
{
    unsigned series = 0;
    for (unsigned i = 0; i < p->count; i++) {
        if (begins_series(p, i))
            fprintf(f, "%s$series%u << END\n", i ? "END\n" : "", series++);
        if (!p->item[i].open)
            fprintf(f, "%.17g %.17g\n", p->item[i].x, p->item[i].y);
    }
    fputs("END\n", f);
}

/* The first open end that stands behind series' last point, which is item[i]. */
static bool has_open_end(const struct points *p, unsigned i)
{
    return !p->item[i].open && i + 1 < p->count && p->item[i + 1].open && !begins_series(p, i + 1);
}

/* Where a series leaves the picture: dashed arrows from the last point to the top, at the load
 * that was refused. */
static void write_open_ends(FILE *f, const struct points *p, unsigned panel, double top)
{
    unsigned series = 0;
    fputs("unset arrow\n", f);
    for (unsigned i = 0; i < p->count; i++) {
        const struct point *last = &p->item[i];
        series += begins_series(p, i);
        struct series_style style = style_at(p, i, series - 1);
        if (!has_open_end(p, i) || last->y >= top || !(style.panels >> panel & 1))
            continue;
        fprintf(f,
                "set arrow from %.17g,%.17g to %.17g,%g filled size screen 0.008,20 dashtype '-' "
                "linewidth %g linecolor rgb '%s'\n",
                last->x, last->y, last[1].x > last->x ? last[1].x : last->x, top, style.width,
                style.colour);
    }
}

static void write_look(FILE *f, const struct series_style *style)
{
    if (style->dash)
        fprintf(f, "with linespoints dashtype %s ", style->dash);
    else
        fputs("with points ", f);
    fprintf(f, "linewidth %g linecolor rgb '%s' pointtype %u pointsize %g", style->width,
            style->colour, style->mark, style->mark_size);
}

static void write_plot(FILE *f, const struct points *p, unsigned panel)
{
    unsigned series = 0;
    const char *before = "plot ";
    for (unsigned i = 0; i < p->count; i++) {
        if (!begins_series(p, i))
            continue;
        struct series_style style = style_at(p, i, series);
        if (style.panels >> panel & 1) {
            fprintf(f, "%s$series%u ", before, series);
            write_look(f, &style);
            before = ", \\\n  ";
        }
        series++;
    }
    fputc('\n', f);
}

static void write_frame(FILE *f, const struct frame *frame)
{
    fprintf(f,
            "set lmargin at screen %g\nset rmargin at screen %g\n"
            "set bmargin at screen %g\nset tmargin at screen %g\n",
            frame->left, frame->right, frame->bottom, frame->top);
}

/* The panel's largest value, or what the figure's row allows of it. */
static double greatest_y(const struct points *p, unsigned panel)
{
    double top = 0, least = 0;
    for (unsigned i = 0; i < p->count; i++) {
        double y = p->item[i].y;
        if (p->item[i].open || !is_in_panel(p, i, panel))
            continue;
        top = y > top ? y : top;
        least = least == 0 || y < least ? y : least;
    }
    double most = p->figure->y_times_max * least;
    return most > 0 && top > most ? most : top;
}

/* From 0 to the tic above it, which is returned. */
static double write_y_axis(FILE *f, const struct points *p, unsigned panel, unsigned parts)
{
    double top = greatest_y(p, panel), step = tic_step(top, parts, 1);
    unsigned tics = 1 + (unsigned)(top / step);
    fprintf(f, "set yrange [0:%g]\nset ytics 0,%g\n", tics * step, step);
    return tics * step;
}

static void write_panel(FILE *f, const struct points *p, unsigned i, const struct panels *panels,
                        double right)
{
    struct frame frame = frame_of(i, panels->count, right);
    unsigned panel = panels->shown[i];
    write_frame(f, &frame);
    write_open_ends(f, p, panel, write_y_axis(f, p, panel, i == 0 ? 10 : 6));
    fprintf(f, "set title '%s' offset 0,-0.7\n", panels->count > 1 ? p->figure->panel[panel] : "");
    fprintf(f, "set xlabel '%s' offset 0,0.3\n", frame.bottom == BOTTOM ? p->figure->x_label : "");
    fprintf(f, "set ylabel '%s'\n", i == 0 ? p->figure->y_label : "");
    write_plot(f, p, panel);
    fputs("unset label\nunset arrow\n", f); /* title and caption stand there once */
}

/* All series, on a plot of nothing that has the picture's full height. */
static void write_legend(FILE *f, const struct points *p, const struct legend *legend,
                         const struct format *format)
{
    unsigned series = 0;
    write_frame(f, &(struct frame){legend->left, 0.99, 0.02, 0.98});
    fprintf(f,
            "unset title\nunset border\nunset tics\nunset grid\nunset xlabel\nunset ylabel\n"
            "set key at screen %g, screen %g left center vertical Left reverse noenhanced "
            "samplen 2.5 width -1 maxrows %u spacing %g font ',%g'\n"
            "plot NaN notitle",
            legend->left, (TOP + BOTTOM) / 2, legend->rows, 1.3 * legend->scale,
            format->font_points * legend->scale);
    for (unsigned i = 0; i < p->count; i++) {
        if (!begins_series(p, i))
            continue;
        struct series_style style = style_at(p, i, series++);
        if (!begins_row(p, i))
            continue;
        fputs(", \\\n  keyentry ", f);
        write_look(f, &style);
        fprintf(f, " title \"%s\"", legend_name(p, i));
    }
    fputc('\n', f);
}

static void write_panels(FILE *f, const struct points *p, const struct format *format)
{
    struct panels panels = find_panels(p);
    struct legend legend = plan_legend(p);
    for (unsigned i = 0; i < panels.count; i++)
        write_panel(f, p, i, &panels, legend.left - 0.015);
    write_legend(f, p, &legend, format);
    fputs("unset multiplot\n", f);
}

FILE *script_write(const struct points *p, const struct format *format, struct error *e)
{
    FILE *f = tmpfile();
    if (f) {
        write_head(f, p, format->terminal);
        write_x_axis(f, p);
        write_data(f, p);
        write_panels(f, p, format);
    }
    if (f && fflush(f) == 0 && !ferror(f)) {
        rewind(f);
        return f;
    }
    error_set(e, EXIT_STATUS_IO, "a temporary file for gnuplot: %s", strerror(errno));
    if (f)
        fclose(f);
    return NULL;
}
