/*
 * A wheel of the next WHEEL cycles, one list a class and cycle, with a bitmap
 * of the cycles that have any; what lies further ahead waits in a heap ordered
 * by (cycle, number of announcement) and moves into the wheel as soon as its
 * cycle enters it, before anything newer can be announced for that cycle.
 *
 * Both are arrays that double when they are full; links between events are
 * indices, so moving them costs a copy and nothing else.
 *
 * Timers are a heap of tiles with each tile's position, so that replacing a
 * timer is a sift and there is never more than one a tile.
 */
#include "sim/engine/calendar.h"

#include <assert.h>
#include <string.h>

enum { WHEEL = 1024, EVENTS_AT_FIRST = 1024, NONE = 0xffffffff };

struct event {
    uint32_t payload, next;
};

struct list {
    uint32_t first, last;
};

struct far_event {
    cycle_t at;
    uint64_t number;
    uint32_t payload;
    uint8_t class;
};

struct calendar {
    struct arena *arena;
    cycle_t now; /* the wheel covers now .. now + WHEEL - 1 */
    struct list slot[WHEEL][EVENT_CLASSES];
    uint64_t occupied[WHEEL / 64];
    struct event *event;
    uint32_t free, event_capacity;
    struct far_event *far;
    uint32_t far_count, far_capacity;
    uint64_t announced;
    tile_id *timer;       /* heap of tiles */
    uint32_t *timer_slot; /* tile -> position in the heap, NONE */
    cycle_t *timer_at;    /* by tile */
    uint32_t timers;
};

struct calendar *calendar_create(struct arena *arena, unsigned tiles)
{
    struct calendar *c = arena_alloc(arena, 1, sizeof *c);
    c->arena = arena;
    c->event_capacity = c->far_capacity = EVENTS_AT_FIRST;
    c->event = arena_alloc(arena, c->event_capacity, sizeof *c->event);
    c->far = arena_alloc(arena, c->far_capacity, sizeof *c->far);
    for (unsigned s = 0; s < WHEEL; s++)
        for (unsigned k = 0; k < EVENT_CLASSES; k++)
            c->slot[s][k] = (struct list){NONE, NONE};
    c->timer = arena_alloc(arena, tiles, sizeof *c->timer);
    c->timer_slot = arena_alloc(arena, tiles, sizeof *c->timer_slot);
    c->timer_at = arena_alloc(arena, tiles, sizeof *c->timer_at);
    for (unsigned i = 0; i < tiles; i++)
        c->timer_slot[i] = NONE;
    return c;
}

/* A copy of `old` with room for twice as many. */
static void *doubled(struct arena *arena, const void *old, uint32_t *capacity, size_t size)
{
    void *more = arena_alloc(arena, *capacity, 2 * size);
    memcpy(more, old, *capacity * size);
    *capacity *= 2;
    return more;
}

/* ---- the wheel ------------------------------------------------------------- */

/* Free events form a list through `next`; 0 ends what was never touched: event
 * i's successor is i + 1 until it has been used once. */
static uint32_t event_new(struct calendar *c)
{
    uint32_t e = c->free;
    if (e == c->event_capacity)
        c->event = doubled(c->arena, c->event, &c->event_capacity, sizeof *c->event);
    c->free = c->event[e].next ? c->event[e].next - 1 : e + 1;
    return e;
}

static void event_free(struct calendar *c, uint32_t e)
{
    c->event[e].next = c->free + 1;
    c->free = e;
}

static void wheel_add(struct calendar *c, enum event_class class, cycle_t at, uint32_t payload)
{
    unsigned s = at % WHEEL;
    struct list *list = &c->slot[s][class];
    uint32_t e = event_new(c);
    c->event[e] = (struct event){payload, NONE};
    if (list->first == NONE)
        list->first = e;
    else
        c->event[list->last].next = e;
    list->last = e;
    c->occupied[s / 64] |= UINT64_C(1) << (s % 64);
}

/* ---- what lies beyond the wheel --------------------------------------------- */

static bool far_before(const struct far_event *a, const struct far_event *b)
{
    return a->at < b->at || (a->at == b->at && a->number < b->number);
}

static void far_add(struct calendar *c, struct far_event event)
{
    if (c->far_count == c->far_capacity)
        c->far = doubled(c->arena, c->far, &c->far_capacity, sizeof *c->far);
    uint32_t i = c->far_count++;
    for (; i && far_before(&event, &c->far[(i - 1) / 2]); i = (i - 1) / 2)
        c->far[i] = c->far[(i - 1) / 2];
    c->far[i] = event;
}

