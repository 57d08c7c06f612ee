/*
 * Closed loop: every node keeps at most `window` requests without an answer.
 * A request goes to where the pattern says, on virtual network 0; when it has
 * arrived, the node there sends the reply on virtual network 1 in the next
 * cycle.  A request is born when the node's process bears it and the window has
 * room; while it has none, the process stands still.
 *
 *   node --request--> other        slot of the window: taken ... . . . . . free
 *        <---reply---                               |<----- round trip ---->|
 *
 * A packet's payload is its slot, numbered through all nodes, and whether it
 * is the reply; the slot remembers when the request and when the reply was
 * born.
 */
#include "mesh/load.h"

#define REPLY 0x80000000u

struct requester { /* one a node */
    struct rng rng;
    unsigned room; /* free slots */
    bool held;     /* a request is due and the window has no room */
};

struct due_reply {
    uint32_t slot;
    tile_id from;
};

struct closed_loop {
    struct requester *node;
    struct due_reply *due; /* replies to be sent in the next cycle */
    unsigned dues;
    cycle_t *request, *reply; /* births, one a slot */
    uint16_t *room;           /* of each node: the slots that are free */
    unsigned window, reply_flits;
};

static void start(struct load *load, struct arena *arena)
{
    unsigned nodes = load->mesh->nodes, window = load->traffic->window;
    struct closed_loop *c = load->closed_loop = arena_alloc(arena, 1, sizeof *c);
    c->window = window;
    c->reply_flits = load->traffic->reply_flits;
    c->node = arena_alloc(arena, nodes, sizeof *c->node);
    c->due = arena_alloc(arena, nodes, sizeof *c->due);
    c->request = arena_alloc(arena, (size_t)nodes * window, sizeof *c->request);
    c->reply = arena_alloc(arena, (size_t)nodes * window, sizeof *c->reply);
    c->room = arena_alloc(arena, (size_t)nodes * window, sizeof *c->room);
    for (unsigned n = 0; n < nodes; n++) {
        c->node[n] = (struct requester){.rng = rng_stream(load->traffic->seed, n), .room = window};
        for (unsigned k = 0; k < window; k++)
            c->room[n * window + k] = (uint16_t)(window - 1 - k);
        wheel_add(&load->wheel, (tile_id)n,
                  injection_first_gap(&load->injection, &c->node[n].rng) - 1);
    }
}

static void send_request(struct load *load, tile_id node, cycle_t now)
{
    struct closed_loop *c = load->closed_loop;
    struct requester *r = &c->node[node];
    uint32_t slot = node * c->window + c->room[node * c->window + --r->room];
    tile_id to = pattern_destination(&load->pattern, node, &r->rng);
    c->request[slot] = now;
    meter_sent(&load->meter, now, node, to);
    mesh_send(load->mesh, node, to, 0, injection_flits(&load->injection, &r->rng), slot);
    wheel_add(&load->wheel, node, now + injection_gap(&load->injection, &r->rng));
}

static void send_reply(struct load *load, const struct due_reply *due, cycle_t now)
{
    struct closed_loop *c = load->closed_loop;
    tile_id to = (tile_id)(due->slot / c->window);
    c->reply[due->slot] = now;
    meter_sent(&load->meter, now, due->from, to);
    mesh_send(load->mesh, due->from, to, 1, c->reply_flits, due->slot | REPLY);
}

static void send(struct load *load, cycle_t now)
{
    struct closed_loop *c = load->closed_loop;
    tile_id rest = wheel_take(&load->wheel, now), node;
    for (unsigned k = 0; k < c->dues; k++)
        send_reply(load, &c->due[k], now);
    c->dues = 0;
    while ((node = wheel_next(&load->wheel, now, rest, &rest)) != WHEEL_END) {
        if (c->node[node].room)
            send_request(load, node, now);
        else
            c->node[node].held = true;
    }
}

/* A request that was held goes in the next cycle. */
static void free_slot(struct load *load, uint32_t slot, cycle_t now)
{
    struct closed_loop *c = load->closed_loop;
    tile_id node = (tile_id)(slot / c->window);
    struct requester *r = &c->node[node];
    c->room[node * c->window + r->room++] = (uint16_t)(slot % c->window);
    if (r->held) {
        r->held = false;
        wheel_add(&load->wheel, node, now + 1);
    }
}

static cycle_t birth_of(const struct load *load, uint32_t payload)
{
    const struct closed_loop *c = load->closed_loop;
    return payload & REPLY ? c->reply[payload & ~REPLY] : c->request[payload];
}

static void left(struct load *load, const struct departure *d, cycle_t now)
{
    if (d->head)
        meter_left(&load->meter, birth_of(load, d->payload), now);
}

static void arrived(struct load *load, const struct mesh_arrival *a, cycle_t now)
{
    struct closed_loop *c = load->closed_loop;
    meter_arrived(&load->meter, birth_of(load, a->payload), now, a->corrupt);
    uint32_t slot = a->payload & ~REPLY;
    if (a->payload & REPLY) {
        meter_round_trip(&load->meter, c->request[slot], now);
        free_slot(load, slot, now);
    } else {
        c->due[c->dues++] = (struct due_reply){a->payload, a->node};
    }
}

/* Without an answer the slot is given up at once. */
static void lost(struct load *load, const struct mesh_notice *n, cycle_t now)
{
    uint32_t slot = n->payload & ~REPLY;
    meter_lost(&load->meter, birth_of(load, n->payload));
    free_slot(load, slot, now);
}

static void state(const struct load *load, struct load_state *state)
{
    *state = (struct load_state){.handed = mesh_now(load->mesh)};
}

const struct load_kind load_closed_loop = {2, start, send, left, arrived, lost, state};
