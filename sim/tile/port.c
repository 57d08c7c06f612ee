/*
 * The slow side of every access of a hart: L1 misses, devices, atomics, and
 * fetches that the most recently used lines do not answer.  Each function runs
 * at the hart's issue cycle.  A hart that is put to sleep executes the same
 * instruction again when it wakes.
 */
#include "sim/core/port.h"

#include <string.h>

#include "sim/tile/htif.h"
#include "sim/tile/tile.h"
#include "traces/traces.h"

static enum port_result sleep_for(struct hart *h, enum hart_wait wait, uint64_t address)
{
    h->wait_line = address;
    hart_sleep(h, wait);
    return PORT_WAIT;
}

/* The line is in the window, with the permission that `op` needs. */
static enum port_result hold_line(struct hart *h, uint64_t address, enum l1_op op)
{
    struct tile *t = h->tile;
    enum l1_answer answer = l1_access(t->l1, line_of(address), op, t->out);
    tile_post_messages(t, HALF_HART, h->cycle);
    switch (answer) {
    case L1_READY:
        return PORT_DONE;
    case L1_MISS:
        trace_miss(h->trace, h->id, h->cycle, TRACE_MISS, op == L1_LOAD ? TRACE_LOAD : TRACE_STORE,
                   line_of(address));
        return sleep_for(h, WAIT_LINE, address);
    case L1_BUSY:
        return sleep_for(h, WAIT_L1, address);
    }
    return PORT_FAULT;
}

static uint8_t *cell_of(struct hart *h, uint64_t address)
{
    const struct l1_window *w = h->window;
    return &w->data[address & ((w->set_mask << LINE_SHIFT) | (LINE_BYTES - 1))];
}

/* ---- devices ---------------------------------------------------------------- */

static enum port_result device_remote(struct hart *h, tile_id owner, enum packet_kind kind,
                                      const struct device_access *access)
{
    struct packet *p = network_packet(h->tile->engine);
    p->kind = (uint8_t)kind;
    p->vnet = VNET_REQUEST;
    p->flits = 1;
    p->to_half = HALF_HART;
    p->from = h->id;
    p->to = owner;
    p->device = *access;
    network_post(h->tile->engine, p, HALF_HART, h->cycle + h->cfg->device_access_cycles);
    return sleep_for(h, WAIT_DEVICE, access->address);
}

/* True when the access that slept has been answered. */
static bool device_answered(struct hart *h, uint64_t *value)
{
    if (!h->device_done)
        return false;
    h->device_done = false;
    *value = h->device_value;
    return true;
}

/* Measuring must not disturb: the simulation-control and boot-information pages
 * answer in the access's own cycle. */
static bool is_free_of_cost(paddr_t address)
{
    return address < MAP_MSIP_BASE;
}

static void device_cost(struct hart *h, uint64_t address)
{
    if (!is_free_of_cost(address))
        hart_stall(h, STALL_device, h->cfg->device_access_cycles - 1);
}

static enum port_result device_load(struct hart *h, uint64_t address, unsigned bytes,
                                    uint64_t *value, enum trap_cause *cause)
{
    tile_id owner;
    if (device_answered(h, value))
        return PORT_DONE;
    *cause = CAUSE_LOAD_ACCESS;
    if (!device_owner(h->tile, address, bytes, &owner))
        return PORT_FAULT;
    if (owner != h->id) {
        struct device_access access = {.address = address, .bytes = (uint8_t)bytes};
        return device_remote(h, owner, PACKET_DEVICE_READ, &access);
    }
    if (!device_read(h->tile, address, bytes, h->cycle, value))
        return PORT_FAULT;
    device_cost(h, address);
    return PORT_DONE;
}

static enum port_result device_store(struct hart *h, uint64_t address, unsigned bytes,
                                     uint64_t value, enum trap_cause *cause)
{
    tile_id owner;
    uint64_t ignored;
    if (device_answered(h, &ignored))
        return PORT_DONE;
    *cause = CAUSE_STORE_ACCESS;
    if (!device_owner(h->tile, address, bytes, &owner))
        return PORT_FAULT;
    if (owner != h->id) {
        struct device_access access = {address, value, (uint8_t)bytes};
        return device_remote(h, owner, PACKET_DEVICE_WRITE, &access);
    }
    if (!device_write(h->tile, address, bytes, value, h->cycle))
        return PORT_FAULT;
    device_cost(h, address);
    return PORT_DONE;
}

