/* tessera mesh: its command line, what it prints and its exit statuses. */
#include "sim/cli/cli.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static void init(void)
{
    argp_err_exit_status = EXIT_STATUS_USAGE;
    cr_redirect_stdout();
    cr_redirect_stderr();
}

TestSuite(cmd_mesh, .init = init);

enum { WORDS_MAX = 12 };

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
    cr_assert(json_is_true(json_object_get(o, "settled")));
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

/* What the command has printed. */
static const char *printed(void)
{
    static char text[4096];
    text[fread(text, 1, sizeof text - 1, cr_get_redirected_stdout())] = 0;
    return text;
}

/* The first thing one reads, and a latency that means nothing is not there. */
Test(cmd_mesh, says_when_a_point_is_saturated)
{
    cr_assert_eq(RUN("--traffic=uniform", "--rate=0.44"), 0);
    const char *text = printed();
    cr_expect_eq(strstr(text, "saturated       the mesh accepts 0.4"), text, "%s", text);
    cr_expect_not_null(strstr(text, " of 0.44 flits a node and cycle"), "%s", text);
    cr_expect_null(strstr(text, "network latency"), "%s", text);
}

/* A load in bursts of 5,000 cycles, of which no run has many. */
#define BURSTS "--rate=0.05", "--packet-flits=5", "--on-off=0.00002,0.0002"

Test(cmd_mesh, says_when_a_mean_is_not_known_well)
{
    cr_assert_eq(RUN(BURSTS), 0);
    const char *text = printed();
    cr_expect_eq(strstr(text, "not settled     after the longest run"), text, "%s", text);
    cr_expect_not_null(strstr(text, "+- "), "%s", text);
}

/* In a table there is room for a word. */
Test(cmd_mesh, a_row_says_that_it_is_saturated_and_what_is_not_known)
{
    cr_assert_eq(RUN("--rates=0.1,0.9", "--cycles=4000"), 0);
    const char *text = printed(), *last = strstr(text, "0.9 ");
    cr_assert_not_null(last, "%s", text);
    cr_expect_not_null(strstr(last, " -        - "), "%s", text);
    cr_expect_not_null(strstr(last, "  saturated\n"), "%s", text);
    cr_expect_null(strstr(text, "settled"), "%s", text);
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

/* ---- bad input ---------------------------------------------------------- */

/* The command's own refusals, with what they say. */
static void expect_refusal(int status, int wanted, const char *words)
{
    char text[2048] = "";
    cr_expect_eq(status, wanted);
    text[fread(text, 1, sizeof text - 1, cr_get_redirected_stderr())] = 0;
    cr_expect_not_null(strstr(text, words), "%s", text);
}

Test(cmd_mesh, a_pattern_that_the_size_does_not_allow_is_named)
{
    expect_refusal(RUN("--traffic=bitcomp", "--rate=0.1", "--set=mesh.width=6",
                       "--set=mesh.height=6", "--set=memory.controllers=0"),
                   EXIT_STATUS_USAGE, "traffic bitcomp needs a power of two of nodes");
}

Test(cmd_mesh, transpose_wants_a_square)
{
    expect_refusal(RUN("--traffic=transpose", "--rate=0.1", "--set=mesh.height=4",
                       "--set=memory.controllers=0"),
                   EXIT_STATUS_USAGE, "transpose needs as many routers in x as in y");
}

Test(cmd_mesh, a_hotspot_that_is_no_node_is_named)
{
    expect_refusal(RUN("--traffic=hotspot", "--hotspot=3=1,64=2", "--rate=0.01"), EXIT_STATUS_USAGE,
                   "hotspot 64: there is no such node");
}

Test(cmd_mesh, hotspot_traffic_wants_its_hotspots)
{
    expect_refusal(RUN("--traffic=hotspot", "--rate=0.01"), EXIT_STATUS_USAGE, "--hotspot");
}

Test(cmd_mesh, no_vcs_are_refused)
{
    expect_refusal(RUN("--rate=0.1", "--set=mesh.vcs=0"), EXIT_STATUS_USAGE, "mesh.vcs");
}

Test(cmd_mesh, a_routing_that_needs_more_vcs_is_refused)
{
    expect_refusal(RUN("--rate=0.1", "--set=mesh.routing=adaptive", "--set=mesh.vcs=1"),
                   EXIT_STATUS_USAGE, "mesh.vcs");
}

Test(cmd_mesh, a_trace_that_goes_back_in_time_is_refused_with_its_line)
{
    char name[64];
    snprintf(name, sizeof name, "/tmp/tessera-trace-%d", (int)getpid());
    FILE *f = fopen(name, "w");
    cr_assert_not_null(f);
    fputs("10 0 1 1\n# comment\n9 0 1 1\n", f);
    fclose(f);
    char word[96];
    snprintf(word, sizeof word, "--replay=%s", name);
    int status = RUN(word);
    unlink(name);
    expect_refusal(status, EXIT_STATUS_INPUT, ":3: cycle 9 is before cycle 10");
}

Test(cmd_mesh, sizes_that_make_no_sense_are_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    RUN("--packet-flits=1:0.8,x", "--rate=0.1");
}

Test(cmd_mesh, a_range_that_goes_down_is_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    RUN("--rates=0.3:0.1:0.1");
}

Test(cmd_mesh, a_rate_and_a_curve_contradict, .exit_code = EXIT_STATUS_USAGE)
{
    RUN("--rate=0.1", "--curve");
}

Test(cmd_mesh, chances_above_1_are_bad_usage, .exit_code = EXIT_STATUS_USAGE)
{
    RUN("--rate=0.1", "--on-off=0.5,1.5");
}

/* ---- options without effect --------------------------------------------- */

#define REFUSED(name, ...)                                                                         \
    Test(cmd_mesh, name, .exit_code = EXIT_STATUS_USAGE)                                           \
    {                                                                                              \
        RUN(__VA_ARGS__);                                                                          \
    }

REFUSED(hotspots_of_other_traffic, "--traffic=uniform", "--hotspot=3=1", "--rate=0.01")
REFUSED(replies_without_a_loop, "--rate=0.01", "--reply-flits=5")
REFUSED(a_replay_has_its_rate, "--replay=/dev/null", "--rate=0.1")
REFUSED(a_replay_has_its_traffic, "--replay=/dev/null", "--traffic=uniform")
REFUSED(a_replay_has_its_sizes, "--replay=/dev/null", "--packet-flits=5")
REFUSED(a_replay_has_no_window, "--replay=/dev/null", "--closed-loop=2")
REFUSED(a_replay_has_no_bursts, "--replay=/dev/null", "--on-off=0.1,0.1")
REFUSED(a_search_chooses_its_cycles, "--find-saturation", "--cycles=4000")
REFUSED(a_search_is_no_curve, "--find-saturation", "--curve")

/* ---- curves, saturation, loops ------------------------------------------ */

static json_t *read_json(void)
{
    json_error_t error;
    json_t *o = json_loadf(cr_get_redirected_stdout(), 0, &error);
    cr_assert_not_null(o, "%s", error.text);
    return o;
}

Test(cmd_mesh, a_range_of_rates_is_an_array_of_points)
{
    cr_assert_eq(
        RUN("--rates=0.05:0.15:0.05", "--cycles=2000", "--traffic=tornado,shuffle", "--json"), 0);
    json_t *points = read_json();
    cr_assert_eq(json_array_size(points), 6);
    cr_expect_float_eq(number(json_array_get(points, 2), "rate"), 0.15, 1e-9);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(points, 3), "traffic")),
                     "shuffle");
    json_decref(points);
}

