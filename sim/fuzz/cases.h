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

enum { CASE_FETCH, CASE_LOAD, CASE_STORE, CASE_ACCESSES };

struct page_case {
    unsigned access;
    bool user;        /* in U mode */
    uint32_t status;  /* SUM, MXR */
    unsigned level;   /* of the entry */
    uint64_t bits;    /* the entry's, besides its page number */
    uint64_t number;  /* turned bits of its page number */
    bool pointer;     /* the page number is that of a table without entries */
    uint64_t address; /* turned bits of the address */
};

/* How many cases there are, and programs that hold them. */
unsigned cases_count(void);
unsigned cases_programs(void);

/* The cases of program `number`, in its order; how many. */
enum { CASES_A_PROGRAM = 18 };
unsigned cases_of(unsigned number, struct page_case cases[CASES_A_PROGRAM]);

void cases_generate(struct program *p, unsigned number);

#endif
