/*
 * Multicast in the routers: every destination gets its copy, once, and in an
 * empty mesh when a packet of its own would have come; under load nothing is
 * lost, nothing deadlocks and no order shows.  Acknowledgements come back as
 * one, combined or not.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "mesh/general.h"
#include "sim/base/hash.h"
#include "sim/base/rng.h"

enum { SENT_MAX = 1 << 14, COPIES_MAX = 64 };

struct sent {
    struct mesh_set to;
    unsigned members, arrivals, notices;
    uint32_t number, value;
    cycle_t acked_at; /* when the last acknowledgement, sent at once, is due alone */
    tile_id from;
    bool arrived[COPIES_MAX];
};

static struct arena *arena;
static struct mesh *mesh;
static struct sent sent[SENT_MAX];
static unsigned sends, nodes;
static uint64_t hash;
static bool acking;

static void begin(struct config *cfg, unsigned vnets)
{
    struct error e;
    cr_assert(config_check(cfg, "test", &e), "%s", e.text);
    arena = arena_create();
    mesh = mesh_create(arena, cfg, vnets);
    nodes = config_tiles(cfg);
    cr_assert_leq(nodes, (unsigned)COPIES_MAX);
    memset(sent, 0, sizeof sent);
    sends = 0;
    hash = 0;
    acking = false;
}

static struct config machine(unsigned width, unsigned height, unsigned concentration)
{
    struct config cfg;
    config_defaults(&cfg);
    cfg.mesh_width = width;
    cfg.mesh_height = height;
    cfg.mesh_concentration = concentration;
    cfg.mesh_multicast = MULTICAST_ROUTERS;
    cfg.mesh_deadlock_cycles = 256;
    return cfg;
}

static struct sent *new_send(tile_id from)
{
    cr_assert_lt(sends, (unsigned)SENT_MAX);
    sent[sends].from = from;
    sent[sends].value = UINT32_MAX;
    return &sent[sends++];
}

static void send_multicast(tile_id from, struct rng *rng, unsigned permille, unsigned vnet,
                           unsigned flits)
{
    struct sent *s = new_send(from);
    for (unsigned n = 0; n < nodes; n++)
        if (rng_below(rng, 1000) < permille) {
            s->to.word[0] |= UINT64_C(1) << n;
            s->members++;
        }
    if (s->members == 0) {
        s->to.word[0] = 1;
        s->members = 1;
    }
    s->number = mesh_send_multicast(mesh, from, &s->to, vnet, flits, sends - 1, acking);
    cr_assert_eq(s->number != 0, acking);
}

static void send_one(tile_id from, tile_id to, unsigned vnet, unsigned flits)
{
    struct sent *s = new_send(from);
    s->to.word[0] = UINT64_C(1) << to;
    s->members = 1;
    mesh_send(mesh, from, to, vnet, flits, sends - 1);
}

static void acknowledge(struct sent *s, tile_id node, unsigned payload)
{
    cycle_t due = mesh_now(mesh) + mesh_latency_min(mesh, node, s->from, 1);
    uint32_t value = ~(1u << (node + payload) % 32);
    s->value &= value;
    s->acked_at = due > s->acked_at ? due : s->acked_at;
    mesh_send_ack(mesh, node, s->number, mesh->vnets - 1, value);
}

static void step(void)
{
    const struct mesh_arrival *arrival;
    const struct mesh_notice *notice;
    struct error e;
    unsigned arrivals = mesh_step(mesh, &arrival);
    for (unsigned k = 0; k < arrivals; k++) {
        struct sent *s = &sent[arrival[k].payload];
        tile_id node = arrival[k].node;
        cr_assert(s->to.word[0] >> node & 1, "node %u is not in the set", node);
        cr_assert(!s->arrived[node], "a second copy for node %u", node);
        s->arrived[node] = true;
        s->arrivals++;
        hash += hash_u64(hash_u64(HASH_SEED, mesh_now(mesh)), node + 64 * arrival[k].payload);
    }
    unsigned notices = mesh_notices(mesh, &notice);
    for (unsigned k = 0; k < notices; k++) {
        struct sent *s = &sent[notice[k].payload];
        cr_assert_eq(notice[k].kind, MESH_ALL_ACKED);
        cr_assert_eq(notice[k].node, s->from);
        cr_assert_eq(notice[k].value, s->value);
        s->notices++;
        hash += hash_u64(hash_u64(HASH_SEED, mesh_now(mesh)), notice[k].payload + (1u << 31));
    }
    for (unsigned k = 0; k < arrivals; k++)
        if (sent[arrival[k].payload].number)
            acknowledge(&sent[arrival[k].payload], arrival[k].node, arrival[k].payload);
    cr_assert(mesh_check(mesh, &e), "cycle %lu: %s", (unsigned long)mesh_now(mesh), e.text);
    cr_assert(!mesh_is_deadlocked(mesh), "cycle %lu", (unsigned long)mesh_now(mesh));
}

