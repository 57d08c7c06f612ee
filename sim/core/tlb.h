/*
 * A translation look-aside buffer: pages of 4 KiB, set-associative.  A larger
 * page is kept in pieces of 4 KiB that remember its level, so that a fence for
 * any address of the page removes all of them.
 *
 * Hits change nothing: replacement is first in, first out.  So what a hart
 * remembers of a hit stays right until the entry leaves.
 */
#ifndef TESSERA_TLB_H
#define TESSERA_TLB_H

#include "sim/base/arena.h"
#include "sim/base/types.h"

/* Permission and status bits, as in a page table entry. */
enum {
    PTE_V = 1,
    PTE_R = 2,
    PTE_W = 4,
    PTE_X = 8,
    PTE_U = 16,
    PTE_G = 32,
    PTE_A = 64,
    PTE_D = 128
};

struct tlb_entry {
    uint64_t vpn, ppn;
    uint32_t dead; /* 0, or the shootdown that should have removed it (sim/tile/oracle.h) */
    uint16_t asid;
    uint8_t bits;  /* PTE_*; 0: the entry is empty */
    uint8_t type;  /* PBMT_* (sim/core/pte.h) */
    uint8_t level; /* of the leaf: 0 = 4 KiB, 1 = 2 MiB, 2 = 1 GiB, 3 = 512 GiB */
};

/* Where an entry comes from, for the oracle: nothing that a hart does depends on it. */
struct tlb_origin {
    uint64_t satp;   /* of the walk */
    cycle_t read_at; /* when the walk read the leaf */
};

/* An entry that has let an access through. */
struct tlb_use {
    struct tlb_entry entry;
    struct tlb_origin origin;
};

struct tlb {
    struct tlb_entry *entry;   /* sets x ways */
    struct tlb_origin *origin; /* of each entry */
    uint8_t *oldest;           /* by set: the way to replace next */
    uint32_t sets, ways;
    uint64_t misses;
};

/* `entries` / `ways` sets, a power of two. */
void tlb_create(struct tlb *tlb, struct arena *arena, uint32_t entries, uint32_t ways);

/* The entry for this page in this address space, or NULL. */
struct tlb_entry *tlb_find(const struct tlb *tlb, uint64_t vpn, uint16_t asid);

/* Puts an entry in; true when another one had to leave. */
bool tlb_insert(struct tlb *tlb, const struct tlb_entry *entry, const struct tlb_origin *origin);

static inline struct tlb_origin *tlb_origin(const struct tlb *tlb, const struct tlb_entry *entry)
{
    return &tlb->origin[entry - tlb->entry];
}

/* What a fence covers: one address or all, one address space or all (then
 * global entries too). */
struct tlb_range {
    bool one_address, one_space;
    uint64_t vpn;
    uint16_t asid;
};
void tlb_invalidate(struct tlb *tlb, const struct tlb_range *range);

#endif
