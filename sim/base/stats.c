/* A list that grows; names are copied, units and meanings are static texts. */
#include "sim/base/stats.h"

#include <stdio.h>

#include "sim/base/arena.h"

void stats_put(struct stats *stats, const char *name, uint64_t value, const char *unit,
               const char *meaning)
{
    if (stats->count == stats->capacity) {
        stats->capacity = stats->capacity ? 2 * stats->capacity : 64;
        stats->item = mem_resize(stats->item, stats->capacity * sizeof *stats->item);
    }
    struct stat_entry *s = &stats->item[stats->count++];
    *s = (struct stat_entry){.value = value, .unit = unit, .meaning = meaning};
    snprintf(s->name, sizeof s->name, "%s", name);
}

void stats_free(struct stats *stats)
{
    mem_free(stats->item);
    *stats = (struct stats){0};
}
