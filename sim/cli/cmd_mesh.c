/*
 * tessera mesh MACHINE.yaml: the machine's mesh alone under a load, measured
 * until its mean latency is known to 1 %; or a curve of loads, or the search
 * for the load at which it saturates.
 */
#include "sim/cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/mesh_job.h"
#include "sim/cli/named.h"

enum { OPTION_RATES = 1000, OPTION_CURVE, OPTION_SATURATION, OPTION_HOTSPOT, OPTION_ON_OFF };
enum { OPTION_CLOSED_LOOP = 1100, OPTION_REPLY_FLITS, OPTION_REPLAY, OPTION_DB };

static const struct argp_option options[] = {
    {0, 0, 0, 0, "Who sends what, and when:", 1},
    {"traffic", 'T', "NAME", 0, "who sends to whom (uniform); a list of names with --curve", 1},
    {"hotspot", OPTION_HOTSPOT, "NODE=WEIGHT,...", 0, "the nodes of the traffic hotspot", 1},
    {"rate", 'r', "R", 0, "offered load in flits a node and cycle, above 0 and at most 1", 1},
    {"packet-flits", 'p', "N", 0,
     "flits of a packet (1), or a mix of sizes with their weights, of packets and not of flits: "
     "1:0.8,5:0.2 has four packets of 1 flit for each of 5",
     1},
    {"on-off", OPTION_ON_OFF, "ALPHA,BETA", 0,
     "bursts: chances a cycle to turn on and to turn off, the mean rate as given", 1},
    {"closed-loop", OPTION_CLOSED_LOOP, "WINDOW", 0,
     "each node keeps at most WINDOW requests without a reply (virtual networks 0 and 1); "
     "--rate 1 unless given",
     1},
    {"reply-flits", OPTION_REPLY_FLITS, "N", 0, "flits of a reply (1)", 1},
    {"replay", OPTION_REPLAY, "FILE", 0,
     "packets from a file, `cycle source destination flits [vnet]` a line", 1},
    {"seed", 'S', "N", 0, "seed of the traffic (the machine's sim.seed)", 1},
    {0, 0, 0, 0, "What is measured:", 2},
    {"cycles", 'c', "N", 0,
     "measure N cycles, rounded up to a multiple of 1024, instead of until the mean is known", 2},
    {"rates", OPTION_RATES, "FROM:TO:STEP", 0, "a curve of these loads, or of a list R,R,...", 2},
    {"curve", OPTION_CURVE, 0, 0, "a curve of loads from next to nothing to saturation", 2},
    {"find-saturation", OPTION_SATURATION, 0, 0,
     "the greatest load of which 97.5 % is accepted: of every source where each has destinations "
     "of its own, in the mean where all have the same",
     2},
    {0, 0, 0, 0, "The machine and the output:", 3},
    {"set", 's', "KEY=VALUE", 0,
     "change one parameter of the machine (may be repeated; a list is 0,3 or [0,3])", 3},
    {"json", 'j', 0, 0, "print JSON: an object, or an array of them for a curve", 3},
    {"db", OPTION_DB, "FILE", 0,
     "store what is measured in this database; of a single load also what every link and buffer "
     "did "
     "(mesh.counters, and over time with stats.interval)",
     3},
    {"output", 'o', "FILE", 0,
     "draw the curve, .svg, .png or .pdf (by way of " CLI_DATABASE " unless --db is given)", 3},
    {"quiet", 'q', 0, 0, "no words about the files that were written", 3},
    {0},
};

struct arguments {
    struct mesh_job job;
    struct error error;
    char machine[4096]; /* the file that the word for the machine means */
    unsigned given;     /* options that describe traffic: a bit for each row of `traffic_options` */
};

/* Options that describe traffic that is born at the nodes. */
static const struct {
    int key;
    const char *name;
} traffic_options[] = {{'r', "--rate"},
                       {'T', "--traffic"},
                       {'p', "--packet-flits"},
                       {OPTION_HOTSPOT, "--hotspot"},
                       {OPTION_ON_OFF, "--on-off"},
                       {OPTION_CLOSED_LOOP, "--closed-loop"},
                       {OPTION_REPLY_FLITS, "--reply-flits"}};
enum { TRAFFIC_OPTIONS = sizeof traffic_options / sizeof *traffic_options };

static void note_given(struct arguments *a, int key)
{
    for (unsigned k = 0; k < TRAFFIC_OPTIONS; k++)
        a->given |= (unsigned)(traffic_options[k].key == key) << k;
}

static bool is_given(const struct arguments *a, int key)
{
    for (unsigned k = 0; k < TRAFFIC_OPTIONS; k++)
        if (traffic_options[k].key == key)
            return a->given >> k & 1;
    return false;
}

static bool has_pattern(const struct mesh_job *job, enum mesh_pattern pattern)
{
    for (unsigned k = 0; k < job->patterns; k++)
        if (job->pattern[k] == pattern)
            return true;
    return false;
}

