/*
 * The sources: where packets wait for the injection link of their node.
 *
 *   mesh_send -> [queue of vnet 0] --+
 *                [queue of vnet 1] --+-> one flit a cycle -> buffer, 2 cycles on
 *                      ...         --+
 *
 * A queue has no bound and sends one packet after the other.  The head takes the first VC
 * after the one used last that has a credit, and its packet keeps it.  The
 * virtual networks of a node take turns, flit by flit.  A packet handed over at
 * cycle t can send its head at t.
 *
 * A source that has nothing it could send leaves the bitmap `sending`; a packet
 * or a credit puts it back.
 */
#include "mesh/general.h"
#include "mesh/router_work.h"
#include "sim/base/hash.h"

enum { INJECTION_CYCLES = 2, PACKETS_AT_FIRST = 1024, PACKETS_A_NODE_AT_FIRST = 4 };

void sources_create(struct mesh *m, struct arena *arena)
{
    m->source = arena_alloc(arena, m->nodes, sizeof *m->source);
    m->source_queue = arena_alloc(arena, (size_t)m->nodes * m->queues, sizeof *m->source_queue);
    m->source_credits = arena_alloc(arena, (size_t)m->nodes * m->vcs, sizeof *m->source_credits);
    m->sending = arena_alloc(arena, m->nodes / 64 + 1, sizeof *m->sending);
    m->sending_words = arena_alloc(arena, m->nodes / 4096 + 1, sizeof *m->sending_words);
    m->arena = arena;
    m->packet_capacity = PACKETS_AT_FIRST + PACKETS_A_NODE_AT_FIRST * m->nodes;
    m->packet = arena_alloc(arena, m->packet_capacity, sizeof *m->packet);
    m->packet_fresh = 1; /* record 0 is "none" */
    if (m->general)
        m->travel = arena_alloc(arena, m->packet_capacity, sizeof *m->travel);
    for (unsigned n = 0; n < m->nodes; n++) {
        m->source[n].credit = (uint32_t)(((uint64_t)1 << m->vcs) - 1);
        m->source[n].port =
            n / m->concentration * m->ports + MESH_NEIGHBOURS + n % m->concentration;
    }
    for (size_t v = 0; v < (size_t)m->nodes * m->vcs; v++)
        m->source_credits[v] = (uint8_t)m->buffer_flits;
}

void sources_listen(struct mesh *m, struct arena *arena)
{
    m->departure = arena_alloc(arena, m->nodes, sizeof *m->departure);
}

/* ---- packets ------------------------------------------------------------ */

/* Twice as many records: the old ones move, and links are indices. */
static void packets_grow(struct mesh *m)
{
    struct packet *more = arena_alloc(m->arena, m->packet_capacity, 2 * sizeof *more);
    memcpy(more, m->packet, m->packet_capacity * sizeof *more);
    m->packet = more;
    if (m->general) {
        struct travel *travel = arena_alloc(m->arena, m->packet_capacity, 2 * sizeof *travel);
        memcpy(travel, m->travel, m->packet_capacity * sizeof *travel);
        m->travel = travel;
    }
    m->packet_capacity *= 2;
}

static uint32_t packet_take(struct mesh *m)
{
    uint32_t id = m->packet_free;
    if (id) {
        m->packet_free = m->packet[id].next;
        return id;
    }
    if (m->packet_fresh == m->packet_capacity)
        packets_grow(m);
    return m->packet_fresh++;
}

void packet_give(struct mesh *m, uint32_t id)
{
    m->packet[id].next = m->packet_free;
    m->packet_free = id;
}

/* The class of VCs that a packet is injected into: for o1turn by lot. */
static unsigned class_of(const struct mesh *m, tile_id from)
{
    if (m->general->ways != routing_ways(ROUTING_O1TURN))
        return 0;
    struct source *s = &m->source[from];
    return (unsigned)(hash_u64(hash_u64(HASH_SEED, from), s->packets++) >> 32) & 1;
}

static void begin_travel(struct mesh *m, uint32_t id, tile_id from)
{
    m->travel[id] = (struct travel){.born = m->now, .from = from, .parts = 1};
    m->travel[id].class = (uint8_t)class_of(m, from);
}

