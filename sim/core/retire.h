/*
 * What tracing remembers of the instruction that a hart is executing, until it
 * is known to retire.  Operands are kept as they were before: most instructions
 * may overwrite what they read.
 */
#ifndef TESSERA_RETIRE_H
#define TESSERA_RETIRE_H

#include "sim/core/decode.h"

struct hart;

struct retiring {
    bool valid;
    bool resumes; /* it has yielded (port.h): issued in `cycle`, it will be issued again */
    uint8_t priv;
    uint32_t bits; /* as fetched: 16 or 32 */
    struct insn insn;
    uint64_t pc, rs1, rs2; /* rs1, rs2: the registers' values */
    cycle_t cycle;         /* of issue */
};

/* The record `insn`, decoded from `bits` at `pc`, issues; what issued before
 * it has retired. */
void hart_trace_issue(struct hart *h, uint64_t pc, uint32_t bits, const struct insn *insn,
                      cycle_t cycle);

/* Reports the instruction that was issued last, if it still counts, with all
 * it did to registers and memory.  Called before anything else happens. */
void hart_trace_retired(struct hart *h);

#endif
