/*
 * The manners of running a machine that no result may show: how the simulation
 * is cut into slices, in which order tiles are stepped, whether invariants are
 * checked (then the views stay empty, and every access takes the slow path), how
 * often decoded lines are reclaimed.
 */
#ifndef TESSERA_TESTS_MANNERS_H
#define TESSERA_TESTS_MANNERS_H

#include "sim/chip/chip_state.h"
#include "sim/chip/tests/machine.h"

/* How a run is done, which no result may show. */
static const struct manner {
    const char *name;
    uint8_t order; /* sim.tile_order */
    bool check;
    cycle_t lookahead; /* slices no longer than this; 0 = as long as is right */
    cycle_t piece;     /* chip_run_until again and again; 0 = as seldom as may be */
    bool reclaim;      /* after every round, what decoded lines there are */
} manners[] = {
    {"forward", 0, false, 0, 0, false},
    {"again", 0, false, 0, 0, false},
    {"reverse", 1, false, 0, 0, false},
    {"shuffled", 2, false, 0, 0, false},
    {"checked", 0, true, 0, 0, false},
    {"slices of 1 cycle", 0, false, 1, 0, false},
    {"slices of 2 cycles", 2, false, 2, 0, false},
    {"slices of 3 cycles, reverse", 1, false, 3, 0, false},
    {"slices of 5 cycles", 0, false, 5, 0, false},
    {"checked, reverse, slices of 4", 1, true, 4, 0, false},
    {"pieces of 1 cycle", 0, false, 0, 1, false},
    {"pieces of 37 cycles", 0, false, 0, 37, false},
    {"pieces of 5 cycles", 0, false, 0, 5, false},
    {"lines reclaimed", 0, false, 0, 0, true},
    {"lines reclaimed, shuffled, slices of 2", 2, false, 2, 0, true},
};
enum { MANNERS = sizeof manners / sizeof manners[0] };

static inline void build_in_manner(struct machine *m, const struct manner *how)
{
    m->cfg.sim_tile_order = how->order;
    m->cfg.sim_check = how->check;
    m->piece_cycles = how->piece;
    machine_build(m);
    if (how->reclaim)
        code_table_bound(m->chip->code, 0);
    if (how->lookahead && how->lookahead < m->chip->engine.lookahead)
        m->chip->engine.lookahead = how->lookahead;
}

static inline void run_in_manner(struct machine *m, const struct manner *how)
{
    build_in_manner(m, how);
    cr_assert_eq(machine_go(m), CHIP_EXIT, "%s: end %u", how->name, m->end);
}

/* Every statistic and every hart's registers and clock, for a message that
 * says what differs; the state hash covers them and more. */
static inline void check_equal(const struct machine *a, const struct machine *b, const char *what)
{
    cr_assert_eq(a->results.stats.count, b->results.stats.count);
    for (unsigned t = 0; t < a->chip->engine.tiles; t++) {
        const struct hart *x = &a->chip->hart[t], *y = &b->chip->hart[t];
        cr_assert_eq(x->cycle, y->cycle, "%s: clock of tile %u", what, t);
        cr_assert_eq(x->pc, y->pc, "%s: pc of tile %u", what, t);
        for (unsigned r = 1; r < 32; r++)
            cr_assert_eq(x->x[r], y->x[r], "%s: x%u of tile %u", what, r, t);
    }
    for (unsigned i = 0; i < a->results.stats.count; i++)
        cr_assert_eq(a->results.stats.item[i].value, b->results.stats.item[i].value, "%s: %s", what,
                     a->results.stats.item[i].name);
    cr_assert_eq(a->results.cycles, b->results.cycles, "%s", what);
    cr_assert_eq(a->results.instructions, b->results.instructions, "%s", what);
    cr_assert_eq(a->results.state_hash, b->results.state_hash, "%s: state hash", what);
}

#endif
