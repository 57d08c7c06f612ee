/*
 * What does not fit pushes out what came first.  Lines are looked for only when
 * somebody asks.
 */
#include "sim/cli/tail.h"

#include <string.h>

static ssize_t take(void *context, const char *text, size_t bytes)
{
    struct tail *tail = context;
    size_t taken = bytes;
    if (bytes > TAIL_BYTES) {
        text += bytes - TAIL_BYTES;
        bytes = TAIL_BYTES;
    }
    size_t kept = TAIL_BYTES - bytes;
    if (tail->count > kept) {
        memmove(tail->text, tail->text + tail->count - kept, kept);
        tail->count = kept;
    }
    memcpy(tail->text + tail->count, text, bytes);
    tail->count += bytes;
    return (ssize_t)taken;
}

FILE *tail_open(struct tail *tail)
{
    cookie_io_functions_t functions = {.write = take};
    tail->count = 0;
    return fopencookie(tail, "w", functions);
}

void tail_lines(const struct tail *tail, char lines[TAIL_BYTES + 1])
{
    const char *text = tail->text;
    size_t end = tail->count, start, count = 0;
    while (end > 0 && text[end - 1] == '\n')
        end--;
    for (start = end; start > 0; start--)
        if (text[start - 1] == '\n' && ++count == TAIL_LINES)
            break;
    /* A full tail may begin in the middle of a line: leave that line out. */
    const char *newline = memchr(text, '\n', end);
    if (start == 0 && tail->count == TAIL_BYTES && newline)
        start = (size_t)(newline - text) + 1;
    memcpy(lines, text + start, end - start);
    lines[end - start] = 0;
}
