/*
 * The simulation-control page: the console by lines, series by name, numbers
 * that belong to the tile.
 */
#include "sim/tile/tests/lone_tile.h"

TestSuite(simctl, .init = lone_create, .fini = lone_destroy);

static void put(unsigned offset, uint64_t value)
{
    simctl_write(&lone.tile, offset, value, 100);
}

static void print(const char *text)
{
    for (; *text; text++)
        put(SIMCTL_CONSOLE, (uint8_t)*text);
}

static uint64_t name_series(const char *name, const char *unit)
{
    for (; *name; name++)
        put(SIMCTL_NAME, (uint8_t)*name);
    put(SIMCTL_NAME, 0);
    for (; *unit; unit++)
        put(SIMCTL_NAME, (uint8_t)*unit);
    return simctl_read(&lone.tile, SIMCTL_SERIES, 100);
}

static void check_line(unsigned line, const char *text)
{
    cr_assert_lt(line, lone.shared.line_count);
    cr_assert_eq(lone.shared.line[line].bytes, strlen(text));
    cr_assert_arr_eq(lone.shared.line[line].text, text, strlen(text));
    cr_assert_eq(lone.shared.line[line].tile, LONE_TILE);
}

/* ---- console ---------------------------------------------------------------------- */

Test(simctl, a_line_is_kept_until_it_ends)
{
    print("hello");
    cr_assert_eq(lone.shared.line_count, 0);
    print(" world\nnext");
    cr_assert_eq(lone.shared.line_count, 1);
    check_line(0, "hello world\n");
    simctl_end_line(lone.tile.simctl, LONE_TILE, 200);
    check_line(1, "next");
    cr_assert_eq(lone.shared.line[1].cycle, 200);
    simctl_end_line(lone.tile.simctl, LONE_TILE, 300);
    cr_assert_eq(lone.shared.line_count, 2, "an empty rest is no line");
}

Test(simctl, a_line_that_is_too_long_comes_in_pieces)
{
    for (unsigned i = 0; i < CONSOLE_LINE_MAX + 10; i++)
        put(SIMCTL_CONSOLE, 'a' + i % 26);
    put(SIMCTL_CONSOLE, '\n');
    cr_assert_eq(lone.shared.line_count, 2);
    cr_assert_eq(lone.shared.line[0].bytes, CONSOLE_LINE_MAX);
    cr_assert_eq(lone.shared.line[1].bytes, 11);
    cr_assert_eq(lone.shared.line[1].text[0], 'a' + CONSOLE_LINE_MAX % 26);
}

Test(simctl, bytes_are_kept_as_they_are)
{
    for (unsigned c = 0; c < 256; c++)
        if (c != '\n')
            put(SIMCTL_CONSOLE, c);
    put(SIMCTL_CONSOLE, '\n');
    cr_assert_eq(lone.shared.line[0].bytes, 256);
    cr_assert_eq((uint8_t)lone.shared.line[0].text[254], 255);
}

Test(simctl, any_number_of_lines_may_wait)
{
    for (unsigned n = 0; n < 1000; n++)
        print("x\n");
    cr_assert_eq(lone.shared.line_count, 1000);
    check_line(999, "x\n");
}

/* ---- series ---------------------------------------------------------------------------- */

/* The distribution of a series, wherever it is kept. */
static const struct hist *series(const char *name, const char *unit)
{
    for (unsigned b = 0; b < SERIES_BUCKETS; b++)
        for (const struct series *s = lone.shared.bucket[b]; s; s = s->next)
            if (strcmp(s->name, name) == 0 && strcmp(s->unit, unit) == 0)
                return &s->hist;
    cr_assert_fail("no series %s (%s)", name, unit);
    return NULL;
}

Test(simctl, samples_go_to_the_selected_series)
{
    uint64_t a = name_series("a", "cycles"), b = name_series("b", "messages");
    cr_assert_neq(a, b);
    put(SIMCTL_SELECT, a);
    put(SIMCTL_SAMPLE, 10);
    put(SIMCTL_SELECT, b);
    put(SIMCTL_SAMPLE, 20);
    put(SIMCTL_SAMPLE, 22);
    put(SIMCTL_SELECT, a);
    put(SIMCTL_SAMPLE, 14);
    cr_assert_eq(series("a", "cycles")->count, 2);
    cr_assert_eq(series("a", "cycles")->sum, 24);
    cr_assert_eq(series("b", "messages")->sum, 42);
}

Test(simctl, one_name_and_unit_are_one_series)
{
    uint64_t first = name_series("op", "cycles");
    cr_assert_neq(name_series("op", "ns"), first, "another unit is another series");
    cr_assert_eq(name_series("op", "cycles"), first);
    cr_assert_eq(lone.shared.series_count, 2);
}

