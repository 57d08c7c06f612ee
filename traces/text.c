/*
 * The text view, one line an event:
 *
 *        cycle  tile P what
 *          104     0 M 0000000080000010 <_start+0x10>    add      a0, a0, a1    a0=0x7  # main.c:9
 *          104     0 M miss       load  line 0x80001040 <counter>
 *          131     3 - received   GetM from 0  flits 1  about 0x80001040 <counter>
 *          140     0 M 0000000080000014 <_start+0x14>    sd       a0, 8(sp)     0x80001040
 * <counter>=0x7
 *
 * P is the hart's privilege, "-" for what is not the hart's.  Instructions have
 * columns of their own, and what they did to memory and to control registers,
 * though events of their own, ends their line; so does the source line where a
 * hart comes to another one.  Every other event is shown field by field as its
 * row in events.def says, so that a new row needs nothing here.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sim/abi/csr.h"
#include "sim/base/arena.h"
#include "traces/console_text.h"
#include "traces/traces.h"

struct view {
    const struct trace_header *header;
    const struct trace_filter *filter;
    FILE *out;
    uint8_t *privilege;                /* a tile's, as its last event says */
    bool line_open;                    /* an instruction's line, which its effects may continue */
    struct trace_event insn;           /* that instruction */
    const struct source_line **source; /* where a tile's last instruction comes from */
    struct console_text console;
};

/* ---- names --------------------------------------------------------------------- */

