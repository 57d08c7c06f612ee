/*
 * Opening the database, and what SQLite's answers mean to the user.
 *
 * The file carries Tessera's application id and the version of the schema, so
 * that another program's file and another version's are told apart from a
 * damaged one.  A new file gets the whole schema in one transaction.  Writers
 * use the write-ahead log with synchronous=FULL: a commit that has returned is
 * on the disk, and readers see finished runs while a sweep is under way.
 *
 * Readers change nothing and leave nothing behind.  Where the file and its
 * folder could be written, a reader opens it like a writer, since SQLite then
 * shares the log and clears it away at the end, and forbids itself to write.
 * Where not, nobody else can be writing either: it is opened as immutable.
 *
 * The view figure_points is written from the table of figures.  A writer
 * renews the stored one when it differs from its own; a reader, which changes
 * nothing, puts its own in front of the stored one for its connection.
 */
#include "analysis/db.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "sim/base/file.h"

enum { BUSY_MILLISECONDS = 20000 };

static enum exit_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return EXIT_STATUS_INPUT;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
        return EXIT_STATUS_IO;
    default:
        return EXIT_STATUS_INTERNAL;
    }
}

bool db_fail(struct analysis *db, struct error *e)
{
    int code = sqlite3_extended_errcode(db->sql);
    int host = sqlite3_system_errno(db->sql);
    bool has_reason = status_of(code) == EXIT_STATUS_IO && host != 0;
    return error_set(e, status_of(code), "%s: %s%s%s%s", db->path, sqlite3_errmsg(db->sql),
                     has_reason ? " (" : "", has_reason ? strerror(host) : "",
                     has_reason ? ")" : "");
}

bool db_execute(struct analysis *db, const char *sql, struct error *e)
{
    return sqlite3_exec(db->sql, sql, NULL, NULL, NULL) == SQLITE_OK || db_fail(db, e);
}

sqlite3_stmt *db_prepare(struct analysis *db, const char *sql, struct error *e)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db->sql, sql, -1, &statement, NULL) != SQLITE_OK)
        db_fail(db, e);
    return statement;
}

bool db_step(struct analysis *db, sqlite3_stmt *statement, struct error *e)
{
    bool good = sqlite3_step(statement) == SQLITE_DONE || db_fail(db, e);
    sqlite3_reset(statement);
    return good;
}

bool db_end(struct analysis *db, bool good, struct error *e)
{
    if (good && db_execute(db, "COMMIT", e))
        return true;
    sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

/* ---- the schema and its version ------------------------------------------------- */

static bool query_number(struct analysis *db, const char *sql, int *number, struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, sql, e);
    if (s == NULL)
        return false;
    bool good = sqlite3_step(s) == SQLITE_ROW || db_fail(db, e);
    *number = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return good;
}

/* True for a file that holds nothing yet; *id and *version otherwise. */
static bool read_identity(struct analysis *db, bool *empty, int *id, int *version, struct error *e)
{
    int objects = 0;
    if (!query_number(db, "SELECT count(*) FROM sqlite_master", &objects, e) ||
        !query_number(db, "PRAGMA application_id", id, e) ||
        !query_number(db, "PRAGMA user_version", version, e))
        return false;
    *empty = objects == 0 && *id == 0 && *version == 0;
    return true;
}

static bool check_identity(struct analysis *db, int id, int version, struct error *e)
{
    if (id != SCHEMA_APPLICATION_ID)
        return error_set(e, EXIT_STATUS_INPUT, "%s: not a database of Tessera's", db->path);
    if (version != SCHEMA_VERSION)
        return error_set(e, EXIT_STATUS_INPUT,
                         "%s: a database of version %d; this tessera reads and writes version %d "
                         "(name another file with --db)",
                         db->path, version, SCHEMA_VERSION);
    return true;
}

static bool create_schema(struct analysis *db, struct error *e)
{
    char identity[128];
    snprintf(identity, sizeof identity, "PRAGMA application_id=%d; PRAGMA user_version=%d",
             SCHEMA_APPLICATION_ID, SCHEMA_VERSION);
    return db_execute(db, schema_sql, e) && db_execute(db, identity, e);
}

