/*
 * The trace for Perfetto's viewer, as JSON in the trace event format: the chip
 * is a process, each hart a thread of it.
 *
 *      hart 0   |main-----------------------------------|
 *                   |sort---------------|  |print---|
 *                     |sink| |a line...|      ^ mark 3
 *
 * Functions, traps and waits are spans (B ... E) that nest (calls.c finds them);
 * marks, console lines and messages are instants (i); what the whole chip does
 * is counted over windows of COUNTER_CYCLES (C).  Events arrive in the order of
 * their cycles and leave in it, so every track is monotone; what is still open
 * when the shown part begins or ends is opened and closed there.
 *
 * One cycle is shown as one nanosecond.  The format counts in microseconds, so
 * times have three decimals.
 *
 * Format: "Trace Event Format" of the Chromium project.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sim/base/arena.h"
#include "traces/calls.h"
#include "traces/console_text.h"

/* Numbers of process and threads: the viewer knows 0 as the idle process. */
enum { PROCESS = 1000000, FIRST_THREAD = 1, COUNTER_CYCLES = 256 };

struct track {
    struct calls calls;
    bool named; /* the thread has its name */
    bool shown; /* spans are written: the shown part has begun */
    bool waits; /* for the count of harts that wait */
};

/* What happened in the present window of cycles, for the whole chip. */
struct counts {
    cycle_t window; /* number of the window */
    uint64_t instructions, packets;
    uint64_t waiting;  /* harts, now */
    uint64_t shown[3]; /* as last written */
};

struct writer {
    const struct trace_header *header;
    const struct trace_filter *filter;
    FILE *out;
    bool comma;  /* something stands before */
    cycle_t end; /* cycle of the last event, at most filter->to */
    struct track *track;
    struct counts counts;
    struct console_text console;
};

/* ---- JSON --------------------------------------------------------------------------- */

static void put_text(struct writer *w, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fprintf(w->out, "\\%c", c);
        else if (c < ' ' || c >= 0x7f)
            fprintf(w->out, "\\u%04x", c);
        else
            fputc(c, w->out);
    }
}

static void put_string(struct writer *w, const char *key, const char *text)
{
    fprintf(w->out, ",\"%s\":\"", key);
    put_text(w, text, strlen(text));
    fputc('"', w->out);
}

static void put_start(struct writer *w, const char *phase)
{
    fprintf(w->out, "%s\n{\"ph\":\"%s\",\"pid\":%d", w->comma ? "," : "", phase, PROCESS);
    w->comma = true;
}

static void put_time(struct writer *w, cycle_t cycle)
{
    fprintf(w->out, ",\"ts\":%" PRIu64 ".%03u", cycle / 1000, (unsigned)(cycle % 1000));
}

static void put_thread(struct writer *w, tile_id tile)
{
    fprintf(w->out, ",\"tid\":%u", tile + (unsigned)FIRST_THREAD);
}

static void put_end(struct writer *w)
{
    fputc('}', w->out);
}

/* ---- names ---------------------------------------------------------------------------- */

static void put_process_name(struct writer *w)
{
    put_start(w, "M");
    fputs(",\"name\":\"process_name\",\"args\":{\"name\":\"chip, ", w->out);
    put_text(w, w->header->guest, strlen(w->header->guest));
    fputs("\"}", w->out);
    put_end(w);
}

static void name_thread(struct writer *w, tile_id tile)
{
    put_start(w, "M");
    put_thread(w, tile);
    fprintf(w->out, ",\"name\":\"thread_name\",\"args\":{\"name\":\"hart %u\"}", tile);
    put_end(w);
    put_start(w, "M");
    put_thread(w, tile);
    fprintf(w->out, ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%u}", tile);
    put_end(w);
}

/* ---- spans ------------------------------------------------------------------------------ */

static void put_address(struct writer *w, const char *key, uint64_t address)
{
    char symbol[SYMBOL_TEXT_MAX];
    symbols_format(w->header->symbols, address, symbol, sizeof symbol);
    fprintf(w->out, "\"%s\":\"0x%" PRIx64, key, address);
    if (*symbol) {
        fputc(' ', w->out);
        put_text(w, symbol, strlen(symbol));
    }
    fputc('"', w->out);
}

static void put_function(struct writer *w, const struct frame *frame)
{
    char source[SOURCE_TEXT_MAX], address[24];
    snprintf(address, sizeof address, "0x%" PRIx64, frame->about);
    put_string(w, "name", frame->name ? frame->name->name : address);
    put_string(w, "cat", "function");
    fputs(",\"args\":{", w->out);
    put_address(w, "entered", frame->about);
    if (*source_lines_format(w->header->lines, frame->about, source, sizeof source))
        put_string(w, "source", source);
    fputc('}', w->out);
}

static void put_trap(struct writer *w, const struct frame *frame)
{
    uint64_t number = frame->about & 0x7fffffff;
    put_string(w, "name", trap_cause_name(frame->about >> 31 << 63 | number));
    put_string(w, "cat", "trap");
}