static const char *const register_names[] = {"zero", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                             "s0",   "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                             "a6",   "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                             "s8",   "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
static const char *const privilege_names[] = {"U", "S", "?", "M"};
static const char *const access_names[TRACE_ACCESSES] = {"load", "store", "fetch"};
static const char *const status_names[] = {
    [MU_OK] = "ok",
    [MU_NO_CREDITS] = "no credits",
    [MU_BAD_ENDPOINT] = "bad endpoint",
    [MU_BAD_LENGTH] = "bad length",
    [MU_REFUSED] = "refused",
};
static const char *const exception_names[] = {
    [0] = "instruction address misaligned",
    [1] = "instruction access fault",
    [2] = "illegal instruction",
    [3] = "breakpoint",
    [4] = "load address misaligned",
    [5] = "load access fault",
    [6] = "store address misaligned",
    [7] = "store access fault",
    [8] = "environment call from U-mode",
    [9] = "environment call from S-mode",
    [11] = "environment call from M-mode",
    [12] = "instruction page fault",
    [13] = "load page fault",
    [15] = "store page fault",
};
static const char *const interrupt_names[] = {
    [1] = "supervisor software interrupt", [3] = "machine software interrupt",
    [5] = "supervisor timer interrupt",    [7] = "machine timer interrupt",
    [9] = "supervisor external interrupt", [11] = "machine external interrupt",
    [IRQ_MESSAGE] = "message interrupt",
};
#define NAMES(array) ((struct trace_names){array, sizeof(array) / sizeof(array)[0]})

static const char *name_of(struct trace_names names, uint64_t number, const char *otherwise)
{
    return number < names.count && names.name[number] ? names.name[number] : otherwise;
}

const char *trap_cause_name(uint64_t cause)
{
    if (cause >> 63)
        return name_of(NAMES(interrupt_names), cause << 1 >> 1, "unknown interrupt");
    return name_of(NAMES(exception_names), cause, "unknown exception");
}

/* ---- fields -------------------------------------------------------------------- */

static void show_address(const struct view *v, uint64_t value)
{
    char symbol[SYMBOL_TEXT_MAX];
    symbols_format(v->header->symbols, value, symbol, sizeof symbol);
    fprintf(v->out, "0x%" PRIx64 "%s%s", value, symbol[0] ? " " : "", symbol);
}

static void show_hex(const struct view *v, uint64_t value)
{
    fprintf(v->out, "0x%" PRIx64, value);
}

static void show_decimal(const struct view *v, uint64_t value)
{
    fprintf(v->out, "%" PRIu64, value);
}

static void show_name(const struct view *v, struct trace_names names, uint64_t value)
{
    const char *name = name_of(names, value, NULL);
    if (name)
        fprintf(v->out, "%s", name);
    else
        fprintf(v->out, "%" PRIu64, value);
}

static void show_privilege(const struct view *v, uint64_t value)
{
    show_name(v, NAMES(privilege_names), value);
}

static void show_register(const struct view *v, uint64_t value)
{
    show_name(v, NAMES(register_names), value);
}

static void show_cause(const struct view *v, uint64_t value)
{
    uint64_t number = value & 0x7fffffff;
    fprintf(v->out, "%" PRIu64 " (%s)", number, trap_cause_name(value >> 31 << 63 | number));
}

static void show_wait(const struct view *v, uint64_t value)
{
    show_name(v, v->header->waits, value);
}

static void show_packet(const struct view *v, uint64_t value)
{
    show_name(v, v->header->packets, value);
}

static void show_access(const struct view *v, uint64_t value)
{
    show_name(v, NAMES(access_names), value);
}

static void show_status(const struct view *v, uint64_t value)
{
    show_name(v, NAMES(status_names), value);
}

static void show_csr_name(const struct view *v, uint64_t value)
{
    char name[CSR_NAME_MAX];
    if (*csr_name((unsigned)value, name))
        fprintf(v->out, "%s", name);
    else
        fprintf(v->out, "csr 0x%03" PRIx64, value);
}

static void (*const show_style[TRACE_STYLES])(const struct view *, uint64_t) = {
    [TRACE_STYLE_CODE] = show_address,      [TRACE_STYLE_ADDRESS] = show_address,
    [TRACE_STYLE_HEX] = show_hex,           [TRACE_STYLE_DECIMAL] = show_decimal,
    [TRACE_STYLE_TILE] = show_decimal,      [TRACE_STYLE_PRIVILEGE] = show_privilege,
    [TRACE_STYLE_REGISTER] = show_register, [TRACE_STYLE_CAUSE] = show_cause,
    [TRACE_STYLE_WAIT] = show_wait,         [TRACE_STYLE_PACKET] = show_packet,
    [TRACE_STYLE_ACCESS] = show_access,     [TRACE_STYLE_STATUS] = show_status,
    [TRACE_STYLE_CSR] = show_csr_name,      [TRACE_STYLE_TEXT] = show_hex,
};

/* ---- events --------------------------------------------------------------------- */

static void show_start(const struct view *v, const struct trace_event *event)
{
    bool is_hart = trace_info[event->kind].lane == TRACE_LANE_HART;
    fprintf(v->out, "%12" PRIu64 " %5u %s ", event->cycle, event->tile,
            is_hart ? privilege_names[v->privilege[event->tile]] : "-");
}

static void show_fields(struct view *v, const struct trace_event *event)
{
    const struct trace_info *info = &trace_info[event->kind];
    show_start(v, event);
    fprintf(v->out, "%-9s", info->name);
    for (const struct trace_field *f = info->field; f->name; f++) {
        fprintf(v->out, "  %s ", f->name);
        show_style[f->style](v, trace_field_value(event, f));
    }
    fputc('\n', v->out);
}

static void show_insn(struct view *v, const struct trace_event *event)
{
    char symbol[SYMBOL_TEXT_MAX], text[DISASM_TEXT_MAX];
    unsigned rd = event->b >> 40 & 31;
    symbols_format(v->header->symbols, event->a, symbol, sizeof symbol);
    disasm_insn(event->a, (uint32_t)event->b, text, sizeof text);
    show_start(v, event);
    if (rd)
        fprintf(v->out, "%016" PRIx64 " %-24s %-32s %s=0x%" PRIx64, event->a, symbol, text,
                register_names[rd], event->c);
    else
        fprintf(v->out, "%016" PRIx64 " %-24s %s", event->a, symbol, text);
    v->line_open = true;
    v->insn = *event;
}

/* The source line, where it is another than that of the tile's last instruction. */
static void show_source(const struct view *v)
{
    const struct source_lines *lines = v->header->lines;
    const struct source_line *now = source_lines_at(lines, v->insn.a);
    const struct source_line **before = &v->source[v->insn.tile];
    if (now && (!*before || (*before)->line != now->line || (*before)->file != now->file))
        fprintf(v->out, "  # %s:%u", lines->file[now->file], now->line);
    *before = now;
}

static void end_insn(struct view *v)
{
    if (!v->line_open)
        return;
    show_source(v);
    fputc('\n', v->out);
    v->line_open = false;
}

static void show_loaded(struct view *v, const struct trace_event *event)
{
    fprintf(v->out, "  from ");
    show_address(v, event->a);
}

static void show_stored(struct view *v, const struct trace_event *event)
{
    fprintf(v->out, "  ");
    show_address(v, event->a);
    fprintf(v->out, "=0x%" PRIx64, event->c);
}

static void show_csr(struct view *v, const struct trace_event *event)
{
    fprintf(v->out, "  ");
    show_csr_name(v, event->a);
    fprintf(v->out, "=0x%" PRIx64, event->c);
}

static void show_quoted(const struct view *v, const char *text, size_t bytes)
{
    fputc('"', v->out);
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fprintf(v->out, "\\%c", c);
        else if (c < ' ' || c >= 0x7f)
            fprintf(v->out, "\\x%02x", c);
        else
            fputc(c, v->out);
    }
    fputc('"', v->out);
}

