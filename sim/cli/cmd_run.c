/*
 * tessera run MACHINE.yaml: one guest on one machine.  The guest's console goes
 * to standard output, everything that Tessera says to standard error, numbers
 * to --stats and --db.
 *
 * Whatever can be refused is refused before the run: first its input, then the
 * places where its results are to go, which are opened for that.
 */
#include "sim/cli/cli.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "sim/abi/simctl.h"
#include "sim/base/file.h"
#include "sim/cli/cpi.h"
#include "sim/cli/named.h"
#include "sim/cli/run.h"

static const struct argp_option options[] = {
    {"guest", 'g', "ELF", 0, "the program that every hart starts (RV64, linked at 0x80000000)", 0},
    {"bootargs", 'b', "TEXT", 0, "boot arguments, as words key=value", 0},
    {"set", 's', "KEY=VALUE", 0,
     "change one parameter of the machine (may be repeated; a list is 0,3 or [0,3])", 0},
    {"threads", 't', "N", 0, "host threads; only 1 so far, and no result depends on it", 0},
    {"max-cycles", 'm', "N", 0, "end the run with status 75 after N cycles", 0},
    {"stats", 'S', "FILE", 0,
     "write all statistics as JSON (-: to standard output, and the guest's console to standard "
     "error)",
     0},
    {"db", 'd', "FILE", 0, "store the run in this database", 0},
    {"trace", 'T', "FILE", 0, "write the event trace (see tessera trace)", 0},
    {"commit-log", 'c', "FILE", 0,
     "write a line for every instruction that retires, as Spike's --log-commits does", 0},
    {"cpi", 'p', 0, 0, "print where the cycles of each hart went (the CPI stack)", 0},
    {"quiet", 'q', 0, 0, "print the guest's console and errors only", 0},
    {0},
};

struct arguments {
    struct run_request request;
    struct error set_error;
    char machine[4096]; /* the file that the word for the machine means */
    const char *stats, *db, *trace, *commit_log;
    bool cpi, quiet;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case 'g':
        a->request.guest = value;
        break;
    case 'b':
        a->request.bootargs = value;
        break;
    case 's':
        if (!request_add_set(&a->request, value, "--set", &a->set_error))
            argp_error(state, "%s", a->set_error.text);
        break;
    case 't':
        a->request.threads = (unsigned)cli_number(state, "--threads", value, 1, 1);
        break;
    case 'm':
        a->request.max_cycles = cli_number(state, "--max-cycles", value, 1, UINT64_MAX - 1);
        break;
    case 'S':
        a->stats = value;
        break;
    case 'd':
        a->db = value;
        break;
    case 'T':
        a->trace = value;
        break;
    case 'c':
        a->commit_log = value;
        break;
    case 'p':
        a->cpi = true;
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
        if (!a->request.guest)
            argp_error(state, "which guest? (--guest ELF)");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
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

static json_t *stats_object(const struct run_outcome *o)
{
    json_t *stats = json_object();
    for (unsigned i = 0; i < o->stats.count; i++) {
        const struct stat_entry *s = &o->stats.item[i];
        json_object_set_new(stats, s->name,
                            json_pack("{s:I, s:s, s:s}", "value", (json_int_t)s->value, "unit",
                                      s->unit, "meaning", s->meaning));
    }
    return stats;
}

/* Series by name; a second one of the same name, in another unit, as "name (unit)". */
static json_t *results_object(const struct run_outcome *o)
{
    json_t *results = json_object();
    for (unsigned i = 0; i < o->series_count; i++) {
        const struct run_series *s = &o->series[i];
        char key[SIMCTL_NAME_BYTES + SIMCTL_UNIT_BYTES + sizeof " ()"];
        snprintf(key, sizeof key, "%s (%s)", s->name, s->unit);
        json_object_set_new(results, json_object_get(results, s->name) ? key : s->name,
                            json_pack("{s:s, s:I, s:f, s:I, s:I, s:I, s:I, s:I}", "unit", s->unit,
                                      "count", (json_int_t)s->count, "mean", s->mean, "min",
                                      (json_int_t)s->min, "p50", (json_int_t)s->p50, "p95",
                                      (json_int_t)s->p95, "p99", (json_int_t)s->p99, "max",
                                      (json_int_t)s->max));
    }
    return results;
}

/* The largest this process has been. */
static json_int_t host_peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static json_t *record_object(const struct run_record *record)
{
    const struct run_outcome *o = &record->outcome;
    char hash[20], guest_hash[20];
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)o->state_hash);
    snprintf(guest_hash, sizeof guest_hash, "%016llx", (unsigned long long)record->guest_hash);
    return json_pack(
        "{s:I, s:I, s:f, s:I, s:I, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}",
        "cycles", (json_int_t)o->cycles, "instructions", (json_int_t)o->instructions,
        "host_seconds", o->host_seconds, "host_peak_kib", host_peak_kib(), "exit_code",
        o->exit_code == RUN_NO_EXIT_CODE ? (json_int_t)o->status : (json_int_t)o->exit_code,
        "status", o->status, "threads", (int)o->threads, "state_hash", hash, "machine",
        record->machine, "guest", record->guest, "guest_hash", guest_hash, "bootargs",
        record->bootargs, "revision", record->revision, "config", record->config, "stats",
        stats_object(o), "results", results_object(o), "harts", cpi_object(o));
}

