/*
 * A tile takes packets in, one kind at a time, and sends what its controllers
 * answer.  The hart is woken here and nowhere else.
 */
#include "sim/tile/tile.h"

#include <assert.h>

#include "sim/tile/stale_reads.h"
#include "sim/tile/stores.h"

/* ---- sending coherence messages -------------------------------------------- */

static unsigned coherence_flits(const struct config *cfg, const struct coh_msg *m)
{
    return coh_msg_info[m->type].carries_data ? packet_line_flits(cfg) : 1;
}

static bool received_by_hart_half(unsigned type)
{
    return coh_msg_info[type].to == AGENT_L1D || coh_msg_info[type].to == AGENT_L1I ||
           coh_msg_info[type].to == AGENT_HART;
}

void tile_post_messages(struct tile *t, enum tile_half from, cycle_t event)
{
    for (unsigned i = 0; i < t->out->count; i++) {
        const struct coh_msg *m = &t->out->msg[i];
        stale_reads_sent(t->stale_reads, m, event);
        struct packet *p = network_packet(t->engine);
        p->kind = PACKET_COHERENCE;
        p->vnet = coh_msg_info[m->type].vnet;
        p->flits = (uint8_t)coherence_flits(t->cfg, m);
        p->to_half = received_by_hart_half(m->type) ? HALF_HART : HALF_HOME;
        p->from = t->id;
        p->to = m->to;
        p->coherence = *m;
        network_post(t->engine, p, from, event + (m->delay ? m->delay : 1));
    }
    t->out->count = 0;
}

/* ---- waking ------------------------------------------------------------------ */

static void wake(struct tile *t, cycle_t now)
{
    hart_wake(t->hart, now);
    network_woken(t->engine, t->id);
}

static bool waits_for_interrupt(const struct hart *h)
{
    return h->wait == WAIT_WFI || h->wait == WAIT_MESSAGE;
}

void tile_raise(struct tile *t, uint64_t mip_bits, cycle_t now)
{
    struct hart *h = t->hart;
    h->mip |= mip_bits;
    if (!hart_interrupt_pending(h))
        return;
    if (waits_for_interrupt(h))
        wake(t, now);
    else if (h->until > now)
        h->until = now; /* its own store raised it: look at the next synchronisation point */
}

void tile_timer(struct tile *t, cycle_t now)
{
    if (now >= t->hart->timer_at)
        tile_raise(t, UINT64_C(1) << IRQ_MTIP, now);
    if (now >= t->hart->stimer_at)
        tile_raise(t, UINT64_C(1) << IRQ_STIP, now);
}

void tile_asleep(struct tile *t)
{
    struct hart *h = t->hart;
    cycle_t at = CYCLE_NEVER;
    if (waits_for_interrupt(h) && (h->mie >> IRQ_MTIP & 1))
        at = h->timer_at;
    if (waits_for_interrupt(h) && (h->mie >> IRQ_STIP & 1) && h->stimer_at < at)
        at = h->stimer_at;
    network_set_timer(t->engine, t->id, at);
}

/* ---- receiving --------------------------------------------------------------- */

/* Stores go first: one may have waited for the line longer than the hart has. */
static void receive_line(struct tile *t, const struct coh_msg *m, cycle_t now)
{
    struct hart *h = t->hart;
    bool completed = l1_receive(t->l1, m, t->out);
    tile_post_messages(t, HALF_HART, now);
    if (stores_drain(t, completed ? m->line : UINT64_MAX, now))
        wake(t, now);
    else if (completed && (h->wait == WAIT_LINE || h->wait == WAIT_WALK) &&
             line_of(h->wait_line) == m->line)
        wake(t, now);
    else if (h->wait == WAIT_L1)
        wake(t, now);
}

