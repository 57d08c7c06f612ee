/*
 * Rounds: harts to their horizons, then the world to the harts.
 */
#include "sim/engine/engine.h"

#include <assert.h>
#include <string.h>

#include "sim/base/rng.h"
#include "traces/traces.h"

/* How long what is on its way at the end of a run may take to arrive. */
static const cycle_t DRAIN_CYCLES = 1000000, DRAIN_CYCLES_A_PACKET = 100000;

/* A slice of a lone hart is cut after this many cycles, so that signals and
 * limits are looked at now and then. */
static const cycle_t LONE_SLICE = 1 << 20;

/* ---- creation -------------------------------------------------------------- */

enum tile_order { ORDER_FORWARD, ORDER_REVERSE, ORDER_SHUFFLED };

/* The order in which tiles are stepped, which no result may depend on. */
static void fill_order(struct engine *e)
{
    struct rng rng = rng_stream(e->cfg->sim_seed, 0x6f72646572);
    for (unsigned i = 0; i < e->tiles; i++)
        e->order[i] = (tile_id)(e->cfg->sim_tile_order == ORDER_REVERSE ? e->tiles - 1 - i : i);
    for (unsigned i = e->tiles; e->cfg->sim_tile_order == ORDER_SHUFFLED && i > 1; i--) {
        unsigned j = rng_below(&rng, i);
        tile_id other = e->order[j];
        e->order[j] = e->order[i - 1];
        e->order[i - 1] = other;
    }
    for (unsigned i = 0; i < e->tiles; i++)
        e->place[e->order[i]] = (tile_id)i;
}

static cycle_t least(cycle_t a, cycle_t b)
{
    return a < b ? a : b;
}

/* The least time from what a home does at or after the next cycle to its effect on a
 * hart that is awake.  A look-up sends forwards and acknowledgements; a response that has
 * come to the home only ever makes it send a line to who asked for it, and who asked
 * sleeps, unless it was a store buffer or prefetching. */
static cycle_t home_lookahead(const struct engine *e)
{
    const struct config *cfg = e->cfg;
    cycle_t look_up = cfg->coherence_home_cycles + mesh_latency_min(e->mesh, 0, 0, 1);
    cycle_t line = cfg->coherence_home_occupancy_cycles +
                   mesh_latency_min(e->mesh, 0, 0, packet_line_flits(cfg));
    return 1 + (cfg->hart_store_buffer || cfg->l1d_prefetch ? least(look_up, line) : look_up);
}

/* The least time from a cause at cycle y to its effect on another hart that is
 * awake: directly, from another hart's half (its message takes a cycle or more to
 * the network); by way of something a home does at or after cycle y + 1; or by way of
 * what another hart's half answers at or after cycle y + 1.  A packet of a hart to
 * itself cuts its slice when it is posted. */
static cycle_t lookahead_of(const struct engine *e)
{
    const struct config *cfg = e->cfg;
    cycle_t leave =
        least(least(cfg->l1_miss_cycles, cfg->message_send_cycles), cfg->device_access_cycles);
    cycle_t self = mesh_latency_bound(e->mesh, 0, 0, 1), other = CYCLE_NEVER;
    unsigned beside[] = {1, cfg->mesh_concentration, cfg->mesh_width * cfg->mesh_concentration};
    for (unsigned i = 0; i < 3; i++)
        if (beside[i] < e->tiles)
            other = least(other, mesh_latency_bound(e->mesh, 0, (tile_id)beside[i], 1));
    if (other == CYCLE_NEVER)
        other = self; /* one tile */
    cycle_t direct = leave + other;
    cycle_t through_hart = 2 + other;
    return least(direct, least(home_lookahead(e), through_hart));
}

