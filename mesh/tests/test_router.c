/*
 * The routers under random load, over many shapes: the invariants of the state
 * after every step, no packet lost or duplicated, and the same arrivals when
 * routers, sources and events are visited in the opposite order.
 */
#include <stdlib.h>

#include "mesh/mesh_internal.h"
#include "mesh/tests/traffic_random.h"

struct machine {
    unsigned width, height, concentration, vnets, vcs, buffer, router_cycles, link_x, link_y;
    unsigned flits_max, permille;
};

static const struct machine machines[] = {
    {4, 4, 1, 1, 4, 8, 3, 1, 1, 1, 400}, {4, 4, 1, 1, 4, 8, 3, 1, 1, 5, 150},
    {4, 4, 1, 1, 4, 8, 1, 1, 1, 1, 600}, {4, 4, 1, 1, 4, 8, 1, 1, 1, 5, 150},
    {4, 4, 1, 1, 4, 8, 2, 1, 1, 5, 150}, {4, 4, 1, 1, 4, 8, 4, 1, 1, 5, 150},
    {4, 4, 1, 1, 4, 8, 4, 1, 1, 1, 500}, {4, 4, 1, 1, 1, 1, 1, 1, 1, 3, 80},
    {4, 4, 1, 1, 1, 2, 2, 1, 1, 3, 80},  {4, 4, 1, 1, 2, 3, 4, 1, 1, 3, 80},
    {3, 5, 1, 3, 4, 8, 3, 1, 1, 5, 150}, {3, 3, 4, 4, 8, 4, 1, 1, 1, 5, 60},
    {2, 2, 8, 4, 8, 8, 2, 2, 3, 5, 60},  {3, 3, 2, 2, 2, 2, 4, 4, 1, 9, 40},
    {5, 1, 1, 1, 3, 5, 3, 1, 1, 4, 150}, {9, 9, 1, 2, 2, 4, 3, 1, 2, 6, 60},
};
enum { MACHINES = sizeof machines / sizeof *machines };

static struct mesh *build(struct arena *arena, const struct machine *s, struct random_traffic *t)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = s->width;
    cfg.mesh_height = s->height;
    cfg.mesh_concentration = s->concentration;
    cfg.mesh_vcs = s->vcs;
    cfg.mesh_buffer_flits = s->buffer;
    cfg.mesh_router_cycles = s->router_cycles;
    cfg.mesh_link_cycles_x = s->link_x;
    cfg.mesh_link_cycles_y = s->link_y;
    memset(t, 0, sizeof *t);
    t->vnets = s->vnets;
    t->nodes = config_tiles(&cfg);
    t->flits_max = s->flits_max;
    t->permille = s->permille;
    t->rng = rng_stream(42, s->router_cycles);
    return mesh_create(arena, &cfg, s->vnets);
}

static struct random_traffic traffic, other;

static void step_and_check(struct mesh *mesh)
{
    struct error e;
    random_traffic_step(&traffic, mesh);
    cr_assert(mesh_check(mesh, &e), "cycle %lu: %s", (unsigned long)mesh_now(mesh), e.text);
}

static void drain_and_check(struct mesh *mesh)
{
    for (unsigned cycles = 0; !mesh_is_idle(mesh); cycles++) {
        cr_assert_lt(cycles, 20000, "%u of %u packets arrived", traffic.arrived, traffic.sent);
        step_and_check(mesh);
    }
}

Test(router, invariants_hold_after_every_step_and_nothing_is_lost)
{
    for (unsigned k = 0; k < MACHINES; k++) {
        struct arena *arena = arena_create();
        struct mesh *mesh = build(arena, &machines[k], &traffic);
        for (unsigned cycle = 0; cycle < 600; cycle++) {
            random_traffic_send(&traffic, mesh);
            step_and_check(mesh);
        }
        drain_and_check(mesh);
        cr_assert_gt(traffic.sent, 100);
        cr_assert_eq(traffic.arrived, traffic.sent);
        arena_destroy(arena);
    }
}

static void run(const struct machine *machine, bool backward, struct random_traffic *t)
{
    struct arena *arena = arena_create();
    struct mesh *mesh = build(arena, machine, t);
    mesh_visit_backward(mesh, backward);
    for (unsigned cycle = 0; cycle < 3000; cycle++) {
        if (cycle < 2000)
            random_traffic_send(t, mesh);
        random_traffic_step(t, mesh);
    }
    arena_destroy(arena);
}

/* Every arrival of these runs, as the mesh had them before it got other routings than xy: the
 * plain mesh does not change. */
static const uint64_t known[MACHINES] = {
    0x7eaa94f7b6e90b03, 0xc40f7f6fb81cc45e, 0x04f655201d0f8f28, 0x54c5505084b6a4b1,
    0x75fcfa42b91a6dd4, 0x6ed50bf10142ddd8, 0xc389dc35dda544ea, 0x4747ec8b7ba9016a,
    0xf6372c0bd13e9827, 0x3d4a48d475294e5c, 0xff482096aaf30a17, 0xf3d77c1dd873358b,
    0xc767e9699ac95a59, 0x2e37b28ae1e4f07c, 0xb675eb358cb2f2b2, 0xde5f9e2f4ef4765a};

Test(router, arrivals_are_what_they_always_were)
{
    for (unsigned k = 0; k < MACHINES; k++) {
        run(&machines[k], false, &traffic);
        cr_expect_eq(traffic.hash, known[k], "machine %u: 0x%016lx", k,
                     (unsigned long)traffic.hash);
    }
}

