/*
 * The blocks that a trace file consists of (drawn in traces/README.md).
 */
#ifndef TESSERA_TRACES_BLOCK_H
#define TESSERA_TRACES_BLOCK_H

#include "traces/traces.h"

#define TRACE_MAGIC "TESSTRC\n"
enum {
    TRACE_VERSION = 2,
    TRACE_MAGIC_BYTES = 8,
    TRACE_START_BYTES = 16,   /* magic, version, zero */
    BLOCK_START_BYTES = 24,   /* the five numbers of struct block */
    BLOCK_EVENTS_MAX = 32768, /* every block of events but the last is full */
    BLOCK_EVENT_BYTES = 8 * 4 + 3,
    BLOCK_RAW_MAX = 256 << 20 /* a header with very many symbols */
};

enum block_type { BLOCK_HEADER = 1, BLOCK_EVENTS = 2, BLOCK_END = 3 };

struct block {
    uint32_t type;
    uint32_t events;       /* BLOCK_EVENTS: how many it holds */
    uint32_t raw_bytes;    /* unpacked */
    uint32_t packed_bytes; /* as they follow in the file (zstd) */
    uint64_t check;        /* hash of the block before, these numbers and the packed bytes */
};

/* Numbers in files are little endian. */
static inline uint8_t *put_number(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *to++ = (uint8_t)(value >> (8 * i));
    return to;
}

static inline uint64_t get_number(const uint8_t *from, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

/* Packs and appends a block.  `*chain` is the check of the block before, then
 * of this one.  False when the host refused (errno says why). */
bool block_write(FILE *f, uint64_t *chain, enum block_type type, uint32_t events, const void *raw,
                 uint32_t raw_bytes);

enum block_read {
    BLOCK_READ_OK,
    BLOCK_READ_TRUNCATED, /* the file ends inside it */
    BLOCK_READ_ALTERED    /* its check or its content is wrong */
};

/* Reads the next block and unpacks it into *raw, which the caller frees. */
enum block_read block_read(FILE *f, uint64_t *chain, struct block *block, uint8_t **raw);

/* Events as columns: all cycles (each less the one before), then all a, b, c,
 * tiles and kinds; alike values side by side pack well. */
uint32_t events_pack(const struct trace_event *event, uint32_t count, uint8_t *raw);
void events_unpack(const uint8_t *raw, uint32_t count, struct trace_event *event);

#endif
