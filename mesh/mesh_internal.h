/*
 * The mesh's own state, shared by the files of this folder.
 *
 * Everything of a router lies in flat arrays.  With P ports a router and V
 * virtual channels a port (all virtual networks together):
 *
 *   port[p]         p = r * P + number: one side of the crossbar, as input and
 *                   as output
 *   sa[o * P + i]   the VCs of input number i that ask for the switch to output o
 *   va[o * P + i]   the VCs of input number i that ask for a VC of output o
 *   in[p * V + v]   an input VC: its front flit and the way it goes
 *   out[p * V + v]  an output VC: who holds it and its credits
 *   queue[..]       the flits behind the fronts, room for buffer_flits - 1 of each VC
 *
 * Ports 0 to 3 lead to the neighbours at x+1, x-1, y+1, y-1, port 4 + k to
 * node k of the router; what leaves through port p enters the neighbour
 * through port p ^ 1.
 *
 * Nothing writes into a neighbour: a flit or a credit is an event, put into
 * the bucket of the cycle in which it arrives.  A port receives at most one
 * flit and one credit a cycle, and routers read only their own state, so that
 * the order in which events and routers are visited cannot show.
 *
 * Invariants (mesh_check tests them):
 *   - a bit of sa is set exactly when that VC holds an output VC, has a flit
 *     and its output VC has a credit;
 *   - a bit of va is set exactly when that VC's front is a head that has been
 *     routed and holds no output VC;
 *   - an output with a switch request is in sa_list, one with a VC request and
 *     a free VC in va_list, each once;
 *   - credits + flits on the link + flits in the buffer behind it + credits
 *     on the way back = buffer_flits, for each VC of each link.
 */
#ifndef TESSERA_MESH_INTERNAL_H
#define TESSERA_MESH_INTERNAL_H

#include <assert.h>
#include <string.h>

#include "mesh/mesh.h"

enum { MESH_NEIGHBOURS = 4, MESH_PORTS_MAX = 12, MESH_VCS_MAX = 32 };

/* Groups of VCs that may stand for each other: a virtual network, or a class of
 * it (o1turn, adaptive), and at last the VC of combined acknowledgements. */
enum { MESH_GROUPS_MAX = 2 * MESH_VNETS_MAX + 1 };

/* From so many routers on, what the routers will touch is fetched so many
 * events ahead; the lists have room for looking past their end. */
enum { PREFETCH_ROUTERS = 700, PREFETCH_AHEAD = 8 };

/* A flit in one word: payload, where its packet goes, head and tail. */
typedef uint64_t flit_t;
#define FLIT_X_SHIFT     32
#define FLIT_Y_SHIFT     39
#define FLIT_LOCAL_SHIFT 46
#define FLIT_HEAD        ((flit_t)1 << 49)
#define FLIT_TAIL        ((flit_t)1 << 50)

/* Only in a general mesh (mesh/README.md), where the payload is the number of
 * the packet's record: */
#define FLIT_MULTICAST ((flit_t)1 << 51) /* for the set of its record, not for an address */
#define FLIT_ACK       ((flit_t)1 << 52) /* may be combined with others on its way */
#define FLIT_LOST      ((flit_t)1 << 53) /* nothing of its packet is to be delivered */
#define FLIT_CORRUPT   ((flit_t)1 << 54) /* its data are damaged */

static inline unsigned flit_x(flit_t f)
{
    return (unsigned)(f >> FLIT_X_SHIFT) & 127;
}
static inline unsigned flit_y(flit_t f)
{
    return (unsigned)(f >> FLIT_Y_SHIFT) & 127;
}
static inline unsigned flit_local(flit_t f)
{
    return (unsigned)(f >> FLIT_LOCAL_SHIFT) & 7;
}

struct port { /* 32 bytes */
    /* as an output */
    uint32_t free;      /* VCs that no packet holds */
    uint32_t credit;    /* VCs with a credit */
    uint16_t sa_inputs; /* inputs with a switch request for it */
    uint16_t va_inputs; /* inputs with a VC request for it */
    uint8_t sa_grant;   /* iSLIP: the input that is asked first */
    bool sa_listed, va_listed;
    /* as an input */
    uint8_t sa_accept;   /* iSLIP: the output that is taken first */
    uint16_t sa_granted; /* outputs that granted it in this cycle */
    uint8_t vc_next;     /* the VC that goes first */
    /* written at creation only */
    uint8_t number; /* of the port in its router */
    uint8_t x, y;   /* its router */
    tile_id node;   /* behind it; ports 4 and up */
    /* as an output, for the statistics */
    uint64_t flits; /* that left through it */
};

