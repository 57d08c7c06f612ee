/*
 * Every routing and arbiter: nothing is lost and invariants hold under load, an
 * empty mesh takes the formula's time, the order of visits does not show, and
 * the graph of channels that can wait for each other has no cycle.
 */
#include <stdlib.h>

#include "mesh/general.h"
#include "mesh/tests/traffic_random.h"

static const char *const routings[] = {"xy",       "yx",       "o1turn", "west-first",
                                       "odd-even", "adaptive", "table"};
static const char *const arbiters[] = {"round-robin", "matrix", "age"};
enum { ROUTINGS = sizeof routings / sizeof *routings, ARBITERS = 3 };

struct shape {
    unsigned width, height, concentration, vnets, vcs, buffer, router_cycles, flits_max, permille;
};

static const struct shape shapes[] = {
    {4, 4, 1, 1, 4, 8, 3, 1, 400}, {4, 4, 1, 1, 2, 2, 1, 5, 150}, {5, 3, 1, 2, 2, 4, 2, 5, 150},
    {3, 3, 2, 2, 3, 3, 4, 9, 60},  {4, 4, 1, 1, 3, 1, 3, 3, 100}, {7, 6, 1, 1, 2, 3, 3, 7, 100},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static struct random_traffic traffic, other;

static void set(struct config *cfg, const char *key, const char *value)
{
    char text[600];
    struct error e;
    snprintf(text, sizeof text, "mesh.%s=%s", key, value);
    cr_assert(config_set(cfg, text, "test", &e), "%s", e.text);
}

static struct config config_of(const struct shape *s, const char *routing, const char *arbiter)
{
    struct config cfg;
    struct error e;
    config_defaults(&cfg);
    cfg.mesh_width = s->width;
    cfg.mesh_height = s->height;
    cfg.mesh_concentration = s->concentration;
    cfg.mesh_vcs = s->vcs;
    cfg.mesh_buffer_flits = s->buffer;
    cfg.mesh_router_cycles = s->router_cycles;
    set(&cfg, "routing", routing);
    set(&cfg, "arbiter", arbiter);
    set(&cfg, "vnet_priority", s->vnets > 1 ? "1,3" : "");
    set(&cfg, "counters", "true");
    cr_assert(config_check(&cfg, "test", &e), "%s", e.text);
    return cfg;
}

static void start(struct random_traffic *t, const struct shape *s, const struct config *cfg)
{
    memset(t, 0, sizeof *t);
    t->vnets = s->vnets;
    t->nodes = config_tiles(cfg);
    t->flits_max = s->flits_max;
    t->permille = s->permille;
    t->rng = rng_stream(42, s->router_cycles);
}

static void check(const struct mesh *mesh)
{
    struct error e;
    cr_assert(mesh_check(mesh, &e), "cycle %lu: %s", (unsigned long)mesh_now(mesh), e.text);
}

static void load_and_drain(const struct shape *s, const char *routing, const char *arbiter)
{
    struct config cfg = config_of(s, routing, arbiter);
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, s->vnets);
    start(&traffic, s, &cfg);
    for (unsigned cycle = 0; cycle < 400; cycle++) {
        random_traffic_send(&traffic, mesh);
        random_traffic_step(&traffic, mesh);
        check(mesh);
    }
    for (unsigned cycles = 0; !mesh_is_idle(mesh); cycles++) {
        cr_assert_lt(cycles, 20000, "%s, %s: %u of %u packets arrived", routing, arbiter,
                     traffic.arrived, traffic.sent);
        random_traffic_step(&traffic, mesh);
        if (cycles % 16 == 0) {
            check(mesh);
            cr_assert(!mesh_find_deadlock(mesh, NULL));
        }
    }
    cr_assert_gt(traffic.sent, 100);
    cr_assert_eq(traffic.arrived, traffic.sent);
    arena_destroy(arena);
}

Test(routing, nothing_is_lost_and_invariants_hold_with_every_routing_and_arbiter)
{
    for (unsigned r = 0; r < ROUTINGS; r++)
        for (unsigned a = 0; a < ARBITERS; a++)
            for (unsigned s = 0; s < SHAPES; s++)
                load_and_drain(&shapes[s], routings[r], arbiters[a]);
}

