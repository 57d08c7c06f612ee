/*
 * One run of standalone traffic: cycles of a load, and every 1,024 of them a
 * look of the meter, which decides how the run goes on.
 */
#include "mesh/traffic.h"

#include "mesh/load.h"

static bool may_go_on(const struct load *load, const struct mesh_watch *watch, struct error *e)
{
    static const char *const names[] = {
        [WARMUP] = "warming up", [MEASURE] = "measuring", [DRAIN] = "draining", [DONE] = "done"};
    struct mesh_progress progress = {names[load->meter.phase], mesh_now(load->mesh),
                                     load->meter.latency->count};
    if (watch == NULL || watch->go_on(watch->context, &progress))
        return true;
    return error_set(e, EXIT_STATUS_INTERRUPT, "interrupted at cycle %llu",
                     (unsigned long long)progress.cycle);
}

static bool run_phases(struct load *load, const struct mesh_watch *watch, struct error *e)
{
    while (load->meter.phase != DONE) {
        struct load_state state;
        for (unsigned k = 0; k < MEASURE_EVERY && !load->finished; k++)
            load_cycle(load);
        load_look(load, &state);
        meter_look(&load->meter, &state);
        if (!load_is_alive(load, watch ? watch->report : NULL, e) || !may_go_on(load, watch, e))
            return false;
    }
    return true;
}

bool mesh_run_traffic(const struct config *cfg, const struct mesh_traffic *traffic,
                      const struct mesh_watch *watch, struct mesh_result *result, struct error *e)
{
    struct arena *arena = arena_create();
    struct load *load = load_create(arena, cfg, traffic, e);
    bool good = load && run_phases(load, watch, e);
    if (good)
        meter_report(&load->meter, result);
    if (good && watch && watch->ended)
        watch->ended(watch->context, load->mesh);
    arena_destroy(arena);
    return good;
}
