/*
 * Draws programs: program `number` of a seed is a function of the two and of
 * the features, on every host.
 */
#ifndef TESSERA_FUZZ_GENERATE_H
#define TESSERA_FUZZ_GENERATE_H

#include "sim/fuzz/program.h"

/* The features of the batch that begins with program `first`: of those in `drawn`
 * some, by the percentages of features.def, and always those in `given`. */
uint32_t generate_features(uint64_t seed, uint64_t first, uint32_t given, uint32_t drawn);

void generate(struct program *p, uint64_t seed, uint64_t number, uint32_t features);

#endif
