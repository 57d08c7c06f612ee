/*
 * The phases of a run and its result.  How long a phase lasts is decided in
 * integers (batch_means.h), so that no run depends on the host's arithmetic.
 */
#include "mesh/measure.h"

#include "mesh/general.h"

enum {
    WARMUP_WINDOW_MIN = 1024,
    WARMUP_AGREE_PERCENT = 2,
    PRECISION_PERMILLE = 10,
    PACKETS_ENOUGH = 100000, /* for the percentiles too, unless that takes long */
    SATURATED_CYCLES = 16384
};
static const uint64_t NODE_CYCLES_MAX = (uint64_t)1 << 24; /* of a run, divided by the nodes ... */
static const cycle_t RUN_CYCLES_MIN = (cycle_t)1 << 16;    /* ... within these bounds */
static const cycle_t RUN_CYCLES_MAX = (cycle_t)1 << 22;

/* ---- packets ------------------------------------------------------------ */

static bool counts(const struct meter *m, cycle_t birth)
{
    return m->phase != WARMUP && (m->saturated || birth >= m->start) && birth < m->end;
}

static unsigned distance(unsigned a, unsigned b)
{
    return a > b ? a - b : b - a;
}

static unsigned hops_between(const struct mesh *m, tile_id from, tile_id to)
{
    unsigned a = from / m->concentration, b = to / m->concentration;
    return distance(a % m->width, b % m->width) + distance(a / m->width, b / m->width) + 1;
}

void meter_sent(struct meter *m, cycle_t birth, tile_id from, tile_id to)
{
    if (!counts(m, birth))
        return;
    m->born++;
    m->hops += hops_between(m->mesh, from, to);
}

void meter_left(struct meter *m, cycle_t birth, cycle_t now)
{
    if (!counts(m, birth))
        return;
    m->heads_left++;
    m->waited += now - birth;
}

void meter_arrived(struct meter *m, cycle_t birth, cycle_t now, bool corrupt)
{
    uint64_t latency = now - birth;
    if (m->phase == WARMUP) {
        m->window.sum += latency;
        m->window.count++;
    } else if (counts(m, birth)) {
        hist_add(m->latency, latency);
        m->corrupt += corrupt;
        if (birth >= m->start)
            batch_means_add(&m->batches, birth, latency);
    }
}

void meter_lost(struct meter *m, cycle_t birth)
{
    if (counts(m, birth))
        m->lost++;
}

void meter_round_trip(struct meter *m, cycle_t birth, cycle_t now)
{
    if (counts(m, birth))
        hist_add(m->round_trip, now - birth);
}

/* ---- phases ------------------------------------------------------------- */

static void begin_measuring(struct meter *m)
{
    m->phase = MEASURE;
    m->start = mesh_now(m->mesh);
    m->born = m->heads_left = m->lost = m->corrupt = m->hops = m->waited = 0;
    m->flits_before = flits_arrived(m->mesh);
    *m->latency = *m->round_trip = (struct hist){0};
    batch_means_start(&m->batches, m->start);
}

static void end_measuring(struct meter *m, enum phase next)
{
    m->phase = next;
    m->end = mesh_now(m->mesh);
    m->flits_after = flits_arrived(m->mesh);
}

static bool windows_agree(const struct window *w)
{
    if (w->count == 0 || w->last_count == 0)
        return false;
    /* |a/b - c/d| <= 2 % of a/b, without a division */
    unsigned __int128 now = (unsigned __int128)w->sum * w->last_count;
    unsigned __int128 before = (unsigned __int128)w->last_sum * w->count;
    return (now > before ? now - before : before - now) * 100 <= now * WARMUP_AGREE_PERCENT;
}

static void warm_up(struct meter *m, const struct load_state *load)
{
    struct window *w = &m->window;
    cycle_t now = mesh_now(m->mesh);
    (void)load;
    if (now < w->end)
        return;
    if (windows_agree(w) || now >= m->limit / 4) {
        m->settled = windows_agree(w);
        begin_measuring(m);
        return;
    }
    w->last_sum = w->sum;
    w->last_count = w->count;
    w->sum = w->count = 0;
    w->cycles *= 2;
    w->end = now + w->cycles;
}

static bool known_well_enough(const struct meter *m, cycle_t now)
{
    if (m->asked)
        return now >= m->start + m->asked;
    if (m->latency->count < PACKETS_ENOUGH && now < m->limit / 4)
        return false;
    return batch_means_settled(&m->batches, now - m->latency_max, PRECISION_PERMILLE);
}

