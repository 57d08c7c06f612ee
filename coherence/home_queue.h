/*
 * Requests that wait at a home, and whose turn it is (coherence.arbitration):
 *
 *   fifo          in order of arrival
 *   round-robin   the requester that follows the one served last, by tile number
 *   local-first   those of the home's own tile, then the others as they came
 *   remote-first  those of other tiles, then the own: a home whose network port goes before
 *                 its core starves while its line is hot enough to keep it busy
 *
 * Of one requester, and where nothing else decides, the one that came first.  Three things
 * are waited for, and the order is the same for each: a line that is busy, an MSHR, and
 * (where it is not the order of arrival) the bank itself.  Internal to coherence/.
 */
#ifndef TESSERA_COHERENCE_HOME_QUEUE_H
#define TESSERA_COHERENCE_HOME_QUEUE_H

#include "coherence/agents.h"

static inline bool queue_is_empty(const struct fifo *queue)
{
    return queue->first == 0;
}

void queue_put(struct home_step *step, struct fifo *queue, const struct coh_msg *request);
/* Ahead of all that wait, until somebody else's turn is found to come first. */
void queue_put_first(struct home_step *step, struct fifo *queue, const struct coh_msg *request);

/* Whose turn it is; the queue is not empty. */
const struct coh_msg *queue_next(const struct home_step *step, const struct fifo *queue);
/* Takes that request out, which stays valid until it is put into a queue again; `waited`
 * counts how long it has been there. */
const struct coh_msg *queue_take(struct home_step *step, struct fifo *queue, uint64_t *waited);

#endif
