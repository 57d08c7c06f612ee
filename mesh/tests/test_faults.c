/*
 * Faults: what can be gone around is, what cannot is told to its sender, and
 * nothing hangs, whenever a link or router breaks under load.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "mesh/general.h"
#include "sim/base/hash.h"
#include "sim/base/rng.h"

enum { PACKETS_MAX = 1 << 16 };

struct fate {
    unsigned arrivals, losses, corrupt;
};

/* Random traffic of which every packet must arrive or be told lost, once. */
struct load {
    struct mesh *mesh;
    struct rng rng;
    unsigned nodes, flits_max, permille, sent, arrived, lost, corrupt;
    uint64_t hash;
    tile_id from[PACKETS_MAX], to[PACKETS_MAX];
    struct fate fate[PACKETS_MAX];
};

static struct load load;
static struct arena *arena;

static void begin_with(const char *faults, const struct config *base)
{
    struct config cfg = *base;
    struct error e;
    memset(&load, 0, sizeof load);
    snprintf(cfg.mesh_faults, sizeof cfg.mesh_faults, "%s", faults);
    cr_assert(config_check(&cfg, "test", &e), "%s", e.text);
    arena = arena_create();
    load.mesh = mesh_create(arena, &cfg, 1);
    load.nodes = config_tiles(&cfg);
    load.flits_max = 6;
    load.permille = 60;
    load.rng = rng_stream(3, 1);
}

static struct config table_of(unsigned width, unsigned height)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = width;
    cfg.mesh_height = height;
    cfg.mesh_routing = ROUTING_TABLE;
    cfg.mesh_vcs = 2;
    cfg.mesh_buffer_flits = 4;
    cfg.mesh_deadlock_cycles = 256;
    return cfg;
}

static void send(tile_id from, tile_id to, unsigned flits)
{
    cr_assert_lt(load.sent, (unsigned)PACKETS_MAX);
    load.from[load.sent] = from;
    load.to[load.sent] = to;
    mesh_send(load.mesh, from, to, 0, flits, load.sent++);
}

static void send_some(void)
{
    for (unsigned n = 0; n < load.nodes; n++)
        if (rng_below(&load.rng, 1000) < load.permille) {
            tile_id to = (tile_id)rng_below(&load.rng, load.nodes);
            send((tile_id)n, to, 1 + rng_below(&load.rng, load.flits_max));
        }
}

static void note(uint64_t what, uint64_t packet)
{
    load.hash += hash_u64(hash_u64(HASH_SEED, mesh_now(load.mesh)), what << 32 | packet);
}

static void step(void)
{
    const struct mesh_arrival *arrival;
    const struct mesh_notice *notice;
    unsigned arrivals = mesh_step(load.mesh, &arrival);
    for (unsigned k = 0; k < arrivals; k++) {
        uint32_t p = arrival[k].payload;
        cr_assert_eq(arrival[k].node, load.to[p]);
        load.fate[p].arrivals++;
        load.arrived++;
        load.corrupt += arrival[k].corrupt;
        note(1 + arrival[k].corrupt, p);
    }
    unsigned notices = mesh_notices(load.mesh, &notice);
    for (unsigned k = 0; k < notices; k++) {
        uint32_t p = notice[k].payload;
        cr_assert_eq(notice[k].kind, MESH_LOST);
        cr_assert_eq(notice[k].node, load.from[p]);
        load.fate[p].losses++;
        load.lost++;
        note(3, p);
    }
}

static void check(void)
{
    struct error e;
    cr_assert(mesh_check(load.mesh, &e), "cycle %lu: %s", (unsigned long)mesh_now(load.mesh),
              e.text);
    cr_assert(!mesh_is_deadlocked(load.mesh), "cycle %lu", (unsigned long)mesh_now(load.mesh));
}

