/*
 * The database: what it refuses, that a run is stored whole or not at all, and
 * that one point has one row.
 */
#include "analysis/analysis.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/arena.h"

#define FILE_NAME "out/runs.db"

static void enter_folder(void)
{
    char folder[] = "/tmp/tessera-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
    char command[128], folder[96];
    cr_assert_not_null(getcwd(folder, sizeof folder));
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

static struct analysis *open_good(enum analysis_mode mode)
{
    struct error e = {0};
    struct analysis *db = analysis_open(FILE_NAME, mode, &e);
    cr_assert_not_null(db, "%s", e.text);
    return db;
}

/* Opening in either mode gives this status and a message that contains `part`. */
static void expect_refused(const char *path, enum analysis_mode mode, enum exit_status status,
                           const char *part)
{
    struct error e = {0};
    cr_assert_null(analysis_open(path, mode, &e));
    cr_expect_eq(e.status, status, "%d: %s", (int)e.status, e.text);
    cr_expect_not_null(strstr(e.text, part), "%s", e.text);
}

/* A statement run by an ordinary client. */
static void run_sql(const char *sql)
{
    sqlite3 *client;
    char *problem = NULL;
    cr_assert_eq(sqlite3_open(FILE_NAME, &client), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(client, sql, NULL, NULL, &problem), SQLITE_OK, "%s", problem);
    sqlite3_close(client);
}

/* The first column of the first row, as an ordinary client sees it. */
static const char *ask(const char *sql)
{
    static char answer[256];
    sqlite3 *client;
    sqlite3_stmt *s;
    cr_assert_eq(sqlite3_open_v2(FILE_NAME, &client, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(client, sql, -1, &s, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(client));
    cr_assert_eq(sqlite3_step(s), SQLITE_ROW, "no row: %s", sql);
    const char *text = (const char *)sqlite3_column_text(s, 0);
    snprintf(answer, sizeof answer, "%s", text ? text : "NULL");
    sqlite3_finalize(s);
    sqlite3_close(client);
    return answer;
}

static struct run_record make_record(const char *point_key)
{
    struct run_record r = {.seed = 7, .guest_hash = 0xfedcba9876543210u, .max_cycles = 1000};
    snprintf(r.point_key, sizeof r.point_key, "%s", point_key);
    snprintf(r.machine, sizeof r.machine, "tiny");
    snprintf(r.bootargs, sizeof r.bootargs, "cores=2 cores=3");
    r.config = mem_copy_string("name: tiny\n");
    run_record_add_param(&r, "cores", "2");
    run_record_add_param(&r, "cores", "3");
    r.outcome.cycles = 12345;
    r.outcome.started_at = 86400;
    stats_put(&r.outcome.stats, "mesh.flit_hops", 99, "flits", "");
    r.outcome.series = mem_alloc(sizeof *r.outcome.series);
    r.outcome.series_count = 1;
    r.outcome.series[0] = (struct run_series){.name = "op_cycles",
                                              .unit = "cycles",
                                              .count = 10,
                                              .mean = 2.5,
                                              .min = 1,
                                              .p50 = 2,
                                              .p95 = 3,
                                              .p99 = 4,
                                              .max = 5};
    r.outcome.hart = mem_alloc(sizeof *r.outcome.hart);
    r.outcome.hart_count = 1;
    r.outcome.hart[0] = (struct run_hart){
        .tile = 3, .mode = 'S', .cycles = 30, .instructions = 20, .part = {20, 0, 10}};
    r.outcome.part_count = 3;
    r.outcome.part[0] = "base";
    r.outcome.part[1] = "fetch";
    r.outcome.part[2] = "idle";
    return r;
}

static void record_good(struct analysis *db, struct run_record r)
{
    struct error e = {0};
    cr_assert(analysis_record(db, &r, &e), "%s", e.text);
    run_record_free(&r);
}

static bool is_done(struct analysis *db, const char *point_key)
{
    struct error e = {0};
    bool done = false;
    cr_assert(analysis_is_done(db, point_key, &done, &e), "%s", e.text);
    return done;
}

TestSuite(db, .init = enter_folder, .fini = leave_folder);

Test(db, a_run_is_stored_in_full)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    record_good(db, make_record("k1"));
    analysis_close(db);
    cr_expect_str_eq(ask("SELECT machine || cycles || seed || guest_hash FROM runs"),
                     "tiny123457fedcba9876543210");
    cr_expect_str_eq(ask("SELECT started_at FROM runs"), "1970-01-02 00:00:00");
    cr_expect_str_eq(ask("SELECT value FROM run_params WHERE key = 'cores'"), "3");
    cr_expect_str_eq(ask("SELECT value || unit FROM stats WHERE name = 'mesh.flit_hops'"),
                     "99flits");
    cr_expect_str_eq(ask("SELECT count || ' ' || mean || ' ' || p99 FROM results"), "10 2.5 4");
    cr_expect_str_eq(ask("SELECT tile || mode || cycles || ' ' || instructions FROM harts"),
                     "3S30 20");
    cr_expect_str_eq(ask("SELECT group_concat(tile || mode || part || cycles) FROM hart_cycles"),
                     "3Sbase20,3Sidle10");
}

Test(db, series_of_one_name_in_two_units_are_both_kept)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    struct run_record r = make_record("k1");
    r.outcome.series = mem_resize(r.outcome.series, 2 * sizeof *r.outcome.series);
    r.outcome.series[1] = r.outcome.series[0];
    snprintf(r.outcome.series[1].unit, sizeof r.outcome.series[1].unit, "ns");
    r.outcome.series_count = 2;
    record_good(db, r);
    analysis_close(db);
    cr_expect_str_eq(ask("SELECT group_concat(series || unit) FROM results"),
                     "op_cyclescycles,op_cyclesns");
}

Test(db, exit_code_is_null_when_the_guest_did_not_end)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    struct run_record r = make_record("k1");
    r.outcome.status = EXIT_STATUS_LIMIT;
    r.outcome.exit_code = RUN_NO_EXIT_CODE;
    record_good(db, r);
    analysis_close(db);
    cr_expect_str_eq(ask("SELECT exit_code FROM runs"), "NULL");
}

