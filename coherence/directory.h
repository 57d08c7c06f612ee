/*
 * What a home knows of its lines: state, owner, and a set of L1s that contains
 * every sharer.  Full map: one bit a tile, exact but for silent evictions.
 * One flat array over all lines of DRAM, touched where the guest touches
 * memory; an entry that was never written reads as Invalid.  Every entry
 * belongs to exactly one home, the only one to touch it.
 */
#ifndef TESSERA_DIRECTORY_H
#define TESSERA_DIRECTORY_H

#include "sim/base/arena.h"
#include "sim/base/types.h"

struct dir_entry {
    uint8_t state; /* enum home_state */
    uint8_t mshr;  /* of its home, while the state is busy */
    tile_id owner; /* while the state is X, or busy on the way to or from it */
};

struct directory {
    struct dir_entry *entry; /* by line number */
    uint64_t *sharers;       /* `words` a line */
    uint32_t words, tiles;
};

void directory_init(struct directory *dir, struct arena *arena, uint64_t lines, uint32_t tiles);

void directory_add_sharer(struct directory *dir, uint64_t line_number, tile_id tile);
void directory_remove_sharer(struct directory *dir, uint64_t line_number, tile_id tile);
void directory_clear_sharers(struct directory *dir, uint64_t line_number);
bool directory_is_sharer(const struct directory *dir, uint64_t line_number, tile_id tile);

/* The lowest-numbered sharer that is `from` or above, or TILE_NONE. */
tile_id directory_next_sharer(const struct directory *dir, uint64_t line_number, uint32_t from);

/* Does any tile but this one share the line? */
bool directory_is_shared_by_others(const struct directory *dir, uint64_t line_number, tile_id tile);

#endif
