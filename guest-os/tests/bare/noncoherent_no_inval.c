/* The buffer is not dropped: the reader goes on with its copy of the first round. */
// machine: tiny-2x2-noncoherent
// set: sim.check=true
// set: sim.stale_reads=fail
// exit: 70
// report: <read_buffer
// report: overwritten by tile 0 (M mode)
// report: <fill_buffer
// report: it needed cbo.inval or cbo.flush before the read
// report: stale read: tile 1 read
#define DROPS 0
#include "guest-os/tests/bare/noncoherent.h"