static uint64_t hash_of_run(const struct shape *s, const struct config *cfg, bool backward)
{
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, cfg, s->vnets);
    mesh_visit_backward(mesh, backward);
    start(&other, s, cfg);
    for (unsigned cycle = 0; cycle < 1500; cycle++) {
        if (cycle < 1000)
            random_traffic_send(&other, mesh);
        random_traffic_step(&other, mesh);
    }
    arena_destroy(arena);
    cr_assert_gt(other.arrived, 100);
    return other.hash;
}

Test(routing, order_of_visits_does_not_show_with_any_routing_and_arbiter)
{
    for (unsigned r = 0; r < ROUTINGS; r++)
        for (unsigned a = 0; a < ARBITERS; a++)
            for (unsigned s = 0; s < SHAPES; s++) {
                struct config cfg = config_of(&shapes[s], routings[r], arbiters[a]);
                cr_assert_eq(hash_of_run(&shapes[s], &cfg, false),
                             hash_of_run(&shapes[s], &cfg, true), "%s, %s, shape %u", routings[r],
                             arbiters[a], s);
            }
}

/* The general code is the plain one and more: without the more, the same arrivals. */
Test(routing, the_general_mesh_does_what_the_plain_one_does)
{
    for (unsigned s = 0; s < SHAPES; s++) {
        struct config cfg = config_of(&shapes[s], "xy", "round-robin");
        set(&cfg, "vnet_priority", "");
        set(&cfg, "multicast", "routers");
        uint64_t general = hash_of_run(&shapes[s], &cfg, false);
        set(&cfg, "multicast", "copies");
        uint64_t counting = hash_of_run(&shapes[s], &cfg, false);
        set(&cfg, "counters", "false");
        cr_assert_eq(counting, hash_of_run(&shapes[s], &cfg, false), "shape %u", s);
        cr_assert_eq(general, hash_of_run(&shapes[s], &cfg, false), "shape %u", s);
    }
}

Test(routing, arbiters_differ_and_so_do_routings)
{
    uint64_t seen[ROUTINGS + ARBITERS];
    unsigned count = 0;
    for (unsigned r = 0; r < ROUTINGS; r++) {
        struct config cfg = config_of(&shapes[5], routings[r], "round-robin");
        seen[count++] = hash_of_run(&shapes[5], &cfg, false);
    }
    for (unsigned a = 1; a < ARBITERS; a++) {
        struct config cfg = config_of(&shapes[5], "xy", arbiters[a]);
        seen[count++] = hash_of_run(&shapes[5], &cfg, false);
    }
    for (unsigned a = 0; a < count; a++)
        for (unsigned b = 0; b < a; b++)
            cr_assert_neq(seen[a], seen[b], "%u and %u", a, b);
}

/* ---- an empty mesh -------------------------------------------------------------- */

static cycle_t time_packet(struct mesh *mesh, tile_id from, tile_id to, unsigned flits)
{
    const struct mesh_arrival *arrival;
    cycle_t sent = mesh_now(mesh), now;
    unsigned arrivals = 0;
    mesh_send(mesh, from, to, 0, flits, 77);
    do {
        now = mesh_now(mesh);
        arrivals = mesh_step(mesh, &arrival);
        cr_assert_lt(now - sent, 2000, "%u to %u: lost", from, to);
    } while (arrivals == 0);
    cr_assert(arrivals == 1 && arrival[0].node == to && arrival[0].payload == 77);
    while (!mesh_is_idle(mesh))
        cr_assert_eq(mesh_step(mesh, &arrival), 0);
    return now - sent;
}