static void drain(void)
{
    for (unsigned cycles = 0; !mesh_is_idle(mesh); cycles++) {
        cr_assert_lt(cycles, 30000);
        step();
    }
    for (unsigned k = 0; k < sends; k++) {
        cr_assert_eq(sent[k].arrivals, sent[k].members, "send %u", k);
        cr_assert_eq(sent[k].notices, sent[k].number != 0, "send %u", k);
    }
    cr_assert_eq(mesh->general->packets_inside, 0);
}

/* ---- an empty mesh ------------------------------------------------------------------- */

static void check_times(unsigned flits)
{
    struct sent *s = &sent[sends - 1];
    cycle_t start = mesh_now(mesh);
    while (!mesh_is_idle(mesh)) {
        bool before[COPIES_MAX];
        memcpy(before, s->arrived, sizeof before);
        cycle_t now = mesh_now(mesh);
        step();
        for (tile_id n = 0; n < nodes; n++)
            if (s->arrived[n] && !before[n])
                cr_assert_eq(now - start, mesh_latency_min(mesh, s->from, n, flits),
                             "node %u to %u", s->from, n);
    }
    cr_assert_eq(s->arrivals, s->members);
}

Test(multicast, every_copy_comes_when_a_packet_of_its_own_would)
{
    static const uint8_t routing[] = {ROUTING_XY, ROUTING_O1TURN, ROUTING_WEST_FIRST,
                                      ROUTING_ADAPTIVE};
    struct rng rng = rng_stream(5, 5);
    for (unsigned k = 0; k < 8; k++) {
        struct config cfg = machine(5, 4, 1 + k % 2);
        cfg.mesh_routing = routing[k % 4];
        cfg.mesh_router_cycles = 1 + k % 4;
        cfg.mesh_link_cycles_x = 1 + k / 4;
        begin(&cfg, 1);
        for (unsigned round = 0; round < 60; round++) {
            unsigned flits = round % 2 ? 1 : 5;
            tile_id from = (tile_id)rng_below(&rng, nodes);
            send_multicast(from, &rng, round < 20 ? 80 : 500, 0, flits);
            check_times(flits);
        }
        arena_destroy(arena);
    }
}

/* One packet for all nodes crosses each link of the tree once, and no other. */
Test(multicast, a_broadcast_crosses_as_many_links_as_a_tree_has)
{
    struct config cfg = machine(6, 5, 1);
    struct mesh_set all = {{0}};
    begin(&cfg, 1);
    mesh_set_add_rectangle(mesh, &all, 5, 24);
    cr_assert_eq(__builtin_popcountll(all.word[0]), 30);
    struct sent *s = new_send(14);
    s->to = all;
    s->members = 30;
    mesh_send_multicast(mesh, 14, &all, 0, 3, 0, false);
    drain();
    uint64_t flown = 0;
    for (unsigned r = 0; r < 30; r++)
        for (unsigned p = 0; p < 4; p++)
            flown += mesh_link_flits(mesh, r, p);
    cr_assert_eq(flown, 3 * 29);
    arena_destroy(arena);
}

/* ---- under load ------------------------------------------------------------------------- */

static void load(struct config *cfg, unsigned vnets, bool acks, bool backward, unsigned flits_max)
{
    struct rng rng = rng_stream(9, cfg->mesh_router_cycles);
    begin(cfg, vnets);
    acking = acks;
    mesh_visit_backward(mesh, backward);
    for (unsigned cycle = 0; cycle < 500; cycle++) {
        for (unsigned n = 0; n < nodes; n++) {
            unsigned draw = rng_below(&rng, 1000), flits = 1 + rng_below(&rng, flits_max);
            unsigned vnet = vnets > 1 ? rng_below(&rng, vnets - 1) : 0;
            if (draw < 12)
                send_multicast((tile_id)n, &rng, 300, vnet, flits);
            else if (draw < 90)
                send_one((tile_id)n, (tile_id)rng_below(&rng, nodes), vnet, flits);
        }
        step();
    }
    drain();
}

static void load_both_ways(struct config *cfg, unsigned vnets, bool acks, unsigned flits_max)
{
    load(cfg, vnets, acks, false, flits_max);
    uint64_t forward = hash;
    arena_destroy(arena);
    load(cfg, vnets, acks, true, flits_max);
    cr_assert_eq(hash, forward,
                 "the order of visits shows: routing %u, arbiter %u, router_cycles %u",
                 cfg->mesh_routing, cfg->mesh_arbiter, cfg->mesh_router_cycles);
    arena_destroy(arena);
}

