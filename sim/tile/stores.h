/*
 * How a hart's stores to memory reach the L1D: at once, or by way of the store
 * buffer (sim/core/store_buffer.h).  Without a buffer (hart.store_buffer = 0) a
 * store that misses is waited for, and the hart is sequentially consistent; with
 * one, what others see of it is in total store order (TSO).
 */
#ifndef TESSERA_STORES_H
#define TESSERA_STORES_H

#include "sim/core/port.h"

struct tile;

/* The bytes at an address whose line is in the L1D's most recently used way. */
static inline uint8_t *stores_cell(const struct hart *h, paddr_t physical)
{
    const struct l1_window *w = h->window;
    return &w->data[physical & ((w->set_mask << LINE_SHIFT) | (LINE_BYTES - 1))];
}

/* Writes to a line that the L1D has just found writable (L1_READY). */
void stores_perform(struct hart *h, paddr_t physical, unsigned bytes, uint64_t value);

/* Tells everyone who watches stores what has been written. */
void stores_announce(struct hart *h, paddr_t physical, unsigned bytes, uint64_t value);

/* May a store to this address of DRAM go by way of the buffer? */
bool stores_may_wait(const struct hart *h, paddr_t physical);

/* A store that may wait, within a line.  PORT_DONE: performed, or in the buffer; what
 * the hart sees of its views may have changed.  PORT_WAIT: the buffer is full. */
enum port_result stores_put(struct hart *h, paddr_t physical, unsigned bytes, uint64_t value);

/* The L1D has taken a message at cycle `now`; `completed` is the line whose transaction
 * it completed, or ~0.  Performs what can be performed.  True when the store that the
 * hart awaits has left. */
bool stores_drain(struct tile *t, paddr_t completed, cycle_t now);

#endif
