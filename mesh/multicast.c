/*
 * Multicast: sets of destinations, the XY tree, and acknowledgements.
 *
 * The tree is not stored.  Which outputs a router copies to follows from where
 * it is, through which input the packet has come and whom the set holds where:
 *
 *      |  |     |         what travels east is for the columns further east
 *    --+--+--S--+--       and for the one it is in; what travels north or
 *      |     |  |         south is for the rest of its column
 *
 * Acknowledgements go back along the tree.  A router that branches a multicast
 * notes, if it has an entry left, how many destinations lie behind it; each
 * acknowledgement carries how many it stands for.  All but the last
 * end there, and the last goes on for all with the AND of the values.  A router
 * without an entry lets all of them pass.  Counting destinations, not
 * branches, is what makes the two mix.  A mesh that drops flits notes nothing:
 * a copy that is lost would keep an entry waiting.
 */
#include "mesh/general.h"
#include "mesh/routing.h"

enum { MULTICASTS_AT_FIRST = 16 };

static bool set_has(const struct mesh_set *set, unsigned node)
{
    return set->word[node / 64] >> node % 64 & 1;
}

void mesh_set_add_rectangle(const struct mesh *mesh, struct mesh_set *set, tile_id corner,
                            tile_id opposite)
{
    unsigned a = corner / mesh->concentration, b = opposite / mesh->concentration;
    unsigned xa = a % mesh->width, xb = b % mesh->width, ya = a / mesh->width, yb = b / mesh->width;
    for (unsigned y = ya < yb ? ya : yb; y <= (ya < yb ? yb : ya); y++)
        for (unsigned x = xa < xb ? xa : xb; x <= (xa < xb ? xb : xa); x++)
            for (unsigned k = 0; k < mesh->concentration; k++) {
                unsigned node = (y * mesh->width + x) * mesh->concentration + k;
                set->word[node / 64] |= UINT64_C(1) << node % 64;
            }
}

/* ---- records ---------------------------------------------------------------- */

static void multicasts_grow(struct mesh *m)
{
    struct general *g = m->general;
    uint32_t capacity = g->multicast_capacity ? 2 * g->multicast_capacity : MULTICASTS_AT_FIRST;
    struct multicast *more = arena_alloc(m->arena, capacity, sizeof *more);
    if (g->multicast)
        memcpy(more, g->multicast, g->multicast_capacity * sizeof *more);
    else
        g->multicast_fresh = 1; /* record 0 is "none" */
    g->multicast = more;
    g->multicast_capacity = capacity;
}

static uint32_t multicast_take(struct mesh *m)
{
    struct general *g = m->general;
    uint32_t id = g->multicast_free;
    if (id) {
        g->multicast_free = g->multicast[id].next;
        return id;
    }
    if (g->multicast_fresh == g->multicast_capacity)
        multicasts_grow(m);
    return g->multicast_fresh++;
}

static void multicast_give_if_done(struct mesh *m, uint32_t id)
{
    struct general *g = m->general;
    if (g->multicast[id].copies || g->multicast[id].waiting)
        return;
    g->multicast[id].next = g->multicast_free;
    g->multicast_free = id;
}

struct multicast *multicast_of(const struct mesh *m, uint32_t packet)
{
    return &m->general->multicast[m->travel[packet].multicast];
}

/* Where the members are, column by column. */
static unsigned survey(const struct mesh *m, struct multicast *c)
{
    unsigned members = 0;
    c->x_min = UINT8_MAX;
    c->x_max = 0;
    memset(c->y_min, UINT8_MAX, sizeof c->y_min);
    memset(c->y_max, 0, sizeof c->y_max);
    memset(c->members, 0, sizeof c->members);
    for (unsigned n = 0; n < m->nodes; n++) {
        if (!set_has(&c->set, n))
            continue;
        unsigned r = n / m->concentration, x = r % m->width, y = r / m->width;
        c->x_min = (uint8_t)(x < c->x_min ? x : c->x_min);
        c->x_max = (uint8_t)(x > c->x_max ? x : c->x_max);
        c->y_min[x] = (uint8_t)(y < c->y_min[x] ? y : c->y_min[x]);
        c->y_max[x] = (uint8_t)(y > c->y_max[x] ? y : c->y_max[x]);
        c->members[x]++;
        members++;
    }
    return members;
}

