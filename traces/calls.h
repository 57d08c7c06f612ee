/*
 * The calls of a hart, found again from the instructions it retired: a stack of
 * what it is in.  Private to traces.
 */
#ifndef TESSERA_TRACES_CALLS_H
#define TESSERA_TRACES_CALLS_H

#include "sim/base/symbols.h"
#include "traces/traces.h"

enum frame_kind { FRAME_FUNCTION, FRAME_TRAP, FRAME_WAIT };

/* How the last instruction leads to the next. */
enum step { STEP_NEXT, STEP_CALL, STEP_RETURN, STEP_JUMP };

struct frame {
    uint8_t kind;              /* enum frame_kind */
    uint8_t step;              /* trap: what was on its way when it came (enum step) */
    const struct symbol *name; /* function: NULL when it has no symbol */
    uint64_t about;            /* function: where it was entered; else the caller's number */
    uint64_t return_to;        /* function: where its caller goes on; trap: the link on its way */
};

enum {
    CALLS_FUNCTIONS_MAX = 250, /* deeper calls are shown as one */
    CALLS_TRAPS_MAX = 254,     /* a trap that finds so much replaces the one it interrupts */
    CALLS_MAX = 256
};

struct calls {
    struct frame *frame; /* frame[count - 1] is the innermost; at most CALLS_MAX */
    unsigned count, capacity;
    uint8_t step;  /* enum step: of the last instruction */
    uint64_t link; /* STEP_CALL: where it returns to */
};

/* What an event has done to the stack: `closed` frames have gone, innermost
 * first, then perhaps one was opened. */
struct calls_change {
    unsigned closed;
    bool opened;
};

struct calls_change calls_insn(struct calls *c, const struct symbols *symbols, uint64_t pc,
                               uint32_t bits);
struct calls_change calls_trap(struct calls *c, uint64_t about);
struct calls_change calls_trap_return(struct calls *c);
struct calls_change calls_sleep(struct calls *c, uint64_t about);
struct calls_change calls_wake(struct calls *c);
void calls_free(struct calls *c);

#endif
