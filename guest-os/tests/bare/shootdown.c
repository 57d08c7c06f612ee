/* A correct shootdown: every hart fences before it acknowledges, and hart 0 waits for all. */
// machine: tiny-2x2
// machine: one-tile
// machine: mesh-4x4
// expect: all harts see the new frame
#include "guest-os/tests/bare/shootdown.h"