uint32_t source_queue_packet(struct mesh *m, tile_id from, tile_id to, unsigned queue,
                             unsigned flits, uint32_t payload)
{
    unsigned vnet = queue;
    struct source_queue *q = &m->source_queue[from * m->queues + queue];
    uint32_t id = packet_take(m);
    m->packet[id] = (struct packet){payload, 0, to, (uint8_t)flits};
    if (m->source[from].waiting >> vnet & 1) {
        m->packet[q->last].next = id;
    } else {
        q->first = id;
        q->left = (uint8_t)flits;
        m->source[from].waiting |= (uint8_t)(1u << vnet);
    }
    q->last = id;
    m->packets_sent++;
    source_wakes(m, from);
    if (m->general)
        begin_travel(m, id, from);
    return id;
}

/* The first packet has left altogether. */
INLINE void queue_advance(struct mesh *m, struct source *s, struct source_queue *q, unsigned vnet,
                          bool general)
{
    uint32_t next = m->packet[q->first].next;
    if (!general) /* there, records live until the packet has arrived */
        packet_give(m, q->first);
    q->first = next;
    if (next)
        q->left = m->packet[next].flits;
    else
        s->waiting &= (uint8_t) ~(1u << vnet);
}

/* ---- one flit a cycle --------------------------------------------------- */

/* What the flits of a general mesh carry besides. */
static flit_t marks_of(const struct mesh *m, uint32_t id)
{
    const struct travel *t = &m->travel[id];
    if (t->multicast == 0 || !m->general->multicast[t->multicast].in_routers)
        return 0;
    return t->acks ? (m->general->ack_entries ? FLIT_ACK : 0) : FLIT_MULTICAST;
}

INLINE flit_t flit_of(const struct mesh *m, uint32_t id, unsigned left, bool general)
{
    const struct packet *p = &m->packet[id];
    unsigned router = p->to / m->concentration;
    flit_t content = general ? id | marks_of(m, id) : p->payload;
    return content | (flit_t)(router % m->width) << FLIT_X_SHIFT |
           (flit_t)(router / m->width) << FLIT_Y_SHIFT |
           (flit_t)(p->to % m->concentration) << FLIT_LOCAL_SHIFT |
           (left == p->flits ? FLIT_HEAD : 0) | (left == 1 ? FLIT_TAIL : 0);
}

INLINE void send_flit(struct mesh *m, unsigned node, unsigned vc, flit_t flit)
{
    struct bucket *b = bucket_in(m, INJECTION_CYCLES);
    b->flit[b->flits++] = (struct flit_event){flit, m->source[node].port, (uint8_t)vc};
    if (--m->source_credits[node * m->vcs + vc] == 0)
        m->source[node].credit &= ~(1u << vc);
    m->flits_sent++;
    if (m->departure && (flit & (FLIT_HEAD | FLIT_TAIL)))
        m->departure[m->departures++] =
            (struct departure){m->general ? m->packet[(uint32_t)flit].payload : (uint32_t)flit,
                               (tile_id)node, (flit & FLIT_HEAD) != 0, (flit & FLIT_TAIL) != 0};
}

/* The VCs that the head of a packet may take in a general mesh.  A multicast
 * wants room for all of it, here as everywhere. */
static uint32_t usable_vcs(const struct mesh *m, unsigned node, unsigned queue, uint32_t id)
{
    const struct general *g = m->general;
    const struct travel *t = &m->travel[id];
    uint32_t mask = queue < m->vnets ? m->vnet_mask[queue] : m->group_mask[g->ack_group];
    bool whole = marks_of(m, id) & FLIT_MULTICAST;
    if (g->pausing)
        return 0;
    if (queue < m->vnets && (whole || g->ways == routing_ways(ROUTING_O1TURN)))
        mask = m->group_mask[queue * m->classes + t->class];
    mask &= m->source[node].credit;
    for (uint32_t left = whole ? mask : 0; left; left &= left - 1) {
        unsigned vc = (unsigned)__builtin_ctz(left);
        if (m->source_credits[node * m->vcs + vc] < m->packet[id].flits)
            mask &= ~(1u << vc);
    }
    return mask;
}

