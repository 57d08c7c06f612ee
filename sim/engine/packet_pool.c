/*
 * Returned packets are taken again first, so that a run which never has many
 * packets on their way keeps few of them warm.
 */
#include "sim/engine/packet_pool.h"

#include <assert.h>

void packet_pool_create(struct packet_pool *pool, struct arena *arena)
{
    *pool = (struct packet_pool){.arena = arena};
    pool->chunk = arena_alloc(arena, PACKET_CHUNKS_MAX, sizeof *pool->chunk);
}

/* The number after the last one that was ever used. */
static struct packet *packet_fresh(struct packet_pool *pool)
{
    uint32_t number = pool->fresh++;
    assert(number / PACKET_CHUNK < PACKET_CHUNKS_MAX);
    if (number % PACKET_CHUNK == 0)
        pool->chunk[number / PACKET_CHUNK] =
            arena_alloc(pool->arena, PACKET_CHUNK, sizeof(struct packet));
    struct packet *packet = packet_at(pool, number);
    packet->number = number;
    return packet;
}

struct packet *packet_take(struct packet_pool *pool)
{
    struct packet *packet = pool->free;
    pool->in_use++;
    if (!packet)
        return packet_fresh(pool);
    pool->free = packet->next;
    return packet;
}

void packet_return(struct packet_pool *pool, struct packet *packet)
{
    packet->next = pool->free;
    pool->free = packet;
    pool->in_use--;
}
