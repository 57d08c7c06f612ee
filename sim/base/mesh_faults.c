/*
 * A reader of one line: items between semicolons, words between blanks.  Every
 * item is a row of a table: its first word, and the function that reads the
 * others.
 */
#include "sim/base/mesh_faults.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"

enum { ITEM_BYTES = 80, WORDS_MAX = 5 };

struct reader {
    unsigned width, height;
    struct mesh_faults *faults;
    char *problem;
    size_t bytes;
    char item[ITEM_BYTES]; /* as written, for complaints */
    char copy[ITEM_BYTES];
    char *word[WORDS_MAX];
    unsigned words;
};

static bool complain(struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool complain(struct reader *r, const char *format, ...)
{
    va_list ap;
    int n = snprintf(r->problem, r->bytes, "\"%s\": ", r->item);
    va_start(ap, format);
    vsnprintf(r->problem + n, r->bytes - (size_t)n, format, ap);
    va_end(ap);
    return false;
}

static const char *const directions[] = {"east", "west", "north", "south"};

/* A whole number and nothing else. */
static bool read_number(const char *text, uint64_t max, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && *number <= max;
}

static bool read_place(struct reader *r, struct mesh_fault *f)
{
    char comma, rest;
    if (r->words < 2 || sscanf(r->word[1], "%3u%c%3u%c", &f->x, &comma, &f->y, &rest) != 3 ||
        comma != ',' || r->word[1][0] < '0' || r->word[1][0] > '9')
        return complain(r, "a router is written X,Y as in %s 1,0%s", r->word[0],
                        f->kind == MESH_FAULT_LINK ? " east" : "");
    if (f->x >= r->width || f->y >= r->height)
        return complain(r, "there is no router %u,%u; this mesh has 0,0 to %u,%u", f->x, f->y,
                        r->width - 1, r->height - 1);
    return true;
}

/* The link that ends outside of the mesh is not there. */
static bool has_neighbour(const struct reader *r, const struct mesh_fault *f)
{
    static const int dx[] = {1, -1, 0, 0}, dy[] = {0, 0, 1, -1};
    return f->x + (unsigned)dx[f->direction] < r->width &&
           f->y + (unsigned)dy[f->direction] < r->height;
}

static bool read_direction(struct reader *r, struct mesh_fault *f)
{
    const char *word = r->words > 2 ? r->word[2] : "";
    for (unsigned d = 0; d < MESH_DIRECTIONS; d++) {
        f->direction = (enum mesh_direction)d;
        if (strcmp(word, directions[d]) == 0)
            return has_neighbour(r, f) ||
                   complain(r, "router %u,%u has no neighbour in the %s", f->x, f->y, word);
    }
    const char *near = nearest_name(word, directions, MESH_DIRECTIONS);
    return complain(r, "a link leads east, west, north or south%s%s%s",
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* The words behind the place: nothing, or @CYCLE. */
static bool read_time(struct reader *r, unsigned from, struct mesh_fault *f)
{
    if (r->words == from)
        return true;
    if (r->words > from + 1 || r->word[from][0] != '@')
        return complain(r, "only @CYCLE may follow, as in @5000");
    return read_number(r->word[from] + 1, UINT32_MAX, &f->at) ||
           complain(r, "%s: a cycle is @0 to @4294967295", r->word[from]);
}

static bool add_fault(struct reader *r, const struct mesh_fault *f)
{
    if (r->faults->count == MESH_FAULTS_MAX)
        return complain(r, "more than %d links and routers", MESH_FAULTS_MAX);
    r->faults->item[r->faults->count++] = *f;
    return true;
}

static bool read_link(struct reader *r)
{
    struct mesh_fault f = {.kind = MESH_FAULT_LINK};
    return read_place(r, &f) && read_direction(r, &f) && read_time(r, 3, &f) && add_fault(r, &f);
}

static bool read_router(struct reader *r)
{
    struct mesh_fault f = {.kind = MESH_FAULT_ROUTER};
    return read_place(r, &f) && read_time(r, 2, &f) && add_fault(r, &f);
}

/* A chance below 1, as a part of 2^64. */
static bool read_chance(struct reader *r, uint64_t *chance)
{
    char *end = NULL;
    double value = r->words == 2 ? strtod(r->word[1], &end) : -1;
    if (end == NULL || *end != 0 || !(value >= 0 && value < 1))
        return complain(r, "a chance from 0 to below 1 is expected, as in %s 1e-6", r->word[0]);
    *chance = (uint64_t)(value * 0x1p64);
    return true;
}

static bool read_drop(struct reader *r)
{
    return read_chance(r, &r->faults->drop);
}

static bool read_corrupt(struct reader *r)
{
    return read_chance(r, &r->faults->corrupt);
}

static bool read_seed(struct reader *r)
{
    uint64_t seed = 0;
    if (r->words != 2 || !read_number(r->word[1], UINT32_MAX, &seed))
        return complain(r, "a seed is a number from 0 to 4294967295, as in seed 7");
    r->faults->seed = (uint32_t)seed;
    return true;
}

static const struct {
    const char *name;
    bool (*read)(struct reader *r);
} items[] = {{"link", read_link},
             {"router", read_router},
             {"drop", read_drop},
             {"corrupt", read_corrupt},
             {"seed", read_seed}};
enum { ITEMS = sizeof items / sizeof *items };

static bool read_item(struct reader *r)
{
    const char *names[ITEMS];
    char *rest = NULL;
    r->words = 0;
    memcpy(r->copy, r->item, sizeof r->copy);
    for (char *w = strtok_r(r->copy, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
        if (r->words == WORDS_MAX)
            return complain(r, "too many words");
        r->word[r->words++] = w;
    }
    for (unsigned k = 0; r->words && k < ITEMS; k++) {
        names[k] = items[k].name;
        if (strcmp(r->word[0], items[k].name) == 0)
            return items[k].read(r);
    }
    if (r->words == 0)
        return complain(r, "an empty item; one semicolon stands between two items");
    const char *near = nearest_name(r->word[0], names, ITEMS);
    return complain(r, "link, router, drop, corrupt or seed is expected%s%s%s",
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

bool mesh_faults_parse(const char *text, unsigned width, unsigned height,
                       struct mesh_faults *faults, char *problem, size_t bytes)
{
    struct reader r = {width, height, faults, problem, bytes, "", "", {0}, 0};
    *faults = (struct mesh_faults){.seed = 1};
    if (text[strspn(text, " \t")] == 0)
        return true;
    for (bool more = true; more;) {
        text += strspn(text, " \t");
        size_t n = strcspn(text, ";"), used = n;
        more = text[n] == ';';
        while (used > 0 && strchr(" \t", text[used - 1]))
            used--;
        snprintf(r.item, sizeof r.item, "%.*s", (int)used, text);
        if (used >= sizeof r.item)
            return complain(&r, "longer than any item can be");
        if (!read_item(&r))
            return false;
        text += n + more;
    }
    return true;
}
