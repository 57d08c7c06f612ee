/*
 * The database of runs and the figures drawn from it.  This is all that the
 * rest of Tessera sees of analysis/.
 *
 * A run is stored in one transaction, after it has ended: what a killed sweep
 * has finished is there, what it has not is not.  Figures read the view
 * `figure_points` and nothing else, so a query on it shows what a figure plots.
 */
#ifndef TESSERA_ANALYSIS_H
#define TESSERA_ANALYSIS_H

#include "sim/base/error.h"
#include "sim/base/stats.h"

#include <stdio.h>

/* ---- what is stored of a run ---------------------------------------------- */

struct run_param {
    char key[64];
    char value[192];
};

/* The distribution of one series of results that the guest reported. */
struct run_series {
    char name[96];
    char unit[32];
    uint64_t count;
    double mean;
    uint64_t min, p50, p95, p99, max;
};

/* A load point of `tessera mesh`. */
struct run_mesh_point {
    double offered, accepted; /* flits a node and cycle */
    double latency, ci95;     /* mean of a packet's, and half the width of its 95 % confidence
                               * interval; cycles; 0: not known, as below */
    double network_latency;   /* without the wait in the source */
    uint64_t p999;            /* beside those of the series packet_latency */
    double hops;              /* routers a packet */
    bool saturated;           /* the load was not accepted, and the latencies mean little */
    bool settled;             /* the mean is as precise, or measured as long, as was asked */
};

/* What the links and buffers of a mesh did in a run.  `vnet` is a virtual
 * network's number, or RUN_ALL_VNETS for all of them together: each is told
 * apart only where the mesh has counted them so. */
#define RUN_ALL_VNETS (-1)

struct run_mesh_link { /* a port of a router: as an output and as an input */
    unsigned router, port;
    int vnet;
    int64_t flits;   /* that left through it; -1: not counted */
    int64_t entered; /* that came in through it and went on; -1 likewise */
    double buffered; /* flits that waited in the buffers behind it, in the mean over the run */
};

struct run_mesh_sample { /* of the whole mesh, over an interval of the run */
    uint64_t cycle;      /* where it ends */
    int vnet;
    uint64_t sent, delivered; /* flits by sources and to sinks; 0 for one network of several */
    uint64_t crossed;         /* flits through a router, summed over routers */
    double buffered;          /* flits in all buffers, mean over the interval */
};

struct run_mesh {
    unsigned width, height, concentration;
    struct run_mesh_link *link; /* both mem_alloc'd */
    unsigned links;
    struct run_mesh_sample *sample;
    unsigned samples;
};

/* What a hart did in one privilege mode: its cycles, divided into parts (the CPI stack). */
enum { RUN_PARTS_MAX = 32 };
struct run_hart {
    uint32_t tile;
    char mode; /* 'U', 'S', 'M' */
    uint64_t cycles, instructions, part[RUN_PARTS_MAX];
};

/* What came out.  `status` is the exit status of the contract: 0 when the run
 * did what it was asked, the guest's own code when that is not 0 (of a larger
 * one than 255 the low eight bits, or 1), one of enum
 * exit_status when the run failed otherwise. */
struct run_outcome {
    int status;
    int64_t exit_code;  /* the guest's in full, or RUN_NO_EXIT_CODE */
    char message[1024]; /* why it failed; "" otherwise */
    uint64_t cycles, instructions;
    uint64_t state_hash; /* over every simulated result, never over host time */
    double host_seconds;
    unsigned threads;
    int64_t started_at;        /* seconds since 1970, UTC */
    struct stats stats;        /* released by run_record_free */
    struct run_series *series; /* mem_alloc'd; released by run_record_free */
    unsigned series_count;
    struct run_mesh mesh;              /* links 0: not looked at */
    struct run_mesh_point *mesh_point; /* NULL: the run is none; mem_alloc'd */
    struct run_hart *hart; /* without modes in which a hart spent no cycle; mem_alloc'd likewise */
    unsigned hart_count;
    const char *part[RUN_PARTS_MAX]; /* names; they live as long as the program */
    unsigned part_count;
};
#define RUN_NO_EXIT_CODE (-1)

