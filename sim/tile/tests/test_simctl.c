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

Test(simctl, samples_go_to_the_selected_series)
{
    uint64_t a = name_series("a", "cycles"), b = name_series("b", "messages");
    cr_assert_neq(a, b);
    cr_assert_str_eq(lone.shared.series[1].name, "b");
    cr_assert_str_eq(lone.shared.series[1].unit, "messages");
    put(SIMCTL_SELECT, a);
    put(SIMCTL_SAMPLE, 10);
    put(SIMCTL_SELECT, b);
    put(SIMCTL_SAMPLE, 20);
    put(SIMCTL_SAMPLE, 22);
    put(SIMCTL_SELECT, a);
    put(SIMCTL_SAMPLE, 14);
    cr_assert_eq(lone.shared.series[0].hist.count, 2);
    cr_assert_eq(lone.shared.series[0].hist.sum, 24);
    cr_assert_eq(lone.shared.series[1].hist.sum, 42);
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
    cr_assert_eq(lone.shared.series[1].hist.sum, 11, "both samples are b's");
    cr_assert_eq(lone.shared.series[0].hist.count, 0);
}

Test(simctl, samples_without_a_series_are_dropped_and_a_bad_selection_is_ignored)
{
    put(SIMCTL_SAMPLE, 1);
    cr_assert_eq(lone.shared.series_count, 0);
    name_series("a", "x");
    put(SIMCTL_SELECT, 7);
    put(SIMCTL_SAMPLE, 3);
    cr_assert_eq(lone.shared.series[0].hist.sum, 3);
}

Test(simctl, names_that_are_too_long_are_cut)
{
    char name[1000];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    name_series(name, "unit");
    cr_assert_eq(strlen(lone.shared.series[0].name), SIMCTL_NAME_BYTES - 1);
    cr_assert_eq(name_series("next", "x"), 1, "the buffer is empty again");
    cr_assert_str_eq(lone.shared.series[1].name, "next");
}

Test(simctl, more_series_than_there_is_room_for_do_no_harm)
{
    char name[16];
    for (unsigned n = 0; n < 2 * SERIES_MAX; n++) {
        snprintf(name, sizeof name, "series%u", n);
        cr_assert_lt(name_series(name, "x"), SERIES_PER_TILE);
        put(SIMCTL_SELECT, n);
        put(SIMCTL_SAMPLE, 1);
    }
    cr_assert_leq(lone.shared.series_count, SERIES_MAX);
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
