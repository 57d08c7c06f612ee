/* Everything is written back and dropped where it must be: nothing to report, although
 * flags are read while they are old. */
// machine: tiny-2x2-noncoherent
// set: sim.check=true
// set: sim.stale_reads=fail
// expect: all rounds are right
#include "guest-os/tests/bare/noncoherent.h"
