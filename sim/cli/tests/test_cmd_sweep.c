/*
 * tessera sweep as a whole, with a run_point of the test's own in place of the
 * simulator's: it leaves a line in the file `ran` for each point that it runs.
 */
#include "sim/cli/cli.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "sim/cli/run.h"
#include "sim/cli/tests/tiny_guest.h"

enum { POINTS = 12 };

/* Boot arguments that contain this make the point fail, its guest end with a
 * code, its worker die, or the point wait until the file `go` appears. */
static const char *failing, *refusing, *dying, *waiting;

static void leave_line(const char *text)
{
    FILE *f = fopen("ran", "a");
    fprintf(f, "%s\n", text);
    fclose(f);
}

enum { HARTS = 1000, SAMPLES = 3 };

/* The worker's memory is not the parent's: all of this goes through the pipe. */
static void add_arrays(struct run_outcome *o)
{
    o->part[0] = "base";
    o->part_count = 1;
    o->hart = mem_alloc(HARTS * sizeof *o->hart);
    o->hart_count = HARTS;
    for (unsigned i = 0; i < HARTS; i++)
        o->hart[i] = (struct run_hart){.tile = i, .mode = 'M', .cycles = 7, .part = {7}};
    o->mesh.width = o->mesh.height = o->mesh.concentration = 1;
    o->mesh.link = mem_alloc(sizeof *o->mesh.link);
    o->mesh.links = 1;
    *o->mesh.link = (struct run_mesh_link){.vnet = RUN_ALL_VNETS, .flits = 11, .entered = -1};
    o->mesh.sample = mem_alloc(SAMPLES * sizeof *o->mesh.sample);
    o->mesh.samples = SAMPLES;
    for (unsigned i = 0; i < SAMPLES; i++)
        o->mesh.sample[i] =
            (struct run_mesh_sample){.cycle = 100 * i, .vnet = RUN_ALL_VNETS, .crossed = 13};
}