Test(db, a_finished_point_is_done_and_a_failed_one_is_not)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    cr_expect_not(is_done(db, "k1"));
    struct run_record r = make_record("k1");
    r.outcome.status = EXIT_STATUS_LIMIT;
    record_good(db, r);
    cr_expect_not(is_done(db, "k1"));
    record_good(db, make_record("k1"));
    cr_expect(is_done(db, "k1"));
    cr_expect_not(is_done(db, "k2"));
    analysis_close(db);
}

Test(db, a_point_has_one_row_and_its_old_details_are_gone)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    record_good(db, make_record("k1"));
    record_good(db, make_record("k1"));
    analysis_close(db);
    cr_expect_str_eq(ask("SELECT count(*) FROM runs"), "1");
    cr_expect_str_eq(ask("SELECT count(*) FROM stats"), "1");
    cr_expect_str_eq(ask("SELECT count(*) FROM results"), "1");
    cr_expect_str_eq(ask("SELECT count(*) FROM run_params"), "1");
}

Test(db, runs_of_their_own_are_kept_side_by_side)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    record_good(db, make_record(""));
    record_good(db, make_record(""));
    analysis_close(db);
    cr_expect_str_eq(ask("SELECT count(*) FROM runs WHERE point_key IS NULL"), "2");
}

Test(db, two_runs_are_told_equal_by_state_hash)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    for (unsigned i = 0; i < 3; i++) {
        struct run_record r = make_record("");
        r.outcome.state_hash = i < 2 ? UINT64_MAX : 5;
        record_good(db, r);
    }
    analysis_close(db);
    cr_expect_str_eq(ask("SELECT a.state_hash = b.state_hash FROM runs a, runs b"
                         " WHERE a.run_id = 1 AND b.run_id = 2"),
                     "1");
    cr_expect_str_eq(ask("SELECT a.state_hash = b.state_hash FROM runs a, runs b"
                         " WHERE a.run_id = 1 AND b.run_id = 3"),
                     "0");
}

