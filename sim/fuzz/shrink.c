/*
 * Shrinking in rounds.  A *cut* is one simplification with a number: a range of
 * units or of items taken out, or replaced by such that do nothing where addresses
 * matter; a register set to zero; a page-table entry left out.  Asking a machine costs a start of
 * QEMU whatever the number of programs, so a round tries all cuts of a kind at once, each alone,
 * and then as many of the successful ones together as still fail together.
 *
 *      kinds of cuts:  units by 32, 16, 8, 4, 2, 1;  items;  the same by blanks;
 *                      the setting
 *      until no cut of any kind succeeds
 */
#include "sim/fuzz/shrink.h"

#include <string.h>

#include "sim/base/arena.h"
#include "sim/fuzz/encode.h"
#include "sim/fuzz/units.h"

/* Makes cut `number` in *p.  False when there is none: nothing would change. */
typedef bool cut_fn(struct program *p, unsigned number);

struct shrinker {
    judge_fn *judge;
    void *context;
    struct program *candidate; /* CANDIDATES_MAX */
    bool gave_up;
};

/* ---- cuts -------------------------------------------------------------------------------- */

/* Takes the items from..to-1 out. */
static bool cut_items(struct program *p, unsigned from, unsigned to)
{
    if (from >= to)
        return false;
    memmove(&p->item[from], &p->item[to], (p->items - to) * sizeof p->item[0]);
    p->items -= to - from;
    return true;
}

/* Items from..to-1 do nothing any more, and those behind them stay where they are. */
static bool blank_items(struct program *p, unsigned from, unsigned to)
{
    bool changes = false;
    for (unsigned i = from; i < to; i++) {
        struct item *item = &p->item[i];
        uint32_t nothing = item->bytes == 2 ? C_NOP : NOP;
        changes |= item->bits != nothing || item->reference != REF_NONE;
        *item = (struct item){
            .bits = nothing, .place = item->place, .bytes = item->bytes, .loose = true};
    }
    return changes;
}

typedef bool range_fn(struct program *p, unsigned from, unsigned to);

/* The items whose unit is in the n-th group of `size` units, counted from unit 0. */
static bool of_units(struct program *p, unsigned number, unsigned size, range_fn *change)
{
    unsigned from = 0, to;
    unsigned first = number * size * UNIT_PLACES, behind = first + size * UNIT_PLACES;
    while (from < p->items && p->item[from].place < first)
        from++;
    for (to = from; to < p->items && p->item[to].place < behind;)
        to++;
    return change(p, from, to);
}

#define UNITS(size)                                                                                \
    static bool cut_units_##size(struct program *p, unsigned number)                               \
    {                                                                                              \
        return of_units(p, number, size, cut_items);                                               \
    }                                                                                              \
    static bool blank_units_##size(struct program *p, unsigned number)                             \
    {                                                                                              \
        return of_units(p, number, size, blank_items);                                             \
    }
UNITS(32)
UNITS(16)
UNITS(8)
UNITS(4)
UNITS(2)
UNITS(1)

static bool cut_item(struct program *p, unsigned number)
{
    return number < p->items && p->item[number].loose && cut_items(p, number, number + 1);
}

static bool blank_item(struct program *p, unsigned number)
{
    return number < p->items && p->item[number].loose && blank_items(p, number, number + 1);
}

/* The first 128, 64, ... items if they do nothing; what is behind stays where it is. */
static bool cut_head(struct program *p, unsigned number)
{
    unsigned count = 128u >> number, bytes = 0;
    if (count > p->items)
        return false;
    for (unsigned i = 0; i < count; i++) {
        const struct item *item = &p->item[i];
        if (item->bits != (item->bytes == 2 ? (uint32_t)C_NOP : (uint32_t)NOP))
            return false;
        bytes += item->bytes;
    }
    p->code_offset += bytes;
    return cut_items(p, 0, count);
}

static bool clear(uint64_t *word, uint64_t to)
{
    bool changes = *word != to;
    *word = to;
    return changes;
}

static bool cut_register(struct program *p, unsigned number)
{
    return number > 0 && number < X_FRAME && clear(&p->setting.x[number], 0);
}

static bool cut_action(struct program *p, unsigned number)
{
    return number < ACTIONS && clear(&p->setting.action[number], 0);
}

static bool cut_poke(struct program *p, unsigned number)
{
    struct setting *s = &p->setting;
    if (number >= s->pokes)
        return false;
    memmove(&s->poke[number], &s->poke[number + 1], (s->pokes - number - 1) * sizeof s->poke[0]);
    s->pokes--;
    return true;
}

/* To what a program in M mode without interrupts has; the entry that opens the
 * harness to S mode stays. */