/* ---- words ------------------------------------------------------------------------ */

static double parse_rate(const struct argp_state *state, const char *option, const char *text)
{
    char *end;
    double rate = strtod(text, &end);
    if (end == text || *end)
        argp_error(state, "%s: \"%s\" is not a number", option, text);
    if (!(rate > 0 && rate <= 1))
        argp_error(state, "%s: %s is not above 0 and at most 1 flit a node and cycle", option,
                   text);
    return rate;
}

static void add_rate(const struct argp_state *state, struct mesh_job *job, double rate)
{
    if (job->rates == MESH_RATES_MAX)
        argp_error(state, "--rates: more than %d loads", MESH_RATES_MAX);
    job->rate[job->rates++] = rate;
}

/* FROM:TO:STEP; the last is TO if a whole number of steps leads there. */
static void parse_range(const struct argp_state *state, struct mesh_job *job, char *text)
{
    char *rest = NULL, *word[3];
    for (unsigned k = 0; k < 3; k++)
        if (!(word[k] = strtok_r(k ? NULL : text, ":", &rest)))
            argp_error(state, "--rates: a range has three parts, FROM:TO:STEP");
    double from = parse_rate(state, "--rates", word[0]), to = parse_rate(state, "--rates", word[1]);
    double step = parse_rate(state, "--rates", word[2]);
    if (*rest || to < from)
        argp_error(state, "--rates: FROM:TO:STEP with FROM at most TO is expected");
    for (unsigned k = 0; from + k * step <= to * (1 + 1e-9); k++)
        add_rate(state, job, from + k * step < to ? from + k * step : to);
}

static void parse_rates(const struct argp_state *state, struct mesh_job *job, const char *text)
{
    char copy[2048], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    job->curve = true;
    if (strchr(copy, ':')) {
        parse_range(state, job, copy);
        return;
    }
    for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
        add_rate(state, job, parse_rate(state, "--rates", word));
    if (job->rates == 0)
        argp_error(state, "--rates: which loads?");
}

static void parse_patterns(const struct argp_state *state, struct arguments *a, const char *text)
{
    char copy[512], *rest = NULL;
    struct mesh_job *job = &a->job;
    snprintf(copy, sizeof copy, "%s", text);
    job->patterns = 0;
    for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        if (job->patterns == MESH_PATTERNS_MAX)
            argp_error(state, "--traffic: more than %d patterns", MESH_PATTERNS_MAX);
        if (!mesh_pattern_find(word, &job->pattern[job->patterns++], &a->error))
            argp_error(state, "--traffic: %s", a->error.text);
    }
    if (job->patterns == 0)
        argp_error(state, "--traffic: which?");
    job->traffic.pattern = job->pattern[0];
}

static void parse_on_off(const struct argp_state *state, struct mesh_job *job, const char *text)
{
    char *end;
    job->on_off_words = text;
    job->traffic.alpha = strtod(text, &end);
    bool good = end != text && *end == ',';
    const char *beta = end + 1;
    if (good)
        job->traffic.beta = strtod(beta, &end);
    if (!good || end == beta || *end || !(job->traffic.alpha > 0 && job->traffic.alpha <= 1) ||
        !(job->traffic.beta > 0 && job->traffic.beta <= 1))
        argp_error(state,
                   "--on-off: \"%s\": two chances above 0 and at most 1 are expected, "
                   "ALPHA,BETA",
                   text);
}

/* ---- the command line ------------------------------------------------------------- */

/* Options that describe traffic.  False for others. */
static bool parse_traffic(int key, char *value, const struct argp_state *state, struct arguments *a)
{
    struct mesh_job *job = &a->job;
    note_given(a, key);
    switch (key) {
    case 'T':
        parse_patterns(state, a, value);
        return true;
    case OPTION_HOTSPOT:
        job->hotspot_words = value;
        if (!mesh_hotspots_parse(value, &job->traffic, &a->error))
            argp_error(state, "--hotspot: %s", a->error.text);
        return true;
    case 'r':
        job->traffic.rate = parse_rate(state, "--rate", value);
        return true;
    case 'p':
        job->packet_words = value;
        if (!mesh_sizes_parse(value, &job->traffic, &a->error))
            argp_error(state, "--packet-flits: %s", a->error.text);
        return true;
    case OPTION_ON_OFF:
        parse_on_off(state, job, value);
        return true;
    case OPTION_CLOSED_LOOP:
        job->traffic.window =
            (unsigned)cli_number(state, "--closed-loop", value, 1, MESH_WINDOW_MAX);
        return true;
    case OPTION_REPLY_FLITS:
        job->traffic.reply_flits =
            (unsigned)cli_number(state, "--reply-flits", value, 1, MESH_PACKET_FLITS_MAX);
        return true;
    case OPTION_REPLAY:
        job->traffic.replay = value;
        return true;
    case 'S':
        job->seed = cli_number(state, "--seed", value, 0, UINT32_MAX);
        job->seed_given = true;
        return true;
    default:
        return false;
    }
}