Test(db, a_run_that_cannot_be_stored_whole_is_not_stored)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    struct error e = {0};
    record_good(db, make_record("k1"));
    struct run_record r = make_record("k1");
    r.outcome.cycles = 777;
    stats_put(&r.outcome.stats, "mesh.flit_hops", 1, "flits", ""); /* named twice: no row */
    cr_expect_not(analysis_record(db, &r, &e));
    run_record_free(&r);
    cr_expect(is_done(db, "k1"), "the earlier run is lost");
    record_good(db, make_record("k2"));
    analysis_close(db);
    cr_expect_str_eq(ask("SELECT count(*) FROM runs WHERE cycles = 777"), "0");
    cr_expect_str_eq(ask("SELECT count(*) FROM results"), "2");
}

Test(db, a_finished_run_survives_the_writers_death)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct analysis *db = open_good(ANALYSIS_WRITE);
        record_good(db, make_record("k1"));
        kill(getpid(), SIGKILL);
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFSIGNALED(status));
    struct analysis *db = open_good(ANALYSIS_WRITE);
    cr_expect(is_done(db, "k1"));
    analysis_close(db);
}

Test(db, refuses_another_version)
{
    analysis_close(open_good(ANALYSIS_WRITE));
    run_sql("PRAGMA user_version=99");
    expect_refused(FILE_NAME, ANALYSIS_READ, EXIT_STATUS_INPUT, "a database of version 99");
    expect_refused(FILE_NAME, ANALYSIS_WRITE, EXIT_STATUS_INPUT, "a database of version 99");
    cr_expect_str_eq(ask("PRAGMA user_version"), "99");
}

Test(db, refuses_another_programs_database)
{
    analysis_close(open_good(ANALYSIS_WRITE));
    run_sql("PRAGMA application_id=1");
    expect_refused(FILE_NAME, ANALYSIS_WRITE, EXIT_STATUS_INPUT, "not a database of Tessera's");
}

Test(db, refuses_a_file_that_is_no_database)
{
    FILE *f = fopen("text.db", "w");
    for (unsigned i = 0; i < 2000; i++)
        fprintf(f, "this is no database\n");
    fclose(f);
    expect_refused("text.db", ANALYSIS_READ, EXIT_STATUS_INPUT, "text.db: file is not a database");
    expect_refused("text.db", ANALYSIS_WRITE, EXIT_STATUS_INPUT, "text.db: file is not a database");
}

Test(db, reading_creates_nothing)
{
    expect_refused("none.db", ANALYSIS_READ, EXIT_STATUS_INPUT, "none.db: No such file");
    cr_expect_neq(access("none.db", F_OK), 0);
}

static int files_beside(void)
{
    int number = -1;
    FILE *f = popen("ls -A out | wc -l", "r");
    cr_assert_eq(fscanf(f, "%d", &number), 1);
    pclose(f);
    return number;
}

/* Goes on as somebody who may not write here, in a process of its own. */
static pid_t fork_without_rights(void)
{
    cr_assert_eq(system("chmod 0755 . && chmod 0555 out && chmod 0444 out/runs.db"), 0);
    pid_t pid = fork();
    if (pid == 0 && geteuid() == 0)
        cr_assert_eq(setresuid(65534, 65534, 65534), 0);
    return pid;
}

static void expect_good_end(pid_t pid)
{
    int status = -1;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect_eq(status, 0, "status %d", status);
}

Test(db, reading_leaves_nothing_behind)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    record_good(db, make_record("k1"));
    analysis_close(db);
    db = open_good(ANALYSIS_READ);
    cr_expect(is_done(db, "k1"));
    analysis_close(db);
    cr_expect_eq(files_beside(), 1);
}

Test(db, a_reader_sees_finished_runs_while_a_writer_works_and_writes_nothing)
{
    struct analysis *writer = open_good(ANALYSIS_WRITE);
    struct error e = {0};
    record_good(writer, make_record("k1"));
    struct analysis *reader = open_good(ANALYSIS_READ);
    cr_expect(is_done(reader, "k1"));
    record_good(writer, make_record("k2"));
    cr_expect(is_done(reader, "k2"));
    struct run_record r = make_record("k3");
    cr_expect_not(analysis_record(reader, &r, &e));
    run_record_free(&r);
    analysis_close(reader);
    cr_expect_not(is_done(writer, "k3"));
    analysis_close(writer);
}

