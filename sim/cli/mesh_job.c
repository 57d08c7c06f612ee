/*
 * `tessera mesh` at work: one load, several, or the search for saturation.
 *
 *   loads -> run -> words or JSON
 *             |
 *             +---> database -> figure mesh-curve       (--db, --output)
 *                      ^
 *     mesh/reference/booksim.csv, the points that fit the machine
 *
 * A single load is stored as a run of its own; the loads of a curve are the
 * points of a sweep, "mesh-curve-" and a hash of them, so that one curve leaves
 * the others as they are.
 */
#include "sim/cli/mesh_job.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/base/arena.h"
#include "sim/base/hash.h"
#include "sim/base/file.h"
#include "sim/cli/cli.h"
#include "sim/cli/mesh_record.h"

#define CURVE_SWEEP      "mesh-curve"
#define REFERENCE_FOLDER "mesh/reference"
#define REFERENCE_SOURCE "BookSim 2, revision 28f4329"

/* Loads of a curve, in per cent of the greatest that is carried; behind them comes the least
 * that is not, which shows where the curve ends. */
static const unsigned curve_percent[] = {2,  10, 20, 30, 40, 50, 60, 70, 78,
                                         84, 89, 92, 94, 96, 98, 99, 100};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- a point as a record of the database -------------------------------------------- */

/* The words that name the traffic, as boot arguments name a guest's work. */
static void traffic_words(const struct mesh_job *job, char *text, size_t bytes)
{
    const struct mesh_traffic *t = &job->traffic;
    FILE *f = fmemopen(text, bytes, "w");
    if (t->replay)
        fprintf(f, "traffic=replay");
    else
        fprintf(f, "traffic=%s rate=%.6g packet-flits=%s", mesh_pattern_name(t->pattern), t->rate,
                job->packet_words);
    if (job->hotspot_words)
        fprintf(f, " hotspot=%s", job->hotspot_words);
    if (job->on_off_words)
        fprintf(f, " on-off=%s", job->on_off_words);
    if (t->window)
        fprintf(f, " closed-loop=%u reply-flits=%u", t->window, t->reply_flits);
    if (t->cycles)
        fprintf(f, " cycles=%llu", (unsigned long long)t->cycles);
    fclose(f);
    text[bytes - 1] = 0;
}

static bool hash_replay(const struct mesh_job *job, uint64_t *hash, struct error *e)
{
    size_t bytes = 0;
    *hash = 0;
    if (!job->traffic.replay)
        return true;
    char *text = file_read(job->traffic.replay, SIZE_MAX, &bytes, e);
    if (text)
        *hash = hash_bytes(HASH_SEED, text, bytes);
    mem_free(text);
    return text != NULL;
}

static bool identify(const struct mesh_job *job, const struct config *cfg,
                     struct run_record *record, struct error *e)
{
    struct run_request request = job->request;
    char words[1024];
    uint64_t hash;
    traffic_words(job, words, sizeof words);
    request.bootargs = words;
    request.guest = job->traffic.replay;
    return hash_replay(job, &hash, e) && request_identify(&request, cfg, hash, record, e);
}

static struct run_series series_of(const char *name, const struct mesh_latency *l)
{
    struct run_series s = {.unit = "cycles",
                           .count = l->count,
                           .mean = l->mean,
                           .min = l->min,
                           .p50 = l->p50,
                           .p95 = l->p95,
                           .p99 = l->p99,
                           .max = l->max};
    snprintf(s.name, sizeof s.name, "%s", name);
    return s;
}

static uint64_t result_hash(const struct mesh_result *r)
{
    const uint64_t words[] = {r->cycles,         r->measured_cycles, r->flit_hops,
                              r->latency.count,  r->latency.min,     r->latency.p50,
                              r->latency.p99,    r->latency.max,     r->round_trip.count,
                              r->round_trip.p50, r->round_trip.max,  r->saturated};
    uint64_t hash = HASH_SEED;
    for (unsigned k = 0; k < sizeof words / sizeof *words; k++)
        hash = hash_u64(hash, words[k]);
    return hash;
}

