/*
 * Every point of mesh/reference/booksim.csv for longer than a test may take, as
 * a table of errors: `make verify`.  Ends with 1 when a point is too far off
 * or the mean of all errors above 1 %.
 */
#include <stdio.h>

#include "mesh/tests/booksim_points.h"
#include "sim/base/arena.h"

enum { SEEDS = 2, CYCLES_MIN = 40000, PACKETS = 300000 };

/* To measure: long enough for so many packets, however small the load. */
static cycle_t cycles_of(const struct mesh_reference *row)
{
    double packets_a_cycle = row->load * row->width * row->height / row->packet_flits;
    double cycles = PACKETS / packets_a_cycle;
    return cycles > CYCLES_MIN ? (cycle_t)cycles : CYCLES_MIN;
}

struct group { /* of points: those of a pattern, by the part of saturation */
    unsigned points;
    double sum, worst;
};

struct tally {
    struct group below, up_to; /* 0.8 of saturation; 0.9 */
    unsigned beyond, bad;
};

/* The mean over seeds of latency and error. */
static bool compare_row(const struct mesh_reference *row, struct booksim_check *c, struct error *e)
{
    double error = 0, latency = 0;
    bool good = true;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        if (!booksim_compare(row, seed, cycles_of(row), c, e))
            return false;
        error += c->error / SEEDS;
        latency += c->result.latency.mean / SEEDS;
        good = good && c->good;
    }
    c->error = error;
    c->result.latency.mean = latency;
    c->good = c->limit > 0 ? !c->result.saturated && fabs(error) <= c->limit : good;
    return true;
}

static void add(struct tally *t, const struct booksim_check *c)
{
    struct group *g = c->part < BOOKSIM_STEADY ? &t->below : &t->up_to;
    t->bad += !c->good;
    if (c->limit == 0) {
        t->beyond++;
        return;
    }
    g->points++;
    g->sum += fabs(c->error);
    g->worst = fabs(c->error) > g->worst ? fabs(c->error) : g->worst;
}

static void print_row(const struct mesh_reference *row, const struct booksim_check *c)
{
    printf("%2ux%-2u %ux%u vc, router_cycles %u, %u flit%s %-10.10s %.5f (%.2f of saturation): "
           "%8.3f, BookSim %8.3f, %+.2f %%%s%s\n",
           row->width, row->height, row->vcs, row->buffer_flits, row->router_cycles,
           row->packet_flits, row->packet_flits == 1 ? " " : "s", row->traffic, row->load, c->part,
           c->result.latency.mean, row->latency, 100 * c->error,
           c->limit == 0 ? " (compared by load)" : "", c->good ? "" : "  TOO FAR");
    fflush(stdout);
}

static double mean_percent(const struct group *g)
{
    return g->points ? 100 * g->sum / g->points : 0;
}

static void print_group(const struct group *g)
{
    if (g->points)
        printf("| %u | %.2f %% | %.2f %% ", g->points, mean_percent(g), 100 * g->worst);
    else
        printf("| 0 | - | - ");
}

static void print_tally(const char *name, const struct tally *t)
{
    printf("| %s ", name);
    print_group(&t->below);
    print_group(&t->up_to);
    printf("| %u |\n", t->beyond);
}

static void merge(struct group *into, const struct group *from)
{
    into->points += from->points;
    into->sum += from->sum;
    into->worst = from->worst > into->worst ? from->worst : into->worst;
}

static bool verify(const struct mesh_reference *rows, unsigned count, struct error *e)
{
    struct tally tally[16] = {0}, all = {0};
    for (unsigned k = 0; k < count; k++) {
        struct booksim_check c;
        struct mesh_traffic traffic;
        if (!mesh_reference_traffic(&rows[k], &traffic, e) || !compare_row(&rows[k], &c, e))
            return false;
        print_row(&rows[k], &c);
        add(&tally[traffic.pattern], &c);
    }
    puts("\n| | points below 0.8 | mean | worst | points up to 0.9 | mean | worst | beyond |\n"
         "|---|---|---|---|---|---|---|---|");
    for (unsigned p = 0; mesh_pattern_name(p); p++) {
        print_tally(mesh_pattern_name(p), &tally[p]);
        merge(&all.below, &tally[p].below);
        merge(&all.up_to, &tally[p].up_to);
        all.beyond += tally[p].beyond;
        all.bad += tally[p].bad;
    }
    print_tally("all", &all);
    struct group both = all.below;
    merge(&both, &all.up_to);
    printf("\nmean error %.2f %% over %u points; %u too far off\n", mean_percent(&both),
           both.points, all.bad);
    if (all.bad || mean_percent(&both) > 1)
        return error_set(e, EXIT_STATUS_INTERNAL,
                         "the mesh is not as near to BookSim as it must be");
    return true;
}

int main(void)
{
    struct mesh_reference *rows;
    struct error e;
    unsigned count;
    bool good = mesh_reference_read(BOOKSIM_POINTS, &rows, &count, &e);
    if (good) {
        good = verify(rows, count, &e);
        mem_free(rows);
    }
    if (!good)
        fprintf(stderr, "verify_booksim: %s\n", e.text);
    return !good;
}
