/*
 * Where the cycles of a run's harts went: the CPI stack, as a table for people and
 * as JSON.
 */
#ifndef TESSERA_CPI_H
#define TESSERA_CPI_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/analysis.h"

/* A row a hart, one a privilege mode, one for all; a column for each part that any of
 * them has, in percent of the row's cycles. */
void cpi_print(const struct run_outcome *outcome, FILE *out);

/* [{"tile", "mode", "cycles", "instructions", "parts": {name: cycles}}] */
json_t *cpi_object(const struct run_outcome *outcome);

#endif
