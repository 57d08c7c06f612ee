/*
 * What programs have reached on Tessera, as points with names:
 *
 *   add.S               an instruction has retired in a mode
 *   compressed.1.4.U    the same by quadrant and funct3, of the short forms
 *   trap.13.U.M         a cause, the mode that trapped, the mode that handled it
 *   csr.30a.M           a control register accessed in a mode; counters 3 to 31 are one
 *   fence.as.S          sfence.vma or sinval.vma of an address (a) in a space (s)
 *   spaces.3            the third address space that a program has entered
 */
#ifndef TESSERA_FUZZ_COVERAGE_H
#define TESSERA_FUZZ_COVERAGE_H

#include "sim/base/error.h"
#include "sim/fuzz/program.h"

enum { COVERAGE_POINTS = 2048 };

/* How often each point was reached. */
struct coverage {
    unsigned reached[COVERAGE_POINTS];
};

/* Runs programs of the same features and adds up what each reaches, apart: one
 * struct coverage a program.  `results` are Tessera's. */
bool coverage_run(const struct binary *programs, unsigned count, struct result *results,
                  struct coverage *coverage, struct error *e);

/* Names the point; "" when there is no such point.  `text` has room for 32. */
const char *coverage_name(unsigned point, char *text);

/* Points of instruction `op` of insn.def (a row's number), in all modes together. */
unsigned coverage_insns(void);
const char *coverage_insn_name(unsigned insn);
unsigned coverage_of_insn(const struct coverage *c, unsigned insn);
unsigned coverage_of_trap(const struct coverage *c, unsigned cause, bool interrupt);

#endif
