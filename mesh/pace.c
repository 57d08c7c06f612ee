/*
 * A load is carried when its sources keep up with their births: between cycle
 * 32,768 and cycle 65,536 of a run that began empty, the birth of the packet that
 * a source is sending may fall behind the clock by at most 2.5 % of that time.
 * Put differently, 97.5 % of what is offered is accepted: of *every* source where
 * each has destinations of its own, in the mean where all draw from the same.
 *
 *   births behind the clock                       . more than 2.5 %: not carried
 *        ^                                   . '
 *        |                              . '
 *        |           warming up    . '________--- less: carried
 *        +------------------------+-----------------------> cycle
 *                                 32,768             65,536
 *
 * With destinations of its own (transpose, shuffle) a source is a flow: where a
 * few share one link and the others have theirs to themselves, the few would
 * starve unnoticed in the mean.  Where all draw from the same destinations
 * (uniform, hotspot), the sources' traffic is one, and its mean is what other
 * simulators and papers call accepted; there the worst source of 8x8 gets 10 to
 * 25 % less than it offers before the mean has lost 2.5 %, so `worst_lag` is
 * kept to be reported beside it.
 *
 * Just above the greatest load that is carried for ever, the backlog grows so
 * slowly that no run of a bounded length shows it; the allowance is what makes
 * the answer repeat from seed to seed within half a per cent.
 *
 * A load far above is known at cycle 8,192: there the sources are behind by
 * 15 % in the mean.
 */
#include "mesh/pace.h"

#include <string.h>

enum { HOPELESS_AT = 1 << 13, HOPELESS_PERMILLE = 150 };

void pace_init(struct pace *pace, struct arena *arena, unsigned nodes, bool alike)
{
    *pace = (struct pace){
        .nodes = nodes, .alike = alike, .before = arena_alloc(arena, nodes, sizeof(uint64_t))};
}

static bool is_hopeless(const struct pace *pace, cycle_t now, const uint64_t *lag)
{
    uint64_t sum = 0;
    for (unsigned n = 0; n < pace->nodes; n++)
        sum += lag[n];
    return sum * 1000 > pace->nodes * now * HOPELESS_PERMILLE;
}

/* By how much a node's lag has grown since PACE_START, or since the beginning. */
static uint64_t growth(const struct pace *pace, const uint64_t *lag, unsigned node)
{
    return lag[node] > pace->before[node] ? lag[node] - pace->before[node] : 0;
}

static bool is_more_than_allowed(uint64_t lag, cycle_t time)
{
    return lag * 1000 > time * PACE_ALLOWED_PERMILLE;
}

/* Has the lag grown by more than is allowed of `time`? */
static bool falls_behind(struct pace *pace, const uint64_t *lag, cycle_t time)
{
    uint64_t sum = 0;
    pace->worst_lag = 0;
    for (unsigned n = 0; n < pace->nodes; n++) {
        uint64_t more = growth(pace, lag, n);
        sum += more;
        pace->worst_lag = more > pace->worst_lag ? more : pace->worst_lag;
    }
    return pace->alike ? is_more_than_allowed(sum, pace->nodes * time)
                       : is_more_than_allowed(pace->worst_lag, time);
}

void pace_look(struct pace *pace, cycle_t now, const uint64_t *lag)
{
    if (pace->verdict != PACE_OPEN || lag == NULL)
        return;
    if (now < PACE_START)
        pace->doubtful = falls_behind(pace, lag, now); /* since the beginning */
    if (now == HOPELESS_AT && is_hopeless(pace, now, lag))
        pace->verdict = PACE_LOST;
    if (now == PACE_START)
        memcpy(pace->before, lag, pace->nodes * sizeof *lag);
    if (now == PACE_END) {
        pace->verdict = falls_behind(pace, lag, PACE_END - PACE_START) ? PACE_LOST : PACE_KEPT;
        pace->doubtful = false;
    }
}
