/*
 * tessera sweep: brings the database to the state in which every point of the
 * sweep has been run.
 *
 * Which points are missing is decided by asking the database, so resuming
 * after any kind of end needs nothing but running the command again.  Workers
 * run points; this process alone writes, one transaction a point, at once.
 *
 *   poll: pipes of the workers ---> outcome whole: record, start the next
 *         signals (signalfd)   ---> INT, TERM: stop; USR1: say where it stands
 *
 * Sweeps on one database wait for one another.  The claim is asked for before
 * the database is asked what is missing, so the second finds what the first
 * has run.
 *
 * A point that fails is recorded with its status, reported, and left for the
 * next time; the sweep goes on, and ends with the status of the first point
 * that failed.
 */
#include "sim/cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "sim/base/elf.h"
#include "sim/cli/named.h"
#include "sim/cli/progress.h"
#include "sim/cli/sweep_file.h"
#include "sim/cli/worker.h"

enum { JOBS_MAX = 256, REFRESH_MILLISECONDS = 500 };

struct sweep_options {
    const char *file, *guest, *database;
    unsigned jobs;
    bool quiet;
};

struct sweep_run {
    const struct sweep_options *options;
    struct sweep *sweep;
    struct analysis *db;
    uint64_t guest_hash;
    struct run_record *record; /* one a point; its outcome while it is stored */
    unsigned *todo, todo_count, next;
    struct worker worker[JOBS_MAX];
    unsigned busy;                 /* workers at work: worker[0..busy-1] */
    unsigned failed, failed_point; /* failures, and the first point among them */
    int failed_status;             /* of that point */
    int signals;                   /* signalfd */
    bool interrupted;
    struct progress progress;
};

/* ---- options ---------------------------------------------------------------------- */

enum { OPTION_DB = 1000, OPTION_GUEST };

