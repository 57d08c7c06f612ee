/*
 * URPC: messages as cache lines in coherent memory, the transport of the
 * multikernel (Bershad et al., ACM TOCS 9(2), 1991; Baumann et al., SOSP 2009).
 *
 * Each direction of a channel is a ring of 32 lines that its receiver owns and
 * its sender alone writes.  One message is one line, the header last:
 *
 *      byte  0       8      16      24      32      40      48      56
 *          +-------+-------+-------+-------+-------+-------+-------+--------+
 *   slot 0 | word0 | word1 | word2 | word3 | word4 | word5 | word6 | header |
 *   slot 1 |       |       |       |       |       |       |       |        |
 *    ...   +-------+-------+-------+-------+-------+-------+-------+--------+
 *   slot 31
 *
 *   header   63     35 34   32 31          16 15       1   0
 *          |    0     | words |  cumulative  |   type   |epoch|
 *          |          |       |  ack, 16 bit |  15 bit  |     |
 *
 * Epoch.  It is 1 in the first round through the ring, 0 in the second, and so
 * on; memory starts as 0.  The receiver knows which epoch comes next, so one
 * load of the header tells whether the slot is new, and nobody ever clears one.
 *
 * Acknowledgement.  Every message carries how many messages its sender has read
 * so far (modulo 2^16; at most 32 are under way, so there is no doubt).  Only
 * when nearly a ring has been read without anything to send does the receiver
 * send a message of its own for it, of type 0x7fff, which ends here.
 *
 * Flow.  `sent - acked < ring` lets a message go.  The last slot is kept for an
 * explicit acknowledgement: data stops one earlier.  Otherwise two cores that
 * fill both rings, and then read everything, would each owe an ack that has no
 * room, and wait for ever.  One slot is enough: 28 further messages must arrive
 * before the next ack is owed, the peer had room for three, and those after
 * them were sent with this ack read, so they carry the news that frees its slot.
 *
 * Memory order (RVWMO).
 *   payload before header   fence rw,w between them; seen the other way round by
 *   header before payload   fence r,r at the receiver: it never sees half a
 *                           message.
 *   payload read before ack the ack lets the sender overwrite the slot, so the
 *                           receiver's loads of the payload must be over before
 *                           its header store: that is the r in fence rw,w.
 *   ack before overwriting  the sender stores to a slot only under a branch on
 *                           the ack it loaded; RVWMO keeps a load before stores
 *                           that depend on it by control.
 *
 * Cost, steady state: the store invalidates the line at the receiver, the poll
 * fetches it from the sender: two round trips on the interconnect.
 */
#include "guest-os/transport/transport.h"

#include "guest-os/lib/memory.h"
#include "guest-os/lib/riscv.h"

enum {
    RING_SLOTS = 32,
    SLOT_WORDS = LINE_BYTES / 8,
    HEADER = SLOT_WORDS - 1,
    DATA_LIMIT = RING_SLOTS - 1,
    ACK_OWED = RING_SLOTS - 4, /* nearly a ring */
    TYPE_ACK = MESSAGE_TYPES,
};

#define TYPE_SHIFT  1
#define ACK_SHIFT   16
#define WORDS_SHIFT 32

static const char *urpc_refuses(const struct bootinfo *machine, unsigned fan_in)
{
    (void)fan_in;
    return machine->coherent ? NULL : "the machine's caches are not coherent";
}

static void urpc_waitset_open(struct waitset *set)
{
    (void)set; /* polls its members: nothing to prepare */
}

static void urpc_offer(struct channel *c, struct offer *mine)
{
    c->urpc.in = memory_take(RING_SLOTS * LINE_BYTES);
    mine->word[0] = (uint64_t)c->urpc.in;
}

static void urpc_accept(struct channel *c, const struct offer *theirs)
{
    c->urpc.out = (volatile uint64_t *)theirs->word[0];
}

static volatile uint64_t *slot_of(volatile uint64_t *ring, uint64_t number)
{
    return ring + number % RING_SLOTS * SLOT_WORDS;
}

static uint64_t epoch_of(uint64_t number)
{
    return ~(number / RING_SLOTS) & 1;
}

static bool is_new(uint64_t header, uint64_t number)
{
    return (header & 1) == epoch_of(number);
}

static unsigned type_of(uint64_t header)
{
    return header >> TYPE_SHIFT & 0x7fff;
}

/* An ack that look_for_acks has seen before lies behind `acked`: its distance,
 * modulo 2^16, is then more than can be under way. */
