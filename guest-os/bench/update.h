/* The `update` experiment: what its two halves, shared memory and messages, share. */
#ifndef GUEST_UPDATE_H
#define GUEST_UPDATE_H

#include "guest-os/lib/barrier.h"
#include "guest-os/lib/lock.h"
#include "guest-os/transport/transport.h"

#define UPDATE_LINES_MAX 8

struct update_line {
    volatile uint64_t count __attribute__((aligned(LINE_BYTES)));
};

/* Written by core 0 before the others start, then only read. */
struct update_plan {
    unsigned cores, lines;
    uint64_t ops, warmup; /* of each core, or of each client */
    const struct lock_kind *lock_kind;
    const struct transport *transport;
    struct barrier *barrier;
    struct update_line *line; /* what is updated: `lines` of them */
    struct update_line *done; /* per core: operations it has made in all */
} __attribute__((aligned(LINE_BYTES)));

extern struct update_plan update_plan;

/* The body of every core, shared memory and messages. */
void update_shm_prepare(void);
void update_shm_core(void *core_number);
void update_msg_prepare(void);
void update_msg_core(void *core_number);

/* One operation's work: a read-modify-write of one word of each line. */
static inline void update_lines(struct update_line *line, unsigned lines)
{
    for (unsigned i = 0; i < lines; i++)
        line[i].count++;
}

/* Is the operation with this number, counted from 0, to be sampled? */
static inline bool update_is_measured(uint64_t op)
{
    return op - update_plan.warmup < update_plan.ops;
}

#endif
