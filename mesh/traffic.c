/*
 * Standalone traffic: the mesh alone, loaded by synthetic packets.
 *
 * Each node bears packets by a Bernoulli process, at most one a cycle, and
 * holds them in an infinite queue that costs nothing: the next birth is drawn when
 * the packet before has left altogether.  If it lies in the past, the packet
 * has waited since then; if in the future, a wheel of lists keeps the node.
 * A packet's payload is its time of birth, which is all that its latency needs.
 *
 *          birth drawn              head leaves        tail leaves    tail ejected
 *   wheel ------------> [source] -----------------> ... ---------> ... ---------->
 *   or at once            | wait = source queue |
 *
 * A run has three phases, and packets are born at the same rate in all:
 *   warm-up   until two windows in succession agree within 2 % in their mean
 *             latency; each window is twice as long as the one before;
 *   measure   of the packets born from here on, until the mean latency is known
 *             to 1 % (batch_means.h);
 *   drain     until every packet born while measuring has arrived.
 * The point is saturated when the nodes' births lag behind the clock by more
 * than ten times the longest zero-load latency in the mean, or still grow at
 * the limit of the run; then a fixed time is measured, over what arrives in it.
 *
 * Traffic patterns are rows of a table: a destination for a source.
 */
#include "mesh/batch_means.h"
#include "mesh/geometric.h"
#include "mesh/mesh_internal.h"
#include "sim/base/hist.h"

enum {
    WHEEL_SLOTS = 1024,
    WARMUP_WINDOW_MIN = 1024,
    WARMUP_AGREE_PERCENT = 2,
    PRECISION_PERMILLE = 10,
    PACKETS_ENOUGH = 100000, /* for the percentiles too, unless that takes long */
    LAG_LATENCIES_MAX = 10,
    LAG_CHECK_CYCLES = 1024,
    SATURATED_CYCLES = 16384,
    NODE_NONE = UINT16_MAX
};
static const uint64_t NODE_CYCLES_MAX = (uint64_t)1 << 24; /* of a run, divided by the nodes ... */
static const cycle_t RUN_CYCLES_MIN = (cycle_t)1 << 16;    /* ... within these bounds */
static const cycle_t RUN_CYCLES_MAX = (cycle_t)1 << 22;

enum phase { WARMUP, MEASURE, DRAIN, DONE };

struct birth {
    cycle_t at;  /* of the packet in the source, or of the next one */
    cycle_t due; /* when it goes to the source: `at`, or later if the source was busy */
    struct rng rng;
    tile_id wheel_next;
};

struct window { /* of the warm-up */
    cycle_t cycles, end;
    uint64_t sum, count;
    uint64_t last_sum, last_count; /* of the window before */
};

struct run {
    struct mesh *mesh;
    const struct mesh_traffic *traffic;
    struct geometric *gap;
    struct birth *birth; /* a node each */
    tile_id wheel[WHEEL_SLOTS];
    enum phase phase;
    unsigned latency_max; /* zero-load, from corner to corner */
    cycle_t limit;
    struct window window;

    /* the packets that count */
    cycle_t start, end; /* of their births; end = CYCLE_NEVER until it is known */
    uint64_t born, heads_left, arrived, hops, waited;
    uint64_t flits_before, flits_after; /* delivered by the mesh at start and end */
    struct batch_means batches;
    struct hist *latency;

    uint64_t lag_half; /* when half of the limit had passed */
    bool saturated;
};

/* ---- patterns ----------------------------------------------------------- */

struct pattern {
    const char *name;
    tile_id (*destination)(const struct mesh *mesh, tile_id from, struct rng *rng);
};

static tile_id uniform(const struct mesh *mesh, tile_id from, struct rng *rng)
{
    (void)from; /* oneself included */
    return (tile_id)rng_below(rng, mesh->nodes);
}

static const struct pattern patterns[] = {
    [MESH_UNIFORM] = {"uniform", uniform},
};

const char *mesh_pattern_name(unsigned index)
{
    return index < sizeof patterns / sizeof *patterns ? patterns[index].name : NULL;
}

