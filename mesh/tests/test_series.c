/* The mesh over time: entries add up to the counters, however often they merge. */
#include <criterion/criterion.h>

#include "mesh/mesh.h"

static struct config machine(uint32_t interval)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.stats_interval = interval;
    cfg.mesh_counters = true;
    return cfg;
}

/* One packet every `gap` cycles, idle cycles jumped over. */
static void run(struct mesh *mesh, unsigned packets, cycle_t gap)
{
    const struct mesh_arrival *arrivals;
    for (unsigned k = 0; k < packets; k++) {
        mesh_send(mesh, 0, 15, 0, 2, k);
        do
            mesh_step(mesh, &arrivals);
        while (!mesh_is_idle(mesh));
        mesh_skip_to(mesh, mesh_now(mesh) > (k + 1) * gap ? mesh_now(mesh) : (k + 1) * gap);
    }
}

static struct mesh_sample sum(const struct mesh *mesh, unsigned *count, cycle_t *interval)
{
    const struct mesh_sample *samples;
    struct mesh_sample all = {0};
    *count = mesh_series(mesh, &samples, interval);
    for (unsigned k = 0; k < *count; k++) {
        cr_assert_eq(samples[k].cycle, (k + 1) * *interval, "entry %u", k);
        all.sent += samples[k].sent;
        all.delivered += samples[k].delivered;
        all.crossed += samples[k].crossed;
        all.buffered_cycles += samples[k].buffered_cycles;
    }
    return all;
}

Test(series, every_flit_is_in_one_entry)
{
    struct arena *arena = arena_create();
    struct config cfg = machine(10);
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    unsigned count;
    cycle_t interval;
    run(mesh, 100, 100);
    struct mesh_sample all = sum(mesh, &count, &interval);
    cr_expect_eq(count, 1000);
    cr_expect_eq(interval, 10);
    cr_expect_eq(all.sent, 200);
    cr_expect_eq(all.delivered, 200);
    cr_expect_eq(all.crossed, 200 * 7);
    cr_expect_gt(all.buffered_cycles, 0);
    arena_destroy(arena);
}

Test(series, a_long_run_doubles_the_interval_and_loses_nothing)
{
    struct arena *arena = arena_create();
    struct config cfg = machine(10);
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    unsigned count;
    cycle_t interval;
    run(mesh, 1000, 1000); /* 100,000 intervals of 10 */
    struct mesh_sample all = sum(mesh, &count, &interval);
    cr_expect_eq(interval, 320);
    cr_expect_eq(count, 1000000 / 320);
    cr_expect_eq(all.sent, 2000);
    cr_expect_eq(all.crossed, 2000 * 7);
    arena_destroy(arena);
}

Test(series, there_is_none_unless_asked_for)
{
    struct arena *arena = arena_create();
    struct config cfg = machine(0);
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    const struct mesh_sample *samples;
    cycle_t interval;
    run(mesh, 10, 1000);
    cr_expect_eq(mesh_series(mesh, &samples, &interval), 0);
    arena_destroy(arena);
}
