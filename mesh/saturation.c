/*
 * Where a mesh saturates.
 *
 * A load is carried when the sources keep up with their births: between cycle
 * 32,768 and cycle 65,536 of a run that began empty, the birth of the packet that
 * a source is sending may fall behind the clock by at most 2.5 % of that time,
 * in the mean over the sources.  Put differently, 97.5 % of what is offered is
 * accepted.
 *
 *   births behind the clock                       . more than 2.5 %: not carried
 *        ^                                   . '
 *        |                              . '
 *        |           warming up    . '________--- less: carried
 *        +------------------------+-----------------------> cycle
 *                                 32,768             65,536
 *
 * Just above the greatest load that is carried for ever, the backlog grows so
 * slowly that no run of a bounded length shows it; the allowance is what makes
 * the answer repeat from seed to seed within the width of the last interval.
 * The loads are bisected until it is narrower than 0.5 %.
 */
#include "mesh/load.h"

enum {
    PROBE_START = 1 << 15,
    PROBE_END = 1 << 16,
    HOPELESS_AT = 1 << 13, /* here it is already clear that a load far above is not carried */
    HOPELESS_PERMILLE = 150,
    ALLOWED_PERMILLE = 25,
    WIDTH_PERMILLE = 5
};

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

static uint64_t lag_of(const struct load *load)
{
    struct load_state state;
    load->kind->state(load, &state);
    return state.lag;
}

/* Runs on up to cycle `until`. */
static bool advance(const struct search *s, struct load *load, cycle_t until, struct error *e)
{
    while (mesh_now(load->mesh) < until) {
        load_cycle(load);
        if (mesh_now(load->mesh) % MEASURE_EVERY == 0 && !may_go_on(s, load, e))
            return false;
    }
    return true;
}

static bool probe_load(const struct search *s, struct load *load, bool *carried, struct error *e)
{
    uint64_t nodes = load->mesh->nodes, before, flits;
    *carried = false;
    if (!advance(s, load, HOPELESS_AT, e))
        return false;
    if (lag_of(load) > nodes * HOPELESS_AT * HOPELESS_PERMILLE / 1000)
        return true;
    if (!advance(s, load, PROBE_START, e))
        return false;
    before = lag_of(load);
    flits = load->mesh->flits_delivered;
    if (!advance(s, load, PROBE_END, e))
        return false;
    uint64_t after = lag_of(load), time = nodes * (PROBE_END - PROBE_START);
    *carried = after < before || (after - before) * 1000 <= time * ALLOWED_PERMILLE;
    if (*carried)
        s->found->accepted_rate = (double)(load->mesh->flits_delivered - flits) / (double)time;
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
