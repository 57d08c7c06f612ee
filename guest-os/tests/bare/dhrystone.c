/* Dhrystone, a few of its runs: every variable ends with the value that the algorithm
 * implies, whatever the core is like. */
// machine: one-tile
// machine: tiny-2x2
// set: hart.load_use_cycles=7
// set: hart.mul_cycles=11
// set: hart.predictor=gshare
#define RUNS 300
#include "guest-os/examples/dhrystone.c"

#include "guest-os/tests/bare/bare.h"

int bare_main(uint64_t hart)
{
    return hart ? 0 : main();
}

void bare_interrupt(void) {}