Test(routing, an_empty_mesh_takes_the_formulas_time)
{
    struct shape s = {4, 3, 1, 1, 4, 8, 1, 1, 0};
    for (unsigned r = 0; r < ROUTINGS; r++)
        for (s.router_cycles = 1; s.router_cycles <= 4; s.router_cycles++) {
            struct config cfg = config_of(&s, routings[r], "round-robin");
            cfg.mesh_link_cycles_y = 2;
            struct arena *arena = arena_create();
            struct mesh *mesh = mesh_create(arena, &cfg, 1);
            for (tile_id from = 0; from < 12; from++)
                for (tile_id to = 0; to < 12; to++)
                    for (unsigned flits = 1; flits <= 5; flits += 4)
                        cr_assert_eq(time_packet(mesh, from, to, flits),
                                     mesh_latency_min(mesh, from, to, flits), "%s", routings[r]);
            /* and none of them leads round about, where nothing is broken */
            for (tile_id from = 0; from < 12; from++)
                for (tile_id to = 0; to < 12; to++)
                    cr_assert_eq(mesh_latency_min(mesh, from, to, 1),
                                 mesh_latency_bound(mesh, from, to, 1), "%s", routings[r]);
            arena_destroy(arena);
        }
}

/* ---- the channel dependency graph ------------------------------------------------- */

/* A channel is a VC group of a link or of an injection port: it ends in an input port.  An edge
 * leads from a channel to one that a packet in it may wait for.  Walked for every pair of
 * nodes.  With an escape, only its channels count, and an edge leads to the next escape
 * channel that a packet can ask for after any number of others. */
enum { CHANNELS_MAX = 7 * 7 * 5 * 2 };
struct graph {
    struct mesh *mesh;
    unsigned channels, escape_class; /* 2: there is none */
    bool edge[CHANNELS_MAX][CHANNELS_MAX];
    bool seen[CHANNELS_MAX][CHANNELS_MAX]; /* (channel, last escape channel) for one destination */
    uint8_t mark[CHANNELS_MAX];            /* 1: on the path, 2: done */
};

static unsigned channel(const struct graph *g, unsigned port, unsigned group)
{
    return port * g->mesh->classes + group;
}

static void walk(struct graph *g, unsigned port, unsigned group, unsigned last, flit_t head);

static void go_on(struct graph *g, unsigned port, unsigned number, unsigned group, unsigned last,
                  flit_t head)
{
    const struct mesh *m = g->mesh;
    if (number >= MESH_NEIGHBOURS)
        return;
    unsigned next = port - m->port[port].number + number + (unsigned)m->across[number];
    bool counts = g->escape_class == 2 || group == g->escape_class;
    if (counts && last != UINT32_MAX)
        g->edge[last][channel(g, next, group)] = true;
    walk(g, next, group, counts ? channel(g, next, group) : last, head);
}

static void walk(struct graph *g, unsigned port, unsigned group, unsigned last, flit_t head)
{
    struct mesh *m = g->mesh;
    unsigned from = last == UINT32_MAX ? channel(g, port, group) : last;
    if (g->seen[channel(g, port, group)][from])
        return;
    g->seen[channel(g, port, group)][from] = true;
    unsigned vc = (unsigned)__builtin_ctz(m->group_mask[group]);
    struct ways ways = m->general->ways(m, &m->port[port], vc, head);
    cr_assert(ways.outputs != 0, "no way");
    for (unsigned left = ways.outputs; left; left &= left - 1)
        go_on(g, port, (unsigned)__builtin_ctz(left), ways.group, last, head);
    if (ways.escape != PORT_NONE)
        go_on(g, port, ways.escape, ways.escape_group, last, head);
}

static bool has_cycle(struct graph *g, unsigned c)
{
    if (g->mark[c])
        return g->mark[c] == 1;
    g->mark[c] = 1;
    for (unsigned n = 0; n < g->channels; n++)
        if (g->edge[c][n] && has_cycle(g, n))
            return true;
    g->mark[c] = 2;
    return false;
}