static void drain(void)
{
    for (unsigned cycles = 0; !mesh_is_idle(load.mesh); cycles++) {
        cr_assert_lt(cycles, 20000, "%u of %u arrived, %u lost", load.arrived, load.sent,
                     load.lost);
        step();
        check();
    }
    for (unsigned p = 0; p < load.sent; p++)
        cr_assert_eq(load.fate[p].arrivals + load.fate[p].losses, 1, "packet %u", p);
}

static void send_every_pair(void)
{
    for (unsigned from = 0; from < load.nodes; from++)
        for (unsigned to = 0; to < load.nodes; to++)
            send((tile_id)from, (tile_id)to, 1 + (from + to) % 5);
}

/* ---- broken from the start ------------------------------------------------------- */

Test(faults, broken_links_are_gone_around_and_carry_nothing)
{
    struct config cfg = table_of(5, 4);
    begin_with("link 1,1 east; link 2,1 north; link 0,3 east; link 3,0 north; link 4,2 west", &cfg);
    send_every_pair();
    drain();
    cr_assert_eq(load.arrived, load.sent);
    cr_assert_eq(mesh_link_flits(load.mesh, 1 * 5 + 1, 0), 0);
    cr_assert_eq(mesh_link_flits(load.mesh, 1 * 5 + 2, 1), 0);
    cr_assert_eq(mesh_link_flits(load.mesh, 1 * 5 + 2, 2), 0);
    arena_destroy(arena);
}

Test(faults, the_zero_load_latency_around_a_fault_is_the_tables)
{
    struct config cfg = table_of(5, 4);
    unsigned longer = 0;
    cfg.mesh_link_cycles_x = 3;
    begin_with("link 1,1 east; link 2,1 north; router 3,2", &cfg);
    for (tile_id from = 0; from < 20; from++)
        for (tile_id to = 0; to < 20; to++) {
            cycle_t sent = mesh_now(load.mesh);
            unsigned wanted = mesh_latency_min(load.mesh, from, to, 3);
            unsigned losses = load.lost;
            send(from, to, 3);
            while (!load.fate[load.sent - 1].arrivals && !load.fate[load.sent - 1].losses)
                step();
            if (load.lost == losses)
                cr_assert_eq(mesh_now(load.mesh) - 1 - sent, wanted, "%u to %u", from, to);
            else
                cr_assert(from == 13 || to == 13);
            longer += wanted > mesh_latency_bound(load.mesh, from, to, 3);
            drain();
        }
    cr_assert_gt(longer, 10);
    arena_destroy(arena);
}

Test(faults, what_cannot_be_reached_is_told_to_its_sender)
{
    struct config cfg = table_of(4, 4);
    /* router 2,2 is dead, and 0,0 and 1,0 are an island */
    begin_with("router 2,2; link 0,0 north; link 1,0 north; link 1,0 east", &cfg);
    send_every_pair();
    drain();
    for (unsigned p = 0; p < load.sent; p++) {
        tile_id from = load.from[p], to = load.to[p];
        bool dead = from == 10 || to == 10, apart = (from < 2) != (to < 2);
        cr_assert_eq(load.fate[p].losses, dead || apart, "%u to %u", from, to);
    }
    arena_destroy(arena);
}

/* ---- breaking under load ------------------------------------------------------------ */

static void run_under_load(const char *faults, const struct config *cfg, bool backward)
{
    begin_with(faults, cfg);
    mesh_visit_backward(load.mesh, backward);
    for (unsigned cycle = 0; cycle < 1200; cycle++) {
        send_some();
        step();
        if (!backward)
            check();
    }
    drain();
}

static const char *const schedules[] = {
    "link 1,1 east @300",
    "router 2,2 @250",
    "link 1,1 east @200; link 2,1 east @201; link 1,2 north @400; router 0,3 @700",
    "link 0,0 east @300; link 0,1 east @300; link 0,2 east @300",
    "router 1,1 @100; router 2,2 @200; router 3,0 @300; router 0,3 @400",
};
enum { SCHEDULES = sizeof schedules / sizeof *schedules };

