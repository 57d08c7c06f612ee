/*
 * Where long work stands: a bar with the estimated time left when stderr is a
 * terminal, a line for each step otherwise, nothing when quiet.  Messages that
 * must be seen go through progress_say, which keeps the bar out of their way.
 */
#ifndef TESSERA_PROGRESS_H
#define TESSERA_PROGRESS_H

#include <stdbool.h>

struct progress {
    const char *title;
    unsigned total, done; /* steps of this run of the program */
    bool quiet, terminal;
    double started; /* host seconds */
};

void progress_start(struct progress *p, const char *title, unsigned total, bool quiet);

/* One step more has been done; `what` names it in plain output. */
void progress_step(struct progress *p, const char *what);

/* Draws the bar again (terminal only): call a few times a second. */
void progress_refresh(const struct progress *p);

/* A line on stderr whatever the mode. */
void progress_say(const struct progress *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Removes the bar. */
void progress_end(const struct progress *p);

/* "1:05" or "2:00:10": the time left, estimated from the steps done, and the
 * time since the start. */
const char *progress_left(const struct progress *p, char text[32]);
const char *progress_elapsed(const struct progress *p, char text[32]);

/* Host seconds from some fixed point; for progress and reports only. */
double host_seconds_now(void);

#endif