static void take_outcome(const struct mesh_job *job, const struct mesh_result *r,
                         double host_seconds, struct run_outcome *o)
{
    o->cycles = r->cycles;
    o->state_hash = result_hash(r);
    o->host_seconds = host_seconds;
    o->threads = 1;
    o->started_at = (int64_t)time(NULL);
    stats_put(&o->stats, "mesh.flit_hops", r->flit_hops, "flits",
              "that crossed a router, summed over routers");
    stats_put(&o->stats, "mesh.measured_cycles", r->measured_cycles, "cycles",
              "whose packets count");
    if (r->latency.count == 0) /* nothing was measured */
        return;
    o->series = mem_alloc(2 * sizeof *o->series);
    o->series[o->series_count++] = series_of("packet_latency", &r->latency);
    if (r->round_trip.count)
        o->series[o->series_count++] = series_of("round_trip", &r->round_trip);
    o->mesh_point = mem_alloc(sizeof *o->mesh_point);
    *o->mesh_point = (struct run_mesh_point){.offered = job->traffic.rate,
                                             .accepted = r->accepted_rate,
                                             .latency = r->latency.mean,
                                             .ci95 = r->ci95,
                                             .network_latency = r->network_latency,
                                             .p999 = r->latency.p999,
                                             .hops = r->hops,
                                             .saturated = r->saturated,
                                             .settled = r->settled};
}

/* ---- running ------------------------------------------------------------------------- */

/* Everything that came out of a run. */
struct outcome {
    struct mesh_result result;
    double host_seconds;
    struct run_mesh mesh; /* of a run that is stored; released with its record */
};

/* Whom the run tells of itself: the job's watch, and who keeps the counters. */
struct keeper {
    const struct mesh_job *job;
    const struct config *cfg;
    struct outcome *outcome;
};

static bool go_on(void *context, const struct mesh_progress *progress)
{
    const struct mesh_watch *watch = &((struct keeper *)context)->job->watch;
    return watch->go_on(watch->context, progress);
}

/* The mesh ends with its run, so its counters are taken before. */
static void keep_mesh(void *context, const struct mesh *mesh)
{
    struct keeper *k = context;
    mesh_record_take(mesh, k->cfg, mesh_now(mesh), &k->outcome->mesh);
}

static bool perform(const struct mesh_job *job, const struct config *cfg, bool keep,
                    struct outcome *out, struct error *e)
{
    struct keeper keeper = {job, cfg, out};
    struct mesh_watch watch = {
        .go_on = go_on, .context = &keeper, .ended = keep ? keep_mesh : NULL, .report = stderr};
    double start = seconds();
    *out = (struct outcome){.host_seconds = 0};
    bool good = mesh_run_traffic(cfg, &job->traffic, &watch, &out->result, e);
    out->host_seconds = seconds() - start;
    return good;
}

static bool store(const struct mesh_job *job, const struct config *cfg, struct analysis *db,
                  const struct outcome *out, struct error *e)
{
    struct run_record record;
    bool good = identify(job, cfg, &record, e);
    if (good) {
        take_outcome(job, &out->result, out->host_seconds, &record.outcome);
        record.outcome.mesh = out->mesh;
        if (job->curve)
            snprintf(record.sweep, sizeof record.sweep, "%s", job->sweep);
        else
            record.point_key[0] = 0; /* a run of its own */
        good = analysis_record(db, &record, e);
    }
    run_record_free(&record);
    return good;
}

/* ---- one load ------------------------------------------------------------------------- */

static bool run_one(const struct mesh_job *job, const struct config *cfg, struct analysis *db,
                    struct error *e)
{
    struct outcome out;
    if (!perform(job, cfg, db != NULL, &out, e))
        return false;
    mesh_report_point(job, &out.result, out.host_seconds);
    return db == NULL || store(job, cfg, db, &out, e);
}

