/*
 * Storing what the mesh did in a run: its load point, if `tessera mesh` made
 * it, and what its links and buffers have counted.
 */
#include "analysis/db.h"

/* A mean that is 0 is one that is not known. */
static void bind_known(sqlite3_stmt *s, int at, double mean)
{
    if (mean > 0)
        sqlite3_bind_double(s, at, mean);
    else
        sqlite3_bind_null(s, at);
}

static bool insert_mesh_point(struct analysis *db, const struct run_mesh_point *p, uint64_t run_id,
                              struct error *e)
{
    if (p == NULL)
        return true;
    sqlite3_stmt *s =
        db_prepare(db, "INSERT INTO mesh_points VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)", e);
    if (s == NULL)
        return false;
    db_bind_number(s, 1, run_id);
    sqlite3_bind_double(s, 2, p->offered);
    sqlite3_bind_double(s, 3, p->accepted);
    sqlite3_bind_double(s, 4, p->latency);
    bind_known(s, 5, p->ci95);
    bind_known(s, 6, p->network_latency);
    db_bind_number(s, 7, p->p999);
    sqlite3_bind_double(s, 8, p->hops);
    sqlite3_bind_int(s, 9, p->saturated);
    sqlite3_bind_int(s, 10, p->settled);
    bool good = db_step(db, s, e);
    sqlite3_finalize(s);
    return good;
}

static bool insert_mesh_shape(struct analysis *db, const struct run_mesh *m, uint64_t run_id,
                              struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "INSERT INTO mesh_shapes VALUES (?1,?2,?3,?4)", e);
    if (s == NULL)
        return false;
    db_bind_number(s, 1, run_id);
    db_bind_number(s, 2, m->width);
    db_bind_number(s, 3, m->height);
    db_bind_number(s, 4, m->concentration);
    bool good = db_step(db, s, e);
    sqlite3_finalize(s);
    return good;
}

static void bind_counted(sqlite3_stmt *s, int at, int64_t count)
{
    if (count < 0)
        sqlite3_bind_null(s, at);
    else
        sqlite3_bind_int64(s, at, count);
}

static bool insert_mesh_links(struct analysis *db, const struct run_mesh *m, uint64_t run_id,
                              struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "INSERT INTO mesh_links VALUES (?1,?2,?3,?4,?5,?6,?7)", e);
    bool good = s != NULL;
    for (unsigned i = 0; good && i < m->links; i++) {
        const struct run_mesh_link *l = &m->link[i];
        db_bind_number(s, 1, run_id);
        db_bind_number(s, 2, l->router);
        db_bind_number(s, 3, l->port);
        sqlite3_bind_int(s, 4, l->vnet);
        bind_counted(s, 5, l->flits);
        bind_counted(s, 6, l->entered);
        sqlite3_bind_double(s, 7, l->buffered);
        good = db_step(db, s, e);
    }
    sqlite3_finalize(s);
    return good;
}

/* The flits of one network are counted on their way, not at its ends. */
static void bind_ends(sqlite3_stmt *s, const struct run_mesh_sample *sample)
{
    if (sample->vnet == RUN_ALL_VNETS) {
        db_bind_number(s, 4, sample->sent);
        db_bind_number(s, 5, sample->delivered);
    } else {
        sqlite3_bind_null(s, 4);
        sqlite3_bind_null(s, 5);
    }
}

static bool insert_mesh_series(struct analysis *db, const struct run_mesh *m, uint64_t run_id,
                               struct error *e)
{
    sqlite3_stmt *s = db_prepare(db, "INSERT INTO mesh_series VALUES (?1,?2,?3,?4,?5,?6,?7)", e);
    bool good = s != NULL;
    for (unsigned i = 0; good && i < m->samples; i++) {
        const struct run_mesh_sample *sample = &m->sample[i];
        db_bind_number(s, 1, run_id);
        db_bind_number(s, 2, sample->cycle);
        sqlite3_bind_int(s, 3, sample->vnet);
        bind_ends(s, sample);
        db_bind_number(s, 6, sample->crossed);
        sqlite3_bind_double(s, 7, sample->buffered);
        good = db_step(db, s, e);
    }
    sqlite3_finalize(s);
    return good;
}

bool record_mesh(struct analysis *db, const struct run_outcome *outcome, uint64_t run_id,
                 struct error *e)
{
    const struct run_mesh *m = &outcome->mesh;
    return insert_mesh_point(db, outcome->mesh_point, run_id, e) &&
           (m->links == 0 ||
            (insert_mesh_shape(db, m, run_id, e) && insert_mesh_links(db, m, run_id, e) &&
             insert_mesh_series(db, m, run_id, e)));
}
