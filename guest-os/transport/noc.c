/*
 * NoC: messages through the tile's message unit (sim/abi/csr.h), no memory.
 *
 *   sender                                        receiver
 *   mu_push type                    packet
 *   mu_push word 0..n-1     +-----------------+
 *   mu_send endpoint  ----> | label | type .. | -> queue -> mu_header, mu_label,
 *                           +-----------------+             mu_pop ..., mu_ack
 *          ^                                                       |
 *          +------------------------ credit ----------------------+
 *
 * The first of at most eight words is the type, the others are the message's.
 * Order is the hardware's: messages from one tile to another arrive in the order
 * sent, through whatever endpoints and queues.
 *
 * Credits.  An endpoint starts with as many credits as the receiver's queue has
 * slots set aside for it.  A launch takes one, the receiver's mu_ack returns it.
 * So a queue never overflows, and a refusal for any other reason than missing
 * credits is a bug that ends the run.
 *
 * Label.  The hardware writes it into the message and the sender cannot change
 * it; the receiver chose it when the channel was set up.  It is the address of
 * the receiver's struct channel, which is how a queue that many senders share
 * says whose message this is.
 *
 * Waitset.  All members share one queue, so receiving costs the same for two
 * members and for a thousand, and messages are served in order of arrival.  A
 * lone channel has a queue of its own.  Waiting sleeps in mu_wait.
 *
 * Memory order: the payload is in the message, so it needs no fence.  A message
 * that *announces* memory does: CSR accesses count as device output and input
 * (Zicsr), which only a fence orders with loads and stores.  Hence fence rw,o
 * before the launch and fence i,rw after the arrival; urpc's header gives the
 * same guarantee.
 */
#include "guest-os/transport/transport.h"

#include "guest-os/lib/machine.h"
#include "guest-os/lib/riscv.h"
#include "guest-os/lib/user.h"

#define CREDITS_MAX 8u

static const char *noc_refuses(const struct bootinfo *machine, unsigned fan_in)
{
    if (machine->mu_slots < fan_in)
        return "the message unit holds fewer messages than there are senders";
    if (machine->mu_endpoints < fan_in)
        return "the message unit has fewer endpoints than there are receivers";
    return NULL;
}

/* At most half of the tile's slots for `channels`, but one each. */
static uint32_t credits_for(unsigned channels)
{
    uint32_t share = machine()->mu_slots / 2 / channels;
    return share > CREDITS_MAX ? CREDITS_MAX : share ? share : 1;
}

static uint32_t open_queue(unsigned channels, uint32_t credits)
{
    int queue = queue_open(channels * credits);
    if (queue < 0)
        fail("noc: tile %u has no queue left for %u channels", self_core(), channels);
    return (uint32_t)queue;
}

static void noc_waitset_open(struct waitset *set)
{
    set->credits = credits_for(set->capacity);
    set->queue = open_queue(set->capacity, set->credits);
}

static void noc_offer(struct channel *c, struct offer *mine)
{
    c->noc.credits = c->waitset ? c->waitset->credits : credits_for(1);
    c->noc.queue = c->waitset ? c->waitset->queue : open_queue(1, c->noc.credits);
    mine->word[0] = c->noc.queue;
    mine->word[1] = c->noc.credits;
    mine->word[2] = (uint64_t)(uintptr_t)c;
}

static void noc_accept(struct channel *c, const struct offer *theirs)
{
    int endpoint = endpoint_open(c->peer, (unsigned)theirs->word[0], theirs->word[2],
                                 (unsigned)theirs->word[1]);
    if (endpoint < 0)
        fail("noc: tile %u has no endpoint left", self_core());
    c->noc.endpoint = (uint32_t)endpoint;
}

/* Not sent: for want of credits, or by a mistake of ours. */
static bool give_up(const struct channel *c, uint64_t status)
{
    if (status != MU_NO_CREDITS)
        fail("noc: tile %u endpoint %u: status %lu", self_core(), c->noc.endpoint, status);
    csr_write(CSR_MU_SEND, MU_DISCARD);
    return false;
}

static bool noc_try_send(struct channel *c, const struct message *m)
{
    const uint64_t *word = m->word, *end = word + m->words;
    uint32_t endpoint = c->noc.endpoint;
    fence(rw, o);
    csr_write(CSR_MU_PUSH, m->type);
    while (word != end)
        csr_write(CSR_MU_PUSH, *word++);
    csr_write(CSR_MU_SEND, endpoint);
    uint64_t status = csr_read(CSR_MU_SEND);
    return __builtin_expect(status == MU_OK, true) || give_up(c, status);
}

/* The head message of `queue`, which the caller has not selected yet. */
static struct channel *take_head(uint32_t queue, struct message *m)
{
    csr_write(CSR_MU_QUEUE, queue);
    uint64_t header = csr_read(CSR_MU_HEADER);
    if (!header)
        return NULL;
    m->seen_cycle = cycle_now();
    uint64_t label = csr_read(CSR_MU_LABEL), words = (header >> MU_HEADER_WORDS_SHIFT) - 1;
    m->words = (uint16_t)words;
    m->type = (uint16_t)csr_read(CSR_MU_POP);
    for (uint64_t *word = m->word, *end = word + words; word != end; word++)
        *word = csr_read(CSR_MU_POP);
    csr_write(CSR_MU_ACK, queue);
    fence(i, rw);
    return (struct channel *)(uintptr_t)label;
}

static bool noc_try_receive(struct channel *c, struct message *m)
{
    return take_head(c->noc.queue, m) != NULL;
}

static struct channel *noc_try_receive_any(struct waitset *set, struct message *m)
{
    return take_head(set->queue, m);
}

static void noc_wait(struct channel *c)
{
    csr_write(CSR_MU_WAIT, 1ul << c->noc.queue);
}

static void noc_wait_any(struct waitset *set)
{
    csr_write(CSR_MU_WAIT, 1ul << set->queue);
}

const struct transport transport_noc = {
    .name = "noc",
    .refuses = noc_refuses,
    .waitset_open = noc_waitset_open,
    .offer = noc_offer,
    .accept = noc_accept,
    .try_send = noc_try_send,
    .try_receive = noc_try_receive,
    .try_receive_any = noc_try_receive_any,
    .wait = noc_wait,
    .wait_any = noc_wait_any,
};
