/*
 * Writing a trace.  Tiles append to buffers of their own, in the order in which
 * they happen to run; the file must not show that order.
 *
 *      tile 0  | c3 c5 c9 |              engine: "everything below 8 is complete"
 *      tile 1  | c1 c7    |      ->      batch: c1 c3 c5 c7    left: c9
 *      tile 2  | c5       |              sorted, into blocks of a fixed number
 *
 * Windows follow each other without overlap and each is sorted, so the whole
 * is sorted.  Blocks hold a fixed number of events whatever the windows were;
 * with that every byte follows from the events alone.  A buffer that fills up
 * asks for the next window to be written; until then a window costs the engine
 * one test of a flag.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/base/hash.h"
#include "traces/block.h"
#include "traces/commit_log.h"

enum { BUFFER_START = 64, BUFFERED_EVENTS = 1 << 18 };

struct trace_writer {
    FILE *f; /* NULL: no file, only a commit log */
    char *path;
    uint32_t tiles;
    uint32_t limit; /* events in one tile's buffer that make writing due */
    uint64_t chain;
    uint64_t events;    /* handed to blocks so far */
    int failure;        /* errno of the first refused write, or 0 */
    const char *failed; /* the file that was refused */

    struct commit_log *log; /* NULL: none */
    char *log_path;

    struct trace_event *batch; /* the window being written */
    size_t batch_count, batch_capacity;
    struct trace_event *block; /* events of the block being filled */
    uint32_t block_count;
    uint8_t *raw;
};

static void note_failure(struct trace_writer *w, const char *path)
{
    w->failure = errno ? errno : EIO;
    w->failed = path;
}

/* ---- the header block --------------------------------------------------------- */

/* Bytes that grow. */
struct text_out {
    uint8_t *bytes;
    size_t count, capacity;
};

static void out_bytes(struct text_out *out, const void *data, size_t bytes)
{
    if (out->count + bytes > out->capacity) {
        out->capacity = 2 * (out->count + bytes);
        out->bytes = mem_resize(out->bytes, out->capacity);
    }
    if (bytes)
        memcpy(out->bytes + out->count, data, bytes);
    out->count += bytes;
}

static void out_number(struct text_out *out, uint64_t value, unsigned bytes)
{
    uint8_t number[8];
    put_number(number, value, bytes);
    out_bytes(out, number, bytes);
}

static void out_string(struct text_out *out, const char *text)
{
    size_t bytes = text ? strlen(text) : 0;
    out_number(out, bytes, 4);
    out_bytes(out, text, bytes);
}

static void out_names(struct text_out *out, const struct trace_names *names)
{
    out_number(out, names->count, 4);
    for (unsigned i = 0; i < names->count; i++)
        out_string(out, names->name[i]);
}

static void out_symbols(struct text_out *out, const struct symbols *symbols)
{
    unsigned count = symbols ? symbols->count : 0;
    out_number(out, count, 4);
    for (unsigned i = 0; i < count; i++) {
        const struct symbol *s = &symbols->item[i];
        out_number(out, s->address, 8);
        out_number(out, s->bytes, 8);
        out_number(out, s->kind, 1);
        out_string(out, s->name);
    }
}

/* In columns, addresses as differences: that packs best. */
static void out_lines(struct text_out *out, const struct source_lines *lines)
{
    static const struct source_lines none;
    lines = lines ? lines : &none;
    out_number(out, lines->file_count, 4);
    for (unsigned i = 0; i < lines->file_count; i++)
        out_string(out, lines->file[i]);
    out_number(out, lines->count, 4);
    for (unsigned i = 0; i < lines->count; i++)
        out_number(out, lines->item[i].address - (i ? lines->item[i - 1].address : 0), 8);
    for (unsigned i = 0; i < lines->count; i++)
        out_number(out, lines->item[i].file, 4);
    for (unsigned i = 0; i < lines->count; i++)
        out_number(out, lines->item[i].line, 4);
}