struct vc_in {                      /* 16 bytes */
    flit_t front;                   /* valid while flits > 0 */
    uint8_t flits;                  /* buffered, the front included */
    uint8_t first;                  /* where in its queue the second flit is */
    uint8_t out_port, out_vc;       /* the way of the packet in front */
    uint8_t accept_port, accept_vc; /* iSLIP: the output VC that is taken first */
    /* in a general mesh, of the head in front: */
    uint8_t group; /* of the output VCs that it asks for */
    uint8_t room;  /* flits that such a VC must have credits for */
};

struct vc_out {                   /* 8 bytes */
    uint32_t grant;               /* iSLIP: the input VC (port * V + vc) that is asked first */
    uint8_t owner_port, owner_vc; /* the input VC that holds it, while it is not free */
    uint8_t credits;
};

/* Ports, numbered through the whole mesh. */
struct port_list {
    uint32_t *item;
    unsigned count;
};

/* An input and an output that the switch allocator matched, and the VC that goes. */
struct match {
    uint32_t input, output;
    uint8_t vc;
};

struct flit_event {
    flit_t flit;
    uint32_t port; /* the input VC where it arrives */
    uint8_t vc;
};

/* A credit for a source's VC, or a head that is to be given a way; 4 bytes. */
struct vc_event {
    uint32_t port : 27; /* of a source: the node */
    uint32_t vc : 5;
};

static inline struct vc_event vc_event(uint32_t port, unsigned vc)
{
    return (struct vc_event){port & ((1u << 27) - 1), vc & 31};
}

/* Something for a sender that is not an arrival, and where it is known from. */
struct note {
    struct mesh_notice notice;
    uint32_t multicast; /* that it is about, or 0 */
    uint16_t acks;      /* that it stands for; 0: it is about a packet or copy */
    bool delivered;     /* of which the receiver knows; only the multicast has to */
};

/* What arrives in one cycle. */
struct bucket {
    struct flit_event *flit;
    uint32_t *credit;               /* for routers: the output VC, p * V + v */
    struct vc_event *source_credit; /* for sources */
    struct vc_event *head;          /* ready for VC allocation (router_cycles = 4) */
    struct mesh_arrival *arrival;
    struct note *note; /* of a general mesh; as many as there ever were at once */
    uint32_t flits, credits, source_credits, heads, arrivals, notes, note_capacity;
};

/* ---- sources ------------------------------------------------------------ */

struct packet {
    uint32_t payload;
    uint32_t next; /* behind it in its queue, or in the list of free records */
    tile_id to;
    uint8_t flits;
};

/* Besides, in a general mesh, whose records live until the packet has left it. */
struct travel {
    cycle_t born;
    uint32_t multicast; /* that it is, or that it acknowledges; 0: none */
    uint32_t value;     /* of an acknowledgement */
    tile_id from;
    uint16_t parts; /* tails that have to leave the mesh */
    uint16_t acks;  /* acknowledgements that it stands for; 0: it is none */
    uint16_t hops;  /* routers where it was given a way */
    uint8_t class;  /* of VCs that it is injected into */
    bool lost;
};

struct source_queue { /* of one node and virtual network */
    uint32_t first, last;
    uint8_t left; /* flits of the first packet still to be sent */
    uint8_t vc;   /* that carries the first packet, once its head has left */
    uint8_t vc_next;
};

struct source {
    uint32_t port;     /* that it feeds */
    uint32_t credit;   /* VCs with a credit */
    uint8_t waiting;   /* virtual networks with a packet */
    uint8_t vnet_next; /* the virtual network that goes first */
    uint32_t packets;  /* for which o1turn has drawn lots */
};

/* A head or a tail that left its source in the last step. */
struct departure {
    uint32_t payload;
    tile_id node;
    bool head, tail;
};

/* Counters of what VCs wait for (counting.h). */
struct counters {
    struct mesh_counts *vc;   /* of an input VC */
    struct mesh_counts *port; /* of an output */
    struct vc_event *busy;    /* input VCs that hold flits, or have since they were listed */
    uint64_t *listed;         /* bitmap of those */
    unsigned count;           /* of them */
    bool plainly;             /* test knob: every VC is looked at in every cycle */
};

/* ---- the mesh ----------------------------------------------------------- */

struct mesh {
    cycle_t now;

