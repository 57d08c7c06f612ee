/*
 * Banks, rows and the data bus of the DRAM behind one controller.
 *
 * A controller serves its requests in the order of their arrival.  Its lines
 * are numbered as they lie (coherence_controller_line); line n is in
 *     row    n / row_lines / banks     of     bank    n / row_lines % banks
 * so a run of lines stays in one row, and the next row is another bank's.
 *
 *   begin    max(arrival, when the bank takes its next command)
 *   column   begin                            the row is open          (hit)
 *            begin + activate                 none is open             (opened)
 *            begin + precharge + activate     another one is           (conflict)
 *   data     max(column + column_cycles, when the bus is free), and the bus is free
 *            turnaround_cycles later when the last transfer went the other way
 *   answer   data + line_cycles + controller_cycles
 *
 * The bus is busy for line_cycles from `data` on, and the bank takes its next
 * command when as much time has passed since this one's column command.  With
 * memory.rows=closed the row is closed behind each access (precharge_cycles).
 * So banks open their rows beside each other, while data keep the order of
 * arrival.  Left out: refresh, write recovery, limits on activations, and
 * controllers that reorder.
 */
#ifndef TESSERA_COHERENCE_DRAM_H
#define TESSERA_COHERENCE_DRAM_H

#include "sim/base/arena.h"
#include "sim/base/config.h"
#include "sim/base/types.h"

struct dram_timing {
    uint32_t banks, row_lines;
    bool closes; /* rows, behind each access */
    uint32_t controller_cycles, activate_cycles, precharge_cycles, column_cycles;
    uint32_t line_cycles, turnaround_cycles;
};

struct dram_bank {
    uint64_t row; /* that is open, or DRAM_NO_ROW */
    cycle_t ready;
};
#define DRAM_NO_ROW UINT64_MAX

struct dram {
    struct dram_bank *bank;
    cycle_t bus_free;
    bool used, wrote; /* has there been a transfer, and was the last one a write? */
    uint64_t hits, opened, conflicts, turnarounds;
};

struct dram_timing dram_timing(const struct config *cfg);
void dram_init(struct dram *dram, struct arena *arena, const struct dram_timing *timing);

/* A request that arrives at `now` for the controller's n-th line: the cycles to its answer, of
 * which *queued are waits for what came before it. */
uint32_t dram_access(struct dram *dram, const struct dram_timing *timing, uint64_t n, bool write,
                     cycle_t now, uint64_t *queued);

#endif