/* What the run was, in full, and what came out. */
struct run_record {
    char point_key[20]; /* identity of a sweep's point; "" for a run of its own */
    char machine[64];
    char sweep[64]; /* "" for a run of its own */
    char *config;   /* every parameter as YAML; mem_alloc'd */
    uint64_t config_hash;
    uint64_t seed;
    char guest[512]; /* the ELF's path */
    uint64_t guest_hash;
    char bootargs[1024];
    uint64_t max_cycles;     /* 0: no limit */
    char revision[96];       /* of the simulator's sources: git's name for them */
    char source_hash[72];    /* and a hash over what they hold */
    struct run_param *param; /* boot arguments and parameters given, one by one; mem_alloc'd */
    unsigned param_count;
    struct run_outcome outcome;
};

void run_record_add_param(struct run_record *record, const char *key, const char *value);
void run_record_free(struct run_record *record);

/* ---- the database -------------------------------------------------------------- */

struct analysis;

enum analysis_mode {
    ANALYSIS_READ, /* the file must exist, may be read-only and is not changed */
    ANALYSIS_WRITE /* created when it does not exist, with the folders above it */
};

/* NULL after filling `e`: 65 for a file that is no database of Tessera's or
 * has another version, 74 when the host refuses. */
struct analysis *analysis_open(const char *path, enum analysis_mode mode, struct error *e);
void analysis_close(struct analysis *db);

/* Claims the database for one sweep at a time, until it is closed.  With
 * `wait`, until whoever has the claim is done; else *claimed says whether it
 * was free. */
bool analysis_claim(struct analysis *db, bool wait, bool *claimed, struct error *e);

/* Stores a run.  One with the same point_key is replaced.  All or nothing. */
bool analysis_record(struct analysis *db, const struct run_record *record, struct error *e);

/* Has this point been run to its end with status 0? */
bool analysis_is_done(struct analysis *db, const char *point_key, bool *done, struct error *e);

/* Says which points the sweep consists of now, and which figure they feed
 * ("" for none): what an earlier definition of the sweep had run stays stored,
 * but is not plotted. */
bool analysis_begin_sweep(struct analysis *db, const char *sweep, const char *figure,
                          const char *const *point_keys, unsigned count, struct error *e);

/* A point that somebody else has measured, to be shown beside a sweep's own. */
struct reference_point {
    char series[96];
    double x, y;
    const char *unit, *source; /* where it comes from */
};

/* Replaces the reference points of a sweep. */
bool analysis_set_references(struct analysis *db, const char *sweep,
                             const struct reference_point *points, unsigned count, struct error *e);

/* ---- figures ----------------------------------------------------------------------- */

enum { FIGURE_PANELS = 3 };

struct figure {
    const char *name;
    const char *title;
    const char *x_label, *y_label;
    const char *panel[FIGURE_PANELS]; /* titles; a row a series says which panels show it */
    const char *keys;   /* boot arguments and parameters that x and the series' names cover */
    const char *select; /* its rows of figure_points, by those keys alone; NULL: a picture of one
                         * run, which reads a view of its own */
    bool fine_x;        /* x is a fraction; otherwise a number of something */
    double y_times_max; /* the y axis ends at so many times the least y; 0: behind the greatest */
};

extern const struct figure analysis_figures[];
extern const unsigned analysis_figure_count;

/* Could this figure be drawn into this file?  64 for an unknown figure or
 * ending. */
bool analysis_check_figure(const char *figure, const char *output, struct error *e);

/* From now on figures are made of this sweep instead of the one started last for them, for this
 * connection alone.  64 with the sweeps there are when it is none. */
bool analysis_choose_sweep(struct analysis *db, const char *sweep, struct error *e);

/* Points that the figure has now: rows of figure_points. */
bool analysis_count_points(struct analysis *db, const char *figure, unsigned *count,
                           struct error *e);

/* The figure that is a picture of the chip, drawn of one run. */
#define FIGURE_MESH_HEAT "mesh-heat"

/* Draws the traffic of a run's mesh, routers as cells and links as arrows;
 * `run` 0: of the last run that has any.  Fails as analysis_draw does. */
bool analysis_draw_heat(struct analysis *db, uint64_t run, const char *output, struct error *e);

/* Draws a figure into a file whose ending (.svg, .png, .pdf) says the format.
 * 64 for an unknown figure or ending, 65 when the database has no points for
 * it, 74 when gnuplot or the file fails. */
bool analysis_draw(struct analysis *db, const char *figure, const char *output, struct error *e);

#endif
