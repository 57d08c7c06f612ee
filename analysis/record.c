/*
 * Storing a run, whole or not at all, and asking what has been stored.
 *
 * Everything of a run goes into one transaction.  A point of a sweep that ran
 * before (and failed, or it would not have run again) is replaced inside the
 * same transaction, so that there is one row a point at any moment.
 */
#include "analysis/db.h"

#include <string.h>
#include <time.h>

#include "sim/base/arena.h"

void run_record_add_param(struct run_record *record, const char *key, const char *value)
{
    unsigned n = record->param_count++;
    record->param = mem_resize(record->param, record->param_count * sizeof *record->param);
    snprintf(record->param[n].key, sizeof record->param[n].key, "%s", key);
    snprintf(record->param[n].value, sizeof record->param[n].value, "%s", value);
}

void run_record_free(struct run_record *record)
{
    mem_free(record->config);
    mem_free(record->param);
    mem_free(record->outcome.series);
    mem_free(record->outcome.mesh_point);
    mem_free(record->outcome.mesh.link);
    mem_free(record->outcome.mesh.sample);
    mem_free(record->outcome.hart);
    stats_free(&record->outcome.stats);
    memset(record, 0, sizeof *record);
}

/* ---- binding ------------------------------------------------------------------ */

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

/* Hashes are kept as text: SQLite's integers are signed. */
static void bind_hash(sqlite3_stmt *s, int at, uint64_t hash)
{
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
    sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_time(sqlite3_stmt *s, int at, int64_t seconds)
{
    char text[32];
    time_t t = (time_t)seconds;
    struct tm utc;
    gmtime_r(&t, &utc);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &utc);
    sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

/* ---- one run, table by table ------------------------------------------------------ */

static bool delete_point(struct analysis *db, const char *point_key, struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "DELETE FROM runs WHERE point_key = ?1", e);
    if (s == NULL)
        return false;
    bind_text(s, 1, point_key);
    bool good = db_step(db, s, e);
    sqlite3_finalize(s);
    return good;
}

static void bind_identity(sqlite3_stmt *s, const struct run_record *r)
{
    if (r->point_key[0])
        bind_text(s, 1, r->point_key);
    bind_text(s, 2, r->machine);
    bind_text(s, 3, r->sweep);
    bind_text(s, 4, r->config ? r->config : "");
    bind_hash(s, 5, r->config_hash);
    db_bind_number(s, 6, r->seed);
    bind_text(s, 7, r->guest);
    bind_hash(s, 8, r->guest_hash);
    bind_text(s, 9, r->bootargs);
    db_bind_number(s, 10, r->max_cycles);
    bind_text(s, 11, r->revision);
    bind_text(s, 12, r->source_hash);
}

static void bind_outcome(sqlite3_stmt *s, const struct run_outcome *o)
{
    sqlite3_bind_int(s, 13, o->status);
    if (o->exit_code != RUN_NO_EXIT_CODE)
        sqlite3_bind_int64(s, 14, o->exit_code);
    bind_text(s, 15, o->message);
    db_bind_number(s, 16, o->cycles);
    db_bind_number(s, 17, o->instructions);
    bind_hash(s, 18, o->state_hash);
    sqlite3_bind_double(s, 19, o->host_seconds);
    db_bind_number(s, 20, o->threads);
    bind_time(s, 21, o->started_at);
}

static bool insert_run(struct analysis *db, const struct run_record *r, uint64_t *run_id,
                       struct error *e)
{
    sqlite3_stmt *s = db_prepare(
        db,
        "INSERT INTO runs (point_key, machine, sweep, config, config_hash, seed, guest,"
        " guest_hash, bootargs, max_cycles, revision, source_hash, status, exit_code, message,"
        " cycles, instructions, state_hash, host_seconds, threads, started_at) VALUES"
        " (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)",
        e);
    if (s == NULL)
        return false;
    bind_identity(s, r);
    bind_outcome(s, &r->outcome);
    bool good = db_step(db, s, e);
    *run_id = (uint64_t)sqlite3_last_insert_rowid(db->sql);
    sqlite3_finalize(s);
    return good;
}

