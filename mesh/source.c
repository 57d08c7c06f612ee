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
#include "mesh/mesh_internal.h"

enum { INJECTION_CYCLES = 2, PACKETS_AT_FIRST = 1 << 16 };

void sources_create(struct mesh *m, struct arena *arena)
{
    m->source = arena_alloc(arena, m->nodes, sizeof *m->source);
    m->source_queue = arena_alloc(arena, (size_t)m->nodes * m->vnets, sizeof *m->source_queue);
    m->source_credits = arena_alloc(arena, (size_t)m->nodes * m->vcs, sizeof *m->source_credits);
    m->sending = arena_alloc(arena, m->nodes / 64 + 1, sizeof *m->sending);
    m->arena = arena;
    m->packet_capacity = PACKETS_AT_FIRST;
    m->packet = arena_alloc(arena, m->packet_capacity, sizeof *m->packet);
    m->packet_fresh = 1; /* record 0 is "none" */
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

static void packet_give(struct mesh *m, uint32_t id)
{
    m->packet[id].next = m->packet_free;
    m->packet_free = id;
}

void source_queue_packet(struct mesh *m, tile_id from, tile_id to, unsigned vnet, unsigned flits,
                         uint32_t payload)
{
    struct source_queue *q = &m->source_queue[from * m->vnets + vnet];
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
    bitmap_set(m->sending, from);
}

/* The first packet has left altogether. */
static void queue_advance(struct mesh *m, struct source *s, struct source_queue *q, unsigned vnet)
{
    uint32_t next = m->packet[q->first].next;
    packet_give(m, q->first);
    q->first = next;
    if (next)
        q->left = m->packet[next].flits;
    else
        s->waiting &= (uint8_t) ~(1u << vnet);
}

/* ---- one flit a cycle --------------------------------------------------- */

static flit_t flit_of(const struct mesh *m, const struct packet *p, unsigned left)
{
    unsigned router = p->to / m->concentration;
    return p->payload | (flit_t)(router % m->width) << FLIT_X_SHIFT |
           (flit_t)(router / m->width) << FLIT_Y_SHIFT |
           (flit_t)(p->to % m->concentration) << FLIT_LOCAL_SHIFT |
           (left == p->flits ? FLIT_HEAD : 0) | (left == 1 ? FLIT_TAIL : 0);
}

static void send_flit(struct mesh *m, unsigned node, unsigned vc, flit_t flit)
{
    struct bucket *b = bucket_in(m, INJECTION_CYCLES);
    b->flit[b->flits++] = (struct flit_event){flit, m->source[node].port, (uint8_t)vc};
    if (--m->source_credits[node * m->vcs + vc] == 0)
        m->source[node].credit &= ~(1u << vc);
    m->flits_sent++;
    if (m->departure && (flit & (FLIT_HEAD | FLIT_TAIL)))
        m->departure[m->departures++] = (struct departure){
            (uint32_t)flit, (tile_id)node, (flit & FLIT_HEAD) != 0, (flit & FLIT_TAIL) != 0};
}

/* Sends the next flit of a virtual network, if a VC has room for it. */
static bool queue_send(struct mesh *m, unsigned node, unsigned vnet)
{
    struct source *s = &m->source[node];
    struct source_queue *q = &m->source_queue[node * m->vnets + vnet];
    const struct packet *p = &m->packet[q->first];
    if (q->left == p->flits) {
        uint32_t usable = s->credit & m->vnet_mask[vnet];
        if (!usable)
            return false;
        q->vc = (uint8_t)first_from(usable, q->vc_next);
        q->vc_next = (uint8_t)(q->vc + 1);
    } else if (!(s->credit >> q->vc & 1)) {
        return false;
    }
    send_flit(m, node, q->vc, flit_of(m, p, q->left));
    if (--q->left == 0)
        queue_advance(m, s, q, vnet);
    return true;
}

static void source_step(struct mesh *m, unsigned node)
{
    struct source *s = &m->source[node];
    for (unsigned k = 0, vnet = s->vnet_next; k < m->vnets; k++) {
        unsigned next = vnet + 1 == m->vnets ? 0 : vnet + 1;
        if (s->waiting >> vnet & 1 && queue_send(m, node, vnet)) {
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

void sources_step(struct mesh *m)
{
    unsigned words = (m->nodes + 63) / 64;
    m->departures = 0;
    for (unsigned k = 0; k < words; k++) {
        unsigned w = m->backward ? words - 1 - k : k;
        for (uint64_t word = m->sending[w]; word;)
            source_step(m, w * 64 + next_bit(&word, m->backward));
    }
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
            bitmap_set(m->sending, node);
    }
}
