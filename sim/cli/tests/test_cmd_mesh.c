/* tessera mesh: its command line, what it prints and its exit statuses. */
#include "sim/cli/cli.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

static void init(void)
{
    argp_err_exit_status = EXIT_STATUS_USAGE;
    cr_redirect_stdout();
    cr_redirect_stderr();
}

TestSuite(cmd_mesh, .init = init);

enum { WORDS_MAX = 8 };

/* Runs the command on the 8x8 preset with these words, NULL at the end. */
static int run(char *const *words)
{
    char name[] = "tessera mesh", machine[] = "configs/machines/mesh-8x8.yaml";
    char *argv[WORDS_MAX + 3] = {name, machine};
    int argc = 2;
    for (; *words; words++)
        argv[argc++] = *words;
    int status = cmd_mesh(argc, argv);
    fflush(stdout);
    fflush(stderr);
    return status;
}
#define RUN(...) run((char *const[]){__VA_ARGS__, NULL})

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    cr_assert(json_is_number(value), "no number %s", key);
    return json_number_value(value);
}

Test(cmd_mesh, prints_one_json_object_with_the_keys_of_the_contract)
{
    static const char *const keys[] = {"avg_packet_latency",
                                       "avg_network_latency",
                                       "accepted_rate",
                                       "avg_hops",
                                       "cycles",
                                       "flit_hops",
                                       "host_seconds",
                                       "ci95",
                                       "p50",
                                       "p95",
                                       "p99",
                                       "max",
                                       "measured_cycles"};
    cr_assert_eq(RUN("--traffic=uniform", "--rate=0.1", "--packet-flits=1", "--json"), 0);
    json_error_t error;
    json_t *o = json_loadf(cr_get_redirected_stdout(), 0, &error);
    cr_assert_not_null(o, "%s", error.text);
    for (unsigned k = 0; k < sizeof keys / sizeof *keys; k++)
        cr_assert_gt(number(o, keys[k]), 0, "%s", keys[k]);
    cr_assert(json_is_false(json_object_get(o, "saturated")));
    cr_assert_float_eq(number(o, "avg_packet_latency"), 27.25, 0.3);
    cr_assert_float_eq(number(o, "accepted_rate"), 0.1, 0.003);
    json_decref(o);
}

Test(cmd_mesh, traffic_is_uniform_unless_told_otherwise)
{
    cr_assert_eq(RUN("--rate=0.1", "--cycles=2000", "--json"), 0);
    json_error_t error;
    json_t *o = json_loadf(cr_get_redirected_stdout(), 0, &error);
    cr_assert_not_null(o, "%s", error.text);
    cr_expect_str_eq(json_string_value(json_object_get(o, "traffic")), "uniform");
    cr_expect_eq(number(o, "measured_cycles"), 2048);
    cr_expect_gt(number(o, "cycles"), 2048);
    json_decref(o);
}

/* Once the command listens: asks where it stands, then ends it. */
static void send_signals(int number)
{
    struct sigaction present;
    (void)number;
    sigaction(SIGINT, NULL, &present);
    if (present.sa_handler == SIG_DFL)
        return;
    static unsigned calls;
    raise(calls++ == 0 ? SIGUSR1 : SIGINT);
}

Test(cmd_mesh, says_where_it_stands_and_ends_when_told, .timeout = 60)
{
    struct itimerval often = {{0, 50000}, {0, 50000}};
    signal(SIGALRM, send_signals);
    setitimer(ITIMER_REAL, &often, NULL);
    cr_expect_eq(RUN("--rate=0.1", "--cycles=4000000000"), EXIT_STATUS_INTERRUPT);
    char text[1024] = "";
    text[fread(text, 1, sizeof text - 1, cr_get_redirected_stderr())] = 0;
    cr_expect_not_null(strstr(text, "tessera: cycle "), "%s", text);
    cr_expect_not_null(strstr(text, " packets measured\n"), "%s", text);
    cr_expect_not_null(strstr(text, "tessera: interrupted at cycle "), "%s", text);
}

Test(cmd_mesh, a_misspelt_option_is_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    RUN("--trafic=uniform", "--rate=0.1");
}

Test(cmd_mesh, says_when_a_point_is_saturated)
{
    cr_assert_eq(RUN("--traffic=uniform", "--rate=0.9"), 0);
    char text[256] = "";
    FILE *f = cr_get_redirected_stderr();
    cr_assert_not_null(fgets(text, sizeof text, f));
    cr_assert_not_null(strstr(text, "saturated"), "%s", text);
}

Test(cmd_mesh, a_rate_above_1_is_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    RUN("--traffic=uniform", "--rate=1.01");
}

Test(cmd_mesh, a_rate_of_0_is_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    RUN("--traffic=uniform", "--rate=0");
}

Test(cmd_mesh, a_rate_that_is_no_number_is_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    RUN("--traffic=uniform", "--rate=nan");
}

Test(cmd_mesh, an_unknown_pattern_is_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    RUN("--traffic=unifrom", "--rate=0.1");
}

Test(cmd_mesh, a_misspelt_parameter_is_refused)
{
    cr_assert_neq(RUN("--traffic=uniform", "--rate=0.1", "--set=mesh.vsc=4"), 0);
}
