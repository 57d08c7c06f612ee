/*
 * The calendar against the plainest one there is: an unsorted list that is
 * searched from end to end for what comes next.
 */
#include "sim/engine/calendar.h"

#include <criterion/criterion.h>

#include "sim/base/rng.h"

enum { TILES = 37, EVENTS_MAX = 700 };

/* ---- the plain one -------------------------------------------------------------- */

struct plain_event {
    cycle_t at;
    uint64_t number; /* of its announcement */
    uint32_t payload;
    enum event_class class;
};

static struct plain {
    struct plain_event event[EVENTS_MAX];
    unsigned count;
    uint64_t announced;
    cycle_t timer[TILES];
} plain;

static void plain_create(void)
{
    plain = (struct plain){.count = 0};
    for (unsigned i = 0; i < TILES; i++)
        plain.timer[i] = CYCLE_NEVER;
}

static void plain_add(enum event_class class, cycle_t at, uint32_t payload)
{
    plain.event[plain.count++] = (struct plain_event){at, plain.announced++, payload, class};
}

static bool plain_take(enum event_class class, cycle_t now, uint32_t *payload)
{
    unsigned found = EVENTS_MAX;
    for (unsigned i = 0; i < plain.count; i++) {
        const struct plain_event *e = &plain.event[i];
        if (e->class == class && e->at == now &&
            (found == EVENTS_MAX || e->number < plain.event[found].number))
            found = i;
    }
    if (found == EVENTS_MAX)
        return false;
    *payload = plain.event[found].payload;
    plain.event[found] = plain.event[--plain.count];
    return true;
}

static cycle_t plain_next(void)
{
    cycle_t next = CYCLE_NEVER;
    for (unsigned i = 0; i < plain.count; i++)
        next = plain.event[i].at < next ? plain.event[i].at : next;
    return next;
}

/* The tile of the earliest timer, the lowest of those that share it; TILES
 * when there is none. */
static unsigned plain_first_timer(void)
{
    unsigned first = TILES;
    for (unsigned i = 0; i < TILES; i++)
        if (plain.timer[i] != CYCLE_NEVER &&
            (first == TILES || plain.timer[i] < plain.timer[first]))
            first = i;
    return first;
}

/* ---- both at once --------------------------------------------------------------------- */

static struct arena *arena;
static struct calendar *calendar;
static struct rng rng;
static cycle_t now;
static uint32_t payloads;

static void create(void)
{
    arena = arena_create();
    calendar = calendar_create(arena, TILES);
    rng = rng_stream(6, 0);
    now = 0;
    payloads = 0;
    plain_create();
}

static void destroy(void)
{
    arena_destroy(arena);
}

TestSuite(calendar, .init = create, .fini = destroy);

static void add(enum event_class class, cycle_t at)
{
    calendar_add(calendar, class, at, payloads);
    plain_add(class, at, payloads++);
}

static void set_timer(tile_id tile, cycle_t at)
{
    calendar_set_timer(calendar, tile, at);
    plain.timer[tile] = at;
}

static void check_timers(void)
{
    unsigned first = plain_first_timer();
    cr_assert_eq(calendar_timer_at(calendar), first == TILES ? CYCLE_NEVER : plain.timer[first]);
}

static void take_timers(void)
{
    while (calendar_timer_at(calendar) <= now) {
        unsigned first = plain_first_timer();
        cr_assert_eq(calendar_take_timer(calendar), first);
        plain.timer[first] = CYCLE_NEVER;
        check_timers();
    }
}

/* Takes everything of cycle `now`; now and then announces something new for
 * this very cycle and class, or a later class, while taking. */
static void take_cycle(void)
{
    for (unsigned class = 0; class < EVENT_CLASSES; class ++) {
        uint32_t mine, its;
        bool more;
        do {
            more = plain_take((enum event_class) class, now, &mine);
            cr_assert_eq(calendar_take(calendar, (enum event_class) class, now, &its), more,
                         "cycle %llu, class %u", (unsigned long long)now, class);
            if (more)
                cr_assert_eq(its, mine, "cycle %llu, class %u", (unsigned long long)now, class);
            if (more && plain.count < EVENTS_MAX && rng_below(&rng, 8) == 0)
                add((enum event_class)(class + rng_below(&rng, EVENT_CLASSES - class)), now);
        } while (more);
    }
}

/* Distances that fall on the wheel's edge, far beyond it, and at hand. */
static cycle_t some_distance(void)
{
    static const cycle_t edges[] = {0, 1, 63, 64, 65, 1022, 1023, 1024, 1025, 2047, 2048, 4099};
    switch (rng_below(&rng, 4)) {
    case 0:
        return edges[rng_below(&rng, sizeof edges / sizeof edges[0])];
    case 1:
        return rng_below(&rng, 5000);
    default:
        return rng_below(&rng, 40);
    }
}

static void announce_some(void)
{
    for (unsigned n = rng_below(&rng, 5); n > 0 && plain.count < EVENTS_MAX; n--)
        add((enum event_class)rng_below(&rng, EVENT_CLASSES), now + some_distance());
}

