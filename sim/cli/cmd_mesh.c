/*
 * tessera mesh MACHINE.yaml: the machine's mesh alone, on one virtual network,
 * loaded with synthetic traffic until its mean latency is known to 1 %.
 */
#include "sim/cli/cli.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mesh/mesh.h"
#include "sim/cli/named.h"
#include "sim/cli/request.h"

static const struct argp_option options[] = {
    {"traffic", 'T', "NAME", 0, "who sends to whom: uniform (the default)", 0},
    {"rate", 'r', "R", 0, "offered load in flits a node and cycle, above 0 and at most 1", 0},
    {"packet-flits", 'p', "N", 0, "flits of a packet (1)", 0},
    {"seed", 'S', "N", 0, "seed of the traffic (the machine's sim.seed)", 0},
    {"cycles", 'c', "N", 0,
     "measure N cycles, rounded up to a multiple of 1024, instead of until the mean is known", 0},
    {"set", 's', "KEY=VALUE", 0,
     "change one parameter of the machine (may be repeated; a list is 0,3 or [0,3])", 0},
    {"json", 'j', 0, 0, "print one JSON object", 0},
    {"quiet", 'q', 0, 0, "no words about a saturated point", 0},
    {0},
};

struct arguments {
    struct run_request request;
    struct mesh_traffic traffic;
    struct error error;
    char machine[4096]; /* the file that the word for the machine means */
    bool seed_given, rate_given, json, quiet;
};

