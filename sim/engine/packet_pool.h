/*
 * The chip's packets.  A packet has a number, which the mesh and the calendar
 * carry, and an address that stays its own while the pool grows: packets lie in
 * chunks, and a table leads from the number to the chunk.
 *
 * How many there can be is bounded by what the guest has configured: a tile's
 * outstanding coherence requests, one device access, and message.slots credits
 * an endpoint.  The pool grows with what is really on its way at once; neither
 * numbers nor addresses reach model state.
 */
#ifndef TESSERA_PACKET_POOL_H
#define TESSERA_PACKET_POOL_H

#include "sim/base/arena.h"
#include "sim/tile/packet.h"

enum { PACKET_CHUNK = 1024, PACKET_CHUNKS_MAX = 1 << 20 };

struct packet_pool {
    struct arena *arena;
    struct packet **chunk; /* PACKET_CHUNKS_MAX, touched as it fills */
    struct packet *free;   /* returned packets, by `next` */
    uint32_t fresh;        /* packets from this number on were never used */
    uint32_t in_use;
};

void packet_pool_create(struct packet_pool *pool, struct arena *arena);

/* A packet whose content is whatever it was; only its number is set. */
struct packet *packet_take(struct packet_pool *pool);
void packet_return(struct packet_pool *pool, struct packet *packet);

static inline struct packet *packet_at(const struct packet_pool *pool, uint32_t number)
{
    return &pool->chunk[number / PACKET_CHUNK][number % PACKET_CHUNK];
}

#endif
