/*
 * Every transport, same code: all tiles are connected with all, and each sends
 * numbered messages to every other while it receives from whoever has some.
 * Per channel the numbers come in order and none is missing; then a token
 * visits every tile over lone channels that nobody else uses.
 */
// machine: configs/machines/mesh-4x4.yaml
// expect: urpc: 16 tiles, 4800 messages, all in order
// expect: urpc: the token is back after 16 hops
// expect: noc: 16 tiles, 4800 messages, all in order
// expect: noc: the token is back after 16 hops
#include "guest-os/lib/barrier.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/memory.h"
#include "guest-os/lib/user.h"
#include "guest-os/transport/transport.h"

enum { MESSAGES = 20, NUMBER = 7, TOKEN = 9 };

static struct barrier barrier;
static struct meeting *meetings; /* [transport][lower][higher], then the ring's */
static unsigned tiles;

struct mesh_of_channels {
    struct waitset set;
    struct channel *to; /* [peer] */
    uint64_t *received; /* [peer] */
    uint64_t *sent;
};

static struct meeting *meeting_of(unsigned transport, unsigned a, unsigned b)
{
    unsigned lower = a < b ? a : b, higher = a < b ? b : a;
    return &meetings[(transport * tiles + lower) * tiles + higher];
}

static void open_all(struct mesh_of_channels *n, unsigned transport)
{
    n->to = memory_take(tiles * sizeof n->to[0]);
    n->received = memory_take(tiles * sizeof n->received[0]);
    n->sent = memory_take(tiles * sizeof n->sent[0]);
    waitset_open(&n->set, transports[transport], tiles - 1);
    for (unsigned peer = 0; peer < tiles; peer++)
        if (peer != self_core())
            channel_open(&n->to[peer], transports[transport], peer,
                         meeting_of(transport, self_core(), peer), &n->set);
}

/* Sends one message to each peer that can take one; how many went. */
static unsigned send_round(struct mesh_of_channels *n)
{
    unsigned went = 0;
    for (unsigned peer = 0; peer < tiles; peer++) {
        struct message m = {NUMBER, 2, {n->sent[peer], self_core()}, 0};
        if (peer == self_core() || n->sent[peer] == MESSAGES || !channel_try_send(&n->to[peer], &m))
            continue;
        n->sent[peer]++;
        went++;
    }
    return went;
}

static void take_one(struct mesh_of_channels *n, const struct channel *from,
                     const struct message *m)
{
    check(m->type == NUMBER && m->words == 2 && m->word[1] == from->peer);
    check(m->word[0] == n->received[from->peer]);
    n->received[from->peer]++;
}

static void all_to_all(unsigned transport)
{
    struct mesh_of_channels *n = memory_take(sizeof *n);
    unsigned to_send = (tiles - 1) * MESSAGES, to_receive = to_send;
    struct message m;
    open_all(n, transport);
    barrier_wait(&barrier, tiles);
    while (to_send || to_receive) {
        to_send -= send_round(n);
        for (struct channel *from; (from = waitset_try_receive(&n->set, &m)); to_receive--)
            take_one(n, from, &m);
        if (!to_send && to_receive) {
            take_one(n, waitset_receive(&n->set, &m), &m);
            to_receive--;
        }
    }
    check(!waitset_try_receive(&n->set, &m));
    barrier_wait(&barrier, tiles);
    if (self_core() == 0)
        printf("%s: %u tiles, %u messages, all in order\n", transports[transport]->name, tiles,
               tiles * (tiles - 1) * MESSAGES);
}

/* Neighbour channels of the ring 0 - 1 - ... - n-1 - 0, opened lowest pair first. */
static void open_ring(struct channel *before, struct channel *after, unsigned transport,
                      struct meeting *ring)
{
    unsigned core = self_core(), last = tiles - 1;
    if (core == 0)
        channel_open(after, transports[transport], 1, &ring[0], NULL);
    if (core == 0 || core == last)
        channel_open(core == 0 ? before : after, transports[transport], last - core, &ring[last],
                     NULL);
    if (core != 0)
        channel_open(before, transports[transport], core - 1, &ring[core - 1], NULL);
    if (core != 0 && core != last)
        channel_open(after, transports[transport], core + 1, &ring[core], NULL);
}

static void pass_token(unsigned transport)
{
    struct channel *ends = memory_take(2 * sizeof *ends), *before = ends, *after = ends + 1;
    struct message m = {TOKEN, 1, {1}, 0};
    open_ring(before, after, transport, &meetings[(2 + transport) * tiles * tiles]);
    if (self_core() == 0)
        channel_send(after, &m);
    channel_receive(before, &m);
    check(m.type == TOKEN && m.words == 1);
    if (self_core() == 0) {
        check(m.word[0] == tiles);
        printf("%s: the token is back after %lu hops\n", transports[transport]->name, m.word[0]);
        return;
    }
    m.word[0]++;
    channel_send(after, &m);
}

static void take_part(void *unused)
{
    (void)unused;
    for (unsigned t = 0; transports[t]; t++) {
        all_to_all(t);
        pass_token(t);
        barrier_wait(&barrier, tiles);
    }
}

int user_main(void)
{
    tiles = (unsigned)machine()->tiles;
    meetings = memory_take(4 * tiles * tiles * sizeof *meetings);
    for (unsigned core = 1; core < tiles; core++)
        check(spawn(core, take_part, 0));
    take_part(0);
    return GUEST_OK;
}
