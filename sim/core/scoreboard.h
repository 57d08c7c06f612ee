/*
 * The in-order scoreboard: which results are still on their way.
 *
 * A multiplication, a division or a load issues in one cycle, and its result can
 * be used `latency` cycles after that.  An instruction issues when every register
 * that it reads or writes has its latest result (RAW and WAW), a division not
 * before the divider is done with the one before; the multiplier takes a new pair
 * every cycle.  Waiting for loads is charged to data_use, what is left to multiply.
 *
 * Ready cycles are absolute, and in the past they mean nothing: a result that was
 * pending is simply there once its cycle has come, whatever the hart did meanwhile,
 * a trap or a miss.  So most instructions need not look: results of which the
 * decoder proves that nobody can ask too early are never entered here (decode.c),
 * and after quiet_at nothing is pending.
 */
#ifndef TESSERA_SCOREBOARD_H
#define TESSERA_SCOREBOARD_H

#include "sim/core/decode.h"

/* A record's register fields may hold numbers: at most the halfword behind a jal that
 * straddles two lines. */
enum { FIELD_VALUES = LINE_HALVES + 2 };

struct scoreboard {
    cycle_t quiet_at;            /* from here on nothing is pending */
    cycle_t ready[FIELD_VALUES]; /* a register's, as in insn.rd; those of x0 and above stay 0 */
    cycle_t divider_free;
    uint64_t loads; /* bit r: the latest result of register r comes from a load */
};

/* The result for `rd` can be used from `ready` on. */
static inline void scoreboard_expect(struct scoreboard *s, unsigned rd, bool load, cycle_t ready)
{
    uint64_t bit = UINT64_C(1) << rd;
    if (ready > s->quiet_at)
        s->quiet_at = ready;
    if (rd == 32)
        return;
    s->ready[rd] = ready;
    s->loads = load ? s->loads | bit : s->loads & ~bit;
}

/* A look that may err on the side of waiting: it takes every field for a register. */
static inline bool scoreboard_may_wait(const struct scoreboard *s, const struct insn *insn,
                                       cycle_t now)
{
    return (s->ready[insn->rs1] > now) | (s->ready[insn->rs2] > now) | (s->ready[insn->rd] > now);
}

/* What an instruction waits for before it issues, in cycles. */
struct scoreboard_wait {
    cycle_t load, multiply;
};

static inline cycle_t later(cycle_t a, cycle_t b)
{
    return a > b ? a : b;
}

/* Until when the latest load into this register is waited for. */
static inline cycle_t scoreboard_loaded(const struct scoreboard *s, unsigned reg)
{
    return s->loads >> reg & 1 ? s->ready[reg] : 0;
}

/* How long the instruction waits that would issue at `now`. */
static inline struct scoreboard_wait scoreboard_wait(const struct scoreboard *s,
                                                     const struct insn *insn, cycle_t now)
{
    unsigned numbers = insn_numbers[insn->op];
    unsigned rs1 = numbers & INSN_RS1 ? 0 : insn->rs1;
    unsigned rs2 = numbers & INSN_RS2 ? 0 : insn->rs2;
    unsigned rd = numbers & INSN_RD ? 0 : insn->rd;
    cycle_t loaded = later(later(scoreboard_loaded(s, rs1), scoreboard_loaded(s, rs2)),
                           later(scoreboard_loaded(s, rd), now));
    cycle_t all = later(later(s->ready[rs1], s->ready[rs2]), later(s->ready[rd], loaded));
    if (insn_divides(insn))
        all = later(all, s->divider_free);
    return (struct scoreboard_wait){.load = loaded - now, .multiply = all - loaded};
}

#endif