/* ---- the view of the figures ------------------------------------------------------ */

/* What tells the runs of one series apart and is neither on the axis nor in the
 * name that the figure's query gives it goes into the name: "SHM1 l1d.kib=8",
 * "SHM1 mesh-4x4".  So one line never joins points of different configurations. */
static const char naming_sql[] =
    "), given(run_id, key, value, place) AS (\n"
    "  SELECT run_id, 'machine', machine, 0 FROM runs\n"
    "  UNION ALL SELECT run_id, key, value, 1 FROM run_params\n"
    "), differing AS MATERIALIZED (\n"
    "  SELECT p.figure, p.series, g.key FROM plain p\n"
    "  JOIN covered c ON c.figure = p.figure JOIN given g ON g.run_id = p.run_id\n"
    "  WHERE instr(c.keys, ' ' || g.key || ' ') = 0\n"
    "  GROUP BY p.figure, p.series, g.key\n"
    "  HAVING count(DISTINCT g.value) > 1 OR count(*) <\n"
    "    (SELECT count(*) FROM plain q WHERE q.figure = p.figure AND q.series = p.series)\n"
    ")\n"
    "SELECT p.figure, p.series || coalesce((SELECT ' ' || group_concat(word, ' ') FROM (\n"
    "    SELECT CASE g.key WHEN 'machine' THEN g.value ELSE g.key || '=' || g.value END AS word\n"
    "    FROM differing d JOIN given g ON g.run_id = p.run_id AND g.key = d.key\n"
    "    WHERE d.figure = p.figure AND d.series = p.series ORDER BY g.place, g.key)), ''),\n"
    "  p.x, p.y, p.unit, p.run_id FROM plain p";

/* CREATE VIEW figure_points over the selects of all figures; mem_alloc'd. */
static char *figure_view_sql(const char *create)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    fprintf(f,
            "%s figure_points(figure, series, x, y, unit, run_id) AS\nWITH covered(figure, keys) "
            "AS (VALUES",
            create);
    for (unsigned i = 0; i < analysis_figure_count; i++)
        fprintf(f, "%s\n  ('%s', ' %s ')", i ? "," : "", analysis_figures[i].name,
                analysis_figures[i].keys);
    fputs("\n), plain(figure, series, x, y, unit, run_id) AS MATERIALIZED (\n", f);
    for (unsigned i = 0; i < analysis_figure_count; i++)
        if (analysis_figures[i].select)
            fprintf(f, "%s%s\n", i ? "UNION ALL\n" : "", analysis_figures[i].select);
    fputs(naming_sql, f);
    fclose(f);
    return text;
}

static bool is_view_current(struct analysis *db, const char *sql, bool *current, struct error *e)
{
    sqlite3_stmt *s =
        db_prepare(db, "SELECT sql FROM sqlite_master WHERE name = 'figure_points'", e);
    if (s == NULL)
        return false;
    int code = sqlite3_step(s);
    *current = code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), sql) == 0;
    bool good = code == SQLITE_ROW || code == SQLITE_DONE || db_fail(db, e);
    sqlite3_finalize(s);
    return good;
}

static bool renew_view(struct analysis *db, const char *create, const char *drop, struct error *e)
{
    bool current = false;
    char *stored = figure_view_sql("CREATE VIEW");
    char *sql = figure_view_sql(create);
    bool good = is_view_current(db, stored, &current, e);
    if (good && !current)
        good = db_execute(db, drop, e) && db_execute(db, sql, e);
    mem_free(stored);
    mem_free(sql);
    return good;
}

/* ---- an earlier sweep ------------------------------------------------------------- */

/* The stored views take the sweep with the greatest turn.  They are put again in front of
 * themselves, for this connection, over a table of sweeps in which the wanted one has it. */
static const char choose_sql[] =
    "PRAGMA query_only=0;"
    "CREATE TEMP TABLE sweeps AS SELECT sweep, figure,"
    " CASE sweep WHEN (SELECT name FROM temp.wanted) THEN (SELECT 1 + max(turn) FROM main.sweeps)"
    " ELSE turn END AS turn FROM main.sweeps;"
    "DROP VIEW IF EXISTS temp.figure_points;";

