/*
 * What the mesh leaves in the database: load points with what others measured
 * beside them, links, the series over time, and the picture of the chip.
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

TestSuite(mesh_rows, .init = enter_folder, .fini = leave_folder);

/* All rows that a query gives, "a b; c d". */
static const char *ask(const char *query)
{
    static char text[4096];
    sqlite3 *sql;
    sqlite3_stmt *s;
    size_t n = 0;
    cr_assert_eq(sqlite3_open(FILE_NAME, &sql), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(sql, query, -1, &s, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(sql));
    text[0] = 0;
    while (sqlite3_step(s) == SQLITE_ROW) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", n ? "; " : "");
        for (int k = 0; k < sqlite3_column_count(s); k++) {
            const char *value = (const char *)sqlite3_column_text(s, k);
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", k ? " " : "",
                                  value ? value : "-");
        }
    }
    sqlite3_finalize(s);
    sqlite3_close(sql);
    return text;
}

static struct run_record record_of(const char *key)
{
    struct run_record r = {0};
    snprintf(r.point_key, sizeof r.point_key, "%s", key);
    snprintf(r.machine, sizeof r.machine, "mesh-2x2");
    snprintf(r.revision, sizeof r.revision, "abc");
    r.outcome.cycles = 1000;
    return r;
}

static void store(struct run_record *r)
{
    struct error e = {0};
    cr_assert(analysis_record(db, r, &e), "%s", e.text);
    run_record_free(r);
}

static void store_point(const char *key, const char *traffic, double accepted, double latency,
                        bool saturated)
{
    struct run_record r = record_of(key);
    run_record_add_param(&r, "traffic", traffic);
    run_record_add_param(&r, "packet-flits", "5");
    r.outcome.mesh_point = mem_alloc(sizeof *r.outcome.mesh_point);
    *r.outcome.mesh_point = (struct run_mesh_point){
        .offered = accepted, .accepted = accepted, .latency = latency, .saturated = saturated};
    store(&r);
}

static void begin(const char *const *keys, unsigned count)
{
    struct error e = {0};
    cr_assert(analysis_begin_sweep(db, "curve", "mesh-curve", keys, count, &e), "%s", e.text);
}

Test(mesh_rows, a_curve_has_its_points_and_those_measured_elsewhere)
{
    const char *keys[] = {"a", "b", "c"};
    const struct reference_point other = {"BookSim 2 uniform, 5 flits", 0.25, 40, "cycles", "x"};
    struct error e = {0};
    begin(keys, 3);
    store_point("a", "uniform", 0.125, 31, false);
    store_point("b", "uniform", 0.25, 39, false);
    store_point("c", "uniform", 0.5, 9000, true);
    cr_assert(analysis_set_references(db, "curve", &other, 1, &e), "%s", e.text);
    cr_expect_str_eq(
        ask("SELECT series, x, y, unit FROM figure_points WHERE figure = 'mesh-curve'"
            " ORDER BY series, x"),
        "BookSim 2 uniform, 5 flits 0.25 40.0 cycles; uniform, 5 flits 0.125 31.0 cycles; "
        "uniform, 5 flits 0.25 39.0 cycles; uniform, 5 flits 0.5 - cycles");
    cr_expect(analysis_draw(db, "mesh-curve", "curve.svg", &e), "%s", e.text);
    cr_assert(analysis_set_references(db, "curve", NULL, 0, &e), "%s", e.text);
    cr_expect_str_eq(ask("SELECT count(*) FROM reference_points"), "0");
}

Test(mesh_rows, what_is_not_known_of_a_point_is_null)
{
    struct run_record r = record_of("");
    r.outcome.mesh_point = mem_alloc(sizeof *r.outcome.mesh_point);
    *r.outcome.mesh_point = (struct run_mesh_point){
        .offered = 0.5, .accepted = 0.25, .latency = 30, .network_latency = 29, .ci95 = 0.5};
    r.outcome.mesh_point->settled = true;
    store(&r);
    store_point("a", "uniform", 0.5, 9000, true);
    cr_expect_str_eq(ask("SELECT ci95, network_latency, saturated, settled FROM mesh_points"
                         " ORDER BY run_id"),
                     "0.5 29.0 0 1; - - 1 0");
}

/* A square mesh whose router 1 sends half of the time upward, with so many flits in each buffer. */
static void store_square(unsigned side, double buffered)
{
    struct run_record r = record_of("heat");
    unsigned ports = 5 * side * side;
    r.outcome.mesh = (struct run_mesh){.width = side, .height = side, .concentration = 1};
    r.outcome.mesh.link = mem_alloc(ports * sizeof *r.outcome.mesh.link);
    for (unsigned k = 0; k < ports; k++)
        r.outcome.mesh.link[r.outcome.mesh.links++] =
            (struct run_mesh_link){k / 5, k % 5, RUN_ALL_VNETS, k == 7 ? 500 : 10, -1, buffered};
    r.outcome.mesh.sample = mem_alloc(2 * sizeof *r.outcome.mesh.sample);
    r.outcome.mesh.sample[0] = (struct run_mesh_sample){500, RUN_ALL_VNETS, 7, 6, 20, 1.5};
    r.outcome.mesh.sample[1] = (struct run_mesh_sample){500, 1, 0, 0, 20, 1.5};
    r.outcome.mesh.samples = 2;
    store(&r);
}

