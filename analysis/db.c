/*
 * Opening the database, and what SQLite's answers mean to the user.
 *
 * The file carries Tessera's application id and the version of the schema, so
 * that another program's file and another version's are told apart from a
 * damaged one.  A new file gets the whole schema in one transaction.  Writers
 * use the write-ahead log with synchronous=FULL: a commit that has returned is
 * on the disk, and readers see finished runs while a sweep is under way.
 *
 * The view figure_points is written from the table of figures.  A writer
 * renews the stored one when it differs from its own; a reader, which changes
 * nothing, puts its own in front of the stored one for its connection.
 */
#include "analysis/db.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

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

/* CREATE VIEW figure_points over the selects of all figures; mem_alloc'd. */
static char *figure_view_sql(const char *create)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    fprintf(f, "%s figure_points(figure, series, x, y, unit, run_id) AS\n", create);
    for (unsigned i = 0; i < analysis_figure_count; i++)
        fprintf(f, "%s%s\n", i ? "UNION ALL\n" : "", analysis_figures[i].select);
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

static bool connect(struct analysis *db, enum analysis_mode mode, struct error *e)
{
    struct stat info;
    int flags =
        mode == ANALYSIS_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (mode == ANALYSIS_READ && stat(db->path, &info) != 0)
        return error_set(e, EXIT_STATUS_INPUT, "%s: %s (tessera sweep creates it)", db->path,
                         strerror(errno));
    if (mode == ANALYSIS_WRITE && !file_make_folders(db->path, e))
        return false;
    if (sqlite3_open_v2(db->path, &db->sql, flags, NULL) != SQLITE_OK)
        return db_fail(db, e);
    sqlite3_busy_timeout(db->sql, BUSY_MILLISECONDS);
    return mode == ANALYSIS_READ ? prepare_to_read(db, e) : prepare_to_write(db, e);
}

struct analysis *analysis_open(const char *path, enum analysis_mode mode, struct error *e)
{
    struct analysis *db = mem_alloc(sizeof *db);
    *db = (struct analysis){.path = mem_copy_string(path)};
    if (connect(db, mode, e))
        return db;
    analysis_close(db);
    return NULL;
}

void analysis_close(struct analysis *db)
{
    if (db == NULL)
        return;
    sqlite3_close(db->sql);
    mem_free(db->path);
    mem_free(db);
}
