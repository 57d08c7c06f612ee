/*
 * The boot-information page, at MAP_BOOTINFO_BASE and in a1 at reset: what
 * machine this is, and the boot arguments.  Read-only.
 */
#ifndef TESSERA_ABI_BOOTINFO_H
#define TESSERA_ABI_BOOTINFO_H

#define BOOTINFO_MAGIC 0x3152534554 /* "TESR1", little endian */

#define BOOTINFO_OFF_MAGIC 0
#define BOOTINFO_OFF_TILES 8
#define BOOTINFO_OFF_DRAM_BYTES 32
#define BOOTINFO_ARGS_BYTES 1024

#ifndef __ASSEMBLER__
#include <stdint.h>

struct bootinfo {
    uint64_t magic;
    uint64_t tiles;
    uint32_t mesh_width;    /* routers */
    uint32_t mesh_height;   /* routers */
    uint32_t concentration; /* tiles a router */
    uint32_t coherent;      /* 1: caches are kept coherent by hardware */
    uint64_t dram_bytes;    /* from MAP_DRAM_BASE */
    uint64_t mtime_divider; /* cycles a tick of mtime */
    uint32_t mu_endpoints;  /* send endpoints a tile */
    uint32_t mu_queues;     /* receive queues a tile */
    uint32_t mu_slots;      /* messages that a tile's queues hold in all */
    uint32_t uncached_mib;  /* so many MiB from MAP_DRAM_BASE on are in no data cache */
    uint64_t scratchpad_bytes; /* of each tile, at MAP_SCRATCHPAD_BASE; 0: there are none */
    char args[BOOTINFO_ARGS_BYTES]; /* boot arguments, zero-terminated */
};
#endif

#endif
