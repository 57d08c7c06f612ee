/*
 * The invariant checker of sim.check: at every step, for every line,
 *   single writer   an L1 that may write is alone to have rights
 *   data value      what is read is what was last written
 * It keeps a shadow of memory and of each line's readers and writer, told by
 * the L1s.  All hooks are no-ops for a chip built without sim.check.
 */
#ifndef TESSERA_COHERENCE_CHECKER_H
#define TESSERA_COHERENCE_CHECKER_H

#include "coherence/coherence.h"

struct checker *checker_create(struct arena *arena, uint64_t lines);

/* The copy of `line` in this tile's L1D changed its state. */
void checker_change_rights(struct coherence *coh, paddr_t line, tile_id tile, uint8_t from,
                           uint8_t to);

/* A transaction has ended with these bytes in this tile's L1D. */
void checker_check_fill(struct coherence *coh, paddr_t line, tile_id tile, const uint8_t *data);

/* Does a line's image equal what was last written?  True without a checker. */
bool checker_equals(const struct coherence *coh, paddr_t line, const uint8_t *data);

/* The host has written memory (coherence_poke). */
void checker_poke(struct coherence *coh, paddr_t address, const void *from, size_t bytes);

#endif