/* ---- memory ------------------------------------------------------------------ */

enum port_result port_load(struct hart *h, uint64_t address, unsigned bytes, uint64_t *value,
                           enum trap_cause *cause)
{
    *cause = CAUSE_LOAD_MISALIGNED;
    if (address & (bytes - 1))
        return PORT_FAULT;
    if (!coherence_has(h->tile->coherence, address))
        return device_load(h, address, bytes, value, cause);
    enum port_result result = hold_line(h, address, L1_LOAD);
    if (result == PORT_DONE) {
        *value = 0;
        memcpy(value, cell_of(h, address), bytes);
        l1_checked_load(h->tile->l1, address, bytes, *value);
    }
    return result;
}

/* What everyone who watches stores must hear of. */
static void stored(struct hart *h, uint64_t address, unsigned bytes, uint64_t value)
{
    l1_checked_store(h->tile->l1, address, bytes, value);
    htif_stored(h->tile, address, value);
}

enum port_result port_store(struct hart *h, uint64_t address, unsigned bytes, uint64_t value,
                            enum trap_cause *cause)
{
    *cause = CAUSE_STORE_MISALIGNED;
    if (address & (bytes - 1))
        return PORT_FAULT;
    if (!coherence_has(h->tile->coherence, address))
        return device_store(h, address, bytes, value, cause);
    enum port_result result = hold_line(h, address, L1_STORE);
    if (result == PORT_DONE) {
        memcpy(cell_of(h, address), &value, bytes);
        stored(h, address, bytes, value);
    }
    return result;
}

/* Atomics work on DRAM only. */
enum port_result port_atomic(struct hart *h, uint64_t address, unsigned bytes, uint8_t **cell,
                             enum trap_cause *cause)
{
    *cause = CAUSE_STORE_MISALIGNED;
    if (address & (bytes - 1))
        return PORT_FAULT;
    *cause = CAUSE_STORE_ACCESS;
    if (!coherence_has(h->tile->coherence, address))
        return PORT_FAULT;
    enum port_result result = hold_line(h, address, L1_STORE);
    *cell = cell_of(h, address);
    return result;
}

void port_atomic_written(struct hart *h, uint64_t address, unsigned bytes, const uint8_t *cell)
{
    uint64_t value = 0;
    memcpy(&value, cell, bytes);
    stored(h, address, bytes, value);
}

void port_reserve(struct hart *h, uint64_t address)
{
    l1_reserve(h->tile->l1, line_of(address));
}

bool port_is_reserved(const struct hart *h, uint64_t address)
{
    return l1_is_reserved(h->tile->l1, line_of(address));
}

void port_unreserve(struct hart *h)
{
    l1_reserve(h->tile->l1, UINT64_MAX);
}

/* ---- instructions --------------------------------------------------------------- */

enum port_result port_fetch(struct hart *h, uint64_t pc, struct code_line **code)
{
    struct tile *t = h->tile;
    paddr_t line = line_of(pc);
    if (!coherence_has(t->coherence, pc))
        return PORT_FAULT;
    int index = icache_access(t->icache, line, t->out);
    tile_post_messages(t, HALF_HART, h->cycle);
    if (index < 0) {
        trace_miss(h->trace, h->id, h->cycle, TRACE_MISS, TRACE_FETCH, line);
        return sleep_for(h, WAIT_FETCH, pc);
    }
    struct fetch_entry *entry = &h->fetch[(pc >> LINE_SHIFT) & h->fetch_mask];
    entry->line = line;
    entry->code = *code = code_intern(t->code, icache_data(t->icache, index));
    return PORT_DONE;
}

void port_fence_i(struct hart *h)
{
    icache_flush(h->tile->icache);
    for (uint64_t set = 0; set <= h->fetch_mask; set++)
        h->fetch[set].line = UINT64_MAX;
}

void port_trap_loop(struct hart *h)
{
    htif_trap_loop(h->tile);
}
