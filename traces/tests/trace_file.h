/* A trace file of a test: made in the temporary directory, removed after it. */
#ifndef TESSERA_TESTS_TRACE_FILE_H
#define TESSERA_TESTS_TRACE_FILE_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "traces/traces.h"

enum { TEST_TILES = 8 };

static char trace_path[4096];
static struct symbols trace_symbols;
static struct source_lines trace_lines;
static struct error error;

static const char *const packet_names[] = {"GetS", "GetM"};
static const char *const wait_names[] = {"running", "line", "message"};

static inline void make_file(void)
{
    const char *directory = getenv("TMPDIR");
    snprintf(trace_path, sizeof trace_path, "%s/tessera-trace-XXXXXX",
             directory ? directory : P_tmpdir);
    close(mkstemp(trace_path));
    symbols_add(&trace_symbols, SYMBOL_FUNCTION, "_start", 0x80000000, 0x40);
    symbols_add(&trace_symbols, SYMBOL_OBJECT, "counter", 0x80001000, 8);
    symbols_sort(&trace_symbols);
    unsigned file = source_lines_file(&trace_lines, "boot/start.S");
    source_lines_add(&trace_lines, 0x80000020, file, 7);
    source_lines_add(&trace_lines, 0x80000028, file, 8);
    source_lines_add(&trace_lines, 0x80000030, 0, 0);
    source_lines_sort(&trace_lines);
}

static inline void remove_file(void)
{
    unlink(trace_path);
    symbols_free(&trace_symbols);
    source_lines_free(&trace_lines);
}

static inline struct trace *create_trace(void)
{
    struct trace_header header = {
        .tiles = TEST_TILES,
        .guest = "guest.elf",
        .guest_hash = 0x1234567890abcdefu,
        .config = "mesh:\n  width: 4\n",
        .packets = {packet_names, 2},
        .waits = {wait_names, 3},
        .symbols = &trace_symbols,
        .lines = &trace_lines,
    };
    struct trace *t = trace_create(trace_path, &header, &error);
    cr_assert_not_null(t, "%s", error.text);
    return t;
}

/* The file's bytes; the caller frees them with mem_free. */
static inline uint8_t *read_bytes(size_t *bytes)
{
    FILE *f = fopen(trace_path, "rb");
    fseek(f, 0, SEEK_END);
    *bytes = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = mem_alloc(*bytes);
    cr_assert_eq(fread(data, 1, *bytes, f), *bytes);
    fclose(f);
    return data;
}

static inline void write_bytes(const uint8_t *data, size_t bytes)
{
    FILE *f = fopen(trace_path, "wb");
    cr_assert_eq(fwrite(data, 1, bytes, f), bytes);
    fclose(f);
}

#endif