static void note_ack(struct urpc_end *u, uint64_t header)
{
    uint16_t news = (uint16_t)((header >> ACK_SHIFT) - u->acked);
    if (news <= u->sent - u->acked)
        u->acked += news;
}

/* All seven words, whatever the message's length: straight loads and then
 * straight stores are faster than a loop, and give a poll of the other side
 * less time to take the line away in the middle. */
static void put_words(volatile uint64_t *slot, const uint64_t *word)
{
    uint64_t a = word[0], b = word[1], c = word[2], d = word[3], e = word[4], f = word[5],
             g = word[6];
    slot[0] = a, slot[1] = b, slot[2] = c, slot[3] = d, slot[4] = e, slot[5] = f, slot[6] = g;
}

static void get_words(const volatile uint64_t *slot, uint64_t *word)
{
    uint64_t a = slot[0], b = slot[1], c = slot[2], d = slot[3], e = slot[4], f = slot[5],
             g = slot[6];
    word[0] = a, word[1] = b, word[2] = c, word[3] = d, word[4] = e, word[5] = f, word[6] = g;
}

static uint64_t header_for(const struct urpc_end *u, unsigned type, unsigned words)
{
    return epoch_of(u->sent) | (uint64_t)type << TYPE_SHIFT | (u->received & 0xffff) << ACK_SHIFT |
           (uint64_t)words << WORDS_SHIFT;
}

/* The header goes last, to a slot that the caller has found free and filled. */
static void seal(struct urpc_end *u, volatile uint64_t *slot, uint64_t header)
{
    fence(rw, w);
    slot[HEADER] = header;
    u->told = u->received;
    u->sent++;
}

static void ack_if_owed(struct urpc_end *u)
{
    if (u->received - u->told >= ACK_OWED && u->sent - u->acked < RING_SLOTS)
        seal(u, slot_of(u->out, u->sent), header_for(u, TYPE_ACK, 0));
}

/* Drops explicit acks at the ring's head.  True: a message is there now. */
static bool head_is_message(struct urpc_end *u, uint64_t *header)
{
    for (;;) {
        *header = slot_of(u->in, u->received)[HEADER];
        if (!is_new(*header, u->received))
            return false;
        if (type_of(*header) != TYPE_ACK)
            return true;
        note_ack(u, *header);
        u->received++;
    }
}

/* Reads the acks of all that has arrived, without taking messages away. */
static void look_for_acks(struct urpc_end *u)
{
    uint64_t header;
    if (!head_is_message(u, &header))
        return;
    for (uint64_t n = u->received; is_new(header, n); header = slot_of(u->in, n)[HEADER]) {
        note_ack(u, header);
        n++;
    }
}

static bool urpc_try_send(struct channel *c, const struct message *m)
{
    struct urpc_end *u = &c->urpc;
    if (u->sent - u->acked >= DATA_LIMIT)
        look_for_acks(u);
    if (u->sent - u->acked >= DATA_LIMIT)
        return false;
    volatile uint64_t *slot = slot_of(u->out, u->sent);
    uint64_t header = header_for(u, m->type, m->words);
    put_words(slot, m->word);
    seal(u, slot, header);
    return true;
}

static bool urpc_try_receive(struct channel *c, struct message *m)
{
    struct urpc_end *u = &c->urpc;
    uint64_t header;
    if (!head_is_message(u, &header))
        return false;
    m->seen_cycle = cycle_now();
    fence(r, r);
    note_ack(u, header);
    m->type = (uint16_t)type_of(header);
    m->words = header >> WORDS_SHIFT & 7;
    get_words(slot_of(u->in, u->received), m->word);
    u->received++;
    ack_if_owed(u);
    return true;
}

/* One round over the members, beginning after the one that was served last. */
static struct channel *urpc_try_receive_any(struct waitset *set, struct message *m)
{
    for (unsigned i = 0; i < set->count; i++) {
        struct channel *c = set->member[set->next];
        set->next = set->next + 1 == set->count ? 0 : set->next + 1;
        if (urpc_try_receive(c, m))
            return c;
    }
    return NULL;
}

static void urpc_wait(struct channel *c)
{
    (void)c; /* the next poll is the wait: the header's line stays in the L1 */
}

static void urpc_wait_any(struct waitset *set)
{
    (void)set;
}

const struct transport transport_urpc = {
    .name = "urpc",
    .refuses = urpc_refuses,
    .waitset_open = urpc_waitset_open,
    .offer = urpc_offer,
    .accept = urpc_accept,
    .try_send = urpc_try_send,
    .try_receive = urpc_try_receive,
    .try_receive_any = urpc_try_receive_any,
    .wait = urpc_wait,
    .wait_any = urpc_wait_any,
};
