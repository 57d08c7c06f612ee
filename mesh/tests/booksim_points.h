/*
 * The points of mesh/reference/booksim.csv, each beside what this mesh makes of
 * the same traffic: for the test, which looks at a part of them for a short time, and for
 * `make verify`, which looks at all for longer.
 *
 * How near a point must come depends on how near its load is to saturation:
 * below 0.8 of it the latency is known to 2 %, up to 0.9 to 3 %.  Beyond, where
 * the curve is so steep that the luck of a seed decides the latency, the loads
 * are compared at which the latency is the same: this mesh must be below it at
 * 0.98 of the load and above it at 1.02 (at 0.9, 5 flits: the spread of BookSim's own seeds).
 */
#ifndef TESSERA_BOOKSIM_POINTS_H
#define TESSERA_BOOKSIM_POINTS_H

#include <math.h>
#include <string.h>

#include "mesh/mesh.h"

#define BOOKSIM_POINTS "mesh/reference/booksim.csv"

static inline double booksim_saturation(const struct mesh_reference *row)
{
    static const struct {
        const char *traffic;
        double one, five; /* 1-flit and 5-flit packets, 8x8, 4 VCs of 8, flits a node and cycle */
    } rows[] = {
        {"uniform", 0.431, 0.4125},  {"transpose", 0.1425, 0.1425}, {"bitcomp", 0.238, 0.2305},
        {"bitrev", 0.1425, 0.1425},  {"shuffle", 0.219, 0.2305},    {"tornado", 0.265, 0.265},
        {"asymmetric", 0.489, 0.49}, {"neighbor", 0.998, 0.996},    {"hotspot", 0.03125, 0.03125},
    };
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++)
        if (strncmp(row->traffic, rows[k].traffic, strlen(rows[k].traffic)) == 0)
            return row->packet_flits == 1 ? rows[k].one : rows[k].five;
    return 1;
}

static inline struct config booksim_machine(const struct mesh_reference *row)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = row->width;
    cfg.mesh_height = row->height;
    cfg.mesh_vcs = row->vcs;
    cfg.mesh_buffer_flits = row->buffer_flits;
    cfg.mesh_router_cycles = row->router_cycles;
    return cfg;
}

struct booksim_check {
    struct mesh_result result;
    double part;  /* of saturation */
    double error; /* of the mean packet latency; beyond 0.9 of saturation not limited */
    double limit; /* of it; 0: loads at equal latency were compared */
    bool good;
};

/* Parts of saturation: below the first errors are bounded by 2 %, below the second by
 * 3 % (the loads nominally at 0.9 are a little above it), and beyond it loads of equal
 * latency are compared. */
#define BOOKSIM_STEADY 0.8
#define BOOKSIM_LATE   0.91

static inline bool booksim_run(const struct mesh_reference *row, double load, uint64_t seed,
                               cycle_t cycles, struct mesh_result *result, struct error *e)
{
    struct config cfg = booksim_machine(row);
    struct mesh_traffic traffic;
    if (!mesh_reference_traffic(row, &traffic, e))
        return false;
    traffic.rate = load;
    traffic.seed = seed;
    traffic.cycles = cycles;
    return mesh_run_traffic(&cfg, &traffic, NULL, result, e);
}

/* Is the latency reached between 0.98 and 1.02 of the row's load? */
static inline bool booksim_load_fits(const struct mesh_reference *row, uint64_t seed,
                                     cycle_t cycles, bool *good, struct error *e)
{
    struct mesh_result below, above;
    if (!booksim_run(row, 0.98 * row->load, seed, cycles, &below, e) ||
        !booksim_run(row, 1.02 * row->load, seed, cycles, &above, e))
        return false;
    *good = !below.saturated && below.latency.mean <= row->latency &&
            (above.saturated || above.latency.mean >= row->latency);
    return true;
}

/* `cycles` to measure; 0: until the mean is known to 1 %. */
static inline bool booksim_compare(const struct mesh_reference *row, uint64_t seed, cycle_t cycles,
                                   struct booksim_check *c, struct error *e)
{
    if (!booksim_run(row, row->load, seed, cycles, &c->result, e))
        return false;
    c->part = row->load / booksim_saturation(row);
    c->error = c->result.latency.mean / row->latency - 1;
    c->limit = c->part < BOOKSIM_STEADY ? 0.02 : c->part < BOOKSIM_LATE ? 0.03 : 0;
    c->good = !c->result.saturated && fabs(c->error) <= c->limit;
    return c->limit > 0 || booksim_load_fits(row, seed, cycles, &c->good, e);
}

#endif
