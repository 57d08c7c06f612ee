/* Pieces of one text follow each other; the one with a zero byte is the last. */
#include "traces/console_text.h"

#include <string.h>

enum { PIECE_BYTES = 24 };

bool console_text_add(struct console_text *c, const struct trace_event *event)
{
    char piece[PIECE_BYTES];
    for (unsigned i = 0; i < PIECE_BYTES; i++) {
        uint64_t word = i < 8 ? event->a : i < 16 ? event->b : event->c;
        piece[i] = (char)(word >> (8 * (i % 8)));
    }
    size_t bytes = strnlen(piece, PIECE_BYTES);
    memcpy(c->text + c->bytes, piece, bytes);
    c->bytes += bytes;
    return bytes < PIECE_BYTES || c->bytes + PIECE_BYTES > CONSOLE_TEXT_MAX;
}
