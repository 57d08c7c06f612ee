/* Names that somebody may have misspelt: all of them in a line, and the nearest. */
#ifndef GUEST_NAMES_H
#define GUEST_NAMES_H

#include <stddef.h>

#define NAMES_MAX        16
#define NAMES_LINE_BYTES 160

/* At most NAMES_MAX names of at most 15 letters. */
struct names {
    const char *name[NAMES_MAX];
    unsigned count;
};

void names_add(struct names *names, const char *name);

/* All of them with a separator between, cut to fit and terminated by zero. */
void names_join(const struct names *names, const char *separator, char line[NAMES_LINE_BYTES]);

/* "; there are "a", "b", "c"" and, when one is near to `word`, "; did you mean "b"?",
 * cut to fit and terminated by zero. */
void names_suggest(const struct names *names, const char *word, char line[NAMES_LINE_BYTES]);

#endif