Test(router, order_of_visits_does_not_show)
{
    for (unsigned k = 0; k < MACHINES; k++) {
        run(&machines[k], false, &traffic);
        run(&machines[k], true, &other);
        cr_assert_gt(traffic.arrived, 100);
        cr_assert_eq(traffic.sent, other.sent);
        cr_assert_eq(traffic.hash, other.hash, "machine %u", k);
    }
}

/* Packets of a virtual network that share a path and a single VC keep their order. */
Test(router, keeps_the_order_of_one_vc)
{
    struct machine one_vc = {4, 4, 1, 2, 1, 4, 3, 1, 1, 3, 0};
    struct arena *arena = arena_create();
    struct mesh *mesh = build(arena, &one_vc, &traffic);
    const struct mesh_arrival *arrival;
    unsigned next[2] = {0, 0};
    for (unsigned k = 0; k < 64; k++)
        mesh_send(mesh, 0, 15, k % 2, 1 + k % 3, k);
    while (!mesh_is_idle(mesh))
        for (unsigned a = mesh_step(mesh, &arrival); a > 0; a--) {
            unsigned k = arrival[a - 1].payload;
            cr_assert_eq(k / 2, next[k % 2]++);
        }
    cr_assert_eq(next[0] + next[1], 64);
    arena_destroy(arena);
}

/* The sources of a node take turns: with two virtual networks that always have
 * flits, neither gets ahead by more than a flit. */
Test(router, virtual_networks_share_the_injection_link)
{
    struct machine m = {4, 1, 1, 2, 2, 8, 3, 1, 1, 1, 0};
    struct arena *arena = arena_create();
    struct mesh *mesh = build(arena, &m, &traffic);
    const struct mesh_arrival *arrival;
    int lead = 0;
    for (unsigned k = 0; k < 200; k++)
        mesh_send(mesh, 0, (tile_id)(1 + k % 2), k % 2, 1, k);
    while (!mesh_is_idle(mesh))
        for (unsigned a = mesh_step(mesh, &arrival); a > 0; a--) {
            lead += arrival[a - 1].payload % 2 ? -1 : 1;
            cr_assert_leq(abs(lead), 8); /* node 2 is one hop, 4 cycles, farther */
        }
    arena_destroy(arena);
}

/* A virtual network that is stuck behind a jam does not slow another one on the
 * same links beyond the turns they take. */
Test(router, virtual_networks_do_not_block_each_other)
{
    struct machine m = {8, 1, 1, 2, 2, 4, 3, 1, 1, 1, 0};
    struct arena *arena = arena_create();
    struct mesh *mesh = build(arena, &m, &traffic);
    const struct mesh_arrival *arrival;
    cycle_t sent = 0, latency = 0;
    for (unsigned round = 0; round < 2000; round++) {
        for (tile_id n = 0; n < 7; n++) /* seven sources for one sink: vnet 0 jams */
            mesh_send(mesh, n, 7, 0, 5, 0);
        if (round == 1000) {
            sent = mesh_now(mesh);
            mesh_send(mesh, 0, 6, 1, 1, 1);
        }
        for (unsigned a = mesh_step(mesh, &arrival); a > 0; a--)
            if (arrival[a - 1].payload == 1)
                latency = mesh_now(mesh) - 1 - sent;
    }
    cr_assert_gt(latency, 0, "the packet of the free network never arrived");
    cr_assert_leq(latency, mesh_latency_min(mesh, 0, 6, 1) + 2 * 8);
    arena_destroy(arena);
}

static uint64_t stat_named(const struct stats *stats, const char *name)
{
    for (unsigned k = 0; k < stats->count; k++)
        if (!strcmp(stats->item[k].name, name))
            return stats->item[k].value;
    cr_assert(false, "no statistic %s", name);
    return 0;
}

Test(router, counts_every_flit_on_every_link)
{
    struct machine m = {4, 4, 1, 1, 4, 8, 3, 1, 1, 1, 0};
    struct arena *arena = arena_create();
    struct mesh *mesh = build(arena, &m, &traffic);
    const struct mesh_arrival *arrival;
    struct stats stats = {0};
    mesh_send(mesh, 0, 15, 0, 5, 0);
    while (!mesh_is_idle(mesh))
        mesh_step(mesh, &arrival);
    mesh_stats(mesh, &stats);
    cr_assert_eq(stat_named(&stats, "mesh.packets"), 1);
    cr_assert_eq(stat_named(&stats, "mesh.packets_delivered"), 1);
    cr_assert_eq(stat_named(&stats, "mesh.flits"), 5);
    cr_assert_eq(stat_named(&stats, "mesh.flit_hops"), 5 * 7);
    cr_assert_eq(stat_named(&stats, "mesh.link_flits"), 5 * 6);
    cr_assert_eq(mesh_link_flits(mesh, 0, 0), 5); /* x first */
    cr_assert_eq(mesh_link_flits(mesh, 0, 2), 0);
    cr_assert_eq(mesh_link_flits(mesh, 3, 2), 5);
    cr_assert_eq(mesh_link_flits(mesh, 15, 4), 5);
    stats_free(&stats);
    arena_destroy(arena);
}

/* mesh_check is only worth something if it notices. */
Test(router, a_broken_invariant_is_noticed)
{
    struct machine m = {4, 4, 1, 1, 2, 2, 3, 1, 1, 3, 0};
    struct arena *arena = arena_create();
    struct mesh *mesh = build(arena, &m, &traffic);
    struct error e;
    cr_assert(mesh_check(mesh, &e));
    mesh->out[5].credits--;
    cr_assert(!mesh_check(mesh, &e));
    mesh->out[5].credits++;
    mesh->sa[3] = 1;
    cr_assert(!mesh_check(mesh, &e));
    cr_assert_eq(e.status, EXIT_STATUS_INTERNAL);
    arena_destroy(arena);
}
