/* tessera trace: its command line and its exit statuses. */
#include "sim/cli/cli.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traces/traces.h"

static char path[4096];

static void remove_trace(void)
{
    unlink(path);
}

/* A trace of two tiles: a mark of each at the cycles 10 and 20. */
static void make_trace(void)
{
    struct trace_header header = {.tiles = 2};
    struct error e;
    argp_err_exit_status = EXIT_STATUS_USAGE;
    const char *directory = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/tessera-cmd-XXXXXX", directory ? directory : P_tmpdir);
    close(mkstemp(path));
    atexit(remove_trace); /* bad usage ends the process */
    struct trace *t = trace_create(path, &header, &e);
    for (cycle_t cycle = 10; cycle <= 20; cycle += 10) {
        trace_mark(t, 0, cycle, 7);
        trace_mark(t, 1, cycle, 8);
    }
    cr_assert(trace_close(t, &e), "%s", e.text);
    cr_redirect_stdout();
    cr_redirect_stderr();
}

TestSuite(cmd_trace, .init = make_trace);

/* Runs the command with up to four more words. */
static int run(const char *a, const char *b, const char *c, const char *d)
{
    char name[] = "tessera trace";
    char *argv[] = {name, path, (char *)a, (char *)b, (char *)c, (char *)d, NULL};
    int argc = 2;
    while (argv[argc])
        argc++;
    int status = cmd_trace(argc, argv);
    fflush(stdout);
    fflush(stderr);
    return status;
}

Test(cmd_trace, shows_every_event_as_text)
{
    cr_assert_eq(run(NULL, NULL, NULL, NULL), 0);
    cr_assert_stdout_eq_str("          10     0 M mark       number 7\n"
                            "          10     1 M mark       number 8\n"
                            "          20     0 M mark       number 7\n"
                            "          20     1 M mark       number 8\n");
}

Test(cmd_trace, shows_one_tile_and_a_window)
{
    cr_assert_eq(run("--tile=1", "--from=11", "--to=20", "--format=text"), 0);
    cr_assert_stdout_eq_str("          20     1 M mark       number 8\n");
}

Test(cmd_trace, shows_it_for_perfetto)
{
    cr_assert_eq(run("--format=perfetto", "--tile=1", NULL, NULL), 0);
    char text[4096] = "";
    FILE *f = cr_get_redirected_stdout();
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    cr_assert_eq(*text, '{');
    cr_assert(strstr(text, "\"ts\":0.020,\"s\":\"t\",\"name\":\"mark 8\""), "%s", text);
    cr_assert_not(strstr(text, "mark 7"));
}

Test(cmd_trace, refuses_a_tile_that_the_machine_does_not_have)
{
    cr_assert_eq(run("--tile=2", NULL, NULL, NULL), EXIT_STATUS_USAGE);
    cr_assert_stderr_eq_str("tessera: --tile: the traced machine has the tiles 0..1 only\n");
}

Test(cmd_trace, unknown_format_is_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    run("--format=vcd", NULL, NULL, NULL);
    cr_assert_fail("it has returned");
}

Test(cmd_trace, window_that_ends_before_it_begins_is_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    run("--from=5", "--to=4", NULL, NULL);
    cr_assert_fail("it has returned");
}

Test(cmd_trace, second_file_is_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    run("another", NULL, NULL, NULL);
    cr_assert_fail("it has returned");
}

Test(cmd_trace, truncated_trace_is_bad_input)
{
    cr_assert_eq(truncate(path, 100), 0);
    cr_assert_eq(run(NULL, NULL, NULL, NULL), EXIT_STATUS_INPUT);
}

Test(cmd_trace, missing_trace_is_bad_input)
{
    unlink(path);
    cr_assert_eq(run(NULL, NULL, NULL, NULL), EXIT_STATUS_INPUT);
}
