/*
 * Traffic in words, as the command line and the reference points have it:
 * patterns by name, packets as "1:0.8,5:0.2", hotspots as "9=1,27=3".  Shares
 * and weights are decimal fractions of any size; they are kept in millionths
 * of their sum.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/traffic.h"

enum { PAIRS_MAX = 64 };

struct pair {
    unsigned number;
    double weight;
};

bool mesh_pattern_find(const char *name, enum mesh_pattern *pattern, struct error *e)
{
    const char *names[64], *known;
    char all[512] = "";
    unsigned count = 0;
    for (; count < 64 && (known = mesh_pattern_name(count)); count++) {
        size_t n = strlen(all);
        if (strcmp(known, name) == 0) {
            *pattern = (enum mesh_pattern)count;
            return true;
        }
        names[count] = known;
        snprintf(all + n, sizeof all - n, "%s%s", count ? ", " : "", known);
    }
    const char *near = nearest_name(name, names, count);
    return error_set(e, EXIT_STATUS_USAGE, "\"%s\" is no pattern; known: %s%s%s%s", name, all,
                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* NUMBER SEPARATOR WEIGHT; a word without a weight has 1. */
static bool parse_pair(const char *word, char separator, struct pair *pair, struct error *e)
{
    char *end;
    unsigned long number = strtoul(word, &end, 10);
    bool good = isdigit((unsigned char)*word) && number <= 1000000 && strlen(word) < 40;
    pair->number = (unsigned)number;
    pair->weight = 1;
    if (good && *end == separator) {
        const char *weight = end + 1;
        pair->weight = strtod(weight, &end);
        good = end != weight && pair->weight > 0 && pair->weight <= 1e9;
    }
    return (good && *end == 0) ||
           error_set(e, EXIT_STATUS_USAGE, "\"%s\": a whole number%s%c%s is expected", word,
                     ", or one with its weight above 0 behind \"", separator, "\",");
}

static bool parse_pairs(const char *words, char separator, struct pair *pairs, unsigned max,
                        unsigned *count, struct error *e)
{
    char copy[1024], *rest = NULL;
    *count = 0;
    if (strlen(words) >= sizeof copy)
        return error_set(e, EXIT_STATUS_USAGE, "\"%.40s...\" is too long", words);
    strcpy(copy, words);
    for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        if (*count == max)
            return error_set(e, EXIT_STATUS_USAGE, "\"%s\": more than %u of them", words, max);
        if (!parse_pair(word, separator, &pairs[(*count)++], e))
            return false;
    }
    return *count > 0 || error_set(e, EXIT_STATUS_USAGE, "\"%s\" names nothing", words);
}

/* In millionths of the sum, but never none at all. */
static uint32_t share(const struct pair *pairs, unsigned count, unsigned k)
{
    double sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum += pairs[i].weight;
    double parts = round(pairs[k].weight / sum * MESH_WEIGHT_MAX);
    return parts < 1 ? 1 : (uint32_t)parts;
}

bool mesh_hotspots_parse(const char *words, struct mesh_traffic *traffic, struct error *e)
{
    struct pair pairs[MESH_HOTSPOTS_MAX];
    unsigned count;
    if (!parse_pairs(words, '=', pairs, MESH_HOTSPOTS_MAX, &count, e))
        return false;
    traffic->hotspots = count;
    for (unsigned k = 0; k < count; k++)
        traffic->hotspot[k] = (struct mesh_hotspot){pairs[k].number, share(pairs, count, k)};
    return true;
}

bool mesh_sizes_parse(const char *words, struct mesh_traffic *traffic, struct error *e)
{
    struct pair pairs[MESH_SIZES_MAX];
    unsigned count;
    if (!parse_pairs(words, ':', pairs, MESH_SIZES_MAX, &count, e))
        return false;
    traffic->sizes = count > 1 ? count : 0;
    traffic->packet_flits = pairs[0].number;
    for (unsigned k = 0; k < count; k++)
        traffic->size[k] = (struct mesh_size){pairs[k].number, share(pairs, count, k)};
    return true;
}
