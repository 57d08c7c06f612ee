/*
 * The slow side of every access of a hart: L1 misses, devices, atomics, and
 * fetches that the most recently used lines do not answer.  Each function runs
 * at the hart's issue cycle.  A hart that is put to sleep executes the same
 * instruction again when it wakes.
 */
#include "sim/core/port.h"

#include <string.h>

#include "sim/core/mmu.h"
#include "sim/tile/htif.h"
#include "sim/tile/stores.h"
#include "sim/tile/tile.h"
#include "traces/traces.h"

static enum port_result sleep_for(struct hart *h, enum hart_wait wait, uint64_t address)
{
    h->wait_line = address;
    hart_sleep(h, wait);
    return PORT_WAIT;
}

/* The physical line is in the window, with the permission that `op` needs. */
static enum port_result hold_line(struct hart *h, paddr_t physical, enum l1_op op,
                                  enum hart_wait wait)
{
    struct tile *t = h->tile;
    t->out->network_cycles = t->out->memory_cycles = 0;
    enum l1_answer answer = l1_access(t->l1, line_of(physical), op, t->out);
    tile_post_messages(t, HALF_HART, h->cycle);
    switch (answer) {
    case L1_READY:
        return PORT_DONE;
    case L1_MISS:
        h->l1d_misses++;
        trace_miss(h->trace, h->id, h->cycle, TRACE_MISS, op == L1_LOAD ? TRACE_LOAD : TRACE_STORE,
                   line_of(physical));
        return sleep_for(h, wait, physical);
    case L1_BUSY:
        return sleep_for(h, WAIT_L1, physical);
    }
    return PORT_FAULT;
}

/* ---- views -------------------------------------------------------------------- */

/* Virtual and physical address select the same set, so that a view can be indexed
 * by the one and hold data of the other. */
static bool same_index(const struct hart *h, uint64_t address, paddr_t physical)
{
    return !((address ^ physical) >> LINE_SHIFT & h->set_mask);
}

/* Remembers that this line may be read (and written) at this address without
 * asking again, if all of it may. */
static void remember_line(struct hart *h, uint64_t address, paddr_t physical, enum access_kind kind)
{
    const struct l1_window *w = h->window;
    uint64_t set = address >> LINE_SHIFT & h->set_mask;
    paddr_t line = line_of(physical);
    if (!same_index(h, address, physical) || w->read_tag[set] != line ||
        h->view[set] == line_of(address) || !mmu_may_access(h, line, LINE_BYTES, ACCESS_LOAD))
        return;
    if (kind == ACCESS_LOAD)
        h->view[set] = line_of(address) | VIEW_READ_ONLY;
    else if (w->write_tag[set] == line && mmu_may_access(h, line, LINE_BYTES, ACCESS_STORE))
        h->view[set] = line_of(address);
}

/* ---- devices ---------------------------------------------------------------- */

/* Sends an access to where it is answered: to a hart half, whose register it is,
 * or to the home half that has the chip's port to the outside. */
static enum port_result device_remote(struct hart *h, tile_id owner, enum tile_half half,
                                      enum packet_kind kind, const struct device_access *access)
{
    struct packet *p = network_packet(h->tile->engine);
    p->kind = (uint8_t)kind;
    p->vnet = VNET_REQUEST;
    p->flits = 1;
    p->to_half = (uint8_t)half;
    p->from = h->id;
    p->to = owner;
    p->device = *access;
    network_post(h->tile->engine, p, HALF_HART, h->cycle + h->cfg->device_access_cycles);
    return sleep_for(h, WAIT_DEVICE, access->address);
}