static bool find_saturation(const struct mesh_job *job, const struct config *cfg, struct error *e)
{
    struct mesh_saturation found;
    if (!mesh_find_saturation(cfg, &job->traffic, &job->watch, &found, e))
        return false;
    mesh_report_saturation(job, &found);
    return true;
}

/* ---- curves ------------------------------------------------------------------------------ */

/* The loads of every curve; without --rates they follow the mesh's saturation. */
struct curves {
    unsigned count; /* of points */
    struct {
        enum mesh_pattern pattern;
        double rate;
    } point[MESH_PATTERNS_MAX * MESH_RATES_MAX];
};

static void add_point(struct curves *c, const struct mesh_job *job, double rate)
{
    c->point[c->count].pattern = job->traffic.pattern;
    c->point[c->count++].rate = rate;
}

static bool plan_curve(struct mesh_job *job, const struct config *cfg, struct curves *c,
                       struct error *e)
{
    const unsigned percents = sizeof curve_percent / sizeof *curve_percent;
    struct mesh_saturation found = {0};
    if (job->rates == 0 && !mesh_find_saturation(cfg, &job->traffic, &job->watch, &found, e))
        return false;
    for (unsigned k = 0; k < (job->rates ? job->rates : percents); k++)
        add_point(c, job, job->rates ? job->rate[k] : found.carried_rate * curve_percent[k] / 100);
    if (found.refused_rate > 0)
        add_point(c, job, found.refused_rate);
    return true;
}

static bool plan(struct mesh_job *job, const struct config *cfg, struct curves *c, struct error *e)
{
    for (unsigned k = 0; k < job->patterns; k++) {
        job->traffic.pattern = job->pattern[k];
        if (!plan_curve(job, cfg, c, e))
            return false;
    }
    return true;
}

static void choose(struct mesh_job *job, const struct curves *c, unsigned k)
{
    job->traffic.pattern = c->point[k].pattern;
    job->traffic.rate = c->point[k].rate;
}

/* By what its points are, so that curves of other machines and traffic stay beside it. */
static void name_sweep(struct mesh_job *job, char (*keys)[20], unsigned count)
{
    uint64_t hash = HASH_SEED;
    for (unsigned k = 0; k < count; k++)
        hash = hash_bytes(hash, keys[k], strlen(keys[k]));
    snprintf(job->sweep, sizeof job->sweep, CURVE_SWEEP "-%08x", (unsigned)(hash >> 32));
}

static void say_sweep(const struct mesh_job *job)
{
    if (!job->quiet)
        fprintf(stderr, "tessera: to draw it again: tessera plot mesh-curve --sweep %s --db %s\n",
                job->sweep, job->database ? job->database : CLI_DATABASE);
}

/* Tells the database which points the curves consist of now. */
static bool begin_sweep(struct mesh_job *job, const struct config *cfg, const struct curves *c,
                        struct analysis *db, struct error *e)
{
    char(*text)[20] = mem_alloc(c->count * sizeof *text);
    const char **keys = mem_alloc(c->count * sizeof *keys);
    bool good = true;
    for (unsigned k = 0; good && k < c->count; k++) {
        struct run_record record;
        choose(job, c, k);
        good = identify(job, cfg, &record, e);
        if (good)
            snprintf(text[k], sizeof text[k], "%s", record.point_key);
        keys[k] = text[k];
        run_record_free(&record);
    }
    name_sweep(job, text, c->count);
    good = good && analysis_begin_sweep(db, job->sweep, "mesh-curve", keys, c->count, e);
    mem_free(keys);
    mem_free(text);
    return good;
}

static bool run_points(struct mesh_job *job, const struct config *cfg, const struct curves *c,
                       struct analysis *db, struct error *e)
{
    bool good = true;
    for (unsigned k = 0; good && k < c->count; k++) {
        struct outcome out;
        choose(job, c, k);
        good = perform(job, cfg, false, &out, e);
        if (!good)
            break;
        mesh_report_row(job, &out.result, out.host_seconds, k == 0);
        good = db == NULL || store(job, cfg, db, &out, e);
    }
    mesh_report_end(job);
    return good;
}

