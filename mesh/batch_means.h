/*
 * A confidence interval for the mean of samples that depend on each other, by
 * the method of batch means (Law, Simulation Modeling and Analysis, 9.5.3): time is cut into
 * batches long enough that their means are nearly independent.  The number of batches stays between
 * 32 and 64: when they run out, neighbours are merged and batches are twice as long from then on.
 *
 * Whether the interval is narrow enough decides how long a run is, so that
 * question is answered in integers.
 */
#ifndef TESSERA_MESH_BATCH_MEANS_H
#define TESSERA_MESH_BATCH_MEANS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/types.h"

enum { BATCHES_MIN = 32, BATCHES_MAX = 64, BATCH_CYCLES_LOG2_MIN = 8 };

struct batch_means {
    cycle_t start;
    unsigned cycles_log2; /* of a batch */
    struct {
        uint64_t sum, count;
    } batch[BATCHES_MAX];
};

void batch_means_start(struct batch_means *b, cycle_t start);

/* A sample that belongs to cycle `at` >= start. */
void batch_means_add(struct batch_means *b, cycle_t at, uint64_t value);

/* Over the batches that are complete at `now`: is the 95 % confidence interval
 * of the mean at most `permille` wide to either side, with at least 32 batches
 * each four times as long as the mean? */
bool batch_means_settled(const struct batch_means *b, cycle_t now, unsigned permille);

/* Half the width of that interval; 0 when there are too few batches. */
double batch_means_ci95(const struct batch_means *b, cycle_t now);

#endif