void engine_create(struct engine *e, struct arena *arena)
{
    packet_pool_create(&e->packets, arena);
    message_order_create(&e->messages, arena, e->tiles);
    e->calendar = calendar_create(arena, e->tiles);
    e->awake = arena_alloc(arena, (e->tiles + 63) / 64, sizeof *e->awake);
    e->order = arena_alloc(arena, e->tiles, sizeof *e->order);
    e->place = arena_alloc(arena, e->tiles, sizeof *e->place);
    e->inbound = arena_alloc(arena, e->tiles, sizeof *e->inbound);
    e->earliest = arena_alloc(arena, e->tiles, sizeof *e->earliest);
    e->clock = arena_alloc(arena, e->tiles, sizeof *e->clock);
    e->lookahead = lookahead_of(e);
    fill_order(e);
    for (unsigned i = 0; i < e->tiles; i++)
        e->awake[i / 64] |= UINT64_C(1) << (i % 64);
    for (unsigned i = 0; i < e->tiles; i++)
        e->earliest[i] = CYCLE_NEVER;
    e->awake_count = e->tiles;
}

/* ---- packets: the tiles' side (sim/tile/network.h) ---------------------------- */

struct packet *network_packet(struct engine *e)
{
    return packet_take(&e->packets);
}

/* Home and memory controller of one tile speak without the mesh. */
static bool stays_in_half(const struct packet *p, enum tile_half from)
{
    return from == HALF_HOME && p->to_half == HALF_HOME && p->from == p->to;
}

void network_post(struct engine *e, struct packet *p, enum tile_half from, cycle_t at)
{
    p->posted_at = at;
    p->from_half = (uint8_t)from;
    if (stays_in_half(p, from)) {
        calendar_add(e->calendar, EVENT_DELIVER, at, p->number);
        return;
    }
    if (p->kind == PACKET_MESSAGE)
        message_order_launch(&e->messages, p);
    struct hart *h = &e->hart[p->from];
    cycle_t reaction = h->cycle + e->lookahead;
    if (p->to_half == HALF_HART) {
        cycle_t arrival = at + mesh_latency_min(e->mesh, p->from, p->to, p->flits);
        e->inbound[p->to]++;
        e->earliest[p->to] = least(arrival, e->earliest[p->to]);
        if (p->to == p->from)
            reaction = least(reaction, arrival);
    }
    if (from == HALF_HART && h->until > reaction)
        h->until = reaction;
    calendar_add(e->calendar, from == HALF_HOME ? EVENT_SEND_HOME : EVENT_SEND_HART, at, p->number);
}

void network_call_back(struct engine *e, tile_id tile, cycle_t at)
{
    if (e->inbound[tile] == 1 || at < e->earliest[tile])
        e->earliest[tile] = at;
    if (e->hart[tile].until > at)
        e->hart[tile].until = at;
    calendar_add(e->calendar, EVENT_CALL_BACK, at, tile);
}

void network_set_timer(struct engine *e, tile_id tile, cycle_t at)
{
    calendar_set_timer(e->calendar, tile, at > e->now || at == CYCLE_NEVER ? at : e->now);
}

void network_woken(struct engine *e, tile_id tile)
{
    tile_id place = e->place[tile];
    e->clock[place] = e->hart[tile].cycle;
    e->least_clock = least(e->least_clock, e->clock[place]);
    e->awake[place / 64] |= UINT64_C(1) << (place % 64);
    e->awake_count++;
    calendar_set_timer(e->calendar, tile, CYCLE_NEVER);
}

/* ---- harts ---------------------------------------------------------------------- */

static void fall_asleep(struct engine *e, unsigned place)
{
    e->awake[place / 64] &= ~(UINT64_C(1) << (place % 64));
    e->awake_count--;
    e->clock[place] = CYCLE_NEVER;
    tile_asleep(&e->tile[e->order[place]]);
}

/* Has the guest ended the run before the limit did? */
static bool guest_has_ended(const struct engine *e)
{
    return e->htif->end != HTIF_RUNS && e->htif->end_cycle < e->end_at;
}

/* Where all harts stop: an end before the limit has its full course, so that the
 * limit does not show. */
static cycle_t stop_of(const struct engine *e)
{
    return guest_has_ended(e) ? e->htif->stop_at : e->end_at;
}

static bool nothing_on_its_way(const struct engine *e)
{
    return e->packets.in_use == 0;
}

/* Harts at the next places will run soon: first the lines of their state are asked
 * for, then, once these are there, what the state points to. */
enum { PREFETCH_STATE = 5, PREFETCH_NEAR = 2 };

