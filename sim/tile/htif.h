/*
 * The host interface (HTIF): a store to the ELF symbol `tohost` ends the run or
 * asks the host for a service, as riscv-tests and its benchmarks expect.  Here
 * is also how a run ends for any other reason that lies in the guest.
 */
#ifndef TESSERA_HTIF_H
#define TESSERA_HTIF_H

#include "sim/base/types.h"
#include "sim/tile/oracle.h"

enum htif_end {
    HTIF_RUNS,
    HTIF_EXIT,
    HTIF_TRAP_LOOP,
    HTIF_FAULT,             /* the guest asked for what cannot be: `fault` says what */
    HTIF_STALE_TRANSLATION, /* the oracle knows which */
    HTIF_STALE_READ         /* stale_reads knows which */
};

enum { HTIF_FAULT_BYTES = 320 };

/* A service that a tile has asked for. */
struct htif_request {
    cycle_t at; /* when it is due */
    tile_id tile;
    bool performed;  /* only the answer is left */
    uint64_t word;   /* what was stored to tohost */
    uint64_t answer; /* for fromhost */
    bool declares;   /* none of the three: a shootdown for the oracle */
    struct shootdown shootdown;
};

/* How and when the run ends; the earliest (cycle, tile) counts, so that the
 * order in which tiles are stepped cannot show. */
struct htif {
    paddr_t tohost, fromhost; /* 0: the guest has none */
    bool watched;             /* something may be found that ends the run: nobody runs far ahead */
    enum htif_end end;
    uint64_t exit_code;
    tile_id end_tile;
    cycle_t end_cycle;
    cycle_t stop_at; /* harts run up to here: end_cycle + lookahead */
    char fault[HTIF_FAULT_BYTES];

    /* requests by (at, tile), and by age within a tile */
    struct htif_request *request;
    unsigned requests, capacity;
    cycle_t serve_at; /* no hart runs further before the first is served; or CYCLE_NEVER */
};

struct tile;

/* Must stores to this line be seen one by one, in their turn? */
static inline bool htif_watches(const struct htif *htif, paddr_t address)
{
    return htif->tohost && line_of(address) == line_of(htif->tohost);
}

/* The tile's hart has stored to `address` (called for slow-path stores, and the
 * line of tohost has no others). */
void htif_stored(struct tile *t, paddr_t address, uint64_t value);
void htif_trap_loop(struct tile *t);
/* The tile's hart has done what ends the run with this text. */
void htif_fault(struct tile *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The tile's hart uses at cycle `at` what the oracle has declared dead.  False: the
 * run ends earlier for another reason. */
bool htif_stale_translation(struct tile *t, cycle_t at);
/* A stale read of the tile's hart at cycle `at` is to end the run. */
void htif_stale_read(struct tile *t, cycle_t at);
/* The oracle must hear of this where all tiles stand. */
void htif_declare(struct tile *t, const struct shootdown *shootdown);

/* At the beginning of cycle `now` >= serve_at, which every hart has reached and
 * none has passed: serves what is due, as far as memory lets it. */
void htif_serve(struct htif *htif, struct tile *tiles, cycle_t now);

#endif