static bool graph_has_cycle(const char *routing, unsigned width, unsigned height)
{
    static struct graph g;
    struct shape s = {width, height, 1, 1, 2, 4, 3, 1, 0};
    struct config cfg = config_of(&s, routing, "round-robin");
    struct arena *arena = arena_create();
    memset(&g, 0, sizeof g);
    set(&cfg, "multicast", "routers"); /* xy in the general code */
    g.mesh = mesh_create(arena, &cfg, 1);
    g.channels = g.mesh->routers * g.mesh->ports * g.mesh->classes;
    g.escape_class = strcmp(routing, "adaptive") ? 2 : 0;
    cr_assert_leq(g.channels, CHANNELS_MAX);
    for (unsigned to = 0; to < g.mesh->nodes; to++) {
        memset(g.seen, 0, sizeof g.seen);
        flit_t head =
            FLIT_HEAD | (flit_t)(to % width) << FLIT_X_SHIFT | (flit_t)(to / width) << FLIT_Y_SHIFT;
        for (unsigned from = 0; from < g.mesh->nodes; from++)
            for (unsigned group = 0; group < g.mesh->classes; group++) {
                unsigned port = from * g.mesh->ports + MESH_NEIGHBOURS;
                bool counts = g.escape_class == 2 || group == g.escape_class;
                walk(&g, port, group, counts ? channel(&g, port, group) : UINT32_MAX, head);
            }
    }
    bool cycle = false;
    for (unsigned c = 0; c < g.channels; c++)
        cycle = cycle || has_cycle(&g, c);
    arena_destroy(arena);
    return cycle;
}

Test(routing, channels_never_wait_for_each_other_in_a_circle)
{
    static const unsigned sizes[][2] = {{2, 2}, {3, 3}, {4, 4}, {5, 3}, {3, 6}, {7, 7}};
    for (unsigned r = 0; r < ROUTINGS; r++)
        for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++)
            cr_assert(!graph_has_cycle(routings[r], sizes[k][0], sizes[k][1]), "%s, %ux%u",
                      routings[r], sizes[k][0], sizes[k][1]);
}

/* The test can see one. */
Test(routing, the_unsafe_routing_has_a_circle)
{
    cr_assert(graph_has_cycle("unsafe", 2, 2));
}

/* ---- deadlock ------------------------------------------------------------------------ */

Test(routing, a_deadlock_is_found_in_time_and_explained_as_a_circle)
{
    struct shape s = {4, 4, 1, 1, 1, 2, 3, 8, 600};
    struct config cfg = config_of(&s, "unsafe", "round-robin");
    cfg.mesh_deadlock_cycles = 100;
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    cycle_t stuck_at = 0;
    start(&traffic, &s, &cfg);
    while (!mesh_is_deadlocked(mesh)) {
        cr_assert_lt(mesh_now(mesh), 5000, "no deadlock found");
        bool stuck = mesh_find_deadlock(mesh, NULL);
        cr_assert(stuck || !stuck_at, "what was stuck has moved");
        if (stuck && !stuck_at)
            stuck_at = mesh_now(mesh);
        random_traffic_send(&traffic, mesh);
        random_traffic_step(&traffic, mesh);
    }
    cr_assert_leq(mesh_now(mesh), stuck_at + 100);
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    cr_assert(mesh_find_deadlock(mesh, out));
    fclose(out);
    cr_assert(strstr(text, "wait in a circle") && strstr(text, "waits for router"), "%s", text);
    unsigned lines = 0;
    for (const char *at = text; (at = strstr(at, "waits for")); at++)
        lines++;
    cr_assert_geq(lines, 4, "a circle on a mesh has four sides: %s", text);
    cr_assert(lines <= 16 && strstr(text, "mesh: deadlock found at cycle ") == text, "%s", text);
    free(text);
    /* what it calls stuck stays stuck */
    uint64_t delivered = mesh->packets_delivered;
    for (unsigned k = 0; k < 3000; k++)
        random_traffic_step(&traffic, mesh);
    cr_assert(mesh_find_deadlock(mesh, NULL));
    cr_assert_lt(mesh->packets_delivered - delivered, 200);
    arena_destroy(arena);
}

/* 10x10 routers with one VC of 2 flits, under long packets: of the circle 16 VCs are shown, and
 * how many more there are. */
