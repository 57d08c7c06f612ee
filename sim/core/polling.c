/*
 * Recognising polling rounds (polling.h says what they are).
 *
 *      watch ----> take down ----> compare --equal--> count, compare again
 *        ^                            | not equal, or something was done
 *        +------- leave alone <-------+
 *
 * While a round is being compared, stores take the slow path (hart.h: stores are
 * blind), so that none escapes.  All that is kept here follows from what the hart
 * executed: slices, the checker and tracing do not show.
 */
#include "sim/core/polling.h"

#include <string.h>

#include "sim/abi/csr.h"
#include "sim/core/port.h"

enum { FAILURES_MAX = 6 }; /* 2^6 rounds are let go by at most */

/* Of the message unit: no register of the hart's, but as cheap to change. */
static uint64_t selected_queue(struct hart *h)
{
    uint64_t queue = 0;
    port_message_read(h, CSR_MU_QUEUE, &queue);
    return queue;
}

static bool is_unchanged(struct hart *h)
{
    const struct round *r = &h->round;
    return memcmp(&r->x[1], &h->x[1], sizeof r->x - sizeof r->x[0]) == 0 &&
           r->queue == selected_queue(h);
}

static void take_down(struct hart *h, cycle_t now)
{
    struct round *r = &h->round;
    r->compared = true;
    hart_choose_views(h);
    r->since = now;
    r->queue = selected_queue(h);
    memcpy(r->x, h->x, sizeof r->x);
    memcpy(r->stall, h->stall, sizeof r->stall);
}

void polling_fail(struct hart *h)
{
    struct round *r = &h->round;
    if (!r->compared)
        return;
    r->compared = false;
    hart_choose_views(h);
    r->failures = (uint8_t)(r->failures + (r->failures < FAILURES_MAX));
    r->let_go = (uint8_t)(1 << r->failures);
}

/* The round that ends at cycle `now` was polling. */
static void count(struct hart *h, cycle_t now)
{
    struct round *r = &h->round;
    struct polled *sum = &h->polled[hart_mode_index(h->priv)];
    uint64_t stalls = 0;
    for (unsigned k = 0; k < STALLS; k++) {
        uint64_t cycles = h->stall[k] - r->stall[k];
        sum->stall[k] += cycles;
        stalls += cycles;
    }
    sum->cycles += now - r->since;
    sum->instructions += now - r->since - stalls;
    r->failures = 0;
}

void polling_watch_other(struct hart *h, uint64_t line)
{
    struct round *r = &h->round;
    r->watched = r->other;
    r->other.at = NULL;
    r->line = line;
    r->compared = false;
    hart_choose_views(h);
}

void polling_round(struct hart *h, uint64_t line, cycle_t now)
{
    struct round *r = &h->round;
    r->other.at = NULL;
    if (r->compared && line == r->line && is_unchanged(h))
        count(h, now);
    else
        polling_fail(h);
    r->line = line;
    if (r->let_go)
        r->let_go--;
    else
        take_down(h, now);
}
