/*
 * The physical address map as the guest sees it.  Where QEMU's `virt` machine
 * has a device, Tessera puts it at the same place; Tessera's own pages lie in
 * a hole of that map.  Plain numbers only: C and assembly both include this.
 *
 *   0x0020_0000  simulation-control page      (abi/simctl.h)
 *   0x0021_0000  boot-information page, read-only (abi/bootinfo.h)
 *   0x0200_0000  ACLINT: msip[hart], mtimecmp[hart], mtime
 *   0x0210_0000  wide views: msip[hart], mtimecmp[hart], setssip[hart]
 *   0x02f0_0000  ACLINT: setssip[hart]
 *   0x4000_0000  window to the world outside the chip, if there is one (device.external_*)
 *   0x8000_0000  DRAM
 */
#ifndef TESSERA_ABI_MEMMAP_H
#define TESSERA_ABI_MEMMAP_H

#define MAP_SIMCTL_BASE 0x00200000
#define MAP_SIMCTL_BYTES 0x1000
#define MAP_BOOTINFO_BASE 0x00210000
#define MAP_BOOTINFO_BYTES 0x1000

/* ACLINT (RISC-V ACLINT specification 1.0): 4 bytes a hart in the software
 * interrupt arrays, 8 bytes a hart in mtimecmp.  Deviation: mtime is read-only.
 * All tiles read the chip's one clock, each in its own device, so that reading
 * the time costs no message; no store could change it for all of them at once
 * without one, so a store to mtime is refused: a store access fault. */
#define MAP_MSIP_BASE 0x02000000
#define MAP_MSIP_BYTES 0x4000
#define MAP_MTIMECMP_BASE 0x02004000
#define MAP_MTIMECMP_BYTES 0x7ff8
#define MAP_MTIME 0x0200bff8
#define MAP_SETSSIP_BASE 0x02f00000
#define MAP_SETSSIP_BYTES 0x4000

/* The ACLINT's arrays end after 4,095 harts.  The wide views are the same
 * registers again, in arrays that have room for every hart there can be. */
#define MAP_WIDE_HARTS 0x4000
#define MAP_WIDE_MSIP_BASE 0x02100000
#define MAP_WIDE_MSIP_BYTES (4 * MAP_WIDE_HARTS)
#define MAP_WIDE_MTIMECMP_BASE 0x02120000
#define MAP_WIDE_MTIMECMP_BYTES (8 * MAP_WIDE_HARTS)
#define MAP_WIDE_SETSSIP_BASE 0x02140000
#define MAP_WIDE_SETSSIP_BYTES (4 * MAP_WIDE_HARTS)

#define MAP_DRAM_BASE 0x80000000

/* Coherence and caches work on lines of this many bytes. */
#define LINE_BYTES 64
#define LINE_SHIFT 6

#endif