Test(routing, a_long_circle_is_cut_short_in_the_report)
{
    struct shape s = {10, 10, 1, 1, 1, 2, 3, 16, 30};
    struct config cfg = config_of(&s, "unsafe", "round-robin");
    cfg.mesh_deadlock_cycles = 64;
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    char *text = NULL;
    size_t bytes;
    start(&traffic, &s, &cfg);
    while (!mesh_is_deadlocked(mesh)) {
        cr_assert_lt(mesh_now(mesh), 20000, "no deadlock found");
        random_traffic_send(&traffic, mesh);
        random_traffic_step(&traffic, mesh);
    }
    FILE *out = open_memstream(&text, &bytes);
    cr_assert(mesh_find_deadlock(mesh, out));
    fclose(out);
    unsigned length = 0, shown = 0, more = 0;
    const char *words = strstr(text, "of them "), *rest = strstr(text, "  ... and ");
    cr_assert(words && rest, "%s", text);
    cr_assert_eq(sscanf(words, "of them %u wait in a circle", &length), 1, "%s", text);
    cr_assert_eq(sscanf(rest, "  ... and %u more", &more), 1, "%s", text);
    for (const char *at = text; (at = strstr(at, "waits for")); at++)
        shown++;
    cr_assert_gt(length, 16);
    cr_assert_eq(shown, 16, "%s", text);
    cr_assert_eq(more, length - 16, "%s", text);
    free(text);
    arena_destroy(arena);
}

/* Packets longer than a buffer, so that several lie in one VC.  Without the rule that a packet
 * must fit into an adaptive VC, one of these runs comes to a stand after some
 * thousand cycles. */
Test(routing, adaptive_never_stands_still_at_saturation)
{
    struct shape s = {4, 4, 1, 1, 2, 4, 3, 8, 200};
    struct config cfg = config_of(&s, "adaptive", "round-robin");
    const struct mesh_arrival *arrival;
    cfg.mesh_counters = false;
    cfg.mesh_deadlock_cycles = 500;
    for (unsigned seed = 0; seed < 4; seed++) {
        struct arena *arena = arena_create();
        struct mesh *mesh = mesh_create(arena, &cfg, 1);
        struct rng rng = rng_stream(seed, 1);
        for (unsigned cycle = 0; cycle < 13000; cycle++) {
            for (tile_id n = 0; n < 16; n++)
                if (rng_below(&rng, 1000) < s.permille) {
                    unsigned flits = 1 + rng_below(&rng, s.flits_max);
                    mesh_send(mesh, n, (tile_id)rng_below(&rng, 16), 0, flits, 0);
                }
            mesh_step(mesh, &arrival);
            cr_assert(!mesh_is_deadlocked(mesh), "seed %u, cycle %u", seed, cycle);
        }
        arena_destroy(arena);
    }
}

/* ---- counters ------------------------------------------------------------------------- */

/* Two sources for one sink, one VC: by hand, cycle by cycle. */
Test(routing, waits_are_counted_where_they_are)
{
    struct shape s = {3, 1, 1, 1, 1, 8, 3, 1, 0};
    struct config cfg = config_of(&s, "xy", "round-robin");
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    const struct mesh_arrival *arrival;
    mesh_send(mesh, 0, 1, 0, 4, 0);
    mesh_send(mesh, 2, 1, 0, 4, 1);
    while (!mesh_is_idle(mesh))
        mesh_step(mesh, &arrival);
    /* both heads are at router 1 in the same cycle; one gets the only VC of port 4, and
     * the other waits for its four flits to win the crossbar */
    struct mesh_counts c = mesh_port_counts(mesh, 1, 4);
    cr_expect_eq(c.flits, 8);
    cr_expect_eq(c.va_wait_cycles, 5);
    cr_expect_eq(c.sa_wait_cycles, 0);
    cr_expect_eq(c.credit_wait_cycles, 0);
    struct mesh_counts west = mesh_vc_counts(mesh, 1, 1, 0), east = mesh_vc_counts(mesh, 1, 0, 0);
    cr_expect_eq(west.flits + east.flits, 8);
    cr_expect_eq(west.va_wait_cycles + east.va_wait_cycles, 5);
    /* a head is in its buffer in two cycles, VA and SA, and so is each flit behind it */
    struct mesh_counts free_way = mesh_port_counts(mesh, 0, 4);
    cr_expect_eq(free_way.occupancy_cycles, 4 * 2);
    arena_destroy(arena);
}

/* Every cycle of a flit at the front of a VC is a wait or a win: with two VCs that share
 * an output, the crossbar's losers are counted; a buffer of one flit waits for credits. */
