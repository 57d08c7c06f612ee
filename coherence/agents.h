/*
 * The agents of a chip and what they share.  All state is here, in plain
 * structs and arrays, so that it can be enumerated; there is no other.
 * Internal to coherence/.
 *
 * Who touches what (threads may later be given tiles):
 *   struct l1, icache          their tile's hart half
 *   struct home, memctl        their tile's home half, as are the directory
 *                              entries and waiting requests of the home's lines
 *   DRAM image of a line       its controller, between MemRead and MemAck
 */
#ifndef TESSERA_COHERENCE_AGENTS_H
#define TESSERA_COHERENCE_AGENTS_H

#include <assert.h>
#include <string.h>

#include "coherence/cache_array.h"
#include "coherence/coherence.h"
#include "coherence/directory.h"
#include "coherence/dram.h"
#include "coherence/protocol.h"

enum { VIOLATION_BYTES = 512 };

/* ---- L1 data cache ------------------------------------------------------- */

struct l1_mshr {
    paddr_t line; /* NO_LINE: free */
    int32_t acks; /* invalidations still to be acknowledged; negative while they
                     have come before the count */
};

struct l1_writeback {
    paddr_t line;  /* NO_LINE: free */
    uint8_t state; /* enum l1_state, of place WRITEBACK */
    uint8_t data[LINE_BYTES];
};

struct l1 {
    struct coherence *coh;
    const struct l1_row (*table)[L1_EVENTS];
    tile_id tile;
    uint8_t mshrs, writebacks;
    bool windowed; /* false with sim.check: the window's tags stay empty */
    struct cache_array array;
    struct l1_window window;
    struct l1_mshr *mshr;
    struct l1_writeback *writeback;
    paddr_t reserved; /* LR's line, or ~0 */
    paddr_t watched[L1_WATCHES];
    unsigned watches;
    uint64_t *rows; /* how often each row of the table was taken */
    uint64_t refused;
};

/* ---- L1 instruction cache ------------------------------------------------ */

struct icache {
    struct coherence *coh;
    tile_id tile;
    uint32_t ways;
    uint64_t set_mask;
    paddr_t *line;  /* by index = set * ways + way; NO_LINE: free */
    uint8_t *order; /* ways of each set, most recently used first */
    uint8_t *data;
    paddr_t pending; /* the line being fetched, or NO_LINE */
    bool discard;    /* flushed meanwhile: drop it when it comes */
    uint64_t misses, flushes;
};

/* ---- home ---------------------------------------------------------------- */

/* Waiting requests are kept by (requester, slot), of which each has at most
 * one under way, chained by index + 1 (0 ends a chain): they cannot run out. */
struct waiting {
    struct coh_msg request;
    uint32_t next;
    cycle_t since;
};

struct fifo {
    uint32_t first, last; /* index + 1 into the waiting requests */
};

struct home_mshr {
    paddr_t line; /* NO_LINE: free */
    tile_id requester;
    uint8_t slot;  /* of the requester */
    uint16_t acks; /* invalidations sent for the requester to count */
    struct fifo queue;
    uint32_t heir;    /* MSHR + 1 whose line takes this one's directory entry over; 0: none */
    uint16_t awaited; /* answers to the home that are still to come */
    bool collecting;  /* the home's own message waits for all of them */
    bool sharing;     /* L1s that are asked may keep a copy ... */
    bool shared;      /* ... and one has */
    bool fetched;     /* an owner's line has come ... */
    bool dirty;       /* ... and is newer than memory */
    bool kept;        /* `data` is what memory holds, for the requests that wait */
    uint8_t data[LINE_BYTES];
};

/* Counts of a number of L1s: 0, 1, 2, 3-4, 5-8, ... up to all tiles. */
enum { TALLY_CLASSES = 16 };
struct tally {
    uint64_t count[TALLY_CLASSES];
};

static inline unsigned tally_class(uint32_t number)
{
    return number < 2 ? number : 33u - (unsigned)__builtin_clz(number - 1);
}

static inline void tally_add(struct tally *tally, uint32_t number)
{
    assert(tally_class(number) < TALLY_CLASSES);
    tally->count[tally_class(number)]++;
}

struct home {
    const struct home_row (*table)[HOME_EVENTS];
    cycle_t bank_free;
    struct home_mshr *mshr;
    uint32_t mshrs, mshrs_used;
    struct fifo overflow; /* requests that found no MSHR, and all behind them */
    int64_t owned;        /* lines that have an owner and are not in transaction */
    uint64_t *rows;
    uint64_t requests, waited, waited_cycles, overflowed, bank_cycles, queued_cycles;
    uint64_t kept_answers; /* reads of memory that an MSHR has answered */
    uint64_t probes, recalls, broadcasts, entry_waits;
    struct tally invalidations; /* of each write, as Inv */
    struct tally sharers;       /* that the entry names after each read that shares */
};

