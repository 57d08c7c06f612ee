/*
 * What the parts of a hart's port share (port.c, port_lines.c).
 */
#ifndef TESSERA_PORT_ACCESS_H
#define TESSERA_PORT_ACCESS_H

#include "coherence/coherence.h"
#include "sim/core/port.h"

/* The hart waits for something about this address: PORT_WAIT. */
enum port_result port_sleep(struct hart *h, enum hart_wait wait, uint64_t address);

/* The physical line is in the window, with the permission that `op` needs. */
enum port_result port_hold_line(struct hart *h, paddr_t physical, enum l1_op op,
                                enum hart_wait wait);

/* DRAM or a scratchpad; all else is devices. */
bool port_is_memory(const struct hart *h, paddr_t physical);
/* Must this access to memory go past the L1D? */
bool port_is_uncached(const struct hart *h, paddr_t physical);

/* A word at its home, whose old value is in h->word then.  Words are performed in program
 * order with everything else: the hart waits for each. */
enum port_result port_word(struct hart *h, paddr_t physical, unsigned bytes, enum word_op op,
                           uint64_t operand);

#endif
