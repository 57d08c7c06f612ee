/*
 * What a home knows of its lines: state, owner, and a set of L1s that contains
 * every sharer.  How large that set can be and how exact, is the organisation
 * (coherence.directory), one word array a line in each:
 *
 *   full        a bit a tile
 *   limited-b   `pointers` tiles; one more sharer turns the entry into "everyone"
 *   limited-nb  `pointers` tiles; one more sharer evicts the one that came first
 *   coarse      a bit a group of `group` tiles
 *   sparse      one of the above, and a line has an entry only while it is in
 *               one of the `sets` x `ways` entries of its home
 *   probe       nothing at all: the home asks everyone
 *
 * (Dir_i_B, Dir_i_NB and the coarse vector: Agarwal et al., ISCA 1988; Gupta et
 * al., ICPP 1990, who also have the sparse directory.)
 *
 * State and sharers lie in flat arrays over all lines of DRAM, touched where
 * the guest touches memory; an entry that was never written reads as Invalid.
 * For a sparse directory the tags say which lines may be anything but Invalid.
 * Every entry belongs to exactly one home, the only one to touch it.
 */
#ifndef TESSERA_DIRECTORY_H
#define TESSERA_DIRECTORY_H

#include "sim/base/arena.h"
#include "sim/base/config.h"
#include "sim/base/types.h"

enum directory_format {
    DIR_FULL,
    DIR_LIMITED_B,
    DIR_LIMITED_NB,
    DIR_COARSE,
    DIR_SPARSE,
    DIR_PROBE
};

#define NO_LINE_NUMBER UINT64_MAX

struct dir_entry {
    uint8_t state; /* enum home_state */
    uint8_t mshr;  /* of its home, while the state is busy */
    tile_id owner; /* while the state is X, or busy on the way to or from it */
};

struct directory {
    struct dir_entry *entry; /* by line number */
    uint64_t *sharers;       /* `words` a line */
    uint32_t words, tiles;
    uint8_t format; /* of a line's words: enum directory_format up to DIR_COARSE */
    uint32_t pointers, group;
    uint32_t sets, ways; /* of each home; 0: every line has an entry */
    uint64_t *tag;       /* by (home, set, way): line number + 1; 0: free */
    uint8_t *order;      /* ways of each set, most recently used first */
};

void directory_init(struct directory *dir, struct arena *arena, uint64_t lines,
                    const struct config *cfg);

/* ---- sharers ------------------------------------------------------------------ */

/* Needs room where directory_is_full is asked. */
void directory_add_sharer(struct directory *dir, uint64_t line_number, tile_id tile);
/* Forgets a sharer if the entry can do so. */
void directory_remove_sharer(struct directory *dir, uint64_t line_number, tile_id tile);
void directory_clear_sharers(struct directory *dir, uint64_t line_number);

/* May this tile be a sharer? */
bool directory_is_sharer(const struct directory *dir, uint64_t line_number, tile_id tile);
/* Was this very tile added since the entry was last cleared? */
bool directory_is_certain(const struct directory *dir, uint64_t line_number, tile_id tile);

/* The lowest-numbered tile, `from` or above, that may be a sharer, or TILE_NONE. */
tile_id directory_next_sharer(const struct directory *dir, uint64_t line_number, uint32_t from);

/* May any tile but this one share the line? */
bool directory_is_shared_by_others(const struct directory *dir, uint64_t line_number, tile_id tile);

/* How many tiles may share the line. */
uint32_t directory_count_sharers(const struct directory *dir, uint64_t line_number);
/* limited-b: were there too many to name? */
bool directory_is_everyone(const struct directory *dir, uint64_t line_number);

/* limited-nb: must a sharer go before this tile can be added? */
bool directory_is_full(const struct directory *dir, uint64_t line_number, tile_id tile);
/* Takes out the sharer that was added first. */
tile_id directory_evict_sharer(struct directory *dir, uint64_t line_number);

/* ---- entries of a sparse directory ---------------------------------------------- */

/* Has the line an entry?  Makes it the most recently used of its set. */
bool directory_touch_entry(struct directory *dir, uint64_t line_number);
/* Takes a free entry for the line; false when its set has none. */
bool directory_take_entry(struct directory *dir, uint64_t line_number);
bool directory_has_room(const struct directory *dir, uint64_t line_number);
/* The least recently used line of the set that is not in transaction, or NO_LINE_NUMBER. */
uint64_t directory_victim(const struct directory *dir, uint64_t line_number);
void directory_release_entry(struct directory *dir, uint64_t line_number);
/* Gives the entry of one line to another of the same set. */
void directory_hand_over(struct directory *dir, uint64_t from, uint64_t to);

#endif
