/*
 * Near is what few insertions, losses and replacements of letters turn into the
 * word (Levenshtein 1966): fewer than half of its letters.
 */
#include "guest-os/lib/names.h"

#include "guest-os/lib/string.h"

#define LETTERS_MAX 15

void names_add(struct names *names, const char *name)
{
    if (names->count < NAMES_MAX)
        names->name[names->count++] = name;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned length_of(const char *word)
{
    return least((unsigned)strlen(word), LETTERS_MAX);
}

static unsigned distance(const char *a, const char *b)
{
    unsigned row[LETTERS_MAX + 1], letters_a = length_of(a), letters_b = length_of(b);
    for (unsigned j = 0; j <= letters_b; j++)
        row[j] = j;
    for (unsigned i = 1; i <= letters_a; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= letters_b; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[letters_b];
}

static const char *find_nearest(const struct names *names, const char *word)
{
    const char *best = NULL;
    unsigned limit = length_of(word) / 2 + 1;
    for (unsigned i = 0; i < names->count; i++) {
        unsigned d = distance(word, names->name[i]);
        if (d < limit) {
            limit = d;
            best = names->name[i];
        }
    }
    return best;
}

static char *append(char *to, const char *end, const char *text)
{
    while (*text && to < end)
        *to++ = *text++;
    *to = 0;
    return to;
}

static char *append_all(char *at, const char *end, const struct names *names, const char *separator,
                        const char *quote)
{
    for (unsigned i = 0; i < names->count; i++) {
        at = append(at, end, i ? separator : "");
        at = append(at, end, quote);
        at = append(at, end, names->name[i]);
        at = append(at, end, quote);
    }
    return at;
}

void names_join(const struct names *names, const char *separator, char line[NAMES_LINE_BYTES])
{
    line[0] = 0;
    append_all(line, line + NAMES_LINE_BYTES - 1, names, separator, "");
}

void names_suggest(const struct names *names, const char *word, char line[NAMES_LINE_BYTES])
{
    const char *end = line + NAMES_LINE_BYTES - 1, *nearest = find_nearest(names, word);
    char *at = append(line, end, "; there are ");
    at = append_all(at, end, names, ", ", "\"");
    if (nearest) {
        at = append(at, end, "; did you mean \"");
        at = append(at, end, nearest);
        append(at, end, "\"?");
    }
}
