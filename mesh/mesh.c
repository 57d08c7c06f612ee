/*
 * The mesh as a whole: its shape, its clock and what crosses its border.
 *
 * A cycle, in the order of the reference (BookSim 2): what arrives now enters
 * the buffers and counts as credit, the sources send, the routers decide and
 * move.  What they send lands in the bucket of the cycle of its arrival: a ring
 * of buckets, long enough for the longest link.
 *
 * From a switch win to the buffer at the other end take two cycles when
 * router_cycles is 1 and three otherwise, plus what the link has more than one;
 * the credit is usable upstream two cycles after the win, plus the same.
 */
#include "mesh/mesh.h"

#include <string.h>

#include "mesh/general.h"
#include "mesh/series.h"

enum { CREDIT_CYCLES = 2 };

/* ---- creation ----------------------------------------------------------- */

/* The class of the k-th VC of a virtual network: class 0 is the larger half for o1turn, and one
 * VC, the escape, for adaptive routing. */
static unsigned class_of_vc(const struct mesh *m, const struct config *cfg, unsigned k)
{
    if (m->classes == 1)
        return 0;
    return k >= (cfg->mesh_routing == ROUTING_O1TURN ? (m->vcs_per_vnet + 1) / 2 : 1);
}

/* A VC behind those of the virtual networks is for combined acknowledgements, a group of its own.
 */
static void group_vcs(struct mesh *m, const struct config *cfg)
{
    m->classes = routing_classes((enum mesh_routing)cfg->mesh_routing);
    for (unsigned v = 0; v < m->vcs; v++) {
        unsigned vnet = v / m->vcs_per_vnet;
        unsigned class = vnet < m->vnets ? class_of_vc(m, cfg, v % m->vcs_per_vnet) : 0;
        m->vc_vnet[v] = (uint8_t)vnet;
        m->vc_group[v] = (uint8_t)(vnet * m->classes + class);
        m->group_mask[m->vc_group[v]] |= 1u << v;
        if (vnet < m->vnets)
            m->vnet_mask[vnet] |= 1u << v;
    }
}

static void shape(struct mesh *m, const struct config *cfg, unsigned vnets)
{
    m->width = cfg->mesh_width;
    m->height = cfg->mesh_height;
    m->concentration = cfg->mesh_concentration;
    m->routers = m->width * m->height;
    m->nodes = m->routers * m->concentration;
    m->ports = MESH_NEIGHBOURS + m->concentration;
    m->vnets = vnets;
    m->vcs_per_vnet = cfg->mesh_vcs;
    m->vcs = vnets * cfg->mesh_vcs + (cfg->mesh_ack_entries > 0);
    m->queues = vnets + (cfg->mesh_ack_entries > 0);
    m->buffer_flits = cfg->mesh_buffer_flits;
    m->queue_flits = m->buffer_flits - 1;
    group_vcs(m, cfg);
    assert(vnets >= 1 && vnets <= MESH_VNETS_MAX && m->vcs <= MESH_VCS_MAX);
    assert(m->width <= 128 && m->height <= 128 && m->ports <= MESH_PORTS_MAX);
    assert(m->nodes <= TILES_MAX && m->buffer_flits >= 1 && m->buffer_flits <= 255);
}

static void timing(struct mesh *m, const struct config *cfg)
{
    unsigned flight = cfg->mesh_router_cycles == 1 ? 2 : 3;
    m->hop_cycles = cfg->mesh_router_cycles + 1;
    m->speculative = cfg->mesh_router_cycles <= 2;
    m->route_stage = cfg->mesh_router_cycles == 4;
    m->link_cycles_x = cfg->mesh_link_cycles_x;
    m->link_cycles_y = cfg->mesh_link_cycles_y;
    for (unsigned p = 0; p < m->ports; p++) {
        unsigned extra =
            p >= MESH_NEIGHBOURS ? 0 : (p < 2 ? m->link_cycles_x : m->link_cycles_y) - 1;
        m->flit_delay[p] = (uint16_t)(flight + extra);
        m->credit_delay[p] = (uint16_t)(CREDIT_CYCLES + extra);
    }
    m->sink_credit_delay = (uint16_t)(flight + CREDIT_CYCLES);
    m->sink_credits = m->buffer_flits < m->sink_credit_delay;
    int row = (int)(m->width * m->ports);
    m->across[0] = (int)m->ports + 1;
    m->across[1] = -(int)m->ports - 1;
    m->across[2] = row + 1;
    m->across[3] = -row - 1;
}