Test(simctl, a_tile_numbers_its_series_by_itself_and_shares_them_by_name)
{
    static struct simctl other;
    struct simctl *mine = lone.tile.simctl;
    other.shared = &lone.shared;
    name_series("a", "x"); /* this tile: a, b; the other: b, a */
    name_series("b", "x");
    lone.tile.simctl = &other;
    cr_assert_eq(name_series("b", "x"), 0, "the other tile's first");
    cr_assert_eq(name_series("a", "x"), 1);
    put(SIMCTL_SELECT, 0);
    put(SIMCTL_SAMPLE, 5);
    lone.tile.simctl = mine;
    put(SIMCTL_SELECT, 1);
    put(SIMCTL_SAMPLE, 6);
    cr_assert_eq(lone.shared.series_count, 2);
    cr_assert_eq(series("b", "x")->sum, 11, "both samples are b's");
    cr_assert_eq(series("a", "x")->count, 0);
}

Test(simctl, samples_without_a_series_are_dropped_and_a_bad_selection_is_ignored)
{
    put(SIMCTL_SAMPLE, 1);
    cr_assert_eq(lone.shared.series_count, 0);
    name_series("a", "x");
    put(SIMCTL_SELECT, 7);
    put(SIMCTL_SAMPLE, 3);
    cr_assert_eq(series("a", "x")->sum, 3);
}

static void check_fault(const char *text)
{
    cr_assert_eq(lone.htif.end, HTIF_FAULT);
    cr_assert_eq(lone.htif.end_tile, LONE_TILE);
    cr_assert_not_null(strstr(lone.htif.fault, text), "%s", lone.htif.fault);
}

Test(simctl, the_longest_names_and_units_are_kept_whole)
{
    char name[SIMCTL_NAME_BYTES], unit[SIMCTL_UNIT_BYTES];
    memset(name, 'n', sizeof name);
    memset(unit, 'u', sizeof unit);
    name[SIMCTL_NAME_BYTES - 1] = '\0';
    unit[SIMCTL_UNIT_BYTES - 1] = '\0';
    cr_assert_eq(name_series(name, unit), 0);
    cr_assert_eq(lone.htif.end, HTIF_RUNS);
    cr_assert_eq(series(name, unit)->count, 0);
}

static void check_too_long(unsigned name_bytes, unsigned unit_bytes)
{
    char name[1000], unit[1000];
    memset(name, 'n', sizeof name);
    memset(unit, 'u', sizeof unit);
    name[name_bytes] = unit[unit_bytes] = '\0';
    lone.htif = (struct htif){.stop_at = CYCLE_NEVER, .serve_at = CYCLE_NEVER};
    name_series(name, unit);
    check_fault("fewer than 96 bytes");
    cr_assert_eq(lone.shared.series_count, 0);
}

Test(simctl, a_name_or_unit_that_is_too_long_ends_the_run)
{
    check_too_long(SIMCTL_NAME_BYTES, 1);
    check_too_long(1, SIMCTL_UNIT_BYTES);
    check_too_long(SIMCTL_NAME_BYTES - 1, SIMCTL_UNIT_BYTES);
    check_too_long(999, 999);
    check_too_long(5, 999);
    cr_assert_eq(name_series("next", "x"), 0, "the buffer is empty again");
    cr_assert_eq(series("next", "x")->count, 0);
}

Test(simctl, a_tile_has_256_series_and_one_more_ends_the_run)
{
    char name[16];
    for (unsigned n = 0; n < SIMCTL_SERIES_MAX; n++) {
        snprintf(name, sizeof name, "series%u", n);
        cr_assert_eq(name_series(name, "x"), n);
        put(SIMCTL_SELECT, n);
        put(SIMCTL_SAMPLE, n);
    }
    cr_assert_eq(lone.htif.end, HTIF_RUNS);
    cr_assert_eq(name_series("series17", "x"), 17, "an old one is none more");
    cr_assert_eq(lone.htif.end, HTIF_RUNS);
    put(SIMCTL_SELECT, name_series("surplus", "y"));
    check_fault("256 series a tile: \"surplus\" (y)");
    cr_assert_eq(lone.shared.series_count, SIMCTL_SERIES_MAX);
    for (unsigned n = 0; n < SIMCTL_SERIES_MAX; n++) {
        snprintf(name, sizeof name, "series%u", n);
        cr_assert_eq(series(name, "x")->sum, n);
    }
}

/* ---- the rest ------------------------------------------------------------------------------- */

Test(simctl, the_cycle_register_tells_the_accesss_own_cycle)
{
    cr_assert_eq(simctl_read(&lone.tile, SIMCTL_CYCLE, 4711), 4711);
}

Test(simctl, marks_are_counted)
{
    put(SIMCTL_MARK, 1);
    put(SIMCTL_MARK, 2);
    cr_assert_eq(lone.shared.marks, 2);
}

Test(simctl, offsets_without_a_register_read_zero_and_take_nothing)
{
    for (unsigned offset = SIMCTL_CYCLE + 8; offset < MAP_SIMCTL_BYTES; offset += 8) {
        put(offset, 1);
        cr_assert_eq(simctl_read(&lone.tile, offset, 100), 0);
    }
    cr_assert_eq(lone.shared.line_count + lone.shared.series_count + lone.shared.marks, 0);
}
