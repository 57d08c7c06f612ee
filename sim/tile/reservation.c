/*
 * The engine is called for each time at which a packet may have to be released
 * and is told then whether it has: a time that was too late, because SC came
 * first, finds nothing, or a packet whose time has not come.
 */
#include "sim/tile/reservation.h"

#include "sim/tile/tile.h"

/* Does this message make the L1D lose the line, or the right to write it? */
static bool takes_line(const struct packet *p)
{
    if (p->kind != PACKET_COHERENCE)
        return false;
    unsigned type = p->coherence.type;
    const struct coh_msg_info *info = &coh_msg_info[type];
    return info->to == AGENT_L1D && info->vnet == VNET_FORWARD && type != COH_PutAck &&
           type != COH_WriteAck && type != COH_FwdReadOnce;
}

static void release_at(struct tile *t, cycle_t at)
{
    t->reservation.release_at = at;
    network_call_back(t->engine, t->id, at);
}

/* Nothing keeps the packet any longer than to the hart's next cycle. */
static void hurry(struct tile *t)
{
    struct reservation *r = &t->reservation;
    if (r->held && r->release_at > t->hart->cycle + 1)
        release_at(t, t->hart->cycle + 1);
}

void reservation_make(struct tile *t, paddr_t line)
{
    struct reservation *r = &t->reservation;
    if (r->held && r->held->coherence.line != line)
        hurry(t);
    r->made_at = t->hart->cycle;
    l1_reserve(t->l1, line);
}

void reservation_end(struct tile *t)
{
    hurry(t);
    l1_reserve(t->l1, UINT64_MAX);
}

bool reservation_holds(struct tile *t, struct packet *packet, cycle_t now)
{
    struct reservation *r = &t->reservation;
    cycle_t until = r->made_at + t->cfg->hart_reservation_cycles;
    if (!takes_line(packet) || r->held || now >= until ||
        !l1_is_reserved(t->l1, packet->coherence.line))
        return false;
    r->held = packet;
    r->held_since = now;
    r->forwards_held++;
    release_at(t, until);
    return true;
}

struct packet *reservation_release(struct tile *t, cycle_t now)
{
    struct reservation *r = &t->reservation;
    struct packet *packet = r->held;
    if (!packet || now < r->release_at)
        return NULL;
    r->held = NULL;
    packet->posted_at += now - r->held_since; /* it was not the network's time */
    return packet;
}