static bool insert_params(struct analysis *db, const struct run_record *r, uint64_t run_id,
                          struct error *e)
{
    /* Of a word given twice the last holds, as of parameters set twice. */
    sqlite3_stmt *s = db_prepare(db, "INSERT OR REPLACE INTO run_params VALUES (?1,?2,?3)", e);
    bool good = s != NULL;
    for (unsigned i = 0; good && i < r->param_count; i++) {
        db_bind_number(s, 1, run_id);
        bind_text(s, 2, r->param[i].key);
        bind_text(s, 3, r->param[i].value);
        good = db_step(db, s, e);
    }
    sqlite3_finalize(s);
    return good;
}

static bool insert_stats(struct analysis *db, const struct stats *stats, uint64_t run_id,
                         struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "INSERT INTO stats VALUES (?1,?2,?3,?4)", e);
    bool good = s != NULL;
    for (unsigned i = 0; good && i < stats->count; i++) {
        db_bind_number(s, 1, run_id);
        bind_text(s, 2, stats->item[i].name);
        db_bind_number(s, 3, stats->item[i].value);
        bind_text(s, 4, stats->item[i].unit);
        good = db_step(db, s, e);
    }
    sqlite3_finalize(s);
    return good;
}

static void bind_series(sqlite3_stmt *s, const struct run_series *series)
{
    bind_text(s, 2, series->name);
    bind_text(s, 3, series->unit);
    db_bind_number(s, 4, series->count);
    sqlite3_bind_double(s, 5, series->mean);
    db_bind_number(s, 6, series->min);
    db_bind_number(s, 7, series->p50);
    db_bind_number(s, 8, series->p95);
    db_bind_number(s, 9, series->p99);
    db_bind_number(s, 10, series->max);
}

static bool insert_results(struct analysis *db, const struct run_outcome *o, uint64_t run_id,
                           struct error *e)
{
    sqlite3_stmt *s =
        db_prepare(db, "INSERT INTO results VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)", e);
    bool good = s != NULL;
    for (unsigned i = 0; good && i < o->series_count; i++) {
        db_bind_number(s, 1, run_id);
        bind_series(s, &o->series[i]);
        good = db_step(db, s, e);
    }
    sqlite3_finalize(s);
    return good;
}

static bool insert_cycles(struct analysis *db, sqlite3_stmt *s, const struct run_outcome *o,
                          const struct run_hart *hart, struct error *e)
{
    bool good = true;
    for (unsigned k = 0; good && k < o->part_count; k++) {
        if (hart->part[k] == 0)
            continue;
        bind_text(s, 4, o->part[k]);
        db_bind_number(s, 5, hart->part[k]);
        good = db_step(db, s, e);
    }
    return good;
}

static bool insert_harts(struct analysis *db, const struct run_outcome *o, uint64_t run_id,
                         struct error *e)
{
    sqlite3_stmt *of_hart = db_prepare(db, "INSERT INTO harts VALUES (?1,?2,?3,?4,?5)", e);
    sqlite3_stmt *of_part =
        of_hart ? db_prepare(db, "INSERT INTO hart_cycles VALUES (?1,?2,?3,?4,?5)", e) : NULL;
    bool good = of_part != NULL;
    for (unsigned i = 0; good && i < o->hart_count; i++) {
        const struct run_hart *hart = &o->hart[i];
        const char mode[] = {hart->mode, '\0'};
        sqlite3_stmt *const both[] = {of_hart, of_part};
        for (unsigned k = 0; k < 2; k++) {
            db_bind_number(both[k], 1, run_id);
            db_bind_number(both[k], 2, hart->tile);
            bind_text(both[k], 3, mode);
        }
        db_bind_number(of_hart, 4, hart->cycles);
        db_bind_number(of_hart, 5, hart->instructions);
        good = db_step(db, of_hart, e) && insert_cycles(db, of_part, o, hart, e);
    }
    sqlite3_finalize(of_hart);
    sqlite3_finalize(of_part);
    return good;
}