static void store_mesh(void)
{
    store_square(2, 0.5);
}

Test(mesh_rows, links_and_series_are_stored_and_go_with_their_run)
{
    store_mesh();
    cr_expect_str_eq(ask("SELECT x, y, utilisation, buffered FROM mesh_heat WHERE port = 2"
                         " AND vnet = -1 ORDER BY y, x"),
                     "0 0 0.01 0.5; 1 0 0.5 0.5; 0 1 0.01 0.5; 1 1 0.01 0.5");
    cr_expect_str_eq(ask("SELECT cycle, vnet, sent, delivered, crossed FROM mesh_series"),
                     "500 -1 7 6 20; 500 1 - - 20");
    cr_expect_str_eq(ask("SELECT flits, entered FROM mesh_links WHERE router = 1 AND port = 2"),
                     "500 -");
    store_mesh(); /* the same point again */
    cr_expect_str_eq(ask("SELECT count(*) FROM mesh_links"), "20");
    cr_expect_str_eq(ask("SELECT count(*) FROM mesh_series"), "2");
}

static size_t bytes_of(const char *name)
{
    FILE *f = fopen(name, "r");
    cr_assert_not_null(f, "%s", name);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    fclose(f);
    return (size_t)n;
}

Test(mesh_rows, the_chip_is_drawn_in_every_format)
{
    struct error e = {0};
    store_mesh();
    cr_expect(analysis_draw_heat(db, 0, "heat.svg", &e), "%s", e.text);
    cr_expect(analysis_draw_heat(db, 1, "heat.png", &e), "%s", e.text);
    cr_expect(analysis_draw(db, "mesh-heat", "heat.pdf", &e), "%s", e.text);
    cr_expect_gt(bytes_of("heat.svg"), 2000);
    cr_expect_gt(bytes_of("heat.png"), 2000);
    cr_expect_gt(bytes_of("heat.pdf"), 2000);
}

/* Every text of the picture of the last run, with a bar between them. */
static const char *words_of_picture(void)
{
    static char svg[1 << 19], words[1 << 14];
    struct error e = {0};
    cr_assert(analysis_draw_heat(db, 0, "heat.svg", &e), "%s", e.text);
    FILE *f = fopen("heat.svg", "r");
    cr_assert_not_null(f);
    svg[fread(svg, 1, sizeof svg - 1, f)] = 0;
    fclose(f);
    size_t n = (size_t)snprintf(words, sizeof words, "|");
    for (char *at = svg; (at = strchr(at, '>'));) {
        at += 1 + strspn(at + 1, " \t\n");
        int length = (int)strcspn(at, "<");
        if (length)
            n += (size_t)snprintf(words + n, sizeof words - n, "%.*s|", length, at);
    }
    return words;
}

static void expect_words(const char *words, const char *wanted)
{
    cr_expect_not_null(strstr(words, wanted), "%s is not in %s", wanted, words);
}

/* Cells have one scale, the flits that crossed them, whether or not buffers were counted too. */
Test(mesh_rows, cells_show_what_crossed_them_and_below_it_what_waited)
{
    store_square(2, 0);
    const char *words = words_of_picture();
    expect_words(words, "|0 %|25 %|50 %|links|");
    expect_words(words, "|0|0.3|0.6|routers|flits a cycle through it|");
    expect_words(words, "|number: the same|");
    expect_words(words, "|0.050|0.540|0.050|0.050|");
    cr_expect_null(strstr(words, "2.50"), "%s", words);
    store_square(2, 0.5);
    words = words_of_picture();
    expect_words(words, "|0|0.3|0.6|routers|flits a cycle through it|");
    expect_words(words, "|upper number: the same|");
    expect_words(words, "|lower: flits in its buffers, mean|");
    expect_words(words, "|0.050|0.540|0.050|0.050|");
    expect_words(words, "|2.50|2.50|2.50|2.50|");
}

Test(mesh_rows, a_mesh_of_one_router_has_no_links)
{
    store_square(1, 0);
    const char *words = words_of_picture();
    expect_words(words, "|routers|");
    cr_expect_null(strstr(words, "links"), "%s", words);
}

Test(mesh_rows, a_run_without_a_mesh_is_not_drawn)
{
    struct error e = {0};
    cr_expect_not(analysis_draw_heat(db, 0, "heat.svg", &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    store_mesh();
    cr_expect_not(analysis_draw_heat(db, 77, "heat.svg", &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_not_null(strstr(e.text, "run 77 has no mesh in it"), "%s", e.text);
    cr_expect_not(analysis_draw_heat(db, 1, "heat.gif", &e));
    cr_expect_eq(e.status, EXIT_STATUS_USAGE);
}