static void put_wait(struct writer *w, const struct frame *frame)
{
    const struct trace_names *waits = &w->header->waits;
    const char *name = frame->about < waits->count ? waits->name[frame->about] : "?";
    put_string(w, "name", name);
    put_string(w, "cat", "wait");
}

static void (*const put_frame[])(struct writer *, const struct frame *) = {
    [FRAME_FUNCTION] = put_function,
    [FRAME_TRAP] = put_trap,
    [FRAME_WAIT] = put_wait,
};

static void put_open(struct writer *w, tile_id tile, const struct frame *frame, cycle_t cycle)
{
    put_start(w, "B");
    put_thread(w, tile);
    put_time(w, cycle);
    put_frame[frame->kind](w, frame);
    put_end(w);
}

static void put_close(struct writer *w, tile_id tile, cycle_t cycle)
{
    put_start(w, "E");
    put_thread(w, tile);
    put_time(w, cycle);
    put_end(w);
}

static void put_change(struct writer *w, tile_id tile, struct calls_change change, cycle_t cycle)
{
    const struct calls *calls = &w->track[tile].calls;
    if (!w->track[tile].shown)
        return;
    for (unsigned i = 0; i < change.closed; i++)
        put_close(w, tile, cycle);
    if (change.opened)
        put_open(w, tile, &calls->frame[calls->count - 1], cycle);
}

/* The shown part begins: all that is open already opens here. */
static void show_track(struct writer *w, tile_id tile)
{
    struct track *track = &w->track[tile];
    track->shown = true;
    if (!track->named)
        name_thread(w, tile);
    track->named = true;
    for (unsigned i = 0; i < track->calls.count; i++)
        put_open(w, tile, &track->calls.frame[i], w->filter->from);
}

static void close_track(struct writer *w, tile_id tile)
{
    struct track *track = &w->track[tile];
    for (unsigned i = 0; track->shown && i < track->calls.count; i++)
        put_close(w, tile, w->end);
}

/* ---- instants ------------------------------------------------------------------------------ */

static void put_instant(struct writer *w, const struct trace_event *event, const char *category,
                        const char *name, size_t bytes)
{
    put_start(w, "i");
    put_thread(w, event->tile);
    put_time(w, event->cycle);
    fputs(",\"s\":\"t\",\"name\":\"", w->out);
    put_text(w, name, bytes);
    fputc('"', w->out);
    put_string(w, "cat", category);
}

/* All fields by name, as numbers; 64-bit ones as text, for JSON's are doubles. */
static void put_fields(struct writer *w, const struct trace_event *event)
{
    const struct trace_info *info = &trace_info[event->kind];
    fputs(",\"args\":{", w->out);
    for (const struct trace_field *f = info->field; f->name; f++) {
        const char *form = f->bits > 32 ? "%s\"%s\":\"0x%" PRIx64 "\"" : "%s\"%s\":%" PRIu64;
        fprintf(w->out, form, f == info->field ? "" : ",", f->name, trace_field_value(event, f));
    }
    fputc('}', w->out);
}

static void on_point(struct writer *w, const struct trace_event *event)
{
    const char *name = trace_info[event->kind].name;
    put_instant(w, event, name, name, strlen(name));
    put_fields(w, event);
    put_end(w);
}

static void on_mark(struct writer *w, const struct trace_event *event)
{
    char name[32];
    int bytes = snprintf(name, sizeof name, "mark %" PRIu64, event->a);
    put_instant(w, event, "mark", name, (size_t)bytes);
    put_end(w);
}

static void on_console(struct writer *w, const struct trace_event *event)
{
    if (!console_text_add(&w->console, event))
        return;
    put_instant(w, event, "console", w->console.text, w->console.bytes);
    put_end(w);
    w->console.bytes = 0;
}

/* ---- spans from events ------------------------------------------------------------------------
 */

static void on_insn(struct writer *w, const struct trace_event *event)
{
    put_change(
        w, event->tile,
        calls_insn(&w->track[event->tile].calls, w->header->symbols, event->a, (uint32_t)event->b),
        event->cycle);
}

static void on_trap(struct writer *w, const struct trace_event *event)
{
    put_change(w, event->tile, calls_trap(&w->track[event->tile].calls, event->a & 0xffffffff),
               event->cycle);
}

static void on_return(struct writer *w, const struct trace_event *event)
{
    put_change(w, event->tile, calls_trap_return(&w->track[event->tile].calls), event->cycle);
}

static void on_sleep(struct writer *w, const struct trace_event *event)
{
    put_change(w, event->tile, calls_sleep(&w->track[event->tile].calls, event->a & 0xff),
               event->cycle);
}

static void on_wake(struct writer *w, const struct trace_event *event)
{
    put_change(w, event->tile, calls_wake(&w->track[event->tile].calls), event->cycle);
}

typedef void on_event(struct writer *w, const struct trace_event *event);

