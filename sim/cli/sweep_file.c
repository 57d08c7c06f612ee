/*
 * Reading a sweep file and multiplying it out.
 *
 *   bootargs: bench=update mode={mode} cores={cores}
 *   grids:
 *     - {mode: [shm1, shm2], cores: [1, 2]}      -> 4 points
 *     - {mode: [msg1], cores: [2]}               -> 1 point
 *
 * A grid is a map of axes.  An axis whose name has a dot is a parameter of the
 * machine; any other fills a {placeholder} of the boot arguments.  The points
 * of a grid are counted like an odometer whose last axis turns fastest; those
 * of several grids follow one another, and all of it is repeated for each
 * machine.  A point that would repeat an earlier one in every respect is
 * recognised later, by its key.
 */
#include "sim/cli/sweep_file.h"

#include <ctype.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/base/file.h"
#include "sim/base/yaml.h"
#include "sim/cli/named.h"

enum { AXES_MAX = 32, POINTS_MAX = 100000, WORD_MAX = 64 };

/* The file while it is being read. */
struct reading {
    const char *path;
    struct error *e;
    struct sweep *sweep;
    const struct tree *machine, *guest, *bootargs, *set, *max_cycles, *grid, *grids;
    const char *guest_override;
    unsigned capacity; /* of sweep->point */
};

static bool refuse(const struct reading *r, unsigned line, const char *key, const char *problem)
{
    return error_set(r->e, EXIT_STATUS_INPUT, "%s:%u: %s: %s", r->path, line, key, problem);
}

static bool refuse_name(const struct reading *r, unsigned line, const char *key, const char *kind,
                        const char *const *names, unsigned count)
{
    char problem[256];
    const char *near = nearest_name(key, names, count);
    snprintf(problem, sizeof problem, "no such %s%s%s%s", kind, near ? "; did you mean " : "",
             near ? near : "", near ? "?" : "");
    return refuse(r, line, key, problem);
}

static char *keep(struct reading *r, const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(arena_alloc(r->sweep->arena, bytes, 1), text, bytes);
}

/* ---- the file's keys ---------------------------------------------------------- */

static bool take_text(struct reading *r, const struct tree_item *item, const char **text)
{
    if (item->value->kind != TREE_SCALAR)
        return refuse(r, item->line, item->key, "one text is expected");
    *text = keep(r, item->value->text);
    return true;
}

static bool take_name(struct reading *r, const struct tree_item *item)
{
    const char *text = "";
    if (!take_text(r, item, &text))
        return false;
    if (text[0] == 0 || strlen(text) >= sizeof r->sweep->name)
        return refuse(r, item->line, item->key, "a name of at most 63 characters is expected");
    snprintf(r->sweep->name, sizeof r->sweep->name, "%s", text);
    return true;
}

static bool take_figure(struct reading *r, const struct tree_item *item)
{
    const char *names[64];
    if (!take_text(r, item, &r->sweep->figure))
        return false;
    if (r->sweep->figure[0] == 0)
        return refuse(r, item->line, item->key,
                      "the name of a figure is expected (tessera list figures)");
    for (unsigned i = 0; i < analysis_figure_count; i++) {
        names[i] = analysis_figures[i].name;
        if (strcmp(names[i], r->sweep->figure) == 0)
            return true;
    }
    return refuse_name(r, item->line, r->sweep->figure, "figure", names, analysis_figure_count);
}

/* Puts one key of the file where it belongs. */
static bool take_key(struct reading *r, const struct tree_item *item)
{
    static const char *const names[] = {"name", "description", "machine", "guest", "bootargs",
                                        "set",  "max_cycles",  "grid",    "grids", "figure"};
    const struct tree **place[] = {NULL,    NULL,           &r->machine, &r->guest, &r->bootargs,
                                   &r->set, &r->max_cycles, &r->grid,    &r->grids, NULL};
    unsigned i = 0, count = sizeof names / sizeof names[0];
    while (i < count && strcmp(item->key, names[i]) != 0)
        i++;
    if (i == count)
        return refuse_name(r, item->line, item->key, "key of a sweep", names, count);
    if (place[i]) {
        *place[i] = item->value;
        return true;
    }
    if (strcmp(item->key, "name") == 0)
        return take_name(r, item);
    if (strcmp(item->key, "figure") == 0)
        return take_figure(r, item);
    return take_text(r, item, &r->sweep->description);
}

static bool take_keys(struct reading *r, const struct tree *root)
{
    if (root->kind != TREE_MAP)
        return refuse(r, root->line, "sweep", "a map of keys is expected");
    for (unsigned i = 0; i < root->count; i++)
        if (!take_key(r, &root->item[i]))
            return false;
    if (r->machine == NULL)
        return refuse(r, root->line, "machine", "is missing");
    if ((r->grid == NULL) == (r->grids == NULL))
        return refuse(r, root->line, "grid", "either grid or grids is expected");
    return true;
}

