/*
 * bench_mesh                                      what large meshes and variants cost
 * bench_mesh SIDE RATE FLITS VNETS [PARAMETER=V]  one point: "cycles/s ns/flit-hop"
 *
 * How fast the mesh is: cycles a second and nanoseconds a flit-hop under
 * uniform traffic, births, payloads, counters of links and measuring at the receivers included;
 * the same by routers and load, which is the line that cost follows; what the other routings and
 * arbiters cost; an idle mesh; and the bytes of a router.  Each point is run a few times and the
 * best is shown, since what else the host does only ever slows it down.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mesh/mesh.h"
#include "sim/base/rng.h"

enum { REPEATS = 3, FLIT_HOPS = 3000000, VNETS_MAX = 8, SIDE_MAX = 128, STATUS_USAGE = 64 };

struct point {
    unsigned side;
    double rate;
    unsigned packet_flits, vnets;
    const char *set; /* a parameter besides, or NULL */
};

static const char *const variants[] = {
    "mesh.routing=yx",       "mesh.routing=o1turn",   "mesh.routing=west-first",
    "mesh.routing=odd-even", "mesh.routing=adaptive", "mesh.routing=table",
    "mesh.arbiter=matrix",   "mesh.arbiter=age",      "mesh.multicast=routers",
    "mesh.counters=true",
};

/* Of this process: what others do on the host counts as little as it can. */
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct config machine(unsigned side)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = cfg.mesh_height = side;
    return cfg;
}

/* Runs a point; the best time, and what it did. */
static double time_point(const struct point *p, unsigned repeats, struct mesh_result *result)
{
    struct config cfg = machine(p->side);
    struct mesh_traffic traffic = {
        .rate = p->rate, .packet_flits = p->packet_flits, .vnets = p->vnets, .seed = 1};
    struct error e;
    double best = 0;
    traffic.cycles = 1 + (cycle_t)(FLIT_HOPS / (p->side * p->side * p->side * 2 / 3.0 * p->rate));
    if (p->set && !config_set(&cfg, p->set, "bench_mesh", &e))
        return 0;
    for (unsigned k = 0; k < repeats; k++) {
        double start = seconds();
        if (!mesh_run_traffic(&cfg, &traffic, NULL, result, &e)) {
            fprintf(stderr, "bench_mesh: %s\n", e.text);
            return 0;
        }
        double taken = seconds() - start;
        best = k == 0 || taken < best ? taken : best;
    }
    return best;
}

static bool print_point(const struct point *p, const char *format)
{
    struct mesh_result result;
    double best = time_point(p, REPEATS, &result);
    if (best == 0)
        return false;
    printf(format, (double)result.cycles / best, best * 1e9 / (double)result.flit_hops);
    fflush(stdout);
    return true;
}

static bool print_variant(const char *set)
{
    printf("mesh   8x8   uniform 0.20, 1-flit packets, %s:", set);
    return print_point(&(struct point){8, 0.2, 1, 1, set}, " %9.0f cycles/s %6.1f ns/flit-hop\n");
}

static bool take_number(const char *text, double most, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == 0 && *number > 0 && *number <= most;
}

static int print_one(int words, char **word)
{
    double side, rate, flits, vnets;
    if (words < 5 || words > 6 || !take_number(word[1], SIDE_MAX, &side) ||
        !take_number(word[2], 1, &rate) || !take_number(word[3], MESH_PACKET_FLITS_MAX, &flits) ||
        !take_number(word[4], VNETS_MAX, &vnets)) {
        fprintf(stderr, "usage: bench_mesh [SIDE RATE FLITS VNETS [PARAMETER=VALUE]]\n");
        return STATUS_USAGE;
    }
    struct point p = {(unsigned)side, rate, (unsigned)flits, (unsigned)vnets, NULL};
    p.set = words == 6 ? word[5] : NULL;
    return print_point(&p, "%.0f %.1f\n") ? 0 : 1;
}

