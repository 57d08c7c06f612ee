/*
 * One block of a trace file: five numbers, then bytes packed by zstd.
 *
 *      | type | events | raw | packed | check |  packed bytes ...  |
 *        4      4        4     4        8
 *
 * The check covers the numbers, the packed bytes and the check of the block
 * before, so that a block can neither be altered nor left out nor moved.  It
 * is verified before anything is unpacked.
 */
#include "traces/block.h"

#include <zstd.h>

#include "sim/base/arena.h"
#include "sim/base/hash.h"

enum { ZSTD_LEVEL = 3 };

static uint64_t check_of(uint64_t chain, const struct block *b, const void *packed)
{
    chain = hash_u64(chain, b->type);
    chain = hash_u64(chain, b->events);
    chain = hash_u64(chain, b->raw_bytes);
    return hash_bytes(chain, packed, b->packed_bytes);
}

static void start_put(const struct block *b, uint8_t *start)
{
    start = put_number(start, b->type, 4);
    start = put_number(start, b->events, 4);
    start = put_number(start, b->raw_bytes, 4);
    start = put_number(start, b->packed_bytes, 4);
    put_number(start, b->check, 8);
}

static struct block start_get(const uint8_t *start)
{
    return (struct block){
        .type = (uint32_t)get_number(start, 4),
        .events = (uint32_t)get_number(start + 4, 4),
        .raw_bytes = (uint32_t)get_number(start + 8, 4),
        .packed_bytes = (uint32_t)get_number(start + 12, 4),
        .check = get_number(start + 16, 8),
    };
}

bool block_write(FILE *f, uint64_t *chain, enum block_type type, uint32_t events, const void *raw,
                 uint32_t raw_bytes)
{
    uint8_t start[BLOCK_START_BYTES];
    size_t bound = ZSTD_compressBound(raw_bytes);
    uint8_t *packed = mem_alloc(bound);
    struct block b = {.type = type, .events = events, .raw_bytes = raw_bytes};
    b.packed_bytes = (uint32_t)ZSTD_compress(packed, bound, raw, raw_bytes, ZSTD_LEVEL);
    b.check = *chain = check_of(*chain, &b, packed);
    start_put(&b, start);
    bool ok = fwrite(start, sizeof start, 1, f) == 1 &&
              fwrite(packed, 1, b.packed_bytes, f) == b.packed_bytes;
    mem_free(packed);
    return ok;
}

/* Sizes that no writer produces are not even allocated. */
static bool is_plausible(const struct block *b)
{
    if (b->raw_bytes > BLOCK_RAW_MAX || b->packed_bytes > ZSTD_compressBound(b->raw_bytes))
        return false;
    return b->type != BLOCK_EVENTS ||
           (b->events <= BLOCK_EVENTS_MAX && b->raw_bytes == b->events * BLOCK_EVENT_BYTES);
}

static enum block_read unpack(uint64_t *chain, const struct block *b, const uint8_t *packed,
                              uint8_t **raw)
{
    if (check_of(*chain, b, packed) != b->check)
        return BLOCK_READ_ALTERED;
    *chain = b->check;
    *raw = mem_alloc(b->raw_bytes);
    if (ZSTD_decompress(*raw, b->raw_bytes, packed, b->packed_bytes) == b->raw_bytes)
        return BLOCK_READ_OK;
    mem_free(*raw);
    return BLOCK_READ_ALTERED;
}

enum block_read block_read(FILE *f, uint64_t *chain, struct block *block, uint8_t **raw)
{
    uint8_t start[BLOCK_START_BYTES];
    if (fread(start, sizeof start, 1, f) != 1)
        return BLOCK_READ_TRUNCATED;
    *block = start_get(start);
    if (!is_plausible(block))
        return BLOCK_READ_ALTERED;
    uint8_t *packed = mem_alloc(block->packed_bytes);
    enum block_read result = BLOCK_READ_TRUNCATED;
    if (fread(packed, 1, block->packed_bytes, f) == block->packed_bytes)
        result = unpack(chain, block, packed, raw);
    mem_free(packed);
    return result;
}

uint32_t events_pack(const struct trace_event *event, uint32_t count, uint8_t *raw)
{
    uint8_t *p = raw;
    cycle_t before = 0;
    for (uint32_t i = 0; i < count; before = event[i++].cycle)
        p = put_number(p, event[i].cycle - before, 8);
    for (uint32_t i = 0; i < count; i++)
        p = put_number(p, event[i].a, 8);
    for (uint32_t i = 0; i < count; i++)
        p = put_number(p, event[i].b, 8);
    for (uint32_t i = 0; i < count; i++)
        p = put_number(p, event[i].c, 8);
    for (uint32_t i = 0; i < count; i++)
        p = put_number(p, event[i].tile, 2);
    for (uint32_t i = 0; i < count; i++)
        p = put_number(p, event[i].kind, 1);
    return (uint32_t)(p - raw);
}

void events_unpack(const uint8_t *raw, uint32_t count, struct trace_event *event)
{
    const uint8_t *cycles = raw, *a = cycles + 8 * count, *b = a + 8 * count, *c = b + 8 * count,
                  *tiles = c + 8 * count, *kinds = tiles + 2 * count;
    cycle_t cycle = 0;
    for (uint32_t i = 0; i < count; i++) {
        cycle += get_number(cycles + 8 * i, 8);
        event[i] = (struct trace_event){
            .cycle = cycle,
            .a = get_number(a + 8 * i, 8),
            .b = get_number(b + 8 * i, 8),
            .c = get_number(c + 8 * i, 8),
            .tile = (tile_id)get_number(tiles + 2 * i, 2),
            .kind = kinds[i],
        };
    }
}