/* ---- births ------------------------------------------------------------- */

static bool counts(const struct run *run, cycle_t birth)
{
    return run->phase != WARMUP && (run->saturated || birth >= run->start) && birth < run->end;
}

static void schedule_birth(struct run *run, tile_id node)
{
    struct birth *b = &run->birth[node];
    cycle_t earliest = mesh_now(run->mesh);
    b->due = b->at > earliest ? b->at : earliest;
    tile_id *slot = &run->wheel[b->due % WHEEL_SLOTS];
    b->wheel_next = *slot;
    *slot = node;
}

static unsigned hops_between(const struct mesh *m, tile_id from, tile_id to)
{
    unsigned a = from / m->concentration, b = to / m->concentration;
    int dx = (int)(a % m->width) - (int)(b % m->width);
    int dy = (int)(a / m->width) - (int)(b / m->width);
    return (unsigned)((dx < 0 ? -dx : dx) + (dy < 0 ? -dy : dy) + 1);
}

static void send_packet(struct run *run, tile_id node)
{
    struct birth *b = &run->birth[node];
    tile_id to = patterns[run->traffic->pattern].destination(run->mesh, node, &b->rng);
    if (counts(run, b->at)) {
        run->born++;
        run->hops += hops_between(run->mesh, node, to);
    }
    mesh_send(run->mesh, node, to, 0, run->traffic->packet_flits, (uint32_t)b->at);
}

static void send_births(struct run *run)
{
    cycle_t now = mesh_now(run->mesh);
    tile_id *slot = &run->wheel[now % WHEEL_SLOTS];
    tile_id node = *slot, next;
    *slot = NODE_NONE;
    for (; node != NODE_NONE; node = next) {
        struct birth *b = &run->birth[node];
        next = b->wheel_next;
        if (b->due == now) {
            send_packet(run, node);
        } else { /* a later turn of the wheel */
            b->wheel_next = *slot;
            *slot = node;
        }
    }
}

static void note_departures(struct run *run, cycle_t now)
{
    for (unsigned k = 0; k < run->mesh->departures; k++) {
        const struct departure *d = &run->mesh->departure[k];
        struct birth *b = &run->birth[d->node];
        if (d->head && counts(run, b->at)) {
            run->heads_left++;
            run->waited += now - b->at;
        }
        if (d->tail) {
            b->at += geometric_draw(run->gap, &b->rng);
            schedule_birth(run, d->node);
        }
    }
}

/* ---- arrivals ----------------------------------------------------------- */

static void note_arrival(struct run *run, cycle_t now, uint32_t payload)
{
    uint32_t latency = (uint32_t)now - payload;
    cycle_t birth = now - latency;
    if (run->phase == WARMUP) {
        run->window.sum += latency;
        run->window.count++;
    } else if (counts(run, birth)) {
        run->arrived++;
        hist_add(run->latency, latency);
        if (birth >= run->start)
            batch_means_add(&run->batches, birth, latency);
    }
}

static void run_cycle(struct run *run)
{
    const struct mesh_arrival *arrival;
    cycle_t now = mesh_now(run->mesh);
    send_births(run);
    unsigned arrivals = mesh_step(run->mesh, &arrival);
    note_departures(run, now);
    for (unsigned k = 0; k < arrivals; k++)
        note_arrival(run, now, arrival[k].payload);
}

/* ---- phases ------------------------------------------------------------- */

/* By how many cycles births are behind the clock, summed over the nodes. */
static uint64_t lag_total(const struct run *run)
{
    cycle_t now = mesh_now(run->mesh);
    uint64_t lag = 0;
    for (unsigned n = 0; n < run->mesh->nodes; n++)
        lag += run->birth[n].at < now ? now - run->birth[n].at : 0;
    return lag;
}

static void begin_measuring(struct run *run)
{
    run->phase = MEASURE;
    run->start = mesh_now(run->mesh);
    run->born = run->heads_left = run->arrived = run->hops = run->waited = 0;
    run->flits_before = run->mesh->flits_delivered;
    run->latency->count = 0;
    *run->latency = (struct hist){0};
    batch_means_start(&run->batches, run->start);
}