static bool is_scalar(const struct tree *node)
{
    return node->kind == TREE_SCALAR;
}

static bool check_kinds(const struct reading *r)
{
    if (r->guest && !is_scalar(r->guest))
        return refuse(r, r->guest->line, "guest", "one file is expected");
    if (r->bootargs && !is_scalar(r->bootargs))
        return refuse(r, r->bootargs->line, "bootargs", "one text is expected");
    if (r->max_cycles && !is_scalar(r->max_cycles))
        return refuse(r, r->max_cycles->line, "max_cycles", "one number is expected");
    if (r->set && r->set->kind != TREE_MAP && !tree_is_empty(r->set))
        return refuse(r, r->set->line, "set", "a map of parameters is expected");
    if (r->grids && r->grids->kind != TREE_SEQUENCE)
        return refuse(r, r->grids->line, "grids", "a list of grids is expected");
    return true;
}

/* ---- axes -------------------------------------------------------------------------- */

struct axis {
    const char *name;
    unsigned line;
    bool is_parameter;
    const struct tree *values; /* a sequence, or a scalar: one value */
};

struct grid {
    unsigned line, count;
    struct axis axis[AXES_MAX];
};

static unsigned axis_length(const struct axis *axis)
{
    return axis->values->kind == TREE_SEQUENCE ? axis->values->count : 1;
}

static const struct tree *axis_value(const struct axis *axis, unsigned i)
{
    return axis->values->kind == TREE_SEQUENCE ? axis->values->item[i].value : axis->values;
}

/* The next {word} of a template at or after *at; moves *at behind it. */
static bool next_placeholder(const char **at, char word[WORD_MAX])
{
    const char *open = strchr(*at, '{');
    const char *close = open ? strchr(open, '}') : NULL;
    if (close == NULL)
        return false;
    snprintf(word, WORD_MAX, "%.*s", (int)(close - open - 1), open + 1);
    *at = close + 1;
    return true;
}

static const char *template_of(const struct reading *r)
{
    return r->bootargs ? r->bootargs->text : "";
}

static bool check_placeholder_axis(const struct reading *r, const struct axis *axis)
{
    char word[AXES_MAX][WORD_MAX];
    const char *names[AXES_MAX], *at = template_of(r);
    unsigned count = 0;
    while (count < AXES_MAX && next_placeholder(&at, word[count])) {
        names[count] = word[count];
        if (strcmp(word[count++], axis->name) == 0)
            return true;
    }
    return refuse_name(r, axis->line, axis->name,
                       "placeholder in bootargs (a parameter's name has "
                       "a dot)",
                       names, count);
}

static bool check_axis(const struct reading *r, const struct axis *axis)
{
    if (axis->values->kind == TREE_MAP || axis_length(axis) == 0)
        return refuse(r, axis->line, axis->name, "a list of values is expected");
    for (unsigned i = 0; i < axis_length(axis); i++) {
        char *text = tree_join(axis_value(axis, i));
        bool good = text != NULL && (axis->is_parameter || is_scalar(axis_value(axis, i)));
        mem_free(text);
        if (!good)
            return refuse(r, axis->line, axis->name, "a list of values is expected");
    }
    return axis->is_parameter || check_placeholder_axis(r, axis);
}

/* Every placeholder of the template must have an axis in this grid. */
static bool check_template(const struct reading *r, const struct grid *grid)
{
    char word[WORD_MAX], problem[160];
    const char *at = template_of(r);
    while (next_placeholder(&at, word)) {
        unsigned i = 0;
        while (i < grid->count && strcmp(grid->axis[i].name, word) != 0)
            i++;
        if (i < grid->count)
            continue;
        snprintf(problem, sizeof problem, "{%s} has no values in the grid of line %u", word,
                 grid->line);
        return refuse(r, r->bootargs->line, "bootargs", problem);
    }
    return true;
}

static bool take_grid(const struct reading *r, const struct tree *node, struct grid *grid)
{
    *grid = (struct grid){.line = node->line};
    if (node->kind != TREE_MAP && !tree_is_empty(node))
        return refuse(r, node->line, "grid", "a map of axes is expected");
    if (node->count > AXES_MAX)
        return refuse(r, node->line, "grid", "more than 32 axes");
    for (unsigned i = 0; i < node->count; i++) {
        const struct tree_item *item = &node->item[i];
        struct axis *axis = &grid->axis[grid->count++];
        *axis = (struct axis){item->key, item->line, strchr(item->key, '.') != NULL, item->value};
        if (!check_axis(r, axis))
            return false;
    }
    return check_template(r, grid);
}

/* ---- points -------------------------------------------------------------------------- */