static void buckets_create(struct mesh *m, struct arena *arena, const struct config *cfg)
{
    unsigned longest = m->sink_credits ? m->sink_credit_delay : 0, ports = m->routers * m->ports;
    for (unsigned p = 0; p < m->ports; p++)
        if (m->flit_delay[p] > longest)
            longest = m->flit_delay[p];
    unsigned buckets = 2;
    while (buckets <= longest)
        buckets *= 2;
    m->bucket_mask = buckets - 1;
    m->bucket = arena_alloc(arena, buckets, sizeof *m->bucket);
    for (unsigned k = 0; k < buckets; k++) {
        struct bucket *b = &m->bucket[k];
        /* a combined acknowledgement gives back a credit besides the winner's */
        size_t credits = cfg->mesh_ack_entries ? 2 * (size_t)ports : ports;
        b->flit = arena_alloc(arena, ports + PREFETCH_AHEAD, sizeof *b->flit);
        b->credit = arena_alloc(arena, credits + PREFETCH_AHEAD, sizeof *b->credit);
        b->source_credit = arena_alloc(arena, credits / ports * m->nodes, sizeof *b->source_credit);
        b->head = m->route_stage ? arena_alloc(arena, 3 * (size_t)ports, sizeof *b->head) : NULL;
        b->arrival = arena_alloc(arena, m->nodes, sizeof *b->arrival);
    }
}

static void counters_create(struct mesh *m, struct arena *arena)
{
    size_t ports = (size_t)m->routers * m->ports, vcs = ports * m->vcs;
    m->counters = arena_alloc(arena, 1, sizeof *m->counters);
    m->counters->vc = arena_alloc(arena, vcs, sizeof *m->counters->vc);
    m->counters->port = arena_alloc(arena, ports, sizeof *m->counters->port);
    m->counters->busy = arena_alloc(arena, vcs, sizeof *m->counters->busy);
    m->counters->listed = arena_alloc(arena, vcs / 64 + 1, sizeof *m->counters->listed);
}

struct mesh *mesh_create(struct arena *arena, const struct config *cfg, unsigned vnets)
{
    struct mesh *m = arena_alloc(arena, 1, sizeof *m);
    shape(m, cfg, vnets);
    timing(m, cfg);
    m->general = general_wanted(cfg) ? arena_alloc(arena, 1, sizeof *m->general) : NULL;
    if (cfg->mesh_counters)
        counters_create(m, arena);
    buckets_create(m, arena, cfg);
    routers_create(m, arena);
    sources_create(m, arena);
    series_create(m, arena, cfg);
    if (m->general)
        general_create(m, arena, cfg);
    m->search_cycles = cfg->mesh_deadlock_cycles;
    m->search_at = m->search_cycles ? m->search_cycles : CYCLE_NEVER;
    return m;
}

/* ---- the test knob ------------------------------------------------------ */

void mesh_visit_backward(struct mesh *m, bool backward)
{
    m->backward = backward;
}

void mesh_count_plainly(struct mesh *m)
{
    m->counters->plainly = true;
}

static void reverse(void *array, unsigned count, size_t bytes)
{
    char spare[64], *a = array, *b = a + count * bytes;
    assert(bytes <= sizeof spare);
    for (; count >= 2; count -= 2, a += bytes) {
        b -= bytes;
        memcpy(spare, a, bytes);
        memcpy(a, b, bytes);
        memcpy(b, spare, bytes);
    }
}

static void turn_around(struct mesh *m, struct bucket *b)
{
    reverse(b->flit, b->flits, sizeof *b->flit);
    reverse(b->credit, b->credits, sizeof *b->credit);
    reverse(b->source_credit, b->source_credits, sizeof *b->source_credit);
    reverse(b->head, b->heads, sizeof *b->head);
    reverse(b->note, b->notes, sizeof *b->note);
    if (m->general)
        reverse(m->general->head, m->general->heads, sizeof *m->general->head);
    reverse(m->sa_list.item, m->sa_list.count, sizeof *m->sa_list.item);
    reverse(m->va_list.item, m->va_list.count, sizeof *m->va_list.item);
}