Test(routing, waits_for_crossbar_and_credits_are_counted)
{
    struct shape s = {3, 1, 1, 1, 2, 1, 3, 1, 0};
    struct config cfg = config_of(&s, "xy", "round-robin");
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    const struct mesh_arrival *arrival;
    mesh_send(mesh, 0, 2, 0, 6, 0);
    while (!mesh_is_idle(mesh))
        mesh_step(mesh, &arrival);
    /* the link's credit loop takes 5 cycles and the source's 4, so that each flit but the
     * first waits one cycle; the second and third wait one more for the credit of the
     * head, which had to get a VC at the next router and the one after it */
    cr_expect_eq(mesh_port_counts(mesh, 0, 0).credit_wait_cycles, 5 + 2);
    cr_expect_eq(mesh_port_counts(mesh, 0, 0).sa_wait_cycles, 0);
    arena_destroy(arena);
    s.buffer = 8;
    cfg = config_of(&s, "xy", "round-robin");
    arena = arena_create();
    mesh = mesh_create(arena, &cfg, 1);
    mesh_send(mesh, 0, 1, 0, 4, 0);
    mesh_send(mesh, 2, 1, 0, 4, 1);
    while (!mesh_is_idle(mesh))
        mesh_step(mesh, &arrival);
    struct mesh_counts c = mesh_port_counts(mesh, 1, 4);
    /* iSLIP: both VCs grant the same head, the other one gets its VC a cycle later; from
     * then on two inputs want the output until one has sent its last, six cycles on */
    cr_expect_eq(c.va_wait_cycles, 1);
    cr_expect_eq(c.sa_wait_cycles, 6);
    cr_expect_eq(c.flits, 8);
    arena_destroy(arena);
}

/* Of every port and VC: what has been counted. */
static uint64_t hash_of_counts(struct mesh *mesh, unsigned routers)
{
    uint64_t h = HASH_SEED;
    for (unsigned r = 0; r < routers; r++)
        for (unsigned p = 0; p < mesh_ports(mesh); p++)
            for (unsigned v = 0; v <= mesh_vcs(mesh); v++) {
                struct mesh_counts c = v == mesh_vcs(mesh) ? mesh_port_counts(mesh, r, p)
                                                           : mesh_vc_counts(mesh, r, p, v);
                h = hash_u64(hash_u64(hash_u64(h, c.flits), c.va_wait_cycles), c.sa_wait_cycles);
                h = hash_u64(hash_u64(h, c.credit_wait_cycles), c.occupancy_cycles);
            }
    return h;
}

static uint64_t counts_of_run(const struct shape *s, const struct config *cfg, bool plainly)
{
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, cfg, s->vnets);
    const struct mesh_arrival *arrival;
    struct mesh_set to = {{5}};
    if (plainly)
        mesh_count_plainly(mesh);
    start(&other, s, cfg);
    for (unsigned cycle = 0; cycle < 700; cycle++) {
        if (cycle < 400)
            random_traffic_send(&other, mesh);
        if (cycle < 400 && cycle % 16 == 0)
            mesh_send_multicast(mesh, (tile_id)(cycle % other.nodes), &to, 0, 1, 0, false);
        mesh_step(mesh, &arrival);
    }
    uint64_t hash = hash_of_counts(mesh, mesh->routers);
    arena_destroy(arena);
    return hash;
}

/* The list of busy VCs leaves nothing out, with a plain mesh's code and a general one's. */
Test(routing, counters_are_what_a_scan_of_all_vcs_counts)
{
    for (unsigned r = 0; r < ROUTINGS; r++)
        for (unsigned s = 0; s < SHAPES; s++)
            for (unsigned fans = 0; fans < 2; fans++) {
                struct config cfg = config_of(&shapes[s], routings[r], "round-robin");
                set(&cfg, "multicast", fans ? "routers" : "copies");
                if (!fans)
                    set(&cfg, "vnet_priority", "");
                cr_assert_eq(counts_of_run(&shapes[s], &cfg, false),
                             counts_of_run(&shapes[s], &cfg, true), "%s, shape %u", routings[r], s);
            }
}