Test(cmd_mesh, a_row_says_what_faults_did)
{
    cr_assert_eq(RUN("--rates=0.1", "--cycles=4000", "--set=mesh.faults=drop 0.001"), 0);
    const char *text = printed(), *words = strstr(text, " lost, 0 damaged\n");
    cr_assert_not_null(words, "%s", text);
    cr_expect_null(strstr(text, " 0 lost"), "%s", text);
}

Test(cmd_mesh, saturation_is_found)
{
    cr_assert_eq(RUN("--find-saturation", "--traffic=bitcomp", "--json"), 0);
    json_t *found = read_json();
    cr_expect_float_eq(number(found, "carried_rate"), 0.24, 0.01);
    cr_expect_gt(number(found, "refused_rate"), number(found, "carried_rate"));
    json_decref(found);
}

Test(cmd_mesh, a_closed_loop_has_round_trips)
{
    cr_assert_eq(RUN("--closed-loop=1", "--reply-flits=5", "--cycles=4000", "--json"), 0);
    json_t *o = read_json();
    cr_expect_float_eq(number(o, "avg_round_trip"), 27 + 31 + 1, 2); /* zero load, there and back */
    cr_expect_geq(number(o, "round_trip_p999"), number(o, "round_trip_p50"));
    json_decref(o);
}

/* Digits that count, however small the load is. */
Test(cmd_mesh, a_small_load_has_its_digits)
{
    char text[2048] = "";
    cr_assert_eq(RUN("--rate=0.00001234", "--cycles=400000"), 0);
    text[fread(text, 1, sizeof text - 1, cr_get_redirected_stdout())] = 0;
    cr_expect_not_null(strstr(text, "accepted         1.2"), "%s", text);
    cr_expect_not_null(strstr(text, "e-05 flits"), "%s", text);
}