static void end_measuring(struct run *run, enum phase next)
{
    run->phase = next;
    run->end = mesh_now(run->mesh);
    run->flits_after = run->mesh->flits_delivered;
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

static void warm_up(struct run *run)
{
    struct window *w = &run->window;
    cycle_t now = mesh_now(run->mesh);
    if (now < w->end)
        return;
    if (windows_agree(w) || now >= run->limit / 4) {
        begin_measuring(run);
        return;
    }
    w->last_sum = w->sum;
    w->last_count = w->count;
    w->sum = w->count = 0;
    w->cycles *= 2;
    w->end = now + w->cycles;
}

/* Still growing when the limit is reached, if slowly. */
static bool lag_grows(const struct run *run)
{
    uint64_t lag = lag_total(run);
    return lag > 2 * run->lag_half && lag > (uint64_t)run->mesh->nodes * run->latency_max;
}

static bool known_well_enough(const struct run *run, cycle_t now)
{
    if (run->traffic->cycles)
        return now >= run->start + run->traffic->cycles;
    if (run->arrived < PACKETS_ENOUGH && now < run->limit / 4)
        return false;
    return batch_means_settled(&run->batches, now - run->latency_max, PRECISION_PERMILLE);
}

static void measure(struct run *run)
{
    cycle_t now = mesh_now(run->mesh);
    if (run->saturated) {
        if (now >= run->start + SATURATED_CYCLES)
            end_measuring(run, DONE);
    } else if (now >= run->limit && !run->traffic->cycles) {
        run->saturated = lag_grows(run);
        end_measuring(run, run->saturated ? DONE : DRAIN);
    } else if (known_well_enough(run, now)) {
        end_measuring(run, DRAIN);
    }
}

static bool drained(const struct run *run)
{
    if (run->arrived != run->born)
        return false;
    for (unsigned n = 0; n < run->mesh->nodes; n++)
        if (run->birth[n].at < run->end)
            return false;
    return true;
}

static void drain(struct run *run)
{
    if (drained(run)) {
        run->phase = DONE;
    } else if (mesh_now(run->mesh) - run->end >= run->limit / 2) {
        run->saturated = true;
        run->phase = DONE;
    }
}

/* A point whose sources fall ever further behind gets a fixed time of measuring. */
static void look_for_saturation(struct run *run)
{
    uint64_t lag = lag_total(run);
    if (mesh_now(run->mesh) <= run->limit / 2)
        run->lag_half = lag;
    if (run->phase != DRAIN && !run->saturated &&
        lag > (uint64_t)run->mesh->nodes * run->latency_max * LAG_LATENCIES_MAX) {
        run->saturated = true;
        begin_measuring(run);
    }
}

static void advance_phase(struct run *run)
{
    static void (*const step[])(struct run *) = {
        [WARMUP] = warm_up, [MEASURE] = measure, [DRAIN] = drain};
    look_for_saturation(run);
    step[run->phase](run);
}

/* ---- the run ------------------------------------------------------------ */

static cycle_t cycles_limit(unsigned nodes)
{
    cycle_t cycles = NODE_CYCLES_MAX / nodes;
    return cycles < RUN_CYCLES_MIN   ? RUN_CYCLES_MIN
           : cycles > RUN_CYCLES_MAX ? RUN_CYCLES_MAX
                                     : cycles;
}

static struct run *run_create(struct arena *arena, const struct config *cfg,
                              const struct mesh_traffic *traffic)
{
    struct run *run = arena_alloc(arena, 1, sizeof *run);
    struct mesh *m = run->mesh = mesh_create(arena, cfg, 1);
    sources_listen(m, arena);
    run->traffic = traffic;
    run->gap = arena_alloc(arena, 1, sizeof *run->gap);
    run->birth = arena_alloc(arena, m->nodes, sizeof *run->birth);
    run->latency = arena_alloc(arena, 1, sizeof *run->latency);
    run->latency_max = mesh_latency_min(m, 0, (tile_id)(m->nodes - 1), traffic->packet_flits);
    run->limit = cycles_limit(m->nodes);
    run->end = CYCLE_NEVER;
    run->window.cycles = 16 * run->latency_max;
    if (run->window.cycles < WARMUP_WINDOW_MIN)
        run->window.cycles = WARMUP_WINDOW_MIN;
    run->window.end = run->window.cycles;
    geometric_init(run->gap, traffic->rate / traffic->packet_flits);
    for (unsigned s = 0; s < WHEEL_SLOTS; s++)
        run->wheel[s] = NODE_NONE;
    for (unsigned n = 0; n < m->nodes; n++) {
        run->birth[n].rng = rng_stream(traffic->seed, n);
        run->birth[n].at = geometric_draw(run->gap, &run->birth[n].rng) - 1;
        schedule_birth(run, (tile_id)n);
    }
    return run;
}

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0;
}

