/*
 * tessera list: what there is to choose from.  Machines, sweeps and benches
 * are found as files, figures and parameters in their tables; each listing is
 * a JSON array first, and the plain text is written from it.
 */
#include "sim/cli/cli.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "sim/base/arena.h"
#include "sim/base/config.h"
#include "sim/base/yaml.h"

enum { PATH_BYTES = 4096 };

/* ---- files of a folder ------------------------------------------------------------ */

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

/* One object a file of `folder` that ends with `ending`, in alphabetical order;
 * `describe` adds what the file says of itself; a file without a description
 * is left out. */
static bool list_folder(json_t *rows, const char *folder, const char *ending,
                        bool (*describe)(json_t *row, const char *path, struct error *e),
                        struct error *e)
{
    char place[PATH_BYTES], path[PATH_BYTES + 512];
    struct dirent **entry;
    if (!cli_find_folder(folder, place, sizeof place))
        return error_set(e, EXIT_STATUS_INPUT, "%s: no such folder here or beside the program",
                         folder);
    int count = scandir(place, &entry, is_visible, alphasort);
    bool good = count >= 0 || error_set(e, EXIT_STATUS_INPUT, "%s: cannot be read", place);
    for (int i = 0; i < count; i++) {
        const char *name = entry[i]->d_name;
        if (good && ends_with(name, ending)) {
            snprintf(path, sizeof path, "%s/%s", place, name);
            json_t *row = json_object();
            json_object_set_new(row, "name", json_stringn(name, strlen(name) - strlen(ending)));
            json_object_set_new(row, "file", json_string(path));
            good = describe(row, path, e);
            if (json_object_get(row, "description"))
                json_array_append(rows, row);
            json_decref(row);
        }
        mem_free(entry[i]);
    }
    if (count >= 0)
        mem_free(entry);
    return good;
}

static bool describe_yaml(json_t *row, const char *path, struct error *e)
{
    struct tree *root = tree_load(path, e);
    if (root == NULL)
        return false;
    const struct tree *text = tree_get(root, "description");
    json_object_set_new(row, "description",
                        json_string(text && text->kind == TREE_SCALAR ? text->text : ""));
    tree_free(root);
    return true;
}

/* The first sentence of the comment that opens a C file; mem_alloc'd. */
static char *first_sentence(const char *text)
{
    char *sentence = mem_alloc(strlen(text) + 1);
    size_t count = 0;
    const char *at = strstr(text, "/*");
    for (at = at ? at + 2 : ""; *at && strncmp(at, "*/", 2) != 0; at++) {
        if (*at == '.' && strchr(" \n", at[1]))
            break;
        if (strchr(" \n*", *at) == NULL)
            sentence[count++] = *at;
        else if (count > 0 && sentence[count - 1] != ' ')
            sentence[count++] = ' ';
    }
    while (count > 0 && sentence[count - 1] == ' ')
        count--;
    sentence[count] = 0;
    return sentence;
}

/* The file of bench X is X.c and defines bench_X(); others only help. */
static bool describe_bench(json_t *row, const char *path, struct error *e)
{
    static const size_t bytes = 1 << 16;
    char entry[300];
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return error_set(e, EXIT_STATUS_INPUT, "%s: cannot be read", path);
    char *text = mem_alloc(bytes);
    text[fread(text, 1, bytes - 1, f)] = 0;
    fclose(f);
    snprintf(entry, sizeof entry, "int bench_%s(", json_string_value(json_object_get(row, "name")));
    if (strstr(text, entry)) {
        char *sentence = first_sentence(text);
        json_object_set_new(row, "description", json_string(sentence));
        mem_free(sentence);
    }
    mem_free(text);
    return true;
}

/* ---- the listings --------------------------------------------------------------------- */

static bool list_machines(json_t *rows, struct error *e)
{
    return list_folder(rows, "configs/machines", ".yaml", describe_yaml, e);
}

static bool list_sweeps(json_t *rows, struct error *e)
{
    return list_folder(rows, "configs/sweeps", ".yaml", describe_yaml, e);
}

static bool list_benches(json_t *rows, struct error *e)
{
    return list_folder(rows, "guest-os/bench", ".c", describe_bench, e);
}

static bool list_figures(json_t *rows, struct error *e)
{
    (void)e;
    for (unsigned i = 0; i < analysis_figure_count; i++) {
        const struct figure *f = &analysis_figures[i];
        json_array_append_new(rows, json_pack("{ssssssss}", "name", f->name, "description",
                                              f->title, "x", f->x_label, "y", f->y_label));
    }
    return true;
}

static const char *const type_names[] = {[PARAM_INT] = "integer",
                                         [PARAM_BOOL] = "boolean",
                                         [PARAM_ENUM] = "choice",
                                         [PARAM_LIST] = "list",
                                         [PARAM_TEXT] = "text"};
_Static_assert(sizeof type_names / sizeof *type_names == PARAM_TYPES, "a type has no name");