/* ---- the clock ---------------------------------------------------------- */

cycle_t mesh_now(const struct mesh *mesh)
{
    return mesh->now;
}

static void search_deadlock(struct mesh *m)
{
    m->deadlocked = m->deadlocked || mesh_find_deadlock(m, NULL);
    /* at multiples, whichever cycles in between were skipped */
    m->search_at = (m->now / m->search_cycles + 1) * m->search_cycles;
}

unsigned mesh_step(struct mesh *mesh, const struct mesh_arrival **arrivals)
{
    struct bucket *b = bucket_in(mesh, 0);
    unsigned arrived = b->arrivals;
    if (mesh->general)
        general_begin(mesh);
    if (mesh->backward)
        turn_around(mesh, b);
    routers_accept(mesh, b);
    sources_accept(mesh, b);
    mesh->credits_inside -= b->credits + b->source_credits;
    mesh->packets_delivered += arrived;
    b->flits = b->credits = b->source_credits = b->heads = b->arrivals = 0;
    sources_step(mesh);
    routers_step(mesh);
    if (mesh->general)
        general_take_notes(mesh, b);
    mesh->now++;
    if (mesh->now >= mesh->search_at)
        search_deadlock(mesh);
    if (mesh->now >= mesh->sample_at)
        series_take(mesh);
    *arrivals = b->arrival;
    return arrived;
}

bool mesh_is_idle(const struct mesh *mesh)
{
    return mesh->packets_sent == mesh->packets_delivered + mesh->packets_lost &&
           mesh->credits_inside == 0 && !(mesh->general && mesh->general->notes_inside);
}

void mesh_skip_to(struct mesh *mesh, cycle_t now)
{
    assert(mesh_is_idle(mesh) && now >= mesh->now);
    mesh->now = now;
    if (mesh->now >= mesh->sample_at)
        series_take(mesh);
}

/* ---- packets ------------------------------------------------------------ */

void mesh_send(struct mesh *mesh, tile_id from, tile_id to, unsigned vnet, unsigned flits,
               uint32_t payload)
{
    assert(from < mesh->nodes && to < mesh->nodes && vnet < mesh->vnets);
    assert(flits >= 1 && flits <= MESH_PACKET_FLITS_MAX);
    source_queue_packet(mesh, from, to, vnet, flits, payload);
}

static unsigned distance(unsigned a, unsigned b)
{
    return a > b ? a - b : b - a;
}

unsigned mesh_latency_min(const struct mesh *mesh, tile_id from, tile_id to, unsigned flits)
{
    const struct general *g = mesh->general;
    unsigned routers = 0;
    if (g && g->table && !g->broken_later)
        routers = table_cycles(mesh, from / mesh->concentration, to / mesh->concentration);
    return routers ? 2 + routers + flits - 1 : mesh_latency_bound(mesh, from, to, flits);
}

unsigned mesh_latency_bound(const struct mesh *mesh, tile_id from, tile_id to, unsigned flits)
{
    unsigned a = from / mesh->concentration, b = to / mesh->concentration;
    unsigned dx = distance(a % mesh->width, b % mesh->width);
    unsigned dy = distance(a / mesh->width, b / mesh->width);
    return 2 + mesh->hop_cycles * (dx + dy + 1) + (mesh->link_cycles_x - 1) * dx +
           (mesh->link_cycles_y - 1) * dy + flits - 1;
}

/* ---- statistics --------------------------------------------------------- */

uint64_t mesh_link_flits(const struct mesh *mesh, unsigned router, unsigned port)
{
    return mesh->port[router * mesh->ports + port].flits;
}

struct mesh_counts mesh_vc_counts(const struct mesh *mesh, unsigned router, unsigned port,
                                  unsigned vc)
{
    size_t at = ((size_t)router * mesh->ports + port) * mesh->vcs + vc;
    if (!mesh->counters)
        return (struct mesh_counts){0};
    struct mesh_counts counts = mesh->counters->vc[at];
    if (!mesh->counters->plainly) /* what is there now has been counted up to now */
        counts.occupancy_cycles += mesh->in[at].flits * mesh->now;
    return counts;
}