static struct far_event far_take(struct calendar *c)
{
    struct far_event first = c->far[0], last = c->far[--c->far_count];
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= c->far_count)
            break;
        if (child + 1 < c->far_count && far_before(&c->far[child + 1], &c->far[child]))
            child++;
        if (!far_before(&c->far[child], &last))
            break;
        c->far[i] = c->far[child];
        i = child;
    }
    c->far[i] = last;
    return first;
}

static void advance(struct calendar *c, cycle_t now)
{
    assert(now >= c->now);
    c->now = now;
    while (c->far_count && c->far[0].at < now + WHEEL) {
        struct far_event e = far_take(c);
        wheel_add(c, (enum event_class)e.class, e.at, e.payload);
    }
}

/* ---- events ------------------------------------------------------------------- */

void calendar_add(struct calendar *c, enum event_class class, cycle_t at, uint32_t payload)
{
    assert(at >= c->now);
    if (at < c->now + WHEEL)
        wheel_add(c, class, at, payload);
    else
        far_add(c, (struct far_event){at, c->announced++, payload, (uint8_t) class});
}

bool calendar_take(struct calendar *c, enum event_class class, cycle_t now, uint32_t *payload)
{
    if (now != c->now)
        advance(c, now);
    unsigned s = now % WHEEL;
    if (!(c->occupied[s / 64] >> (s % 64) & 1))
        return false;
    struct list *list = &c->slot[s][class];
    uint32_t e = list->first;
    if (e == NONE)
        return false;
    *payload = c->event[e].payload;
    list->first = c->event[e].next;
    event_free(c, e);
    bool empty = true;
    for (unsigned k = 0; k < EVENT_CLASSES; k++)
        empty &= c->slot[s][k].first == NONE;
    if (empty)
        c->occupied[s / 64] &= ~(UINT64_C(1) << (s % 64));
    return true;
}

cycle_t calendar_next(struct calendar *c, cycle_t now)
{
    if (now != c->now)
        advance(c, now);
    unsigned start = now % WHEEL;
    for (unsigned k = 0; k <= WHEEL / 64; k++) {
        unsigned word = (start / 64 + k) % (WHEEL / 64);
        uint64_t bits = c->occupied[word];
        if (k == 0)
            bits &= ~UINT64_C(0) << (start % 64);
        if (k == WHEEL / 64)
            bits &= ~(~UINT64_C(0) << (start % 64));
        if (bits) {
            unsigned s = word * 64 + (unsigned)__builtin_ctzll(bits);
            return now + (s + WHEEL - start) % WHEEL;
        }
    }
    return c->far_count ? c->far[0].at : CYCLE_NEVER;
}

/* ---- timers --------------------------------------------------------------------- */

static bool timer_before(const struct calendar *c, tile_id a, tile_id b)
{
    return c->timer_at[a] < c->timer_at[b] || (c->timer_at[a] == c->timer_at[b] && a < b);
}

static void timer_place(struct calendar *c, uint32_t i, tile_id tile)
{
    c->timer[i] = tile;
    c->timer_slot[tile] = i;
}

static void timer_sift(struct calendar *c, uint32_t i, tile_id tile)
{
    for (; i && timer_before(c, tile, c->timer[(i - 1) / 2]); i = (i - 1) / 2)
        timer_place(c, i, c->timer[(i - 1) / 2]);
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= c->timers)
            break;
        if (child + 1 < c->timers && timer_before(c, c->timer[child + 1], c->timer[child]))
            child++;
        if (!timer_before(c, c->timer[child], tile))
            break;
        timer_place(c, i, c->timer[child]);
        i = child;
    }
    timer_place(c, i, tile);
}

static void timer_remove(struct calendar *c, tile_id tile)
{
    uint32_t i = c->timer_slot[tile];
    if (i == NONE)
        return;
    c->timer_slot[tile] = NONE;
    tile_id last = c->timer[--c->timers];
    if (last != tile)
        timer_sift(c, i, last);
}

void calendar_set_timer(struct calendar *c, tile_id tile, cycle_t at)
{
    timer_remove(c, tile);
    if (at == CYCLE_NEVER)
        return;
    c->timer_at[tile] = at;
    timer_sift(c, c->timers++, tile);
}

cycle_t calendar_timer_at(const struct calendar *c)
{
    return c->timers ? c->timer_at[c->timer[0]] : CYCLE_NEVER;
}

tile_id calendar_take_timer(struct calendar *c)
{
    tile_id tile = c->timer[0];
    timer_remove(c, tile);
    return tile;
}