/* The template with each {word} replaced by its axis's present value. */
static char *fill_template(struct reading *r, const struct grid *grid, char *const value[])
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    const char *from = template_of(r), *at = from;
    char word[WORD_MAX];
    while (next_placeholder(&at, word)) {
        fprintf(f, "%.*s", (int)(strchr(from, '{') - from), from);
        for (unsigned i = 0; i < grid->count; i++)
            if (strcmp(grid->axis[i].name, word) == 0)
                fputs(value[i], f);
        from = at;
    }
    fputs(from, f);
    fclose(f);
    char *kept = keep(r, text);
    mem_free(text);
    return kept;
}

static char *make_label(struct reading *r, const char *machine, const struct grid *grid,
                        char *const value[])
{
    char label[512], *copy = mem_copy_string(machine);
    size_t at = 0;
    label[0] = 0;
    if (r->machine->kind == TREE_SEQUENCE && r->machine->count > 1)
        at += (size_t)snprintf(label, sizeof label, "%s", basename(copy));
    for (unsigned i = 0; i < grid->count && at < sizeof label; i++)
        at += (size_t)snprintf(label + at, sizeof label - at, "%s%s=%s", at ? " " : "",
                               grid->axis[i].name, value[i]);
    mem_free(copy);
    return keep(r, label[0] ? label : r->sweep->name);
}

static bool add_set(struct reading *r, struct run_request *request, unsigned line, const char *key,
                    const char *value)
{
    char assignment[8192], origin[PATH_MAX + 16];
    snprintf(assignment, sizeof assignment, "%s=%s", key, value);
    snprintf(origin, sizeof origin, "%s:%u", r->path, line);
    bool good = request_add_set(request, keep(r, assignment), keep(r, origin), r->e);
    if (!good)
        r->e->status = EXIT_STATUS_INPUT;
    return good;
}

static bool add_fixed_sets(struct reading *r, struct run_request *request)
{
    bool good = true;
    for (unsigned i = 0; r->set && good && i < r->set->count; i++) {
        const struct tree_item *item = &r->set->item[i];
        char *value = tree_join(item->value);
        good = value ? add_set(r, request, item->line, item->key, value)
                     : refuse(r, item->line, item->key, "a value is expected");
        mem_free(value);
    }
    return good;
}

static struct sweep_point *point_new(struct reading *r)
{
    struct sweep *s = r->sweep;
    if (s->count == r->capacity) {
        r->capacity = r->capacity ? 2 * r->capacity : 64;
        s->point = mem_resize(s->point, r->capacity * sizeof *s->point);
    }
    s->point[s->count] = (struct sweep_point){0};
    return &s->point[s->count++];
}

static bool add_point(struct reading *r, const char *machine, const char *guest,
                      uint64_t max_cycles, const struct grid *grid, char *const value[])
{
    if (r->sweep->count == POINTS_MAX)
        return refuse(r, grid->line, "grid", "more than 100000 points");
    struct sweep_point *p = point_new(r);
    p->label = make_label(r, machine, grid, value);
    p->request = (struct run_request){.machine = machine,
                                      .guest = guest,
                                      .threads = 1,
                                      .max_cycles = max_cycles,
                                      .bootargs = fill_template(r, grid, value)};
    bool good = add_fixed_sets(r, &p->request);
    for (unsigned i = 0; good && i < grid->count; i++)
        if (grid->axis[i].is_parameter)
            good = add_set(r, &p->request, grid->axis[i].line, grid->axis[i].name, value[i]);
    return good;
}

/* Moves the odometer on; false when it has come round. */
static bool next_combination(const struct grid *grid, unsigned position[])
{
    for (unsigned i = grid->count; i-- > 0;) {
        if (++position[i] < axis_length(&grid->axis[i]))
            return true;
        position[i] = 0;
    }
    return false;
}

static bool add_grid(struct reading *r, const char *machine, const char *guest, uint64_t max_cycles,
                     const struct tree *node)
{
    struct grid grid;
    unsigned position[AXES_MAX] = {0};
    bool good = take_grid(r, node, &grid);
    while (good) {
        char *value[AXES_MAX];
        for (unsigned i = 0; i < grid.count; i++)
            value[i] = tree_join(axis_value(&grid.axis[i], position[i]));
        good = add_point(r, machine, guest, max_cycles, &grid, value);
        for (unsigned i = 0; i < grid.count; i++)
            mem_free(value[i]);
        if (!next_combination(&grid, position))
            break;
    }
    return good;
}

/* ---- machines and the whole ------------------------------------------------------------- */

/* A path of the sweep file, which is relative to it. */
static char *beside(struct reading *r, const char *file)
{
    char full[PATH_MAX];
    file_beside(r->path, file, full, sizeof full);
    return keep(r, full);
}

