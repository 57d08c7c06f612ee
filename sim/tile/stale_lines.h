/*
 * What the watch for stale reads knows of lines, and of what tiles have heard
 * (stale_reads.h says what that means).  A line that something was noted of has a block:
 *
 *   stores   who stored last to each byte, what, when and from where, and since when memory
 *            has that: one record a word of 8 bytes, or one a byte where they differ
 *   visits   of each tile that had to do with the line: when memory's line was sent to it
 *            last, when it wrote back last, and up to which cycle its stores are in the line
 *   news     what those who wrote it had heard of others by then
 *
 * News is a row of cycles, one a tile: up to which cycle that tile has been heard of.
 * Rows are shared by all that know the same, and copied when one of them hears more.
 */
#ifndef TESSERA_STALE_LINES_H
#define TESSERA_STALE_LINES_H

#include "sim/base/arena.h"
#include "sim/tile/oracle.h"

enum { LINE_WORDS = LINE_BYTES / 8 };

struct last_store {
    struct hart_place by;
    cycle_t visible_at, lost_at; /* CYCLE_NEVER: memory has it not, or not any more */
    uint64_t order;              /* of becoming visible, among what is judged */
    uint64_t value;              /* of the word, or of the byte */
    tile_id lost_to;
    bool stored;
};

/* A home can send a line and take a newer one in one cycle: `order` tells. */
struct visit {
    tile_id tile;
    cycle_t fetched_at, sent, told;
    uint64_t order; /* of the fetch */
};

struct news;

struct line_notes {
    struct last_store *word[LINE_WORDS]; /* NULL: nobody has stored there */
    uint8_t split;                       /* words that have a record a byte */
    uint8_t wide;                        /* words whose array has room for that */
    struct visit *visit;                 /* by number of tile */
    uint32_t visits, capacity;
    struct news *news;
};

struct stale_lines {
    struct arena *arena;
    uint32_t tiles;
    uint64_t dram_lines;      /* those of the scratchpads follow */
    struct line_notes **line; /* NULL: nothing noted */
    struct news **heard;      /* by tile; NULL: has heard of nobody */
    struct news *spare;
};

void stale_lines_init(struct stale_lines *s, struct arena *arena, const struct config *cfg);

struct line_notes *stale_line(struct stale_lines *s, paddr_t address);

/* The tile's visit: a new one if there was none; or NULL. */
struct visit *stale_line_visit(struct stale_lines *s, struct line_notes *l, tile_id tile);
const struct visit *stale_line_visited(const struct line_notes *l, tile_id tile);

/* The last store to a byte of the line, or NULL; and what it left there. */
const struct last_store *stale_line_last(const struct line_notes *l, unsigned byte);
uint8_t stale_line_value(const struct line_notes *l, unsigned byte);

/* A store to the bytes of the mask, which are of one word; its value begins at the first. */
void stale_line_store(struct stale_lines *s, struct line_notes *l, uint64_t mask,
                      const struct last_store *store);
/* Nothing is known any more of the bytes of the mask. */
void stale_line_forget(struct stale_lines *s, struct line_notes *l, uint64_t mask);

/* Calls `change` for every record of bytes of the mask. */
typedef void stale_change(void *context, struct last_store *last);
void stale_line_each(struct stale_lines *s, struct line_notes *l, uint64_t mask,
                     stale_change *change, void *context);

/* ---- news --------------------------------------------------------------------- */

/* Up to which cycle has the tile heard of another? */
cycle_t stale_heard(const struct stale_lines *s, tile_id tile, tile_id other);
void stale_hear(struct stale_lines *s, tile_id tile, tile_id other, cycle_t cycle);
/* The tile hears all that the line tells. */
void stale_hear_line(struct stale_lines *s, const struct line_notes *l, tile_id tile);
/* The line tells what the tile has heard, and of the tile up to this cycle. */
void stale_tell_line(struct stale_lines *s, struct line_notes *l, tile_id tile, cycle_t cycle);

#endif
