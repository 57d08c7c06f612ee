/*
 * Figures: figure_points holds the points of the present sweep and nothing
 * else, under the names that the legend shows, and a picture comes out.
 */
#include "analysis/analysis.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/arena.h"

#define FILE_NAME "runs.db"

static struct analysis *db;

static void enter_folder(void)
{
    char folder[] = "/tmp/tessera-test-XXXXXX";
    struct error e = {0};
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    db = analysis_open(FILE_NAME, ANALYSIS_WRITE, &e);
    cr_assert_not_null(db, "%s", e.text);
}

static void leave_folder(void)
{
    char command[128], folder[96];
    analysis_close(db);
    cr_assert_not_null(getcwd(folder, sizeof folder));
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

static struct run_series series(const char *name, double mean)
{
    struct run_series s = {.unit = "cycles", .count = 10, .mean = mean};
    snprintf(s.name, sizeof s.name, "%s", name);
    return s;
}

/* What store() adds to the runs that follow; NULL: nothing. */
static const char *extra_key, *extra_value, *machine = "mesh_4x4";

/* Stores a run of the update bench; server < 0: it has no server. */
static void store(const char *key, const char *mode, const char *transport, const char *cores,
                  double op, double server, int status)
{
    struct run_record r = {0};
    struct error e = {0};
    snprintf(r.point_key, sizeof r.point_key, "%s", key);
    snprintf(r.machine, sizeof r.machine, "%s", machine);
    snprintf(r.revision, sizeof r.revision, "abc-dirty");
    run_record_add_param(&r, "mode", mode);
    if (transport)
        run_record_add_param(&r, "transport", transport);
    if (extra_key)
        run_record_add_param(&r, extra_key, extra_value);
    run_record_add_param(&r, "cores", cores);
    r.outcome.status = status;
    r.outcome.series = mem_alloc(2 * sizeof *r.outcome.series);
    r.outcome.series[0] = series("op_cycles", op);
    r.outcome.series[1] = series("server_cycles", server);
    r.outcome.series_count = server < 0 ? 1 : 2;
    cr_assert(analysis_record(db, &r, &e), "%s", e.text);
    run_record_free(&r);
}

static void begin(const char *sweep, const char *figure, const char *const *keys, unsigned count)
{
    struct error e = {0};
    cr_assert(analysis_begin_sweep(db, sweep, figure, keys, count, &e), "%s", e.text);
}

/* All rows of figure_points as "series x y; ...", sorted. */
static const char *points(void)
{
    static char text[1024];
    sqlite3 *client;
    sqlite3_stmt *s;
    cr_assert_eq(sqlite3_open_v2(FILE_NAME, &client, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(client,
                                    "SELECT coalesce(group_concat(p, '; '), '') FROM (SELECT "
                                    "figure || ' ' || series || ' ' || x || ' ' || y || ' ' || "
                                    "unit AS p FROM figure_points ORDER BY series, x)",
                                    -1, &s, NULL),
                 SQLITE_OK, "%s", sqlite3_errmsg(client));
    cr_assert_eq(sqlite3_step(s), SQLITE_ROW);
    snprintf(text, sizeof text, "%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    sqlite3_close(client);
    return text;
}

static const char *const keys[] = {"a", "b", "c", "d"};

TestSuite(figures, .init = enter_folder, .fini = leave_folder);

Test(figures, update_names_its_series_by_mode_and_transport)
{
    store("a", "shm8", "none", "4", 100, -1, 0);
    store("b", "msg1", "urpc", "2", 200, 20, 0);
    store("c", "msg8", "noc", "16", 300, 30, 0);
    begin("update", "update", keys, 3);
    cr_expect_str_eq(points(), "update MSG1 URPC 2 200.0 cycles; update MSG8 NoC 16 300.0 cycles; "
                               "update SHM8 4 100.0 cycles; "
                               "update server MSG1 URPC 2 20.0 cycles; "
                               "update server MSG8 NoC 16 30.0 cycles");
}

Test(figures, what_tells_points_apart_is_in_the_name_of_their_series)
{
    extra_key = "l1d.kib", extra_value = "8";
    store("a", "shm1", "none", "1", 10, -1, 0);
    extra_value = "16";
    store("b", "shm1", "none", "1", 20, -1, 0);
    store("c", "shm2", "none", "1", 30, -1, 0);
    begin("update", "update", keys, 3);
    cr_expect_str_eq(points(), "update SHM1 l1d.kib=16 1 20.0 cycles; "
                               "update SHM1 l1d.kib=8 1 10.0 cycles; update SHM2 1 30.0 cycles");
}

Test(figures, a_key_that_some_runs_lack_tells_them_apart_too)
{
    store("a", "shm1", "none", "1", 10, -1, 0);
    extra_key = "lock", extra_value = "mcs";
    store("b", "shm1", "none", "1", 20, -1, 0);
    begin("update", "update", keys, 2);
    cr_expect_str_eq(points(), "update SHM1 1 10.0 cycles; update SHM1 lock=mcs 1 20.0 cycles");
}

Test(figures, machines_are_named_before_parameters)
{
    extra_key = "l1d.kib", extra_value = "8";
    store("a", "msg1", "noc", "2", 10, 5, 0);
    machine = "tiny", extra_value = "16";
    store("b", "msg1", "noc", "4", 20, 6, 0);
    begin("update", "update", keys, 2);
    cr_expect_str_eq(points(), "update MSG1 NoC mesh_4x4 l1d.kib=8 2 10.0 cycles; "
                               "update MSG1 NoC tiny l1d.kib=16 4 20.0 cycles; "
                               "update server MSG1 NoC mesh_4x4 l1d.kib=8 2 5.0 cycles; "
                               "update server MSG1 NoC tiny l1d.kib=16 4 6.0 cycles");
}

Test(figures, shared_memory_has_no_transport)
{
    store("a", "shm8", "urpc", "1", 10, -1, 0);
    store("b", "shm8", "noc", "2", 20, -1, 0);
    store("c", "shm8", NULL, "4", 30, -1, 0);
    store("d", "msg8", NULL, "4", 40, 1, 0);
    begin("update", "update", keys, 4);
    cr_expect_str_eq(points(), "update MSG8 URPC 4 40.0 cycles; update SHM8 1 10.0 cycles; "
                               "update SHM8 2 20.0 cycles; update SHM8 4 30.0 cycles; "
                               "update server MSG8 URPC 4 1.0 cycles");
}

Test(figures, a_failed_point_is_not_plotted)
{
    store("a", "shm1", "none", "1", 10, -1, 0);
    store("b", "shm1", "none", "2", 20, -1, EXIT_STATUS_LIMIT);
    begin("update", "update", keys, 2);
    cr_expect_str_eq(points(), "update SHM1 1 10.0 cycles");
}

Test(figures, a_point_that_the_sweep_no_longer_has_is_not_plotted)
{
    store("a", "shm1", "none", "1", 10, -1, 0);
    store("b", "shm1", "none", "2", 20, -1, 0);
    begin("update", "update", keys, 2);
    begin("update", "update", keys + 1, 1);
    cr_expect_str_eq(points(), "update SHM1 2 20.0 cycles");
}

Test(figures, the_sweep_started_last_feeds_the_figure)
{
    store("a", "shm1", "none", "1", 10, -1, 0);
    store("b", "shm1", "none", "1", 11, -1, 0);
    begin("update", "update", keys, 1);
    begin("mine", "update", keys + 1, 1);
    begin("none", "", keys, 1);
    cr_expect_str_eq(points(), "update SHM1 1 11.0 cycles");
    begin("update", "update", keys, 1);
    cr_expect_str_eq(points(), "update SHM1 1 10.0 cycles");
}

static void expect_drawn(const char *output, const char *start)
{
    struct error e = {0};
    char head[16] = "";
    cr_assert(analysis_draw(db, "update", output, &e), "%s", e.text);
    FILE *f = fopen(output, "r");
    cr_assert_not_null(f, "%s", output);
    cr_assert_gt(fread(head, 1, sizeof head - 1, f), 0);
    fclose(f);
    cr_expect_eq(memcmp(head, start, strlen(start)), 0, "%s begins otherwise", output);
}

Test(figures, draws_all_three_formats)
{
    extra_key = "lock", extra_value = "ticket";
    store("a", "shm1", "none", "1", 10, -1, 0);
    store("b", "msg8", "noc", "2", 20, 5, 0);
    begin("update", "update", keys, 2);
    expect_drawn("new/folder/update.svg", "<?xml");
    expect_drawn("update.png", "\x89PNG");
    expect_drawn("update.pdf", "%PDF");
    cr_expect_eq(system("grep -q 'MSG8 NoC' new/folder/update.svg"), 0);
    cr_expect_eq(system("grep -q 'mesh_4x4' new/folder/update.svg"), 0);
    cr_expect_eq(system("grep -q 'server MSG8 NoC' new/folder/update.svg"), 0);
    cr_expect_eq(system("grep -q 'lock=ticket   revision abc-dirty' new/folder/update.svg"), 0);
    cr_expect_neq(access("update.png~", F_OK), 0, "a draft was left behind");
}

static void expect_refused(const char *figure, const char *output, enum exit_status status,
                           const char *part)
{
    struct error e = {0};
    cr_assert_not(analysis_draw(db, figure, output, &e));
    cr_expect_eq(e.status, status, "%d: %s", (int)e.status, e.text);
    cr_expect_not_null(strstr(e.text, part), "%s", e.text);
}

Test(figures, refusals_say_what_to_do)
{
    expect_refused("updaet", "x.svg", EXIT_STATUS_USAGE, "did you mean update?");
    expect_refused("update", "x.gif", EXIT_STATUS_USAGE, "must end in .svg, .png or .pdf");
    expect_refused("update", "x.svg", EXIT_STATUS_INPUT, "no finished runs for figure update");
    store("a", "shm1", "none", "1", 10, -1, 0);
    begin("update", "update", keys, 1);
    expect_refused("update", "/proc/x.svg", EXIT_STATUS_IO, "/proc/x.svg");
}

Test(figures, a_full_disk_leaves_the_old_picture)
{
    store("a", "shm1", "none", "1", 10, -1, 0);
    begin("update", "update", keys, 1);
    expect_drawn("update.svg", "<?xml");
    cr_assert_eq(symlink("/dev/full", "update.svg~"), 0);
    expect_refused("update", "update.svg", EXIT_STATUS_IO, "No space left on device");
    cr_expect_eq(system("grep -q '</svg>' update.svg"), 0);
}

Test(figures, every_variant_of_a_series_has_a_place_in_the_legend)
{
    static const char *const sizes[] = {"1", "2", "4", "8"};
    extra_key = "l1d.kib";
    for (unsigned i = 0; i < 4; i++) {
        extra_value = sizes[i];
        store(keys[i], "msg8", "noc", "2", 20 + i, 5 + i, 0);
    }
    begin("update", "update", keys, 4);
    expect_drawn("update.svg", "<?xml");
    for (unsigned i = 0; i < 4; i++) {
        char command[96];
        snprintf(command, sizeof command, "grep -q '<text>MSG8 NoC l1d.kib=%s</text>' update.svg",
                 sizes[i]);
        cr_expect_eq(system(command), 0, "%s", command);
    }
}
