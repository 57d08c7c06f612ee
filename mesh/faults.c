/*
 * What breaks, and when: links and routers that are dead from the start or from a cycle
 * on (link_faults.h says what happens to flits there).
 *
 * A link that breaks is taken out of the tables at once, with the same ranks, so
 * that what is under way stays free of deadlock.  If that leaves a pair of
 * routers without a way although they are connected, ranks have to be chosen
 * anew, and old and new ways must not meet: the sources pause, everything leaves
 * (what has no way any more as lost), then the new tables are there and the
 * sources go on.
 *
 * A dead router is one whose links are dead and whose nodes get nothing: what its
 * nodes send is lost, and what is for them is lost where it has no way.
 */
#include "mesh/general.h"

#include "mesh/router_work.h"

static void sort_by_time(struct mesh_faults *f)
{
    for (unsigned k = 1; k < f->count; k++) {
        struct mesh_fault item = f->item[k];
        unsigned at = k;
        for (; at > 0 && f->item[at - 1].at > item.at; at--)
            f->item[at] = f->item[at - 1];
        f->item[at] = item;
    }
}

/* The packet that holds an output VC of a link that breaks now. */
static void cut_packet(struct mesh *m, size_t port, unsigned vc)
{
    const struct vc_out *out = &m->out[port * m->vcs + vc];
    size_t owner = (port - m->port[port].number + out->owner_port) * m->vcs + out->owner_vc;
    const struct vc_in *in = &m->in[owner];
    bool begun = in->flits == 0 || !(in->front & FLIT_HEAD);
    if (!(m->port[port].free >> vc & 1))
        m->general->cut[port * m->vcs + vc] = begun ? CUT_CLOSE : CUT_SWALLOW;
}

/* One direction of a link. */
static void break_output(struct mesh *m, size_t port)
{
    struct general *g = m->general;
    if (bit_of(g->link_dead, port))
        return;
    bitmap_set(g->link_dead, (unsigned)port);
    for (unsigned v = 0; v < m->vcs; v++)
        cut_packet(m, port, v);
}

static void break_link(struct mesh *m, unsigned x, unsigned y, unsigned direction)
{
    static const int dx[] = {1, -1, 0, 0}, dy[] = {0, 0, 1, -1};
    unsigned nx = x + (unsigned)dx[direction], ny = y + (unsigned)dy[direction];
    if (nx >= m->width || ny >= m->height)
        return;
    break_output(m, (size_t)(y * m->width + x) * m->ports + direction);
    break_output(m, (size_t)(ny * m->width + nx) * m->ports + (direction ^ 1));
}

static void come_about(struct mesh *m, const struct mesh_fault *f)
{
    if (f->kind == MESH_FAULT_LINK) {
        break_link(m, f->x, f->y, f->direction);
        return;
    }
    bitmap_set(m->general->router_dead, f->y * m->width + f->x);
    for (unsigned d = 0; d < MESH_DIRECTIONS; d++)
        break_link(m, f->x, f->y, d);
}

static bool break_due(struct mesh *m)
{
    struct general *g = m->general;
    unsigned before = g->faults_due;
    while (g->faults_due < g->faults.count && g->faults.item[g->faults_due].at <= m->now)
        come_about(m, &g->faults.item[g->faults_due++]);
    return g->faults_due != before;
}

void faults_create(struct mesh *m, struct arena *arena, const struct config *cfg)
{
    struct general *g = m->general;
    struct error e;
    size_t ports = (size_t)m->routers * m->ports;
    bool good =
        mesh_faults_parse(cfg->mesh_faults, m->width, m->height, &g->faults, e.text, sizeof e.text);
    assert(good); /* a condition of the configuration */
    (void)good;
    if (g->faults.count == 0)
        return;
    g->link_dead = arena_alloc(arena, ports / 64 + 1, sizeof *g->link_dead);
    g->router_dead = arena_alloc(arena, m->routers / 64 + 1, sizeof *g->router_dead);
    g->cut = arena_alloc(arena, ports * m->vcs, sizeof *g->cut);
    sort_by_time(&g->faults);
    break_due(m);
    g->broken_later = g->faults_due < g->faults.count;
}

/* Heads that ask for a VC of an output where their way no longer leads are given another. */
static void direct_anew(struct mesh *m)
{
    struct work w = work_begin(m, m->ports, true, m->counters != NULL);
    struct general *g = m->general;
    for (uint32_t p = 0; p < m->routers * m->ports; p++)
        for (unsigned v = 0; v < m->vcs; v++) {
            const struct vc_in *in = &m->in[(size_t)p * m->vcs + v];
            if (in->flits == 0 || in->out_port >= m->ports)
                continue;
            uint32_t o = sibling(&w, p, in->out_port);
            if (!(m->va[o * m->ports + m->port[p].number] >> v & 1))
                continue;
            withdraw_vc(&w, o, m->port[p].number, v);
            g->head[g->heads++] = vc_event(p, v);
        }
    work_end(&w);
}

static void wake_sources(struct mesh *m)
{
    for (unsigned n = 0; n < m->nodes; n++)
        if (m->source[n].waiting)
            source_wakes(m, n);
}

void faults_begin(struct mesh *m)
{
    struct general *g = m->general;
    if (g->faults_due < g->faults.count && break_due(m)) {
        g->pausing = !table_fill(m, false) || g->pausing;
        direct_anew(m);
    }
    if (g->pausing && g->packets_inside == 0) {
        table_fill(m, true);
        g->pausing = false;
        wake_sources(m);
    }
}
