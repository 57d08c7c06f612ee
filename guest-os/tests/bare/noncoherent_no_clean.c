/* The buffer is not written back: the reader finds in memory what was there before. */
// machine: tiny-2x2-noncoherent
// set: sim.check=true
// set: sim.stale_reads=fail
// exit: 70
// report: <read_buffer
// report: overwritten by tile 0 (M mode)
// report: <fill_buffer
// report: not in memory: the writer needed cbo.clean or cbo.flush after the store
// report: stale read: tile 1 read
#define CLEANS 0
#include "guest-os/tests/bare/noncoherent.h"