struct memctl {
    cycle_t free_at;  /* simple: when the next line can start */
    struct dram dram; /* banked */
    uint64_t reads, writes, queued_cycles;
};

/* ---- chip ---------------------------------------------------------------- */

struct checker;

struct coherence {
    uint32_t tiles, slots, mshrs, writebacks;
    uint32_t controllers;
    tile_id *controller;
    uint64_t lines; /* of DRAM */
    uint8_t *dram;
    uint32_t miss_cycles, fill_cycles, probe_cycles;
    uint32_t home_cycles, home_occupancy_cycles;
    bool probes;    /* homes remember nothing and ask everyone */
    bool four_hops; /* an owner's line goes to the requester by way of the home */
    bool noisy;     /* L1s tell the home when they drop a clean shared line */
    uint32_t memory_latency_cycles, memory_line_cycles;
    bool banked; /* controllers have banks: their time is dram_timing's */
    struct dram_timing dram_timing;
    struct directory dir;
    struct l1 *l1;
    struct icache *icache;
    struct home *home;
    struct memctl *memctl;
    struct waiting *waiting;
    struct checker *checker; /* NULL without sim.check */
    char violation[VIOLATION_BYTES];
    char unquiet[VIOLATION_BYTES];
};

static inline uint64_t line_number(paddr_t line)
{
    return (line - MAP_DRAM_BASE) >> LINE_SHIFT;
}

static inline uint8_t *dram_line(const struct coherence *coh, paddr_t line)
{
    return coh->dram + (line - MAP_DRAM_BASE);
}

/* Appends a message whose data, if any, the caller fills in. */
static inline struct coh_msg *out_add(struct coh_out *out, enum coh_type type, paddr_t line,
                                      tile_id from, tile_id to)
{
    assert(out->count < out->capacity);
    struct coh_msg *msg = &out->msg[out->count++];
    msg->type = (uint8_t)type;
    msg->line = line;
    msg->from = from;
    msg->to = to;
    msg->acks = 0;
    msg->network_cycles = out->network_cycles;
    msg->memory_cycles = out->memory_cycles;
    return msg;
}

/* Notes the first violation; later ones are its consequences. */
void coherence_violate(struct coherence *coh, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Each agent's part of creation. */
void l1_init(struct l1 *l1, struct coherence *coh, tile_id tile, struct arena *arena,
             const struct config *cfg);
void icache_init(struct icache *ic, struct coherence *coh, tile_id tile, struct arena *arena,
                 const struct config *cfg);
void home_init(struct home *home, struct arena *arena, const struct config *cfg);
void memctl_init(struct memctl *ctl, struct arena *arena, const struct coherence *coh);

/* A line's number among those of its controller, as they lie in its DRAM. */
uint64_t coherence_controller_line(const struct coherence *coh, paddr_t line);

/* Where an L1 holds a line: its state and bytes, or NULL when it is absent. */
struct l1_copy {
    uint8_t *state;
    uint8_t *data;
};
struct l1_copy l1_find_copy(struct l1 *l1, paddr_t line);

/* ---- one event at an agent, as its actions see it --------------------------- */

struct l1_step {
    struct l1 *l1;
    paddr_t line;
    uint64_t set;             /* that the line falls into */
    const struct coh_msg *in; /* NULL for the hart's own events */
    struct coh_out *out;
    int frame;                      /* NO_FRAME when the line is not in the array */
    struct l1_mshr *mshr;           /* of the line's transaction, if it has one */
    struct l1_writeback *writeback; /* NULL when the line is not there */
    struct l1_writeback *spare;     /* Replace: the entry that the line may move to */
    uint8_t *state, *data;          /* wherever the line is */
    uint8_t nowhere;                /* the state of an absent line */
    enum l1_answer answer;
    bool done;
};

struct home_step {
    struct coherence *coh;
    struct home *home;
    tile_id tile;
    cycle_t now;
    uint32_t delay; /* of what it sends */
    const struct coh_msg *in;
    uint64_t number; /* of the line */
    struct dir_entry *entry;
    struct home_mshr *mshr;
    struct coh_out *out;
    bool answered; /* memory need not be asked: the MSHR has the line */
};

#endif
