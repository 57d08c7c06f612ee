/*
 * A hart's reset, and how it sleeps and wakes.  A sleeping hart costs nothing:
 * its clock stands still, and the wake charges the whole wait to its cause.
 */
#include "sim/core/hart.h"

#include "sim/core/mmu.h"
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
    h->timer_at = h->stimer_at = CYCLE_NEVER;
    h->mtimecmp = h->stimecmp = UINT64_MAX;
    h->trap_watch.instret_at_trap = UINT64_MAX;
    h->trap_watch.instret_at_return = UINT64_MAX;
    h->behind_line = UINT64_MAX;
    mmu_forget_views(h);
}

/* The addresses of watched branches are compared: their lines must keep their place. */
void hart_keep_code(const struct hart *h, struct code_table *table)
{
    code_keep(h->here);
    code_keep(h->behind);
    code_keep_record(table, h->round.watched.at);
    code_keep_record(table, h->round.other.at);
    for (unsigned k = 0; k < L1_VIEWS; k++)
        for (uint64_t set = 0; set <= h->fetch_mask; set++)
            if (h->fetch_view[k][set].line != UINT64_MAX)
                code_keep(h->fetch_view[k][set].code);
}

void hart_sleep(struct hart *h, enum hart_wait wait)
{
    h->wait = (uint8_t)wait;
    h->wait_since = h->cycle;
    hart_acts(h);
    trace_sleep(h->trace, h->id, h->cycle, wait,
                wait == WAIT_MESSAGE ? h->wait_mask : h->wait_line);
}

void hart_await_store(struct hart *h, uint64_t number)
{
    h->stores.awaited = number + 1;
    h->wait_line = store_buffer_oldest(&h->stores)->address;
    hart_sleep(h, WAIT_STORES);
}

void hart_charge_wait(struct hart *h, cycle_t now)
{
    if (now > h->cycle)
        hart_stall(h, (enum stall_cause)stall_of_wait[h->wait], now - h->cycle);
}

void hart_jumped(struct hart *h)
{
    struct arrival a = {.cycle = h->cycle,
                        .from = h->jumped_from,
                        .to = h->pc,
                        .kind = ARRIVAL_JUMP,
                        .from_priv = h->priv,
                        .to_priv = h->priv};
    h->jumped_from = 0;
    history_arrive(&h->history, &a);
}

void hart_account_mode(struct hart *h)
{
    struct mode_account *mode = &h->mode[hart_mode_index(h->priv)];
    mode->cycles += h->cycle - h->mode_mark.cycles;
    h->mode_mark.cycles = h->cycle;
    for (unsigned k = 0; k < STALLS; k++) {
        mode->stall[k] += h->stall[k] - h->mode_mark.stall[k];
        h->mode_mark.stall[k] = h->stall[k];
    }
}

struct hart_account hart_account_of(const struct hart *h, unsigned mode)
{
    const struct mode_account *m = &h->mode[mode];
    const struct polled *p = &h->polled[mode];
    struct hart_account a = {.cycles = m->cycles, .instructions = m->cycles};
    for (unsigned k = 0; k < STALLS; k++) {
        a.instructions -= m->stall[k];
        a.stall[k] = m->stall[k] - p->stall[k];
    }
    a.base = a.instructions - p->instructions;
    a.stall[STALL_polling] = p->cycles;
    return a;
}

static uint64_t at_most(uint64_t cycles, uint64_t most)
{
    return cycles < most ? cycles : most;
}

/* A miss is over: its message says what the network and memory took of it, it has passed
 * the L2, and the rest was the directory's. */
static void charge_miss(struct hart *h, cycle_t now)
{
    uint64_t left = now > h->cycle ? now - h->cycle : 0;
    uint64_t memory = at_most(h->miss_memory_cycles, left);
    uint64_t network = at_most(h->miss_network_cycles, left - memory);
    uint64_t l2 = at_most(h->cfg->l2_kib ? h->cfg->l2_cycles : 0, left - memory - network);
    hart_stall(h, STALL_l1d_memory, memory);
    hart_stall(h, STALL_l1d_network, network);
    hart_stall(h, STALL_l1d_l2, l2);
    hart_stall(h, STALL_l1d_directory, left - memory - network - l2);
}

void hart_wake(struct hart *h, cycle_t now)
{
    enum hart_wait wait = (enum hart_wait)h->wait;
    if (wait == WAIT_WORD && h->walk.active)
        hart_stall(h, STALL_walk, now > h->cycle ? now - h->cycle : 0); /* of a page table */
    else if (wait == WAIT_LINE || wait == WAIT_WORD)
        charge_miss(h, now);
    hart_charge_wait(h, now);
    h->wait = WAIT_NONE;
    h->completing = wait != WAIT_L1 && wait != WAIT_STORES && wait != WAIT_FETCH;
    if (wait == WAIT_LINE || wait == WAIT_WALK) {
        h->charge = h->cfg->l1_fill_cycles;
        h->charge_cause = wait == WAIT_LINE ? STALL_l1d_access : STALL_walk;
    }
    if (wait == WAIT_FETCH)
        hart_stall(h, STALL_fetch, h->cfg->l1_fill_cycles);
    trace_wake(h->trace, h->id, now, wait, h->pc);
}
