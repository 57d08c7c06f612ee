/*
 * The event trace: what happened on every tile, cycle by cycle, in a compressed
 * file that says by itself which machine and which guest it comes from.
 *
 * Models append events to the buffer of their tile and know nothing else.  The
 * engine says up to which cycle all tiles are complete; the writer sorts what
 * is complete by cycle, tile and lane and writes it, so that the file is the
 * same, bit for bit, in whatever order (or on whatever threads) tiles ran.
 *
 * A NULL `struct trace *` means that nobody wants a trace; every function of
 * the model side accepts it.
 */
#ifndef TESSERA_TRACES_H
#define TESSERA_TRACES_H

#include <stdio.h>

#include "sim/base/error.h"
#include "sim/base/source_lines.h"
#include "sim/base/symbols.h"
#include "sim/base/types.h"

enum trace_kind {
#define EVENT(kind, name, lane, meaning, fields) TRACE_##kind,
#include "traces/events.def"
#undef EVENT
    TRACE_KINDS
};

enum trace_access { TRACE_LOAD, TRACE_STORE, TRACE_FETCH, TRACE_ACCESSES };

struct trace_event {
    cycle_t cycle;
    uint64_t a, b, c;  /* fields as events.def packs them */
    uint32_t sequence; /* place among the tile's events (writer only) */
    tile_id tile;
    uint8_t kind; /* enum trace_kind */
};

/* Names for numbers that belong to other layers (packet types, wait reasons). */
struct trace_names {
    const char *const *name;
    unsigned count;
};

/* What a reader must know of the run; everything is copied. */
struct trace_header {
    uint32_t tiles;
    const char *guest; /* file name of the guest */
    uint64_t guest_hash;
    const char *config; /* the resolved configuration, as YAML */
    struct trace_names packets, waits;
    const struct symbols *symbols;
    const struct source_lines *lines; /* NULL: none */
};

/* ---- writing ------------------------------------------------------------- */

struct trace_buffer {
    struct trace_event *event;
    uint32_t count;
    uint32_t capacity; /* trace_grow is called beyond it; at most `room` */
    uint32_t room;     /* events that fit */
};

struct trace_writer;

struct trace {
    struct trace_buffer *tile; /* one a tile */
    struct trace_writer *writer;
    bool due; /* some buffer has filled up: worth writing */
};

/* Creates the file.  NULL when the host refuses it.  Without a path there is no
 * file: what is traced goes to the commit log alone. */
struct trace *trace_create(const char *path, const struct trace_header *header, struct error *e);

/* Writes a commit log besides: a line for every instruction that retires, as
 * Spike's --log-commits has it, in the order of (cycle, hart).  False when the
 * host refuses the file. */
bool trace_add_commit_log(struct trace *t, const char *path, struct error *e);

/* All events with a cycle below `complete` have been appended.  False when the
 * host has refused to write; trace_close then says why. */
static inline bool trace_flush_until(struct trace *t, cycle_t complete);

/* Writes what is left, ends the file and frees the trace.  False: the file is
 * not complete, and `e` says why. */
bool trace_close(struct trace *t, struct error *e);

/* Makes room in a tile's buffer (the slow path of trace_emit). */
void trace_grow(struct trace *t, tile_id tile);
bool trace_write_until(struct trace *t, cycle_t complete);

static inline bool trace_flush_until(struct trace *t, cycle_t complete)
{
    return !t || !__atomic_load_n(&t->due, __ATOMIC_RELAXED) || trace_write_until(t, complete);
}

static inline void trace_emit(struct trace *t, tile_id tile, cycle_t cycle, enum trace_kind kind,
                              uint64_t a, uint64_t b, uint64_t c)
{
    if (!t)
        return;
    struct trace_buffer *buffer = &t->tile[tile];
    if (buffer->count == buffer->capacity)
        trace_grow(t, tile);
    buffer->event[buffer->count++] = (struct trace_event){
        .cycle = cycle, .a = a, .b = b, .c = c, .tile = tile, .kind = (uint8_t)kind};
}

