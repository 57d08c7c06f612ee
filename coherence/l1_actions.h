/* Between l1.c, which takes rows, and l1_actions.c, which does what they say. */
#ifndef TESSERA_COHERENCE_L1_ACTIONS_H
#define TESSERA_COHERENCE_L1_ACTIONS_H

#include "coherence/agents.h"

/* Brings the window's tags of a set up to date with its most recent way. */
void l1_show(struct l1 *l1, uint64_t set);

/* The action `hit`: the line is there and the access allowed. */
extern l1_action *const l1_hit;

#endif
