/* A bar of forty cells, rewritten in place; see the header for when. */
#include "sim/cli/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_CELLS = 40 };

double host_seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_start(struct progress *p, const char *title, unsigned total, bool quiet)
{
    *p = (struct progress){.title = title,
                           .total = total,
                           .quiet = quiet,
                           .terminal = !quiet && isatty(STDERR_FILENO),
                           .started = host_seconds_now()};
    progress_refresh(p);
}

static const char *format_time(double seconds, char text[32])
{
    unsigned s = (unsigned)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, 32, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, 32, "%u:%02u", s / 60, s % 60);
    return text;
}

const char *progress_left(const struct progress *p, char text[32])
{
    if (p->done == 0) {
        snprintf(text, 32, "?");
        return text;
    }
    return format_time((host_seconds_now() - p->started) * (p->total - p->done) / p->done, text);
}

const char *progress_elapsed(const struct progress *p, char text[32])
{
    return format_time(host_seconds_now() - p->started, text);
}

void progress_refresh(const struct progress *p)
{
    char bar[BAR_CELLS + 1], left[32];
    if (!p->terminal)
        return;
    unsigned full = p->total ? p->done * BAR_CELLS / p->total : BAR_CELLS;
    for (unsigned i = 0; i < BAR_CELLS; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR_CELLS] = 0;
    fprintf(stderr, "\r\033[K%s [%s] %u/%u  %u %%  ETA %s", p->title, bar, p->done, p->total,
            p->total ? p->done * 100 / p->total : 100, progress_left(p, left));
    fflush(stderr);
}

void progress_step(struct progress *p, const char *what)
{
    p->done++;
    if (!p->terminal && !p->quiet)
        fprintf(stderr, "%s: [%u/%u] %s\n", p->title, p->done, p->total, what);
    progress_refresh(p);
}

void progress_say(const struct progress *p, const char *format, ...)
{
    va_list ap;
    progress_end(p);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    progress_refresh(p);
}

void progress_end(const struct progress *p)
{
    if (p->terminal)
        fputs("\r\033[K", stderr);
}