/* The plain mesh's code and the general one's count the same. */
Test(routing, a_plain_mesh_counts_what_a_general_one_counts)
{
    for (unsigned s = 0; s < SHAPES; s++) {
        struct config cfg = config_of(&shapes[s], "xy", "round-robin");
        struct arena *arena = arena_create();
        set(&cfg, "vnet_priority", "");
        struct mesh *plain = mesh_create(arena, &cfg, shapes[s].vnets);
        set(&cfg, "multicast", "routers");
        struct mesh *general = mesh_create(arena, &cfg, shapes[s].vnets);
        cr_assert(!plain->general && general->general);
        start(&traffic, &shapes[s], &cfg);
        start(&other, &shapes[s], &cfg);
        for (unsigned cycle = 0; cycle < 600; cycle++) {
            random_traffic_send(&traffic, plain);
            random_traffic_send(&other, general);
            random_traffic_step(&traffic, plain);
            random_traffic_step(&other, general);
        }
        cr_assert_eq(hash_of_counts(plain, plain->routers), hash_of_counts(general, plain->routers),
                     "shape %u", s);
        arena_destroy(arena);
    }
}

/* An idle mesh has no VC to look at. */
Test(routing, counting_an_idle_mesh_visits_nothing)
{
    struct shape s = {8, 8, 1, 1, 4, 8, 3, 5, 100};
    struct config cfg = config_of(&s, "xy", "round-robin");
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    start(&traffic, &s, &cfg);
    for (unsigned cycle = 0; cycle < 100; cycle++) {
        random_traffic_send(&traffic, mesh);
        random_traffic_step(&traffic, mesh);
    }
    cr_assert_gt(mesh->counters->count, 0);
    while (!mesh_is_idle(mesh))
        random_traffic_step(&traffic, mesh);
    random_traffic_step(&traffic, mesh);
    cr_assert_eq(mesh->counters->count, 0);
    arena_destroy(arena);
}

/* All that the arena has handed out for a mesh, sources and events included, before and after
 * a load. */
Test(routing, the_memory_of_a_router_is_what_the_arena_says)
{
    static const struct {
        const char *name, *value;
        size_t limit;
    } more[] = {{"routing", "xy", 2700},       {"routing", "yx", 3050},
                {"counters", "true", 3800},    {"routing", "adaptive", 3050},
                {"arbiter", "age", 3050},      {"arbiter", "matrix", 3400},
                {"multicast", "routers", 3600}};
    for (unsigned k = 0; k < sizeof more / sizeof *more; k++) {
        struct shape s = {64, 64, 1, 1, 4, 8, 3, 1, 5};
        struct config cfg = config_of(&s, "xy", "round-robin");
        set(&cfg, "counters", "false");
        set(&cfg, more[k].name, more[k].value);
        struct arena *arena = arena_create();
        struct mesh *mesh = mesh_create(arena, &cfg, 1);
        start(&traffic, &s, &cfg);
        for (unsigned cycle = 0; cycle < 100; cycle++) {
            random_traffic_send(&traffic, mesh);
            random_traffic_step(&traffic, mesh);
        }
        size_t bytes = arena_bytes(arena) / mesh->routers;
        cr_assert_lt(bytes, more[k].limit, "%s: %zu", more[k].value, bytes);
        cr_assert_gt(bytes, mesh_router_bytes(mesh) + mesh_buffer_bytes(mesh));
        arena_destroy(arena);
    }
}

/* 16,384 routers: a packet from corner to corner, and some in between. */
Test(routing, a_mesh_of_128_x_128_runs)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = cfg.mesh_height = 128;
    struct arena *arena = arena_create();
    struct mesh *mesh = mesh_create(arena, &cfg, 1);
    cr_assert_eq(time_packet(mesh, 0, 16383, 1), mesh_latency_min(mesh, 0, 16383, 1));
    cr_assert_eq(time_packet(mesh, 16383, 0, 1), 2 + 4 * 255);
    start(&traffic, &(struct shape){128, 128, 1, 1, 4, 8, 3, 5, 1}, &cfg);
    for (unsigned cycle = 0; cycle < 300; cycle++) {
        random_traffic_send(&traffic, mesh);
        random_traffic_step(&traffic, mesh);
    }
    while (!mesh_is_idle(mesh))
        random_traffic_step(&traffic, mesh);
    cr_assert_gt(traffic.sent, 3000);
    cr_assert_eq(traffic.arrived, traffic.sent);
    arena_destroy(arena);
}
