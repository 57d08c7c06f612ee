/*
 * Reading a trace, one event after the other.  A block is checked as a whole
 * before its first event is handed out, so every event that a reader sees is
 * one that was written.  A file that ends without its last block was cut off
 * (a run that was killed leaves such a file): its events are handed out too,
 * and then the reader says so.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/base/hash.h"
#include "traces/block.h"

struct trace_reader {
    FILE *f;
    char *path;
    uint64_t chain;
    uint64_t events; /* of the blocks read so far */
    struct trace_header header;
    struct symbols symbols;
    struct source_lines lines;

    struct trace_event *event; /* the present block's */
    uint32_t count, next;
};

/* ---- the header block --------------------------------------------------------- */

/* A position in bytes that may lie: `bad` is set instead of reading outside. */
struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

static const uint8_t *take(struct cursor *c, uint64_t bytes)
{
    if (c->bad || bytes > (uint64_t)(c->end - c->at)) {
        c->bad = true;
        return NULL;
    }
    c->at += bytes;
    return c->at - bytes;
}

static uint64_t take_number(struct cursor *c, unsigned bytes)
{
    const uint8_t *p = take(c, bytes);
    return p ? get_number(p, bytes) : 0;
}

static char *take_string(struct cursor *c)
{
    uint64_t bytes = take_number(c, 4);
    const uint8_t *p = take(c, bytes);
    if (!p)
        bytes = 0;
    char *text = mem_alloc(bytes + 1);
    if (bytes)
        memcpy(text, p, bytes);
    text[bytes] = '\0';
    return text;
}

static struct trace_names take_names(struct cursor *c)
{
    uint64_t count = take_number(c, 4);
    if (count > (uint64_t)(c->end - c->at) / 4) {
        c->bad = true;
        count = 0;
    }
    char **name = mem_alloc(count * sizeof *name);
    for (uint64_t i = 0; i < count; i++)
        name[i] = take_string(c);
    return (struct trace_names){(const char *const *)name, (unsigned)count};
}

static void take_symbols(struct cursor *c, struct symbols *symbols)
{
    uint64_t count = take_number(c, 4);
    for (uint64_t i = 0; i < count && !c->bad; i++) {
        uint64_t address = take_number(c, 8), bytes = take_number(c, 8);
        enum symbol_kind kind = take_number(c, 1) % SYMBOL_KINDS;
        char *name = take_string(c);
        symbols_add(symbols, kind, name, address, bytes);
        mem_free(name);
    }
    symbols_sort(symbols);
}

static void take_lines(struct cursor *c, struct source_lines *lines)
{
    uint64_t files = take_number(c, 4), address = 0;
    for (uint64_t i = 0; i < files && !c->bad; i++) {
        char *name = take_string(c);
        source_lines_file(lines, name);
        mem_free(name);
    }
    uint64_t count = take_number(c, 4);
    const uint8_t *addresses = take(c, 8 * count), *file = take(c, 4 * count);
    const uint8_t *line = take(c, 4 * count);
    c->bad |= lines->file_count != files;
    for (uint64_t i = 0; i < count && !c->bad; i++) {
        uint64_t index = get_number(file + 4 * i, 4), number = get_number(line + 4 * i, 4);
        address += get_number(addresses + 8 * i, 8);
        c->bad |= index >= files && number;
        source_lines_add(lines, address, (unsigned)index, (unsigned)number);
    }
    source_lines_sort(lines);
}

static bool parse_header(struct trace_reader *r, const uint8_t *raw, uint32_t bytes)
{
    struct cursor c = {.at = raw, .end = raw + bytes};
    r->header.tiles = (uint32_t)take_number(&c, 4);
    r->header.guest_hash = take_number(&c, 8);
    r->header.guest = take_string(&c);
    r->header.config = take_string(&c);
    r->header.packets = take_names(&c);
    r->header.waits = take_names(&c);
    take_symbols(&c, &r->symbols);
    take_lines(&c, &r->lines);
    r->header.symbols = &r->symbols;
    r->header.lines = &r->lines;
    return !c.bad && c.at == c.end && r->header.tiles <= TILES_MAX;
}

static bool read_header(struct trace_reader *r, struct error *e)
{
    struct block block;
    uint8_t *raw;
    enum block_read result = block_read(r->f, &r->chain, &block, &raw);
    if (result != BLOCK_READ_OK)
        return error_set(e, EXIT_STATUS_INPUT, "%s: %s: its header cannot be read", r->path,
                         result == BLOCK_READ_TRUNCATED ? "truncated" : "altered");
    bool ok = block.type == BLOCK_HEADER && parse_header(r, raw, block.raw_bytes);
    mem_free(raw);
    return ok || error_set(e, EXIT_STATUS_INPUT, "%s: altered: its header makes no sense", r->path);
}