static void show_console(struct view *v, const struct trace_event *event)
{
    if (!console_text_add(&v->console, event))
        return;
    show_start(v, event);
    fprintf(v->out, "%-9s  ", trace_info[event->kind].name);
    show_quoted(v, v->console.text, v->console.bytes);
    fputc('\n', v->out);
    v->console.bytes = 0;
}

/* What ends the line of an instruction just shown. */
static void (*const show_effect[TRACE_KINDS])(struct view *, const struct trace_event *) = {
    [TRACE_LOADED] = show_loaded,
    [TRACE_STORED] = show_stored,
    [TRACE_CSR] = show_csr,
};

static void (*const show_own[TRACE_KINDS])(struct view *, const struct trace_event *) = {
    [TRACE_INSN] = show_insn,
    [TRACE_CONSOLE] = show_console,
};

/* ---- the view --------------------------------------------------------------------- */

/* A hart's privilege is that of its last instruction, or where a trap or a
 * return has led it since; the row of a trap itself shows where it happened. */
static void note_privilege(struct view *v, const struct trace_event *event, bool before)
{
    uint8_t *privilege = &v->privilege[event->tile];
    if (event->kind == TRACE_INSN)
        *privilege = event->b >> 32 & 3;
    else if (event->kind == TRACE_TRAP || event->kind == TRACE_RETURN)
        *privilege = event->a >> (before ? 32 : 40) & 3;
}

static bool is_shown(const struct trace_filter *filter, const struct trace_event *event)
{
    return (filter->tile == TILE_NONE || filter->tile == event->tile) &&
           event->cycle >= filter->from && event->cycle <= filter->to;
}

/* Did the instruction whose line is open do this? */
static bool is_effect(const struct view *v, const struct trace_event *event)
{
    return show_effect[event->kind] && v->line_open && v->insn.tile == event->tile &&
           v->insn.cycle == event->cycle;
}

static void show_line(struct view *v, const struct trace_event *event)
{
    end_insn(v);
    if (show_own[event->kind])
        show_own[event->kind](v, event);
    else
        show_fields(v, event);
}

static void show(struct view *v, const struct trace_event *event)
{
    note_privilege(v, event, true);
    if (is_shown(v->filter, event)) {
        if (is_effect(v, event))
            show_effect[event->kind](v, event);
        else
            show_line(v, event);
    }
    note_privilege(v, event, false);
}

bool trace_print_text(struct trace_reader *reader, const struct trace_filter *filter, FILE *out,
                      struct error *e)
{
    struct view v = {.header = trace_reader_header(reader), .filter = filter, .out = out};
    struct trace_event event;
    enum trace_read answer;
    v.privilege = mem_alloc(v.header->tiles);
    v.source = mem_alloc(v.header->tiles * sizeof *v.source);
    memset(v.privilege, 3, v.header->tiles);
    memset(v.source, 0, v.header->tiles * sizeof *v.source);
    while ((answer = trace_next(reader, &event, e)) == TRACE_READ_EVENT && !ferror(out))
        show(&v, &event);
    end_insn(&v);
    mem_free(v.privilege);
    mem_free(v.source);
    if (fflush(out) != 0 || ferror(out))
        return error_set(e, EXIT_STATUS_IO, "the text cannot be written: %s", strerror(errno));
    return answer != TRACE_READ_BAD;
}