/* What a replay brings with it, and what else needs another option to mean anything. */
static void check_effects(const struct argp_state *state, const struct arguments *a)
{
    const struct mesh_job *job = &a->job;
    for (unsigned k = 0; k < TRAFFIC_OPTIONS; k++)
        if (job->traffic.replay && a->given >> k & 1)
            argp_error(state, "%s: a replay has its packets and their times from the file",
                       traffic_options[k].name);
    if (is_given(a, OPTION_HOTSPOT) && !has_pattern(job, MESH_HOTSPOT))
        argp_error(state, "--hotspot names the nodes of --traffic hotspot, which is not asked for");
    if (is_given(a, OPTION_REPLY_FLITS) && !job->traffic.window)
        argp_error(state, "--reply-flits: only a closed loop has replies (--closed-loop WINDOW)");
    if (job->saturation && job->curve)
        argp_error(state, "--find-saturation finds one load and has no curve");
    if (job->saturation && (job->traffic.cycles || job->database))
        argp_error(state, "--find-saturation measures in cycles of its own and stores nothing: no "
                          "--cycles, no --db");
}

/* What does not go together. */
static void check(const struct argp_state *state, struct arguments *a)
{
    struct mesh_job *job = &a->job;
    bool several = job->curve || job->saturation;
    check_effects(state, a);
    if (!job->request.machine)
        argp_error(state, "which machine? (`tessera list machines` shows some)");
    if (job->traffic.window && !is_given(a, 'r'))
        job->traffic.rate = 1;
    else if (!is_given(a, 'r') && !several && !job->traffic.replay)
        argp_error(state, "how much of it? (--rate FLITS_PER_NODE_AND_CYCLE)");
    if (is_given(a, 'r') && several)
        argp_error(state,
                   "--rate is one load; --rates, --curve and --find-saturation choose theirs");
    if (several && (job->traffic.window || job->traffic.replay))
        argp_error(state, "a closed loop and a replay have no curve and do not saturate");
    if (job->patterns > 1 && !job->curve)
        argp_error(state, "--traffic: one pattern, unless a curve is drawn of each");
    if (job->output && !job->curve)
        argp_error(state, "--output draws a curve (--curve or --rates)");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *a = state->input;
    struct mesh_job *job = &a->job;
    if (parse_traffic(key, value, state, a))
        return 0;
    switch (key) {
    case 'c':
        job->traffic.cycles = cli_number(state, "--cycles", value, 1, UINT32_MAX);
        break;
    case OPTION_RATES:
        parse_rates(state, job, value);
        break;
    case OPTION_CURVE:
        job->curve = true;
        break;
    case OPTION_SATURATION:
        job->saturation = true;
        break;
    case 's':
        if (!request_add_set(&job->request, value, "--set", &a->error))
            argp_error(state, "%s", a->error.text);
        break;
    case 'j':
        job->json = true;
        break;
    case OPTION_DB:
        job->database = value;
        break;
    case 'o':
        job->output = value;
        break;
    case 'q':
        job->quiet = true;
        break;
    case ARGP_KEY_ARG:
        if (job->request.machine)
            argp_error(state, "one machine at a time: %s", value);
        job->request.machine = value;
        break;
    case ARGP_KEY_END:
        check(state, a);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* ---- signals ------------------------------------------------------------------------ */

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

/* The help's last paragraph: the patterns, and what else is not obvious. */
static char *help_text(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(uintptr_t)text;
    char *all = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&all, &bytes);
    fputs("Traffic, for N nodes on routers at (x, y):\n", f);
    for (unsigned k = 0; mesh_pattern_name(k); k++)
        fprintf(f, "  %-11s %s\n", mesh_pattern_name(k), mesh_pattern_meaning(k));
    fprintf(f, "\n%s\n", text);
    fclose(f);
    return all;
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
        .help_filter = help_text,
    };
    struct arguments a = {.job = {.request = {.mesh_alone = true},
                                  .traffic = {.packet_flits = 1, .reply_flits = 1},
                                  .packet_words = "1",
                                  .patterns = 1,
                                  .watch = {.go_on = watch_signals, .report = stderr}}};
    struct config cfg;
    cli_parse(&argp, argc, argv, &a);
    catch_signals();
    if (!named_find(CONFIG_MACHINE, a.job.request.machine, a.machine, sizeof a.machine, &a.error))
        return cli_fail(&a.error);
    a.job.request.machine = a.machine;
    if (!request_resolve(&a.job.request, &cfg, &a.error))
        return cli_fail(&a.error);
    if (a.job.seed_given)
        cfg.sim_seed = (uint32_t)a.job.seed;
    a.job.traffic.seed = cfg.sim_seed;
    if (a.job.database && !a.job.curve)
        cfg.mesh_counters = true;
    return mesh_job_run(&a.job, &cfg);
}
