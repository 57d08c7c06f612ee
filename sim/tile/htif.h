/*
 * The host interface (HTIF): a store to the ELF symbol `tohost` ends the run or
 * asks the host for a service, as riscv-tests and its benchmarks expect.
 */
#ifndef TESSERA_HTIF_H
#define TESSERA_HTIF_H

#include "sim/base/types.h"

enum htif_end { HTIF_RUNS, HTIF_EXIT, HTIF_TRAP_LOOP };

/* How and when the run ends; the earliest (cycle, tile) counts, so that the
 * order in which tiles are stepped cannot show. */
struct htif {
    paddr_t tohost, fromhost; /* 0: the guest has none */
    enum htif_end end;
    uint64_t exit_code;
    tile_id end_tile;
    cycle_t end_cycle;
    cycle_t stop_at; /* harts run up to here: end_cycle + lookahead */
};

struct tile;

/* The tile's hart has stored to `address` (called for slow-path stores, and the
 * line of tohost has no others). */
void htif_stored(struct tile *t, paddr_t address, uint64_t value);
void htif_trap_loop(struct tile *t);

#endif