/* ---- opening ---------------------------------------------------------------------- */

static bool check_start(struct trace_reader *r, struct error *e)
{
    uint8_t start[TRACE_START_BYTES] = {0};
    size_t got = fread(start, 1, sizeof start, r->f);
    if (got < sizeof start || memcmp(start, TRACE_MAGIC, TRACE_MAGIC_BYTES) != 0)
        return error_set(e, EXIT_STATUS_INPUT,
                         "%s: not an event trace; `tessera run --trace FILE` writes one", r->path);
    uint64_t version = get_number(start + TRACE_MAGIC_BYTES, 8);
    if (version != TRACE_VERSION)
        return error_set(e, EXIT_STATUS_INPUT,
                         "%s: a trace of version %" PRIu64 "; this program reads version %d",
                         r->path, version, TRACE_VERSION);
    return true;
}

struct trace_reader *trace_open(const char *path, struct error *e)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        error_set(e, EXIT_STATUS_INPUT, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct trace_reader *r = mem_alloc(sizeof *r);
    *r = (struct trace_reader){.f = f, .path = mem_copy_string(path), .chain = HASH_SEED};
    r->event = mem_alloc(BLOCK_EVENTS_MAX * sizeof *r->event);
    if (check_start(r, e) && read_header(r, e))
        return r;
    trace_reader_close(r);
    return NULL;
}

static void names_free(struct trace_names *names)
{
    for (unsigned i = 0; i < names->count; i++)
        mem_free((char *)names->name[i]);
    mem_free((char **)names->name);
}

void trace_reader_close(struct trace_reader *r)
{
    if (!r)
        return;
    fclose(r->f);
    names_free(&r->header.packets);
    names_free(&r->header.waits);
    mem_free((char *)r->header.guest);
    mem_free((char *)r->header.config);
    symbols_free(&r->symbols);
    source_lines_free(&r->lines);
    mem_free(r->event);
    mem_free(r->path);
    mem_free(r);
}

const struct trace_header *trace_reader_header(const struct trace_reader *r)
{
    return &r->header;
}

/* ---- events ------------------------------------------------------------------------ */

static enum trace_read refuse(const struct trace_reader *r, const char *why, struct error *e)
{
    error_set(e, EXIT_STATUS_INPUT, "%s: %s after %" PRIu64 " events; those are good", r->path, why,
              r->events);
    return TRACE_READ_BAD;
}

/* The checks hold, but only values that a writer could have written may pass. */
static bool take_events(struct trace_reader *r, const struct block *block, const uint8_t *raw)
{
    events_unpack(raw, block->events, r->event);
    for (uint32_t i = 0; i < block->events; i++) {
        if (r->event[i].kind >= TRACE_KINDS || r->event[i].tile >= r->header.tiles)
            return false;
    }
    r->next = 0;
    r->count = block->events;
    r->events += block->events;
    return true;
}

static enum trace_read finish(struct trace_reader *r, const struct block *block, const uint8_t *raw,
                              struct error *e)
{
    if (block->raw_bytes != 8 || get_number(raw, 8) != r->events)
        return refuse(r, "altered: its end does not fit", e);
    if (fgetc(r->f) != EOF)
        return refuse(r, "altered: something follows its end", e);
    return TRACE_READ_END;
}

static enum trace_read next_block(struct trace_reader *r, struct error *e)
{
    struct block block;
    uint8_t *raw;
    enum block_read result = block_read(r->f, &r->chain, &block, &raw);
    if (result != BLOCK_READ_OK)
        return refuse(r, result == BLOCK_READ_TRUNCATED ? "truncated" : "altered", e);
    enum trace_read answer = TRACE_READ_EVENT;
    if (block.type == BLOCK_END)
        answer = finish(r, &block, raw, e);
    else if (block.type != BLOCK_EVENTS || !take_events(r, &block, raw))
        answer = refuse(r, "altered", e);
    mem_free(raw);
    return answer;
}

enum trace_read trace_next(struct trace_reader *r, struct trace_event *event, struct error *e)
{
    while (r->next == r->count) {
        enum trace_read answer = next_block(r, e);
        if (answer != TRACE_READ_EVENT)
            return answer;
    }
    *event = r->event[r->next++];
    return TRACE_READ_EVENT;
}