    /* the shape; written at creation only */
    unsigned width, height, concentration, nodes, routers;
    unsigned ports, vcs, buffer_flits; /* of a router; of a port; of a VC */
    unsigned queue_flits;              /* of a VC, behind its front */
    unsigned vnets, vcs_per_vnet;
    unsigned groups, classes; /* of VCs; of a virtual network */
    uint32_t vnet_mask[MESH_VNETS_MAX], group_mask[MESH_GROUPS_MAX];
    uint8_t vc_vnet[MESH_VCS_MAX], vc_group[MESH_VCS_MAX];
    bool speculative;            /* VC and switch allocation in the same cycle */
    bool route_stage;            /* routing takes a cycle of its own */
    bool sink_credits;           /* buffers so small that ejection can run out of credits */
    unsigned hop_cycles;         /* P: zero-load cycles a router, link included */
    int across[MESH_NEIGHBOURS]; /* from an output port to the input port at its other end */
    uint16_t flit_delay[MESH_PORTS_MAX];   /* from a switch win to the other end */
    uint16_t credit_delay[MESH_PORTS_MAX]; /* from a switch win to the credit's use upstream */
    uint16_t sink_credit_delay;
    unsigned link_cycles_x, link_cycles_y;
    struct general *general;   /* NULL: xy, round-robin and nothing else */
    struct counters *counters; /* NULL: not wanted */
    bool backward;             /* test knob: visit everything in the opposite order */

    /* routers */
    struct port *port;
    uint32_t *sa, *va;
    struct vc_in *in;
    struct vc_out *out;
    flit_t *queue;
    struct port_list sa_list, va_list; /* outputs to look at in the next allocation */
    uint32_t *sa_spare, *va_spare;     /* room for the lists of the cycle after */
    uint32_t *granted;                 /* room for the inputs with a switch grant */
    struct match *match;               /* room for the matches of a cycle */
    void (*accept)(struct mesh *m, const struct bucket *b);
    void (*allocate_and_cross)(struct mesh *m);
    struct travel *travel; /* of a general mesh: beside `packet` */

    /* events on their way */
    struct bucket *bucket;
    unsigned bucket_mask;

    /* sources */
    struct source *source;
    struct source_queue *source_queue; /* of a node: its virtual networks, then combined acks */
    unsigned queues;                   /* of a node */
    uint8_t *source_credits;
    uint64_t *sending;       /* bitmap of sources that may be able to send */
    uint64_t *sending_words; /* bitmap of its words that may not be 0 */
    struct arena *arena;     /* for more of them */
    struct packet *packet;
    uint32_t packet_free, packet_fresh, packet_capacity;
    struct departure *departure; /* of the last step; NULL unless somebody listens */
    unsigned departures;

    uint64_t credits_inside; /* on their way */

    cycle_t search_at, search_cycles; /* for a deadlock: next, and how often */
    bool deadlocked;

    cycle_t sample_at; /* when the next entry of the series is due */
    struct series *series;

    /* counters since creation */
    uint64_t packets_sent, packets_delivered, packets_lost, flits_sent, flits_delivered;
};

/* The first set bit of `mask` at or after `from` (0..32), cyclically; mask != 0. */
static inline unsigned first_from(uint32_t mask, unsigned from)
{
    uint32_t above = (uint32_t)((uint64_t)mask >> from << from);
    return (unsigned)__builtin_ctz(above ? above : mask);
}

static inline bool bit_of(const uint64_t *map, size_t i)
{
    return map[i / 64] >> i % 64 & 1;
}

static inline void bitmap_set(uint64_t *map, unsigned i)
{
    map[i / 64] |= (uint64_t)1 << i % 64;
}
static inline void bitmap_clear(uint64_t *map, unsigned i)
{
    map[i / 64] &= ~((uint64_t)1 << i % 64);
}

/* A source may be able to send. */
static inline void source_wakes(struct mesh *m, unsigned node)
{
    bitmap_set(m->sending, node);
    bitmap_set(m->sending_words, node / 64);
}

static inline struct bucket *bucket_in(struct mesh *m, unsigned delay)
{
    return &m->bucket[(m->now + delay) & m->bucket_mask];
}

/* router.c: what arrived this cycle, then the allocators and the crossbar */
void routers_create(struct mesh *m, struct arena *arena);
static inline void routers_accept(struct mesh *m, const struct bucket *b)
{
    m->accept(m, b);
}
static inline void routers_step(struct mesh *m)
{
    m->allocate_and_cross(m);
}

/* source.c */
void sources_create(struct mesh *m, struct arena *arena);
void sources_accept(struct mesh *m, const struct bucket *b);
void sources_step(struct mesh *m);
uint32_t source_queue_packet(struct mesh *m, tile_id from, tile_id to, unsigned queue,
                             unsigned flits, uint32_t payload);
/* From now on m->departure[0 .. m->departures) tells who left in the last step. */
void sources_listen(struct mesh *m, struct arena *arena);

/* Test knob: events, sources and routers are visited in the opposite order. */
void mesh_visit_backward(struct mesh *m, bool backward);
/* Test knob: waits are counted without the list of busy VCs. */
void mesh_count_plainly(struct mesh *m);

#endif
