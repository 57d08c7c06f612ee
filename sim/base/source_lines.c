/*
 * Line tables.  A compiler describes each piece of code as a sequence of rows
 * (address, file, line) that ends with a row saying "no further":
 *
 *      unit a.c    | 10 a.c:3 | 18 a.c:4 | 20 end |
 *      unit b.c               | 20 b.c:7 | 2c b.c:9 | 40 end |
 *      here        | 10 a.c:3 | 18 a.c:4 | 20 b.c:7 | 2c b.c:9 | 40 - |
 *
 * All sequences go into one array, sorted by address, in which the last row of
 * an address counts, an end only where nothing else begins, and rows that say
 * nothing new are left out.  A look-up is a binary search.
 *
 * Files are named as the compiler was given them, relative to the directory it
 * ran in, so that the names are the same wherever the guest was built.
 *
 * Format: DWARF 5, section 6.2; read through libdw of elfutils.
 */
#include "sim/base/source_lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/base/hash.h"

/* ---- the table --------------------------------------------------------------- */

static unsigned add_file(struct source_lines *lines, const char *name, unsigned *bucket)
{
    unsigned index = lines->file_count++;
    if (index == lines->file_capacity) {
        lines->file_capacity = index ? 2 * index : 16;
        lines->file = mem_resize(lines->file, lines->file_capacity * sizeof *lines->file);
        lines->file_next =
            mem_resize(lines->file_next, lines->file_capacity * sizeof *lines->file_next);
    }
    lines->file[index] = mem_copy_string(name);
    lines->file_next[index] = *bucket;
    *bucket = index + 1;
    return index;
}

unsigned source_lines_file(struct source_lines *lines, const char *name)
{
    uint64_t hash = hash_bytes(HASH_SEED, name, strlen(name));
    unsigned *bucket = &lines->file_bucket[hash % SOURCE_FILE_BUCKETS];
    for (unsigned i = *bucket; i; i = lines->file_next[i - 1])
        if (strcmp(lines->file[i - 1], name) == 0)
            return i - 1;
    return add_file(lines, name, bucket);
}

void source_lines_add(struct source_lines *lines, uint64_t address, unsigned file, unsigned line)
{
    if (lines->count == lines->capacity) {
        lines->capacity = lines->capacity ? 2 * lines->capacity : 256;
        lines->item = mem_resize(lines->item, lines->capacity * sizeof *lines->item);
    }
    lines->item[lines->count++] = (struct source_line){address, file, line};
}

void source_lines_free(struct source_lines *lines)
{
    for (unsigned i = 0; i < lines->file_count; i++)
        mem_free(lines->file[i]);
    mem_free(lines->file);
    mem_free(lines->file_next);
    mem_free(lines->item);
    *lines = (struct source_lines){0};
}

/* ---- sorting ------------------------------------------------------------------- */

/* A row with the place where it was added, so that equals keep their order. */
struct placed {
    struct source_line row;
    unsigned place;
};

static int compare(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    if (a->row.address != b->row.address)
        return a->row.address < b->row.address ? -1 : 1;
    if (!a->row.line != !b->row.line)
        return a->row.line ? 1 : -1; /* an end gives way */
    return (a->place > b->place) - (a->place < b->place);
}

static bool says_the_same(const struct source_line *a, const struct source_line *b)
{
    return a->line == b->line && (a->line == 0 || a->file == b->file);
}

/* Keeps the last row of each address, and of these the ones that say
 * something new. */
static void keep_news(struct source_lines *lines, const struct placed *sorted)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < lines->count; i++) {
        const struct source_line *row = &sorted[i].row;
        if (i + 1 < lines->count && sorted[i + 1].row.address == row->address)
            continue;
        if (kept ? says_the_same(&lines->item[kept - 1], row) : row->line == 0)
            continue;
        lines->item[kept++] = *row;
    }
    lines->count = kept;
}

void source_lines_sort(struct source_lines *lines)
{
    if (lines->count == 0)
        return;
    struct placed *sorted = mem_alloc(lines->count * sizeof *sorted);
    for (unsigned i = 0; i < lines->count; i++)
        sorted[i] = (struct placed){lines->item[i], i};
    qsort(sorted, lines->count, sizeof *sorted, compare);
    keep_news(lines, sorted);
    mem_free(sorted);
}

/* ---- looking up ------------------------------------------------------------------ */

const struct source_line *source_lines_at(const struct source_lines *lines, uint64_t address)
{
    unsigned low = 0, high = lines->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (lines->item[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low && lines->item[low - 1].line ? &lines->item[low - 1] : NULL;
}

char *source_lines_format(const struct source_lines *lines, uint64_t address, char *text,
                          size_t bytes)
{
    const struct source_line *at = source_lines_at(lines, address);
    text[0] = '\0';
    if (at)
        snprintf(text, bytes, "%s:%u", lines->file[at->file], at->line);
    return text;
}

/* ---- DWARF ------------------------------------------------------------------------ */

/* The name without the directory that the unit was compiled in. */
static const char *relative_name(const char *name, const char *directory)
{
    size_t bytes = directory ? strlen(directory) : 0;
    bool inside = bytes && strncmp(name, directory, bytes) == 0 && name[bytes] == '/';
    return inside ? name + bytes + 1 : name;
}

static void add_row(struct source_lines *lines, Dwarf_Line *row, const char *directory)
{
    Dwarf_Addr address;
    int line = 0;
    bool end = false;
    const char *name = dwarf_linesrc(row, NULL, NULL);
    if (dwarf_lineaddr(row, &address) != 0 || dwarf_lineno(row, &line) != 0 ||
        dwarf_lineendsequence(row, &end) != 0)
        return;
    if (end || !name || line <= 0)
        source_lines_add(lines, address, 0, 0);
    else
        source_lines_add(lines, address, source_lines_file(lines, relative_name(name, directory)),
                         (unsigned)line);
}

static void add_unit(struct source_lines *lines, Dwarf_Die *unit)
{
    Dwarf_Attribute attribute;
    Dwarf_Lines *rows;
    size_t count;
    const char *directory =
        dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute)); /* NULL: none */
    if (dwarf_getsrclines(unit, &rows, &count) != 0)
        return;
    for (size_t i = 0; i < count; i++)
        add_row(lines, dwarf_onesrcline(rows, i), directory);
}

static void add_units(struct source_lines *lines, Dwarf *dwarf)
{
    Dwarf_Off at = 0, next;
    size_t header_bytes;
    while (dwarf_nextcu(dwarf, at, &next, &header_bytes, NULL, NULL, NULL) == 0) {
        Dwarf_Die unit;
        if (dwarf_offdie(dwarf, at + header_bytes, &unit))
            add_unit(lines, &unit);
        at = next;
    }
}

void source_lines_load(struct source_lines *lines, const uint8_t *file, size_t bytes)
{
    *lines = (struct source_lines){0};
    elf_version(EV_CURRENT);
    /* libelf may want to change what it is given. */
    uint8_t *copy = mem_alloc(bytes);
    memcpy(copy, file, bytes);
    Elf *elf = elf_memory((char *)copy, bytes);
    Dwarf *dwarf = elf ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;
    if (dwarf)
        add_units(lines, dwarf);
    source_lines_sort(lines);
    dwarf_end(dwarf);
    elf_end(elf);
    mem_free(copy);
}
