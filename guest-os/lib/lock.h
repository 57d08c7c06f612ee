/*
 * Mutual exclusion, one interface for every kind of lock.  A lock is a few
 * lines of memory; a node is one core's private line for the locks that queue.
 */
#ifndef GUEST_LOCK_H
#define GUEST_LOCK_H

#include "sim/abi/memmap.h"
#include <stdbool.h>
#include <stdint.h>

struct lock_node {
    struct lock_node *next __attribute__((aligned(LINE_BYTES)));
    uint64_t granted;
};

union lock {
    struct {
        uint64_t next __attribute__((aligned(LINE_BYTES)));
        uint64_t serving __attribute__((aligned(LINE_BYTES)));
    } ticket;
    struct {
        struct lock_node *tail __attribute__((aligned(LINE_BYTES)));
    } mcs;
};

struct lock_kind {
    const char *name;
    void (*acquire)(union lock *lock, struct lock_node *node);
    void (*release)(union lock *lock, struct lock_node *node);
    bool reserves; /* needs LR and SC, and so coherent memory */
};

extern const struct lock_kind lock_ticket, lock_mcs;

/* All kinds, NULL-terminated; the first is the default. */
extern const struct lock_kind *const lock_kinds[];

#endif
