/*
 * From a description of traffic to a load on a mesh, and one cycle of it: what
 * is due is handed over, the mesh steps, and the load is told what has left its
 * sources and what has arrived.
 *
 *      load ----- packets -----> mesh
 *       ^ |                        |
 *       | +-- sent, left, arrived  |
 *       |        v                 |
 *       |      meter -> result     |
 *       +--- departures, arrivals -+
 */
#include "mesh/load.h"

/* ---- one cycle ---------------------------------------------------------- */

void load_cycle(struct load *load)
{
    const struct load_kind *kind = load->kind;
    const struct mesh_arrival *arrival;
    struct mesh *m = load->mesh;
    kind->send(load, mesh_now(m));
    cycle_t now = mesh_now(m);
    unsigned arrivals = mesh_step(m, &arrival);
    for (unsigned k = 0; k < m->departures; k++)
        kind->left(load, &m->departure[k], now);
    for (unsigned k = 0; k < arrivals; k++)
        kind->arrived(load, &arrival[k], now);
    const struct mesh_notice *notice;
    unsigned notices = mesh_notices(m, &notice);
    for (unsigned k = 0; k < notices; k++)
        kind->lost(load, &notice[k], now);
}

void load_look(struct load *load, struct load_state *state)
{
    load->kind->state(load, state);
    pace_look(&load->pace, mesh_now(load->mesh), state->lag);
}

bool load_is_alive(const struct load *load, FILE *report, struct error *e)
{
    if (!mesh_is_deadlocked(load->mesh))
        return true;
    if (report)
        mesh_find_deadlock(load->mesh, report);
    return error_set(e, EXIT_STATUS_DEADLOCK, "deadlock of the mesh at cycle %llu",
                     (unsigned long long)mesh_now(load->mesh));
}

/* ---- from a description to a load --------------------------------------- */

static bool prepare_replay(struct load *load, const struct config *cfg, struct arena *arena,
                           struct error *e)
{
    unsigned nodes = cfg->mesh_width * cfg->mesh_height * cfg->mesh_concentration;
    load->kind = &load_replay;
    load->replay = replay_read(load->traffic->replay, nodes, arena, e);
    return load->replay != NULL;
}

static bool check_window(const struct mesh_traffic *t, struct error *e)
{
    if (t->window > MESH_WINDOW_MAX)
        return error_set(e, EXIT_STATUS_USAGE, "window of %u requests: must be 1 to %d", t->window,
                         MESH_WINDOW_MAX);
    if (t->window && (t->reply_flits < 1 || t->reply_flits > MESH_PACKET_FLITS_MAX))
        return error_set(e, EXIT_STATUS_USAGE, "reply of %u flits: must be 1 to %d", t->reply_flits,
                         MESH_PACKET_FLITS_MAX);
    return true;
}

static bool prepare_births(struct load *load, const struct config *cfg, struct error *e)
{
    load->kind = load->traffic->window ? &load_closed_loop : &load_open_loop;
    return check_window(load->traffic, e) && pattern_init(&load->pattern, cfg, load->traffic, e) &&
           injection_init(&load->injection, load->traffic, e);
}

static unsigned flits_max(const struct load *load)
{
    unsigned flits =
        load->kind == &load_replay ? replay_flits_max(load->replay) : load->injection.flits_max;
    return load->traffic->window && load->traffic->reply_flits > flits ? load->traffic->reply_flits
                                                                       : flits;
}

static unsigned vnets_of(const struct load *load)
{
    if (load->kind == &load_replay)
        return replay_vnets(load->replay);
    if (load->kind == &load_open_loop && load->traffic->vnets)
        return load->traffic->vnets;
    return load->kind->vnets;
}

struct load *load_create(struct arena *arena, const struct config *cfg,
                         const struct mesh_traffic *traffic, struct error *e)
{
    bool whole = traffic->replay != NULL;
    struct load *load = arena_alloc(arena, 1, sizeof *load);
    load->traffic = traffic;
    if (!(whole ? prepare_replay(load, cfg, arena, e) : prepare_births(load, cfg, e)))
        return NULL;
    load->mesh = mesh_create(arena, cfg, vnets_of(load));
    sources_listen(load->mesh, arena);
    wheel_create(&load->wheel, arena, load->mesh->nodes);
    pace_init(&load->pace, arena, load->mesh->nodes, !whole && pattern_is_alike(&load->pattern));
    meter_init(&load->meter, load->mesh, arena, traffic, flits_max(load), whole);
    load->meter.pace = &load->pace;
    load->kind->start(load, arena);
    return load;
}
