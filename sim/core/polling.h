/*
 * Polling: a hart that goes round a loop and changes nothing.
 *
 *      loop:  ld   a1, 0(a0)   <-+
 *             beqz a1, loop  ----+   the same registers each time round
 *
 * A *round* lies between two executions of one backward branch or jump.  It was
 * polling when it left everything as it found it: every register, the message
 * queue that is selected, and memory (storing the value that is there already
 * changes nothing); and when it needed nothing but what the hart holds: no miss,
 * no walk, no trap, atomic, fence, device access, and no CSR written.  All cycles
 * of polling rounds, the issues of their instructions included, are one account of
 * their own, and are taken out of the causes that they would have counted for.
 *
 * The hart watches one branch at a time.  While the branch's operands change, a
 * round costs a compare; once they do not, the hart takes down its registers and
 * compares them a round later.  A branch that is watched in vain is left alone for
 * 2, 4, ... 64 rounds.  Another branch takes its place when it comes by twice with the
 * same operands and nothing else in between: a loop over a set of channels is watched
 * as a whole, and not the inner loop that counts the channels.
 */
#ifndef TESSERA_POLLING_H
#define TESSERA_POLLING_H

#include "sim/base/types.h"

struct hart;
struct insn;

/* A branch that may close a loop, and its operands when it came by. */
struct round_branch {
    const struct insn *at;
    uint64_t a, b;
};

/* The other branch has come by twice, now in the line at address `line`. */
void polling_watch_other(struct hart *h, uint64_t line);

/* The branch that is watched comes by at cycle `now`, in the line at address `line`,
 * with the same operands or after a round that is compared. */
void polling_round(struct hart *h, uint64_t line, cycle_t now);

/* The round has changed something. */
void polling_fail(struct hart *h);

#endif
