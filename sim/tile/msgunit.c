/*
 * The message unit.
 *
 *   endpoint e                      queue q
 *   [dest|label|limit|out] --mesh-->  head -> slot -> slot -> tail
 *        ^                                |
 *        +------- credit, on mu_ack ------+
 *
 * An endpoint has as many credits as the CPU driver gives it (`limit`) and spends
 * one a message (`out`); the receiver's mu_ack returns it.  Giving it another
 * number changes what it may have out, not what is out.  A new destination is
 * another queue, with nothing of ours in it: the endpoint enters a new
 * generation, and credits of an older one come back to nobody.  A CPU driver that gives out
 * no more credits than the queue is deep can never overrun it.  One that does
 * is told: the message is refused, its credit returns, and the next launch
 * through its endpoint reports MU_REFUSED instead.
 *
 * Messages of one tile reach this one in the order of their launches: the
 * network interface (sim/engine/message_order.h) has seen to it.
 *
 * Messages lie in slots shared by the tile's queues; a queue reserves its depth
 * when it is configured, so a message that finds its queue below its depth
 * always finds a slot.
 */
#include "sim/tile/msgunit.h"

#include <assert.h>
#include <string.h>

#include "sim/core/port.h"
#include "sim/tile/tile.h"
#include "traces/traces.h"

enum { NO_SLOT = UINT32_MAX };

struct endpoint {
    uint64_t label;
    uint64_t dest;       /* tile | queue << MU_DEST_QUEUE_SHIFT, all bits as written */
    uint32_t limit, out; /* messages that may be, and that are, in flight or unread */
    uint32_t generation; /* of the destination */
    uint16_t refused;    /* messages whose refusal no launch has reported */
    uint8_t conf;        /* MU_EP_* */
};

struct queue {
    uint32_t head, tail; /* slots */
    uint32_t count, depth;
    uint8_t conf;     /* MU_RQ_* */
    uint8_t next_pop; /* word of the head message that mu_pop reads next */
};

struct slot {
    struct message message;
    tile_id from;
    uint32_t next;
};

/* What one level of privilege is at: a trap handler has a desk of its own. */
struct desk {
    uint64_t building[MU_MESSAGE_WORDS];
    unsigned building_words; /* may exceed MU_MESSAGE_WORDS: then the launch is refused */
    unsigned launched_words; /* of the last launch, for the trace */
    uint64_t status;
    uint64_t queue; /* that mu_* show */
};

struct msgunit {
    struct endpoint *endpoint;
    struct queue *queue;
    struct slot *slot;
    unsigned endpoints, queues, slots;
    uint32_t free_slot, reserved_slots;
    uint64_t ready;                             /* queues that hold a message */
    uint64_t user;                              /* queues that user code may see */
    uint64_t ie;                                /* queues that raise the interrupt */
    uint64_t selected_endpoint, selected_queue; /* supervisor's configuration */
    struct desk desk[2];                        /* of user code; of S- and M-mode */
    uint64_t refused_here;
    struct msgunit_counters counters;
};

struct msgunit *msgunit_create(struct arena *arena, const struct config *cfg)
{
    struct msgunit *mu = arena_alloc(arena, 1, sizeof *mu);
    mu->endpoints = cfg->message_endpoints;
    mu->queues = cfg->message_queues;
    mu->slots = cfg->message_slots;
    mu->endpoint = arena_alloc(arena, mu->endpoints, sizeof *mu->endpoint);
    mu->queue = arena_alloc(arena, mu->queues, sizeof *mu->queue);
    mu->slot = arena_alloc(arena, mu->slots, sizeof *mu->slot);
    for (unsigned i = 0; i < mu->slots; i++)
        mu->slot[i].next = i + 1 < mu->slots ? i + 1 : NO_SLOT;
    return mu;
}

struct msgunit_counters msgunit_counters(const struct msgunit *mu)
{
    return mu->counters;
}

uint64_t msgunit_ready(const struct msgunit *mu, enum privilege priv)
{
    return priv == PRIV_U ? mu->ready & mu->user : mu->ready;
}

static struct desk *desk_of(const struct tile *t)
{
    return &t->mu->desk[t->hart->priv != PRIV_U];
}

/* The interrupt line follows the queues. */
static void update_interrupt(struct tile *t, cycle_t now)
{
    uint64_t bit = UINT64_C(1) << IRQ_MESSAGE;
    t->hart->mip &= ~bit;
    if (t->mu->ready & t->mu->ie)
        tile_raise(t, bit, now);
}

/* ---- receiving ------------------------------------------------------------ */

