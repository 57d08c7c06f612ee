/* What a chip is made of; private to sim/chip. */
#ifndef TESSERA_CHIP_STATE_H
#define TESSERA_CHIP_STATE_H

#include "sim/abi/bootinfo.h"
#include "sim/base/hash.h"
#include "sim/base/source_lines.h"
#include "sim/chip/chip.h"
#include "sim/engine/engine.h"
#include "sim/tile/stale_reads.h"

struct chip {
    struct arena *arena;
    struct config cfg;
    struct chip_options options;
    const struct elf_image *image;
    struct source_lines lines; /* the image's, while chip_explain reports */
    struct engine engine;
    struct tile *tile;
    struct hart *hart;
    struct code_table *code;
    struct simctl_shared simctl;
    struct htif htif;
    struct oracle oracle;
    struct stale_reads *stale_reads;
    struct coh_out out;
    struct bootinfo *bootinfo;
    uint64_t console_hash;
    cycle_t flushed; /* console lines of all cycles before this one have been handed out */
    enum chip_end end;
    const char *unrest;          /* what sim.check found when all had arrived; NULL: nothing */
    bool deadlocked;             /* that was behind a deadlock */
    bool measured;               /* by chip_run, at the end */
    struct chip_results results; /* then */
};

/* Takes down what the run has brought, as of now. */
void chip_measure(struct chip *chip);

/* One line on where the run stands. */
void chip_report_progress(const struct chip *chip, FILE *out);

#endif