static void report(const struct run *run, struct mesh_result *result)
{
    const struct mesh *m = run->mesh;
    double latency = hist_mean(run->latency);
    *result = (struct mesh_result){
        .avg_packet_latency = latency,
        .avg_network_latency = latency - ratio(run->waited, run->heads_left),
        .accepted_rate =
            ratio(run->flits_after - run->flits_before, (run->end - run->start) * m->nodes),
        .avg_hops = ratio(run->hops, run->born),
        .ci95 = batch_means_ci95(&run->batches, run->end),
        .p50 = hist_quantile(run->latency, 500),
        .p95 = hist_quantile(run->latency, 950),
        .max = run->latency->max,
        .p99 = hist_quantile(run->latency, 990),
        .cycles = mesh_now(m),
        .measured_cycles = run->end - run->start,
        .packets = run->arrived,
        .saturated = run->saturated,
    };
    for (unsigned r = 0; r < m->routers; r++)
        for (unsigned p = 0; p < m->ports; p++)
            result->flit_hops += mesh_link_flits(m, r, p);
}

static bool traffic_is_possible(const struct mesh_traffic *traffic, struct error *e)
{
    if (!(traffic->rate > 0 && traffic->rate <= 1))
        return error_set(e, EXIT_STATUS_USAGE,
                         "rate %g: must be above 0 and at most 1 flit a node and cycle",
                         traffic->rate);
    if (traffic->packet_flits < 1 || traffic->packet_flits > MESH_PACKET_FLITS_MAX)
        return error_set(e, EXIT_STATUS_USAGE, "packet of %u flits: must be 1 to %d",
                         traffic->packet_flits, MESH_PACKET_FLITS_MAX);
    if (!mesh_pattern_name(traffic->pattern))
        return error_set(e, EXIT_STATUS_USAGE, "traffic pattern %d is unknown",
                         (int)traffic->pattern);
    return true;
}

static bool may_go_on(const struct run *run, const struct mesh_watch *watch)
{
    static const char *const names[] = {
        [WARMUP] = "warming up", [MEASURE] = "measuring", [DRAIN] = "draining", [DONE] = "done"};
    struct mesh_progress progress = {names[run->phase], mesh_now(run->mesh), run->arrived};
    return watch == NULL || watch->go_on(watch->context, &progress);
}

bool mesh_run_traffic(const struct config *cfg, const struct mesh_traffic *traffic,
                      const struct mesh_watch *watch, struct mesh_result *result, struct error *e)
{
    if (!traffic_is_possible(traffic, e))
        return false;
    struct arena *arena = arena_create();
    struct run *run = run_create(arena, cfg, traffic);
    bool good = true;
    while (good && run->phase != DONE) {
        for (unsigned k = 0; k < LAG_CHECK_CYCLES; k++)
            run_cycle(run);
        advance_phase(run);
        good = may_go_on(run, watch);
    }
    if (good)
        report(run, result);
    else
        error_set(e, EXIT_STATUS_INTERRUPT, "interrupted at cycle %llu",
                  (unsigned long long)mesh_now(run->mesh));
    arena_destroy(arena);
    return good;
}
