/* Every hart fences, but only after its acknowledgement: the acknowledgement takes
 * longer to come than the fence to be done, so nothing stale is ever used. */
// machine: tiny-2x2
// expect: all harts see the new frame
#define FENCES_LATE 1
#include "guest-os/tests/bare/shootdown.h"