Test(multicast, under_load_every_copy_arrives_once_and_no_order_shows)
{
    for (unsigned routing = ROUTING_XY; routing <= ROUTING_TABLE; routing++)
        for (unsigned k = 0; k < 4; k++) {
            struct config cfg = machine(4, 3 + k % 2, 1 + (k == 3));
            cfg.mesh_routing = (uint8_t)routing;
            cfg.mesh_arbiter = (uint8_t)(k % 3);
            cfg.mesh_router_cycles = 1 + (routing + k) % 4;
            cfg.mesh_vcs = 2 + k % 2;
            cfg.mesh_buffer_flits = 3 + k;
            load_both_ways(&cfg, 1, false, 5); /* some are longer than a buffer */
        }
}

Test(multicast, acknowledgements_come_back_as_one_however_few_entries_there_are)
{
    static const unsigned entries[] = {0, 1, 3, 16};
    for (unsigned k = 0; k < 4; k++)
        for (unsigned routing = ROUTING_XY; routing <= ROUTING_TABLE; routing++) {
            struct config cfg = machine(4, 4, 1);
            cfg.mesh_routing = (uint8_t)routing;
            cfg.mesh_arbiter = (uint8_t)(routing % 3);
            cfg.mesh_router_cycles = 1 + (routing + k) % 4;
            cfg.mesh_ack_entries = entries[k];
            cfg.mesh_vcs = 2;
            cfg.mesh_buffer_flits = 5;
            load_both_ways(&cfg, 2, true, 5);
        }
}

/* Another multicast to the same nodes. */
static struct sent *new_copy_of(const struct sent *s)
{
    struct sent *copy = new_send(s->from);
    copy->to = s->to;
    copy->members = s->members;
    return copy;
}

static uint64_t flits_on_links(void)
{
    uint64_t flits = 0;
    for (unsigned r = 0; r < mesh->routers; r++)
        for (unsigned p = 0; p < 4; p++)
            flits += mesh_link_flits(mesh, r, p);
    return flits;
}

/* In an empty mesh the notice comes when the last acknowledgement alone would have
 * come, and what is combined crosses every link of the tree once. */
Test(multicast, combined_acknowledgements_are_as_fast_as_the_last_and_as_few_as_the_tree)
{
    struct rng rng = rng_stream(8, 8);
    for (unsigned cycles = 1; cycles <= 4; cycles++) {
        struct config cfg = machine(5, 5, 1);
        cfg.mesh_router_cycles = cycles;
        cfg.mesh_ack_entries = 2;
        begin(&cfg, 1);
        acking = true;
        for (unsigned round = 0; round < 40; round++) {
            tile_id from = (tile_id)rng_below(&rng, nodes);
            uint64_t before = flits_on_links();
            cycle_t noticed = 0;
            send_multicast(from, &rng, 400, 0, 1);
            struct sent *s = &sent[sends - 1];
            while (!mesh_is_idle(mesh)) {
                step();
                if (s->notices && !noticed)
                    noticed = mesh_now(mesh) - 1;
            }
            cr_assert_eq(noticed, s->acked_at);
            uint64_t both = flits_on_links() - before, tree = flits_on_links();
            const struct sent *copy = new_copy_of(s);
            mesh_send_multicast(mesh, from, &copy->to, 0, 1, sends - 1, false);
            drain();
            tree = flits_on_links() - tree;
            cr_assert_eq(both, 2 * tree);
        }
        cr_assert_gt(mesh->general->acks_combined, 100);
        cr_assert_eq(mesh->general->acks_refused, 0);
        arena_destroy(arena);
    }
}

