/*
 * The mesh over time: every so many cycles the counters are read and what they
 * have grown by is put into the next entry.
 *
 *   | entry 0 | entry 1 | ...          room for 4,096
 *   |   interval        |     interval x 2 when there is none left: neighbours
 *                             become one entry, and the series goes on
 *
 * So a series of a run of any length has a bounded size, and where its
 * intervals end depends on nothing but the clock.
 */
#include "mesh/series.h"

enum { SAMPLES_MAX = 4096 };

struct series {
    struct mesh_sample *sample;
    unsigned count;
    cycle_t interval;
    struct mesh_sample last; /* the counters themselves, when they were last read */
};

void series_create(struct mesh *m, struct arena *arena, const struct config *cfg)
{
    m->sample_at = CYCLE_NEVER;
    if (cfg->stats_interval == 0)
        return;
    m->series = arena_alloc(arena, 1, sizeof *m->series);
    m->series->sample = arena_alloc(arena, SAMPLES_MAX, sizeof *m->series->sample);
    m->series->interval = cfg->stats_interval;
    m->sample_at = m->series->interval;
}

static struct mesh_sample read_counters(const struct mesh *m)
{
    struct mesh_sample now = {
        .cycle = m->sample_at, .sent = m->flits_sent, .delivered = m->flits_delivered};
    for (unsigned r = 0; r < m->routers; r++)
        for (unsigned p = 0; p < m->ports; p++) {
            struct mesh_counts c = mesh_port_counts(m, r, p);
            now.crossed += c.flits;
            now.buffered_cycles += c.occupancy_cycles;
        }
    return now;
}

static void add(struct mesh_sample *into, const struct mesh_sample *more)
{
    into->cycle = more->cycle;
    into->sent += more->sent;
    into->delivered += more->delivered;
    into->crossed += more->crossed;
    into->buffered_cycles += more->buffered_cycles;
}

static struct mesh_sample growth(const struct mesh_sample *now, const struct mesh_sample *last)
{
    return (struct mesh_sample){.cycle = now->cycle,
                                .sent = now->sent - last->sent,
                                .delivered = now->delivered - last->delivered,
                                .crossed = now->crossed - last->crossed,
                                .buffered_cycles = now->buffered_cycles - last->buffered_cycles};
}

static void merge_neighbours(struct series *s)
{
    for (unsigned k = 0; k < s->count / 2; k++) {
        s->sample[k] = s->sample[2 * k];
        add(&s->sample[k], &s->sample[2 * k + 1]);
    }
    s->count /= 2;
    s->interval *= 2;
}

void series_take(struct mesh *m)
{
    struct series *s = m->series;
    while (m->sample_at <= m->now) {
        struct mesh_sample now = read_counters(m);
        s->sample[s->count++] = growth(&now, &s->last);
        s->last = now;
        if (s->count == SAMPLES_MAX)
            merge_neighbours(s);
        m->sample_at += s->interval;
    }
}

unsigned mesh_series(const struct mesh *mesh, const struct mesh_sample **samples, cycle_t *interval)
{
    const struct series *s = mesh->series;
    *samples = s ? s->sample : NULL;
    *interval = s ? s->interval : 0;
    return s ? s->count : 0;
}