static void format_range(const struct param *p, char *text, size_t bytes)
{
    if (p->choices)
        snprintf(text, bytes, "%s", p->choices);
    else if (p->type == PARAM_BOOL)
        snprintf(text, bytes, "true|false");
    else if (p->type == PARAM_TEXT)
        snprintf(text, bytes, "up to %u characters", CONFIG_TEXT_MAX - 1u);
    else
        snprintf(text, bytes, "%u..%u", p->min, p->max);
}

static json_t *param_row(const struct param *p, const struct config *defaults)
{
    char value[256], range[512];
    config_format(defaults, p, value, sizeof value);
    format_range(p, range, sizeof range);
    return json_pack("{ssssssssssss}", "name", p->key, "type", type_names[p->type], "default",
                     value, "range", range, "unit", p->unit, "description", p->meaning);
}

static bool list_params(json_t *rows, struct error *e)
{
    struct config defaults;
    (void)e;
    config_defaults(&defaults);
    for (unsigned i = 0; i < config_param_count; i++)
        json_array_append_new(rows, param_row(&config_params[i], &defaults));
    return true;
}

/* What mhpmcounters count; an event's number goes into mhpmevent. */
static bool list_events(json_t *rows, struct error *e)
{
    static const struct {
        int number;
        const char *name, *meaning;
    } events[] = {
#define EVENT(number, name, count, meaning) {number, #name, meaning},
#include "sim/core/hpm.def"
#undef EVENT
    };
    (void)e;
    for (unsigned i = 0; i < sizeof events / sizeof *events; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", events[i].number);
        json_array_append_new(rows, json_pack("{ssssss}", "number", number, "name", events[i].name,
                                              "description", events[i].meaning));
    }
    return true;
}

static const struct listing {
    const char *name;
    bool (*list)(json_t *rows, struct error *e);
    const char *columns[7]; /* of the plain text, in this order */
} listings[] = {
    {"machines", list_machines, {"name", "description"}},
    {"sweeps", list_sweeps, {"name", "description"}},
    {"figures", list_figures, {"name", "description", "x", "y"}},
    {"params", list_params, {"name", "type", "default", "range", "unit", "description"}},
    {"benches", list_benches, {"name", "description"}},
    {"events", list_events, {"number", "name", "description"}},
};

enum { LISTINGS = sizeof listings / sizeof listings[0] };

/* ---- plain text -------------------------------------------------------------------------- */

static const char *cell(json_t *row, const char *column)
{
    const char *text = json_string_value(json_object_get(row, column));
    return text ? text : "";
}

/* The widest cell of a column. */
static int column_width(json_t *rows, const char *column)
{
    size_t width = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        size_t n = strlen(cell(json_array_get(rows, i), column));
        width = n > width ? n : width;
    }
    return (int)width;
}

static void print_text(json_t *rows, const struct listing *listing)
{
    int width[8] = {0};
    for (unsigned c = 0; listing->columns[c]; c++)
        width[c] = column_width(rows, listing->columns[c]);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        for (unsigned c = 0; listing->columns[c]; c++) {
            bool last = listing->columns[c + 1] == NULL;
            printf("%-*s%s", last ? 0 : width[c],
                   cell(json_array_get(rows, i), listing->columns[c]), last ? "\n" : "  ");
        }
    }
}

/* ---- the command ---------------------------------------------------------------------------- */

struct list_options {
    const char *what;
    bool json;
};

static const struct argp_option argp_options[] = {
    {"json", 'J', NULL, 0, "print a JSON array", 0},
    {0},
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct list_options *o = state->input;
    switch (key) {
    case 'J':
        o->json = true;
        break;
    case ARGP_KEY_ARG:
        if (o->what)
            argp_error(state, "one listing is expected");
        o->what = text;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "machines, sweeps, figures, params, benches or events is expected");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp parser = {argp_options,
                                   parse_option,
                                   "machines|sweeps|figures|params|benches|events",
                                   "List what there is to choose from.",
                                   NULL,
                                   NULL,
                                   NULL};

static const struct listing *find_listing(const char *what, struct error *e)
{
    const char *names[LISTINGS];
    for (unsigned i = 0; i < LISTINGS; i++) {
        names[i] = listings[i].name;
        if (strcmp(what, names[i]) == 0)
            return &listings[i];
    }
    const char *near = nearest_name(what, names, LISTINGS);
    error_set(e, EXIT_STATUS_USAGE, "%s: no such listing; %s%s%s", what,
              near ? "did you mean "
                   : "machines, sweeps, figures, params, benches and events are known",
              near ? near : "", near ? "?" : "");
    return NULL;
}

int cmd_list(int argc, char **argv)
{
    struct list_options options = {0};
    struct error e;
    cli_parse(&parser, argc, argv, &options);
    const struct listing *listing = find_listing(options.what, &e);
    if (listing == NULL)
        return cli_fail(&e);
    json_t *rows = json_array();
    bool good = listing->list(rows, &e);
    if (good && options.json) {
        json_dumpf(rows, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (good) {
        print_text(rows, listing);
    }
    json_decref(rows);
    return good ? EXIT_STATUS_OK : cli_fail(&e);
}
