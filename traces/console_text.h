/* Console text from its pieces.  Private to traces. */
#ifndef TESSERA_TRACES_CONSOLE_TEXT_H
#define TESSERA_TRACES_CONSOLE_TEXT_H

#include "traces/traces.h"

enum { CONSOLE_TEXT_MAX = 1024 };

struct console_text {
    char text[CONSOLE_TEXT_MAX];
    size_t bytes;
};

/* Adds a TRACE_CONSOLE event's piece; true when the text is whole (or as long
 * as is kept together).  The caller then takes it and sets bytes to 0. */
bool console_text_add(struct console_text *c, const struct trace_event *event);

#endif
