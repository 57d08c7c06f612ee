/*
 * Messages come out of the network interface in the order in which they were
 * launched, in whatever order they leave the mesh, and none before it came in.
 */
#include "sim/engine/message_order.h"

#include <criterion/criterion.h>

#include "sim/base/rng.h"

enum { TILES = 5, MESSAGES = 400 };

static struct arena *arena;
static struct message_order order;

static void begin(void)
{
    arena = arena_create();
    message_order_create(&order, arena, TILES);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(message_order, .init = begin, .fini = end);

static struct packet launched(tile_id from, tile_id to)
{
    struct packet p = {.kind = PACKET_MESSAGE, .from = from, .to = to};
    message_order_launch(&order, &p);
    return p;
}

Test(message_order, what_arrives_in_order_is_seen_at_once)
{
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct packet p = launched(1, 2);
        cr_assert_eq(message_order_arrive(&order, &p), &p);
        cr_assert_null(p.next);
    }
}

Test(message_order, an_early_message_waits_for_its_predecessors)
{
    struct packet a = launched(0, 1), b = launched(0, 1), c = launched(0, 1), d = launched(0, 1);
    cr_assert_null(message_order_arrive(&order, &c));
    cr_assert_null(message_order_arrive(&order, &b));
    cr_assert_eq(message_order_arrive(&order, &a), &a);
    cr_assert_eq(a.next, &b);
    cr_assert_eq(b.next, &c);
    cr_assert_null(c.next);
    cr_assert_eq(message_order_arrive(&order, &d), &d);
}

Test(message_order, pairs_of_tiles_do_not_wait_for_each_other)
{
    struct packet first = launched(3, 4), second = launched(3, 4);
    struct packet back = launched(4, 3), other = launched(2, 4), elsewhere = launched(3, 0);
    cr_assert_null(message_order_arrive(&order, &second));
    cr_assert_eq(message_order_arrive(&order, &back), &back);
    cr_assert_eq(message_order_arrive(&order, &other), &other);
    cr_assert_eq(message_order_arrive(&order, &elsewhere), &elsewhere);
    cr_assert_eq(message_order_arrive(&order, &first), &first);
    cr_assert_eq(first.next, &second);
}

Test(message_order, numbers_may_wrap)
{
    order.launched[1 * TILES + 2] = order.expected[2 * TILES + 1] = UINT32_MAX;
    struct packet last = launched(1, 2), zero = launched(1, 2), one = launched(1, 2);
    cr_assert_eq(last.message.number, UINT32_MAX);
    cr_assert_null(message_order_arrive(&order, &one));
    cr_assert_null(message_order_arrive(&order, &zero));
    cr_assert_eq(message_order_arrive(&order, &last), &last);
    cr_assert_eq(last.next, &zero);
    cr_assert_eq(zero.next, &one);
}

/* Message i of the test has the label i. */
static void shuffle(struct packet **p, struct rng *rng)
{
    for (unsigned i = MESSAGES; i > 1; i--) {
        unsigned j = rng_below(rng, i);
        struct packet *other = p[j];
        p[j] = p[i - 1];
        p[i - 1] = other;
    }
}

Test(message_order, any_order_of_arrival_becomes_the_order_of_launches)
{
    static struct packet packet[MESSAGES], *arriving[MESSAGES];
    struct rng rng = rng_stream(11, 0);
    uint64_t next[TILES][TILES] = {{0}}, label[TILES][TILES] = {{0}};
    unsigned seen = 0;
    for (unsigned i = 0; i < MESSAGES; i++) {
        tile_id from = (tile_id)rng_below(&rng, TILES), to = (tile_id)rng_below(&rng, TILES);
        packet[i] = launched(from, to);
        packet[i].message.label = label[from][to]++;
        arriving[i] = &packet[i];
    }
    shuffle(arriving, &rng);
    for (unsigned i = 0; i < MESSAGES; i++)
        for (struct packet *p = message_order_arrive(&order, arriving[i]); p; p = p->next, seen++)
            cr_assert_eq(p->message.label, next[p->from][p->to]++);
    cr_assert_eq(seen, MESSAGES);
}
