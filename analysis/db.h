/* Inside analysis/: the open database and the few calls that all of it uses. */
#ifndef TESSERA_DB_H
#define TESSERA_DB_H

#include "analysis/analysis.h"

#include <sqlite3.h>

enum { SCHEMA_APPLICATION_ID = 0x54535341, SCHEMA_VERSION = 4 };

struct analysis {
    sqlite3 *sql;
    char *path;
    int claim; /* descriptor that holds the claim, or -1 */
};

/* The tables and views other than figure_points, as SQL. */
extern const char schema_sql[];

/* Reports what SQLite has just said about this database; returns false. */
bool db_fail(struct analysis *db, struct error *e);

/* Runs statements that return no rows. */
bool db_execute(struct analysis *db, const char *sql, struct error *e);

/* A statement ready for its values, or NULL after filling `e`. */
sqlite3_stmt *db_prepare(struct analysis *db, const char *sql, struct error *e);

/* Runs a statement that returns no rows and makes it ready for the next values. */
bool db_step(struct analysis *db, sqlite3_stmt *statement, struct error *e);

static inline void db_bind_number(sqlite3_stmt *s, int at, uint64_t number)
{
    sqlite3_bind_int64(s, at, (sqlite3_int64)number);
}

/* Inside the transaction of a run: the rows of its mesh (record_mesh.c). */
bool record_mesh(struct analysis *db, const struct run_outcome *outcome, uint64_t run_id,
                 struct error *e);

/* Ends the transaction: commits when `good`, else takes everything back.
 * Returns whether the changes are stored. */
bool db_end(struct analysis *db, bool good, struct error *e);

#endif
