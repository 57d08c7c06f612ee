/* The CPI stack as people and programs read it. */
#include "sim/cli/cpi.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct run_hart harts[] = {
    {.tile = 0, .mode = 'U', .cycles = 200, .instructions = 100, .part = {100, 0, 100}},
    {.tile = 0, .mode = 'M', .cycles = 100, .instructions = 100, .part = {100}},
    {.tile = 1, .mode = 'M', .cycles = 100, .part = {0, 0, 100}},
};
static const struct run_outcome outcome = {
    .hart = harts, .hart_count = 3, .part = {"base", "fetch", "idle"}, .part_count = 3};

static char *table_of(const struct run_outcome *o)
{
    char *text;
    size_t bytes;
    FILE *f = open_memstream(&text, &bytes);
    cpi_print(o, f);
    fclose(f);
    return text;
}

Test(cpi, rows_are_harts_then_modes_then_all)
{
    char *text = table_of(&outcome);
    cr_expect_str_eq(text, "tile        cycles    CPI    base    idle   (% of cycles)\n"
                           "0              300   1.50    66.7    33.3\n"
                           "1              100      -       -   100.0\n"
                           "in U           200   2.00    50.0    50.0\n"
                           "in M           200   2.00    50.0    50.0\n"
                           "all            400   2.00    50.0    50.0\n");
    free(text);
}

Test(cpi, a_run_without_harts_has_no_table)
{
    char *text = table_of(&(struct run_outcome){0});
    cr_expect_str_eq(text, "");
    free(text);
}

Test(cpi, the_parts_of_each_mode_add_up_in_json)
{
    json_t *list = cpi_object(&outcome);
    cr_assert_eq(json_array_size(list), 3);
    for (unsigned i = 0; i < 3; i++) {
        const json_t *hart = json_array_get(list, i);
        json_int_t sum = 0;
        const char *name;
        json_t *cycles;
        json_object_foreach(json_object_get(hart, "parts"), name, cycles) sum +=
            json_integer_value(cycles);
        cr_expect_eq(sum, json_integer_value(json_object_get(hart, "cycles")));
        cr_expect_eq(json_integer_value(json_object_get(hart, "tile")), harts[i].tile);
        cr_expect_eq(json_string_value(json_object_get(hart, "mode"))[0], harts[i].mode);
    }
    json_decref(list);
}
