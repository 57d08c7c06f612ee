/*
 * Draws programs: program `number` of a seed is a function of the two and of
 * the features, on every host.
 */
#ifndef TESSERA_FUZZ_GENERATE_H
#define TESSERA_FUZZ_GENERATE_H

#include "sim/fuzz/program.h"

void generate(struct program *p, uint64_t seed, uint64_t number, uint32_t features);

#endif
