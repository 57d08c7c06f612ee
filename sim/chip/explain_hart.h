/* One hart as a report shows it; private to sim/chip. */
#ifndef TESSERA_EXPLAIN_HART_H
#define TESSERA_EXPLAIN_HART_H

#include "sim/chip/chip_state.h"

extern const char *const privilege_names[4];

/* Where a hart is, as of now. */
struct hart_place place_of_hart(const struct hart *h);

/* "pc 0x... [= physical 0x...] <symbol> (file:line)  instruction" */
void explain_place(struct chip *chip, const struct hart_place *place, FILE *out);

/* The instructions around it, the one at it marked, each on a line. */
void explain_code(struct chip *chip, const struct hart_place *place, FILE *out);

/* How the hart came to where it is: the last instructions, if they are kept; the
 * last traps, returns and jumps to other code; the calls it is in; its registers. */
void explain_hart(struct chip *chip, const struct hart *h, FILE *out);

/* "illegal instruction (cause 2), tval 0x0 (the instruction's bits: unimp)" */
void explain_trap(struct chip *chip, const struct hart *h, const struct trap_taken *trap,
                  FILE *out);

/* Where a trap came from. */
struct hart_place place_of_trap(const struct hart *h, const struct trap_taken *trap);

/* " <symbol>", or nothing. */
void explain_symbol(const struct chip *chip, uint64_t address, FILE *out);

/* "0x80045000, rw-, U, 4 KiB" */
void explain_page(const struct tlb_entry *page, FILE *out);

#endif
