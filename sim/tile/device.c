/*
 * Device registers by address.  A region is one row: where it lies, how long
 * it is, which sizes of access it takes, whose tile answers, what a read and a
 * write do.  Sources: sim/abi/memmap.h; RISC-V ACLINT specification 1.0.
 */
#include <string.h>

#include "sim/tile/tile.h"

struct region {
    paddr_t base, bytes;
    unsigned access_min, access_max; /* bytes */
    unsigned stride;                 /* bytes a tile; 0: every tile has its own at this address */
    uint64_t (*read)(struct tile *t, paddr_t offset, cycle_t now);
    void (*write)(struct tile *t, paddr_t offset, uint64_t value, cycle_t now); /* NULL: refused */
};

static uint64_t read_zero(struct tile *t, paddr_t offset, cycle_t now)
{
    (void)t;
    (void)offset;
    (void)now;
    return 0;
}

static void write_nothing(struct tile *t, paddr_t offset, uint64_t value, cycle_t now)
{
    (void)t;
    (void)offset;
    (void)value;
    (void)now;
}

static uint64_t read_simctl(struct tile *t, paddr_t offset, cycle_t now)
{
    return simctl_read(t, (unsigned)offset, now);
}

static void write_simctl(struct tile *t, paddr_t offset, uint64_t value, cycle_t now)
{
    simctl_write(t, (unsigned)offset, value, now);
}

static uint64_t read_bootinfo(struct tile *t, paddr_t offset, cycle_t now)
{
    (void)now;
    uint64_t value = 0;
    size_t left = MAP_BOOTINFO_BYTES - offset;
    memcpy(&value, (const uint8_t *)t->bootinfo + offset, left < 8 ? left : 8);
    return value;
}

static uint64_t read_msip(struct tile *t, paddr_t offset, cycle_t now)
{
    (void)offset;
    (void)now;
    return t->hart->mip >> IRQ_MSIP & 1;
}

static void write_msip(struct tile *t, paddr_t offset, uint64_t value, cycle_t now)
{
    (void)offset;
    t->hart->mip &= ~(UINT64_C(1) << IRQ_MSIP);
    if (value & 1)
        tile_raise(t, UINT64_C(1) << IRQ_MSIP, now);
}

static void write_setssip(struct tile *t, paddr_t offset, uint64_t value, cycle_t now)
{
    (void)offset;
    if (value & 1)
        tile_raise(t, UINT64_C(1) << IRQ_SSIP, now);
}

/* The register holds ticks, as written; the hart compares cycles. */
static uint64_t read_mtimecmp(struct tile *t, paddr_t offset, cycle_t now)
{
    (void)offset;
    (void)now;
    return t->hart->mtimecmp;
}

static void write_mtimecmp(struct tile *t, paddr_t offset, uint64_t value, cycle_t now)
{
    (void)offset;
    struct hart *h = t->hart;
    h->mtimecmp = value;
    if (__builtin_mul_overflow(value, t->cfg->device_mtime_divider, &h->timer_at))
        h->timer_at = CYCLE_NEVER;
    h->mip &= ~(UINT64_C(1) << IRQ_MTIP);
    if (h->wait != WAIT_NONE)
        tile_asleep(t);
    else if (h->until > h->timer_at)
        h->until = h->timer_at > now ? h->timer_at : now;
}

static uint64_t read_mtime(struct tile *t, paddr_t offset, cycle_t now)
{
    (void)offset;
    return now / t->cfg->device_mtime_divider;
}

static const struct region regions[] = {
    {MAP_SIMCTL_BASE, MAP_SIMCTL_BYTES, 1, 8, 0, read_simctl, write_simctl},
    {MAP_BOOTINFO_BASE, MAP_BOOTINFO_BYTES, 1, 8, 0, read_bootinfo, write_nothing},
    {MAP_MSIP_BASE, MAP_MSIP_BYTES, 4, 4, 4, read_msip, write_msip},
    {MAP_MTIMECMP_BASE, MAP_MTIMECMP_BYTES, 8, 8, 8, read_mtimecmp, write_mtimecmp},
    {MAP_MTIME, 8, 8, 8, 0, read_mtime, NULL},
    {MAP_SETSSIP_BASE, MAP_SETSSIP_BYTES, 4, 4, 4, read_zero, write_setssip},
    {MAP_WIDE_MSIP_BASE, MAP_WIDE_MSIP_BYTES, 4, 4, 4, read_msip, write_msip},
    {MAP_WIDE_MTIMECMP_BASE, MAP_WIDE_MTIMECMP_BYTES, 8, 8, 8, read_mtimecmp, write_mtimecmp},
    {MAP_WIDE_SETSSIP_BASE, MAP_WIDE_SETSSIP_BYTES, 4, 4, 4, read_zero, write_setssip},
};

static const struct region *region_of(paddr_t address)
{
    for (unsigned i = 0; i < sizeof regions / sizeof regions[0]; i++)
        if (address - regions[i].base < regions[i].bytes)
            return &regions[i];
    return NULL;
}

static const struct region *region_for(paddr_t address, unsigned bytes)
{
    const struct region *r = region_of(address);
    bool fits = r && bytes >= r->access_min && bytes <= r->access_max && address % bytes == 0;
    return fits ? r : NULL;
}

bool device_owner(const struct tile *t, paddr_t address, unsigned bytes, tile_id *owner)
{
    const struct region *r = region_for(address, bytes);
    if (!r)
        return false;
    uint64_t index = r->stride ? (address - r->base) / r->stride : t->id;
    *owner = (tile_id)index;
    return index < config_tiles(t->cfg);
}

paddr_t device_external_offset(const struct tile *t, paddr_t address)
{
    return address - ((paddr_t)t->cfg->device_external_base_mib << 20);
}

bool device_is_external(const struct tile *t, paddr_t address, unsigned bytes)
{
    paddr_t window = (paddr_t)t->cfg->device_external_mib << 20;
    return device_external_offset(t, address) < window && address % bytes == 0;
}

bool device_read(struct tile *t, paddr_t address, unsigned bytes, cycle_t now, uint64_t *value)
{
    const struct region *r = region_for(address, bytes);
    if (!r)
        return false;
    *value = r->read(t, address - r->base, now);
    return true;
}

bool device_write(struct tile *t, paddr_t address, unsigned bytes, uint64_t value, cycle_t now)
{
    const struct region *r = region_for(address, bytes);
    if (!r || !r->write)
        return false;
    r->write(t, address - r->base, value, now);
    return true;
}
