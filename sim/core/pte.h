/*
 * Page tables as they lie in memory (privileged architecture, chapters "Sv39" and
 * "Sv48"): what satp says of the root, and what an entry says.  The walker reads
 * them through the L1D (mmu.c); the oracle and reports look at them from outside.
 */
#ifndef TESSERA_PTE_H
#define TESSERA_PTE_H

#include "sim/core/tlb.h"

enum { PAGE_SHIFT = 12, VPN_BITS = 9, PTE_BYTES = 8 };
enum { SATP_BARE = 0, SATP_SV39 = 8, SATP_SV48 = 9 };
#define PAGE_BYTES   (UINT64_C(1) << PAGE_SHIFT)
#define PPN_MASK     ((UINT64_C(1) << 44) - 1)
#define PTE_RESERVED (UINT64_C(0x3ff) << 54) /* Svnapot and Svpbmt are absent */

static inline unsigned satp_mode(uint64_t satp)
{
    return (unsigned)(satp >> 60);
}

static inline unsigned satp_levels(uint64_t satp)
{
    return satp_mode(satp) == SATP_SV48 ? 4 : 3;
}

static inline uint16_t satp_space(uint64_t satp)
{
    return (uint16_t)(satp >> 44);
}

static inline paddr_t satp_root(uint64_t satp)
{
    return (satp & PPN_MASK) << PAGE_SHIFT;
}

/* Bits above the highest translated one must repeat it. */
static inline bool satp_is_canonical(uint64_t satp, uint64_t address)
{
    unsigned unused = 64 - (PAGE_SHIFT + VPN_BITS * satp_levels(satp));
    return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

/* Pages are numbered by the whole address: what repeats the sign tells a page of
 * Sv39's upper half from one of Sv48's lower, and a fence names an address, whatever
 * the mode is by then. */
static inline uint64_t page_number(uint64_t address)
{
    return address >> PAGE_SHIFT;
}

static inline uint64_t page_address(uint64_t vpn)
{
    return vpn << PAGE_SHIFT;
}

/* Where a page's entry of this level lies in its table. */
static inline paddr_t pte_at(paddr_t table, uint64_t vpn, unsigned level)
{
    return table + (vpn >> (VPN_BITS * level) & ((1u << VPN_BITS) - 1)) * PTE_BYTES;
}

static inline bool pte_is_leaf(uint64_t pte)
{
    return pte & (PTE_R | PTE_X);
}

static inline uint64_t pte_frame(uint64_t pte)
{
    return pte >> 10 & PPN_MASK;
}

/* A valid pointer to the next table, or a valid leaf that is aligned to its size. */
static inline bool pte_is_well_formed(uint64_t pte, unsigned level)
{
    if (!(pte & PTE_V) || (pte & PTE_RESERVED) || (pte & (PTE_R | PTE_W)) == PTE_W)
        return false;
    if (!pte_is_leaf(pte))
        return level > 0 && !(pte & (PTE_A | PTE_D | PTE_U));
    return !(pte >> 10 & ((UINT64_C(1) << (VPN_BITS * level)) - 1));
}

/* The translation of one 4 KiB piece of a leaf's page, in the space of `satp`. */
static inline struct tlb_entry pte_piece(uint64_t satp, uint64_t pte, uint64_t vpn, unsigned level)
{
    uint64_t low = (UINT64_C(1) << (VPN_BITS * level)) - 1;
    return (struct tlb_entry){.vpn = vpn,
                              .ppn = (pte_frame(pte) & ~low) | (vpn & low),
                              .asid = satp_space(satp),
                              .bits = (uint8_t)pte,
                              .level = (uint8_t)level};
}

#endif