static bool read_max_cycles(const struct reading *r, uint64_t *max_cycles)
{
    *max_cycles = 0;
    if (r->max_cycles == NULL)
        return true;
    const char *text = r->max_cycles->text;
    char *end;
    *max_cycles = strtoull(text, &end, 10);
    if (isdigit((unsigned char)text[0]) && *end == 0)
        return true;
    return refuse(r, r->max_cycles->line, "max_cycles", "a whole number is expected");
}

static bool add_machine(struct reading *r, const struct tree *node)
{
    uint64_t max_cycles;
    if (node->kind != TREE_SCALAR || node->text[0] == 0)
        return refuse(r, node->line, "machine", "a machine file or a list of them is expected");
    const char *machine = beside(r, node->text);
    const char *guest =
        r->guest_override ? keep(r, r->guest_override) : keep(r, r->guest ? r->guest->text : "");
    if (!read_max_cycles(r, &max_cycles))
        return false;
    if (r->grid)
        return add_grid(r, machine, guest, max_cycles, r->grid);
    for (unsigned i = 0; i < r->grids->count; i++)
        if (!add_grid(r, machine, guest, max_cycles, r->grids->item[i].value))
            return false;
    return true;
}

static bool add_machines(struct reading *r)
{
    if (r->machine->kind != TREE_SEQUENCE)
        return add_machine(r, r->machine);
    for (unsigned i = 0; i < r->machine->count; i++)
        if (!add_machine(r, r->machine->item[i].value))
            return false;
    return true;
}

/* Figures and results know a machine by its name, so two have two names.  The
 * points of each machine lie together; `name` holds one name for each. */
static bool check_names(const struct reading *r, char (*name)[CONFIG_NAME_MAX], unsigned machines)
{
    char problem[1024];
    const struct sweep *s = r->sweep;
    for (unsigned i = 0; i < machines; i++) {
        const char *one = s->point[i * (s->count / machines)].request.machine;
        for (unsigned j = 0; j < i; j++) {
            const char *other = s->point[j * (s->count / machines)].request.machine;
            if (strcmp(name[i], name[j]) != 0 || strcmp(one, other) == 0)
                continue;
            snprintf(problem, sizeof problem,
                     "%.400s and %.400s are both named %s; give one a name of its own (name: ...)",
                     other, one, name[i]);
            return refuse(r, r->machine->line, "machine", problem);
        }
    }
    return true;
}

/* A mistake in a machine's file says which sweep wanted the machine. */
static void name_sweep(const struct reading *r)
{
    size_t n = strlen(r->e->text);
    if (strncmp(r->e->text, r->path, strlen(r->path)) != 0)
        snprintf(r->e->text + n, sizeof r->e->text - n, " (a machine of %s)", r->path);
}

/* Every point must give a machine that can be built. */
static bool check_points(struct reading *r)
{
    struct config cfg;
    unsigned machines = r->machine->kind == TREE_SEQUENCE ? r->machine->count : 1;
    if (r->sweep->count == 0)
        return refuse(r, r->machine->line, "grid", "the sweep has no points");
    char(*name)[CONFIG_NAME_MAX] = mem_alloc(machines * sizeof *name);
    bool good = true;
    for (unsigned i = 0; good && i < r->sweep->count; i++) {
        good = request_resolve(&r->sweep->point[i].request, &cfg, r->e);
        snprintf(name[i / (r->sweep->count / machines)], sizeof *name, "%s", cfg.name);
    }
    if (!good)
        name_sweep(r);
    good = good && check_names(r, name, machines);
    mem_free(name);
    return good;
}

static void take_base_name(struct sweep *sweep, const char *path)
{
    char *copy = mem_copy_string(path);
    snprintf(sweep->name, sizeof sweep->name, "%s", basename(copy));
    char *dot = strrchr(sweep->name, '.');
    if (dot && dot != sweep->name)
        *dot = 0;
    mem_free(copy);
}

struct sweep *sweep_load(const char *path, const char *guest, struct error *e)
{
    struct tree *root = tree_load(path, e);
    if (root == NULL)
        return NULL;
    struct sweep *sweep = mem_alloc(sizeof *sweep);
    *sweep = (struct sweep){.description = "", .figure = "", .arena = arena_create()};
    take_base_name(sweep, path);
    struct reading r = {.path = path, .e = e, .sweep = sweep, .guest_override = guest};
    bool good = named_check_kind(CONFIG_SWEEP, path, root, e) && take_keys(&r, root) &&
                check_kinds(&r) && add_machines(&r) && check_points(&r);
    tree_free(root);
    if (good)
        return sweep;
    sweep_free(sweep);
    return NULL;
}

void sweep_free(struct sweep *sweep)
{
    if (sweep == NULL)
        return;
    arena_destroy(sweep->arena);
    mem_free(sweep->point);
    mem_free(sweep);
}
