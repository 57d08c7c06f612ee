/*
 * What a general mesh has besides the state of mesh_internal.h: other routings
 * than xy, other arbiters than round-robin, priorities, multicast in the
 * routers, faults, counters of each VC.  A mesh without any of these has no
 * struct general, and its routers are compiled without all that is here.
 *
 * In a general mesh a flit's payload is the number of its packet's record, so
 * that routers know a packet's age, its length and its set of destinations;
 * the record lives until the packet has left the mesh (`parts` tails).
 *
 * A head in front goes onto the list `head`.  At the beginning of the next step it is
 * given a way (routing.c).  If it has one output to go to, it asks for a VC
 * of it until it gets one.  If it may choose, it asks for one cycle, and then
 * chooses again.
 */
#ifndef TESSERA_MESH_GENERAL_H
#define TESSERA_MESH_GENERAL_H

#include "mesh/mesh_internal.h"
#include "sim/base/mesh_faults.h"

enum { PORT_NONE = 0xff, PORT_LATER = 0xfe };

/* Where a head may go. */
struct ways {
    uint16_t outputs; /* one of them (a multicast: all of them), 0: nowhere ... */
    uint8_t group;    /* ... over a VC of this group */
    uint8_t escape;   /* or this output, PORT_NONE: there is none ... */
    uint8_t escape_group;
    bool whole; /* only over VCs of `group` with room for the whole packet */
};
typedef struct ways ways_fn(const struct mesh *m, const struct port *in, unsigned vc, flit_t flit);

/* A multicast packet at the front of an input VC that leaves through several outputs,
 * through each at its own pace.  A flit leaves the buffer when all have it. */
struct fan {
    cycle_t since;    /* it has asked for VCs; of every multicast in front */
    uint16_t left;    /* outputs that have not had its tail */
    uint16_t holding; /* outputs of whose VCs it holds one */
    uint8_t released; /* flits that have left the buffer */
};

/* The copy of it for one output. */
struct copy {
    uint8_t sent;   /* flits */
    uint8_t out_vc; /* once it holds one */
};

/* A multicast on its way, or not yet acknowledged by all. */
struct multicast {
    struct mesh_set set;
    uint32_t next; /* free record */
    uint32_t payload;
    uint32_t copies;  /* that have not left the mesh */
    uint32_t waiting; /* acknowledgements that have not come back */
    uint32_t value;   /* AND of those that have */
    tile_id from;
    bool in_routers, acked; /* copied by the routers; to be acknowledged */
    uint8_t x_min, x_max;
    uint8_t y_min[128], y_max[128]; /* of a column; y_min > y_max: nobody there */
    uint16_t members[128];          /* of a column */
};

/* Acknowledgements of one multicast that a router has branched: they wait here
 * until the last of its branches has come. */
struct ack_entry {
    uint32_t multicast; /* 0: free */
    uint32_t value;
    uint16_t expected, got;
};

/* What becomes of the packet that holds an output VC of a link which has broken. */
enum cut { CUT_NOT, CUT_CLOSE /* its next flit ends it */, CUT_SWALLOW /* the others vanish */ };

struct general {
    ways_fn *ways;
    enum mesh_arbiter arbiter;
    unsigned levels; /* of priority; the VCs of each, the highest first */
    uint32_t level_mask[MESH_VNETS_MAX + 1];
    uint8_t queue_level[MESH_VNETS_MAX + 1];

    struct vc_event *head, *head_spare; /* heads to be given a way */
    uint32_t heads;

    /* matrix arbiters: a row of recency.h for each port */
    uint16_t *input_row;  /* of an output: inputs */
    uint16_t *output_row; /* of an input: outputs */
    uint16_t *vc_row;     /* of an input: its VCs */
    uint16_t *head_row;   /* of an output, for its VCs: heads, input number * V + vc */

    /* tables (table.c): outputs towards router `to` at router `at`: [to * routers + at],
     * a packet that may still go up in the low four bits, one that may not in the high */
    uint8_t *table;
    uint32_t *rank; /* up leads to the lesser rank */
    bool broken_later;

