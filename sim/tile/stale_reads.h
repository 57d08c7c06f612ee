/*
 * Stale reads: what goes wrong on a chip without coherence when a flush is forgotten
 * (sim.check with coherence.protocol=none; sim.stale_reads says what becomes of one).
 *
 *     tile 0   store x . . . (cbo.clean forgotten) . . . message ------.
 *     tile 1   load x . . (cbo.inval forgotten) . . . . . . . . . . . . v  load x: stale
 *
 * Reading an old value is no fault by itself: a program that polls a flag with cbo.inval
 * reads old values until the new one is there.  A load is *stale* if the tile could know
 * better, that is if all of these hold for one of its bytes:
 *   overwritten  another tile was the last to store to it, another value than was read
 *   unseen       that store had not reached memory when the line was fetched from there
 *   known        the tile has heard of the other one since that store
 * A tile hears of another by a message or an interrupt from it, by reading a word (uncached
 * or by a far atomic) of a line that it has written as words, and by fetching a line that
 * it has written back.  Lines and words carry on what their writer had heard of; messages
 * and interrupts carry their sender only.  So what is reported could not have been read
 * on a coherent machine, but for lines of which a tile reads other bytes than those by
 * which it came to know; and a store of which a tile has heard on a longer way may escape.
 * Instruction fetches and page tables are not looked at.
 *
 * Harts run ahead of the world and of each other, so all that happens is noted and judged
 * later, in the order of cycles, when every earlier one is simulated: the order in which
 * tiles are stepped does not show.  It costs no simulated time and changes no result,
 * unless the first one is to end the run.
 */
#ifndef TESSERA_STALE_READS_H
#define TESSERA_STALE_READS_H

#include "sim/base/arena.h"
#include "sim/tile/oracle.h"
#include "sim/tile/packet.h"

struct stale_read {
    struct hart_place by, writer; /* writer.cycle: when it stored */
    paddr_t address;
    uint64_t value;
    uint8_t bytes;
    bool written_back; /* the store was in memory by then: the reader's copy was old */
    cycle_t visible_at, fetched_at;
    /* The store was in memory, and then this tile's write-back of the whole line put older
     * bytes in its place; lost_at 0: no. */
    tile_id lost_to;
    cycle_t lost_at;
    uint64_t times; /* by these two instructions */
};

enum { STALE_READS_KEPT = 8 };

struct stale_reads;

struct stale_reads *stale_reads_create(struct arena *arena, const struct config *cfg,
                                       const struct hart *harts);
void stale_reads_destroy(struct stale_reads *s);

/* What the tile's hart does, at its own cycle; `s` may be NULL in all of these. */
void stale_reads_load(struct stale_reads *s, const struct hart *h, paddr_t physical, unsigned bytes,
                      uint64_t value);
/* At the hart's cycle, or, for a store that leaves the store buffer, at `drained`. */
void stale_reads_store(struct stale_reads *s, const struct hart *h, paddr_t physical,
                       unsigned bytes, uint64_t value, cycle_t drained);

/* The tile's L1D sends `m` at cycle `now`. */
void stale_reads_sent(struct stale_reads *s, const struct coh_msg *m, cycle_t now);

/* What the world does at cycle `now`: a home sends `out`; something that tile `from` has
 * sent at cycle `sent` has reached tile `to`. */
void stale_reads_see(struct stale_reads *s, const struct coh_out *out, cycle_t now);
void stale_reads_hear(struct stale_reads *s, tile_id to, tile_id from, cycle_t sent, cycle_t now);

/* The host writes guest memory: everyone sees it, and nobody has to be told. */
void stale_reads_poke(struct stale_reads *s, paddr_t address, size_t bytes, cycle_t now);

/* Judges all that happened before `cycle`, which nothing can precede any more.  The first
 * stale read that it finds, if it is to end the run; or NULL. */
const struct stale_read *stale_reads_judge(struct stale_reads *s, cycle_t cycle);

/* How many there were, and of the first STALE_READS_KEPT pairs of instructions that
 * wrote and read, the first one each. */
uint64_t stale_reads_count(const struct stale_reads *s);
unsigned stale_reads_kept(const struct stale_reads *s);
const struct stale_read *stale_reads_at(const struct stale_reads *s, unsigned i);

#endif
