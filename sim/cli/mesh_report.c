/* What `tessera mesh` prints: words and tables for people, --json for programs. */
#include "sim/cli/mesh_job.h"

#include <jansson.h>
#include <stdio.h>

/* ---- JSON ------------------------------------------------------------------------ */

static void put_latency(json_t *o, const struct mesh_latency *l, const char *prefix)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"min", l->min}, {"p50", l->p50},   {"p95", l->p95},
                {"p99", l->p99}, {"p999", l->p999}, {"max", l->max}};
    char key[64];
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
        snprintf(key, sizeof key, "%s%s", prefix, rows[k].name);
        json_object_set_new(o, key, json_integer((json_int_t)rows[k].value));
    }
}

static void put_traffic(json_t *o, const struct mesh_job *job)
{
    const struct mesh_traffic *t = &job->traffic;
    if (t->replay) {
        json_object_set_new(o, "replay", json_string(t->replay));
        return;
    }
    json_object_set_new(o, "traffic", json_string(mesh_pattern_name(t->pattern)));
    json_object_set_new(o, "rate", json_real(t->rate));
    json_object_set_new(o, "packet_flits",
                        t->sizes ? json_string(job->packet_words)
                                 : json_integer((json_int_t)t->packet_flits));
    json_object_set_new(o, "seed", json_integer((json_int_t)t->seed));
    if (t->window) {
        json_object_set_new(o, "window", json_integer((json_int_t)t->window));
        json_object_set_new(o, "reply_flits", json_integer((json_int_t)t->reply_flits));
    }
}

static json_t *point_object(const struct mesh_job *job, const struct mesh_result *r,
                            double host_seconds)
{
    json_t *o = json_object();
    put_traffic(o, job);
    json_object_set_new(o, "avg_packet_latency", json_real(r->latency.mean));
    json_object_set_new(o, "ci95", r->ci95 > 0 ? json_real(r->ci95) : json_null());
    json_object_set_new(o, "avg_network_latency", json_real(r->network_latency));
    json_object_set_new(o, "accepted_rate", json_real(r->accepted_rate));
    json_object_set_new(o, "avg_hops", json_real(r->hops));
    put_latency(o, &r->latency, "");
    if (r->round_trip.count) {
        json_object_set_new(o, "avg_round_trip", json_real(r->round_trip.mean));
        put_latency(o, &r->round_trip, "round_trip_");
    }
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"cycles", r->cycles},
                  {"warmup_cycles", r->warmup_cycles},
                  {"measured_cycles", r->measured_cycles},
                  {"packets", r->latency.count},
                  {"flit_hops", r->flit_hops},
                  {"lost", r->lost},
                  {"corrupt", r->corrupt}};
    for (unsigned k = 0; k < sizeof counts / sizeof *counts; k++)
        json_object_set_new(o, counts[k].name, json_integer((json_int_t)counts[k].value));
    json_object_set_new(o, "saturated", json_boolean(r->saturated));
    json_object_set_new(o, "host_seconds", json_real(host_seconds));
    return o;
}

static void print_json(json_t *o)
{
    json_dumpf(o, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    json_decref(o);
}

/* ---- one point ----------------------------------------------------------------------- */

static void print_latency(const char *what, const struct mesh_latency *l, double ci95)
{
    printf("%-16s%10.3f cycles", what, l->mean);
    if (ci95 > 0)
        printf(" +- %.3f (95 %%)", ci95);
    printf("; p50 %llu, p95 %llu, p99 %llu, p99.9 %llu, max %llu\n", (unsigned long long)l->p50,
           (unsigned long long)l->p95, (unsigned long long)l->p99, (unsigned long long)l->p999,
           (unsigned long long)l->max);
}

void mesh_report_point(const struct mesh_job *job, const struct mesh_result *result,
                       double host_seconds)
{
    if (job->json) {
        print_json(point_object(job, result, host_seconds));
        putchar('\n');
        return;
    }
    print_latency("packet latency", &result->latency, result->ci95);
    if (result->round_trip.count)
        print_latency("round trip", &result->round_trip, 0);
    if (result->lost || result->corrupt)
        printf("faults          %10llu packets lost, %llu damaged\n",
               (unsigned long long)result->lost, (unsigned long long)result->corrupt);
    printf("network latency %10.3f cycles\n"
           "accepted        %10.5f flits a node and cycle\n"
           "hops            %10.3f routers a packet\n"
           "%llu packets measured in %llu of %llu cycles (%llu to warm up); %.2f s on the host, "
           "%.1f ns a flit-hop\n",
           result->network_latency, result->accepted_rate, result->hops,
           (unsigned long long)result->latency.count, (unsigned long long)result->measured_cycles,
           (unsigned long long)result->cycles, (unsigned long long)result->warmup_cycles,
           host_seconds, host_seconds * 1e9 / (double)(result->flit_hops + !result->flit_hops));
}

/* ---- curves ------------------------------------------------------------------------------ */

void mesh_report_row(const struct mesh_job *job, const struct mesh_result *result,
                     double host_seconds, bool first)
{
    const struct mesh_latency *l = &result->latency;
    if (job->json) {
        fputs(first ? "[" : ",\n", stdout);
        print_json(point_object(job, result, host_seconds));
        return;
    }
    if (first)
        printf("%-11s %8s %9s %10s %8s %8s %6s %6s %6s %6s %6s %6s\n", "traffic", "offered",
               "accepted", "latency", "+-", "network", "p50", "p95", "p99", "p99.9", "max", "hops");
    printf("%-11s %8.5f %9.5f %10.3f %8.3f %8.3f %6llu %6llu %6llu %6llu %6llu %6.3f%s\n",
           mesh_pattern_name(job->traffic.pattern), job->traffic.rate, result->accepted_rate,
           l->mean, result->ci95, result->network_latency, (unsigned long long)l->p50,
           (unsigned long long)l->p95, (unsigned long long)l->p99, (unsigned long long)l->p999,
           (unsigned long long)l->max, result->hops, result->saturated ? "  saturated" : "");
    fflush(stdout);
}

void mesh_report_end(const struct mesh_job *job)
{
    if (job->json)
        puts("]");
}

/* ---- saturation --------------------------------------------------------------------------- */

void mesh_report_saturation(const struct mesh_job *job, const struct mesh_saturation *found)
{
    const char *pattern = mesh_pattern_name(job->traffic.pattern);
    if (job->json) {
        print_json(json_pack("{s:s, s:f, s:o, s:f, s:i}", "traffic", pattern, "carried_rate",
                             found->carried_rate, "refused_rate",
                             found->refused_rate > 0 ? json_real(found->refused_rate) : json_null(),
                             "accepted_rate", found->accepted_rate, "probes", (int)found->probes));
        putchar('\n');
    } else if (found->refused_rate > 0) {
        printf("%s: carries %.4f flits a node and cycle, and not %.4f; accepted of the former: "
               "%.4f (%u loads tried)\n",
               pattern, found->carried_rate, found->refused_rate, found->accepted_rate,
               found->probes);
    } else {
        printf("%s: carries all that can be offered, %.4f flits a node and cycle\n", pattern,
               found->carried_rate);
    }
}
