/*
 * Stores that a hart has retired and that its L1D has not yet performed, oldest
 * first.
 *
 *      left                entered          numbers of stores since reset
 *       |                     |
 *     [ 7 ][ 8 ][ 9 ][ 10 ] . . .           at most `capacity`
 *      oldest          youngest: where a load looks first
 *
 * An entry holds a physical address: translation and permissions were settled
 * before it entered, so it never faults.  It lies within a line.  sim/tile/stores.c
 * puts entries in and performs them.
 */
#ifndef TESSERA_STORE_BUFFER_H
#define TESSERA_STORE_BUFFER_H

#include "sim/base/types.h"
#include "sim/core/tlb.h"

struct store_entry {
    paddr_t address;
    uint64_t value;
    uint8_t bytes; /* 1 to 8 */
};

/* How a store came to its address, for the oracle of stale translations. */
struct store_origin {
    struct tlb_use via; /* with no bits: it was not translated */
    uint64_t address;   /* virtual */
    uint64_t pc;
    uint8_t priv;
};

struct store_buffer {
    struct store_entry *entry;   /* a ring: store n lies at n % capacity */
    struct store_origin *origin; /* of each */
    uint32_t capacity;           /* 0: the hart has none */
    bool refused;                /* the L1D had no room to begin the oldest one's miss */
    uint64_t entered, left;
    uint64_t awaited;   /* a hart that sleeps goes on once `left` has come this far */
    uint64_t forwarded; /* loads answered since reset */
};

static inline bool store_buffer_is_empty(const struct store_buffer *b)
{
    return b->left == b->entered;
}

static inline bool store_buffer_is_full(const struct store_buffer *b)
{
    return b->entered - b->left == b->capacity;
}

/* The buffer is not full; and is not empty. */
void store_buffer_put(struct store_buffer *b, struct store_entry entry);
const struct store_entry *store_buffer_oldest(const struct store_buffer *b);
void store_buffer_drop_oldest(struct store_buffer *b);

/* Of store number n, left <= n < entered. */
static inline struct store_origin *store_buffer_origin(const struct store_buffer *b, uint64_t n)
{
    return &b->origin[n % b->capacity];
}

/* What the buffer knows of the bytes that a load wants. */
enum store_match {
    STORE_NONE,   /* nothing */
    STORE_WHOLE,  /* the youngest store to any of them has written all of them: *value */
    STORE_PARTLY, /* it has written some: they are in the L1D once store *number has left */
};
enum store_match store_buffer_find(const struct store_buffer *b, paddr_t address, unsigned bytes,
                                   uint64_t *value, uint64_t *number);

#endif
