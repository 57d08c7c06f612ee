/*
 * Atomics and cache-block instructions: accesses that are about a line as a whole, or
 * must have it to themselves.  As in port.c each function runs at the hart's issue cycle,
 * and a hart that is put to sleep executes the same instruction again when it wakes.
 */
#include <string.h>

#include "sim/core/mmu.h"
#include "sim/tile/port_access.h"
#include "sim/tile/reservation.h"
#include "sim/tile/stale_reads.h"
#include "sim/tile/stores.h"
#include "sim/tile/tile.h"

/* A cache-block instruction in the own L1D: false when the hart has gone to sleep for it. */
static bool manage_line(struct hart *h, paddr_t physical, enum l1_management how)
{
    struct tile *t = h->tile;
    t->out->network_cycles = t->out->memory_cycles = 0;
    enum l1_answer answer = l1_manage(t->l1, line_of(physical), how, t->out);
    tile_post_messages(t, HALF_HART, h->cycle);
    if (answer != L1_READY)
        port_sleep(h, WAIT_L1, physical);
    return answer == L1_READY;
}

/* ---- atomics, on memory only ---------------------------------------------------- */

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
    if (!port_is_memory(h, *physical) || !mmu_may_access(h, *physical, bytes, kind))
        return PORT_FAULT;
    return PORT_DONE;
}

/* A near atomic reads its cell. */
static void note_atomic_read(const struct hart *h, const uint8_t *cell, unsigned bytes)
{
    uint64_t value = 0;
    memcpy(&value, cell, bytes);
    stale_reads_load(h->tile->stale_reads, h, h->atomic_physical, bytes, value);
}

/* An AMO at the home of its line.  Without coherence the home would not know of a copy
 * in the own L1D, so that goes first. */
static enum port_result far_atomic(struct hart *h, paddr_t physical, unsigned bytes)
{
    static const uint8_t op_of[OPS] = {
        [OP_amoswap_w] = WORD_SWAP, [OP_amoswap_d] = WORD_SWAP, [OP_amoadd_w] = WORD_ADD,
        [OP_amoadd_d] = WORD_ADD,   [OP_amoxor_w] = WORD_XOR,   [OP_amoxor_d] = WORD_XOR,
        [OP_amoand_w] = WORD_AND,   [OP_amoand_d] = WORD_AND,   [OP_amoor_w] = WORD_OR,
        [OP_amoor_d] = WORD_OR,     [OP_amomin_w] = WORD_MIN,   [OP_amomin_d] = WORD_MIN,
        [OP_amomax_w] = WORD_MAX,   [OP_amomax_d] = WORD_MAX,   [OP_amominu_w] = WORD_MINU,
        [OP_amominu_d] = WORD_MINU, [OP_amomaxu_w] = WORD_MAXU, [OP_amomaxu_d] = WORD_MAXU,
    };
    if (!h->word_done && coherence_has(h->tile->coherence, physical) &&
        !manage_line(h, physical, L1_FLUSH))
        return PORT_WAIT;
    return port_word(h, physical, bytes, (enum word_op)op_of[h->amo_op], h->amo_operand);
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
    bool uncached = port_is_uncached(h, physical);
    if (uncached && kind != ATOMIC_AMO)
        return PORT_FAULT; /* *cause is that of the access */
    if (uncached || (kind == ATOMIC_AMO && h->cfg->coherence_atomics == ATOMICS_FAR))
        return far_atomic(h, physical, bytes);
    if (kind == ATOMIC_SC && !l1_is_reserved(h->tile->l1, line_of(physical)))
        return PORT_DONE;
    result = port_hold_line(h, physical, L1_STORE, WAIT_LINE);
    *cell = stores_cell(h, physical);
    h->atomic_physical = physical;
    if (result == PORT_DONE)
        note_atomic_read(h, *cell, bytes);
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
    if (port_is_uncached(h, physical))
        return PORT_FAULT; /* no line to zero in */
    result = port_hold_line(h, physical, L1_STORE, WAIT_LINE);
    if (result != PORT_DONE)
        return result;
    for (unsigned i = 0; i < LINE_BYTES; i += 8)
        stores_perform(h, physical + i, 8, 0);
    return PORT_DONE;
}

/* Who may write may read; a refusal counts as a store's. */
enum port_result port_manage_line(struct hart *h, uint64_t address, enum l1_management how,
                                  enum trap_cause *cause)
{
    paddr_t physical;
    if (hart_awaits_stores(h))
        return PORT_WAIT;
    enum port_result result =
        hold_writable(h, line_of(address), LINE_BYTES, ACCESS_LOAD, &physical, cause);
    h->fault_address = address;
    if (result == PORT_FAULT)
        *cause = *cause == CAUSE_LOAD_PAGE ? CAUSE_STORE_PAGE : CAUSE_STORE_ACCESS;
    if (result != PORT_DONE)
        return result;
    if (coherence_is_scratchpad(h->tile->coherence, physical))
        return PORT_DONE;
    return manage_line(h, physical, how) ? PORT_DONE : PORT_WAIT;
}
