/*
 * The pool of packets: numbers and addresses belong together, whatever is taken
 * and returned.
 */
#include "sim/engine/packet_pool.h"

#include <criterion/criterion.h>

#include "sim/base/rng.h"

enum { MANY = 5 * PACKET_CHUNK + 7 };

static struct arena *arena;
static struct packet_pool pool;

static void begin(void)
{
    arena = arena_create();
    packet_pool_create(&pool, arena);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(packet_pool, .init = begin, .fini = end);

Test(packet_pool, packets_stay_where_they_are_while_the_pool_grows)
{
    static struct packet *taken[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        taken[i] = packet_take(&pool);
        taken[i]->flits = (uint8_t)i;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        cr_assert_eq(packet_at(&pool, taken[i]->number), taken[i]);
        cr_assert_eq(taken[i]->flits, (uint8_t)i);
    }
    cr_assert_eq(pool.in_use, MANY);
}

Test(packet_pool, no_packet_is_taken_twice_and_none_is_lost)
{
    static struct packet *taken[MANY];
    static bool in_use[MANY];
    struct rng rng = rng_stream(3, 0);
    unsigned count = 0;
    for (unsigned n = 0; n < 200000; n++) {
        if (count < MANY && (count == 0 || rng_below(&rng, 5) > 1)) {
            struct packet *p = packet_take(&pool);
            cr_assert_lt(p->number, MANY);
            cr_assert_not(in_use[p->number]);
            in_use[p->number] = true;
            taken[count++] = p;
        } else {
            unsigned which = rng_below(&rng, count);
            in_use[taken[which]->number] = false;
            packet_return(&pool, taken[which]);
            taken[which] = taken[--count];
        }
        cr_assert_eq(pool.in_use, count);
    }
    cr_assert_leq(pool.fresh, MANY, "returned packets are taken first");
}