/* ---- sending ------------------------------------------------------------------ */

/* Without routers that copy: a packet for each. */
static void send_copies(struct mesh *m, tile_id from, const struct mesh_set *to, unsigned vnet,
                        unsigned flits, uint32_t payload, uint32_t multicast)
{
    for (unsigned n = 0; n < m->nodes; n++)
        if (set_has(to, n)) {
            uint32_t id = source_queue_packet(m, from, (tile_id)n, vnet, flits, payload);
            if (m->general)
                m->travel[id].multicast = multicast;
        }
}

static void send_tree(struct mesh *m, tile_id from, unsigned vnet, unsigned flits, uint32_t payload,
                      uint32_t multicast, unsigned members)
{
    uint32_t id = source_queue_packet(m, from, from, vnet, flits, payload);
    m->travel[id].multicast = multicast;
    m->travel[id].parts = (uint16_t)members;
    m->travel[id].class = 0;
    m->packets_sent += members - 1;
    m->general->copies_sent += members;
}

uint32_t mesh_send_multicast(struct mesh *mesh, tile_id from, const struct mesh_set *to,
                             unsigned vnet, unsigned flits, uint32_t payload, bool acked)
{
    struct general *g = mesh->general;
    bool in_routers = g && g->fans && flits <= mesh->buffer_flits;
    assert(g || !acked);
    if (!in_routers && !acked) {
        send_copies(mesh, from, to, vnet, flits, payload, 0);
        return 0;
    }
    uint32_t id = multicast_take(mesh);
    struct multicast *c = &g->multicast[id];
    c->set = *to;
    c->payload = payload;
    c->from = from;
    c->in_routers = in_routers;
    c->value = UINT32_MAX;
    c->copies = survey(mesh, c);
    c->waiting = acked ? c->copies : 0;
    c->acked = acked;
    assert(c->copies > 0);
    if (in_routers)
        send_tree(mesh, from, vnet, flits, payload, id, c->copies);
    else
        send_copies(mesh, from, to, vnet, flits, payload, id);
    return acked ? id : 0;
}

void mesh_send_ack(struct mesh *mesh, tile_id from, uint32_t multicast, unsigned vnet,
                   uint32_t value)
{
    struct general *g = mesh->general;
    const struct multicast *c = &g->multicast[multicast];
    assert(multicast && multicast < g->multicast_fresh && c->waiting);
    bool combined = c->in_routers && g->ack_entries;
    uint32_t id =
        source_queue_packet(mesh, from, c->from, combined ? mesh->vnets : vnet, 1, c->payload);
    struct travel *t = &mesh->travel[id];
    t->multicast = multicast;
    t->acks = 1;
    t->value = value;
}

/* ---- the tree -------------------------------------------------------------------- */

static unsigned local_outputs(const struct mesh *m, const struct port *at,
                              const struct multicast *c)
{
    unsigned router = at->y * m->width + at->x, outputs = 0;
    for (unsigned k = 0; k < m->concentration; k++)
        outputs |= (unsigned)set_has(&c->set, router * m->concentration + k)
                   << (MESH_NEIGHBOURS + k);
    return outputs;
}

/* From which way a packet has come decides for whom it is. */
static bool is_for(const struct port *in, enum mesh_direction way)
{
    bool from_node = in->number >= MESH_NEIGHBOURS, along_row = in->number <= MESH_WEST;
    if (way == MESH_EAST || way == MESH_WEST)
        return from_node || in->number == (way ^ 1);
    return from_node || along_row || in->number == (way ^ 1);
}

