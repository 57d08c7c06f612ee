/*
 * Physical memory protection (privileged architecture 3.7): which privilege may
 * touch which physical addresses.  Sixteen entries, OFF, TOR, NA4 and NAPOT.
 */
#ifndef TESSERA_PMP_H
#define TESSERA_PMP_H

#include "sim/base/types.h"

enum { PMP_ENTRIES = 16 };
enum { PMP_R = 1, PMP_W = 2, PMP_X = 4, PMP_L = 0x80 };

struct pmp {
    uint8_t cfg[PMP_ENTRIES];
    uint64_t addr[PMP_ENTRIES]; /* in units of 4 bytes */
    uint8_t entries;            /* that exist */
    uint8_t grain;              /* the granularity is 4 << grain bytes */
};

/* May `priv` (enum privilege) access all `bytes` at `address` with `rights`
 * (PMP_R, PMP_W, PMP_X)?  The lowest entry that matches any byte must match all. */
bool pmp_allows(const struct pmp *pmp, paddr_t address, uint64_t bytes, unsigned rights,
                unsigned priv);

/* pmpcfg<number> (number even: 8 entries) and pmpaddr<number>, with the rules on
 * locked entries and on granularity. */
uint64_t pmp_read_cfg(const struct pmp *pmp, unsigned number);
void pmp_write_cfg(struct pmp *pmp, unsigned number, uint64_t value);
uint64_t pmp_read_addr(const struct pmp *pmp, unsigned number);
void pmp_write_addr(struct pmp *pmp, unsigned number, uint64_t value);

#endif
