/*
 * What travels between tiles.  A packet is one of the kinds below; its number
 * in the chip's pool is the payload that the mesh carries.
 */
#ifndef TESSERA_PACKET_H
#define TESSERA_PACKET_H

#include "coherence/coherence.h"
#include "sim/abi/csr.h"
#include "sim/base/types.h"

enum { VNET_MESSAGE = VNET_RESPONSE + 1, CHIP_VNETS };

enum packet_kind {
    PACKET_COHERENCE,   /* one of coherence/messages.def */
    PACKET_MESSAGE,     /* message unit: words for a receive queue */
    PACKET_CREDIT,      /* message unit: a credit comes back to its endpoint */
    PACKET_REFUSED,     /* message unit: the queue was absent or full */
    PACKET_DEVICE_READ, /* another tile's device register; at a home half: the external window */
    PACKET_DEVICE_WRITE,
    PACKET_DEVICE_REPLY,
    PACKET_KINDS
};

/* Which half of a tile sends or receives (architecture, "the law of time"). */
enum tile_half { HALF_HOME, HALF_HART };

struct message {
    uint64_t label;
    uint64_t word[MU_MESSAGE_WORDS];
    uint32_t endpoint;   /* of the sender: where the credit returns to */
    uint32_t generation; /* of the endpoint, when the message was launched */
    uint32_t number;     /* among the messages from its tile to that one */
    uint8_t queue;       /* of the receiver */
    uint8_t words;
};

struct device_access {
    paddr_t address;
    uint64_t value;
    uint8_t bytes;
    bool refused; /* of a reply: an access fault */
};

struct packet {
    uint32_t number;     /* in the chip's pool; never copied */
    struct packet *next; /* of a list that it is in: unused, or held back for order */
    uint8_t kind;        /* enum packet_kind */
    uint8_t vnet;
    uint8_t flits;
    uint8_t from_half, to_half; /* enum tile_half */
    tile_id from, to;
    cycle_t posted_at; /* when it reached the network interface */
    union {
        struct coh_msg coherence;
        struct message message;
        struct device_access device;
    };
};

/* Flits of a packet that carries a line, its header flit included. */
static inline unsigned packet_line_flits(const struct config *cfg)
{
    return 1 + (LINE_BYTES * 8 + cfg->mesh_flit_bits - 1) / cfg->mesh_flit_bits;
}

#endif
