/*
 * The corpus: programs with QEMU's results, and what they cover.
 */
#ifndef TESSERA_FUZZ_RECORD_H
#define TESSERA_FUZZ_RECORD_H

#include "sim/base/error.h"
#include "sim/fuzz/program.h"

/* Writes DIRECTORY/cases.txt, all programs of cases.h, and DIRECTORY/random.txt: of
 * `candidates` random programs of this seed those that reach what no other does. */
bool record_corpus(const char *directory, uint64_t seed, unsigned candidates, struct error *e);

#endif