uint16_t multicast_outputs(const struct mesh *m, const struct port *in, const struct multicast *c)
{
    unsigned x = in->x, y = in->y;
    bool column = c->y_min[x] <= c->y_max[x];
    bool wanted[MESH_DIRECTIONS] = {[MESH_EAST] = c->x_max > x,
                                    [MESH_WEST] = c->x_min < x,
                                    [MESH_NORTH] = column && c->y_max[x] > y,
                                    [MESH_SOUTH] = column && c->y_min[x] < y};
    unsigned outputs = local_outputs(m, in, c);
    for (unsigned d = 0; d < MESH_DIRECTIONS; d++)
        outputs |= (unsigned)(wanted[d] && is_for(in, (enum mesh_direction)d)) << d;
    return (uint16_t)outputs;
}

/* Members of column x in rows first to last. */
static unsigned members_between(const struct mesh *m, const struct multicast *c, unsigned x,
                                unsigned first, unsigned last)
{
    unsigned members = 0;
    for (unsigned y = first; y <= last && y < m->height; y++)
        for (unsigned k = 0; k < m->concentration; k++)
            members += set_has(&c->set, (y * m->width + x) * m->concentration + k);
    return members;
}

/* Destinations behind a router, for a packet that has come through `in`. */
static unsigned members_behind(const struct mesh *m, const struct port *in,
                               const struct multicast *c)
{
    unsigned members = 0;
    if (in->number == (MESH_NORTH ^ 1))
        return members_between(m, c, in->x, in->y, m->height - 1);
    if (in->number == (MESH_SOUTH ^ 1))
        return members_between(m, c, in->x, 0, in->y);
    for (unsigned x = 0; x < m->width; x++)
        if (x == in->x || is_for(in, x > in->x ? MESH_EAST : MESH_WEST))
            members += c->members[x];
    return members;
}

/* ---- acknowledgements --------------------------------------------------------------- */

static struct ack_entry *entry_of(const struct mesh *m, unsigned router, uint32_t multicast)
{
    const struct general *g = m->general;
    struct ack_entry *entry = &g->ack[(size_t)router * g->ack_entries];
    for (unsigned k = 0; k < g->ack_entries; k++)
        if (entry[k].multicast == multicast)
            return &entry[k];
    return NULL;
}

void multicast_reserve(struct mesh *m, const struct port *in, uint32_t packet)
{
    struct general *g = m->general;
    const struct multicast *c = multicast_of(m, packet);
    if (!c->acked || !g->ack_entries || g->faults.drop)
        return;
    struct ack_entry *entry = entry_of(m, in->y * m->width + in->x, 0);
    if (!entry) {
        g->acks_refused++;
        return;
    }
    *entry = (struct ack_entry){.multicast = m->travel[packet].multicast,
                                .value = UINT32_MAX,
                                .expected = (uint16_t)members_behind(m, in, c)};
}

bool multicast_combine(struct mesh *m, unsigned router, uint32_t packet, bool lost)
{
    struct travel *t = &m->travel[packet];
    struct ack_entry *entry = entry_of(m, router, t->multicast);
    if (lost)
        t->value = 0;
    if (!entry)
        return false;
    entry->value &= t->value;
    entry->got = (uint16_t)(entry->got + t->acks);
    if (entry->got == entry->expected) {
        t->acks = entry->got;
        t->value = entry->value;
        *entry = (struct ack_entry){0};
        return false;
    }
    m->general->acks_combined++;
    m->general->packets_inside--;
    m->packets_delivered++;
    packet_give(m, packet);
    return true;
}

void multicast_acked(struct mesh *m, uint32_t multicast, unsigned acks, uint32_t value)
{
    struct multicast *c = &m->general->multicast[multicast];
    assert(acks <= c->waiting);
    c->waiting -= acks;
    c->value &= value;
    if (c->waiting == 0) {
        struct mesh_notice notice = {MESH_ALL_ACKED, c->from, c->payload, c->value};
        general_notify(m, &notice);
        multicast_give_if_done(m, multicast);
    }
}

void multicast_copy_done(struct mesh *m, uint32_t multicast, bool lost)
{
    struct multicast *c = &m->general->multicast[multicast];
    c->copies--;
    if (lost && c->acked)
        multicast_acked(m, multicast, 1, 0);
    else
        multicast_give_if_done(m, multicast);
}
