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

/* Levenshtein distance of two words, both cut to WORD_MAX characters. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[WORD_MAX + 1];
    unsigned la = (unsigned)strnlen(a, WORD_MAX), lb = (unsigned)strnlen(b, WORD_MAX);
    for (unsigned j = 0; j <= lb; j++)
        row[j] = j;
    for (unsigned i = 1; i <= la; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= lb; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb];
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
