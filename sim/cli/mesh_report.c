/* What `tessera mesh` prints: words and tables for people, --json for programs. */
#include "sim/cli/mesh_job.h"

#include <jansson.h>
#include <stdio.h>

/* What the mean is known to where nothing else is asked for: half of its confidence interval. */
static const double WANTED = 0.01;

/* A number with so many significant digits, none of them a 0 at the end of a fraction. */
static const char *digits(char *text, size_t bytes, double value, int significant)
{
    snprintf(text, bytes, "%.*g", significant, value);
    return text;
}
#define DIGITS(value, significant) digits((char[32]){0}, 32, value, significant)

/* A mean of three decimals in `width` columns; "-" for one that is not known, which is 0. */
static const char *mean(char *text, size_t bytes, double value, int width)
{
    if (value > 0)
        snprintf(text, bytes, "%*.3f", width, value);
    else
        snprintf(text, bytes, "%*s", width, "-");
    return text;
}
#define MEAN(value, width) mean((char[32]){0}, 32, value, width)

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
        json_object_set_new(o, key,
                            l->count ? json_integer((json_int_t)rows[k].value) : json_null());
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

/* Null for a mean that is not known: of no packets, or of packets some of which are missing. */
static json_t *known(double value)
{
    return value > 0 ? json_real(value) : json_null();
}

static json_t *point_object(const struct mesh_job *job, const struct mesh_result *r,
                            double host_seconds)
{
    json_t *o = json_object();
    put_traffic(o, job);
    json_object_set_new(o, "avg_packet_latency", known(r->latency.mean));
    json_object_set_new(o, "ci95", known(r->ci95));
    json_object_set_new(o, "avg_network_latency", known(r->network_latency));
    json_object_set_new(o, "accepted_rate", json_real(r->accepted_rate));
    json_object_set_new(o, "avg_hops", known(r->hops));
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
    json_object_set_new(o, "settled", json_boolean(r->settled));
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

/* What is to be known of a result before its numbers are read. */
static void print_verdict(const struct mesh_job *job, const struct mesh_result *r)
{
    if (r->saturated)
        printf("saturated       the mesh accepts %s of %s flits a node and cycle: what waits in "
               "its sources\n"
               "                grows for as long as this goes on, and so do these latencies\n",
               DIGITS(r->accepted_rate, 4), DIGITS(job->traffic.rate, 4));
    else if (!r->settled && !job->traffic.cycles && r->ci95 > WANTED * r->latency.mean)
        printf("not settled     after the longest run that is made unasked the mean is known to "
               "%s %%,\n"
               "                not to 1 %%; --cycles measures for longer\n",
               DIGITS(100 * r->ci95 / r->latency.mean, 2));
    else if (!r->settled)
        printf("not settled     the latency still changed from window to window when the warm-up "
               "was ended\n");
}

static void print_measured(const struct mesh_result *r)
{
    print_latency("packet latency", &r->latency, r->ci95);
    if (r->round_trip.count)
        print_latency("round trip", &r->round_trip, 0);
    if (r->network_latency > 0)
        printf("network latency %10.3f cycles\n", r->network_latency);
    printf("hops            %10.3f routers on a packet's shortest way\n", r->hops);
}

void mesh_report_point(const struct mesh_job *job, const struct mesh_result *result,
                       double host_seconds)
{
    if (job->json) {
        print_json(point_object(job, result, host_seconds));
        putchar('\n');
        return;
    }
    print_verdict(job, result);
    if (result->latency.count)
        print_measured(result);
    else
        printf("nothing was measured: no packet that counts has arrived\n");
    if (result->lost || result->corrupt)
        printf("faults          %10llu packets lost, %llu damaged\n",
               (unsigned long long)result->lost, (unsigned long long)result->corrupt);
    printf("accepted        %10s flits a node and cycle\n"
           "%llu packets measured in %llu of %llu cycles (%llu to warm up); %.2f s on the host",
           DIGITS(result->accepted_rate, 4), (unsigned long long)result->latency.count,
           (unsigned long long)result->measured_cycles, (unsigned long long)result->cycles,
           (unsigned long long)result->warmup_cycles, host_seconds);
    if (result->flit_hops && result->latency.count)
        printf(", %.1f ns a flit-hop", host_seconds * 1e9 / (double)result->flit_hops);
    putchar('\n');
}

/* ---- curves ------------------------------------------------------------------------------ */

/* Words behind a row, where there is something to be said of it. */
static void print_remarks(const struct mesh_result *r)
{
    if (r->saturated || !r->settled)
        printf("  %s", r->saturated ? "saturated" : "not settled");
    if (r->lost || r->corrupt)
        printf("  %llu lost, %llu damaged", (unsigned long long)r->lost,
               (unsigned long long)r->corrupt);
    putchar('\n');
}

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
    if (l->count == 0) {
        printf("%-11s %8s %9s nothing was measured\n", mesh_pattern_name(job->traffic.pattern),
               DIGITS(job->traffic.rate, 4), DIGITS(result->accepted_rate, 4));
        return;
    }
    printf("%-11s %8s %9s %10.3f %s %s %6llu %6llu %6llu %6llu %6llu %6.3f",
           mesh_pattern_name(job->traffic.pattern), DIGITS(job->traffic.rate, 4),
           DIGITS(result->accepted_rate, 4), l->mean, MEAN(result->ci95, 8),
           MEAN(result->network_latency, 8), (unsigned long long)l->p50, (unsigned long long)l->p95,
           (unsigned long long)l->p99, (unsigned long long)l->p999, (unsigned long long)l->max,
           result->hops);
    print_remarks(result);
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
        print_json(json_pack("{s:s, s:f, s:o, s:f, s:f, s:i}", "traffic", pattern, "carried_rate",
                             found->carried_rate, "refused_rate",
                             found->refused_rate > 0 ? json_real(found->refused_rate) : json_null(),
                             "accepted_rate", found->accepted_rate, "worst_source_share",
                             found->worst_share, "probes", (int)found->probes));
        putchar('\n');
    } else if (found->refused_rate > 0) {
        printf("%s: carries %s flits a node and cycle, and not %s; accepted of the former: "
               "%s, of the worst source's %.1f %% (%u loads tried)\n",
               pattern, DIGITS(found->carried_rate, 4), DIGITS(found->refused_rate, 4),
               DIGITS(found->accepted_rate, 4), 100 * found->worst_share, found->probes);
    } else {
        printf("%s: carries all that can be offered, %s flits a node and cycle\n", pattern,
               DIGITS(found->carried_rate, 4));
    }
}