/* The answer to the access that slept. */
static enum port_result device_answer(struct hart *h, uint64_t *value)
{
    h->device_done = false;
    *value = h->device_value;
    return h->device_refused ? PORT_FAULT : PORT_DONE;
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

/* Devices are accessed in program order with everything else. */
static bool device_awaits_stores(struct hart *h, paddr_t address)
{
    return !is_free_of_cost(address) && hart_awaits_stores(h);
}

/* A register of the hart's own tile. */
static enum port_result device_here(struct hart *h, enum packet_kind kind,
                                    struct device_access *access)
{
    paddr_t address = access->address;
    bool done = kind == PACKET_DEVICE_READ
                    ? device_read(h->tile, address, access->bytes, h->cycle, &access->value)
                    : device_write(h->tile, address, access->bytes, access->value, h->cycle);
    if (!done)
        return PORT_FAULT;
    device_cost(h, address);
    return PORT_DONE;
}

/* A load or a store of a device register; what a load finds is left in access->value. */
static enum port_result device_do(struct hart *h, enum packet_kind kind,
                                  struct device_access *access)
{
    tile_id owner;
    hart_acts(h);
    if (h->device_done)
        return device_answer(h, &access->value);
    bool outside = device_is_external(h->tile, access->address, access->bytes);
    if (!outside && !device_owner(h->tile, access->address, access->bytes, &owner))
        return PORT_FAULT;
    if (device_awaits_stores(h, access->address))
        return PORT_WAIT;
    if (outside)
        return device_remote(h, (tile_id)h->cfg->device_external_tile, HALF_HOME, kind, access);
    return owner == h->id ? device_here(h, kind, access)
                          : device_remote(h, owner, HALF_HART, kind, access);
}

static enum port_result device_load(struct hart *h, paddr_t address, unsigned bytes,
                                    uint64_t *value)
{
    struct device_access access = {.address = address, .bytes = (uint8_t)bytes};
    enum port_result result = device_do(h, PACKET_DEVICE_READ, &access);
    if (result == PORT_DONE)
        *value = access.value;
    return result;
}

static enum port_result device_store(struct hart *h, paddr_t address, unsigned bytes,
                                     uint64_t value)
{
    struct device_access access = {.address = address, .value = value, .bytes = (uint8_t)bytes};
    return device_do(h, PACKET_DEVICE_WRITE, &access);
}

/* ---- memory ------------------------------------------------------------------ */

/* A load that an earlier store of the hart answers before the L1D could: PORT_WAIT
 * when it must see the store performed, PORT_FAULT when there is none. */
static enum port_result load_from_stores(struct hart *h, paddr_t physical, unsigned bytes,
                                         uint64_t *value)
{
    uint64_t number = 0;
    if (store_buffer_is_empty(&h->stores))
        return PORT_FAULT;
    switch (store_buffer_find(&h->stores, physical, bytes, value, &number)) {
    case STORE_WHOLE:
        h->stores.forwarded++;
        return PORT_DONE;
    case STORE_PARTLY:
        hart_await_store(h, number);
        return PORT_WAIT;
    case STORE_NONE:
        break;
    }
    return PORT_FAULT;
}

/* One access that lies within a line, at a known physical address. */
static enum port_result load_part(struct hart *h, uint64_t address, paddr_t physical,
                                  unsigned bytes, uint64_t *value, enum trap_cause *cause)
{
    *cause = CAUSE_LOAD_ACCESS;
    if (!mmu_may_access(h, physical, bytes, ACCESS_LOAD))
        return PORT_FAULT;
    if (!coherence_has(h->tile->coherence, physical))
        return device_load(h, physical, bytes, value);
    enum port_result result = load_from_stores(h, physical, bytes, value);
    if (result != PORT_FAULT)
        return result;
    result = hold_line(h, physical, L1_LOAD, WAIT_LINE);
    if (result != PORT_DONE)
        return result;
    *value = 0;
    memcpy(value, stores_cell(h, physical), bytes);
    l1_checked_load(h->tile->l1, physical, bytes, *value);
    remember_line(h, address, physical, ACCESS_LOAD);
    return PORT_DONE;
}

/* A store that everything before it must have been performed for. */
static enum port_result store_in_turn(struct hart *h, paddr_t physical, unsigned bytes,
                                      uint64_t value)
{
    if (hart_awaits_stores(h))
        return PORT_WAIT;
    enum port_result result = hold_line(h, physical, L1_STORE, WAIT_LINE);
    if (result == PORT_DONE)
        stores_perform(h, physical, bytes, value);
    return result;
}

/* By way of the buffer.  What waits there has been translated and will be performed
 * whatever comes, so the oracle must know how it was. */
static enum port_result store_to_buffer(struct hart *h, uint64_t address, paddr_t physical,
                                        unsigned bytes, uint64_t value)
{
    uint64_t entered = h->stores.entered;
    enum port_result result = stores_put(h, physical, bytes, value);
    if (h->stores.entered != entered)
        *store_buffer_origin(&h->stores, entered) =
            (struct store_origin){.via = mmu_used(h, address, ACCESS_STORE),
                                  .address = address,
                                  .pc = h->pc,
                                  .priv = h->priv};
    return result;
}

static enum port_result store_part(struct hart *h, uint64_t address, paddr_t physical,
                                   unsigned bytes, uint64_t value, enum trap_cause *cause)
{
    *cause = CAUSE_STORE_ACCESS;
    if (!mmu_may_access(h, physical, bytes, ACCESS_STORE))
        return PORT_FAULT;
    if (!coherence_has(h->tile->coherence, physical))
        return device_store(h, physical, bytes, value);
    enum port_result result = stores_may_wait(h, physical)
                                  ? store_to_buffer(h, address, physical, bytes, value)
                                  : store_in_turn(h, physical, bytes, value);
    if (result == PORT_DONE)
        remember_line(h, address, physical, ACCESS_STORE);
    return result;
}

static bool spans_lines(uint64_t address, unsigned bytes)
{
    return (address & (LINE_BYTES - 1)) + bytes > LINE_BYTES;
}

static enum port_result split_fault(struct hart *h, uint64_t address, enum access_kind kind,
                                    enum trap_cause *cause)
{
    h->fault_address = address;
    *cause = kind == ACCESS_LOAD ? CAUSE_LOAD_ACCESS : CAUSE_STORE_ACCESS;
    return PORT_FAULT;
}

/* Both parts of an access that spans two lines must be memory and allowed before
 * either is performed.  What has been found stays found while the hart looks
 * around or waits: the second page may have pushed the first out of the TLB. */
static enum port_result find_both(struct hart *h, uint64_t address, unsigned bytes,
                                  enum access_kind kind, enum trap_cause *cause)
{
    struct split *s = &h->split;
    uint64_t second = line_of(address + bytes - 1);
    for (; s->stage < SPLIT_BOTH_FOUND; s->stage++) {
        bool first = s->stage == SPLIT_NONE;
        uint64_t part = first ? address : second;
        uint64_t part_bytes = first ? second - address : address + bytes - second;
        paddr_t *physical = &s->physical[first ? 0 : 1];
        h->fault_address = part;
        enum port_result result = mmu_translate(h, part, kind, physical, cause);
        if (result != PORT_DONE)
            return result;
        if (!coherence_has(h->tile->coherence, *physical) ||
            !mmu_may_access(h, *physical, (unsigned)part_bytes, kind))
            return split_fault(h, part, kind, cause);
        s->via[first ? 0 : 1] = mmu_used(h, part, kind);
    }
    return PORT_DONE;
}

/* One of the two is performed now; its entry may have died since it was found. */
static void check_split(struct hart *h, unsigned part, uint64_t address, enum access_kind kind)
{
    const struct tlb_use *via = &h->split.via[part];
    if (via->entry.dead)
        port_stale_use(h, address, kind, via);
}

/* The second part is a synchronisation point of its own, one cycle later. */
static bool second_part_must_wait(struct hart *h)
{
    h->split.stage = SPLIT_ONE_DONE;
    hart_stall(h, STALL_l1d_access, 1);
    return hart_must_yield(h);
}

static enum port_result load_split(struct hart *h, uint64_t address, unsigned bytes,
                                   uint64_t *value, enum trap_cause *cause)
{
    struct split *s = &h->split;
    uint64_t second = line_of(address + bytes - 1), high;
    unsigned low_bytes = (unsigned)(second - address);
    enum port_result result = find_both(h, address, bytes, ACCESS_LOAD, cause);
    if (result == PORT_DONE && s->stage == SPLIT_BOTH_FOUND) {
        check_split(h, 0, address, ACCESS_LOAD);
        result = load_part(h, address, s->physical[0], low_bytes, &s->value, cause);
        if (result == PORT_DONE && second_part_must_wait(h))
            return PORT_YIELD;
    }
    if (result == PORT_DONE)
        check_split(h, 1, second, ACCESS_LOAD);
    if (result == PORT_DONE)
        result = load_part(h, second, s->physical[1], bytes - low_bytes, &high, cause);
    if (result != PORT_DONE)
        return result;
    s->stage = SPLIT_NONE;
    *value = s->value | high << (8 * low_bytes);
    return PORT_DONE;
}

static enum port_result store_split(struct hart *h, uint64_t address, unsigned bytes,
                                    uint64_t value, enum trap_cause *cause)
{
    struct split *s = &h->split;
    uint64_t second = line_of(address + bytes - 1);
    unsigned low_bytes = (unsigned)(second - address);
    enum port_result result = find_both(h, address, bytes, ACCESS_STORE, cause);
    if (result == PORT_DONE && s->stage == SPLIT_BOTH_FOUND) {
        check_split(h, 0, address, ACCESS_STORE);
        result = store_part(h, address, s->physical[0], low_bytes, value, cause);
        if (result == PORT_DONE && second_part_must_wait(h))
            return PORT_YIELD;
    }
    if (result == PORT_DONE)
        check_split(h, 1, second, ACCESS_STORE);
    if (result == PORT_DONE)
        result = store_part(h, second, s->physical[1], bytes - low_bytes, value >> (8 * low_bytes),
                            cause);
    if (result == PORT_DONE)
        s->stage = SPLIT_NONE;
    return result;
}

enum port_result port_load(struct hart *h, uint64_t address, unsigned bytes, uint64_t *value,
                           enum trap_cause *cause)
{
    paddr_t physical;
    h->fault_address = address;
    *cause = CAUSE_LOAD_MISALIGNED;
    if ((address & (bytes - 1)) && !h->cfg->hart_misaligned)
        return PORT_FAULT;
    if (spans_lines(address, bytes))
        return load_split(h, address, bytes, value, cause);
    enum port_result result = mmu_translate(h, address, ACCESS_LOAD, &physical, cause);
    return result == PORT_DONE ? load_part(h, address, physical, bytes, value, cause) : result;
}

enum port_result port_store(struct hart *h, uint64_t address, unsigned bytes, uint64_t value,
                            enum trap_cause *cause)
{
    paddr_t physical;
    h->fault_address = address;
    *cause = CAUSE_STORE_MISALIGNED;
    if ((address & (bytes - 1)) && !h->cfg->hart_misaligned)
        return PORT_FAULT;
    if (spans_lines(address, bytes))
        return store_split(h, address, bytes, value, cause);
    enum port_result result = mmu_translate(h, address, ACCESS_STORE, &physical, cause);
    return result == PORT_DONE ? store_part(h, address, physical, bytes, value, cause) : result;
}

/* ---- atomics, on DRAM only ----------------------------------------------------- */

/* The line of a physical address that may be written, ready to be. */
static enum port_result hold_writable(struct hart *h, uint64_t address, unsigned bytes,
                                      enum access_kind kind, paddr_t *physical,
                                      enum trap_cause *cause)
{
    h->fault_address = address;
    hart_acts(h);
    enum port_result result = mmu_translate(h, address, kind, physical, cause);
    if (result != PORT_DONE)
        return result;
    *cause = kind == ACCESS_LOAD ? CAUSE_LOAD_ACCESS : CAUSE_STORE_ACCESS;
    if (!coherence_has(h->tile->coherence, *physical) || !mmu_may_access(h, *physical, bytes, kind))
        return PORT_FAULT;
    return PORT_DONE;
}

enum port_result port_atomic(struct hart *h, uint64_t address, unsigned bytes,
                             enum atomic_kind kind, uint8_t **cell, enum trap_cause *cause)
{
    paddr_t physical;
    enum access_kind access = kind == ATOMIC_LR ? ACCESS_LOAD : ACCESS_STORE;
    h->fault_address = address;
    *cause = kind == ATOMIC_LR ? CAUSE_LOAD_MISALIGNED : CAUSE_STORE_MISALIGNED;
    if (address & (bytes - 1))
        return PORT_FAULT;
    if (hart_awaits_stores(h))
        return PORT_WAIT;
    enum port_result result = hold_writable(h, address, bytes, access, &physical, cause);
    if (result != PORT_DONE)
        return result;
    *cell = NULL;
    if (kind == ATOMIC_SC && !l1_is_reserved(h->tile->l1, line_of(physical)))
        return PORT_DONE;
    result = hold_line(h, physical, L1_STORE, WAIT_LINE);
    *cell = stores_cell(h, physical);
    h->atomic_physical = physical;
    return result;
}

void port_atomic_written(struct hart *h, unsigned bytes, const uint8_t *cell)
{
    uint64_t value = 0;
    memcpy(&value, cell, bytes);
    stores_announce(h, h->atomic_physical, bytes, value);
}

void port_reserve(struct hart *h)
{
    reservation_make(h->tile, line_of(h->atomic_physical));
}

void port_unreserve(struct hart *h)
{
    reservation_end(h->tile);
}

/* ---- page tables ------------------------------------------------------------------ */

enum port_result port_walk_read(struct hart *h, paddr_t at, uint64_t *pte)
{
    if (!coherence_has(h->tile->coherence, at))
        return PORT_FAULT;
    enum port_result result = hold_line(h, at, L1_LOAD, WAIT_WALK);
    if (result == PORT_DONE) {
        memcpy(pte, stores_cell(h, at), sizeof *pte);
        l1_checked_load(h->tile->l1, at, sizeof *pte, *pte);
    }
    return result;
}

enum port_result port_walk_write(struct hart *h, paddr_t at, uint64_t pte)
{
    if (hart_awaits_stores(h))
        return PORT_WAIT;
    enum port_result result = hold_line(h, at, L1_STORE, WAIT_WALK);
    if (result == PORT_DONE)
        stores_perform(h, at, sizeof pte, pte);
    return result;
}

/* ---- cache blocks -------------------------------------------------------------------- */

enum port_result port_zero_line(struct hart *h, uint64_t address, enum trap_cause *cause)
{
    paddr_t physical;
    uint64_t line = line_of(address);
    if (hart_awaits_stores(h))
        return PORT_WAIT;
    enum port_result result = hold_writable(h, line, LINE_BYTES, ACCESS_STORE, &physical, cause);
    h->fault_address = address;
    if (result != PORT_DONE)
        return result;
    result = hold_line(h, physical, L1_STORE, WAIT_LINE);
    if (result != PORT_DONE)
        return result;
    for (unsigned i = 0; i < LINE_BYTES; i += 8)
        stores_perform(h, physical + i, 8, 0);
    return PORT_DONE;
}

/* Hardware keeps every copy current, so there is nothing to write back or to
 * drop: what is left is the check that the address may be read or written.  Who
 * may write may read; a refusal counts as a store's. */
enum port_result port_manage_line(struct hart *h, uint64_t address, enum trap_cause *cause)
{
    paddr_t physical;
    if (hart_awaits_stores(h))
        return PORT_WAIT;
    enum port_result result =
        hold_writable(h, line_of(address), LINE_BYTES, ACCESS_LOAD, &physical, cause);
    h->fault_address = address;
    if (result == PORT_FAULT)
        *cause = *cause == CAUSE_LOAD_PAGE ? CAUSE_STORE_PAGE : CAUSE_STORE_ACCESS;
    return result;
}

/* ---- instructions --------------------------------------------------------------- */

/* The most recently used line of this set of the L1I is, or will be, another one. */
static void forget_code(struct hart *h, paddr_t physical)
{
    uint64_t set = physical >> LINE_SHIFT & h->fetch_mask;
    for (unsigned k = 0; k < L1_VIEWS; k++)
        h->fetch_view[k][set].line = UINT64_MAX;
    h->here = NULL;
}

/* Halfwords of a line that may be fetched, a bit each. */
static uint32_t fetchable(const struct hart *h, paddr_t line)
{
    uint32_t allowed = 0;
    if (mmu_may_access(h, line, LINE_BYTES, ACCESS_FETCH))
        return UINT32_MAX;
    for (unsigned half = 0; half < LINE_HALVES; half++)
        allowed |= (uint32_t)mmu_may_access(h, line + 2 * half, 2, ACCESS_FETCH) << half;
    return allowed;
}

/* The L1I's most recently used line of a set is what the views remember, if all of
 * it may be fetched. */
static struct code_line *decode(struct hart *h, uint64_t pc, paddr_t physical,
                                const uint8_t bytes[LINE_BYTES])
{
    uint64_t set = physical >> LINE_SHIFT & h->fetch_mask;
    uint32_t allowed = fetchable(h, line_of(physical));
    struct code_line *code = code_intern_part(h->tile->code, bytes, allowed);
    forget_code(h, physical);
    if (!((pc ^ physical) >> LINE_SHIFT & h->fetch_mask) && allowed == UINT32_MAX)
        h->fetch[set] = (struct fetch_entry){line_of(pc), code};
    return code;
}

enum port_result port_fetch(struct hart *h, uint64_t pc, struct code_line **code,
                            enum trap_cause *cause)
{
    struct tile *t = h->tile;
    paddr_t physical;
    h->fault_address = pc;
    enum port_result result = mmu_translate(h, pc, ACCESS_FETCH, &physical, cause);
    if (result != PORT_DONE)
        return result;
    *cause = CAUSE_FETCH_ACCESS;
    if (!coherence_has(t->coherence, physical) || !mmu_may_access(h, physical, 2, ACCESS_FETCH))
        return PORT_FAULT;
    t->out->network_cycles = t->out->memory_cycles = 0;
    int index = icache_access(t->icache, line_of(physical), t->out);
    tile_post_messages(t, HALF_HART, h->cycle);
    if (index < 0) {
        forget_code(h, physical);
        h->l1i_misses++;
        trace_miss(h->trace, h->id, h->cycle, TRACE_MISS, TRACE_FETCH, line_of(physical));
        return sleep_for(h, WAIT_FETCH, physical);
    }
    *code = decode(h, pc, physical, icache_data(t->icache, index));
    return PORT_DONE;
}

struct code_line *port_straddle(struct hart *h, const struct code_line *first,
                                const struct code_line *second)
{
    unsigned bytes;
    if (h->behind_dead)
        oracle_straddled(h->tile);
    uint32_t low = code_bits(first, LINE_HALVES - 1, &bytes);
    uint32_t high = second->bytes[0] | (uint32_t)second->bytes[1] << 8;
    return code_intern_straddle(h->tile->code, low | high << 16);
}

void port_fence_i(struct hart *h)
{
    hart_acts(h);
    icache_flush(h->tile->icache);
    mmu_forget_views(h);
}

void port_trap_loop(struct hart *h)
{
    htif_trap_loop(h->tile);
}