struct mesh_counts mesh_port_counts(const struct mesh *mesh, unsigned router, unsigned port)
{
    size_t p = (size_t)router * mesh->ports + port;
    struct mesh_counts counts = {0};
    if (mesh->counters)
        counts = mesh->counters->port[p];
    for (unsigned v = 0; mesh->counters && v < mesh->vcs; v++)
        counts.occupancy_cycles += mesh_vc_counts(mesh, router, port, v).occupancy_cycles;
    counts.flits = mesh->port[p].flits;
    return counts;
}

unsigned mesh_vc_flits(const struct mesh *mesh, unsigned router, unsigned port, unsigned vc)
{
    return mesh->in[((size_t)router * mesh->ports + port) * mesh->vcs + vc].flits;
}

unsigned mesh_vcs(const struct mesh *mesh)
{
    return mesh->vcs;
}

unsigned mesh_ports(const struct mesh *mesh)
{
    return mesh->ports;
}

static void stats_general(const struct mesh *mesh, struct stats *stats)
{
    const struct general *g = mesh->general;
    stats_put(stats, "mesh.packets_lost", mesh->packets_lost, "packets",
              "dropped, cut by a fault or without a way (mesh.faults)");
    stats_put(stats, "mesh.copies", g->copies_sent, "packets", "that routers made of multicasts");
    stats_put(stats, "mesh.vcs_kept", g->vcs_kept, "times",
              "an output VC was kept for a multicast that had waited long for one");
    stats_put(stats, "mesh.acks_combined", g->acks_combined, "packets",
              "acknowledgements that ended in a router, combined with others");
    stats_put(stats, "mesh.acks_refused", g->acks_refused, "times",
              "a router that branched a multicast had no entry for its acknowledgements");
}

static void stats_waits(const struct mesh *mesh, struct stats *stats)
{
    struct mesh_counts sum = {0};
    for (unsigned r = 0; r < mesh->routers; r++)
        for (unsigned p = 0; p < mesh->ports; p++) {
            struct mesh_counts c = mesh_port_counts(mesh, r, p);
            sum.va_wait_cycles += c.va_wait_cycles;
            sum.sa_wait_cycles += c.sa_wait_cycles;
            sum.credit_wait_cycles += c.credit_wait_cycles;
            sum.occupancy_cycles += c.occupancy_cycles;
        }
    stats_put(stats, "mesh.va_wait", sum.va_wait_cycles, "cycles", "heads waited for an output VC");
    stats_put(stats, "mesh.sa_wait", sum.sa_wait_cycles, "cycles", "flits waited for the crossbar");
    stats_put(stats, "mesh.credit_wait", sum.credit_wait_cycles, "cycles",
              "flits waited for a credit");
    stats_put(stats, "mesh.occupancy", sum.occupancy_cycles, "cycles",
              "flits spent in the routers' buffers");
}

void mesh_stats(const struct mesh *mesh, struct stats *stats)
{
    uint64_t crossed = 0, flown = 0;
    for (unsigned r = 0; r < mesh->routers; r++)
        for (unsigned p = 0; p < mesh->ports; p++) {
            uint64_t flits = mesh_link_flits(mesh, r, p);
            crossed += flits;
            flown += p < MESH_NEIGHBOURS ? flits : 0;
        }
    stats_put(stats, "mesh.packets", mesh->packets_sent, "packets", "handed to the mesh");
    stats_put(stats, "mesh.packets_delivered", mesh->packets_delivered, "packets",
              "whose last flit has been ejected");
    stats_put(stats, "mesh.flits", mesh->flits_sent, "flits", "that left their source");
    stats_put(stats, "mesh.flit_hops", crossed, "flits",
              "that crossed a router, summed over routers");
    stats_put(stats, "mesh.link_flits", flown, "flits",
              "that crossed a link between two routers, summed over links");
    if (mesh->general)
        stats_general(mesh, stats);
    if (mesh->counters)
        stats_waits(mesh, stats);
}
