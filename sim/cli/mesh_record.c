/*
 * From the counters of a mesh to rows of the database: one for each port of
 * each router, and one for each interval of the series.
 */
#include "sim/cli/mesh_record.h"

#include "sim/base/arena.h"

static double per_cycle(uint64_t count, uint64_t cycles)
{
    return cycles ? (double)count / (double)cycles : 0;
}

static void take_links(const struct mesh *mesh, unsigned routers, uint64_t cycles,
                       struct run_mesh *record)
{
    unsigned ports = mesh_ports(mesh);
    record->link = mem_alloc((size_t)routers * ports * sizeof *record->link);
    for (unsigned r = 0; r < routers; r++)
        for (unsigned p = 0; p < ports; p++) {
            struct mesh_counts c = mesh_port_counts(mesh, r, p);
            record->link[record->links++] =
                (struct run_mesh_link){.router = r,
                                       .port = p,
                                       .vnet = RUN_ALL_VNETS,
                                       .flits = c.flits,
                                       .buffered = per_cycle(c.occupancy_cycles, cycles)};
        }
}

static void take_series(const struct mesh *mesh, struct run_mesh *record)
{
    const struct mesh_sample *sample;
    cycle_t interval;
    unsigned count = mesh_series(mesh, &sample, &interval);
    record->sample = mem_alloc((count + 1) * sizeof *record->sample);
    for (unsigned k = 0; k < count; k++)
        record->sample[record->samples++] =
            (struct run_mesh_sample){.cycle = sample[k].cycle,
                                     .vnet = RUN_ALL_VNETS,
                                     .sent = sample[k].sent,
                                     .delivered = sample[k].delivered,
                                     .crossed = sample[k].crossed,
                                     .buffered = per_cycle(sample[k].buffered_cycles, interval)};
}

void mesh_record_take(const struct mesh *mesh, const struct config *cfg, uint64_t cycles,
                      struct run_mesh *record)
{
    *record = (struct run_mesh){.width = cfg->mesh_width,
                                .height = cfg->mesh_height,
                                .concentration = cfg->mesh_concentration};
    take_links(mesh, cfg->mesh_width * cfg->mesh_height, cycles, record);
    take_series(mesh, record);
}
