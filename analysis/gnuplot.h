/* Inside analysis/: a script becomes a picture. */
#ifndef TESSERA_GNUPLOT_H
#define TESSERA_GNUPLOT_H

#include <stdio.h>

#include "sim/base/error.h"

/* Draws a script, which it closes, into a file that takes its name when it is
 * whole.  A script of NULL has failed already.  74 when gnuplot or the host
 * fails. */
bool gnuplot_draw(FILE *script, const char *path, struct error *e);

#endif
