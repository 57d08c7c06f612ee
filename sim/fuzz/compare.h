/*
 * Programs on both machines, side by side.
 */
#ifndef TESSERA_FUZZ_COMPARE_H
#define TESSERA_FUZZ_COMPARE_H

#include "sim/base/error.h"
#include "sim/fuzz/program.h"

/* Both results of each program. */
struct pair {
    struct result qemu, tessera;
};

enum verdict {
    VERDICT_EQUAL,
    VERDICT_DIFFERS,
    VERDICT_ENDLESS, /* ends on QEMU, not on Tessera */
    VERDICT_LOST     /* does not end on QEMU: says nothing */
};

/* Runs them; `seconds` is QEMU's time for each that does not end. */
bool compare_programs(const struct program *programs, unsigned count, unsigned seconds,
                      struct pair *pairs, struct error *e);

enum verdict compare_verdict(const struct pair *pair);

/* Shrinks a program whose verdict is not EQUAL, and compares it once more. */
bool compare_shrink(struct program *p, struct pair *pair, struct error *e);

#endif