bool msgunit_deliver(struct tile *t, tile_id from, const struct message *message, cycle_t now)
{
    struct msgunit *mu = t->mu;
    struct queue *q = message->queue < mu->queues ? &mu->queue[message->queue] : NULL;
    if (!q || !(q->conf & MU_RQ_VALID) || q->count == q->depth) {
        mu->refused_here++;
        return false;
    }
    uint32_t s = mu->free_slot;
    mu->free_slot = mu->slot[s].next;
    mu->slot[s] = (struct slot){.message = *message, .from = from, .next = NO_SLOT};
    if (q->count++ == 0)
        q->head = s;
    else
        mu->slot[q->tail].next = s;
    q->tail = s;
    mu->ready |= UINT64_C(1) << message->queue;
    mu->counters.received++;
    trace_message(t->hart->trace, t->id, now, message->queue, from, message->words, message->label);
    update_interrupt(t, now);
    struct hart *h = t->hart;
    if (h->wait == WAIT_MESSAGE && (msgunit_ready(mu, (enum privilege)h->priv) & h->wait_mask)) {
        hart_wake(h, now);
        network_woken(t->engine, t->id);
    }
    return true;
}

static void drop_head(struct tile *t, unsigned number)
{
    struct msgunit *mu = t->mu;
    struct queue *q = &mu->queue[number];
    uint32_t s = q->head;
    q->head = mu->slot[s].next;
    q->next_pop = 0;
    if (--q->count == 0)
        mu->ready &= ~(UINT64_C(1) << number);
    mu->slot[s].next = mu->free_slot;
    mu->free_slot = s;
}

/* mu_ack: the head message is done with, its credit goes home. */
static void acknowledge(struct tile *t, unsigned number)
{
    struct msgunit *mu = t->mu;
    struct slot *head = &mu->slot[mu->queue[number].head];
    struct packet *p = network_packet(t->engine);
    p->kind = PACKET_CREDIT;
    p->vnet = VNET_RESPONSE;
    p->flits = 1;
    p->to_half = HALF_HART;
    p->from = t->id;
    p->to = head->from;
    p->message.endpoint = head->message.endpoint;
    p->message.generation = head->message.generation;
    drop_head(t, number);
    network_post(t->engine, p, HALF_HART, t->hart->cycle + t->cfg->message_send_cycles);
    update_interrupt(t, t->hart->cycle);
}

/* ---- sending --------------------------------------------------------------- */

static uint32_t credits_left(const struct endpoint *ep)
{
    return ep->out < ep->limit ? ep->limit - ep->out : 0;
}

/* A message is no longer out; false when it was one of an older generation. */
static bool has_returned(struct msgunit *mu, const struct message *message)
{
    struct endpoint *ep = &mu->endpoint[message->endpoint];
    bool ours = message->generation == ep->generation;
    assert(!ours || ep->out);
    ep->out -= ours;
    return ours;
}

void msgunit_credit(struct msgunit *mu, const struct message *message)
{
    has_returned(mu, message);
}

void msgunit_refused(struct msgunit *mu, const struct message *message)
{
    struct endpoint *ep = &mu->endpoint[message->endpoint];
    mu->counters.refused++;
    if (has_returned(mu, message) && ep->refused < UINT16_MAX)
        ep->refused++;
}

static struct endpoint *usable_endpoint(struct tile *t, uint64_t number)
{
    struct msgunit *mu = t->mu;
    if (number >= mu->endpoints)
        return NULL;
    struct endpoint *ep = &mu->endpoint[number];
    uint8_t needed = t->hart->priv == PRIV_U ? MU_EP_VALID | MU_EP_USER : MU_EP_VALID;
    return (ep->conf & needed) == needed ? ep : NULL;
}

/* Flits of a message: a header flit, then label and words. */
static unsigned message_flits(const struct config *cfg, unsigned words)
{
    return 1 + (64 * (words + 1) + cfg->mesh_flit_bits - 1) / cfg->mesh_flit_bits;
}

static void post_message(struct tile *t, const struct endpoint *ep, uint32_t number)
{
    const struct desk *desk = desk_of(t);
    struct packet *p = network_packet(t->engine);
    p->kind = PACKET_MESSAGE;
    p->vnet = VNET_MESSAGE;
    p->flits = (uint8_t)message_flits(t->cfg, desk->building_words);
    p->to_half = HALF_HART;
    p->from = t->id;
    p->to = (tile_id)ep->dest;
    p->message.label = ep->label;
    p->message.endpoint = number;
    p->message.generation = ep->generation;
    p->message.queue = (uint8_t)(ep->dest >> MU_DEST_QUEUE_SHIFT);
    p->message.words = (uint8_t)desk->building_words;
    memcpy(p->message.word, desk->building, sizeof desk->building);
    network_post(t->engine, p, HALF_HART, t->hart->cycle + t->cfg->message_send_cycles);
}

