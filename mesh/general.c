/*
 * A general mesh as a whole: whether one is wanted, its state, and the notes
 * that tell senders what became of their packets when it was not an arrival.
 *
 * A note lies in the bucket of the cycle in which the packet would have
 * arrived.  Several of one cycle are handed out in the order of their senders,
 * so that the order in which routers are visited cannot show.
 */
#include "mesh/general.h"

#include <stdlib.h>

#include "mesh/recency.h"
#include "mesh/routing.h"

enum { NOTICES_AT_FIRST = 64 };

bool general_wanted(const struct config *cfg)
{
    return cfg->mesh_routing != ROUTING_XY || cfg->mesh_arbiter != ARBITER_ROUND_ROBIN ||
           cfg->mesh_vnet_priority.count || cfg->mesh_multicast != MULTICAST_COPIES ||
           cfg->mesh_faults[0];
}

/* ---- creation ------------------------------------------------------------- */

/* The priority of a queue of the sources: a virtual network's own; acknowledgements
 * have the highest. */
static unsigned priority_of(const struct mesh *m, const struct config *cfg, unsigned queue)
{
    unsigned best = 0;
    if (queue < m->vnets)
        return queue < cfg->mesh_vnet_priority.count ? cfg->mesh_vnet_priority.item[queue] : 0;
    for (unsigned n = 0; n < m->vnets; n++)
        best = priority_of(m, cfg, n) > best ? priority_of(m, cfg, n) : best;
    return best;
}

static uint32_t queue_mask(const struct mesh *m, unsigned queue)
{
    return queue < m->vnets ? m->vnet_mask[queue] : m->group_mask[m->general->ack_group];
}

/* Priorities without gaps: level 0 is the highest. */
static void create_levels(struct mesh *m, const struct config *cfg)
{
    struct general *g = m->general;
    for (int priority = 7; priority >= 0; priority--) {
        uint32_t mask = 0;
        for (unsigned q = 0; q < m->queues; q++)
            if (priority_of(m, cfg, q) == (unsigned)priority) {
                mask |= queue_mask(m, q);
                g->queue_level[q] = (uint8_t)g->levels;
            }
        if (mask)
            g->level_mask[g->levels++] = mask;
    }
}

static_assert(RECENCY_MEMBERS_MAX == MESH_PORTS_MAX * MESH_VCS_MAX, "all heads at an output");

static void create_arbiters(struct mesh *m, struct arena *arena)
{
    struct general *g = m->general;
    size_t ports = (size_t)m->routers * m->ports;
    if (g->arbiter != ARBITER_MATRIX)
        return;
    g->input_row = arena_alloc(arena, ports, recency_row_bytes(m->ports));
    g->output_row = arena_alloc(arena, ports, recency_row_bytes(m->ports));
    g->vc_row = arena_alloc(arena, ports, recency_row_bytes(m->vcs));
    g->head_row = arena_alloc(arena, ports, recency_row_bytes(m->ports * m->vcs));
}

/* Routers copy along XY, so class 0 of the routing must be XY's, or all of its turns allowed. */
static bool fans_are_possible(const struct config *cfg)
{
    return cfg->mesh_multicast == MULTICAST_ROUTERS &&
           (cfg->mesh_routing == ROUTING_XY || cfg->mesh_routing == ROUTING_O1TURN ||
            cfg->mesh_routing == ROUTING_WEST_FIRST || cfg->mesh_routing == ROUTING_ADAPTIVE);
}

static void create_multicast(struct mesh *m, struct arena *arena, const struct config *cfg)
{
    struct general *g = m->general;
    size_t vcs = (size_t)m->routers * m->ports * m->vcs;
    g->fans = fans_are_possible(cfg);
    g->ack_group = m->vnets * m->classes;
    if (g->fans) {
        g->fan = arena_alloc(arena, vcs, sizeof *g->fan);
        g->copy = arena_alloc(arena, vcs * m->ports, sizeof *g->copy);
        g->kept = arena_alloc(arena, vcs / m->vcs, sizeof *g->kept);
        g->kept_for = arena_alloc(arena, vcs, sizeof *g->kept_for);
    }
    g->ack_entries = g->fans ? cfg->mesh_ack_entries : 0;
    if (g->ack_entries) {
        g->ack = arena_alloc(arena, (size_t)m->routers * g->ack_entries, sizeof *g->ack);
        g->sharing_head = arena_alloc(arena, vcs, sizeof *g->sharing_head);
    }
}

void general_create(struct mesh *m, struct arena *arena, const struct config *cfg)
{
    struct general *g = m->general;
    size_t vcs = (size_t)m->routers * m->ports * m->vcs;
    g->ways = routing_ways((enum mesh_routing)cfg->mesh_routing);
    g->arbiter = (enum mesh_arbiter)cfg->mesh_arbiter;
    g->head = arena_alloc(arena, vcs, sizeof *g->head);
    g->head_spare = arena_alloc(arena, vcs, sizeof *g->head);
    g->marks = arena_alloc(arena, vcs, sizeof *g->marks);
    g->notice_capacity = NOTICES_AT_FIRST;
    g->notice = arena_alloc(arena, g->notice_capacity, sizeof *g->notice);
    create_multicast(m, arena, cfg);
    create_levels(m, cfg);
    create_arbiters(m, arena);
    faults_create(m, arena, cfg);
    if (cfg->mesh_routing == ROUTING_TABLE)
        table_create(m, arena);
}

