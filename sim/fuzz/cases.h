/*
 * Programs about every case of translation, one access a case: all values of a
 * leaf's lower bits against every kind of access that they decide about, and what
 * else an entry or an address can have wrong.  Not random: program `number` is a
 * function of the number.
 */
#ifndef TESSERA_FUZZ_CASES_H
#define TESSERA_FUZZ_CASES_H

#include "sim/fuzz/program.h"

/* The seed under which a corpus keeps them. */
#define CASES_SEED UINT64_C(0xca5e5)

/* How many cases there are, and programs that hold them. */
unsigned cases_count(void);
unsigned cases_programs(void);

void cases_generate(struct program *p, unsigned number);

#endif
