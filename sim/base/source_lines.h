/*
 * Source lines of addresses, from a guest's debugging information, so that a
 * trace or a report can say heapsort.c:31 instead of a number.
 */
#ifndef TESSERA_SOURCE_LINES_H
#define TESSERA_SOURCE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From `address` up to the next entry's. */
struct source_line {
    uint64_t address;
    uint32_t file; /* index of source_lines.file */
    uint32_t line; /* 0: code of which no source is known */
};

enum { SOURCE_FILE_BUCKETS = 256 };

struct source_lines {
    char **file;
    unsigned file_count, file_capacity;
    struct source_line *item;
    unsigned count, capacity;
    unsigned *file_next; /* files by hash of their name: chains of index + 1 */
    unsigned file_bucket[SOURCE_FILE_BUCKETS];
};

enum { SOURCE_TEXT_MAX = 256 };

/* Reads the line tables (DWARF) of an ELF file in memory.  A file without them,
 * or with damaged ones, has no source lines; that is no error. */
void source_lines_load(struct source_lines *lines, const uint8_t *elf, size_t bytes);

/* Builds a table by hand: the index of a file's name (copied), then lines in
 * any order.  Call source_lines_sort once after the last one. */
unsigned source_lines_file(struct source_lines *lines, const char *name);
void source_lines_add(struct source_lines *lines, uint64_t address, unsigned file, unsigned line);
void source_lines_sort(struct source_lines *lines);
void source_lines_free(struct source_lines *lines);

/* The line that the code at `address` comes from, or NULL. */
const struct source_line *source_lines_at(const struct source_lines *lines, uint64_t address);

/* "file:line", or "" where none is known.  Returns `text`. */
char *source_lines_format(const struct source_lines *lines, uint64_t address, char *text,
                          size_t bytes);

#endif
