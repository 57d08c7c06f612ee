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

/* What a virtual network's VCs of an input port have counted together. */
static struct mesh_counts vnet_counts(const struct mesh *mesh, const struct config *cfg,
                                      unsigned router, unsigned port, unsigned vnet)
{
    struct mesh_counts sum = {0};
    for (unsigned k = 0; k < cfg->mesh_vcs; k++) {
        struct mesh_counts c = mesh_vc_counts(mesh, router, port, vnet * cfg->mesh_vcs + k);
        sum.flits += c.flits;
        sum.occupancy_cycles += c.occupancy_cycles;
    }
    return sum;
}

/* Flits of a virtual network on the link behind an output port: those that
 * went through the input port at its other end.  -1 at the edge and towards a
 * node, where nothing counts them apart. */
static int64_t vnet_link_flits(const struct mesh *mesh, const struct config *cfg, unsigned router,
                               unsigned port, unsigned vnet)
{
    static const int step_x[] = {1, -1, 0, 0}, step_y[] = {0, 0, 1, -1};
    int width = (int)cfg->mesh_width, height = (int)cfg->mesh_height;
    if (port >= 4)
        return -1;
    int x = (int)router % width + step_x[port], y = (int)router / width + step_y[port];
    if (x < 0 || y < 0 || x >= width || y >= height)
        return -1;
    return (int64_t)vnet_counts(mesh, cfg, (unsigned)(y * width + x), port ^ 1, vnet).flits;
}

static void take_vnet(const struct mesh *mesh, const struct config *cfg, uint64_t cycles,
                      struct run_mesh_link *link)
{
    struct mesh_counts c = vnet_counts(mesh, cfg, link->router, link->port, (unsigned)link->vnet);
    link->flits = vnet_link_flits(mesh, cfg, link->router, link->port, (unsigned)link->vnet);
    link->entered = (int64_t)c.flits;
    link->buffered = per_cycle(c.occupancy_cycles, cycles);
}

/* A port: all virtual networks together, and each by itself if there are such counters. */
static void take_port(const struct mesh *mesh, const struct config *cfg, uint64_t cycles,
                      unsigned router, unsigned port, struct run_mesh *record)
{
    unsigned vnets = cfg->mesh_counters ? mesh_vcs(mesh) / cfg->mesh_vcs : 0;
    struct mesh_counts c = mesh_port_counts(mesh, router, port);
    struct run_mesh_link *all = &record->link[record->links++];
    *all = (struct run_mesh_link){.router = router,
                                  .port = port,
                                  .vnet = RUN_ALL_VNETS,
                                  .flits = (int64_t)c.flits,
                                  .entered = vnets ? 0 : -1,
                                  .buffered = per_cycle(c.occupancy_cycles, cycles)};
    for (unsigned v = 0; v < vnets; v++) {
        struct run_mesh_link *one = &record->link[record->links++];
        *one = (struct run_mesh_link){.router = router, .port = port, .vnet = (int)v};
        take_vnet(mesh, cfg, cycles, one);
        all->entered += one->entered;
    }
}

static void take_links(const struct mesh *mesh, const struct config *cfg, uint64_t cycles,
                       struct run_mesh *record)
{
    unsigned routers = cfg->mesh_width * cfg->mesh_height, ports = mesh_ports(mesh);
    record->link = mem_alloc((size_t)routers * ports * (1 + MESH_VNETS_MAX) * sizeof *record->link);
    for (unsigned r = 0; r < routers; r++)
        for (unsigned p = 0; p < ports; p++)
            take_port(mesh, cfg, cycles, r, p, record);
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
    take_links(mesh, cfg, cycles, record);
    take_series(mesh, record);
}
