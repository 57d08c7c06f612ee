/*
 * Channels: how cores speak to each other, whatever carries the words.
 *
 * A channel is a duplex connection of two cores; each holds its own end, a
 * struct channel in memory that no other core writes.  A message is a type and
 * up to seven 64-bit words: what fits into one cache line with a header.
 *
 * A core that must hear many channels gathers them in a waitset and receives
 * from whichever has something.  A channel that belongs to a waitset receives
 * through the waitset only; sending is always by channel.
 *
 * Code above this header never asks which transport it uses.  A transport is a
 * struct of functions, one file each; transports[] lists them by the name that
 * the boot argument `transport=` uses.
 *
 * A sender that is refused (try_send false) may retry, or do something else
 * first.  Two cores that only send and never receive stop each other when both
 * directions are full: receive while a send is refused.
 */
#ifndef GUEST_TRANSPORT_H
#define GUEST_TRANSPORT_H

#include "sim/abi/bootinfo.h"
#include "sim/abi/memmap.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_WORDS 7
#define MESSAGE_TYPES 0x7fff /* types are below this */

struct message {
    uint16_t type;
    uint16_t words; /* of `word` that count: 0 to 7 */
    uint64_t word[MESSAGE_WORDS];
    uint64_t seen_cycle; /* receiver: when the message's presence was noticed */
};

/* What one end tells the other when a channel is set up; one line. */
struct offer {
    uint64_t word[3];
    uint64_t made;
} __attribute__((aligned(LINE_BYTES)));

/* Where two ends meet: shared memory, zero at first, used for one channel. */
struct meeting {
    struct offer offer[2]; /* of the lower core, of the higher */
};

struct urpc_end {
    volatile uint64_t *out, *in; /* the two rings */
    uint64_t sent, acked;        /* out: messages written, known to be read */
    uint64_t received, told;     /* in: messages read, acknowledged to the peer */
};

struct noc_end {
    uint32_t endpoint; /* send endpoint of this tile */
    uint32_t queue;    /* receive queue of this tile */
    uint32_t credits;  /* granted to the peer */
};

struct channel {
    const struct transport *transport;
    struct waitset *waitset; /* or NULL */
    unsigned peer;
    union {
        struct urpc_end urpc;
        struct noc_end noc;
    };
    uint64_t owner; /* for the code above: what this channel is to it */
} __attribute__((aligned(LINE_BYTES)));

struct waitset {
    const struct transport *transport;
    struct channel **member;
    unsigned count, capacity;
    unsigned next;    /* urpc: the member that is looked at first */
    uint32_t queue;   /* noc: where all members' messages arrive */
    uint32_t credits; /* noc: granted to each peer */
} __attribute__((aligned(LINE_BYTES)));

struct transport {
    const char *name;
    /* Why `machine` cannot give one core `fan_in` channels; NULL: it can. */
    const char *(*refuses)(const struct bootinfo *machine, unsigned fan_in);
    void (*waitset_open)(struct waitset *set);
    void (*offer)(struct channel *c, struct offer *mine);
    void (*accept)(struct channel *c, const struct offer *theirs);
    bool (*try_send)(struct channel *c, const struct message *m);
    bool (*try_receive)(struct channel *c, struct message *m);
    struct channel *(*try_receive_any)(struct waitset *set, struct message *m);
    void (*wait)(struct channel *c);       /* sleep, or return at once, until */
    void (*wait_any)(struct waitset *set); /* a receive may succeed */
};

extern const struct transport transport_urpc, transport_noc;

/* All transports, NULL-terminated; the first is the default. */
extern const struct transport *const transports[];

/* Opens this core's end of a channel to `peer`, and waits until the peer has
 * opened its own; a core that opens several goes in ascending order of the pair
 * (lower core, higher core), so that no two wait for each other. */
void channel_open(struct channel *c, const struct transport *transport, unsigned peer,
                  struct meeting *meeting, struct waitset *set);

static inline bool channel_try_send(struct channel *c, const struct message *m)
{
    return c->transport->try_send(c, m);
}

static inline bool channel_try_receive(struct channel *c, struct message *m)
{
    return c->transport->try_receive(c, m);
}

static inline void channel_send(struct channel *c, const struct message *m)
{
    while (!c->transport->try_send(c, m))
        ;
}

static inline void channel_receive(struct channel *c, struct message *m)
{
    while (!c->transport->try_receive(c, m))
        c->transport->wait(c);
}

/* `capacity`: channels that will ever join. */
void waitset_open(struct waitset *set, const struct transport *transport, unsigned capacity);

static inline struct channel *waitset_try_receive(struct waitset *set, struct message *m)
{
    return set->transport->try_receive_any(set, m);
}

/* Waits for a message; the channel it came on. */
static inline struct channel *waitset_receive(struct waitset *set, struct message *m)
{
    struct channel *from;
    while (!(from = set->transport->try_receive_any(set, m)))
        set->transport->wait_any(set);
    return from;
}

#endif
