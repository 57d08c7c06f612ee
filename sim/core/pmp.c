/*
 * An entry's region follows from its mode:
 *     TOR     addr[i-1] .. addr[i] - 1
 *     NA4     4 bytes at addr[i]
 *     NAPOT   the trailing ones of addr[i] give the size: 8 << ones bytes
 */
#include "sim/core/pmp.h"

#include <string.h>

enum { MODE_OFF, MODE_TOR, MODE_NA4, MODE_NAPOT };
enum { PRIV_MACHINE = 3 };
static const uint64_t ADDRESS_MASK = (UINT64_C(1) << 54) - 1;

static unsigned mode_of(const struct pmp *pmp, unsigned i)
{
    return pmp->cfg[i] >> 3 & 3;
}

/* First byte and first byte behind of entry i; equal when it matches nothing. */
static void region_of(const struct pmp *pmp, unsigned i, uint64_t *base, uint64_t *end)
{
    uint64_t addr = pmp->addr[i], grain = (UINT64_C(1) << pmp->grain) - 1;
    *base = *end = 0;
    switch (mode_of(pmp, i)) {
    case MODE_TOR:
        *base = i ? (pmp->addr[i - 1] & ~grain) << 2 : 0;
        *end = (addr & ~grain) << 2;
        break;
    case MODE_NA4:
        *base = addr << 2;
        *end = *base + 4;
        break;
    case MODE_NAPOT:
        addr |= grain >> 1;
        *base = (addr & (addr + 1)) << 2;
        *end = *base + ((addr ^ (addr + 1)) + 1) * 4;
        break;
    default:
        break;
    }
    if (*end < *base)
        *end = *base;
}

/* No entry has a region, as after reset. */
static bool is_off(const struct pmp *pmp)
{
    static const uint64_t EVERY_MODE = 0x1818181818181818;
    uint64_t low, high;
    memcpy(&low, &pmp->cfg[0], sizeof low);
    memcpy(&high, &pmp->cfg[8], sizeof high);
    return ((low | high) & EVERY_MODE) == 0;
}

bool pmp_allows(const struct pmp *pmp, paddr_t address, uint64_t bytes, unsigned rights,
                unsigned priv)
{
    unsigned entries = is_off(pmp) ? 0 : pmp->entries;
    for (unsigned i = 0; i < entries; i++) {
        uint64_t base, end;
        region_of(pmp, i, &base, &end);
        if (base == end || address >= end || address + bytes <= base)
            continue;
        if (address < base || address + bytes > end)
            return false;
        bool bound = priv != PRIV_MACHINE || (pmp->cfg[i] & PMP_L);
        return !bound || (pmp->cfg[i] & rights) == rights;
    }
    return priv == PRIV_MACHINE || pmp->entries == 0;
}

uint64_t pmp_read_cfg(const struct pmp *pmp, unsigned number)
{
    uint64_t value = 0;
    for (unsigned k = 0; k < 8; k++)
        value |= (uint64_t)pmp->cfg[(number * 4 + k) % PMP_ENTRIES] << (8 * k);
    return value;
}

/* W without R is reserved: the entry keeps what it has.  NA4 does not exist when
 * the granularity is larger than 4 bytes. */
static bool is_writable(const struct pmp *pmp, unsigned i, uint8_t cfg)
{
    bool reserved = (cfg & (PMP_R | PMP_W)) == PMP_W;
    bool too_small = pmp->grain && (cfg >> 3 & 3) == MODE_NA4;
    return i < pmp->entries && !(pmp->cfg[i] & PMP_L) && !reserved && !too_small;
}

void pmp_write_cfg(struct pmp *pmp, unsigned number, uint64_t value)
{
    for (unsigned k = 0; k < 8; k++) {
        unsigned i = (number * 4 + k) % PMP_ENTRIES;
        uint8_t cfg = (uint8_t)(value >> (8 * k)) & 0x9f;
        if (is_writable(pmp, i, cfg))
            pmp->cfg[i] = cfg;
    }
}

uint64_t pmp_read_addr(const struct pmp *pmp, unsigned number)
{
    uint64_t grain = (UINT64_C(1) << pmp->grain) - 1;
    if (pmp->grain == 0)
        return pmp->addr[number];
    return mode_of(pmp, number) == MODE_NAPOT ? pmp->addr[number] | grain >> 1
                                              : pmp->addr[number] & ~grain;
}

/* A locked TOR entry locks the address below it too. */
void pmp_write_addr(struct pmp *pmp, unsigned number, uint64_t value)
{
    bool next_locked = number + 1 < pmp->entries && (pmp->cfg[number + 1] & PMP_L) &&
                       mode_of(pmp, number + 1) == MODE_TOR;
    if (number < pmp->entries && !(pmp->cfg[number] & PMP_L) && !next_locked)
        pmp->addr[number] = value & ADDRESS_MASK;
}
