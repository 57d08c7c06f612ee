/*
 * The end of a stream: takes whatever is written to it and remembers the last
 * lines, so that a point that fails can say what its guest said last.
 */
#ifndef TESSERA_TAIL_H
#define TESSERA_TAIL_H

#include <stdio.h>

enum { TAIL_BYTES = 640, TAIL_LINES = 10 };

struct tail {
    char text[TAIL_BYTES]; /* the last `count` bytes written */
    size_t count;
};

/* A stream into an emptied tail.  NULL when the host has no memory for one;
 * the tail must outlive the stream. */
FILE *tail_open(struct tail *tail);

/* The last whole lines (at most TAIL_LINES), without the newline at the end,
 * as a zero-terminated text in `lines`; "" when nothing was written. */
void tail_lines(const struct tail *tail, char lines[TAIL_BYTES + 1]);

#endif