/* Flits that have crossed routers so far. */
static uint64_t flit_hops(const struct mesh *mesh)
{
    struct stats stats = {0};
    uint64_t hops = 0;
    mesh_stats(mesh, &stats);
    for (unsigned k = 0; k < stats.count; k++)
        if (strcmp(stats.item[k].name, "mesh.flit_hops") == 0)
            hops = stats.item[k].value;
    stats_free(&stats);
    return hops;
}

/* One-flit packets between random nodes, `rate` a node and cycle in the mean. */
static void run_cycles(struct mesh *mesh, unsigned nodes, double rate, unsigned cycles,
                       struct rng *rng)
{
    const struct mesh_arrival *arrival;
    double births = 0;
    for (unsigned k = 0; k < cycles; k++) {
        for (births += rate * nodes; births >= 1; births -= 1) {
            tile_id from = (tile_id)rng_below(rng, nodes);
            mesh_send(mesh, from, (tile_id)rng_below(rng, nodes), 0, 1, 0);
        }
        mesh_step(mesh, &arrival);
    }
}

/* Nanoseconds a flit-hop, and cycles a second, of the mesh alone. */
static double time_cycles(unsigned side, double rate, double *cycles_a_second)
{
    struct config cfg = machine(side);
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    struct rng rng = rng_stream(1, side);
    unsigned nodes = side * side, cycles = 200 + (unsigned)(400000 / (nodes * rate * side));
    run_cycles(mesh, nodes, rate, 8 * side, &rng);
    uint64_t before = flit_hops(mesh);
    double start = seconds();
    run_cycles(mesh, nodes, rate, cycles, &rng);
    double taken = seconds() - start;
    double ns = taken * 1e9 / (double)(flit_hops(mesh) - before);
    *cycles_a_second = cycles / taken;
    arena_destroy(arena);
    return ns;
}

static void print_large(unsigned side, double rate)
{
    double cycles_a_second, ns = time_cycles(side, rate, &cycles_a_second);
    printf("mesh %3ux%-3u uniform %.2f, 1-flit packets: %9.0f cycles/s %6.1f ns/flit-hop\n", side,
           side, rate, cycles_a_second, ns);
    fflush(stdout);
}

/* Cost follows flit-hops: the same nanoseconds whatever the load, and more only where the
 * state outgrows a cache. */
static void print_cost_line(void)
{
    static const unsigned sides[] = {4, 8, 16, 32, 64, 128};
    static const double loads[] = {0.05, 0.25, 0.5, 0.9};
    double ignored;
    printf("mesh cost: ns/flit-hop by routers (rows) and load as a part of saturation (columns)\n");
    printf("mesh cost: %7s", "");
    for (unsigned l = 0; l < 4; l++)
        printf(" %6.2f", loads[l]);
    for (unsigned s = 0; s < 6; s++) {
        double saturation = sides[s] < 8 ? 0.5 : 0.43 * 8 / sides[s];
        printf("\nmesh cost: %7u", sides[s] * sides[s]);
        for (unsigned l = 0; l < 4; l++)
            printf(" %6.1f", time_cycles(sides[s], loads[l] * saturation, &ignored));
        fflush(stdout);
    }
    printf("\n");
}

/* Cycles of a mesh where nothing is: stepped, as the chip does while a hart's slice
 * is short, not skipped. */
static void print_idle(void)
{
    enum { CYCLES = 200000 };
    struct config cfg = machine(128);
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    const struct mesh_arrival *arrival;
    double start = seconds();
    for (unsigned k = 0; k < CYCLES; k++)
        mesh_step(mesh, &arrival);
    printf("mesh idle: %.1f ns a cycle at 128x128\n", (seconds() - start) * 1e9 / CYCLES);
    arena_destroy(arena);
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

int main(int words, char **word)
{
    if (words > 1)
        return print_one(words, word);
    print_large(64, 0.02);
    print_large(128, 0.01);
    for (unsigned k = 0; k < sizeof variants / sizeof *variants; k++)
        if (!print_variant(variants[k]))
            return 1;
    print_cost_line();
    print_idle();
    print_state();
    return 0;
}