bool run_point(const struct run_request *request, FILE *console, struct run_record *record,
               struct error *e)
{
    struct config cfg;
    leave_line(request->bootargs);
    fprintf(console, "first words\nlast words of %s\n", request->bootargs);
    while (waiting && strstr(request->bootargs, waiting) && access("go", F_OK) != 0)
        usleep(1000);
    if (dying && strstr(request->bootargs, dying))
        raise(SIGKILL);
    if (!request_resolve(request, &cfg, e) || !request_identify(request, &cfg, 0, record, e))
        return false;
    if (failing && strstr(request->bootargs, failing))
        return error_set(e, EXIT_STATUS_LIMIT, "too long");
    struct run_outcome *o = &record->outcome;
    o->exit_code = o->status = refusing && strstr(request->bootargs, refusing) ? 64 : 0;
    o->cycles = strlen(request->bootargs);
    stats_put(&o->stats, "mesh.flit_hops", 5, "flits", "");
    o->series = mem_alloc(sizeof *o->series);
    o->series_count = 1;
    *o->series =
        (struct run_series){.name = "op_cycles", .unit = "cycles", .count = 1, .mean = 1.5};
    add_arrays(o);
    return true;
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

static void write_guest(unsigned exit_code)
{
    struct tiny_guest g = tiny_guest_make(exit_code);
    tiny_guest_write(&g, "g.elf");
}

static void enter_folder(void)
{
    char folder[] = "/tmp/tessera-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    write_file("m.yaml", "mesh: {width: 2, height: 2}\n");
    write_guest(1);
    write_file("s.yaml", "machine: m.yaml\nguest: g.elf\nfigure: update\n"
                         "bootargs: mode={mode} transport=none cores={cores}\n"
                         "grid: {mode: [shm1, shm2], cores: [1, 2, 3, 4, 5, 6]}\n");
}

static void leave_folder(void)
{
    char command[128], folder[96];
    cr_assert_not_null(getcwd(folder, sizeof folder));
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

static int sweep(void)
{
    char words[][16] = {"tessera sweep", "s.yaml", "-q", "-j", "3", "--db", "runs.db"};
    char *argv[8] = {0};
    for (unsigned i = 0; i < 7; i++)
        argv[i] = words[i];
    return cmd_sweep(7, argv);
}

static int shell_number(const char *command)
{
    int number = -1;
    FILE *f = popen(command, "r");
    cr_assert_eq(fscanf(f, "%d", &number), 1, "%s", command);
    pclose(f);
    return number;
}

static int runs_started(void)
{
    return shell_number("touch ran; wc -l < ran");
}
static int points_started(void)
{
    return shell_number("touch ran; sort -u ran | wc -l");
}

/* What the database holds: finished points that a figure would plot. */
static int points_stored(void)
{
    struct error e = {0};
    struct analysis *db = analysis_open("runs.db", ANALYSIS_READ, &e);
    cr_assert_not_null(db, "%s", e.text);
    unsigned count = 0;
    cr_assert(analysis_count_points(db, "update", &count, &e), "%s", e.text);
    analysis_close(db);
    return (int)count;
}

static int asked(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    cr_assert_eq(sqlite3_open_v2("runs.db", &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_step(s), SQLITE_ROW);
    int number = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return number;
}

TestSuite(cmd_sweep, .init = enter_folder, .fini = leave_folder, .timeout = 60);

Test(cmd_sweep, runs_every_point_once_and_never_again)
{
    cr_expect_eq(sweep(), EXIT_STATUS_OK);
    cr_expect_eq(runs_started(), POINTS);
    cr_expect_eq(points_started(), POINTS);
    cr_expect_eq(points_stored(), POINTS);
    cr_expect_eq(sweep(), EXIT_STATUS_OK);
    cr_expect_eq(runs_started(), POINTS);
}

Test(cmd_sweep, all_that_a_worker_found_is_stored)
{
    cr_assert_eq(sweep(), EXIT_STATUS_OK);
    cr_expect_eq(asked("SELECT sum(cycles) FROM harts"), POINTS * HARTS * 7);
    cr_expect_eq(asked("SELECT count(*) FROM hart_cycles WHERE part = 'base'"), POINTS * HARTS);
    cr_expect_eq(asked("SELECT sum(flits) FROM mesh_links"), POINTS * 11);
    cr_expect_eq(asked("SELECT sum(crossed) FROM mesh_series"), POINTS * SAMPLES * 13);
    cr_expect_eq(asked("SELECT count(*) FROM results"), POINTS);
}

Test(cmd_sweep, another_guest_makes_other_points)
{
    cr_expect_eq(sweep(), EXIT_STATUS_OK);
    write_guest(2);
    cr_expect_eq(sweep(), EXIT_STATUS_OK);
    cr_expect_eq(runs_started(), 2 * POINTS);
    cr_expect_eq(points_stored(), POINTS);
}

Test(cmd_sweep, a_failed_point_gives_its_status_and_runs_again)
{
    failing = "cores=3";
    cr_expect_eq(sweep(), EXIT_STATUS_LIMIT);
    cr_expect_eq(runs_started(), POINTS);
    cr_expect_eq(points_stored(), POINTS - 2);
    failing = NULL;
    cr_expect_eq(sweep(), EXIT_STATUS_OK);
    cr_expect_eq(runs_started(), POINTS + 2);
    cr_expect_eq(points_stored(), POINTS);
}

Test(cmd_sweep, a_worker_that_dies_fails_its_point_only)
{
    dying = "mode=shm2 transport=none cores=5";
    cr_expect_eq(sweep(), EXIT_STATUS_INTERNAL);
    cr_expect_eq(points_stored(), POINTS - 1);
}

/* Starts the sweep in a process of its own, in which the last points wait, and
 * sends it a signal when these are reached. */
static pid_t sweep_and_signal(int number)
{
    waiting = "mode=shm2";
    pid_t pid = fork();
    if (pid == 0) {
        dup2(open("said", O_WRONLY | O_CREAT, 0666), STDERR_FILENO);
        _exit(sweep());
    }
    waiting = NULL;
    while (runs_started() <= POINTS / 2)
        usleep(1000);
    kill(pid, number);
    return pid;
}

static int status_of(pid_t pid)
{
    int status = -1;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return status;
}

Test(cmd_sweep, goes_on_after_being_killed)
{
    cr_assert(WIFSIGNALED(status_of(sweep_and_signal(SIGKILL))));
    int before = runs_started(), stored = points_stored();
    cr_expect_geq(stored, 4); /* what had to end before a worker was free */
    cr_expect_leq(stored, POINTS / 2);
    cr_expect_eq(sweep(), EXIT_STATUS_OK);
    cr_expect_eq(runs_started(), before + POINTS - stored);
    cr_expect_eq(points_stored(), POINTS);
}

Test(cmd_sweep, interrupted_keeps_what_is_finished)
{
    int status = status_of(sweep_and_signal(SIGINT));
    cr_assert(WIFEXITED(status));
    cr_expect_eq(WEXITSTATUS(status), EXIT_STATUS_INTERRUPT);
    int stored = points_stored();
    cr_expect_geq(stored, 4);
    cr_expect_leq(stored, POINTS / 2);
    cr_expect_eq(sweep(), EXIT_STATUS_OK);
    cr_expect_eq(points_stored(), POINTS);
}

Test(cmd_sweep, says_where_it_stands_and_goes_on)
{
    pid_t pid = sweep_and_signal(SIGUSR1);
    while (system("grep -q 'of 12 points done, 0 failed, ETA' said") != 0)
        usleep(1000);
    write_file("go", "");
    int status = status_of(pid);
    cr_assert(WIFEXITED(status));
    cr_expect_eq(WEXITSTATUS(status), EXIT_STATUS_OK);
    cr_expect_eq(points_stored(), POINTS);
    cr_expect_eq(runs_started(), POINTS);
}

Test(cmd_sweep, a_second_sweep_waits_and_runs_nothing_twice)
{
    pid_t first = sweep_and_signal(SIGUSR1);
    pid_t second = fork();
    if (second == 0) {
        dup2(open("said-too", O_WRONLY | O_CREAT, 0666), STDERR_FILENO);
        _exit(sweep());
    }
    while (system("grep -q 'another sweep' said-too 2>/dev/null") != 0)
        usleep(1000);
    write_file("go", "");
    cr_expect_eq(status_of(first), 0);
    cr_expect_eq(status_of(second), 0);
    cr_expect_eq(runs_started(), POINTS);
    cr_expect_eq(points_stored(), POINTS);
}

Test(cmd_sweep, nothing_runs_when_something_is_wrong)
{
    unlink("g.elf");
    cr_expect_eq(sweep(), EXIT_STATUS_INPUT);
    write_file("g.elf", "no ELF");
    cr_expect_eq(sweep(), EXIT_STATUS_INPUT);
    write_guest(1);
    write_file("m.yaml", "mesh: {widht: 2}\n");
    cr_expect_eq(sweep(), EXIT_STATUS_INPUT);
    write_file("m.yaml", "mesh: {width: 2, height: 2}\n");
    write_file("runs.db", "no database, but some text that is long enough to be taken for one: "
                          "a header alone is one hundred bytes long, so here are more");
    cr_expect_eq(sweep(), EXIT_STATUS_INPUT);
    cr_expect_eq(runs_started(), 0);
}

/* The one row of a failed point's message that a text is in, or 0. */
static int messages_with(const char *text)
{
    char command[256];
    snprintf(command, sizeof command,
             "sqlite3 runs.db \"SELECT count(*) FROM runs WHERE message LIKE '%%%s%%'\"", text);
    return shell_number(command);
}

Test(cmd_sweep, a_failed_point_keeps_and_shows_its_guests_last_words)
{
    refusing = "mode=shm2 transport=none cores=2";
    failing = "mode=shm1 transport=none cores=4";
    cr_redirect_stderr();
    cr_expect_eq(sweep(), EXIT_STATUS_LIMIT);
    char text[4096] = "";
    fflush(stderr);
    text[fread(text, 1, sizeof text - 1, cr_get_redirected_stderr())] = 0;
    cr_expect_not_null(strstr(text, "the guest ended with code 64; its last words:\nfirst words\n"
                                    "last words of mode=shm2 transport=none cores=2\n"),
                       "%s", text);
    cr_expect_eq(messages_with("code 64%last words of mode=shm2 transport=none cores=2"), 1);
    cr_expect_eq(messages_with("too long%last words of mode=shm1 transport=none cores=4"), 1);
    cr_expect_eq(messages_with("words"), 2);
}
