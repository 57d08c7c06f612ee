/*
 * A tile: a hart with its L1s, message unit and device registers (the hart
 * half), and a directory slice with its memory controller (the home half).
 * Nothing outside a tile touches its state: everything comes as a packet.
 */
#ifndef TESSERA_TILE_H
#define TESSERA_TILE_H

#include "sim/base/hist.h"
#include "sim/core/hart.h"
#include "sim/tile/external.h"
#include "sim/tile/msgunit.h"
#include "sim/tile/network.h"
#include "sim/tile/reservation.h"
#include "sim/tile/simctl.h"

struct tile {
    struct hart *hart;
    struct l1 *l1;
    struct icache *icache;
    struct msgunit *mu;
    struct simctl *simctl;
    struct engine *engine;
    const struct config *cfg;
    struct coherence *coherence;
    struct code_table *code;
    const void *bootinfo;            /* MAP_BOOTINFO_BYTES bytes */
    struct htif *htif;               /* shared by all tiles */
    struct oracle *oracle;           /* likewise */
    struct stale_reads *stale_reads; /* likewise; NULL: nobody looks for them */
    cycle_t draining_at;             /* a store is leaving the store buffer; CYCLE_NEVER: none is */
    const struct external *external; /* NULL: nobody answers */
    struct coh_out *out;             /* scratch list for messages of one event */
    cycle_t lookahead;               /* no reaction to a packet comes sooner */
    tile_id id;
    struct reservation reservation;
};

/* Takes a packet that has arrived at cycle `now`. */
void tile_receive(struct tile *t, const struct packet *packet, cycle_t now);

/* The tile's timer has come: wake the hart when an interrupt is now pending. */
void tile_timer(struct tile *t, cycle_t now);

/* The hart has gone to sleep: set the timer that would wake it. */
void tile_asleep(struct tile *t);

/* Posts the messages in t->out, which half `from` sends in reaction to `event`. */
void tile_post_messages(struct tile *t, enum tile_half from, cycle_t event);

/* Device registers (device.c).  False: there is no such register, or not of this
 * size.  `owner` is the tile whose register it is; read and write are for this. */
bool device_owner(const struct tile *t, paddr_t address, unsigned bytes, tile_id *owner);
bool device_read(struct tile *t, paddr_t address, unsigned bytes, cycle_t now, uint64_t *value);
bool device_write(struct tile *t, paddr_t address, unsigned bytes, uint64_t value, cycle_t now);
/* Is this an access that leaves the chip (sim/tile/external.h)? */
bool device_is_external(const struct tile *t, paddr_t address, unsigned bytes);
paddr_t device_external_offset(const struct tile *t, paddr_t address);

/* Sets interrupt bits of the hart and wakes it if it waits for one. */
void tile_raise(struct tile *t, uint64_t mip_bits, cycle_t now);

#endif