Test(cmd_mesh, a_run_without_packets_says_so)
{
    char text[2048] = "";
    cr_assert_eq(RUN("--rate=0.0000001", "--cycles=1"), 0);
    text[fread(text, 1, sizeof text - 1, cr_get_redirected_stdout())] = 0;
    cr_expect_not_null(strstr(text, "nothing was measured"), "%s", text);
    cr_expect_null(strstr(text, "a flit-hop"), "%s", text);
}

Test(cmd_mesh, a_run_without_packets_has_no_numbers)
{
    static const char *const keys[] = {"avg_packet_latency", "avg_network_latency", "avg_hops",
                                       "p50", "max"};
    cr_assert_eq(RUN("--rate=0.0000001", "--cycles=1", "--json"), 0);
    json_t *o = read_json();
    for (unsigned k = 0; k < sizeof keys / sizeof *keys; k++)
        cr_expect(json_is_null(json_object_get(o, keys[k])), "%s", keys[k]);
    json_decref(o);
}

Test(cmd_mesh, what_is_not_known_of_a_saturated_point_is_null)
{
    cr_assert_eq(RUN("--rate=0.6", "--json"), 0);
    json_t *o = read_json();
    cr_expect(json_is_true(json_object_get(o, "saturated")));
    cr_expect(json_is_false(json_object_get(o, "settled")));
    cr_expect(json_is_null(json_object_get(o, "avg_network_latency")));
    cr_expect(json_is_null(json_object_get(o, "ci95")));
    cr_expect_lt(number(o, "accepted_rate"), 0.45);
    json_decref(o);
}

Test(cmd_mesh, a_point_that_did_not_settle_is_marked)
{
    cr_assert_eq(RUN(BURSTS, "--json"), 0);
    json_t *o = read_json();
    cr_expect(json_is_false(json_object_get(o, "saturated")));
    cr_expect(json_is_false(json_object_get(o, "settled")));
    cr_expect_gt(number(o, "ci95"), 0.01 * number(o, "avg_packet_latency"));
    json_decref(o);
}

/* The preset's controllers lie at the corners of 8x8; the mesh alone has none. */
Test(cmd_mesh, any_size_will_do)
{
    cr_expect_eq(RUN("--rate=0.1", "--cycles=2000", "--set=mesh.width=3", "--set=mesh.height=2"),
                 0);
}

Test(cmd_mesh, the_help_states_every_pattern, .exit_code = 0)
{
    RUN("--help");
}

/* The second curve has another sweep; the first can still be drawn, with its parameter. */
Test(cmd_mesh, a_curve_leaves_earlier_ones_drawable)
{
    char folder[] = "/tmp/tessera-test-XXXXXX", database[64], picture[64], command[128];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(database, sizeof database, "--db=%s/runs.db", folder);
    snprintf(picture, sizeof picture, "--output=%s/curve.svg", folder);
    cr_expect_eq(RUN("--rates=0.1", "--cycles=1000", database, "--set=mesh.buffer_flits=6"), 0);
    cr_expect_eq(RUN("--rates=0.1", "--cycles=1000", database), 0);
    char text[1024] = "", name[64] = "--sweep=";
    text[fread(text, 1, sizeof text - 1, cr_get_redirected_stderr())] = 0;
    const char *first = strstr(text, "--sweep mesh-curve-");
    cr_assert_not_null(first, "%s", text);
    snprintf(name, sizeof name, "--sweep=%.19s", first + strlen("--sweep "));
    char plot[] = "tessera plot", figure[] = "mesh-curve";
    cr_expect_eq(cmd_plot(5, (char *[]){plot, figure, name, database, picture, NULL}), 0);
    FILE *f = fopen(picture + strlen("--output="), "r");
    cr_assert_not_null(f);
    char svg[1 << 16];
    svg[fread(svg, 1, sizeof svg - 1, f)] = 0;
    fclose(f);
    cr_expect_not_null(strstr(svg, "mesh.buffer"), "the caption names what was set");
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

/* By way of the database of --db, with BookSim's points beside. */
Test(cmd_mesh, a_curve_is_drawn)
{
    char folder[] = "/tmp/tessera-test-XXXXXX", database[64], picture[64], command[96];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(database, sizeof database, "--db=%s/runs.db", folder);
    snprintf(picture, sizeof picture, "--output=%s/curve.svg", folder);
    cr_expect_eq(RUN("--rates=0.1,0.3", "--cycles=3000", database, picture), 0);
    FILE *f = fopen(picture + strlen("--output="), "r");
    cr_assert_not_null(f);
    char text[1 << 16];
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    cr_expect_not_null(strstr(text, "uniform, 1 flit"));
    cr_expect_not_null(strstr(text, "BookSim 2"));
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}
