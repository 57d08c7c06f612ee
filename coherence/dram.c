/* Banks, rows and the data bus of DRAM; the rules are in dram.h. */
#include "coherence/dram.h"

enum { ROWS_OPEN, ROWS_CLOSED };

struct dram_timing dram_timing(const struct config *cfg)
{
    return (struct dram_timing){
        .banks = cfg->memory_banks,
        .row_lines = cfg->memory_row_kib * (1024 / LINE_BYTES),
        .closes = cfg->memory_rows == ROWS_CLOSED,
        .controller_cycles = cfg->memory_controller_cycles,
        .activate_cycles = cfg->memory_activate_cycles,
        .precharge_cycles = cfg->memory_precharge_cycles,
        .column_cycles = cfg->memory_column_cycles,
        .line_cycles = cfg->memory_line_cycles,
        .turnaround_cycles = cfg->memory_turnaround_cycles,
    };
}

void dram_init(struct dram *dram, struct arena *arena, const struct dram_timing *timing)
{
    dram->bank = arena_alloc(arena, timing->banks, sizeof *dram->bank);
    for (uint32_t i = 0; i < timing->banks; i++)
        dram->bank[i].row = DRAM_NO_ROW;
}

static cycle_t later(cycle_t a, cycle_t b)
{
    return a > b ? a : b;
}

/* What must happen to the bank before the row's columns can be addressed. */
static uint32_t open_row(struct dram *dram, const struct dram_timing *timing,
                         struct dram_bank *bank, uint64_t row)
{
    uint64_t before = bank->row;
    bank->row = row;
    if (before == row) {
        dram->hits++;
        return 0;
    }
    if (before == DRAM_NO_ROW) {
        dram->opened++;
        return timing->activate_cycles;
    }
    dram->conflicts++;
    return timing->precharge_cycles + timing->activate_cycles;
}

/* When the bus is free for a transfer in this direction. */
static cycle_t turn_bus(struct dram *dram, const struct dram_timing *timing, bool write)
{
    bool turns = dram->used && dram->wrote != write;
    dram->used = true;
    dram->wrote = write;
    dram->turnarounds += turns;
    return dram->bus_free + (turns ? timing->turnaround_cycles : 0);
}

uint32_t dram_access(struct dram *dram, const struct dram_timing *timing, uint64_t n, bool write,
                     cycle_t now, uint64_t *queued)
{
    uint64_t row = n / timing->row_lines;
    struct dram_bank *bank = &dram->bank[row % timing->banks];
    cycle_t begin = later(now, bank->ready);
    cycle_t ready = begin + open_row(dram, timing, bank, row / timing->banks);
    ready += timing->column_cycles;
    cycle_t data = later(ready, turn_bus(dram, timing, write));
    dram->bus_free = data + timing->line_cycles;
    bank->ready = dram->bus_free - timing->column_cycles;
    if (timing->closes) {
        bank->row = DRAM_NO_ROW;
        bank->ready += timing->precharge_cycles;
    }
    *queued += begin - now + (data - ready);
    return (uint32_t)(dram->bus_free - now) + timing->controller_cycles;
}