/* ---- what was measured elsewhere ----------------------------------------------------------- */

static bool is_wanted(const struct mesh_job *job, const struct config *cfg,
                      const struct mesh_reference *row)
{
    struct mesh_traffic traffic;
    struct error e;
    if (!mesh_reference_fits(row, cfg) || !mesh_reference_traffic(row, &traffic, &e) ||
        job->traffic.sizes || job->on_off_words ||
        traffic.packet_flits != job->traffic.packet_flits)
        return false;
    if (traffic.hotspots != job->traffic.hotspots ||
        memcmp(traffic.hotspot, job->traffic.hotspot, sizeof traffic.hotspot) != 0)
        return false;
    for (unsigned k = 0; k < job->patterns; k++)
        if (job->pattern[k] == traffic.pattern)
            return true;
    return false;
}

static struct reference_point reference_of(const struct mesh_reference *row)
{
    struct reference_point p = {
        .x = row->load, .y = row->latency, .unit = "cycles", .source = REFERENCE_SOURCE};
    snprintf(p.series, sizeof p.series, "BookSim 2 %.*s, %u flit%s",
             (int)strcspn(row->traffic, " "), row->traffic, row->packet_flits,
             row->packet_flits == 1 ? "" : "s");
    return p;
}

static bool store_references(const struct mesh_job *job, const struct config *cfg,
                             struct analysis *db, struct error *e)
{
    char folder[3000], path[4096];
    struct mesh_reference *rows;
    unsigned count, wanted = 0;
    if (!cli_find_folder(REFERENCE_FOLDER, folder, sizeof folder))
        return true; /* a tessera without its data files draws its own points */
    snprintf(path, sizeof path, "%s/booksim.csv", folder);
    if (!mesh_reference_read(path, &rows, &count, e))
        return false;
    struct reference_point *points = mem_alloc((count + 1) * sizeof *points);
    for (unsigned k = 0; k < count; k++)
        if (is_wanted(job, cfg, &rows[k]))
            points[wanted++] = reference_of(&rows[k]);
    bool good = analysis_set_references(db, job->sweep, points, wanted, e);
    mem_free(points);
    mem_free(rows);
    return good;
}

static bool run_curves(struct mesh_job *job, const struct config *cfg, struct analysis *db,
                       struct error *e)
{
    struct curves *c = mem_alloc(sizeof *c);
    c->count = 0;
    bool good =
        plan(job, cfg, c, e) &&
        (db == NULL || (begin_sweep(job, cfg, c, db, e) && store_references(job, cfg, db, e))) &&
        run_points(job, cfg, c, db, e) &&
        (job->output == NULL || analysis_draw(db, "mesh-curve", job->output, e));
    if (good && db)
        say_sweep(job);
    mem_free(c);
    return good;
}

/* ---- the job --------------------------------------------------------------------------------- */

/* A picture is drawn from a database, named or not. */
static const char *database_of(const struct mesh_job *job)
{
    return job->database ? job->database : job->output ? CLI_DATABASE : NULL;
}

static bool open_database(const struct mesh_job *job, struct analysis **db, struct error *e)
{
    const char *path = database_of(job);
    *db = NULL;
    if (job->output && !analysis_check_figure("mesh-curve", job->output, e))
        return false;
    return path == NULL || (*db = analysis_open(path, ANALYSIS_WRITE, e)) != NULL;
}

int mesh_job_run(struct mesh_job *job, const struct config *cfg)
{
    struct analysis *db;
    struct error e;
    bool good = open_database(job, &db, &e);
    if (good)
        good = job->saturation ? find_saturation(job, cfg, &e)
               : job->curve    ? run_curves(job, cfg, db, &e)
                               : run_one(job, cfg, db, &e);
    analysis_close(db);
    if (!good)
        return cli_fail(&e);
    cli_wrote(db ? database_of(job) : NULL, job->quiet);
    cli_wrote(job->output, job->quiet);
    return EXIT_STATUS_OK;
}
