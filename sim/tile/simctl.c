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
#include "sim/base/hash.h"
#include "sim/tile/htif.h"
#include "sim/tile/oracle.h"
#include "sim/tile/tile.h"
#include "traces/traces.h"

static struct series **bucket_of(struct simctl_shared *shared, const char *name, const char *unit)
{
    uint64_t hash = hash_bytes(hash_bytes(HASH_SEED, name, strlen(name) + 1), unit, strlen(unit));
    return &shared->bucket[hash % SERIES_BUCKETS];
}

/* The shared series of this name and unit, new or old. */
static struct series *shared_series(struct simctl_shared *shared, const char *name,
                                    const char *unit)
{
    struct series **bucket = bucket_of(shared, name, unit);
    for (struct series *s = *bucket; s; s = s->next)
        if (strcmp(s->name, name) == 0 && strcmp(s->unit, unit) == 0)
            return s;
    struct series *s = arena_alloc(shared->arena, 1, sizeof *s);
    snprintf(s->name, sizeof s->name, "%s", name);
    snprintf(s->unit, sizeof s->unit, "%s", unit);
    s->next = *bucket;
    *bucket = s;
    shared->series_count++;
    return s;
}

/* This tile's number of a series, new or old; a tile that has named all that it
 * may gets a number that selects nothing. */
static unsigned number_of(struct tile *t, const char *name, const char *unit)
{
    struct simctl *s = t->simctl;
    for (unsigned i = 0; i < s->series_count; i++)
        if (strcmp(s->series[i]->name, name) == 0 && strcmp(s->series[i]->unit, unit) == 0)
            return i;
    if (s->series_count == SIMCTL_SERIES_MAX) {
        htif_fault(t, "no more than %u series a tile: \"%s\" (%s) is one too many",
                   SIMCTL_SERIES_MAX, name, unit);
        return SIMCTL_SERIES_MAX;
    }
    s->series[s->series_count] = shared_series(s->shared, name, unit);
    return s->series_count++;
}

/* The buffer holds "name\0unit". */
static unsigned name_series(struct tile *t)
{
    struct simctl *s = t->simctl;
    bool fits = s->name_bytes < sizeof s->name;
    s->name[fits ? s->name_bytes : sizeof s->name - 1] = '\0';
    const char *name = s->name, *unit = name + strlen(name);
    if (unit < s->name + s->name_bytes)
        unit++;
    s->name_bytes = 0;
    if (fits && strlen(name) < SIMCTL_NAME_BYTES && strlen(unit) < SIMCTL_UNIT_BYTES)
        return number_of(t, name, unit);
    htif_fault(t, "a series has a name of fewer than %u bytes and a unit of fewer than %u: \"%s\"",
               SIMCTL_NAME_BYTES, SIMCTL_UNIT_BYTES, name);
    return SIMCTL_SERIES_MAX;
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
    line->number = shared->lines_ended++;
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
        return name_series(t);
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
        if (s->name_bytes < sizeof s->name)
            s->name[s->name_bytes++] = (char)value;
        break;
    case SIMCTL_SELECT:
        s->selected = value < s->series_count ? (unsigned)value : s->selected;
        break;
    case SIMCTL_SAMPLE:
        if (s->series_count)
            hist_add(&s->series[s->selected]->hist, value);
        break;
    case SIMCTL_MARK:
        s->shared->marks++;
        trace_mark(t->hart->trace, t->id, now, value);
        break;
    case SIMCTL_SHOOTDOWN_ADDRESS:
        s->shootdown.address = value;
        break;
    case SIMCTL_SHOOTDOWN_PAGES:
        s->shootdown.pages = value;
        break;
    case SIMCTL_SHOOTDOWN_SPACE:
        s->shootdown.space = value;
        break;
    case SIMCTL_SHOOTDOWN_OLD:
        s->shootdown.old = value;
        break;
    case SIMCTL_SHOOTDOWN_DONE:
        oracle_declare(t, value);
        s->shootdown.old = 0;
        break;
    default:
        break;
    }
}
