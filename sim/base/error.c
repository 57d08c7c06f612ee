/*
 * Error values, and the suggestion that makes a misspelt name easy to mend.
 */
#include "sim/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *e, enum exit_status status, const char *format, ...)
{
    va_list ap;
    e->status = status;
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    return false;
}

enum { WORD_MAX = 63 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Letters to insert, drop, replace or swap with their neighbour to turn one
 * word into the other; both are cut to WORD_MAX letters. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[3][WORD_MAX + 1]; /* the present one and two before it */
    unsigned la = (unsigned)strnlen(a, WORD_MAX), lb = (unsigned)strnlen(b, WORD_MAX);
    for (unsigned i = 0; i <= la; i++) {
        unsigned *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= lb; j++) {
            if (i == 0) {
                now[j] = j;
                continue;
            }
            now[j] =
                least(before[j - 1] + (a[i - 1] != b[j - 1]), least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return row[la % 3][lb];
}

const char *nearest_name(const char *word, const char *const *names, unsigned count)
{
    const char *best = NULL;
    unsigned limit = (unsigned)strlen(word) / 2 + 1;
    for (unsigned i = 0; i < count; i++) {
        unsigned d = edit_distance(word, names[i]);
        if (d < limit) {
            limit = d;
            best = names[i];
        }
    }
    return best;
}