/* With dropped copies and acknowledgements there is still one notice, and its value is 0. */
Test(multicast, lost_copies_and_acknowledgements_count_as_0)
{
    struct config cfg = machine(4, 4, 1);
    struct rng rng = rng_stream(2, 2);
    const struct mesh_arrival *arrival;
    const struct mesh_notice *notice;
    unsigned acked = 0, zero = 0;
    snprintf(cfg.mesh_faults, sizeof cfg.mesh_faults, "drop 0.02");
    cfg.mesh_ack_entries = 4;
    begin(&cfg, 1);
    acking = true;
    for (unsigned cycle = 0; cycle < 20000 && (cycle < 4000 || !mesh_is_idle(mesh)); cycle++) {
        if (cycle < 4000 && cycle % 20 == 0)
            send_multicast((tile_id)rng_below(&rng, nodes), &rng, 400, 0, 3);
        unsigned arrivals = mesh_step(mesh, &arrival);
        unsigned notices = mesh_notices(mesh, &notice);
        for (unsigned k = 0; k < notices; k++) {
            struct sent *s = &sent[notice[k].payload];
            if (notice[k].kind == MESH_LOST) {
                s->value = 0;
                continue;
            }
            acked++;
            zero += notice[k].value == 0;
            cr_assert(s->value || notice[k].value == 0);
            cr_assert_eq(s->notices++, 0);
        }
        for (unsigned k = 0; k < arrivals; k++)
            mesh_send_ack(mesh, arrival[k].node, sent[arrival[k].payload].number, 0, 1);
    }
    cr_assert(mesh_is_idle(mesh));
    cr_assert_eq(acked, sends);
    cr_assert(zero > 20 && zero < acked - 20, "%u of %u", zero, acked);
    arena_destroy(arena);
}

/* ---- bounded waiting ------------------------------------------------------------------ */

/* Packets of one flit fill every link on the way of a multicast, as those of adjacent nodes that
 * send one a cycle do; they never leave room for a whole packet by themselves. */
static cycle_t last_copy_through_a_stream(unsigned routing, unsigned vcs, unsigned flits,
                                          unsigned cycles)
{
    struct config cfg = machine(8, 8, 1);
    const struct mesh_arrival *arrival;
    struct mesh_set to = {{UINT64_C(1) << 6 | UINT64_C(1) << 7}};
    cycle_t last = CYCLE_NEVER;
    unsigned copies = 0;
    struct error e;
    cfg.mesh_routing = (uint8_t)routing;
    cfg.mesh_vcs = vcs;
    cfg.mesh_router_cycles = cycles;
    begin(&cfg, 1);
    for (unsigned cycle = 0; cycle < 4000; cycle++) {
        for (tile_id n = 1; n <= vcs; n++)
            mesh_send(mesh, n, 7, 0, 1, 1000);
        if (cycle == 500)
            mesh_send_multicast(mesh, 0, &to, 0, flits, 7, false);
        unsigned arrivals = mesh_step(mesh, &arrival);
        for (unsigned k = 0; k < arrivals; k++)
            if (arrival[k].payload == 7 && ++copies == 2)
                last = mesh_now(mesh);
        cr_assert(mesh_check(mesh, &e), "cycle %u: %s", cycle, e.text);
        cr_assert(!mesh_is_deadlocked(mesh), "cycle %u", cycle);
    }
    arena_destroy(arena);
    return last;
}

Test(multicast, a_stream_of_packets_holds_a_multicast_up_for_a_bounded_time)
{
    static const uint8_t routing[] = {ROUTING_XY, ROUTING_O1TURN, ROUTING_WEST_FIRST,
                                      ROUTING_ADAPTIVE};
    for (unsigned k = 0; k < 4; k++)
        for (unsigned vcs = 1 + k % 2; vcs <= 4; vcs *= 2)
            for (unsigned cycles = 1; cycles <= 4; cycles++) {
                cycle_t last = last_copy_through_a_stream(routing[k], vcs, 8, cycles);
                cr_assert_lt(last, 500 + 8 * 200, "routing %u, %u VCs, router_cycles %u: %lu",
                             routing[k], vcs, cycles, (unsigned long)last);
            }
}

/* The rule that a packet must fit into an adaptive VC holds nobody up for ever: the escape VC
 * asks for no room, and takes turns. */
Test(multicast, a_stream_of_packets_holds_a_long_adaptive_packet_up_for_a_bounded_time)
{
    for (unsigned vcs = 2; vcs <= 4; vcs++) {
        struct config cfg = machine(8, 8, 1);
        const struct mesh_arrival *arrival;
        cycle_t came = CYCLE_NEVER;
        cfg.mesh_routing = ROUTING_ADAPTIVE;
        cfg.mesh_vcs = vcs;
        begin(&cfg, 1);
        for (unsigned cycle = 0; cycle < 4000; cycle++) {
            for (tile_id n = 1; n <= vcs; n++)
                mesh_send(mesh, n, 7, 0, 1, 1000);
            if (cycle == 500)
                mesh_send(mesh, 0, 7, 0, 8, 7);
            unsigned arrivals = mesh_step(mesh, &arrival);
            for (unsigned k = 0; k < arrivals; k++)
                came = arrival[k].payload == 7 ? mesh_now(mesh) : came;
        }
        cr_assert_lt(came, 500 + 8 * 200, "%u VCs: %lu", vcs, (unsigned long)came);
        arena_destroy(arena);
    }
}