Test(db, can_be_read_where_it_cannot_be_written)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    record_good(db, make_record("k1"));
    analysis_close(db);
    pid_t pid = fork_without_rights();
    if (pid == 0) {
        unsigned count;
        struct error e = {0};
        db = open_good(ANALYSIS_READ);
        bool good = is_done(db, "k1") && analysis_count_points(db, "update", &count, &e);
        analysis_close(db);
        db = analysis_open(FILE_NAME, ANALYSIS_WRITE, &e);
        _exit(!good + 2 * !(db == NULL && e.status == EXIT_STATUS_IO &&
                            strstr(e.text, "out/runs.db: it or its folder cannot be written")));
    }
    expect_good_end(pid);
    cr_expect_eq(files_beside(), 1);
}

Test(db, runs_that_are_in_the_log_alone_are_not_passed_over)
{
    pid_t writer = fork();
    if (writer == 0) {
        record_good(open_good(ANALYSIS_WRITE), make_record("k1"));
        kill(getpid(), SIGKILL); /* what it has stored stays in the log */
    }
    int status;
    cr_assert_eq(waitpid(writer, &status, 0), writer);
    pid_t pid = fork_without_rights();
    if (pid == 0) {
        struct error e = {0};
        struct analysis *db = analysis_open(FILE_NAME, ANALYSIS_READ, &e);
        _exit(!(db == NULL && strstr(e.text, "still in out/runs.db-wal")));
    }
    expect_good_end(pid);
}

Test(db, one_claim_at_a_time)
{
    struct error e = {0};
    bool claimed = false;
    struct analysis *one = open_good(ANALYSIS_WRITE), *two = open_good(ANALYSIS_WRITE);
    cr_assert(analysis_claim(one, false, &claimed, &e), "%s", e.text);
    cr_expect(claimed);
    cr_assert(analysis_claim(two, false, &claimed, &e), "%s", e.text);
    cr_expect_not(claimed);
    record_good(two, make_record("k1")); /* storing needs no claim */
    analysis_close(one);
    cr_assert(analysis_claim(two, false, &claimed, &e), "%s", e.text);
    cr_expect(claimed);
    analysis_close(two);
}

Test(db, refuses_what_is_no_file)
{
    expect_refused("/dev/zero", ANALYSIS_READ, EXIT_STATUS_INPUT, "/dev/zero: is no ordinary file");
    expect_refused("/dev/zero", ANALYSIS_WRITE, EXIT_STATUS_INPUT,
                   "/dev/zero: is no ordinary file");
}

Test(db, a_place_that_cannot_be_written_is_an_io_error)
{
    expect_refused("/proc/runs.db", ANALYSIS_WRITE, EXIT_STATUS_IO, "/proc/runs.db");
    expect_refused("/dev/null/runs.db", ANALYSIS_WRITE, EXIT_STATUS_IO, "/dev/null");
}

/* The host refuses to let any file grow: what SQLite then says is an I/O
 * error, and what was stored before stays. */
Test(db, a_full_disk_is_an_io_error_and_loses_nothing)
{
    struct analysis *db = open_good(ANALYSIS_WRITE);
    struct rlimit limit = {64 << 10, RLIM_INFINITY};
    struct error e = {0};
    unsigned stored = 0;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (bool good = true; good && stored < 10000; stored += good) {
        char key[20];
        snprintf(key, sizeof key, "k%u", stored);
        struct run_record r = make_record(key);
        good = analysis_record(db, &r, &e);
        run_record_free(&r);
    }
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    analysis_close(db);
    cr_expect_eq(e.status, EXIT_STATUS_IO, "%d: %s", (int)e.status, e.text);
    cr_assert_gt(stored, 0);
    cr_expect_eq((unsigned)atoi(ask("SELECT count(*) FROM runs")), stored);
    cr_expect_str_eq(ask("PRAGMA integrity_check"), "ok");
}
