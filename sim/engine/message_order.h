/*
 * Messages from one tile to another in the order in which they were launched.
 * The mesh keeps order on one VC only, and a message is free to take any; so
 * the network interface numbers them by (source, destination), and the one at
 * the destination holds back what has come before its predecessors.
 *
 *   launched  0 1 2 3        arrives  0 2 3 1
 *                            visible  0 . . 1 2 3    2 and 3 in 1's cycle
 */
#ifndef TESSERA_MESSAGE_ORDER_H
#define TESSERA_MESSAGE_ORDER_H

#include "sim/base/arena.h"
#include "sim/tile/packet.h"

struct message_order {
    unsigned tiles;
    uint32_t *launched;    /* by source, destination: messages so far */
    uint32_t *expected;    /* by destination, source: number of the next to be seen */
    struct packet **early; /* by destination, source: held back, in order, by `next` */
};

/* The arrays have an entry a pair of tiles, touched where tiles speak. */
void message_order_create(struct message_order *o, struct arena *arena, unsigned tiles);

/* `p` is launched: gives it its number. */
void message_order_launch(struct message_order *o, struct packet *p);

/* `p` has left the mesh.  The messages that may be seen now, linked by `next`
 * in their order; NULL when a predecessor is missing. */
struct packet *message_order_arrive(struct message_order *o, struct packet *p);

#endif
