/*
 * A slice of the shared last-level cache: a bank at each home, in front of the memory
 * controllers, for the lines of that home and no others (llc.kib; 0: there is none).
 *
 *     home --- read ----> hit: MemData to itself ---------------> home
 *          |              miss: MemRead --> controller --> MemData, which fills a frame
 *          `-- write ---> taken in: MemAck to itself -----------> home
 *                         a dirty line has to go: MemEvict --> controller --> MemEvicted
 *                         no room: MemWrite --> controller --> MemAck
 *
 * It is on memory's side of coherence: it says nothing about copies in L1s, and the
 * protocols' tables do not know of it.  To them memory answers sooner.
 *
 * A dirty line that has to go waits in a victim entry until memory has written it.  There
 * it is still read and written like any other: what is written meanwhile goes out in a
 * second message, after the first was acknowledged, so the two cannot change places on
 * the way.  A line is in a frame, in a victim entry, or in neither; where the entries are
 * all in use, clean lines go, and if there is none either, the slice is passed by.
 * Therefore nobody ever waits for room, and nothing new can deadlock.
 *
 * Frames are found by the line's place among the lines of its home: neighbours at one home
 * are neighbours in the slice.  Internal to coherence/.
 */
#ifndef TESSERA_COHERENCE_LLC_H
#define TESSERA_COHERENCE_LLC_H

#include "coherence/cache_array.h"
#include "coherence/coherence.h"

enum { LLC_VICTIMS = 4 };

struct llc_victim {
    paddr_t line; /* NO_LINE: free */
    bool again;   /* written since its message left */
    uint8_t data[LINE_BYTES];
};

struct llc {
    struct cache_array array; /* of lines by place at their home, see llc.c */
    struct llc_victim victim[LLC_VICTIMS];
    uint64_t hits, misses, writes, passed_by, evictions;
};

struct home_step;

void llc_init(struct llc *llc, struct arena *arena, const struct config *cfg, tile_id tile);

/* Memory as a home sees it.  What it answers comes to the home as MemData and MemAck.
 * Of a write those bytes count that `mask` names. */
void llc_read(struct home_step *step);
void llc_write(struct home_step *step, const uint8_t data[LINE_BYTES], uint64_t mask);
/* The line that llc_read has asked a controller for is here. */
void llc_fill(struct home_step *step);
/* MemEvicted has come for the line. */
void llc_end_eviction(struct home_step *step);

/* The bytes that stand for memory at a line's home: in the slice, else in DRAM. */
const uint8_t *llc_memory(const struct coherence *coh, paddr_t line);
/* Changes memory from outside, in the slice and in DRAM. */
void llc_poke(struct coherence *coh, paddr_t address, const void *from, size_t bytes);

/* Messages that one event can make a slice send besides the home's own. */
unsigned llc_out_max(const struct coherence *coh);

/* Is a victim still on its way to memory? */
bool llc_is_busy(const struct llc *llc);
/* A line that is said to be clean and differs from memory, or NO_LINE. */
paddr_t llc_find_stale(const struct coherence *coh, tile_id tile);

#endif
