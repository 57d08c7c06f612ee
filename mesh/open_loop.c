/*
 * Open loop: every node bears packets at its own pace, whatever becomes of
 * them, and holds them in an infinite queue that costs nothing: the next birth
 * is drawn when the packet before has left altogether.  If it lies in the past,
 * the packet has waited since then; if in the future, the wheel keeps the node.
 * A packet's payload is its time of birth, which is all that its latency needs.
 *
 *          birth drawn              head leaves        tail leaves    tail ejected
 *   wheel ------------> [source] -----------------> ... ---------> ... ---------->
 *   or at once            | wait = source queue |
 */
#include "mesh/load.h"

struct open_source { /* one a node */
    cycle_t at;      /* birth of the packet in the source, or of the next one */
    struct rng rng;
    unsigned vnet; /* of the next packet */
};

static void schedule(struct load *load, tile_id node)
{
    cycle_t at = load->open_source[node].at, earliest = mesh_now(load->mesh);
    wheel_add(&load->wheel, node, at > earliest ? at : earliest);
}

static void start(struct load *load, struct arena *arena)
{
    unsigned nodes = load->mesh->nodes;
    load->open_source = arena_alloc(arena, nodes, sizeof *load->open_source);
    load->lag = arena_alloc(arena, nodes, sizeof *load->lag);
    for (unsigned n = 0; n < nodes; n++) {
        struct rng *rng = &load->open_source[n].rng;
        *rng = rng_stream(load->traffic->seed, n);
        load->open_source[n].at = injection_first_gap(&load->injection, rng) - 1;
        schedule(load, (tile_id)n);
    }
}

static void send_packet(struct load *load, tile_id node)
{
    cycle_t birth = load->open_source[node].at;
    struct rng *rng = &load->open_source[node].rng;
    tile_id to = pattern_destination(&load->pattern, node, rng);
    unsigned flits = injection_flits(&load->injection, rng);
    unsigned vnet = load->open_source[node].vnet++ % load->mesh->vnets;
    meter_sent(&load->meter, birth, node, to);
    mesh_send(load->mesh, node, to, vnet, flits, (uint32_t)birth);
}

static void send(struct load *load, cycle_t now)
{
    tile_id rest = wheel_take(&load->wheel, now), node;
    while ((node = wheel_next(&load->wheel, now, rest, &rest)) != WHEEL_END)
        send_packet(load, node);
}

static void left(struct load *load, const struct departure *d, cycle_t now)
{
    cycle_t *at = &load->open_source[d->node].at;
    if (d->head)
        meter_left(&load->meter, *at, now);
    if (d->tail) {
        *at += injection_gap(&load->injection, &load->open_source[d->node].rng);
        schedule(load, d->node);
    }
}

static void arrived(struct load *load, const struct mesh_arrival *a, cycle_t now)
{
    uint32_t latency = (uint32_t)now - a->payload;
    meter_arrived(&load->meter, now - latency, now, a->corrupt);
}

static void lost(struct load *load, const struct mesh_notice *n, cycle_t now)
{
    uint32_t age = (uint32_t)now - n->payload;
    meter_lost(&load->meter, now - age);
}

static void state(const struct load *load, struct load_state *state)
{
    cycle_t now = mesh_now(load->mesh), oldest = CYCLE_NEVER;
    for (unsigned n = 0; n < load->mesh->nodes; n++) {
        cycle_t at = load->open_source[n].at;
        load->lag[n] = at < now ? now - at : 0;
        oldest = at < oldest ? at : oldest;
    }
    *state = (struct load_state){.lag = load->lag, .handed = oldest};
}

const struct load_kind load_open_loop = {1, start, send, left, arrived, lost, state};
