/*
 * Table routing: up*-down* (Schroeder et al., Autonet, 1991) over whatever links
 * and routers are whole.
 *
 * Ranks grow from one router: the next is always, of those beside a ranked one, the
 * first by row and then column.  Where nothing is broken that is the order of
 * routers itself, so that west and south lead up and east and north down: the turns
 * of negative-first, which has a shortest way for every pair (Glass and Ni, 1992).
 * A hop to a lesser rank goes up, one to a greater goes down, and a
 * packet may go down after up but never up again: ranks are a total order, so no
 * cycle of channels can form, whichever links break later.  Every router but
 * the first of its component has a neighbour of lesser rank, so that everything connected is
 * reachable: up to the first, and down.
 *
 * The table holds, for a router and a destination, the outputs on the fastest of
 * these ways; they are searched backwards from each destination over pairs of
 * router and "may still go up".  Credits choose among several: xy's ways alone would load
 * the first row twice as much as the mean, since packets that go up and then down must
 * leave their row first.
 */
#include "mesh/general.h"

enum { UNREACHED = INT32_MAX, NO_COMPONENT = UINT32_MAX };

/* Working space, and what the search goes over. */
struct search {
    const struct mesh *m;
    uint32_t *component, *size; /* of a router; of a component */
    int32_t *up, *down;         /* cycles to the destination, may still go up or not */
    uint32_t *queue;
    bool *queued;
    uint64_t *beside; /* bitmap of routers that have a component and no rank yet */
};

/* The neighbour behind an output, or NO_COMPONENT where there is none that can be reached. */
static uint32_t neighbour(const struct mesh *m, unsigned r, unsigned d)
{
    static const int dx[] = {1, -1, 0, 0}, dy[] = {0, 0, 1, -1};
    unsigned x = r % m->width + (unsigned)dx[d], y = r / m->width + (unsigned)dy[d];
    if (x >= m->width || y >= m->height)
        return NO_COMPONENT;
    const uint64_t *dead = m->general->link_dead;
    return dead && bit_of(dead, (size_t)r * m->ports + d) ? NO_COMPONENT : y * m->width + x;
}

static int32_t hop_cycles(const struct mesh *m, unsigned d)
{
    return (int32_t)(m->hop_cycles + (d < 2 ? m->link_cycles_x : m->link_cycles_y) - 1);
}

/* ---- ranks ----------------------------------------------------------------- */

/* The first router, by row and column, that is beside a ranked one and is not ranked itself. */
static unsigned next_beside(const struct search *s)
{
    unsigned word = 0;
    while (!s->beside[word])
        word++;
    return word * 64 + (unsigned)__builtin_ctzll(s->beside[word]);
}

/* Ranks everything that is connected with `root`, from `rank` on. */
static uint32_t rank_component(struct search *s, unsigned root, uint32_t component, uint32_t rank,
                               bool anew)
{
    unsigned waiting = 1;
    s->component[root] = component;
    s->size[component] = 0;
    bitmap_set(s->beside, root);
    for (; waiting; waiting--) {
        unsigned r = next_beside(s);
        bitmap_clear(s->beside, r);
        s->size[component]++;
        if (anew)
            s->m->general->rank[r] = rank;
        rank++;
        for (unsigned d = 0; d < MESH_NEIGHBOURS; d++) {
            uint32_t n = neighbour(s->m, r, d);
            if (n == NO_COMPONENT || s->component[n] != NO_COMPONENT)
                continue;
            s->component[n] = component;
            bitmap_set(s->beside, n);
            waiting++;
        }
    }
    return rank;
}

/* The first router without a component; m->routers: there is none. */
static unsigned next_root(const struct search *s)
{
    unsigned root = 0;
    while (root < s->m->routers && s->component[root] != NO_COMPONENT)
        root++;
    return root;
}

static void find_components(struct search *s, bool anew)
{
    uint32_t rank = 0, components = 0;
    for (unsigned r = 0; r < s->m->routers; r++)
        s->component[r] = NO_COMPONENT;
    for (unsigned root; (root = next_root(s)) < s->m->routers;)
        rank = rank_component(s, root, components++, rank, anew);
}

/* ---- ways -------------------------------------------------------------------- */

static bool improves(int32_t *cycles, int32_t by_way_of, int32_t hop)
{
    if (by_way_of == UNREACHED || by_way_of + hop >= *cycles)
        return false;
    *cycles = by_way_of + hop;
    return true;
}

