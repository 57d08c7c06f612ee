/*
 * Points measured with another simulator, from a file of comma-separated
 * values: one point a line in the order of the heading, # for comments.
 *
 *   width,height,router_cycles,vcs,buffer_flits,packet_flits,traffic,load,latency,network_latency,set
 *
 * `traffic` is a pattern's name, for hotspot followed by a blank and the nodes
 * with their weights, joined by "+" ("hotspot 9=1+27=3").  `set` is quick for the
 * points that every run of the tests looks at, full for the others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/traffic.h"
#include "sim/base/arena.h"
#include "sim/base/file.h"

enum { FILE_BYTES_MAX = 1 << 24, FIELDS = 11, NUMBERS_FIRST = 6 };

static bool take_number(const char *field, double *number)
{
    char *end;
    *number = strtod(field, &end);
    return end != field && *end == 0 && *number >= 0 && *number <= 1e9;
}

static unsigned split(char *line, char **field)
{
    unsigned count = 0;
    for (char *rest = line; rest && count <= FIELDS; count++) {
        char *word = strsep(&rest, ",");
        if (count < FIELDS)
            field[count] = word;
    }
    return count;
}

static bool parse_row(char *line, struct mesh_reference *row)
{
    char *field[FIELDS];
    double number[FIELDS] = {0};
    if (split(line, field) != FIELDS)
        return false;
    for (unsigned k = 0; k < FIELDS - 1; k++)
        if (k != NUMBERS_FIRST && !take_number(field[k], &number[k]))
            return false;
    *row = (struct mesh_reference){
        .width = (unsigned)number[0],
        .height = (unsigned)number[1],
        .router_cycles = (unsigned)number[2],
        .vcs = (unsigned)number[3],
        .buffer_flits = (unsigned)number[4],
        .packet_flits = (unsigned)number[5],
        .load = number[7],
        .latency = number[8],
        .network_latency = number[9],
        .quick = strcmp(field[10], "quick") == 0,
    };
    snprintf(row->traffic, sizeof row->traffic, "%s", field[NUMBERS_FIRST]);
    return row->quick || strcmp(field[10], "full") == 0;
}

/* Lines that hold a point: neither empty nor a comment nor the heading. */
static bool is_row(const char *line)
{
    return *line && *line != '#' && strncmp(line, "width,", 6) != 0;
}

bool mesh_reference_read(const char *path, struct mesh_reference **rows, unsigned *count,
                         struct error *e)
{
    size_t bytes = 0;
    char *text = file_read(path, FILE_BYTES_MAX, &bytes, e), *rest = text, *line;
    bool good = text != NULL;
    *rows = NULL;
    *count = 0;
    for (unsigned number = 1; good && (line = strsep(&rest, "\n")); number++) {
        if (!is_row(line))
            continue;
        *rows = mem_resize(*rows, (*count + 1) * sizeof **rows);
        if (!parse_row(line, &(*rows)[(*count)++]))
            good = error_set(e, EXIT_STATUS_INPUT, "%s:%u: not a point in the heading's columns",
                             path, number);
    }
    mem_free(text);
    if (!good) {
        mem_free(*rows);
        *rows = NULL;
    }
    return good;
}

bool mesh_reference_fits(const struct mesh_reference *row, const struct config *cfg)
{
    return row->width == cfg->mesh_width && row->height == cfg->mesh_height &&
           row->router_cycles == cfg->mesh_router_cycles && row->vcs == cfg->mesh_vcs &&
           row->buffer_flits == cfg->mesh_buffer_flits && cfg->mesh_concentration == 1 &&
           cfg->mesh_link_cycles_x == 1 && cfg->mesh_link_cycles_y == 1 && cfg->mesh_routing == 0;
}

bool mesh_reference_traffic(const struct mesh_reference *row, struct mesh_traffic *traffic,
                            struct error *e)
{
    char name[sizeof row->traffic], *words;
    strcpy(name, row->traffic);
    words = strchr(name, ' ');
    if (words)
        *words++ = 0;
    for (char *plus = words; plus && (plus = strchr(plus, '+'));)
        *plus = ',';
    *traffic = (struct mesh_traffic){.rate = row->load, .packet_flits = row->packet_flits};
    return mesh_pattern_find(name, &traffic->pattern, e) &&
           (!words || mesh_hotspots_parse(words, traffic, e));
}