static uint64_t launch(struct tile *t, uint64_t number)
{
    struct msgunit *mu = t->mu;
    struct desk *desk = desk_of(t);
    desk->launched_words = desk->building_words;
    if (number == (uint64_t)MU_DISCARD) {
        desk->building_words = 0;
        return MU_OK;
    }
    struct endpoint *ep = usable_endpoint(t, number);
    if (!ep)
        return MU_BAD_ENDPOINT;
    if (ep->refused) {
        ep->refused--;
        return MU_REFUSED;
    }
    if (desk->building_words == 0 || desk->building_words > MU_MESSAGE_WORDS)
        return MU_BAD_LENGTH;
    if (!credits_left(ep)) {
        mu->counters.no_credits++;
        return MU_NO_CREDITS;
    }
    ep->out++;
    mu->counters.sent++;
    post_message(t, ep, (uint32_t)number);
    desk->building_words = 0;
    return MU_OK;
}

static void trace_launch(struct tile *t, uint64_t number)
{
    const struct msgunit *mu = t->mu;
    const struct desk *desk = desk_of(t);
    const struct endpoint *ep = number < mu->endpoints ? &mu->endpoint[number] : NULL;
    trace_send(t->hart->trace, t->id, t->hart->cycle, (unsigned)desk->status,
               (unsigned)number & 0xffff, ep ? (tile_id)ep->dest : 0, desk->launched_words,
               ep ? ep->label : 0);
}

/* ---- configuration ---------------------------------------------------------- */

/* A destination that does not exist makes the endpoint invalid and keeps it so. */
static void check_destination(const struct tile *t, struct endpoint *ep)
{
    uint64_t tiles = config_tiles(t->cfg);
    if ((ep->dest & 0xffff) >= tiles || ep->dest >> MU_DEST_QUEUE_SHIFT >= t->mu->queues)
        ep->conf = 0;
}

static void set_destination(const struct tile *t, struct endpoint *ep, uint64_t value)
{
    if (value != ep->dest) {
        ep->generation++;
        ep->out = 0;
        ep->refused = 0;
    }
    ep->dest = value;
    check_destination(t, ep);
}

static void configure_endpoint(const struct tile *t, struct endpoint *ep, uint64_t value)
{
    ep->conf = (uint8_t)(value & (MU_EP_VALID | MU_EP_USER));
    check_destination(t, ep);
}

/* An empty queue takes a new depth if the slots reach for it; otherwise it
 * reads back as invalid. */
static void configure_queue(struct msgunit *mu, unsigned number, uint64_t value)
{
    struct queue *q = &mu->queue[number];
    uint64_t bit = UINT64_C(1) << number, depth = value >> MU_RQ_DEPTH_SHIFT;
    if (q->count)
        depth = q->depth;
    mu->reserved_slots -= q->depth;
    bool fits = depth <= mu->slots - mu->reserved_slots;
    q->depth = fits ? (uint32_t)depth : 0;
    q->conf = fits ? (uint8_t)(value & (MU_RQ_VALID | MU_RQ_USER)) : 0;
    mu->reserved_slots += q->depth;
    mu->user = q->conf & MU_RQ_USER ? mu->user | bit : mu->user & ~bit;
}

/* ---- the registers ----------------------------------------------------------- */

/* The selected queue as the present privilege may see it, or NULL. */
static struct queue *visible_queue(struct tile *t)
{
    struct msgunit *mu = t->mu;
    uint64_t number = desk_of(t)->queue;
    if (number >= mu->queues)
        return NULL;
    bool hidden = t->hart->priv == PRIV_U && !(mu->user >> number & 1);
    return hidden ? NULL : &mu->queue[number];
}

static uint64_t pop_word(struct msgunit *mu, struct queue *q)
{
    const struct message *m = &mu->slot[q->head].message;
    return q->next_pop < m->words ? m->word[q->next_pop++] : 0;
}

static uint64_t read_queue_register(struct tile *t, unsigned number)
{
    struct msgunit *mu = t->mu;
    struct queue *q = visible_queue(t);
    if (!q || q->count == 0)
        return 0;
    const struct slot *head = &mu->slot[q->head];
    switch (number) {
    case CSR_MU_COUNT:
        return q->count;
    case CSR_MU_HEADER:
        return head->from | (uint64_t)head->message.words << MU_HEADER_WORDS_SHIFT;
    case CSR_MU_LABEL:
        return head->message.label;
    default:
        return pop_word(mu, q);
    }
}

