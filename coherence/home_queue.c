/*
 * Waiting requests lie in one array of the chip, at a place of their own each, and are
 * chained; so whoever's turn it is, is found by walking the chain.
 */
#include "coherence/home_queue.h"

enum { NONE_WAITS = 0 };

static struct waiting *waiting_at(const struct home_step *step, uint32_t link)
{
    return &step->coh->waiting[link - 1];
}

/* The place of a request among those that wait, as a link to it. */
static uint32_t link_of(const struct home_step *step, const struct coh_msg *request)
{
    return request->requester * step->coh->slots + request->slot + 1;
}

void queue_put_first(struct home_step *step, struct fifo *queue, const struct coh_msg *request)
{
    uint32_t link = link_of(step, request);
    *waiting_at(step, link) = (struct waiting){*request, queue->first, step->now};
    if (queue->first == NONE_WAITS)
        queue->last = link;
    queue->first = link;
}

void queue_put(struct home_step *step, struct fifo *queue, const struct coh_msg *request)
{
    uint32_t link = link_of(step, request);
    *waiting_at(step, link) = (struct waiting){*request, NONE_WAITS, step->now};
    if (queue->first == NONE_WAITS)
        queue->first = link;
    else
        waiting_at(step, queue->last)->next = link;
    queue->last = link;
}

/* ---- whose turn it is ---------------------------------------------------------------- */

/* How many turns others have before this requester; the least goes first. */
static uint32_t turns_before(const struct home_step *step, const struct fifo *queue,
                             tile_id requester)
{
    uint32_t tiles = step->coh->tiles;
    bool local = requester == step->tile;
    switch ((enum arbitration)step->coh->arbitration) {
    case ARBITRATION_ROUND_ROBIN:
        return (requester + tiles - queue->served - 1u) % tiles;
    case ARBITRATION_LOCAL_FIRST:
        return !local;
    case ARBITRATION_REMOTE_FIRST:
        return local;
    case ARBITRATION_FIFO:
        break;
    }
    return 0;
}

/* The link to whose turn it is, and in *before the one that leads there. */
static uint32_t find_next(const struct home_step *step, const struct fifo *queue, uint32_t *before)
{
    uint32_t best = queue->first, previous = NONE_WAITS;
    uint32_t least = UINT32_MAX;
    *before = NONE_WAITS;
    if (step->coh->arbitration == ARBITRATION_FIFO)
        return best;
    for (uint32_t link = queue->first; link; link = waiting_at(step, link)->next) {
        uint32_t turns = turns_before(step, queue, waiting_at(step, link)->request.requester);
        if (turns < least) {
            least = turns;
            best = link;
            *before = previous;
        }
        previous = link;
    }
    return best;
}

const struct coh_msg *queue_next(const struct home_step *step, const struct fifo *queue)
{
    uint32_t before;
    return &waiting_at(step, find_next(step, queue, &before))->request;
}

const struct coh_msg *queue_take(struct home_step *step, struct fifo *queue, uint64_t *waited)
{
    uint32_t before, link = find_next(step, queue, &before);
    struct waiting *taken = waiting_at(step, link);
    if (before == NONE_WAITS)
        queue->first = taken->next;
    else
        waiting_at(step, before)->next = taken->next;
    if (queue->last == link)
        queue->last = before;
    queue->served = taken->request.requester;
    *waited += step->now - taken->since;
    return &taken->request;
}
