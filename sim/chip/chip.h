/*
 * libtessera: a chip, built from a configuration, loaded with a guest, run and
 * read.  The command line is this interface's first client.
 *
 *   chip_create -> chip_load -> chip_run -> chip_results -> chip_destroy
 *
 * A chip that is part of a larger world is run piece by piece, and acted upon in
 * between: chip_run_until, then chip_raise, chip_write_memory, ...  The world's
 * answers to the guest's loads and stores come through chip_options.external.
 */
#ifndef TESSERA_CHIP_H
#define TESSERA_CHIP_H

#include <signal.h>
#include <stdio.h>

#include "sim/base/config.h"
#include "sim/base/elf.h"
#include "sim/base/hist.h"
#include "sim/base/stats.h"
#include "sim/tile/external.h"

struct chip;
struct mesh;
struct trace;

/* Takes one line (or the rest of one) of a tile's console, in the order of
 * (cycle, tile). */
typedef void chip_console_fn(void *context, tile_id tile, const char *text, size_t bytes);

struct chip_options {
    const char *bootargs;     /* for the boot-information page; NULL = none */
    cycle_t max_cycles;       /* 0 = no limit */
    chip_console_fn *console; /* NULL = the console is dropped */
    void *console_context;
    struct external external;               /* who answers the external window; all zero: nobody */
    struct trace *trace;                    /* NULL = off; the caller closes it after the run */
    const volatile sig_atomic_t *interrupt; /* non-zero ends the run; NULL = never */
    volatile sig_atomic_t *inquiry;         /* non-zero: print a line of progress and clear it */
};

/* NULL with an error when boot arguments are too long.  `cfg` is copied and must
 * have passed config_check. */
struct chip *chip_create(const struct config *cfg, const struct chip_options *options,
                         struct error *e);
void chip_destroy(struct chip *chip);

/* Copies the guest's segments into DRAM and points every hart at its entry.
 * The image must outlive the chip.  Fails when a segment lies outside DRAM. */
bool chip_load(struct chip *chip, const struct elf_image *image, struct error *e);

enum chip_end {
    CHIP_RUNNING,
    CHIP_EXIT,              /* the guest stored its code to tohost */
    CHIP_LIMIT,             /* max_cycles */
    CHIP_DEADLOCK,          /* every hart waits and nothing is on its way */
    CHIP_MESH_FAILED,       /* the mesh is in deadlock, or has lost a packet */
    CHIP_TRAP_LOOP,         /* a hart traps without ever executing an instruction */
    CHIP_FAULT,             /* the guest asked the host for what cannot be */
    CHIP_STALE_TRANSLATION, /* a hart used what a completed shootdown should have removed */
    CHIP_VIOLATION,         /* sim.check found a broken invariant */
    CHIP_INTERRUPTED
};

/* Runs to the end. */
enum chip_end chip_run(struct chip *chip);

/* Simulates every cycle before `cycle` and nothing of `cycle`, or to the end if that
 * comes sooner; CHIP_RUNNING when it did not.  In how many pieces a run is done
 * changes no result.  If everybody sleeps, time passes all the same: chip_is_still
 * tells that only somebody outside can go on.  CYCLE_NEVER: as chip_run. */
enum chip_end chip_run_until(struct chip *chip, cycle_t cycle);
bool chip_is_still(struct chip *chip);

/* Ends the run as a deadlock, for a caller who knows that nobody outside will do
 * anything for a chip that is still. */
enum chip_end chip_give_up(struct chip *chip);

/* ---- between pieces of a run: in cycle chip_cycle(), before anything else ---- */

/* The interrupt lines into a tile from outside: MEIP and SEIP of its hart's mip.
 * SEIP is the OR of the line and of a bit that software writes (privileged
 * architecture 3.1.9): software cannot clear the line. */
enum chip_line { CHIP_LINE_MACHINE, CHIP_LINE_SUPERVISOR };
void chip_raise(struct chip *chip, tile_id tile, enum chip_line line, bool level);

/* Copies `bytes` of guest memory as the harts see it.  False, and nothing done,
 * when they are not all in DRAM, or when a line is on its way between caches: then
 * a later cycle will do. */
bool chip_read_memory(struct chip *chip, paddr_t address, void *to, size_t bytes);
bool chip_write_memory(struct chip *chip, paddr_t address, const void *from, size_t bytes);
bool chip_has_memory(const struct chip *chip, paddr_t address, size_t bytes);

/* Why the run ended, in words a person can act on: which hart, where, what it
 * waits for or which trap it is caught in; what it asked for in vain.  Nothing for CHIP_EXIT. */
void chip_explain(struct chip *chip, FILE *out);

/* The code with which the guest ended the run, up to 47 bits; for CHIP_EXIT only. */
uint64_t chip_exit_code(const struct chip *chip);

/* The contract's exit status: the guest's own code, or 65, 70, 75, 76, 130.  Of a code
 * above 255 its low eight bits count, or 1 when they are zero. */
int chip_exit_status(const struct chip *chip);

struct chip_results {
    cycle_t cycles;
    uint64_t instructions;
    uint64_t state_hash; /* over every simulated result */
    struct stats stats;  /* the caller frees it with stats_free */
    unsigned series_count;
    const struct chip_series {
        const char *name, *unit;
        const struct hist *hist;
    } * series; /* owned by the chip */
};
/* Where the cycles of harts went (the CPI stack): chip_parts parts that add up to a
 * hart's cycles, `base` (issue of instructions) first. */
extern const unsigned chip_parts;
const char *chip_part_name(unsigned part);
const char *chip_part_meaning(unsigned part);

enum { CHIP_PARTS_MAX = 32 };
struct chip_account {
    uint64_t cycles, instructions, part[CHIP_PARTS_MAX];
};
/* Of one hart in one privilege mode (0 U, 1 S, 2 M), at the end of the run. */
struct chip_account chip_account(const struct chip *chip, tile_id tile, unsigned mode);

/* At the end of the run; before one, as of now. */
void chip_results(struct chip *chip, struct chip_results *results);

/* The mesh, to look at its counters (mesh/mesh.h). */
const struct mesh *chip_mesh(const struct chip *chip);

/* Where a run stands: the next cycle to be simulated, and instructions so far. */
cycle_t chip_cycle(const struct chip *chip);
uint64_t chip_instructions(const struct chip *chip);

#endif
