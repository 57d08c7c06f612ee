/* Hart 0 declares the shootdown complete before it tells anybody. */
// machine: tiny-2x2
// machine: mesh-4x4
// exit: 70
// report: <declare_complete
// report: stale translation: tile
#define FENCES(hart)   1
#define DECLARES_FIRST 1
#define FENCES_LATE    0
#include "guest-os/tests/bare/shootdown.h"