static bool write_header(struct trace_writer *w, const struct trace_header *header)
{
    uint8_t start[TRACE_START_BYTES] = TRACE_MAGIC;
    struct text_out out = {0};
    put_number(start + TRACE_MAGIC_BYTES, TRACE_VERSION, 4);
    out_number(&out, header->tiles, 4);
    out_number(&out, header->guest_hash, 8);
    out_string(&out, header->guest);
    out_string(&out, header->config);
    out_names(&out, &header->packets);
    out_names(&out, &header->waits);
    out_symbols(&out, header->symbols);
    out_lines(&out, header->lines);
    w->chain = HASH_SEED;
    bool ok = fwrite(start, sizeof start, 1, w->f) == 1 &&
              block_write(w->f, &w->chain, BLOCK_HEADER, 0, out.bytes, (uint32_t)out.count);
    mem_free(out.bytes);
    return ok;
}

/* ---- creation ------------------------------------------------------------------- */

static struct trace_writer *writer_create(FILE *f, const char *path, uint32_t tiles)
{
    struct trace_writer *w = mem_alloc(sizeof *w);
    uint32_t share = BUFFERED_EVENTS / tiles;
    *w = (struct trace_writer){
        .f = f,
        .path = mem_copy_string(path ? path : ""),
        .tiles = tiles,
        .limit = share > BUFFER_START ? share : BUFFER_START,
        .block = mem_alloc(BLOCK_EVENTS_MAX * sizeof *w->block),
        .raw = mem_alloc((size_t)BLOCK_EVENTS_MAX * BLOCK_EVENT_BYTES),
    };
    return w;
}

