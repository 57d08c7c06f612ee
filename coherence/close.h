/*
 * The L1D in front of a private L2 (l2.kib; 0: there is none, and nothing here is used).
 *
 *      hart ---> close: the L1D --- a subset of ---> array: the L2 --- coherence --->
 *                tags, dirty bits, bytes             tags, states, bytes
 *
 * With an L2 the tile's coherence agent guards the L2's lines: `array` of struct l1 is the
 * L2, and every state is there.  The L1D says which of them are close.  A close line's
 * bytes are the L1D's, any other line's the L2's; so there is one place to look for them,
 * which l1_step and l1_find_copy know.  The window shows the most recently used close line
 * of each set of the L1D, as it does without an L2.
 *
 * Invariants: a close line is in the L2, in whatever state (inclusion); a clean close
 * line's bytes equal the L2's.  When a line leaves the L2, or is taken away, it is no
 * longer close; one that has to make room in the L1D takes its bytes back to the L2.  The
 * L2's order of use is that of its own accesses: what the L1D answers, it does not see.
 *
 * L1Is are not behind the L2: they keep no line coherent, are no sharers for any home, and
 * a line that they made the L2 hold would have to be both.  Internal to coherence/.
 */
#ifndef TESSERA_COHERENCE_CLOSE_H
#define TESSERA_COHERENCE_CLOSE_H

#include "coherence/agents.h"

static inline bool has_l2(const struct l1 *l1)
{
    return l1->close.ways > 0;
}

/* The array whose most recently used lines the window shows. */
static inline const struct cache_array *window_array(const struct l1 *l1)
{
    return has_l2(l1) ? &l1->close : &l1->array;
}

void close_init(struct l1 *l1, struct arena *arena, const struct config *cfg);

/* The bytes of a close line, or NULL. */
uint8_t *close_find(const struct l1 *l1, paddr_t line);

/* What the L2 has of a close line, or NULL. */
uint8_t *close_behind(const struct l1 *l1, paddr_t line);

/* Makes a line of the L2's frame `frame` the most recently used of the L1D; its bytes. */
uint8_t *close_bring(struct l1 *l1, paddr_t line, int frame);

/* The close line is written from now on. */
void close_make_dirty(struct l1 *l1, paddr_t line);

/* Does the hart write to the line that the window shows without telling anyone? */
static inline bool close_is_writable(const struct l1 *l1, int front)
{
    return !has_l2(l1) || l1->close.state[front] != 0;
}

/* The line leaves the L2, and takes its bytes along (it need not be close). */
void close_drop(struct l1 *l1, paddr_t line);

/* A close line that breaks an invariant, or NO_LINE. */
paddr_t close_find_fault(const struct l1 *l1);

#endif