static char *temporary_copy(struct analysis *db, const char *view, struct error *e)
{
    char *text = NULL;
    sqlite3_stmt *s = db_prepare(db,
                                 "SELECT replace(sql, 'CREATE VIEW', 'CREATE TEMP VIEW')"
                                 " FROM main.sqlite_master WHERE name = ?1",
                                 e);
    if (s == NULL)
        return NULL;
    sqlite3_bind_text(s, 1, view, -1, SQLITE_STATIC);
    if (sqlite3_step(s) == SQLITE_ROW)
        text = mem_copy_string((const char *)sqlite3_column_text(s, 0));
    else
        db_fail(db, e);
    sqlite3_finalize(s);
    return text;
}

static bool find_sweep(struct analysis *db, const char *sweep, struct error *e)
{
    sqlite3_stmt *s = db_prepare(
        db, "SELECT max(sweep = ?1), coalesce(group_concat(sweep, ', '), 'none') FROM main.sweeps",
        e);
    if (s == NULL)
        return false;
    sqlite3_bind_text(s, 1, sweep, -1, SQLITE_STATIC);
    bool good = sqlite3_step(s) == SQLITE_ROW || db_fail(db, e);
    if (good && !sqlite3_column_int(s, 0))
        good = error_set(e, EXIT_STATUS_USAGE, "%s: no sweep %s; there are: %s", db->path, sweep,
                         (const char *)sqlite3_column_text(s, 1));
    sqlite3_finalize(s);
    return good;
}

static bool want_sweep(struct analysis *db, const char *sweep, struct error *e)
{
    if (!db_execute(db,
                    "PRAGMA query_only=0; DROP TABLE IF EXISTS temp.sweeps;"
                    " DROP TABLE IF EXISTS temp.wanted; DROP VIEW IF EXISTS temp.figure_runs;"
                    " CREATE TEMP TABLE wanted(name)",
                    e))
        return false;
    sqlite3_stmt *s = db_prepare(db, "INSERT INTO temp.wanted VALUES (?1)", e);
    if (s == NULL)
        return false;
    sqlite3_bind_text(s, 1, sweep, -1, SQLITE_STATIC);
    bool good = db_step(db, s, e);
    sqlite3_finalize(s);
    return good;
}

bool analysis_choose_sweep(struct analysis *db, const char *sweep, struct error *e)
{
    if (!find_sweep(db, sweep, e) || !want_sweep(db, sweep, e) || !db_execute(db, choose_sql, e))
        return false;
    char *runs = temporary_copy(db, "figure_runs", e);
    char *points = figure_view_sql("CREATE TEMP VIEW");
    bool good = runs && db_execute(db, runs, e) && db_execute(db, points, e);
    mem_free(runs);
    mem_free(points);
    return good;
}

/* ---- opening and closing ------------------------------------------------------------ */

static bool prepare_to_write(struct analysis *db, struct error *e)
{
    bool empty = false, good;
    int id, version;
    if (!db_execute(db, "PRAGMA foreign_keys=ON; BEGIN IMMEDIATE", e))
        return false;
    good = read_identity(db, &empty, &id, &version, e) &&
           (empty ? create_schema(db, e) : check_identity(db, id, version, e)) &&
           renew_view(db, "CREATE VIEW", "DROP VIEW IF EXISTS figure_points", e);
    return db_end(db, good, e) &&
           db_execute(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", e);
}

static bool prepare_to_read(struct analysis *db, struct error *e)
{
    bool empty = false;
    int id, version;
    if (!read_identity(db, &empty, &id, &version, e))
        return false;
    if (empty)
        return error_set(e, EXIT_STATUS_INPUT, "%s: an empty file, no database", db->path);
    return check_identity(db, id, version, e) && renew_view(db, "CREATE TEMP VIEW", "", e);
}

/* Could this process write the file, and the log beside it? */
static bool is_writable(const char *path)
{
    char *copy = mem_copy_string(path);
    bool writable = access(path, W_OK) == 0 && access(dirname(copy), W_OK) == 0;
    mem_free(copy);
    return writable;
}

/* Does a log lie beside the file, with runs that are not in the file yet? */
static bool has_log(const char *path)
{
    char log[PATH_MAX];
    struct stat info;
    snprintf(log, sizeof log, "%s-wal", path);
    return stat(log, &info) == 0 && info.st_size > 0;
}

/* "file:" and the path with what a URI reserves escaped; mem_alloc'd. */
static char *immutable_uri(const char *path)
{
    char *uri = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&uri, &bytes);
    fputs("file:", f);
    for (; *path; path++)
        fprintf(f, strchr("%?#", *path) ? "%%%02x" : "%c", *path);
    fputs("?immutable=1", f);
    fclose(f);
    return uri;
}

