/* Everybody fences but the hart that changed the page table. */
// machine: one-tile
// machine: tiny-2x2
// exit: 70
// report: the load by tile 0 (S mode) was
// report: <watch_page
// report: tile 0 (S mode) had declared the shootdown complete
#define FENCES(hart) ((hart) != 0)
#include "guest-os/tests/bare/shootdown.h"