struct trace *trace_create(const char *path, const struct trace_header *header, struct error *e)
{
    FILE *f = path ? fopen(path, "wb") : NULL;
    if (path && !f) {
        error_set(e, EXIT_STATUS_IO, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct trace *t = mem_alloc(sizeof *t);
    *t = (struct trace){.writer = writer_create(f, path, header->tiles)};
    t->tile = mem_alloc(header->tiles * sizeof *t->tile);
    memset(t->tile, 0, header->tiles * sizeof *t->tile);
    if (f && !write_header(t->writer, header))
        note_failure(t->writer, t->writer->path);
    return t;
}

bool trace_add_commit_log(struct trace *t, const char *path, struct error *e)
{
    t->writer->log = commit_log_open(path);
    t->writer->log_path = mem_copy_string(path);
    return t->writer->log || error_set(e, EXIT_STATUS_IO, "%s: %s", path, strerror(errno));
}

/* ---- collecting and sorting ------------------------------------------------------- */

void trace_grow(struct trace *t, tile_id tile)
{
    struct trace_buffer *b = &t->tile[tile];
    if (b->capacity == b->room) {
        b->room = b->room ? 2 * b->room : BUFFER_START;
        b->event = mem_resize(b->event, b->room * sizeof *b->event);
    }
    b->capacity = b->room;
    if (b->count >= t->writer->limit)
        __atomic_store_n(&t->due, true, __ATOMIC_RELAXED);
}

/* Moves the events below `complete` of one tile to the batch. */
static void collect(struct trace_writer *w, struct trace_buffer *b, cycle_t complete)
{
    uint32_t kept = 0;
    if (w->batch_count + b->count > w->batch_capacity) {
        w->batch_capacity = 2 * (w->batch_count + b->count);
        w->batch = mem_resize(w->batch, w->batch_capacity * sizeof *w->batch);
    }
    for (uint32_t i = 0; i < b->count; i++) {
        b->event[i].sequence = i;
        if (b->event[i].cycle < complete)
            w->batch[w->batch_count++] = b->event[i];
        else
            b->event[kept++] = b->event[i];
    }
    b->count = kept;
    if (kept < w->limit && b->capacity > w->limit)
        b->capacity = w->limit;
}

static int by_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_content(const struct trace_event *a, const struct trace_event *b)
{
    int order = by_number(a->kind, b->kind);
    order = order ? order : by_number(a->a, b->a);
    order = order ? order : by_number(a->b, b->b);
    return order ? order : by_number(a->c, b->c);
}

static int compare(const void *left, const void *right)
{
    const struct trace_event *a = left, *b = right;
    uint8_t lane = trace_info[a->kind].lane;
    if (a->cycle != b->cycle)
        return a->cycle < b->cycle ? -1 : 1;
    if (a->tile != b->tile)
        return a->tile < b->tile ? -1 : 1;
    if (lane != trace_info[b->kind].lane)
        return by_number(lane, trace_info[b->kind].lane);
    return lane == TRACE_LANE_HART ? by_number(a->sequence, b->sequence) : by_content(a, b);
}

/* ---- blocks ------------------------------------------------------------------------ */

static void write_block(struct trace_writer *w)
{
    uint32_t raw_bytes = events_pack(w->block, w->block_count, w->raw);
    if (!w->failure &&
        !block_write(w->f, &w->chain, BLOCK_EVENTS, w->block_count, w->raw, raw_bytes))
        note_failure(w, w->path);
    w->events += w->block_count;
    w->block_count = 0;
}

static void write_batch(struct trace_writer *w)
{
    for (size_t i = 0; w->f && i < w->batch_count; i++) {
        w->block[w->block_count++] = w->batch[i];
        if (w->block_count == BLOCK_EVENTS_MAX)
            write_block(w);
    }
    for (size_t i = 0; w->log && i < w->batch_count; i++)
        commit_log_event(w->log, &w->batch[i]);
    w->batch_count = 0;
}

bool trace_write_until(struct trace *t, cycle_t complete)
{
    struct trace_writer *w = t->writer;
    t->due = false;
    for (uint32_t i = 0; i < w->tiles; i++)
        collect(w, &t->tile[i], complete);
    if (w->batch_count)
        qsort(w->batch, w->batch_count, sizeof *w->batch, compare);
    write_batch(w);
    return w->failure == 0;
}

/* ---- the end ------------------------------------------------------------------------ */

static void write_end(struct trace_writer *w)
{
    uint8_t total[8];
    if (w->block_count)
        write_block(w);
    put_number(total, w->events, 8);
    if (!w->failure && !block_write(w->f, &w->chain, BLOCK_END, 0, total, sizeof total))
        note_failure(w, w->path);
    if (fclose(w->f) != 0 && !w->failure)
        note_failure(w, w->path);
}

/* Both files are ended, whatever happened to the other. */
static void end_files(struct trace_writer *w)
{
    if (w->f)
        write_end(w);
    if (w->log && !commit_log_close(w->log) && !w->failure)
        note_failure(w, w->log_path);
}

static void writer_free(struct trace_writer *w)
{
    mem_free(w->path);
    mem_free(w->log_path);
    mem_free(w->batch);
    mem_free(w->block);
    mem_free(w->raw);
    mem_free(w);
}

bool trace_close(struct trace *t, struct error *e)
{
    if (!t)
        return true;
    struct trace_writer *w = t->writer;
    trace_write_until(t, CYCLE_NEVER);
    end_files(w);
    bool ok = w->failure == 0;
    if (!ok)
        error_set(e, EXIT_STATUS_IO, "%s: the trace is incomplete: %s", w->failed,
                  strerror(w->failure));
    for (uint32_t i = 0; i < w->tiles; i++)
        mem_free(t->tile[i].event);
    mem_free(t->tile);
    writer_free(w);
    mem_free(t);
    return ok;
}

/* ---- console ------------------------------------------------------------------------- */

void trace_console(struct trace *t, tile_id tile, cycle_t cycle, const char *text, size_t bytes)
{
    uint8_t piece[24];
    bool ended = t == NULL;
    while (!ended) {
        size_t part = bytes < sizeof piece ? bytes : sizeof piece;
        memset(piece, 0, sizeof piece);
        if (part)
            memcpy(piece, text, part);
        trace_emit(t, tile, cycle, TRACE_CONSOLE, get_number(piece, 8), get_number(piece + 8, 8),
                   get_number(piece + 16, 8));
        ended = part < sizeof piece;
        text += part;
        bytes -= part;
    }
}