/* `rd` is 0 when the instruction writes no register. */
static inline void trace_insn(struct trace *t, tile_id tile, cycle_t cycle, uint64_t pc,
                              uint32_t bits, unsigned privilege, unsigned rd, uint64_t value)
{
    trace_emit(t, tile, cycle, TRACE_INSN, pc,
               bits | (uint64_t)privilege << 32 | (uint64_t)rd << 40, value);
}

/* What the instruction just reported did to memory and to control registers:
 * follow its trace_insn at once, loads before stores. */
static inline void trace_loaded(struct trace *t, tile_id tile, cycle_t cycle, uint64_t address,
                                unsigned bytes)
{
    trace_emit(t, tile, cycle, TRACE_LOADED, address, bytes, 0);
}

static inline void trace_stored(struct trace *t, tile_id tile, cycle_t cycle, uint64_t address,
                                unsigned bytes, uint64_t value)
{
    trace_emit(t, tile, cycle, TRACE_STORED, address, bytes, value);
}

static inline void trace_csr(struct trace *t, tile_id tile, cycle_t cycle, unsigned number,
                             uint64_t value)
{
    trace_emit(t, tile, cycle, TRACE_CSR, number, 0, value);
}

/* `cause` as in mcause: the top bit says interrupt. */
static inline void trace_trap(struct trace *t, tile_id tile, cycle_t cycle, uint64_t cause,
                              uint64_t epc, uint64_t tval, unsigned from, unsigned to)
{
    uint64_t code = (cause & 0x7fffffff) | (cause >> 63) << 31;
    trace_emit(t, tile, cycle, TRACE_TRAP, code | (uint64_t)from << 32 | (uint64_t)to << 40, epc,
               tval);
}

static inline void trace_return(struct trace *t, tile_id tile, cycle_t cycle, uint64_t pc,
                                unsigned from, unsigned to)
{
    trace_emit(t, tile, cycle, TRACE_RETURN, (uint64_t)from << 32 | (uint64_t)to << 40, pc, 0);
}

/* `about` is the line, the device address or the message's label; `kind` is
 * TRACE_SENT (`other` = destination) or TRACE_RECEIVED (`other` = source). */
static inline void trace_packet(struct trace *t, tile_id tile, cycle_t cycle, enum trace_kind kind,
                                unsigned type, tile_id other, unsigned flits, uint64_t about)
{
    trace_emit(t, tile, cycle, kind, type | (uint64_t)flits << 8 | (uint64_t)other << 32, about, 0);
}

/* `kind` is TRACE_MISS or TRACE_MISS_END. */
static inline void trace_miss(struct trace *t, tile_id tile, cycle_t cycle, enum trace_kind kind,
                              enum trace_access access, paddr_t line)
{
    trace_emit(t, tile, cycle, kind, access, line, 0);
}

/* `status` is one of MU_OK .. MU_REFUSED (sim/abi/csr.h). */
static inline void trace_send(struct trace *t, tile_id tile, cycle_t cycle, unsigned status,
                              unsigned endpoint, tile_id to, unsigned words, uint64_t label)
{
    trace_emit(t, tile, cycle, TRACE_SEND,
               endpoint | (uint64_t)words << 16 | (uint64_t)to << 32 | (uint64_t)status << 48,
               label, 0);
}

static inline void trace_message(struct trace *t, tile_id tile, cycle_t cycle, unsigned queue,
                                 tile_id from, unsigned words, uint64_t label)
{
    trace_emit(t, tile, cycle, TRACE_MESSAGE, queue | (uint64_t)words << 16 | (uint64_t)from << 32,
               label, 0);
}

/* `reason` indexes the header's waits; `on` is the address or queue mask. */
static inline void trace_sleep(struct trace *t, tile_id tile, cycle_t cycle, unsigned reason,
                               uint64_t on)
{
    trace_emit(t, tile, cycle, TRACE_SLEEP, reason, on, 0);
}

static inline void trace_wake(struct trace *t, tile_id tile, cycle_t cycle, unsigned reason,
                              uint64_t pc)
{
    trace_emit(t, tile, cycle, TRACE_WAKE, reason, pc, 0);
}

static inline void trace_mark(struct trace *t, tile_id tile, cycle_t cycle, uint64_t number)
{
    trace_emit(t, tile, cycle, TRACE_MARK, number, 0, 0);
}

