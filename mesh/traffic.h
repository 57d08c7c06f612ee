/*
 * Standalone traffic (`tessera mesh`): the mesh alone, under a load that is
 * born at its nodes or replayed from a file.  Part of the front header
 * mesh/mesh.h, which includes it.
 */
#ifndef TESSERA_MESH_TRAFFIC_H
#define TESSERA_MESH_TRAFFIC_H

#include <stdio.h>

#include "sim/base/config.h"
#include "sim/base/error.h"
#include "sim/base/types.h"

struct mesh;

enum {
    MESH_SIZES_MAX = 8,
    MESH_HOTSPOTS_MAX = 64,
    MESH_WEIGHT_MAX = 1000000,
    MESH_WINDOW_MAX = 1024
};

enum mesh_pattern {
#define PATTERN(NAME, name, need, meaning) MESH_##NAME,
#include "mesh/patterns.def"
#undef PATTERN
};

/* The name of a pattern, e.g. "uniform" for MESH_UNIFORM, and who sends to whom
 * in it; NULL past the last. */
const char *mesh_pattern_name(unsigned index);
const char *mesh_pattern_meaning(unsigned index);

struct mesh_size { /* one size of packets in a mix */
    unsigned flits;
    uint32_t weight; /* of 1 .. MESH_WEIGHT_MAX: how often, beside the others */
};

struct mesh_hotspot {
    unsigned node;
    uint32_t weight; /* as above */
};

struct mesh_traffic {
    enum mesh_pattern pattern;
    double rate; /* offered flits a node and cycle, in (0, 1] */
    unsigned packet_flits;
    unsigned vnets; /* that the packets of a node take in turns; 0: one (open loop only) */
    uint64_t seed;
    cycle_t cycles; /* measured, rounded up to 1,024; 0 = until the mean latency is known to 1 % */

    unsigned sizes; /* of packets; 0: all have packet_flits */
    struct mesh_size size[MESH_SIZES_MAX];

    /* On-off injection: a node that is off turns on with the chance alpha a
     * cycle, one that is on turns off with the chance beta, and only a node
     * that is on bears packets, so often that the mean rate is `rate`.
     * Both 0: always on (Bernoulli). */
    double alpha, beta;

    unsigned hotspots; /* for MESH_HOTSPOT */
    struct mesh_hotspot hotspot[MESH_HOTSPOTS_MAX];

    /* Closed loop: a node has at most so many requests without an answer (0:
     * open loop).  Requests are the packets above, on virtual network 0; each is
     * answered by a reply of reply_flits on virtual network 1 as soon as it has
     * arrived. */
    unsigned window, reply_flits;

    /* A file of packets with their times (mesh/replay.c has the format); only
     * `cycles` of the above counts then, as a limit.  NULL: none. */
    const char *replay;
};

/* Where a run stands. */
struct mesh_progress {
    const char *phase; /* what it is doing: "warming up", ... */
    cycle_t cycle;
    uint64_t packets; /* measured so far */
};

/* Somebody who is told every 1,024 cycles where the run stands, and may end it,
 * and who may look at the mesh when it has ended. */
struct mesh_watch {
    bool (*go_on)(void *context, const struct mesh_progress *progress);
    void *context;
    void (*ended)(void *context, const struct mesh *mesh); /* or NULL */
    FILE *report; /* where a deadlock is explained; NULL: nowhere */
};

struct mesh_latency { /* of packets or round trips, in cycles */
    double mean;
    uint64_t count, min, p50, p95, p99, p999, max;
};

struct mesh_result {
    struct mesh_latency latency; /* of a packet: birth to ejection of the tail, source queue
                                  * included */
    double ci95;                 /* half width of the 95 % confidence interval of its mean; 0 when
                                  * it is not known: saturated, or too short a measurement */
    double network_latency;      /* mean from the head's entry into the network, in cycles; 0 when
                                  * it is not known: packets lost, left behind or saturated */
    struct mesh_latency round_trip; /* closed loop: request's birth to arrival of its reply */
    double accepted_rate;           /* flits a node and cycle */
    double hops;                    /* mean of the routers on a packet's shortest way */
    uint64_t cycles;                /* simulated in all */
    uint64_t warmup_cycles;         /* of them, those before the measurement */
    uint64_t measured_cycles;       /* of them, those whose packets count */
    uint64_t flit_hops;
    uint64_t lost,
        corrupt;    /* packets that count and never arrive, or arrive damaged (mesh.faults) */
    bool saturated; /* the offered load was not accepted (mesh/pace.c) */
    bool settled;   /* warmed up, and measured as precisely, or for as long, as was asked */
};

/* Runs one load point: warm-up, measurement until the mean is known to 1 %
 * (or the point proves saturated), drain.  A closed loop is never saturated, and
 * a replay is measured as a whole.  False with status 64 for traffic that
 * cannot be, 65 for a bad file, 76 for a deadlock, 130 when `watch` (NULL: nobody) ended it. */
bool mesh_run_traffic(const struct config *cfg, const struct mesh_traffic *traffic,
                      const struct mesh_watch *watch, struct mesh_result *result, struct error *e);

struct mesh_saturation {
    double carried_rate;  /* the greatest load that is carried; flits a node and cycle */
    double refused_rate;  /* the least that is not, at most 0.5 % above; 0: there is none */
    double accepted_rate; /* at carried_rate */
    double worst_share;   /* of what the worst source offers there, what is accepted */
    unsigned probes;
};

/* Bisects the rate (traffic->rate does not count).  mesh/pace.c says when
 * a load counts as carried.  Fails as mesh_run_traffic does. */
bool mesh_find_saturation(const struct config *cfg, const struct mesh_traffic *traffic,
                          const struct mesh_watch *watch, struct mesh_saturation *found,
                          struct error *e);

/* ---- points measured with another simulator ------------------------------- */

/* A row of mesh/reference/booksim.csv. */
struct mesh_reference {
    unsigned width, height, router_cycles, vcs, buffer_flits, packet_flits;
    char traffic[64]; /* the pattern's name, for hotspot with its words behind it */
    double load;      /* accepted flits a node and cycle */
    double latency, network_latency;
    bool quick; /* of those that `make test` looks at */
};

/* Reads them all into *rows, to be released with mem_free.  False with status
 * 65 and the line of what cannot be read. */
bool mesh_reference_read(const char *path, struct mesh_reference **rows, unsigned *count,
                         struct error *e);

/* Has it been measured on this mesh? */
bool mesh_reference_fits(const struct mesh_reference *row, const struct config *cfg);

/* The row's traffic: pattern, hotspots, packets and load. */
bool mesh_reference_traffic(const struct mesh_reference *row, struct mesh_traffic *traffic,
                            struct error *e);

/* Sets the pattern by its name.  64 with the names there are. */
bool mesh_pattern_find(const char *name, enum mesh_pattern *pattern, struct error *e);

/* Sets the hotspots from words like "9=1,27=0.5": nodes and weights. */
bool mesh_hotspots_parse(const char *words, struct mesh_traffic *traffic, struct error *e);

/* Sets the packets from "5", or from shares of sizes like "1:0.8,5:0.2". */
bool mesh_sizes_parse(const char *words, struct mesh_traffic *traffic, struct error *e);

#endif