static bool open_immutable(struct analysis *db, struct error *e)
{
    if (has_log(db->path))
        return error_set(e, EXIT_STATUS_IO,
                         "%s: some of its runs are still in %s-wal, which only a writer can read; "
                         "copy both to a folder that can be written",
                         db->path, db->path);
    char *uri = immutable_uri(db->path);
    int code = sqlite3_open_v2(uri, &db->sql, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    mem_free(uri);
    return code == SQLITE_OK || db_fail(db, e);
}

static bool open_to_read(struct analysis *db, struct error *e)
{
    struct stat info;
    if (stat(db->path, &info) != 0)
        return error_set(e, EXIT_STATUS_INPUT, "%s: %s (tessera sweep creates it)", db->path,
                         strerror(errno));
    if (!is_writable(db->path))
        return open_immutable(db, e) && prepare_to_read(db, e);
    if (sqlite3_open_v2(db->path, &db->sql, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return db_fail(db, e);
    sqlite3_busy_timeout(db->sql, BUSY_MILLISECONDS);
    return prepare_to_read(db, e) && db_execute(db, "PRAGMA query_only=1", e);
}

static bool open_to_write(struct analysis *db, struct error *e)
{
    if (!file_make_folders(db->path, e))
        return false;
    if (access(db->path, F_OK) == 0 && !is_writable(db->path))
        return error_set(e, EXIT_STATUS_IO,
                         "%s: it or its folder cannot be written, so no run can be stored in it; "
                         "name another file with --db",
                         db->path);
    if (sqlite3_open_v2(db->path, &db->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
        SQLITE_OK)
        return db_fail(db, e);
    sqlite3_busy_timeout(db->sql, BUSY_MILLISECONDS);
    return prepare_to_write(db, e);
}

/* Devices and pipes may never answer. */
static bool is_ordinary(struct analysis *db, struct error *e)
{
    struct stat info;
    return stat(db->path, &info) != 0 || S_ISREG(info.st_mode) ||
           error_set(e, EXIT_STATUS_INPUT, "%s: is no ordinary file", db->path);
}

static bool connect(struct analysis *db, enum analysis_mode mode, struct error *e)
{
    return is_ordinary(db, e) &&
           (mode == ANALYSIS_READ ? open_to_read(db, e) : open_to_write(db, e));
}

struct analysis *analysis_open(const char *path, enum analysis_mode mode, struct error *e)
{
    struct analysis *db = mem_alloc(sizeof *db);
    *db = (struct analysis){.path = mem_copy_string(path), .claim = -1};
    if (connect(db, mode, e))
        return db;
    analysis_close(db);
    return NULL;
}

/* The claim is a lock on the file that SQLite does not know of; it ends with
 * the process, whatever ends that. */
bool analysis_claim(struct analysis *db, bool wait, bool *claimed, struct error *e)
{
    if (db->claim < 0)
        db->claim = open(db->path, O_RDWR | O_CLOEXEC);
    while (db->claim >= 0) {
        *claimed = flock(db->claim, wait ? LOCK_EX : LOCK_EX | LOCK_NB) == 0;
        if (*claimed || errno == EWOULDBLOCK)
            return true;
        if (errno != EINTR)
            break;
    }
    return error_set(e, EXIT_STATUS_IO, "%s: %s", db->path, strerror(errno));
}

void analysis_close(struct analysis *db)
{
    if (db == NULL)
        return;
    sqlite3_close(db->sql);
    if (db->claim >= 0) /* after SQLite: closing a file drops its own locks on it */
        close(db->claim);
    mem_free(db->path);
    mem_free(db);
}
