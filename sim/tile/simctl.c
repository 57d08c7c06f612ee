/*
 * The simulation-control page.  A tile numbers its series itself, in the order
 * in which it names them, so that the numbers a guest sees do not depend on
 * what other tiles do; samples go straight to the shared distribution, whose
 * content does not depend on their order.
 */
#include "sim/tile/simctl.h"

#include <stdio.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/tile/tile.h"
#include "traces/traces.h"

/* The shared series of this name and unit, new or old; the last one of the
 * table when it is full. */
static unsigned shared_series(struct simctl_shared *shared, const char *name, const char *unit)
{
    for (unsigned i = 0; i < shared->series_count; i++)
        if (strcmp(shared->series[i].name, name) == 0 && strcmp(shared->series[i].unit, unit) == 0)
            return i;
    if (shared->series_count == SERIES_MAX)
        return SERIES_MAX - 1;
    struct series *s = &shared->series[shared->series_count];
    snprintf(s->name, sizeof s->name, "%s", name);
    snprintf(s->unit, sizeof s->unit, "%s", unit);
    return shared->series_count++;
}

/* The buffer holds "name\0unit". */
static unsigned name_series(struct simctl *s)
{
    s->name[s->name_bytes] = '\0';
    const char *name = s->name, *unit = name + strlen(name);
    if (unit < s->name + s->name_bytes)
        unit++;
    s->name_bytes = 0;
    unsigned shared = shared_series(s->shared, name, unit);
    for (unsigned i = 0; i < s->series_count; i++)
        if (s->series[i] == shared)
            return i;
    if (s->series_count == SERIES_PER_TILE)
        return SERIES_PER_TILE - 1;
    s->series[s->series_count] = (uint8_t)shared;
    return s->series_count++;
}

void simctl_end_line(struct simctl *s, tile_id tile, cycle_t now)
{
    struct simctl_shared *shared = s->shared;
    if (s->console_bytes == 0)
        return;
    if (shared->line_count == shared->line_capacity) {
        shared->line_capacity = shared->line_capacity ? 2 * shared->line_capacity : 64;
        shared->line = mem_resize(shared->line, shared->line_capacity * sizeof *shared->line);
    }
    struct console_line *line = &shared->line[shared->line_count++];
    line->cycle = now;
    line->tile = tile;
    line->bytes = (uint16_t)s->console_bytes;
    memcpy(line->text, s->console, s->console_bytes);
    s->console_bytes = 0;
}

static void end_line(struct tile *t, cycle_t now)
{
    struct simctl *s = t->simctl;
    unsigned newline = s->console_bytes && s->console[s->console_bytes - 1] == '\n';
    trace_console(t->hart->trace, t->id, now, s->console, s->console_bytes - newline);
    simctl_end_line(s, t->id, now);
}

static void console_put(struct tile *t, uint8_t byte, cycle_t now)
{
    struct simctl *s = t->simctl;
    s->console[s->console_bytes++] = (char)byte;
    if (byte == '\n' || s->console_bytes == CONSOLE_LINE_MAX)
        end_line(t, now);
}

uint64_t simctl_read(struct tile *t, unsigned offset, cycle_t now)
{
    switch (offset) {
    case SIMCTL_SERIES:
        return name_series(t->simctl);
    case SIMCTL_CYCLE:
        return now;
    default:
        return 0;
    }
}

void simctl_write(struct tile *t, unsigned offset, uint64_t value, cycle_t now)
{
    struct simctl *s = t->simctl;
    switch (offset) {
    case SIMCTL_CONSOLE:
        console_put(t, (uint8_t)value, now);
        break;
    case SIMCTL_NAME:
        if (s->name_bytes < sizeof s->name - 1)
            s->name[s->name_bytes++] = (char)value;
        break;
    case SIMCTL_SELECT:
        s->selected = value < s->series_count ? (unsigned)value : s->selected;
        break;
    case SIMCTL_SAMPLE:
        if (s->series_count)
            hist_add(&s->shared->series[s->series[s->selected]].hist, value);
        break;
    case SIMCTL_MARK:
        s->shared->marks++;
        trace_mark(t->hart->trace, t->id, now, value);
        break;
    default:
        break;
    }
}
