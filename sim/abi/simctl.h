/*
 * The simulation-control page: how a guest speaks to the simulator.  Each
 * access is one store or load that takes one cycle and never enters the mesh,
 * so that measuring does not disturb what is measured.  Registers are 64 bits
 * and private to the tile that accesses them.
 *
 * Results have a name and a unit, both spelled byte by byte:
 *   store each byte of "op_cycles" to NAME, a zero byte, each byte of the unit,
 *   then load SERIES: it returns the series number and clears the buffer.
 * Storing a series number to SELECT and values to SAMPLE builds a distribution
 * (count, mean, percentiles).  Tiles that use one name and unit share one series.
 * A tile names at most SIMCTL_SERIES_MAX of them; a name has fewer than
 * SIMCTL_NAME_BYTES bytes, a unit fewer than SIMCTL_UNIT_BYTES.  A guest that names more, or longer ones, ends
 * the run with an error: nothing is dropped or cut silently.
 *
 * A shootdown is declared complete to the oracle of stale translations: store
 *   SHOOTDOWN_ADDRESS  first page of the range (an address in it)
 *   SHOOTDOWN_PAGES    its length in pages of 4 KiB; 0: all addresses
 *   SHOOTDOWN_SPACE    the address space, as a value of satp (mode, ASID, root)
 *   SHOOTDOWN_OLD      0, or what the first page's entry was; the frames of the
 *                      other pages follow the first's
 * and then a scope to SHOOTDOWN_DONE.  From then on (counted from the first cycle
 * that no hart has reached yet: a use in the few cycles of the machine's lookahead
 * after the store goes unnoticed) no hart may use an entry of its TLBs that the shootdown should have removed: of the range, in the scope,
 * and letting through what the page table of SHOOTDOWN_SPACE no longer does
 * (another frame, or no page, or rights R, W, X, U or a D that it does not give).
 * If OLD is not zero, only entries with OLD's frame and rights count; it is for
 * guests in which shootdowns of one page overlap.  A use ends the run with exit
 * status 70.  Stores to other registers keep their values; DONE clears OLD.
 * sim/tile/oracle.h has the small print.
 */
#ifndef TESSERA_ABI_SIMCTL_H
#define TESSERA_ABI_SIMCTL_H

#define SIMCTL_CONSOLE 0x00 /* w: one byte of this tile's console */
#define SIMCTL_NAME 0x08    /* w: one byte of the name buffer */
#define SIMCTL_SERIES 0x10  /* r: number of the series that the buffer names */
#define SIMCTL_SELECT 0x18  /* w: series that SAMPLE feeds */
#define SIMCTL_SAMPLE 0x20  /* w: one value of the selected series */
#define SIMCTL_MARK 0x28    /* w: a number that appears in the event trace */
#define SIMCTL_CYCLE 0x30   /* r: this hart's cycle */

#define SIMCTL_SHOOTDOWN_ADDRESS 0x40
#define SIMCTL_SHOOTDOWN_PAGES 0x48
#define SIMCTL_SHOOTDOWN_SPACE 0x50
#define SIMCTL_SHOOTDOWN_OLD 0x58
#define SIMCTL_SHOOTDOWN_DONE 0x60 /* w: one of the scopes, perhaps with GONE */

/* Which entries of the range a shootdown is about; global ones always count. */
#define SHOOTDOWN_OF_ROOT 0 /* those read from tables with SPACE's root */
#define SHOOTDOWN_OF_ASID 1 /* those tagged with SPACE's ASID: replicated tables */
#define SHOOTDOWN_OF_ALL 2  /* all: what every address space maps alike */
#define SHOOTDOWN_SCOPE 3
#define SHOOTDOWN_GONE 4 /* nothing of the range is mapped, do not read the table: it is freed */

#define SIMCTL_NAME_BYTES 96
#define SIMCTL_UNIT_BYTES 32
#define SIMCTL_SERIES_MAX 256

#endif