/* Sends the next flit of a virtual network, if a VC has room for it. */
INLINE bool queue_send(struct mesh *m, unsigned node, unsigned vnet, bool general)
{
    struct source *s = &m->source[node];
    struct source_queue *q = &m->source_queue[node * m->queues + vnet];
    uint32_t id = q->first;
    if (q->left == m->packet[id].flits) {
        uint32_t usable = general ? usable_vcs(m, node, vnet, id) : s->credit & m->vnet_mask[vnet];
        if (!usable)
            return false;
        if (general)
            m->general->packets_inside++;
        q->vc = (uint8_t)first_from(usable, q->vc_next);
        q->vc_next = (uint8_t)(q->vc + 1);
    } else if (!(s->credit >> q->vc & 1)) {
        return false;
    }
    send_flit(m, node, q->vc, flit_of(m, id, q->left, general));
    if (--q->left == 0)
        queue_advance(m, s, q, vnet, general);
    return true;
}

/* With priorities: the queues of one level take turns, and a lower level has its turn
 * when no higher one could send. */
static void source_step_by_level(struct mesh *m, struct source *s, unsigned node)
{
    const struct general *g = m->general;
    for (unsigned level = 0; level < g->levels; level++)
        for (unsigned k = 0; k < m->queues; k++) {
            unsigned queue = (s->vnet_next + k) % m->queues;
            if (g->queue_level[queue] != level || !(s->waiting >> queue & 1) ||
                !queue_send(m, node, queue, true))
                continue;
            s->vnet_next = (uint8_t)((queue + 1) % m->queues);
            if (!s->waiting)
                bitmap_clear(m->sending, node);
            return;
        }
    bitmap_clear(m->sending, node);
}

INLINE void source_step(struct mesh *m, unsigned node, bool general)
{
    struct source *s = &m->source[node];
    if (general && m->general->levels > 1) {
        source_step_by_level(m, s, node);
        return;
    }
    for (unsigned k = 0, vnet = s->vnet_next; k < m->queues; k++) {
        unsigned next = vnet + 1 == m->queues ? 0 : vnet + 1;
        if (s->waiting >> vnet & 1 && queue_send(m, node, vnet, general)) {
            s->vnet_next = (uint8_t)next;
            if (!s->waiting)
                bitmap_clear(m->sending, node);
            return;
        }
        vnet = next;
    }
    bitmap_clear(m->sending, node);
}

/* Takes one of the bits of `*word`: the lowest, or the highest. */
static inline unsigned next_bit(uint64_t *word, bool highest)
{
    unsigned bit =
        highest ? 63u - (unsigned)__builtin_clzll(*word) : (unsigned)__builtin_ctzll(*word);
    *word &= ~((uint64_t)1 << bit);
    return bit;
}

INLINE void step_word(struct mesh *m, unsigned word, bool general)
{
    for (uint64_t bits = m->sending[word]; bits;)
        source_step(m, word * 64 + next_bit(&bits, m->backward), general);
    if (!m->sending[word])
        bitmap_clear(m->sending_words, word);
}

INLINE void step_all(struct mesh *m, bool general)
{
    unsigned groups = (m->nodes + 4095) / 4096;
    m->departures = 0;
    for (unsigned k = 0; k < groups; k++) {
        unsigned group = m->backward ? groups - 1 - k : k;
        for (uint64_t words = m->sending_words[group]; words;)
            step_word(m, group * 64 + next_bit(&words, m->backward), general);
    }
}

void sources_step(struct mesh *m)
{
    if (m->general)
        step_all(m, true);
    else
        step_all(m, false);
}

void sources_accept(struct mesh *m, const struct bucket *b)
{
    for (unsigned k = 0; k < b->source_credits; k++) {
        uint32_t node = b->source_credit[k].port;
        unsigned vc = b->source_credit[k].vc;
        struct source *s = &m->source[node];
        m->source_credits[node * m->vcs + vc]++;
        s->credit |= 1u << vc;
        if (s->waiting)
            source_wakes(m, node);
    }
}
