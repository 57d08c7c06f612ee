/* Between l1.c, which takes rows, and l1_actions.c, which does what they say. */
#ifndef TESSERA_COHERENCE_L1_ACTIONS_H
#define TESSERA_COHERENCE_L1_ACTIONS_H

#include "coherence/agents.h"

/* Brings the window's tags of a set up to date with its most recent way. */
void l1_show(struct l1 *l1, uint64_t set);

/* With an L2: the hart uses the line of this frame, which becomes close.  The frame where
 * it is now. */
int l1_use(struct l1 *l1, paddr_t line, int frame, bool stores);

/* The action `hit`: the line is there and the access allowed. */
extern l1_action *const l1_hit;

#endif