static inline void prefetch_ahead(const struct engine *e, unsigned place)
{
    if (place + PREFETCH_STATE < e->tiles)
        hart_prefetch_state(&e->hart[e->order[place + PREFETCH_STATE]]);
    if (place + PREFETCH_NEAR < e->tiles)
        hart_prefetch_near(&e->hart[e->order[place + PREFETCH_NEAR]]);
}

/* Runs this hart until `common`, or until something on its way may reach it.
 * Returns its clock, CYCLE_NEVER when it has fallen asleep. */
static inline cycle_t run_hart(struct engine *e, unsigned place, cycle_t common)
{
    tile_id tile = e->order[place];
    struct hart *h = &e->hart[tile];
    cycle_t arrival = e->earliest[tile] > e->now ? e->earliest[tile] : e->now;
    cycle_t until = least(common, arrival);
    if (e->clock[place] >= until)
        return e->clock[place];
    assert(h->cycle == e->clock[place]);
    hart_run(h, until);
    if (h->wait != WAIT_NONE)
        fall_asleep(e, place);
    else
        e->clock[place] = h->cycle;
    return e->clock[place];
}

static void run_harts(struct engine *e)
{
    bool lone = e->awake_count == 1 && !e->htif->watched && nothing_on_its_way(e) &&
                calendar_timer_at(e->calendar) == CYCLE_NEVER;
    cycle_t first = least(e->least_clock + 1, e->now); /* in which the world may still act */
    cycle_t common = lone ? e->least_clock + LONE_SLICE : first + e->lookahead - 1;
    cycle_t after = CYCLE_NEVER;
    common = least(common, least(least(stop_of(e), e->pause_at), e->htif->serve_at));
    for (unsigned w = 0; w < (e->tiles + 63) / 64; w++) {
        for (uint64_t bits = e->awake[w]; bits; bits &= bits - 1) {
            unsigned place = w * 64 + (unsigned)__builtin_ctzll(bits);
            prefetch_ahead(e, place);
            after = least(after, run_hart(e, place, common));
        }
    }
    e->least_clock = after;
}

/* ---- the world ------------------------------------------------------------------- */

/* What a packet is about, for the trace: a line, a label, an endpoint, an address. */
static uint64_t subject_of(const struct packet *p)
{
    switch ((enum packet_kind)p->kind) {
    case PACKET_COHERENCE:
        return p->coherence.line;
    case PACKET_MESSAGE:
        return p->message.label;
    case PACKET_CREDIT:
    case PACKET_REFUSED:
        return p->message.endpoint;
    default:
        return p->device.address;
    }
}

static void trace_passage(struct engine *e, const struct packet *p, enum trace_kind kind)
{
    struct trace *trace = e->hart->trace;
    if (!trace)
        return;
    unsigned type = p->kind == PACKET_COHERENCE ? p->coherence.type : (unsigned)COH_TYPES + p->kind;
    bool sent = kind == TRACE_SENT;
    trace_packet(trace, sent ? p->from : p->to, e->now, kind, type, sent ? p->to : p->from,
                 p->flits, subject_of(p));
}

/* What a packet's way through the mesh took; none between the parts of one half. */
static uint32_t network_cycles(const struct packet *p, cycle_t now)
{
    bool inside = p->from == p->to && p->to_half == HALF_HOME && p->from_half == HALF_HOME;
    return inside ? 0 : (uint32_t)(now - p->posted_at);
}

static void receive(struct engine *e, struct packet *p)
{
    trace_passage(e, p, TRACE_RECEIVED);
    if (p->to_half == HALF_HART)
        e->earliest[p->to] = --e->inbound[p->to] ? e->now /* the others' own bounds are not kept */
                                                 : CYCLE_NEVER;
    if (p->kind == PACKET_COHERENCE)
        p->coherence.network_cycles += network_cycles(p, e->now);
    tile_receive(&e->tile[p->to], p, e->now);
    packet_return(&e->packets, p);
}

/* A packet has left the mesh. */
static void arrive(struct engine *e, struct packet *p)
{
    if (!reservation_holds(&e->tile[p->to], p, e->now))
        receive(e, p);
}

static void call_back(struct engine *e, tile_id tile)
{
    struct packet *p = reservation_release(&e->tile[tile], e->now);
    if (p)
        receive(e, p);
}

static void send(struct engine *e, const struct packet *p)
{
    trace_passage(e, p, TRACE_SENT);
    mesh_send(e->mesh, p->from, p->to, p->vnet, p->flits, p->number);
}