static void measure(struct meter *m, const struct load_state *load)
{
    cycle_t now = mesh_now(m->mesh);
    (void)load;
    if (m->saturated) {
        if (now >= m->start + (m->asked ? m->asked : SATURATED_CYCLES))
            end_measuring(m, DONE);
    } else if (now >= m->limit && !m->asked) {
        m->settled = false;
        end_measuring(m, DRAIN);
    } else if (known_well_enough(m, now)) {
        end_measuring(m, DRAIN);
    }
}

static void drain(struct meter *m, const struct load_state *load)
{
    if (m->latency->count + m->lost == m->born && load->handed >= m->end) {
        if (!m->pace->doubtful)
            m->phase = DONE;
    } else if (mesh_now(m->mesh) - m->end >= m->limit / 2) {
        m->saturated = true;
        m->phase = DONE;
    }
}

/* A point whose sources fall ever further behind gets a fixed time of measuring. */
static void look_for_saturation(struct meter *m)
{
    if (m->pace->verdict == PACE_LOST && !m->saturated) {
        m->saturated = true;
        m->end = CYCLE_NEVER; /* what had been measured does not count */
        begin_measuring(m);
    }
}

static void look_at_replay(struct meter *m, const struct load_state *load)
{
    if (load->finished || (m->asked && mesh_now(m->mesh) >= m->asked))
        end_measuring(m, DONE);
}

void meter_look(struct meter *m, const struct load_state *load)
{
    static void (*const step[])(struct meter *, const struct load_state *) = {
        [WARMUP] = warm_up, [MEASURE] = measure, [DRAIN] = drain};
    if (m->whole) {
        look_at_replay(m, load);
        return;
    }
    look_for_saturation(m);
    step[m->phase](m, load);
}

/* ---- beginning and end -------------------------------------------------- */

static cycle_t cycles_limit(unsigned nodes)
{
    cycle_t cycles = NODE_CYCLES_MAX / nodes;
    return cycles < RUN_CYCLES_MIN   ? RUN_CYCLES_MIN
           : cycles > RUN_CYCLES_MAX ? RUN_CYCLES_MAX
                                     : cycles;
}

void meter_init(struct meter *m, const struct mesh *mesh, struct arena *arena,
                const struct mesh_traffic *traffic, unsigned flits, bool whole)
{
    *m = (struct meter){.mesh = mesh,
                        .asked = traffic->cycles,
                        .whole = whole,
                        .settled = true,
                        .end = CYCLE_NEVER};
    m->latency = arena_alloc(arena, 1, sizeof *m->latency);
    m->round_trip = arena_alloc(arena, 1, sizeof *m->round_trip);
    m->latency_max = mesh_latency_min(mesh, 0, (tile_id)(mesh->nodes - 1), flits);
    m->limit = cycles_limit(mesh->nodes);
    m->window.cycles = 16 * m->latency_max;
    if (m->window.cycles < WARMUP_WINDOW_MIN)
        m->window.cycles = WARMUP_WINDOW_MIN;
    m->window.end = m->window.cycles;
    if (whole)
        begin_measuring(m);
}

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0;
}

static struct mesh_latency latency_of(const struct hist *h)
{
    return (struct mesh_latency){.mean = hist_mean(h),
                                 .count = h->count,
                                 .min = h->min,
                                 .p50 = hist_quantile(h, 500),
                                 .p95 = hist_quantile(h, 950),
                                 .p99 = hist_quantile(h, 990),
                                 .p999 = hist_quantile(h, 999),
                                 .max = h->max};
}

/* Known when the packets that left their source are those that arrived. */
static double network_latency(const struct meter *m)
{
    bool same = !m->saturated && m->heads_left == m->latency->count;
    return same ? hist_mean(m->latency) - ratio(m->waited, m->heads_left) : 0;
}

void meter_report(const struct meter *m, struct mesh_result *result)
{
    const struct mesh *mesh = m->mesh;
    *result = (struct mesh_result){
        .latency = latency_of(m->latency),
        .round_trip = latency_of(m->round_trip),
        .ci95 = m->saturated ? 0 : batch_means_ci95(&m->batches, m->end),
        .network_latency = network_latency(m),
        .accepted_rate = ratio(m->flits_after - m->flits_before, (m->end - m->start) * mesh->nodes),
        .hops = ratio(m->hops, m->born),
        .cycles = mesh_now(mesh),
        .warmup_cycles = m->start,
        .measured_cycles = m->end - m->start,
        .lost = m->lost,
        .corrupt = m->corrupt,
        .saturated = m->saturated,
        .settled = m->settled && !m->saturated,
    };
    for (unsigned r = 0; r < mesh->routers; r++)
        for (unsigned p = 0; p < mesh->ports; p++)
            result->flit_hops += mesh_link_flits(mesh, r, p);
}
