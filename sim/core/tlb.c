/*
 * Sets are indexed by the low bits of the virtual page number.  A fence looks
 * at every entry, as wide comparators do in silicon.
 */
#include "sim/core/tlb.h"

void tlb_create(struct tlb *tlb, struct arena *arena, uint32_t entries, uint32_t ways)
{
    tlb->ways = ways;
    tlb->sets = entries / ways;
    tlb->entry = arena_alloc(arena, entries, sizeof *tlb->entry);
    tlb->origin = arena_alloc(arena, entries, sizeof *tlb->origin);
    tlb->oldest = arena_alloc(arena, tlb->sets, sizeof *tlb->oldest);
}

struct tlb_entry *tlb_find(const struct tlb *tlb, uint64_t vpn, uint16_t asid)
{
    struct tlb_entry *set = &tlb->entry[(vpn & (tlb->sets - 1)) * tlb->ways];
    for (uint32_t w = 0; w < tlb->ways; w++)
        if (set[w].bits && set[w].vpn == vpn && (set[w].asid == asid || (set[w].bits & PTE_G)))
            return &set[w];
    return NULL;
}

bool tlb_insert(struct tlb *tlb, const struct tlb_entry *entry, const struct tlb_origin *origin)
{
    uint64_t s = entry->vpn & (tlb->sets - 1);
    struct tlb_entry *set = &tlb->entry[s * tlb->ways];
    struct tlb_entry *old = tlb_find(tlb, entry->vpn, entry->asid);
    bool replaced = old != NULL;
    for (uint32_t w = 0; !old && w < tlb->ways; w++)
        if (!set[w].bits)
            old = &set[w];
    if (!old) {
        old = &set[tlb->oldest[s]];
        tlb->oldest[s] = (uint8_t)((tlb->oldest[s] + 1u) % tlb->ways);
        replaced = true;
    }
    *old = *entry;
    *tlb_origin(tlb, old) = *origin;
    return replaced;
}

static bool covers(const struct tlb_range *range, const struct tlb_entry *entry)
{
    unsigned shift = 9u * entry->level;
    if (range->one_address && (entry->vpn ^ range->vpn) >> shift)
        return false;
    return !range->one_space || (entry->asid == range->asid && !(entry->bits & PTE_G));
}

void tlb_invalidate(struct tlb *tlb, const struct tlb_range *range)
{
    for (uint32_t i = 0; i < tlb->sets * tlb->ways; i++)
        if (covers(range, &tlb->entry[i]))
            tlb->entry[i].bits = 0;
}
