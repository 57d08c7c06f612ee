/*
 * One packet in an empty mesh takes exactly 2 + P x routers + extra link
 * cycles + (flits - 1) cycles, for every pair of nodes.
 */
#include <criterion/criterion.h>

#include "mesh/mesh.h"

struct shape {
    unsigned width, height, concentration, link_x, link_y;
};

static const struct shape shapes[] = {
    {1, 1, 1, 1, 1}, {4, 4, 1, 1, 1}, {5, 3, 1, 1, 1}, {1, 6, 1, 1, 1},
    {2, 2, 4, 1, 1}, {4, 2, 8, 1, 1}, {3, 4, 2, 3, 5}, {4, 3, 1, 20, 1},
};

static struct config config_of(const struct shape *s, unsigned router_cycles, unsigned buffer)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = s->width;
    cfg.mesh_height = s->height;
    cfg.mesh_concentration = s->concentration;
    cfg.mesh_link_cycles_x = s->link_x;
    cfg.mesh_link_cycles_y = s->link_y;
    cfg.mesh_router_cycles = router_cycles;
    cfg.mesh_buffer_flits = buffer;
    return cfg;
}

static unsigned formula(const struct shape *s, unsigned router_cycles, unsigned from, unsigned to,
                        unsigned flits)
{
    unsigned a = from / s->concentration, b = to / s->concentration;
    unsigned dx = (unsigned)abs((int)(a % s->width) - (int)(b % s->width));
    unsigned dy = (unsigned)abs((int)(a / s->width) - (int)(b / s->width));
    return 2 + (router_cycles + 1) * (dx + dy + 1) + (s->link_x - 1) * dx + (s->link_y - 1) * dy +
           flits - 1;
}

/* Cycles from the send to the step that returns the packet. */
static cycle_t time_packet(struct mesh *mesh, tile_id from, tile_id to, unsigned flits)
{
    const struct mesh_arrival *arrival;
    cycle_t sent = mesh_now(mesh);
    mesh_send(mesh, from, to, 0, flits, 77);
    for (;;) {
        cycle_t now = mesh_now(mesh);
        unsigned arrivals = mesh_step(mesh, &arrival);
        if (arrivals == 0) {
            cr_assert_lt(now - sent, 10000, "%u to %u: lost", from, to);
            continue;
        }
        cr_assert_eq(arrivals, 1);
        cr_assert_eq(arrival[0].payload, 77);
        cr_assert_eq(arrival[0].node, to);
        return now - sent;
    }
}

static void drain(struct mesh *mesh)
{
    const struct mesh_arrival *arrival;
    while (!mesh_is_idle(mesh))
        cr_assert_eq(mesh_step(mesh, &arrival), 0);
}

static void check_every_pair(const struct shape *s, unsigned router_cycles, unsigned flits)
{
    struct config cfg = config_of(s, router_cycles, 8 + s->link_x * 2 + s->link_y * 2);
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    unsigned nodes = config_tiles(&cfg);
    for (unsigned from = 0; from < nodes; from++)
        for (unsigned to = 0; to < nodes; to++) {
            unsigned wanted = formula(s, router_cycles, from, to, flits);
            cr_assert_eq(mesh_latency_min(mesh, (tile_id)from, (tile_id)to, flits), wanted);
            cr_assert_eq(time_packet(mesh, (tile_id)from, (tile_id)to, flits), wanted,
                         "%ux%u, router_cycles %u: %u to %u", s->width, s->height, router_cycles,
                         from, to);
            drain(mesh);
            mesh_skip_to(mesh, mesh_now(mesh) + (from * 7 + to) % 13);
        }
    arena_destroy(arena);
}

Test(latency, of_an_empty_mesh_is_the_formula)
{
    for (unsigned s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (unsigned cycles = 1; cycles <= 4; cycles++) {
            check_every_pair(&shapes[s], cycles, 1);
            check_every_pair(&shapes[s], cycles, 5);
        }
}

/* One VC of one flit: the credit loop shows in every flit after the first. */
Test(latency, of_a_shallow_buffer_is_the_credit_loop)
{
    static const unsigned loop[] = {[1] = 4, [2] = 5, [3] = 5, [4] = 5};
    struct shape s = {4, 1, 1, 1, 1};
    for (unsigned cycles = 1; cycles <= 4; cycles++) {
        struct config cfg = config_of(&s, cycles, 1);
        cfg.mesh_vcs = 1;
        struct arena *arena = arena_create();
        struct mesh *mesh = mesh_create(arena, &cfg, 1);
        cycle_t one = time_packet(mesh, 0, 3, 1);
        drain(mesh);
        cycle_t six = time_packet(mesh, 0, 3, 6);
        cr_assert_eq(six - one, 5 * loop[cycles]);
        arena_destroy(arena);
    }
}

/* A link of n cycles adds n - 1 to the flight and n - 1 to the way of the credit. */
Test(latency, long_links_lengthen_the_credit_loop)
{
    struct shape s = {2, 1, 1, 10, 1};
    struct config cfg = config_of(&s, 3, 1);
    cfg.mesh_vcs = 1;
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    cycle_t one = time_packet(mesh, 0, 1, 1);
    drain(mesh);
    cr_assert_eq(time_packet(mesh, 0, 1, 6) - one, 5 * (5 + 2 * 9));
    arena_destroy(arena);
}

/* Far more than a source has room for at first. */
Test(latency, a_source_holds_any_number_of_packets_and_sends_them_in_order)
{
    enum { PACKETS = 200000 };
    struct config cfg = config_of(&(struct shape){2, 1, 1, 1, 1}, 3, 8);
    cfg.mesh_vcs = 1;
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    const struct mesh_arrival *arrival;
    for (uint32_t n = 0; n < PACKETS; n++)
        mesh_send(mesh, 0, 1, 0, 1, n);
    for (uint32_t n = 0; n < PACKETS;)
        if (mesh_step(mesh, &arrival))
            cr_assert_eq(arrival[0].payload, n++);
    arena_destroy(arena);
}
