/*
 * Makes a failing program small: takes out units, then instructions, then
 * everything of the setting that the failure does not need.
 */
#ifndef TESSERA_FUZZ_SHRINK_H
#define TESSERA_FUZZ_SHRINK_H

#include "sim/fuzz/program.h"

enum { CANDIDATES_MAX = 128 };

/* Sets fails[i] for each candidate that still fails in the same way.  False
 * ends the shrinking (no machine, say). */
typedef bool judge_fn(void *context, const struct program *candidates, unsigned count, bool *fails);

/* `p` must fail; afterwards it is a failing program in which no single cut is
 * possible any more (or what was reached when the judge gave up). */
void shrink(struct program *p, judge_fn *judge, void *context);

#endif
