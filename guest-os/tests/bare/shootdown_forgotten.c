/* Hart 2 acknowledges without a fence, and goes on reading the old frame. */
// machine: tiny-2x2
// machine: mesh-4x4
// exit: 70
// report: the load by tile 2 (S mode) was
// report: <watch_page
// report: the page table now says frame
// report: tile 0 (S mode) had declared the shootdown complete
// report: <declare_complete
// report: of 1 page from 0x40000000
#define FENCES(hart) ((hart) != 2)
#include "guest-os/tests/bare/shootdown.h"
