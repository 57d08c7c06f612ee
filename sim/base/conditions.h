/* Inside sim/base: what must hold between a machine's parameters. */
#ifndef TESSERA_CONDITIONS_H
#define TESSERA_CONDITIONS_H

#include "sim/base/config.h"

struct complaint {
    const char *keys; /* the parameters to mend: "l1d.kib, l1d.ways" */
    char text[256];
};

/* True when the machine can be built; otherwise the first condition that does
 * not hold, in words. */
bool config_holds(const struct config *cfg, struct complaint *complaint);

#endif
