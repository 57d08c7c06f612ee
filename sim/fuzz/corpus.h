/*
 * Programs in text files, with the result that QEMU gave, so that they can be
 * run again where there is no QEMU:
 *
 *   program 17 of seed 3 features base_c
 *   x 5 0xffff...           what the program starts from, where it is not zero
 *   state mstatus 0xa...
 *   action 2 0x7
 *   poke 0x80009008 0x2b
 *   instead 0x12 0x3        at this offset of the code QEMU has another word
 *   code 0x80018810 end 0x852
 *   00000513 ...            in words of 8 bytes
 *   result 1 traps 4 hash 0x.. 0x.. 0x.. log 0x..
 *   = x 5 0x...             what it ended with, where it is not zero
 *   = state mstatus 0x...
 *   end
 *
 * The log of traps is kept as a hash.
 */
#ifndef TESSERA_FUZZ_CORPUS_H
#define TESSERA_FUZZ_CORPUS_H

#include <stdio.h>

#include "sim/base/error.h"
#include "sim/fuzz/program.h"

void corpus_write(FILE *out, const struct binary *b, const struct result *result);

/* A result as a file keeps it: the log's first trap holds the hash of all. */
void corpus_fold(struct result *result);

/* The next program of the file and its folded result.  At the end of the file
 * *more becomes false; false with an error when the file is not of this form. */
bool corpus_read(FILE *in, const char *name, unsigned *line, struct binary *b,
                 struct result *result, bool *more, struct error *e);

#endif
