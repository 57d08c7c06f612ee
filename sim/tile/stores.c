/*
 * Stores on their way to the L1D.
 *
 *                  empty buffer, line held in E or M
 *     store ------------------------------------------------> performed
 *        |                                                     ^
 *        `--> buffer [oldest .. youngest]  --- in order -------'
 *             each begins its line's transaction as it enters,
 *             if the L1D has room for one
 *
 * The oldest store is performed in the very cycle in which its line arrives, before
 * another tile can take the line away: so every store makes progress.  Those behind it
 * whose lines are held too follow in the same cycle.  A younger store may find that the
 * line which came for it is gone again when its turn comes, or that the L1D had no room
 * for its transaction: then it begins one as the oldest.
 *
 * So whenever the buffer is not empty, the oldest store's line is in transaction, or the
 * L1D has refused it for want of room, which only a message makes: all happens either
 * when a store enters, in the hart's time, or when the L1D takes a message, in the
 * world's.  Hence there is nothing that the slicing of the hart's time could shift.
 *
 * A load that waits for the same line as the oldest store is completed after it, in the
 * same cycle.  If beginning the next store's transaction takes away what a load has just
 * waited for, the load waits again: once a store in the buffer, at most.
 */
#include "sim/tile/stores.h"

#include <string.h>

#include "sim/core/mmu.h"
#include "sim/tile/htif.h"
#include "sim/tile/stale_reads.h"
#include "sim/tile/tile.h"
#include "traces/traces.h"

void stores_announce(struct hart *h, paddr_t physical, unsigned bytes, uint64_t value)
{
    l1_checked_store(h->tile->l1, physical, bytes, value);
    stale_reads_store(h->tile->stale_reads, h, physical, bytes, value, h->tile->draining_at);
    htif_stored(h->tile, physical, value);
}

void stores_perform(struct hart *h, paddr_t physical, unsigned bytes, uint64_t value)
{
    uint8_t *cell = stores_cell(h, physical);
    if (memcmp(cell, &value, bytes) != 0)
        hart_acts(h);
    memcpy(cell, &value, bytes);
    stores_announce(h, physical, bytes, value);
}

bool stores_may_wait(const struct hart *h, paddr_t physical)
{
    return h->stores.capacity && !htif_watches(h->tile->htif, physical);
}

/* Is the line ready to be written?  If not, its transaction begins when it can. */
static enum l1_answer ask_for_line(struct hart *h, paddr_t physical, cycle_t now)
{
    struct tile *t = h->tile;
    t->out->network_cycles = t->out->memory_cycles = 0;
    enum l1_answer answer = l1_access(t->l1, line_of(physical), L1_STORE, t->out);
    bool begins = answer == L1_MISS && t->out->count;
    tile_post_messages(t, HALF_HART, now);
    if (answer == L1_READY && l1_far_cycles(t->l1)) { /* the hart does not wait for it */
        h->l1d_misses++;
        hart_acts(h);
    }
    if (begins) {
        h->l1d_misses++;
        trace_miss(h->trace, h->id, now, TRACE_MISS, TRACE_STORE, line_of(physical));
    }
    return answer;
}

enum port_result stores_put(struct hart *h, paddr_t physical, unsigned bytes, uint64_t value)
{
    struct store_buffer *b = &h->stores;
    if (store_buffer_is_full(b)) {
        hart_await_store(h, b->left);
        return PORT_WAIT;
    }
    enum l1_answer answer = ask_for_line(h, physical, h->cycle);
    bool is_oldest = store_buffer_is_empty(b);
    if (is_oldest && answer == L1_READY) {
        stores_perform(h, physical, bytes, value);
        return PORT_DONE;
    }
    if (is_oldest)
        b->refused = answer == L1_BUSY;
    store_buffer_put(b, (struct store_entry){physical, value, (uint8_t)bytes});
    mmu_select_views(h);
    hart_acts(h);
    return PORT_DONE;
}

/* Performs the oldest store, if its line is there. */
static bool perform_oldest(struct hart *h, cycle_t now)
{
    struct store_buffer *b = &h->stores;
    const struct store_entry *e = store_buffer_oldest(b);
    enum l1_answer answer = ask_for_line(h, e->address, now);
    b->refused = answer == L1_BUSY;
    if (answer != L1_READY)
        return false;
    h->tile->draining_at = now;
    stores_perform(h, e->address, e->bytes, e->value);
    h->tile->draining_at = CYCLE_NEVER;
    store_buffer_drop_oldest(b);
    return true;
}

bool stores_drain(struct tile *t, paddr_t completed, cycle_t now)
{
    struct hart *h = t->hart;
    struct store_buffer *b = &h->stores;
    if (store_buffer_is_empty(b))
        return false;
    if (!b->refused && line_of(store_buffer_oldest(b)->address) != completed)
        return false;
    while (!store_buffer_is_empty(b) && perform_oldest(h, now))
        ;
    if (store_buffer_is_empty(b))
        mmu_select_views(h);
    return h->wait == WAIT_STORES && b->left >= b->awaited;
}