static bool find_pattern(const char *name, enum mesh_pattern *pattern, struct error *e)
{
    const char *names[64], *known;
    char all[512] = "";
    unsigned count = 0;
    for (; count < 64 && (known = mesh_pattern_name(count)); count++) {
        size_t n = strlen(all);
        if (strcmp(known, name) == 0) {
            *pattern = (enum mesh_pattern)count;
            return true;
        }
        names[count] = known;
        snprintf(all + n, sizeof all - n, "%s%s", count ? ", " : "", known);
    }
    const char *near = nearest_name(name, names, count);
    return error_set(e, EXIT_STATUS_USAGE, "--traffic: \"%s\" is no pattern; known: %s%s%s%s", name,
                     all, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static double parse_rate(const struct argp_state *state, const char *text)
{
    char *end;
    double rate = strtod(text, &end);
    if (end == text || *end)
        argp_error(state, "--rate: \"%s\" is not a number", text);
    if (!(rate > 0 && rate <= 1))
        argp_error(state, "--rate: %s is not above 0 and at most 1 flit a node and cycle", text);
    return rate;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case 'T':
        if (!find_pattern(value, &a->traffic.pattern, &a->error))
            argp_error(state, "%s", a->error.text);
        break;
    case 'r':
        a->traffic.rate = parse_rate(state, value);
        a->rate_given = true;
        break;
    case 'p':
        a->traffic.packet_flits =
            (unsigned)cli_number(state, "--packet-flits", value, 1, MESH_PACKET_FLITS_MAX);
        break;
    case 'S':
        a->traffic.seed = cli_number(state, "--seed", value, 0, UINT64_MAX);
        a->seed_given = true;
        break;
    case 'c':
        a->traffic.cycles = cli_number(state, "--cycles", value, 1, UINT32_MAX);
        break;
    case 's':
        if (!request_add_set(&a->request, value, "--set", &a->error))
            argp_error(state, "%s", a->error.text);
        break;
    case 'j':
        a->json = true;
        break;
    case 'q':
        a->quiet = true;
        break;
    case ARGP_KEY_ARG:
        if (a->request.machine)
            argp_error(state, "one machine at a time: %s", value);
        a->request.machine = value;
        break;
    case ARGP_KEY_END:
        if (!a->request.machine)
            argp_error(state, "which machine? (`tessera list machines` shows some)");
        if (!a->rate_given)
            argp_error(state, "how much of it? (--rate FLITS_PER_NODE_AND_CYCLE)");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void print_json(const struct arguments *a, const struct mesh_result *r, double host_seconds)
{
    json_t *o = json_pack(
        "{s:s, s:f, s:i, s:I, s:f, s:o, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
        "s:b, s:f}",
        "traffic", mesh_pattern_name(a->traffic.pattern), "rate", a->traffic.rate, "packet_flits",
        (int)a->traffic.packet_flits, "seed", (json_int_t)a->traffic.seed, "avg_packet_latency",
        r->avg_packet_latency, "ci95", r->ci95 > 0 ? json_real(r->ci95) : json_null(),
        "avg_network_latency", r->avg_network_latency, "accepted_rate", r->accepted_rate,
        "avg_hops", r->avg_hops, "p50", (json_int_t)r->p50, "p95", (json_int_t)r->p95, "p99",
        (json_int_t)r->p99, "max", (json_int_t)r->max, "cycles", (json_int_t)r->cycles,
        "measured_cycles", (json_int_t)r->measured_cycles, "packets", (json_int_t)r->packets,
        "flit_hops", (json_int_t)r->flit_hops, "saturated", r->saturated, "host_seconds",
        host_seconds);
    json_dumpf(o, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(o);
}

static void print_text(const struct mesh_result *r, double host_seconds)
{
    printf("packet latency  %10.3f cycles", r->avg_packet_latency);
    if (r->ci95 > 0)
        printf(" +- %.3f (95 %%)", r->ci95);
    printf("; p50 %llu, p95 %llu, p99 %llu, max %llu\n"
           "network latency %10.3f cycles\n"
           "accepted        %10.5f flits a node and cycle\n"
           "hops            %10.3f routers a packet\n"
           "%llu packets measured in %llu of %llu cycles; %.2f s on the host, %.1f ns a "
           "flit-hop\n",
           (unsigned long long)r->p50, (unsigned long long)r->p95, (unsigned long long)r->p99,
           (unsigned long long)r->max, r->avg_network_latency, r->accepted_rate, r->avg_hops,
           (unsigned long long)r->packets, (unsigned long long)r->measured_cycles,
           (unsigned long long)r->cycles, host_seconds, host_seconds * 1e9 / (double)r->flit_hops);
}

static volatile sig_atomic_t interrupted, asked;

static void on_signal(int number)
{
    if (number == SIGUSR1)
        asked = 1;
    else
        interrupted = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
}

static bool watch_signals(void *context, const struct mesh_progress *progress)
{
    (void)context;
    if (asked)
        fprintf(stderr, "tessera: cycle %llu, %s, %llu packets measured\n",
                (unsigned long long)progress->cycle, progress->phase,
                (unsigned long long)progress->packets);
    asked = 0;
    return !interrupted;
}

int cmd_mesh(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "MACHINE",
        .doc = "Loads the machine's mesh with synthetic traffic and measures its latency. MACHINE "
               "is a file, or a name of `tessera list machines`.\v"
               "Ctrl-C ends the run with status 130; SIGUSR1 makes it say where it stands.",
    };
    static const struct mesh_watch watch = {.go_on = watch_signals};
    struct arguments a = {.traffic = {.pattern = MESH_UNIFORM, .packet_flits = 1}};
    struct mesh_result result;
    struct config cfg;
    cli_parse(&argp, argc, argv, &a);
    catch_signals();
    if (!named_find(CONFIG_MACHINE, a.request.machine, a.machine, sizeof a.machine, &a.error))
        return cli_fail(&a.error);
    a.request.machine = a.machine;
    if (!request_resolve(&a.request, &cfg, &a.error))
        return cli_fail(&a.error);
    if (!a.seed_given)
        a.traffic.seed = cfg.sim_seed;
    double start = seconds();
    if (!mesh_run_traffic(&cfg, &a.traffic, &watch, &result, &a.error))
        return cli_fail(&a.error);
    double host_seconds = seconds() - start;
    if (a.json)
        print_json(&a, &result, host_seconds);
    else
        print_text(&result, host_seconds);
    if (result.saturated && !a.quiet)
        fprintf(stderr, "tessera: saturated: the mesh accepts %.4f of %g flits a node and cycle\n",
                result.accepted_rate, a.traffic.rate);
    return EXIT_STATUS_OK;
}
