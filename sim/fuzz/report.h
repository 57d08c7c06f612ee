/*
 * A program and what became of it, for people.
 */
#ifndef TESSERA_FUZZ_REPORT_H
#define TESSERA_FUZZ_REPORT_H

#include <stdio.h>

#include "sim/fuzz/program.h"

/* The state that the program starts from, where it is not zero, and its code. */
void report_program(const struct binary *b, FILE *out);

/* What differs between the results, one line each; nothing when nothing does. */
void report_difference(const struct result *expected, const struct result *got, FILE *out);

#endif
