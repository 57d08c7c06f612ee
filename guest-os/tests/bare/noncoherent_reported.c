/* A stale read is legal: by default it is told, and the guest goes on. */
// machine: tiny-2x2-noncoherent
// set: sim.check=true
// expect: some rounds are wrong
// report: 456 stale reads: values that another tile had overwritten, as the reader could know
#define DROPS 0
#include "guest-os/tests/bare/noncoherent.h"