static bool write_stats(struct output *out, const struct run_record *record, struct error *e)
{
    json_t *root = record_object(record);
    json_dumpf(root, out->file, JSON_INDENT(1));
    fputc('\n', out->file);
    json_decref(root);
    return output_keep(out, e);
}

/* Where the results go, opened before the run. */
struct destinations {
    struct output stats;
    struct analysis *db;
};

static bool open_destinations(const struct arguments *a, struct destinations *d, struct error *e)
{
    return (!a->stats || output_open(&d->stats, a->stats, e)) &&
           (!a->db || (d->db = analysis_open(a->db, ANALYSIS_WRITE, e))) &&
           (!a->trace || file_make_folders(a->trace, e)) &&
           (!a->commit_log || file_make_folders(a->commit_log, e));
}

static void close_destinations(struct destinations *d)
{
    output_drop(&d->stats);
    analysis_close(d->db);
}

static bool store(struct analysis *db, struct run_record *record, struct error *e)
{
    record->point_key[0] = '\0'; /* a run of its own, not a point of a sweep */
    return analysis_record(db, record, e);
}

static void print_summary(const struct run_outcome *o)
{
    for (unsigned i = 0; i < o->series_count; i++) {
        const struct run_series *s = &o->series[i];
        fprintf(stderr, "  %-24s %10.1f %s (n %llu, p50 %llu, p99 %llu, max %llu)\n", s->name,
                s->mean, s->unit, (unsigned long long)s->count, (unsigned long long)s->p50,
                (unsigned long long)s->p99, (unsigned long long)s->max);
    }
    fprintf(stderr, "exit %lld", (long long)o->exit_code);
    if (o->exit_code != o->status)
        fprintf(stderr, " (status %d)", o->status);
    fprintf(stderr,
            " after %llu cycles, %llu instructions; %.2f s on the host, %.1f million "
            "instructions/s\n",
            (unsigned long long)o->cycles, (unsigned long long)o->instructions, o->host_seconds,
            1e-6 * (double)o->instructions / (o->host_seconds + 1e-9));
}

/* The run's status, or why a result was not written. */
static int end_result(bool written, const char *path, bool quiet, int status, const struct error *e)
{
    if (!written)
        return cli_fail(e);
    cli_wrote(path, quiet);
    return status;
}

/* Writes what was asked for; a run that failed is stored and counted as well,
 * one that was refused is not. */
static int finish(const struct arguments *a, struct destinations *d, struct run_record *record,
                  bool ok, struct error *e)
{
    int status = record->outcome.status;
    bool has_run = record->outcome.stats.count > 0;
    if (!ok)
        cli_fail(e);
    else if (!a->quiet)
        print_summary(&record->outcome);
    if (a->cpi && has_run)
        cpi_print(&record->outcome, stderr);
    if (has_run && (ok || e->status != EXIT_STATUS_IO)) {
        cli_wrote(a->trace, a->quiet);
        cli_wrote(a->commit_log, a->quiet);
    }
    if (d->stats.file && has_run)
        status = end_result(write_stats(&d->stats, record, e), a->stats, a->quiet, status, e);
    if (d->db && has_run)
        status = end_result(store(d->db, record, e), a->db, a->quiet, status, e);
    return status;
}

static bool is_standard_output(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

static int run_guest(struct arguments *a, struct run *run, struct run_record *record)
{
    struct run_instruments with = {.console = is_standard_output(a->stats) ? stderr : stdout,
                                   .report = stderr,
                                   .trace_path = a->trace,
                                   .commit_log_path = a->commit_log,
                                   .keep_mesh = a->db != NULL,
                                   .interrupt = &interrupted,
                                   .inquiry = &asked};
    struct destinations d = {0};
    struct error e;
    if (!named_find(CONFIG_MACHINE, a->request.machine, a->machine, sizeof a->machine, &e))
        return cli_fail(&e);
    a->request.machine = a->machine;
    if (!run_prepare(run, &a->request, record, &e))
        return cli_fail(&e);
    bool ready = open_destinations(a, &d, &e);
    if (ready && !a->quiet)
        cli_warn_of_guest(&run->image, record->guest);
    int status =
        ready ? finish(a, &d, record, run_perform(run, &with, record, &e), &e) : cli_fail(&e);
    close_destinations(&d);
    return status;
}

int cmd_run(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "MACHINE",
        .doc = "Runs a guest until it ends through tohost, and exits with the guest's code. "
               "MACHINE is a file, or a name of `tessera list machines`.\v"
               "Files that are named for results are opened before the run, with the folders "
               "above them, and written when it has ended.",
    };
    struct arguments a = {.request = {.threads = 1}};
    struct run_record record;
    struct run run;
    cli_parse(&argp, argc, argv, &a);
    memset(&record, 0, sizeof record);
    memset(&run, 0, sizeof run);
    catch_signals();
    int status = run_guest(&a, &run, &record);
    run_release(&run);
    run_record_free(&record);
    return status;
}
