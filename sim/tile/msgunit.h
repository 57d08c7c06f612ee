/*
 * The message unit: send endpoints and receive queues of one tile, with credit
 * flow control (sim/abi/csr.h describes the registers).
 */
#ifndef TESSERA_MSGUNIT_H
#define TESSERA_MSGUNIT_H

#include "sim/base/arena.h"
#include "sim/base/stats.h"
#include "sim/core/hart.h"
#include "sim/tile/packet.h"

struct msgunit;
struct tile;

struct msgunit *msgunit_create(struct arena *arena, const struct config *cfg);

/* A message has become visible at cycle `now`; false when its queue is absent
 * or full (the caller sends PACKET_REFUSED back). */
bool msgunit_deliver(struct tile *t, tile_id from, const struct message *message, cycle_t now);

/* The receiver has acknowledged, or refused, this message (of which it says
 * endpoint and generation). */
void msgunit_credit(struct msgunit *mu, const struct message *message);
void msgunit_refused(struct msgunit *mu, const struct message *message);

/* Queues of `mask` that hold a message and that `priv` may see. */
uint64_t msgunit_ready(const struct msgunit *mu, enum privilege priv);

struct msgunit_counters {
    uint64_t sent, received, no_credits, refused;
};
struct msgunit_counters msgunit_counters(const struct msgunit *mu);

#endif
