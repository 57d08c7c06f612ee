/*
 * How fast the mesh is: cycles a second and nanoseconds a flit-hop under
 * uniform traffic, births and measuring included, and the bytes of a router.
 * Each point is run a few times and the best is shown, since what else the
 * host does only ever slows it down.
 */
#include <stdio.h>
#include <time.h>

#include "mesh/mesh.h"

enum { REPEATS = 3 };

struct point {
    unsigned side;
    double rate;
    unsigned packet_flits;
    cycle_t cycles;
};

static const struct point points[] = {
    {8, 0.05, 1, 200000}, {8, 0.2, 1, 50000},  {8, 0.4, 1, 20000},
    {8, 0.2, 5, 50000},   {32, 0.05, 1, 4000}, {32, 0.1, 1, 4000},
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct config machine(unsigned side)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = cfg.mesh_height = side;
    return cfg;
}

static bool time_point(const struct point *p)
{
    struct config cfg = machine(p->side);
    struct mesh_traffic traffic = {MESH_UNIFORM, p->rate, p->packet_flits, 1, p->cycles};
    struct mesh_result result;
    struct error e;
    double best = 0;
    for (unsigned k = 0; k < REPEATS; k++) {
        double start = seconds();
        if (!mesh_run_traffic(&cfg, &traffic, NULL, &result, &e)) {
            fprintf(stderr, "bench_mesh: %s\n", e.text);
            return false;
        }
        double taken = seconds() - start;
        best = k == 0 || taken < best ? taken : best;
    }
    printf("mesh %3ux%-3u uniform %.2f, %u-flit packets: %9.0f cycles/s %6.1f ns/flit-hop\n",
           p->side, p->side, p->rate, p->packet_flits, (double)result.cycles / best,
           best * 1e9 / (double)result.flit_hops);
    fflush(stdout);
    return true;
}

static void print_state(void)
{
    struct config cfg = machine(32);
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    size_t state = mesh_router_bytes(mesh), buffers = mesh_buffer_bytes(mesh);
    printf("mesh state: %zu bytes a router and %zu of buffers behind the first flit of each VC\n",
           state, buffers);
    arena_destroy(arena);
}

int main(void)
{
    for (unsigned k = 0; k < sizeof points / sizeof *points; k++)
        if (!time_point(&points[k]))
            return 1;
    print_state();
    return 0;
}
