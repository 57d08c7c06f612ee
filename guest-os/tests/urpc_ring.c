/*
 * The URPC ring at its edges, seen from both ends.
 *   full      31 messages go without an ack, the 32nd is refused
 *   one way   a receiver that has nothing to say acks every 28th message with
 *             one of its own, and the epoch turns at each wrap
 *   both full both ends fill their ring before either reads: nobody is stuck
 */
// expect: full: 31 sent, then refused
// expect: one way: 1000 messages in order, 35 explicit acks
// expect: both full: 10 rounds, nobody stuck
// expect: piggy-backed: 100 round trips, no explicit ack
#include "guest-os/lib/barrier.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/user.h"
#include "guest-os/transport/transport.h"

enum { RING_DATA = 31, ONE_WAY = 1000, ROUNDS = 10, TRIPS = 100 };

static struct meeting meeting;
static struct barrier barrier;
static struct channel ends[2];
static uint64_t drained[2];

static struct message numbered(uint64_t number)
{
    uint16_t words = (uint16_t)(number % (MESSAGE_WORDS + 1));
    struct message m = {.type = (uint16_t)(number % MESSAGE_TYPES), .words = words};
    for (unsigned i = 0; i < words; i++)
        m.word[i] = number << 8 | i;
    return m;
}

static void check_number(const struct message *m, uint64_t number)
{
    struct message expected = numbered(number);
    check(m->type == expected.type && m->words == expected.words);
    for (unsigned i = 0; i < expected.words; i++)
        check(m->word[i] == expected.word[i]);
}

static bool try_send_number(struct channel *c, uint64_t number)
{
    struct message m = numbered(number);
    return channel_try_send(c, &m);
}

static void receive_number(struct channel *c, uint64_t number)
{
    struct message m;
    channel_receive(c, &m);
    check_number(&m, number);
}

static void one_way(struct channel *c, bool send)
{
    unsigned at_once = 0;
    uint64_t n = 0;
    while (send && try_send_number(c, at_once))
        at_once++;
    barrier_wait(&barrier, 2); /* nothing is read before the ring is full */
    if (send) {
        printf("full: %u sent, then refused\n", at_once);
        check(c->urpc.sent == RING_DATA);
        for (n = at_once; n < ONE_WAY; n++)
            while (!try_send_number(c, n))
                ;
    }
    for (; n < ONE_WAY; n++)
        receive_number(c, n);
    barrier_wait(&barrier, 2);
    if (send)
        printf("one way: %u messages in order, %lu explicit acks\n", ONE_WAY, ends[1].urpc.sent);
    barrier_wait(&barrier, 2);
}

/* Fills the ring; how many went. */
static unsigned fill(struct channel *c, uint64_t *sent)
{
    unsigned went = 0;
    for (; try_send_number(c, *sent); went++)
        (*sent)++;
    return went;
}

static void drain(struct channel *c, uint64_t *received)
{
    struct message m;
    while (channel_try_receive(c, &m))
        check_number(&m, (*received)++);
}

static void both_full(struct channel *c)
{
    uint64_t sent = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        check(fill(c, &sent) > 0);
        barrier_wait(&barrier, 2);
        drain(c, &drained[self_core()]);
        barrier_wait(&barrier, 2);
    }
    check(drained[1 - self_core()] == sent);
    if (self_core() == 0)
        printf("both full: %u rounds, nobody stuck\n", ROUNDS);
}

static void round_trips(struct channel *c)
{
    barrier_wait(&barrier, 2);
    uint64_t before = c->urpc.sent;
    for (uint64_t n = 0; n < TRIPS; n++) {
        if (self_core() == 0)
            check(try_send_number(c, n));
        receive_number(c, n);
        if (self_core() == 1)
            check(try_send_number(c, n));
    }
    check(c->urpc.sent == before + TRIPS);
    barrier_wait(&barrier, 2);
    if (self_core() == 0)
        printf("piggy-backed: %u round trips, no explicit ack\n", TRIPS);
}

static void take_part(void *unused)
{
    (void)unused;
    unsigned core = self_core();
    struct channel *c = &ends[core];
    channel_open(c, &transport_urpc, 1 - core, &meeting, NULL);
    one_way(c, core == 0);
    both_full(c);
    round_trips(c);
}

int user_main(void)
{
    check(spawn(1, take_part, 0));
    take_part(0);
    return GUEST_OK;
}