/* A piece of console output, usually a line without its newline. */
void trace_console(struct trace *t, tile_id tile, cycle_t cycle, const char *text, size_t bytes);

/* ---- reading ------------------------------------------------------------- */

struct trace_reader;

/* Opens a trace and reads its header.  NULL when it is not one, or of another
 * version, or damaged already there. */
struct trace_reader *trace_open(const char *path, struct error *e);
void trace_reader_close(struct trace_reader *reader);

/* Valid until trace_reader_close. */
const struct trace_header *trace_reader_header(const struct trace_reader *reader);

enum trace_read {
    TRACE_READ_EVENT, /* *event is the next one */
    TRACE_READ_END,   /* the trace is complete */
    TRACE_READ_BAD    /* truncated or altered here; `e` says how many events are good */
};
enum trace_read trace_next(struct trace_reader *reader, struct trace_event *event, struct error *e);

/* ---- reading by people ----------------------------------------------------- */

enum trace_style {
    TRACE_STYLE_CODE,    /* program counter, with its symbol */
    TRACE_STYLE_ADDRESS, /* with its symbol, if it has one */
    TRACE_STYLE_HEX,
    TRACE_STYLE_DECIMAL,
    TRACE_STYLE_TILE,
    TRACE_STYLE_PRIVILEGE, /* M, S, U */
    TRACE_STYLE_REGISTER,  /* x0..x31 by their names of the calling convention */
    TRACE_STYLE_CAUSE,     /* of a trap; bit 31 = interrupt */
    TRACE_STYLE_WAIT,      /* index of the header's waits */
    TRACE_STYLE_PACKET,    /* index of the header's packets */
    TRACE_STYLE_ACCESS,    /* enum trace_access */
    TRACE_STYLE_STATUS,    /* MU_OK .. MU_REFUSED */
    TRACE_STYLE_CSR,       /* number of a control register */
    TRACE_STYLE_TEXT,      /* bytes of all three arguments */
    TRACE_STYLES
};

struct trace_field {
    const char *name;
    uint8_t argument; /* 0, 1, 2: a, b, c */
    uint8_t shift, bits, style;
};

enum trace_lane { TRACE_LANE_ARRIVAL, TRACE_LANE_HART, TRACE_LANE_DEPARTURE };
enum { TRACE_FIELDS_MAX = 6 };

/* One row of events.def. */
struct trace_info {
    const char *name;
    const char *meaning;
    uint8_t lane;                               /* enum trace_lane */
    struct trace_field field[TRACE_FIELDS_MAX]; /* the last has no name */
};
extern const struct trace_info trace_info[TRACE_KINDS];

uint64_t trace_field_value(const struct trace_event *event, const struct trace_field *field);

/* Events of which tile (TILE_NONE: all) and of which cycles (from <= cycle <= to). */
struct trace_filter {
    tile_id tile;
    cycle_t from, to;
};

/* The text view: one line an event.  False when the trace is damaged (what was
 * good has been printed) or the output cannot be written. */
bool trace_print_text(struct trace_reader *reader, const struct trace_filter *filter, FILE *out,
                      struct error *e);

/* The same events for Perfetto's viewer (ui.perfetto.dev) and chrome://tracing:
 * one track a hart, as JSON in the trace event format; written as the trace is
 * read, in memory that does not grow with it. */
bool trace_print_perfetto(struct trace_reader *reader, const struct trace_filter *filter, FILE *out,
                          struct error *e);

/* "illegal instruction", "supervisor software interrupt", ... for an mcause. */
const char *trap_cause_name(uint64_t cause);

/* The name of a control register, "" for a number that has none. */
enum { CSR_NAME_MAX = 24 };
const char *csr_name(unsigned number, char text[CSR_NAME_MAX]);

/* ---- disassembly ------------------------------------------------------------ */

enum { DISASM_TEXT_MAX = 96 };

/* The instruction `bits` at `pc` (RV64, 16 or 32 bits by its low bits), with
 * absolute branch targets and Tessera's own registers by name; ".word 0x..."
 * when it is none. */
void disasm_insn(uint64_t pc, uint32_t bits, char *text, size_t bytes);

#endif
