/* The end of a stream: the last lines, whole, however they were written. */
#include "sim/cli/tail.h"

#include <criterion/criterion.h>
#include <string.h>

static struct tail tail;
static FILE *f;
static char lines[TAIL_BYTES + 1];

static void open_tail(void)
{
    f = tail_open(&tail);
    cr_assert_not_null(f);
}

static const char *last(void)
{
    fflush(f);
    tail_lines(&tail, lines);
    return lines;
}

static void close_tail(void)
{
    fclose(f);
}

TestSuite(tail, .init = open_tail, .fini = close_tail);

Test(tail, of_nothing_is_nothing)
{
    cr_expect_str_eq(last(), "");
    fputs("\n\n", f);
    cr_expect_str_eq(last(), "");
}

Test(tail, short_texts_are_kept_whole)
{
    fputs("one\n", f);
    fflush(f);
    fputs("two", f);
    cr_expect_str_eq(last(), "one\ntwo");
}

Test(tail, the_last_lines_remain)
{
    for (unsigned i = 1; i <= 1000; i++)
        fprintf(f, "line %u\n", i);
    cr_expect_eq(strncmp(last(), "line 991\nline 992\n", 18), 0, "%s", lines);
    cr_expect_str_eq(lines + strlen(lines) - 9, "line 1000");
}

Test(tail, a_line_that_lost_its_beginning_is_left_out)
{
    for (unsigned i = 0; i < TAIL_BYTES; i++)
        fputc('x', f);
    fputs("\nwhole\n", f);
    cr_expect_str_eq(last(), "whole");
}

Test(tail, one_line_that_is_too_long_keeps_its_end)
{
    for (unsigned i = 0; i < 3 * TAIL_BYTES; i++)
        fputc(i == 3 * TAIL_BYTES - 1 ? 'z' : 'x', f);
    cr_expect_eq(strlen(last()), TAIL_BYTES);
    cr_expect_eq(lines[TAIL_BYTES - 1], 'z');
}
