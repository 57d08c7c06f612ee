/* tessera list: every listing, as text and as JSON. */
#include "sim/cli/cli.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/config.h"

static void listen(void)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
}

TestSuite(cmd_list, .init = listen, .timeout = 60);

static int list(const char *what, const char *option)
{
    char name[] = "tessera list";
    char *argv[] = {name, (char *)what, (char *)option, NULL};
    int status = cmd_list(option ? 3 : 2, argv);
    fflush(stdout);
    fflush(stderr);
    return status;
}

static const char *printed(void)
{
    static char text[1 << 16];
    text[fread(text, 1, sizeof text - 1, cr_get_redirected_stdout())] = 0;
    return text;
}

static const char *const listings[] = {"machines", "sweeps",  "figures",
                                       "params",   "benches", "events"};
enum { LISTINGS = sizeof listings / sizeof *listings };

Test(cmd_list, every_listing_is_printed_as_text)
{
    for (unsigned i = 0; i < LISTINGS; i++) {
        cr_expect_eq(list(listings[i], NULL), EXIT_STATUS_OK, "%s", listings[i]);
        cr_expect_not_null(strchr(printed(), '\n'), "%s: nothing is listed", listings[i]);
    }
}

/* Of a row every column says something, but for units, defaults and axes. */
static void check_row(const char *listing, const json_t *row)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)row, key, value)
    {
        bool may_be_empty = strchr("xy", *key) || strcmp(key, "unit") == 0 ||
                            strcmp(key, "default") == 0;
        cr_expect(json_is_string(value) && (may_be_empty || *json_string_value(value)),
                  "%s: a row says nothing under %s", listing, key);
    }
}

Test(cmd_list, every_listing_is_printed_as_json)
{
    for (unsigned i = 0; i < LISTINGS; i++) {
        cr_expect_eq(list(listings[i], "--json"), EXIT_STATUS_OK, "%s", listings[i]);
        json_error_t error;
        json_t *rows = json_loads(printed(), 0, &error);
        cr_assert_not_null(rows, "%s: %s", listings[i], error.text);
        cr_expect_gt(json_array_size(rows), 0);
        for (size_t k = 0; k < json_array_size(rows); k++)
            check_row(listings[i], json_array_get(rows, k));
        json_decref(rows);
    }
}

Test(cmd_list, a_parameter_that_is_a_text_has_a_type_and_a_range)
{
    cr_assert_eq(list("params", "--json"), EXIT_STATUS_OK);
    json_t *rows = json_loads(printed(), 0, NULL);
    cr_assert_eq(json_array_size(rows), config_param_count);
    for (unsigned i = 0; i < config_param_count; i++) {
        json_t *row = json_array_get(rows, i);
        if (config_params[i].type != PARAM_TEXT)
            continue;
        cr_expect_str_eq(json_string_value(json_object_get(row, "type")), "text");
        cr_expect_str_eq(json_string_value(json_object_get(row, "range")), "up to 511 characters");
    }
    json_decref(rows);
}

Test(cmd_list, what_is_not_there_is_refused)
{
    cr_expect_eq(list("parms", NULL), EXIT_STATUS_USAGE);
    cr_assert_stderr_eq_str("tessera: parms: no such listing; did you mean params?\n");
}