size_t general_router_bytes(const struct mesh *m)
{
    const struct general *g = m->general;
    size_t vcs = (size_t)m->ports * m->vcs, bytes = 0;
    if (!g)
        return 0;
    bytes += vcs * (2 * sizeof *g->head + sizeof *g->marks);
    bytes += g->fans ? vcs * (sizeof *g->fan + sizeof *g->kept_for) : 0;
    bytes += g->fans ? vcs * m->ports * sizeof *g->copy : 0;
    bytes += g->fans ? m->ports * sizeof *g->kept : 0;
    bytes += g->ack_entries ? vcs * sizeof *g->sharing_head + g->ack_entries * sizeof *g->ack : 0;
    bytes += g->cut ? vcs : 0;
    bytes += g->table ? m->routers + sizeof *g->rank : 0;
    if (g->arbiter == ARBITER_MATRIX)
        bytes += m->ports * (2 * recency_row_bytes(m->ports) + recency_row_bytes(m->vcs) +
                             recency_row_bytes(m->ports * m->vcs));
    return bytes;
}

/* ---- packets that leave ---------------------------------------------------- */

static void notes_grow(struct mesh *m, struct bucket *b)
{
    uint32_t capacity = b->note_capacity ? 2 * b->note_capacity : NOTICES_AT_FIRST;
    struct note *more = arena_alloc(m->arena, capacity, sizeof *more);
    if (b->notes)
        memcpy(more, b->note, b->notes * sizeof *more);
    b->note = more;
    b->note_capacity = capacity;
}

static void leave_note(struct mesh *m, const struct note *note, unsigned delay)
{
    struct bucket *b = bucket_in(m, delay);
    if (b->notes == b->note_capacity)
        notes_grow(m, b);
    b->note[b->notes++] = *note;
    m->general->notes_inside++;
}

static struct note note_about(const struct mesh *m, uint32_t packet)
{
    const struct travel *t = &m->travel[packet];
    return (struct note){.notice = {MESH_LOST, t->from, m->packet[packet].payload, t->value},
                         .multicast = t->multicast,
                         .acks = t->acks};
}

/* Copies of one multicast share a record, and each is told about for itself. */
static bool is_shared(const struct mesh *m, uint32_t packet)
{
    uint32_t multicast = m->travel[packet].multicast;
    return multicast && !m->travel[packet].acks && m->general->multicast[multicast].in_routers;
}

void general_part_done(struct mesh *m, uint32_t packet, bool lost, unsigned delay)
{
    struct travel *t = &m->travel[packet];
    bool shared = is_shared(m, packet);
    t->lost = shared ? lost : t->lost || lost;
    t->parts--;
    if (lost)
        t->value = 0; /* of an acknowledgement */
    if ((t->parts == 0 || shared) && (t->lost || t->multicast)) {
        struct note note = note_about(m, packet);
        note.delivered = !t->lost;
        leave_note(m, &note, delay);
    }
    if (t->parts == 0) {
        m->general->packets_inside--;
        packet_give(m, packet);
    }
}

void general_ack_arrived(struct mesh *m, uint32_t packet, bool lost, unsigned delay)
{
    struct note note = note_about(m, packet);
    note.notice.value = lost ? 0 : note.notice.value;
    leave_note(m, &note, delay);
    m->general->packets_inside--;
    packet_give(m, packet);
}

/* ---- notices ------------------------------------------------------------------ */

static void notices_grow(struct mesh *m)
{
    struct general *g = m->general;
    struct mesh_notice *more = arena_alloc(m->arena, g->notice_capacity, 2 * sizeof *more);
    memcpy(more, g->notice, g->notices * sizeof *more);
    g->notice = more;
    g->notice_capacity *= 2;
}

void general_notify(struct mesh *m, const struct mesh_notice *notice)
{
    struct general *g = m->general;
    if (g->notices == g->notice_capacity)
        notices_grow(m);
    g->notice[g->notices++] = *notice;
}

static void take_note(struct mesh *m, const struct note *note)
{
    if (note->acks) {
        m->packets_delivered++;
        multicast_acked(m, note->multicast, note->acks, note->notice.value);
        return;
    }
    if (!note->delivered) {
        m->packets_lost++;
        general_notify(m, &note->notice);
    }
    if (note->multicast)
        multicast_copy_done(m, note->multicast, !note->delivered);
}

static int by_sender(const void *a, const void *b)
{
    const struct mesh_notice *x = a, *y = b;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->payload > y->payload) - (x->payload < y->payload);
}

void general_begin(struct mesh *m)
{
    m->general->notices = 0;
    faults_begin(m);
}

void general_take_notes(struct mesh *m, struct bucket *b)
{
    struct general *g = m->general;
    for (unsigned k = 0; k < b->notes; k++)
        take_note(m, &b->note[k]);
    g->notes_inside -= b->notes;
    b->notes = 0;
    if (g->notices > 1)
        qsort(g->notice, g->notices, sizeof *g->notice, by_sender);
}

unsigned mesh_notices(const struct mesh *mesh, const struct mesh_notice **notices)
{
    if (!mesh->general)
        return 0;
    *notices = mesh->general->notice;
    return mesh->general->notices;
}