static const struct argp_option argp_options[] = {
    {"jobs", 'j', "N", 0, "worker processes (default: the host's CPUs)", 0},
    {"db", OPTION_DB, "FILE", 0, "database (default: " CLI_DATABASE ")", 0},
    {"guest", OPTION_GUEST, "ELF", 0, "run this guest instead of the one that the file names", 0},
    {"quiet", 'q', NULL, 0, "report failures only", 0},
    {0},
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct sweep_options *o = state->input;
    switch (key) {
    case 'j':
        o->jobs = (unsigned)cli_number(state, "-j", text, 1, JOBS_MAX);
        break;
    case OPTION_DB:
        o->database = text;
        break;
    case OPTION_GUEST:
        o->guest = text;
        break;
    case 'q':
        o->quiet = true;
        break;
    case ARGP_KEY_ARG:
        if (o->file)
            argp_error(state, "one sweep file is expected");
        o->file = text;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a sweep file is expected");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp parser = {
    argp_options,
    parse_option,
    "SWEEP",
    "Run every point of a sweep that the database does not hold yet.  SWEEP is a file, or a name "
    "of "
    "`tessera list sweeps`.\v"
    "Finished points are kept whatever happens, and never run twice.  Ctrl-C stops the workers; "
    "SIGUSR1 makes the sweep say where it stands.",
    NULL,
    NULL,
    NULL};

static unsigned host_cpus(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

/* ---- what there is to do -------------------------------------------------------------- */

/* All points run one guest: read it once, before anything runs. */
static bool check_guest(struct sweep_run *r, struct error *e)
{
    const char *guest = r->sweep->point[0].request.guest;
    struct elf_image image;
    if (!guest[0])
        return error_set(e, EXIT_STATUS_INPUT, "%s: guest: is missing; --guest ELF names one too",
                         r->options->file);
    if (!elf_load(&image, guest, e))
        return false;
    if (!r->options->quiet)
        cli_warn_of_guest(&image, guest);
    r->guest_hash = image.hash;
    elf_free(&image);
    return true;
}

static bool identify_points(struct sweep_run *r, struct error *e)
{
    const struct sweep *s = r->sweep;
    struct config cfg;
    r->record = mem_alloc(s->count * sizeof *r->record);
    memset(r->record, 0, s->count * sizeof *r->record);
    for (unsigned i = 0; i < s->count; i++) {
        const struct run_request *request = &s->point[i].request;
        if (!request_resolve(request, &cfg, e) ||
            !request_identify(request, &cfg, r->guest_hash, &r->record[i], e))
            return false;
        snprintf(r->record[i].sweep, sizeof r->record[i].sweep, "%s", s->name);
    }
    return true;
}

/* One sweep at a time on a database, or both would run the same points. */
static bool open_database(struct sweep_run *r, struct error *e)
{
    bool claimed = false;
    r->db = analysis_open(r->options->database, ANALYSIS_WRITE, e);
    if (r->db == NULL || !analysis_claim(r->db, false, &claimed, e))
        return false;
    if (!claimed)
        fprintf(stderr, "tessera: %s: another sweep is writing to it; waiting for its end\n",
                r->options->database);
    return claimed || analysis_claim(r->db, true, &claimed, e);
}

static bool begin_sweep(struct sweep_run *r, struct error *e)
{
    const struct sweep *s = r->sweep;
    const char **keys = mem_alloc(s->count * sizeof *keys);
    for (unsigned i = 0; i < s->count; i++)
        keys[i] = r->record[i].point_key;
    bool good = analysis_begin_sweep(r->db, s->name, s->figure, keys, s->count, e);
    mem_free(keys);
    return good;
}

/* Is this point the same as an earlier one of the sweep? */
static bool is_repeated(const struct sweep_run *r, unsigned point)
{
    for (unsigned i = 0; i < point; i++)
        if (strcmp(r->record[i].point_key, r->record[point].point_key) == 0)
            return true;
    return false;
}

static bool list_todo(struct sweep_run *r, struct error *e)
{
    r->todo = mem_alloc(r->sweep->count * sizeof *r->todo);
    for (unsigned i = 0; i < r->sweep->count; i++) {
        bool done = is_repeated(r, i);
        if (!done && !analysis_is_done(r->db, r->record[i].point_key, &done, e))
            return false;
        if (!done)
            r->todo[r->todo_count++] = i;
    }
    return true;
}

/* ---- running -------------------------------------------------------------------------- */

static void note_failure(struct sweep_run *r, unsigned point, const struct run_outcome *o)
{
    if (r->failed++ == 0 || point < r->failed_point) {
        r->failed_point = point;
        r->failed_status = o->status;
    }
    progress_say(&r->progress, "tessera: %s: %s: failed with status %d: %s", r->sweep->name,
                 r->sweep->point[point].label, o->status, o->message);
}

/* Stores what a worker has sent and frees its place. */
static bool take_outcome(struct sweep_run *r, unsigned at, struct error *e)
{
    char line[640];
    unsigned point = r->worker[at].point;
    struct run_record *record = &r->record[point];
    worker_finish(&r->worker[at], &record->outcome);
    r->worker[at] = r->worker[--r->busy];
    if (!analysis_record(r->db, record, e))
        return false;
    if (record->outcome.status != 0)
        note_failure(r, point, &record->outcome);
    snprintf(line, sizeof line, "%s: %.1f s", r->sweep->point[point].label,
             record->outcome.host_seconds);
    progress_step(&r->progress, line);
    run_record_free(record);
    return true;
}

static bool start_workers(struct sweep_run *r, struct error *e)
{
    while (r->busy < r->options->jobs && r->next < r->todo_count) {
        unsigned point = r->todo[r->next++];
        if (!worker_start(&r->worker[r->busy], &r->sweep->point[point].request, point, e))
            return false;
        r->busy++;
    }
    return true;
}

static void say_where(const struct sweep_run *r)
{
    char left[32];
    progress_say(&r->progress, "%s: %u of %u points done, %u failed, ETA %s", r->sweep->name,
                 r->progress.done, r->todo_count, r->failed, progress_left(&r->progress, left));
    for (unsigned i = 0; i < r->busy; i++)
        progress_say(&r->progress, "  running: %s (%.1f s)",
                     r->sweep->point[r->worker[i].point].label,
                     host_seconds_now() - r->worker[i].started);
}

static void take_signal(struct sweep_run *r)
{
    struct signalfd_siginfo info;
    if (read(r->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (info.ssi_signo == SIGUSR1)
        say_where(r);
    else
        r->interrupted = true;
}

/* Waits for pipes and signals, and serves them. */
static bool serve(struct sweep_run *r, struct error *e)
{
    struct pollfd fd[JOBS_MAX + 1];
    fd[0] = (struct pollfd){r->signals, POLLIN, 0};
    for (unsigned i = 0; i < r->busy; i++)
        fd[i + 1] = (struct pollfd){r->worker[i].fd, POLLIN, 0};
    unsigned busy = r->busy;
    if (poll(fd, busy + 1, REFRESH_MILLISECONDS) < 0)
        return errno == EINTR || error_set(e, EXIT_STATUS_IO, "poll: %s", strerror(errno));
    progress_refresh(&r->progress);
    /* Backwards: a worker that ends gives its place to the last one. */
    for (unsigned i = busy; i-- > 0;)
        if (fd[i + 1].revents && worker_read(&r->worker[i]) && !take_outcome(r, i, e))
            return false;
    if (fd[0].revents)
        take_signal(r);
    return true;
}

static bool run_points(struct sweep_run *r, struct error *e)
{
    bool good = true;
    progress_start(&r->progress, r->sweep->name, r->todo_count, r->options->quiet);
    while (good && !r->interrupted && (r->busy > 0 || r->next < r->todo_count))
        good = start_workers(r, e) && serve(r, e);
    while (r->busy > 0)
        worker_stop(&r->worker[--r->busy]);
    progress_end(&r->progress);
    return good;
}

/* INT, TERM and USR1 are read from a descriptor; workers inherit the mask and
 * so do not notice them. */
static bool catch_signals(struct sweep_run *r, struct error *e)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    r->signals = signalfd(-1, &set, SFD_CLOEXEC);
    return r->signals >= 0 || error_set(e, EXIT_STATUS_IO, "signalfd: %s", strerror(errno));
}

/* ---- the command -------------------------------------------------------------------------- */

static void say_result(const struct sweep_run *r)
{
    char elapsed[32];
    unsigned before = r->sweep->count - r->todo_count;
    if (r->options->quiet)
        return;
    progress_say(&r->progress,
                 "%s: %u points: %u run in %s, %u were finished before, %u failed (%s)",
                 r->sweep->name, r->sweep->count, r->progress.done,
                 progress_elapsed(&r->progress, elapsed), before, r->failed, r->options->database);
}

static int run_sweep(struct sweep_run *r, struct error *e)
{
    bool good = check_guest(r, e) && identify_points(r, e) && open_database(r, e) &&
                begin_sweep(r, e) && list_todo(r, e) && catch_signals(r, e) && run_points(r, e);
    if (!good)
        return cli_fail(e);
    say_result(r);
    if (r->interrupted) {
        error_set(e, EXIT_STATUS_INTERRUPT, "interrupted; finished points are kept in %s",
                  r->options->database);
        return cli_fail(e);
    }
    return r->failed_status;
}

int cmd_sweep(int argc, char **argv)
{
    struct sweep_options options = {.database = CLI_DATABASE, .jobs = host_cpus()};
    struct error e;
    cli_parse(&parser, argc, argv, &options);
    struct sweep_run *r = mem_alloc(sizeof *r);
    *r = (struct sweep_run){.options = &options, .signals = -1};
    char file[4096];
    bool found = named_find(CONFIG_SWEEP, options.file, file, sizeof file, &e);
    options.file = file;
    r->sweep = found ? sweep_load(file, options.guest, &e) : NULL;
    int status = r->sweep ? run_sweep(r, &e) : cli_fail(&e);
    for (unsigned i = 0; r->record && i < r->sweep->count; i++)
        run_record_free(&r->record[i]);
    if (r->signals >= 0)
        close(r->signals);
    analysis_close(r->db);
    mem_free(r->record);
    mem_free(r->todo);
    sweep_free(r->sweep);
    mem_free(r);
    return status;
}
