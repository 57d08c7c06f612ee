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

#define SIMCTL_NAME_BYTES 96
#define SIMCTL_UNIT_BYTES 32
#define SIMCTL_SERIES_MAX 256

#endif