    /* faults (faults.c) */
    struct mesh_faults faults;
    unsigned faults_due;     /* of faults.item, how many have come about */
    uint64_t *link_dead;     /* bitmap of output ports that lead nowhere */
    uint64_t *router_dead;   /* bitmap */
    uint8_t *cut;            /* of an output VC */
    uint8_t *marks;          /* of an ejection VC: what happened to flits of its packet */
    bool pausing;            /* no packet may enter until all have left: new tables wait */
    uint64_t packets_inside; /* that have left their source and not the mesh */

    /* multicast */
    bool fans;          /* routers copy */
    struct fan *fan;    /* of an input VC */
    struct copy *copy;  /* of an input VC and an output: in_vc * P + number */
    uint32_t *kept;     /* of an output: VCs kept for a multicast (reservation.h) */
    uint16_t *kept_for; /* of an output VC that is kept: the head, port number * V + vc */
    unsigned keeping;   /* VCs that are kept, in the whole mesh */
    struct multicast *multicast;
    uint32_t multicast_free, multicast_fresh, multicast_capacity;
    unsigned ack_entries; /* of a router */
    struct ack_entry *ack;
    struct vc_event *sharing_head; /* heads that use entries, in this step */
    unsigned ack_group;

    struct mesh_notice *notice;
    unsigned notices, notice_capacity;
    uint64_t notes_inside; /* on their way */

    uint64_t copies_sent, vcs_kept, acks_combined, acks_refused;

    uint64_t flits_arrived; /* of packets that are whole at their node: not those of lost ones */
};

/* Flits that have been of use; the other counters also have those of packets that were lost. */
static inline uint64_t flits_arrived(const struct mesh *m)
{
    return m->general ? m->general->flits_arrived : m->flits_delivered;
}

static inline struct copy *copies_of(const struct mesh *m, const struct fan *fan)
{
    return &m->general->copy[(size_t)(fan - m->general->fan) * m->ports];
}

/* general.c */
bool general_wanted(const struct config *cfg);
void general_create(struct mesh *m, struct arena *arena, const struct config *cfg);
/* State of one router besides the plain mesh's. */
size_t general_router_bytes(const struct mesh *m);
/* What breaks now; the notices of the last step are gone. */
void general_begin(struct mesh *m);
/* Behind the routers: notes of this cycle become notices. */
void general_take_notes(struct mesh *m, struct bucket *b);
/* A tail of this packet has left the mesh; `delay` cycles until its sender can be told. */
void general_part_done(struct mesh *m, uint32_t packet, bool lost, unsigned delay);
void general_notify(struct mesh *m, const struct mesh_notice *notice);
void general_ack_arrived(struct mesh *m, uint32_t packet, bool lost, unsigned delay);

/* routing.c */
ways_fn *routing_ways(enum mesh_routing routing);
unsigned routing_classes(enum mesh_routing routing);

/* table.c */
void table_create(struct mesh *m, struct arena *arena);
/* Fills the table for what is whole now.  With `rank_anew`, up and down are
 * chosen anew too; without, false if a pair that is connected has no way. */
bool table_fill(struct mesh *m, bool rank_anew);
/* Zero-load cycles between two routers by the table, 0: there is no way. */
unsigned table_cycles(const struct mesh *m, unsigned from, unsigned to);

/* faults.c */
void faults_create(struct mesh *m, struct arena *arena, const struct config *cfg);
void faults_begin(struct mesh *m);

/* multicast.c */
struct multicast *multicast_of(const struct mesh *m, uint32_t packet);
uint16_t multicast_outputs(const struct mesh *m, const struct port *in, const struct multicast *c);
/* A router branches the multicast: an entry for its acknowledgements, if there is one left. */
void multicast_reserve(struct mesh *m, const struct port *in, uint32_t packet);
/* True: it has been combined into an entry, and is no more. */
bool multicast_combine(struct mesh *m, unsigned router, uint32_t packet, bool lost);
/* One copy of it has left the mesh. */
void multicast_copy_done(struct mesh *m, uint32_t multicast, bool lost);
void multicast_acked(struct mesh *m, uint32_t multicast, unsigned acks, uint32_t value);

/* source.c: the records of packets */
void packet_give(struct mesh *m, uint32_t id);

#endif
