/* Source lines of addresses: the table, and the DWARF of this very program. */
#include "sim/base/source_lines.h"

#include <criterion/criterion.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/arena.h"

static struct source_lines lines;

static void release(void)
{
    source_lines_free(&lines);
}

TestSuite(source_lines, .fini = release);

static void expect_source(uint64_t address, const char *expected)
{
    char text[SOURCE_TEXT_MAX];
    source_lines_format(&lines, address, text, sizeof text);
    cr_assert_str_eq(text, expected, "at 0x%lx: \"%s\", not \"%s\"", address, text, expected);
}

Test(source_lines, holds_from_its_address_to_the_next)
{
    unsigned a = source_lines_file(&lines, "a.c"), b = source_lines_file(&lines, "b.c");
    cr_assert_eq(source_lines_file(&lines, "a.c"), a);
    source_lines_add(&lines, 0x120, b, 7);
    source_lines_add(&lines, 0x100, a, 3);
    source_lines_add(&lines, 0x110, a, 4);
    source_lines_add(&lines, 0x130, 0, 0);
    source_lines_sort(&lines);
    expect_source(0xff, "");
    expect_source(0x100, "a.c:3");
    expect_source(0x10f, "a.c:3");
    expect_source(0x110, "a.c:4");
    expect_source(0x12f, "b.c:7");
    expect_source(0x130, "");
    expect_source(UINT64_MAX, "");
}

Test(source_lines, last_row_of_an_address_counts_and_an_end_gives_way)
{
    unsigned a = source_lines_file(&lines, "a.c");
    source_lines_add(&lines, 0x100, a, 3);
    source_lines_add(&lines, 0x100, a, 5);
    source_lines_add(&lines, 0x110, a, 9);
    source_lines_add(&lines, 0x110, 0, 0); /* the unit before ends where this begins */
    source_lines_sort(&lines);
    expect_source(0x108, "a.c:5");
    expect_source(0x110, "a.c:9");
}

Test(source_lines, keeps_only_rows_that_say_something_new)
{
    unsigned a = source_lines_file(&lines, "a.c"), b = source_lines_file(&lines, "b.c");
    source_lines_add(&lines, 0x0, 0, 0);
    source_lines_add(&lines, 0x100, a, 3);
    source_lines_add(&lines, 0x104, a, 3);
    source_lines_add(&lines, 0x108, b, 3);
    source_lines_add(&lines, 0x10c, 0, 0);
    source_lines_add(&lines, 0x110, 1, 0);
    source_lines_sort(&lines);
    cr_assert_eq(lines.count, 3);
    expect_source(0x104, "a.c:3");
    expect_source(0x108, "b.c:3");
    expect_source(0x110, "");
}

Test(source_lines, many_files_keep_their_numbers)
{
    char name[32];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "directory/file%u.c", i);
        cr_assert_eq(source_lines_file(&lines, name), i);
    }
    cr_assert_eq(source_lines_file(&lines, "directory/file4321.c"), 4321);
}

Test(source_lines, empty_table_knows_nothing)
{
    source_lines_sort(&lines);
    expect_source(0, "");
    expect_source(0x80000000, "");
}

/* ---- DWARF ---------------------------------------------------------------------- */

enum { MARKED_FIRST = __LINE__ };
int marked_function(int n);
int marked_function(int n)
{
    return n + 1;
}
enum { MARKED_LAST = __LINE__ };

/* How far the system has moved this program from where it is linked. */
static int take_bias(struct dl_phdr_info *info, size_t bytes, void *bias)
{
    (void)bytes;
    *(uint64_t *)bias = info->dlpi_addr;
    return 1; /* the first is the program itself */
}

static uint8_t *read_itself(size_t *bytes)
{
    enum { MOST = 64 << 20 };
    uint8_t *file = mem_alloc(MOST);
    FILE *f = fopen("/proc/self/exe", "rb");
    *bytes = fread(file, 1, MOST, f);
    fclose(f);
    return file;
}

Test(source_lines, reads_the_line_tables_of_an_elf)
{
    size_t bytes;
    uint64_t bias = 0;
    uint8_t *file = read_itself(&bytes);
    dl_iterate_phdr(take_bias, &bias);
    source_lines_load(&lines, file, bytes);
    uint64_t address = (uint64_t)(uintptr_t)marked_function - bias;
    const struct source_line *at = source_lines_at(&lines, address);
    cr_assert_not_null(at);
    cr_assert_str_eq(lines.file[at->file], "sim/base/tests/test_source_lines.c");
    cr_assert(at->line > MARKED_FIRST && at->line < MARKED_LAST, "line %u", at->line);
    cr_assert_gt(lines.count, 20);
    mem_free(file);
}

Test(source_lines, damaged_tables_are_no_lines_and_no_crash)
{
    size_t bytes;
    uint8_t *file = read_itself(&bytes);
    memset(file + bytes / 4, 0xa5, bytes / 2);
    source_lines_load(&lines, file, bytes);
    source_lines_free(&lines);
    source_lines_load(&lines, file, 100);
    cr_assert_eq(lines.count, 0);
    source_lines_load(&lines, (const uint8_t *)"no ELF", 6);
    cr_assert_eq(lines.count, 0);
    mem_free(file);
}
