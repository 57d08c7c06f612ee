/* What was written comes back; what was altered or cut off does not pass. */
#include "traces/tests/trace_file.h"

enum { EVENTS = 70000 }; /* three blocks */

TestSuite(reader, .init = make_file, .fini = remove_file);

static struct trace_event expected_event(unsigned i)
{
    return (struct trace_event){.cycle = i / 3 + (i > 100 ? 1000000000000u : 0),
                                .a = i * 0x9e3779b97f4a7c15u,
                                .b = ~(uint64_t)i,
                                .c = i,
                                .tile = (tile_id)(i % 3),
                                .kind = TRACE_INSN};
}

static void write_events(unsigned count)
{
    struct trace *t = create_trace();
    for (unsigned i = 0; i < count; i++) {
        struct trace_event x = expected_event(i);
        trace_emit(t, x.tile, x.cycle, x.kind, x.a, x.b, x.c);
    }
    cr_assert(trace_close(t, &error), "%s", error.text);
}

/* Reads to the end; every event must be the one that was written. */
static enum trace_read read_events(unsigned *count)
{
    struct trace_event event;
    enum trace_read answer = TRACE_READ_BAD;
    struct trace_reader *r = trace_open(trace_path, &error);
    *count = 0;
    if (!r)
        return TRACE_READ_BAD;
    while ((answer = trace_next(r, &event, &error)) == TRACE_READ_EVENT) {
        struct trace_event x = expected_event((*count)++);
        cr_assert(event.cycle == x.cycle && event.tile == x.tile && event.kind == x.kind &&
                      event.a == x.a && event.b == x.b && event.c == x.c,
                  "event %u differs", *count - 1);
    }
    trace_reader_close(r);
    return answer;
}

Test(reader, returns_what_was_written)
{
    unsigned count;
    write_events(EVENTS);
    cr_assert_eq(read_events(&count), TRACE_READ_END, "%s", error.text);
    cr_assert_eq(count, EVENTS);
}

Test(reader, returns_the_header)
{
    write_events(0);
    struct trace_reader *r = trace_open(trace_path, &error);
    cr_assert_not_null(r, "%s", error.text);
    const struct trace_header *h = trace_reader_header(r);
    char text[SYMBOL_TEXT_MAX];
    cr_assert_eq(h->tiles, TEST_TILES);
    cr_assert_str_eq(h->guest, "guest.elf");
    cr_assert_eq(h->guest_hash, 0x1234567890abcdefu);
    cr_assert_str_eq(h->config, "mesh:\n  width: 4\n");
    cr_assert_eq(h->packets.count, 2);
    cr_assert_str_eq(h->packets.name[1], "GetM");
    cr_assert_str_eq(h->waits.name[2], "message");
    cr_assert_str_eq(symbols_format(h->symbols, 0x80000004, text, sizeof text), "<_start+0x4>");
    cr_assert_str_eq(symbols_format(h->symbols, 0x80001000, text, sizeof text), "<counter>");
    cr_assert_str_eq(source_lines_format(h->lines, 0x80000024, text, sizeof text),
                     "boot/start.S:7");
    cr_assert_str_eq(source_lines_format(h->lines, 0x80000030, text, sizeof text), "");
    trace_reader_close(r);
}

Test(reader, header_without_guest_is_empty)
{
    struct trace_header header = {.tiles = 1};
    struct trace *t = trace_create(trace_path, &header, &error);
    cr_assert(trace_close(t, &error));
    struct trace_reader *r = trace_open(trace_path, &error);
    cr_assert_not_null(r, "%s", error.text);
    cr_assert_str_eq(trace_reader_header(r)->guest, "");
    cr_assert_eq(trace_reader_header(r)->symbols->count, 0);
    trace_reader_close(r);
}

Test(reader, gives_the_good_events_of_a_truncated_trace_and_counts_them)
{
    unsigned count;
    size_t bytes;
    char expected[64];
    write_events(EVENTS);
    uint8_t *data = read_bytes(&bytes);
    write_bytes(data, bytes - 40);
    cr_assert_eq(read_events(&count), TRACE_READ_BAD);
    cr_assert_eq(error.status, EXIT_STATUS_INPUT);
    cr_assert_gt(count, 0);
    snprintf(expected, sizeof expected, "truncated after %u events", count);
    cr_assert(strstr(error.text, expected), "%s", error.text);
    mem_free(data);
}

Test(reader, refuses_every_truncation)
{
    unsigned count;
    size_t bytes;
    write_events(50);
    uint8_t *data = read_bytes(&bytes);
    for (size_t kept = 0; kept < bytes; kept++) {
        write_bytes(data, kept);
        cr_assert_eq(read_events(&count), TRACE_READ_BAD, "%zu of %zu bytes pass", kept, bytes);
        cr_assert_eq(error.status, EXIT_STATUS_INPUT);
    }
    mem_free(data);
}

Test(reader, refuses_every_altered_byte)
{
    unsigned count;
    size_t bytes;
    write_events(50);
    uint8_t *data = read_bytes(&bytes);
    for (size_t i = 0; i < bytes; i++) {
        data[i] ^= 0x10;
        write_bytes(data, bytes);
        cr_assert_eq(read_events(&count), TRACE_READ_BAD, "byte %zu may be altered", i);
        cr_assert_eq(error.status, EXIT_STATUS_INPUT);
        data[i] ^= 0x10;
    }
    mem_free(data);
}

Test(reader, refuses_a_trace_with_a_block_left_out)
{
    unsigned count;
    size_t bytes;
    write_events(EVENTS);
    uint8_t *data = read_bytes(&bytes);
    size_t header = 16 + 24 + (data[28] | (size_t)data[29] << 8);
    size_t first = 24 + (data[header + 12] | (size_t)data[header + 13] << 8 |
                         (size_t)data[header + 14] << 16 | (size_t)data[header + 15] << 24);
    memmove(data + header, data + header + first, bytes - header - first);
    write_bytes(data, bytes - first);
    cr_assert_eq(read_events(&count), TRACE_READ_BAD);
    cr_assert_eq(count, 0);
    cr_assert(strstr(error.text, "altered after 0 events"), "%s", error.text);
    mem_free(data);
}

Test(reader, refuses_what_follows_the_end)
{
    unsigned count;
    write_events(5);
    FILE *f = fopen(trace_path, "ab");
    fputc('x', f);
    fclose(f);
    cr_assert_eq(read_events(&count), TRACE_READ_BAD);
    cr_assert(strstr(error.text, "follows its end"), "%s", error.text);
}

Test(reader, names_what_is_not_a_trace)
{
    write_bytes((const uint8_t *)"pc,instruction\n0,1\nmore text\n", 29);
    cr_assert_null(trace_open(trace_path, &error));
    cr_assert_eq(error.status, EXIT_STATUS_INPUT);
    cr_assert(strstr(error.text, "not an event trace"), "%s", error.text);
}

Test(reader, names_another_version)
{
    size_t bytes;
    write_events(1);
    uint8_t *data = read_bytes(&bytes);
    data[8] = 9;
    write_bytes(data, bytes);
    cr_assert_null(trace_open(trace_path, &error));
    cr_assert(strstr(error.text, "version 9"), "%s", error.text);
    mem_free(data);
}

Test(reader, names_a_missing_file)
{
    unlink(trace_path);
    cr_assert_null(trace_open(trace_path, &error));
    cr_assert_eq(error.status, EXIT_STATUS_INPUT);
    cr_assert(strstr(error.text, trace_path));
}