enum csr_result port_message_read(struct hart *h, unsigned number, uint64_t *value)
{
    struct tile *t = h->tile;
    struct msgunit *mu = t->mu;
    const struct endpoint *ep = &mu->endpoint[mu->selected_endpoint];
    const struct queue *q = &mu->queue[mu->selected_queue];
    switch (number) {
    case CSR_MU_SEND:
        *value = desk_of(t)->status;
        break;
    case CSR_MU_QUEUE:
        *value = desk_of(t)->queue;
        break;
    case CSR_MU_READY:
        *value = msgunit_ready(mu, (enum privilege)h->priv);
        break;
    case CSR_MU_COUNT:
    case CSR_MU_HEADER:
    case CSR_MU_LABEL:
    case CSR_MU_POP:
        *value = read_queue_register(t, number);
        break;
    case CSR_SMU_EP:
        *value = mu->selected_endpoint;
        break;
    case CSR_SMU_EP_DEST:
        *value = ep->dest;
        break;
    case CSR_SMU_EP_LABEL:
        *value = ep->label;
        break;
    case CSR_SMU_EP_CREDITS:
        *value = credits_left(ep);
        break;
    case CSR_SMU_EP_CONF:
        *value = ep->conf;
        break;
    case CSR_SMU_EP_REFUSED:
        *value = ep->refused;
        break;
    case CSR_SMU_RQ:
        *value = mu->selected_queue;
        break;
    case CSR_SMU_RQ_CONF:
        *value = q->conf | (uint64_t)q->depth << MU_RQ_DEPTH_SHIFT;
        break;
    case CSR_SMU_IE:
        *value = mu->ie;
        break;
    case CSR_SMU_REFUSED:
        *value = mu->refused_here;
        break;
    default: /* mu_push, mu_ack, mu_wait hold nothing to read */
        *value = 0;
    }
    return CSR_DONE;
}

static enum csr_result wait_for(struct hart *h, uint64_t mask)
{
    if ((msgunit_ready(h->tile->mu, (enum privilege)h->priv) & mask) || hart_interrupt_pending(h))
        return CSR_EXIT;
    h->wait_mask = mask;
    hart_sleep(h, WAIT_MESSAGE);
    return CSR_WAIT;
}

static void push_word(struct desk *desk, uint64_t value)
{
    if (desk->building_words < MU_MESSAGE_WORDS)
        desk->building[desk->building_words] = value;
    desk->building_words += desk->building_words <= MU_MESSAGE_WORDS;
}

static void acknowledge_selected(struct tile *t)
{
    const struct queue *q = visible_queue(t);
    if (q && q->count)
        acknowledge(t, (unsigned)desk_of(t)->queue);
}

enum csr_result port_message_write(struct hart *h, unsigned number, uint64_t value)
{
    struct tile *t = h->tile;
    struct msgunit *mu = t->mu;
    struct endpoint *ep = &mu->endpoint[mu->selected_endpoint];
    switch (number) {
    case CSR_MU_PUSH:
        push_word(desk_of(t), value);
        break;
    case CSR_MU_SEND:
        desk_of(t)->status = launch(t, value);
        trace_launch(t, value);
        break;
    case CSR_MU_QUEUE:
        desk_of(t)->queue = value;
        break;
    case CSR_MU_ACK:
        acknowledge_selected(t);
        break;
    case CSR_MU_WAIT:
        return wait_for(h, value);
    case CSR_SMU_EP:
        mu->selected_endpoint = value < mu->endpoints ? value : mu->selected_endpoint;
        break;
    case CSR_SMU_EP_DEST:
        set_destination(t, ep, value);
        break;
    case CSR_SMU_EP_LABEL:
        ep->label = value;
        break;
    case CSR_SMU_EP_CREDITS:
        ep->limit = value < mu->slots ? (uint32_t)value : mu->slots;
        break;
    case CSR_SMU_EP_CONF:
        configure_endpoint(t, ep, value);
        break;
    case CSR_SMU_EP_REFUSED:
        ep->refused = value < UINT16_MAX ? (uint16_t)value : UINT16_MAX;
        break;
    case CSR_SMU_RQ:
        mu->selected_queue = value < mu->queues ? value : mu->selected_queue;
        break;
    case CSR_SMU_RQ_CONF:
        configure_queue(mu, (unsigned)mu->selected_queue, value);
        break;
    case CSR_SMU_IE:
        mu->ie = value;
        update_interrupt(t, h->cycle);
        break;
    default:
        break;
    }
    return CSR_EXIT;
}