/* A message waits for its predecessors, then spends some cycles in the message
 * unit before it can be seen. */
static void message_arrived(struct engine *e, struct packet *arrived)
{
    cycle_t visible = e->now + e->cfg->message_receive_cycles;
    for (struct packet *p = message_order_arrive(&e->messages, arrived); p; p = p->next)
        calendar_add(e->calendar, EVENT_DELIVER, visible, p->number);
}

/* The mesh has failed the chip: nobody on it can mend that, so the run ends, where
 * no hart can have passed. */
static void mesh_failed(struct engine *e)
{
    if (!e->mesh_failed_at) {
        e->mesh_failed_at = e->now;
        e->end_at = least(e->end_at, e->now + e->lookahead);
    }
}

/* A packet is lost, or damaged: in silicon an end-to-end check would have refused it. */
static void packet_failed(struct engine *e, const struct packet *p)
{
    if (e->packets_failed++ == 0) {
        e->failed_from = p->from;
        e->failed_to = p->to;
    }
    mesh_failed(e);
}

static void look_at_mesh(struct engine *e)
{
    const struct mesh_notice *notice;
    unsigned notices = mesh_notices(e->mesh, &notice);
    for (unsigned i = 0; i < notices; i++)
        if (notice[i].kind == MESH_LOST)
            packet_failed(e, packet_at(&e->packets, notice[i].payload));
    if (mesh_is_deadlocked(e->mesh))
        mesh_failed(e);
}

static void simulate_cycle(struct engine *e)
{
    uint32_t number;
    if (e->htif->serve_at <= e->now)
        htif_serve(e->htif, e->tile, e->now);
    while (calendar_timer_at(e->calendar) <= e->now)
        tile_timer(&e->tile[calendar_take_timer(e->calendar)], e->now);
    while (calendar_take(e->calendar, EVENT_CALL_BACK, e->now, &number))
        call_back(e, (tile_id)number);
    while (calendar_take(e->calendar, EVENT_DELIVER, e->now, &number))
        receive(e, packet_at(&e->packets, number));
    while (calendar_take(e->calendar, EVENT_SEND_HOME, e->now, &number))
        send(e, packet_at(&e->packets, number));
    while (calendar_take(e->calendar, EVENT_SEND_HART, e->now, &number))
        send(e, packet_at(&e->packets, number));
    const struct mesh_arrival *arrival;
    unsigned arrivals = mesh_step(e->mesh, &arrival);
    for (unsigned i = 0; i < arrivals; i++) {
        struct packet *p = packet_at(&e->packets, arrival[i].payload);
        if (arrival[i].corrupt)
            packet_failed(e, p);
        if (p->kind == PACKET_MESSAGE)
            message_arrived(e, p);
        else
            arrive(e, p);
    }
    look_at_mesh(e);
    e->now++;
}

/* The next cycle at which the world has anything to do. */
static cycle_t next_cycle(struct engine *e)
{
    if (!mesh_is_idle(e->mesh))
        return e->now;
    return least(least(calendar_next(e->calendar, e->now), calendar_timer_at(e->calendar)),
                 e->htif->serve_at);
}

/* Simulates the world up to and including cycle `last`, or until a hart wakes or the mesh
 * has failed. */
static void run_world(struct engine *e, cycle_t last)
{
    unsigned awake = e->awake_count;
    cycle_t failed = e->mesh_failed_at;
    while (e->now <= last && e->awake_count == awake && e->mesh_failed_at == failed) {
        cycle_t next = next_cycle(e);
        if (next == CYCLE_NEVER && awake == 0)
            return;
        next = least(next, last + 1);
        if (next > e->now) {
            e->now = next;
            mesh_skip_to(e->mesh, next);
        }
        if (next <= last)
            simulate_cycle(e);
    }
}

bool engine_is_still(struct engine *e)
{
    return e->awake_count == 0 && next_cycle(e) == CYCLE_NEVER;
}

/* ---- rounds ------------------------------------------------------------------------ */

cycle_t engine_safe_cycle(const struct engine *e)
{
    return least(e->now, e->least_clock);
}

