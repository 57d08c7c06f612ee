/*
 * Where a mesh saturates.
 *
 * pace.c says which load is carried.  The loads are bisected until the interval
 * between one that is and one that is not is narrower than 0.5 %.
 */
#include "mesh/load.h"
#include "mesh/general.h"

enum { WIDTH_PERMILLE = 5 };

struct search {
    const struct config *cfg;
    struct mesh_traffic traffic;
    const struct mesh_watch *watch;
    struct mesh_saturation *found;
    cycle_t cycles; /* of the probes so far */
};

static bool may_go_on(const struct search *s, const struct load *load, struct error *e)
{
    cycle_t cycle = mesh_now(load->mesh);
    if (!load_is_alive(load, s->watch ? s->watch->report : NULL, e))
        return false;
    struct mesh_progress progress = {"searching", s->cycles + cycle, s->found->probes};
    if (s->watch == NULL || s->watch->go_on(s->watch->context, &progress))
        return true;
    return error_set(e, EXIT_STATUS_INTERRUPT, "interrupted at a rate of %g", s->traffic.rate);
}

static bool probe_load(const struct search *s, struct load *load, bool *carried, struct error *e)
{
    uint64_t flits = 0;
    while (load->pace.verdict == PACE_OPEN) {
        struct load_state state;
        if (mesh_now(load->mesh) == PACE_START)
            flits = flits_arrived(load->mesh);
        for (unsigned k = 0; k < MEASURE_EVERY; k++)
            load_cycle(load);
        load_look(load, &state);
        if (!may_go_on(s, load, e))
            return false;
    }
    *carried = load->pace.verdict == PACE_KEPT;
    if (*carried) {
        s->found->worst_share = 1 - (double)load->pace.worst_lag / (PACE_END - PACE_START);
        s->found->accepted_rate = (double)(flits_arrived(load->mesh) - flits) /
                                  ((double)load->mesh->nodes * (PACE_END - PACE_START));
    }
    return true;
}

static bool probe(struct search *s, double rate, bool *carried, struct error *e)
{
    struct arena *arena = arena_create();
    s->traffic.rate = rate;
    struct load *load = load_create(arena, s->cfg, &s->traffic, e);
    bool good = load && probe_load(s, load, carried, e);
    s->found->probes++;
    s->cycles += load ? mesh_now(load->mesh) : 0;
    arena_destroy(arena);
    return good;
}

static bool narrow(struct search *s, double *low, double *high, struct error *e)
{
    bool carried;
    double rate = (*low + *high) / 2;
    if (!probe(s, rate, &carried, e))
        return false;
    *(carried ? low : high) = rate;
    return true;
}

bool mesh_find_saturation(const struct config *cfg, const struct mesh_traffic *traffic,
                          const struct mesh_watch *watch, struct mesh_saturation *found,
                          struct error *e)
{
    struct search s = {.cfg = cfg, .traffic = *traffic, .watch = watch, .found = found};
    double low = 0, high = injection_rate_max(traffic);
    bool carried;
    *found = (struct mesh_saturation){0};
    if (traffic->window || traffic->replay)
        return error_set(
            e, EXIT_STATUS_USAGE,
            "only an open loop saturates; a closed loop and a replay wait for the mesh");
    if (!probe(&s, high, &carried, e))
        return false;
    while (!carried && (high - low) * 1000 > high * WIDTH_PERMILLE)
        if (!narrow(&s, &low, &high, e))
            return false;
    found->carried_rate = carried ? high : low;
    found->refused_rate = carried ? 0 : high;
    return true;
}
