/* Hart 0 declares the shootdown complete before it tells anybody. */
// machine: tiny-2x2
// machine: mesh-4x4
// exit: 70
// report: <declare_complete
// report: stale translation: tile
#define DECLARES_FIRST 1
#include "guest-os/tests/bare/shootdown.h"