/* What the neighbour r of n gains by going through n. */
static bool relax(struct search *s, unsigned r, unsigned n, int32_t hop)
{
    const uint32_t *rank = s->m->general->rank;
    if (rank[n] < rank[r])
        return improves(&s->up[r], s->up[n], hop);
    bool down = improves(&s->down[r], s->down[n], hop);
    return improves(&s->up[r], s->down[n], hop) || down;
}

static void search_from(struct search *s, unsigned to)
{
    const struct mesh *m = s->m;
    unsigned first = 0, waiting = 1;
    for (unsigned r = 0; r < m->routers; r++) {
        s->up[r] = s->down[r] = UNREACHED;
        s->queued[r] = false;
    }
    s->up[to] = s->down[to] = 0;
    s->queue[0] = to;
    for (; waiting; waiting--, first = (first + 1) % m->routers) {
        unsigned n = s->queue[first];
        s->queued[n] = false;
        for (unsigned d = 0; d < MESH_NEIGHBOURS; d++) {
            uint32_t r = neighbour(m, n, d); /* links break both ways */
            if (r == NO_COMPONENT || !relax(s, r, n, hop_cycles(m, d)) || s->queued[r])
                continue;
            s->queued[r] = true;
            s->queue[(first + waiting++) % m->routers] = r;
        }
    }
}

/* The outputs of router r on a fastest way, in both states. */
static uint8_t entry_for(const struct search *s, unsigned r, unsigned to)
{
    const struct mesh *m = s->m;
    const uint32_t *rank = m->general->rank;
    unsigned entry = 0;
    for (unsigned d = 0; d < MESH_NEIGHBOURS && r != to; d++) {
        uint32_t n = neighbour(m, r, d);
        if (n == NO_COMPONENT)
            continue;
        bool up = rank[n] < rank[r];
        int32_t rest = up ? s->up[n] : s->down[n], hop = hop_cycles(m, d);
        if (rest == UNREACHED)
            continue;
        entry |= (unsigned)(rest + hop == s->up[r]) << d;
        entry |= (unsigned)(!up && rest + hop == s->down[r]) << (d + 4);
    }
    return (uint8_t)entry;
}

static bool fill(struct search *s, bool anew)
{
    const struct mesh *m = s->m;
    bool complete = true;
    find_components(s, anew);
    for (unsigned to = 0; to < m->routers; to++) {
        unsigned reached = 0;
        search_from(s, to);
        for (unsigned r = 0; r < m->routers; r++) {
            m->general->table[(size_t)to * m->routers + r] = entry_for(s, r, to);
            reached += s->up[r] != UNREACHED;
        }
        complete = complete && reached == s->size[s->component[to]];
    }
    return complete;
}

bool table_fill(struct mesh *m, bool rank_anew)
{
    struct arena *scratch = arena_create();
    struct search s = {
        .m = m,
        .component = arena_alloc(scratch, m->routers, sizeof *s.component),
        .size = arena_alloc(scratch, m->routers, sizeof *s.size),
        .up = arena_alloc(scratch, m->routers, sizeof *s.up),
        .down = arena_alloc(scratch, m->routers, sizeof *s.down),
        .queue = arena_alloc(scratch, m->routers, sizeof *s.queue),
        .beside = arena_alloc(scratch, m->routers / 64 + 1, sizeof *s.beside),
        .queued = arena_alloc(scratch, m->routers, sizeof *s.queued),
    };
    bool complete = fill(&s, rank_anew);
    arena_destroy(scratch);
    return complete;
}

void table_create(struct mesh *m, struct arena *arena)
{
    struct general *g = m->general;
    g->table = arena_alloc(arena, (size_t)m->routers * m->routers, sizeof *g->table);
    g->rank = arena_alloc(arena, m->routers, sizeof *g->rank);
    table_fill(m, true);
}

unsigned table_cycles(const struct mesh *m, unsigned from, unsigned to)
{
    const struct general *g = m->general;
    unsigned cycles = m->hop_cycles;
    bool down = false;
    while (from != to) {
        unsigned entry = g->table[(size_t)to * m->routers + from];
        unsigned outputs = down ? entry >> 4 : entry & 15;
        if (!outputs)
            return 0;
        unsigned d = (unsigned)__builtin_ctz(outputs);
        uint32_t next = neighbour(m, from, d);
        cycles += (unsigned)hop_cycles(m, d);
        down = g->rank[next] > g->rank[from];
        from = next;
    }
    return cycles;
}
