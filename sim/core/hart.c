/*
 * A hart's reset, and how it sleeps and wakes.  A sleeping hart costs nothing:
 * its clock stands still, and the wake charges the whole wait to its cause.
 */
#include "sim/core/hart.h"

#include "traces/traces.h"

static const uint8_t stall_of_wait[WAITS] = {
#define WAIT(name, what, cause) [WAIT_##name] = cause,
    HART_WAITS(WAIT)
#undef WAIT
};

const char *const hart_wait_names[WAITS] = {
#define WAIT(name, what, cause) [WAIT_##name] = what,
    HART_WAITS(WAIT)
#undef WAIT
};

void hart_reset(struct hart *h, tile_id id, uint64_t pc, uint64_t bootinfo)
{
    h->id = id;
    h->pc = pc;
    h->priv = PRIV_M;
    h->x[10] = id;
    h->x[11] = bootinfo;
    h->timer_at = CYCLE_NEVER;
    h->instret_at_trap = UINT64_MAX;
    for (uint64_t set = 0; set <= h->fetch_mask; set++)
        h->fetch[set].line = UINT64_MAX;
}

void hart_sleep(struct hart *h, enum hart_wait wait)
{
    h->wait = (uint8_t)wait;
    h->wait_since = h->cycle;
    trace_sleep(h->trace, h->id, h->cycle, wait,
                wait == WAIT_MESSAGE ? h->wait_mask : h->wait_line);
}

void hart_charge_wait(struct hart *h, cycle_t now)
{
    if (now > h->cycle)
        hart_stall(h, (enum stall_cause)stall_of_wait[h->wait], now - h->cycle);
}

void hart_wake(struct hart *h, cycle_t now)
{
    enum hart_wait wait = (enum hart_wait)h->wait;
    hart_charge_wait(h, now);
    h->wait = WAIT_NONE;
    h->completing = wait != WAIT_L1 && wait != WAIT_FETCH;
    if (wait == WAIT_LINE)
        h->charge = h->cfg->l1_fill_cycles;
    if (wait == WAIT_FETCH)
        hart_stall(h, STALL_fetch, h->cfg->l1_fill_cycles);
    trace_wake(h->trace, h->id, now, wait, h->pc);
}