Test(faults, whatever_breaks_under_load_every_packet_arrives_or_is_told_lost)
{
    for (unsigned k = 0; k < SCHEDULES; k++)
        for (unsigned cycles = 1; cycles <= 4; cycles++) {
            struct config cfg = table_of(4, 4);
            cfg.mesh_router_cycles = cycles;
            cfg.mesh_arbiter = (uint8_t)(cycles % 3);
            run_under_load(schedules[k], &cfg, false);
            cr_assert_gt(load.sent, 500);
            cr_assert(load.lost > 0 || !strstr(schedules[k], "router"));
            cr_assert_lt(load.lost, load.sent / 2);
            unsigned lost = load.lost;
            uint64_t hash = load.hash;
            arena_destroy(arena);
            run_under_load(schedules[k], &cfg, true);
            cr_assert_eq(load.lost, lost);
            cr_assert_eq(load.hash, hash, "%s: the order of visits shows", schedules[k]);
            arena_destroy(arena);
        }
}

/* A break that leaves a router without a neighbour of lesser rank: new ranks are needed. */
Test(faults, after_a_break_everything_that_is_connected_is_reached)
{
    struct config cfg = table_of(4, 4);
    begin_with("link 0,0 east @100; link 3,3 south @100; link 2,2 south @100; link 1,2 west @100",
               &cfg);
    bool paused = false;
    while (mesh_now(load.mesh) < 400) {
        send_some();
        step();
        check();
        paused = paused || load.mesh->general->pausing;
    }
    cr_assert(paused, "this test wants new ranks");
    drain();
    unsigned before = load.lost;
    send_every_pair();
    drain();
    cr_assert_eq(load.lost, before);
    arena_destroy(arena);
}

/* ---- chance --------------------------------------------------------------------------- */

Test(faults, dropped_and_damaged_flits_are_lost_and_flagged_packets)
{
    static const uint8_t routing[] = {ROUTING_XY, ROUTING_ADAPTIVE, ROUTING_ODD_EVEN};
    for (unsigned k = 0; k < 3; k++) {
        struct config cfg = table_of(5, 5);
        cfg.mesh_routing = routing[k];
        run_under_load("drop 0.01; corrupt 0.02; seed 5", &cfg, false);
        /* 3.5 flits over 3.2 links a packet */
        cr_assert_float_eq((double)load.lost / load.sent, 0.106, 0.035);
        cr_assert_float_eq((double)load.corrupt / load.arrived, 0.2, 0.06);
        uint64_t hash = load.hash;
        arena_destroy(arena);
        run_under_load("drop 0.01; corrupt 0.02; seed 5", &cfg, true);
        cr_assert_eq(load.hash, hash, "the order of visits shows");
        arena_destroy(arena);
        run_under_load("drop 0.01; corrupt 0.02; seed 6", &cfg, false);
        cr_assert_neq(load.hash, hash, "the seed does not show");
        arena_destroy(arena);
    }
}

/* A table that leads in a circle, which no configuration gives: a livelock. */
Test(faults, a_packet_that_wanders_about_is_found)
{
    struct config cfg = table_of(2, 2);
    begin_with("", &cfg);
    struct general *g = load.mesh->general;
    g->table[3 * 4 + 1] = 0x22; /* 1 -> 0 */
    g->table[3 * 4 + 0] = 0x11; /* 0 -> 1 */
    mesh_send(load.mesh, 0, 3, 0, 1, 0);
    while (!mesh_is_deadlocked(load.mesh)) {
        step();
        cr_assert_lt(mesh_now(load.mesh), 1000);
    }
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    cr_assert(mesh_find_deadlock(load.mesh, out));
    fclose(out);
    cr_assert(strstr(text, "livelock: a packet has crossed"), "%s", text);
    free(text);
    arena_destroy(arena);
}