static void receive_coherence(struct tile *t, const struct coh_msg *m, cycle_t now)
{
    struct hart *h = t->hart;
    t->out->network_cycles = m->network_cycles;
    t->out->memory_cycles = m->memory_cycles;
    h->miss_network_cycles = m->network_cycles;
    h->miss_memory_cycles = m->memory_cycles;
    switch ((enum coh_agent)coh_msg_info[m->type].to) {
    case AGENT_HOME:
        home_receive(t->coherence, t->id, m, now, t->out);
        stale_reads_see(t->stale_reads, t->out, now);
        tile_post_messages(t, HALF_HOME, now);
        break;
    case AGENT_MEMORY:
        memctl_receive(t->coherence, t->id, m, now, t->out);
        tile_post_messages(t, HALF_HOME, now);
        break;
    case AGENT_L1D:
        receive_line(t, m, now);
        break;
    case AGENT_HART:
        h->word_done = true;
        h->word = m->word;
        wake(t, now);
        break;
    case AGENT_L1I:
        if (icache_receive(t->icache, m, t->out) && h->wait == WAIT_FETCH)
            wake(t, now);
        tile_post_messages(t, HALF_HART, now);
        break;
    }
}

/* One flit back to where `to` came from; the caller says what it is about. */
static struct packet *reply_to(struct tile *t, const struct packet *to, uint8_t kind)
{
    struct packet *p = network_packet(t->engine);
    p->kind = kind;
    p->vnet = VNET_RESPONSE;
    p->flits = 1;
    p->to_half = HALF_HART;
    p->from = t->id;
    p->to = to->from;
    return p;
}

static void receive_message(struct tile *t, const struct packet *packet, cycle_t now)
{
    stale_reads_hear(t->stale_reads, t->id, packet->from,
                     packet->posted_at - t->cfg->message_send_cycles, now);
    if (msgunit_deliver(t, packet->from, &packet->message, now))
        return;
    struct packet *refusal = reply_to(t, packet, PACKET_REFUSED);
    refusal->message = packet->message;
    network_post(t->engine, refusal, HALF_HART, now + t->lookahead); /* its sender may run ahead */
}

static void receive_device(struct tile *t, const struct packet *packet, cycle_t now)
{
    struct packet *answer = reply_to(t, packet, PACKET_DEVICE_REPLY);
    struct device_access *d = &answer->device;
    *d = packet->device;
    if (packet->kind == PACKET_DEVICE_WRITE)
        stale_reads_hear(t->stale_reads, t->id, packet->from,
                         packet->posted_at - t->cfg->device_access_cycles, now);
    if (packet->kind == PACKET_DEVICE_READ)
        device_read(t, d->address, d->bytes, now, &d->value);
    else
        device_write(t, d->address, d->bytes, d->value, now);
    network_post(t->engine, answer, HALF_HART, now + t->cfg->device_access_cycles);
}

/* The chip's port to the world outside. */
static void receive_external(struct tile *t, const struct packet *packet, cycle_t now)
{
    struct packet *answer = reply_to(t, packet, PACKET_DEVICE_REPLY);
    struct device_access *d = &answer->device;
    *d = packet->device;
    struct external_access access = {.cycle = now,
                                     .tile = packet->from,
                                     .is_store = packet->kind == PACKET_DEVICE_WRITE,
                                     .bytes = d->bytes,
                                     .address = d->address,
                                     .offset = device_external_offset(t, d->address),
                                     .value = d->value};
    d->refused = !t->external || !t->external->access(t->external->context, &access);
    d->value = access.value;
    assert(access.delay <= EXTERNAL_DELAY_MAX);
    network_post(t->engine, answer, HALF_HOME, now + t->cfg->device_access_cycles + access.delay);
}

void tile_receive(struct tile *t, const struct packet *packet, cycle_t now)
{
    switch ((enum packet_kind)packet->kind) {
    case PACKET_COHERENCE:
        receive_coherence(t, &packet->coherence, now);
        break;
    case PACKET_MESSAGE:
        receive_message(t, packet, now);
        break;
    case PACKET_CREDIT:
        msgunit_credit(t->mu, &packet->message);
        break;
    case PACKET_REFUSED:
        msgunit_refused(t->mu, &packet->message);
        break;
    case PACKET_DEVICE_READ:
    case PACKET_DEVICE_WRITE:
        if (packet->to_half == HALF_HOME)
            receive_external(t, packet, now);
        else
            receive_device(t, packet, now);
        break;
    case PACKET_DEVICE_REPLY:
        t->hart->device_done = true;
        t->hart->device_refused = packet->device.refused;
        t->hart->device_value = packet->device.value;
        wake(t, now);
        break;
    case PACKET_KINDS:
        break;
    }
}