static bool cut_state(struct program *p, unsigned number)
{
    uint64_t *state = p->setting.state;
    if (number >= STATES || number == STATE_pmpaddr0)
        return false;
    if (number > STATE_pmpaddr0 && number <= STATE_pmpaddr15) /* not 0: "pmp_tor_zero" */
        return clear(&state[number], 1);
    switch (number) {
    case STATE_mepc:
        return clear(&state[number], FZ_CODE);
    case STATE_sepc:
        return clear(&state[number], FZ_CODE);
    case STATE_mtvec:
        return clear(&state[number], FZ_M_VECTOR);
    case STATE_stvec:
        return clear(&state[number], FZ_S_VECTOR);
    case STATE_pmpcfg0:
        return clear(&state[number], state[number] & 0xff);
    case STATE_mstatus:
        return clear(&state[number], UINT64_C(0xa00001800));
    case STATE_stimecmp:
        return clear(&state[number], TIMER_FAR);
    case STATE_menvcfg: /* what is enabled is enabled throughout */
    case STATE_senvcfg:
        return clear(&state[number], state[number] & ~UINT64_C(1));
    case STATE_medeleg:
    case STATE_mideleg:
        state[STATE_sie] = 0;
        return clear(&state[number], 0);
    default:
        return clear(&state[number], 0);
    }
}

/* Single bits of mstatus, except for the mode, which the cut above takes. */
static bool cut_status_bit(struct program *p, unsigned number)
{
    uint64_t *status = &p->setting.state[STATE_mstatus];
    return number < 32 && (UINT64_C(0x7e01aa) >> number & 1) &&
           clear(status, *status & ~(UINT64_C(1) << number));
}

static bool cut_offset(struct program *p, unsigned number)
{
    bool changes = number == 0 && p->code_offset != CODE_MIDDLE;
    if (changes)
        p->code_offset = CODE_MIDDLE;
    return changes;
}

static const struct {
    cut_fn *cut;
    unsigned count;
} kinds[] = {
    {cut_units_32, 4},
    {cut_units_16, 8},
    {cut_units_8, 16},
    {cut_units_4, 32},
    {cut_units_2, 64},
    {cut_units_1, CANDIDATES_MAX},
    {cut_item, CANDIDATES_MAX},
    {blank_units_32, 4},
    {blank_units_16, 8},
    {blank_units_8, 16},
    {blank_units_4, 32},
    {blank_units_2, 64},
    {blank_units_1, CANDIDATES_MAX},
    {blank_item, CANDIDATES_MAX},
    {cut_head, 8},
    {cut_poke, POKES_MAX},
    {cut_state, STATES},
    {cut_status_bit, 32},
    {cut_register, X_FRAME},
    {cut_action, ACTIONS},
    {cut_offset, 1},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- rounds ------------------------------------------------------------------------------------
 */

static bool ask(struct shrinker *s, unsigned count, bool *fails)
{
    if (count && !s->gave_up && !s->judge(s->context, s->candidate, count, fails))
        s->gave_up = true;
    return count && !s->gave_up;
}

/* Makes the cuts number[0..count-1], the last first, so that those which take
 * things out of a list do not shift the others. */
static void make_all(struct program *p, cut_fn *cut, const unsigned *number, unsigned count)
{
    while (count--)
        cut(p, number[count]);
}

/* Each cut alone; the numbers of those that still fail. */
static unsigned try_alone(struct shrinker *s, const struct program *p, unsigned kind,
                          unsigned *number)
{
    bool fails[CANDIDATES_MAX];
    unsigned tried = 0, good = 0;
    for (unsigned n = 0; n < kinds[kind].count; n++) {
        s->candidate[tried] = *p;
        if (kinds[kind].cut(&s->candidate[tried], n))
            number[tried++] = n;
    }
    if (!ask(s, tried, fails))
        return 0;
    for (unsigned i = 0; i < tried; i++)
        if (fails[i])
            number[good++] = number[i];
    return good;
}

/* All successful cuts together, or half of them, or a quarter, ... down to one. */
static bool try_together(struct shrinker *s, struct program *p, unsigned kind,
                         const unsigned *number, unsigned good)
{
    bool fails[CANDIDATES_MAX];
    unsigned tried = 0;
    for (unsigned n = good; n; n /= 2) {
        s->candidate[tried] = *p;
        make_all(&s->candidate[tried++], kinds[kind].cut, number, n);
    }
    if (!ask(s, tried, fails))
        return false;
    for (unsigned i = 0; i < tried; i++)
        if (fails[i]) {
            *p = s->candidate[i];
            return true;
        }
    return false;
}

void shrink(struct program *p, judge_fn *judge, void *context)
{
    struct shrinker s = {.judge = judge, .context = context};
    unsigned number[CANDIDATES_MAX];
    bool changed = true;
    s.candidate = mem_alloc(CANDIDATES_MAX * sizeof *s.candidate);
    while (changed && !s.gave_up) {
        changed = false;
        for (unsigned kind = 0; kind < KINDS; kind++)
            for (;;) {
                unsigned good = try_alone(&s, p, kind, number);
                if (!good || !try_together(&s, p, kind, number, good))
                    break;
                changed = true;
            }
    }
    mem_free(s.candidate);
}
