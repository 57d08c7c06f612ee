/*
 * Address translation (privileged architecture, chapter "Supervisor-Level ISA"):
 * Sv39 and Sv48, instruction and data TLBs, a second-level TLB, and a walker
 * that reads page tables through the L1D as ordinary loads.  TLBs are not kept
 * coherent with memory: an entry stays until a fence or a replacement removes it.
 */
#ifndef TESSERA_MMU_H
#define TESSERA_MMU_H

#include "sim/core/port.h"

void mmu_create(struct hart *h, struct arena *arena);

/* The physical address of an access that lies within one page.  PORT_DONE; or
 * PORT_FAULT with page or access fault in *cause; or PORT_WAIT, PORT_YIELD while
 * the walker is at work (execute the instruction again, it goes on where it was). */
enum port_result mmu_translate(struct hart *h, uint64_t address, enum access_kind kind,
                               paddr_t *physical, enum trap_cause *cause);

/* The entry that an access translated just now has gone through, if a TLB still has
 * it; with no bits when none has, or nothing was translated. */
struct tlb_use mmu_used(struct hart *h, uint64_t address, enum access_kind kind);

/* May the hart, in the mode that counts for this kind of access, touch these
 * bytes (physical memory protection)? */
bool mmu_may_access(const struct hart *h, paddr_t physical, unsigned bytes, enum access_kind kind);

/* sfence.vma and sinval.vma: rs1 and rs2 are the register numbers' presence. */
void mmu_fence(struct hart *h, bool one_address, uint64_t address, bool one_space, uint64_t asid);

/* Forgets every remembered hit, of all modes: after satp, mstatus, PMP or envcfg. */
void mmu_forget_views(struct hart *h);

/* Points the hart's views at those of its present mode; loads and stores see none while
 * there is anything in the store buffer. */
void mmu_select_views(struct hart *h);

/* satp as written keeps its old value when the mode does not exist. */
void mmu_write_satp(struct hart *h, uint64_t value);

#endif