/* What keeps the stacks right, also before the shown part. */
static on_event *const follow[TRACE_KINDS] = {
    [TRACE_INSN] = on_insn,   [TRACE_TRAP] = on_trap, [TRACE_RETURN] = on_return,
    [TRACE_SLEEP] = on_sleep, [TRACE_WAKE] = on_wake,
};

/* What is shown where it happens. */
static on_event *const show[TRACE_KINDS] = {
    [TRACE_MARK] = on_mark,
    [TRACE_CONSOLE] = on_console,
    [TRACE_SEND] = on_point,
    [TRACE_MESSAGE] = on_point,
};

/* ---- counters
 * -------------------------------------------------------------------------------------- */

static void put_counter(struct writer *w, unsigned which, uint64_t thousandths)
{
    static const struct {
        const char *name, *what;
    } counters[] = {
        {"instructions", "per cycle"},
        {"packets sent", "per cycle"},
        {"harts", "waiting"},
    };
    if (w->counts.shown[which] == thousandths)
        return;
    w->counts.shown[which] = thousandths;
    put_start(w, "C");
    put_time(w, w->counts.window * COUNTER_CYCLES);
    fprintf(w->out, ",\"name\":\"%s\",\"args\":{\"%s\":%" PRIu64 ".%03u}", counters[which].name,
            counters[which].what, thousandths / 1000, (unsigned)(thousandths % 1000));
    put_end(w);
}

/* The window is complete: written at its begin, if that is shown. */
static void end_window(struct writer *w)
{
    struct counts *c = &w->counts;
    cycle_t begin = c->window * COUNTER_CYCLES;
    if (begin >= w->filter->from && begin <= w->filter->to) {
        put_counter(w, 0, c->instructions * 1000 / COUNTER_CYCLES);
        put_counter(w, 1, c->packets * 1000 / COUNTER_CYCLES);
        put_counter(w, 2, c->waiting * 1000);
    }
    c->instructions = c->packets = 0;
}

static void count(struct writer *w, const struct trace_event *event)
{
    struct track *track = &w->track[event->tile];
    cycle_t window = event->cycle / COUNTER_CYCLES;
    if (window != w->counts.window) {
        end_window(w);
        if (window > ++w->counts.window)
            end_window(w); /* nothing but waiting in between */
        w->counts.window = window;
    }
    w->counts.instructions += event->kind == TRACE_INSN;
    w->counts.packets += event->kind == TRACE_SENT;
    if (event->kind != TRACE_SLEEP && event->kind != TRACE_WAKE)
        return;
    bool waits = event->kind == TRACE_SLEEP;
    w->counts.waiting += (uint64_t)waits - (uint64_t)track->waits;
    track->waits = waits;
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------ */

static void take(struct writer *w, const struct trace_event *event)
{
    const struct trace_filter *filter = w->filter;
    count(w, event);
    w->end = event->cycle < filter->to ? event->cycle : filter->to;
    if ((filter->tile != TILE_NONE && filter->tile != event->tile) || event->cycle > filter->to)
        return;
    bool shown = event->cycle >= filter->from;
    if (shown && !w->track[event->tile].shown)
        show_track(w, event->tile);
    if (follow[event->kind])
        follow[event->kind](w, event);
    else if (shown && show[event->kind])
        show[event->kind](w, event);
}

static void put_head(struct writer *w)
{
    fputs("{\"displayTimeUnit\":\"ns\",\n\"otherData\":{\"clock\":\"1 cycle is shown as 1 ns\"",
          w->out);
    put_string(w, "guest", w->header->guest);
    put_string(w, "configuration", w->header->config);
    fputs("},\n\"traceEvents\":[", w->out);
    put_process_name(w);
}

/* A hart that had nothing to say in the shown part may still be in something. */
static void put_tail(struct writer *w)
{
    for (uint32_t i = 0; i < w->header->tiles; i++) {
        if (!w->track[i].shown && w->track[i].calls.count && w->end >= w->filter->from)
            show_track(w, (tile_id)i);
        close_track(w, (tile_id)i);
    }
    end_window(w);
    fputs("\n]}\n", w->out);
}

bool trace_print_perfetto(struct trace_reader *reader, const struct trace_filter *filter, FILE *out,
                          struct error *e)
{
    struct writer w = {.header = trace_reader_header(reader), .filter = filter, .out = out};
    struct trace_event event;
    enum trace_read answer;
    w.track = mem_alloc(w.header->tiles * sizeof *w.track);
    memset(w.track, 0, w.header->tiles * sizeof *w.track);
    put_head(&w);
    while ((answer = trace_next(reader, &event, e)) == TRACE_READ_EVENT && !ferror(out))
        take(&w, &event);
    put_tail(&w);
    for (uint32_t i = 0; i < w.header->tiles; i++)
        calls_free(&w.track[i].calls);
    mem_free(w.track);
    if (fflush(out) != 0 || ferror(out))
        return error_set(e, EXIT_STATUS_IO, "the trace cannot be written: %s", strerror(errno));
    return answer != TRACE_READ_BAD;
}
