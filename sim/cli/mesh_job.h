/*
 * What `tessera mesh` is asked to do, and the steps that it takes: its command
 * line (cmd_mesh.c), running and storing (mesh_job.c), words and JSON
 * (mesh_report.c).
 */
#ifndef TESSERA_MESH_JOB_H
#define TESSERA_MESH_JOB_H

#include "mesh/mesh.h"
#include "sim/cli/request.h"

enum { MESH_RATES_MAX = 256, MESH_PATTERNS_MAX = 16 };

struct mesh_job {
    struct run_request request;
    struct mesh_traffic traffic;
    struct mesh_watch watch;

    /* as given on the command line; they name the run in the database */
    const char *packet_words, *hotspot_words, *on_off_words;
    uint64_t seed;
    bool seed_given;

    unsigned patterns; /* the first is traffic.pattern; more make a curve each */
    enum mesh_pattern pattern[MESH_PATTERNS_MAX];
    unsigned rates;
    double rate[MESH_RATES_MAX];
    bool curve;      /* more than one load: rates as given, or found when there are none */
    bool saturation; /* --find-saturation */

    const char *database, *output; /* NULL: none */
    char sweep[64];                /* under which a curve is stored */
    bool json, quiet;
};

/* Does it, and prints what comes out.  The exit status. */
int mesh_job_run(struct mesh_job *job, const struct config *cfg);

/* ---- what it prints --------------------------------------------------------- */

/* One point: the object of --json, or the words. */
void mesh_report_point(const struct mesh_job *job, const struct mesh_result *result,
                       double host_seconds);

/* Points of curves: an array of such objects, or a table.  `first` and `last`
 * frame them. */
void mesh_report_row(const struct mesh_job *job, const struct mesh_result *result,
                     double host_seconds, bool first);
void mesh_report_end(const struct mesh_job *job);

void mesh_report_saturation(const struct mesh_job *job, const struct mesh_saturation *found);

#endif