bool analysis_record(struct analysis *db, const struct run_record *record, struct error *e)
{
    uint64_t run_id = 0;
    if (!db_execute(db, "BEGIN IMMEDIATE", e))
        return false;
    bool good = (record->point_key[0] == 0 || delete_point(db, record->point_key, e)) &&
                insert_run(db, record, &run_id, e) && insert_params(db, record, run_id, e) &&
                insert_stats(db, &record->outcome.stats, run_id, e) &&
                insert_results(db, &record->outcome, run_id, e) &&
                insert_harts(db, &record->outcome, run_id, e) &&
                record_mesh(db, &record->outcome, run_id, e);
    return db_end(db, good, e);
}

/* ---- sweeps --------------------------------------------------------------------------- */

bool analysis_is_done(struct analysis *db, const char *point_key, bool *done, struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "SELECT 1 FROM runs WHERE point_key = ?1 AND status = 0", e);
    if (s == NULL)
        return false;
    bind_text(s, 1, point_key);
    int code = sqlite3_step(s);
    *done = code == SQLITE_ROW;
    bool good = code == SQLITE_ROW || code == SQLITE_DONE || db_fail(db, e);
    sqlite3_finalize(s);
    return good;
}

static bool replace_sweep(struct analysis *db, const char *sweep, const char *figure,
                          struct error *e)
{
    sqlite3_stmt *s = db_prepare(db,
                                 "INSERT OR REPLACE INTO sweeps VALUES (?1, ?2,"
                                 " (SELECT coalesce(max(turn), 0) + 1 FROM sweeps))",
                                 e);
    if (s == NULL)
        return false;
    bind_text(s, 1, sweep);
    bind_text(s, 2, figure);
    bool good = db_step(db, s, e);
    sqlite3_finalize(s);
    return good;
}

static bool delete_sweep_points(struct analysis *db, const char *sweep, struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "DELETE FROM sweep_points WHERE sweep = ?1", e);
    if (s == NULL)
        return false;
    bind_text(s, 1, sweep);
    bool good = db_step(db, s, e);
    sqlite3_finalize(s);
    return good;
}

static bool insert_sweep_points(struct analysis *db, const char *sweep,
                                const char *const *point_keys, unsigned count, struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "INSERT OR IGNORE INTO sweep_points VALUES (?1,?2)", e);
    bool good = s != NULL;
    for (unsigned i = 0; good && i < count; i++) {
        bind_text(s, 1, sweep);
        bind_text(s, 2, point_keys[i]);
        good = db_step(db, s, e);
    }
    sqlite3_finalize(s);
    return good;
}

bool analysis_begin_sweep(struct analysis *db, const char *sweep, const char *figure,
                          const char *const *point_keys, unsigned count, struct error *e)
{
    if (!db_execute(db, "BEGIN IMMEDIATE", e))
        return false;
    bool good = delete_sweep_points(db, sweep, e) && replace_sweep(db, sweep, figure, e) &&
                insert_sweep_points(db, sweep, point_keys, count, e);
    return db_end(db, good, e);
}

/* ---- what others have measured -------------------------------------------------------- */

static bool delete_references(struct analysis *db, const char *sweep, struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "DELETE FROM reference_points WHERE sweep = ?1", e);
    if (s == NULL)
        return false;
    bind_text(s, 1, sweep);
    bool good = db_step(db, s, e);
    sqlite3_finalize(s);
    return good;
}

static bool insert_references(struct analysis *db, const char *sweep,
                              const struct reference_point *points, unsigned count, struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "INSERT INTO reference_points VALUES (?1,?2,?3,?4,?5,?6)", e);
    bool good = s != NULL;
    for (unsigned i = 0; good && i < count; i++) {
        bind_text(s, 1, sweep);
        bind_text(s, 2, points[i].series);
        sqlite3_bind_double(s, 3, points[i].x);
        sqlite3_bind_double(s, 4, points[i].y);
        bind_text(s, 5, points[i].unit);
        bind_text(s, 6, points[i].source);
        good = db_step(db, s, e);
    }
    sqlite3_finalize(s);
    return good;
}

bool analysis_set_references(struct analysis *db, const char *sweep,
                             const struct reference_point *points, unsigned count, struct error *e)
{
    if (!db_execute(db, "BEGIN IMMEDIATE", e))
        return false;
    bool good = delete_references(db, sweep, e) && insert_references(db, sweep, points, count, e);
    return db_end(db, good, e);
}