/* The stop has come: the guest's end or the limit. */
static enum engine_state end_at_stop(const struct engine *e)
{
    if (guest_has_ended(e))
        return ENGINE_ENDED;
    return e->mesh_failed_at ? ENGINE_MESH_FAILED : ENGINE_LIMIT;
}

static enum engine_state state_of(const struct engine *e, cycle_t stop)
{
    if (e->cfg->sim_check && coherence_violation(e->coherence))
        return ENGINE_VIOLATION;
    if (e->now < least(stop, e->pause_at) || e->least_clock < least(stop, e->pause_at))
        return ENGINE_RUNS;
    return stop <= e->pause_at ? end_at_stop(e) : ENGINE_PAUSED;
}

/* Everyone sleeps and nothing will happen by itself.  If there is a pause, somebody
 * outside may do something then, and time passes; otherwise nothing will happen
 * before the stop, or it is a deadlock since the last hart fell asleep.  How far
 * the world had come by then is chance. */
static enum engine_state stand_still(struct engine *e, cycle_t stop)
{
    if (e->pause_at != CYCLE_NEVER) {
        e->now = least(stop, e->pause_at);
        mesh_skip_to(e->mesh, e->now);
        return state_of(e, stop);
    }
    if (e->htif->end != HTIF_RUNS || e->mesh_failed_at) {
        e->now = stop;
        return end_at_stop(e);
    }
    e->now = 0;
    for (unsigned i = 0; i < e->tiles; i++)
        e->now = e->hart[i].cycle > e->now ? e->hart[i].cycle : e->now;
    return ENGINE_DEADLOCK;
}

/* What is found after this round has happened at `safe` or later, and ends the run
 * `lookahead` cycles behind that: so far the world may go before it is looked for. */
static cycle_t last_before_judgement(const struct engine *e, cycle_t safe)
{
    return e->htif->watched ? safe + e->lookahead - 1 : CYCLE_NEVER;
}

enum engine_state engine_round(struct engine *e)
{
    cycle_t safe = engine_safe_cycle(e);
    if (e->awake_count)
        run_harts(e);
    cycle_t stop = stop_of(e);
    cycle_t last = least(e->least_clock, least(stop, e->pause_at) - 1);
    last = least(last, last_before_judgement(e, safe));
    cycle_t before = e->now;
    run_world(e, last);
    if (e->now == before && engine_is_still(e))
        return stand_still(e, stop);
    return state_of(e, stop);
}

/* ---- after the run ------------------------------------------------------------------- */

/* False: some packet never arrives. */
static bool drain(struct engine *e)
{
    cycle_t last = e->now + DRAIN_CYCLES + DRAIN_CYCLES_A_PACKET * e->packets.in_use;
    while (e->packets.in_use) {
        cycle_t next = next_cycle(e);
        if (next > last)
            return false;
        if (next > e->now)
            mesh_skip_to(e->mesh, next);
        e->now = next;
        simulate_cycle(e);
    }
    return true;
}

static bool stores_are_left(const struct engine *e)
{
    for (unsigned i = 0; i < e->tiles; i++)
        if (!store_buffer_is_empty(&e->hart[i].stores))
            return true;
    return false;
}

/* Nobody asks for anything any more. */
static void dismiss_harts(struct engine *e)
{
    e->htif->requests = 0;
    e->htif->serve_at = CYCLE_NEVER;
    for (unsigned i = 0; i < e->tiles; i++) {
        e->tile[i].external = NULL;
        e->hart[i].trace = NULL;
        calendar_set_timer(e->calendar, (tile_id)i, CYCLE_NEVER);
    }
}

const char *engine_check_quiet(struct engine *e)
{
    cycle_t end = e->now;
    struct hart *harts = mem_alloc(e->tiles * sizeof *harts);
    memcpy(harts, e->hart, e->tiles * sizeof *harts);
    dismiss_harts(e);
    const char *fault = drain(e) ? coherence_check_quiet(e->coherence) : "a packet never arrives";
    if (!fault && stores_are_left(e))
        fault = "a store never leaves its store buffer";
    if (coherence_violation(e->coherence))
        fault = coherence_violation(e->coherence);
    memcpy(e->hart, harts, e->tiles * sizeof *harts);
    mem_free(harts);
    e->now = end;
    return fault;
}