static void change_a_timer(void)
{
    tile_id tile = (tile_id)rng_below(&rng, TILES);
    set_timer(tile, rng_below(&rng, 4) ? now + rng_below(&rng, 300) : CYCLE_NEVER);
    check_timers();
}

Test(calendar, agrees_with_a_plain_list_under_random_use)
{
    for (unsigned step = 0; step < 60000; step++) {
        announce_some();
        change_a_timer();
        take_timers();
        take_cycle();
        cr_assert_eq(calendar_next(calendar, now), plain_next(), "cycle %llu",
                     (unsigned long long)now);
        now += rng_below(&rng, 3) ? 1 : 0;
        /* Over empty cycles one may jump, up to the next event. */
        if (rng_below(&rng, 10) == 0 && plain_next() != CYCLE_NEVER && plain_next() > now)
            now = rng_below(&rng, 2) ? plain_next() : now + (plain_next() - now) / 2;
    }
    cr_assert_gt(payloads - plain.count, 30000, "%u taken", payloads - plain.count);
}

Test(calendar, is_empty_at_first)
{
    uint32_t payload;
    cr_assert_eq(calendar_next(calendar, 0), CYCLE_NEVER);
    cr_assert_eq(calendar_timer_at(calendar), CYCLE_NEVER);
    for (unsigned class = 0; class < EVENT_CLASSES; class ++)
        cr_assert_not(calendar_take(calendar, (enum event_class) class, 0, &payload));
}

Test(calendar, a_far_event_comes_before_a_near_one_that_was_announced_later)
{
    const cycle_t at = 5000;
    uint32_t payload;
    calendar_add(calendar, EVENT_DELIVER, at, 1); /* beyond the wheel */
    calendar_add(calendar, EVENT_DELIVER, at, 2);
    cr_assert_eq(calendar_next(calendar, at - 10), at);
    calendar_add(calendar, EVENT_DELIVER, at, 3); /* in the wheel */
    for (uint32_t expected = 1; expected <= 3; expected++) {
        cr_assert(calendar_take(calendar, EVENT_DELIVER, at, &payload));
        cr_assert_eq(payload, expected);
    }
    cr_assert_not(calendar_take(calendar, EVENT_DELIVER, at, &payload));
    cr_assert_eq(calendar_next(calendar, at), CYCLE_NEVER);
}

Test(calendar, every_event_can_be_in_use_again_and_again)
{
    uint32_t payload;
    for (unsigned round = 0; round < 20; round++) {
        cycle_t at = round * 3000 + (round % 2 ? 2000 : 1);
        for (uint32_t i = 0; i < EVENTS_MAX; i++)
            calendar_add(calendar, EVENT_SEND_HART, at, i);
        for (uint32_t i = 0; i < EVENTS_MAX; i++) {
            cr_assert(calendar_take(calendar, EVENT_SEND_HART, at, &payload));
            cr_assert_eq(payload, i);
        }
        cr_assert_not(calendar_take(calendar, EVENT_SEND_HART, at, &payload));
    }
}

Test(calendar, takes_any_number_of_events_near_and_far)
{
    enum { MANY = 20000 };
    uint32_t payload;
    for (uint32_t i = 0; i < MANY; i++) {
        calendar_add(calendar, EVENT_SEND_HOME, 500 + i % 2, i);
        calendar_add(calendar, EVENT_SEND_HART, 9000 + i % 2, i);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        cycle_t odd = i >= MANY / 2;
        cr_assert(calendar_take(calendar, EVENT_SEND_HOME, 500 + odd, &payload));
        cr_assert_eq(payload, 2 * (i % (MANY / 2)) + odd);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        cycle_t odd = i >= MANY / 2;
        cr_assert(calendar_take(calendar, EVENT_SEND_HART, 9000 + odd, &payload));
        cr_assert_eq(payload, 2 * (i % (MANY / 2)) + odd);
    }
    cr_assert_eq(calendar_next(calendar, 9001), CYCLE_NEVER);
}

Test(calendar, a_new_timer_replaces_the_old_and_never_removes_it)
{
    set_timer(3, 100);
    set_timer(5, 90);
    set_timer(5, 110);
    check_timers();
    cr_assert_eq(calendar_timer_at(calendar), 100);
    set_timer(3, CYCLE_NEVER);
    cr_assert_eq(calendar_timer_at(calendar), 110);
    set_timer(5, CYCLE_NEVER);
    set_timer(5, CYCLE_NEVER);
    cr_assert_eq(calendar_timer_at(calendar), CYCLE_NEVER);
}

Test(calendar, timers_of_one_cycle_come_in_the_order_of_tiles)
{
    for (unsigned i = TILES; i-- > 0;)
        calendar_set_timer(calendar, (tile_id)((i * 7) % TILES), 50);
    for (unsigned i = 0; i < TILES; i++)
        cr_assert_eq(calendar_take_timer(calendar), i);
    cr_assert_eq(calendar_timer_at(calendar), CYCLE_NEVER);
}
