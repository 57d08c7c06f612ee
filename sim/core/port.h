/*
 * What a hart asks of its tile when the fast path does not answer.  The tile
 * (sim/tile/port.c) implements these; they run at cycle h->cycle, may stall
 * the hart, put it to sleep or lower h->until.
 */
#ifndef TESSERA_PORT_H
#define TESSERA_PORT_H

#include "sim/core/hart.h"

enum port_result {
    PORT_DONE,  /* performed */
    PORT_WAIT,  /* asleep: execute the instruction again after the wake */
    PORT_YIELD, /* the slice is over: execute the instruction again in the next */
    PORT_FAULT  /* *cause says why */
};

enum access_kind { ACCESS_FETCH, ACCESS_LOAD, ACCESS_STORE };

/* `bytes` is 1, 2, 4 or 8; the value is zero-extended. */
enum port_result port_load(struct hart *h, uint64_t address, unsigned bytes, uint64_t *value,
                           enum trap_cause *cause);
enum port_result port_store(struct hart *h, uint64_t address, unsigned bytes, uint64_t value,
                            enum trap_cause *cause);

/* Makes the line of an aligned atomic writable in the L1D and returns a host
 * pointer to the operand in `*cell`.  An atomic that is a store-conditional
 * without its reservation is PORT_DONE with *cell == NULL. */
enum atomic_kind { ATOMIC_AMO, ATOMIC_LR, ATOMIC_SC };
enum port_result port_atomic(struct hart *h, uint64_t address, unsigned bytes,
                             enum atomic_kind kind, uint8_t **cell, enum trap_cause *cause);
/* Tells checker and watchers that the atomic has written its cell. */
void port_atomic_written(struct hart *h, unsigned bytes, const uint8_t *cell);

/* A page table entry at an aligned physical address, for the walker; PORT_FAULT
 * when there is no memory. */
enum port_result port_walk_read(struct hart *h, paddr_t at, uint64_t *pte);
enum port_result port_walk_write(struct hart *h, paddr_t at, uint64_t pte);

/* cbo.zero, and cbo.clean, cbo.flush and cbo.inval, on the line of `address`. */
enum port_result port_zero_line(struct hart *h, uint64_t address, enum trap_cause *cause);
enum port_result port_manage_line(struct hart *h, uint64_t address, enum trap_cause *cause);

/* LR has read its cell: reserves the line.  SC has had its turn. */
void port_reserve(struct hart *h);
void port_unreserve(struct hart *h);

/* The decoded line that holds `pc` (PORT_DONE), through the L1I. */
/* PORT_FAULT: page or access fault in *cause. */
enum port_result port_fetch(struct hart *h, uint64_t pc, struct code_line **code,
                            enum trap_cause *cause);
/* The instruction that begins in the last halfword of `first` and ends in
 * `second`, as a line of its own. */
struct code_line *port_straddle(struct hart *h, const struct code_line *first,
                                const struct code_line *second);
void port_fence_i(struct hart *h);

/* The message unit's registers (sim/abi/csr.h). */
enum csr_result port_message_read(struct hart *h, unsigned number, uint64_t *value);
enum csr_result port_message_write(struct hart *h, unsigned number, uint64_t value);

/* The hart accesses `address` through an entry that a completed shootdown should
 * have removed: the run ends with a report. */
void port_stale_use(struct hart *h, uint64_t address, enum access_kind kind,
                    const struct tlb_use *use);

/* The trap handler is not executable memory, or traps follow each other
 * without an instruction between them: the run ends with a report. */
void port_trap_loop(struct hart *h);

#endif
