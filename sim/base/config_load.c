/*
 * Machine files.  A file is a map of sections; `name:`, `description:` and `extends:`
 * stand beside them.  It is laid over the one that it extends, that one over the
 * defaults, and conditions between parameters (conditions.c) are checked at the end; the
 * place where each parameter was last given is remembered until then, so that a conflict,
 * too, is reported with file and line.
 */
#include "sim/base/config.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "sim/base/assign.h"
#include "sim/base/conditions.h"
#include "sim/base/file.h"
#include "sim/base/yaml.h"

enum { EXTENDS_MAX = 8 };

/* The files of one config_load, base first, and who gave which parameter. */
struct loading {
    struct config *cfg;
    struct error *e;
    unsigned files;
    char *path[EXTENDS_MAX];
    struct place *given; /* by parameter; origin NULL: the default holds */
};

static bool load_parameter(struct loading *l, const char *section, const struct tree_item *item,
                           const char *path)
{
    const struct place at = {path, item->line};
    char key[96];
    snprintf(key, sizeof key, "%s.%s", section, item->key);
    int i = config_find(key);
    if (i < 0)
        return config_refuse_param(&at, key, l->e);
    char *text = tree_join(item->value);
    if (text == NULL)
        return config_refuse(&at, key, "a value or a list of values is expected", l->e);
    bool good = config_assign(l->cfg, (unsigned)i, text, &at, l->e);
    l->given[i] = at;
    mem_free(text);
    return good;
}

static bool load_section(struct loading *l, const struct tree_item *item, const char *path)
{
    const struct place at = {path, item->line};
    if (!config_is_section(item->key))
        return config_refuse_section(&at, item->key, l->e);
    if (tree_is_empty(item->value))
        return true;
    if (item->value->kind != TREE_MAP)
        return config_refuse(&at, item->key, "is a section: parameters are expected in it", l->e);
    for (unsigned i = 0; i < item->value->count; i++)
        if (!load_parameter(l, item->key, &item->value->item[i], path))
            return false;
    return true;
}

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || strchr("._+-", c);
}

/* The machine's name: the file's base name without its ending. */
static void take_base_name(struct config *cfg, const char *path)
{
    char *copy = mem_copy_string(path);
    const char *base = basename(copy);
    size_t n = strlen(base);
    if (n > 5 && strcmp(base + n - 5, ".yaml") == 0)
        n -= 5;
    snprintf(cfg->name, sizeof cfg->name, "%.*s", (int)n, base);
    for (char *c = cfg->name; *c; c++)
        if (!is_name_character(*c))
            *c = '-';
    mem_free(copy);
}

static bool load_name(struct loading *l, const struct tree_item *item, const char *path)
{
    const struct place at = {path, item->line};
    const struct tree *value = item->value;
    bool good = value->kind == TREE_SCALAR && value->text[0];
    for (unsigned i = 0; good && value->text[i]; i++)
        good = is_name_character(value->text[i]) && i + 1 < CONFIG_NAME_MAX;
    if (!good)
        return config_refuse(&at, "name", "letters, digits and . _ + - are expected, at most 63",
                             l->e);
    snprintf(l->cfg->name, sizeof l->cfg->name, "%s", value->text);
    return true;
}

static bool load_file(struct loading *l, const char *path);

static bool load_base(struct loading *l, const struct tree_item *item, const char *path)
{
    const struct place at = {path, item->line};
    char full[PATH_MAX];
    if (item->value->kind != TREE_SCALAR || item->value->text[0] == 0)
        return config_refuse(&at, "extends", "the name of a machine file is expected", l->e);
    if (l->files == EXTENDS_MAX)
        return config_refuse(&at, "extends",
                             "a chain of more than 8 files (does it go in a circle?)", l->e);
    file_beside(path, item->value->text, full, sizeof full);
    /* A base that cannot be read is a mistake of the line that names it. */
    if (access(full, R_OK) != 0) {
        char problem[PATH_MAX + 64];
        snprintf(problem, sizeof problem, "%s: %s", full, strerror(errno));
        return config_refuse(&at, "extends", problem, l->e);
    }
    return load_file(l, full);
}

static const struct tree_item *find_item(const struct tree *map, const char *key)
{
    for (unsigned i = 0; i < map->count; i++)
        if (strcmp(map->item[i].key, key) == 0)
            return &map->item[i];
    return NULL;
}

/* Lays one parsed file over what its base has given. */
static bool load_tree(struct loading *l, const struct tree *root, const char *path)
{
    const struct place at = {path, root->line};
    if (root->kind != TREE_MAP)
        return config_refuse(&at, "machine", "a map of sections is expected", l->e);
    if (root->count == 0)
        return config_refuse(
            &at, "machine", "the file is empty; give it a section, as in `mesh: {width: 4}`", l->e);
    const struct tree_item *base = find_item(root, "extends");
    if (base && !load_base(l, base, path))
        return false;
    take_base_name(l->cfg, path);
    for (unsigned i = 0; i < root->count; i++) {
        const struct tree_item *item = &root->item[i];
        bool good = true;
        if (strcmp(item->key, "name") == 0)
            good = load_name(l, item, path);
        else if (item != base && strcmp(item->key, "description") != 0)
            good = load_section(l, item, path);
        if (!good)
            return false;
    }
    return true;
}

static bool load_file(struct loading *l, const char *path)
{
    struct tree *root = tree_load(path, l->e);
    if (root == NULL)
        return false;
    char *own = l->path[l->files++] = mem_copy_string(path);
    bool good = load_tree(l, root, own);
    tree_free(root);
    return good;
}

/* ---- conditions between parameters ----------------------------------------------- */

bool config_check(const struct config *cfg, const char *origin, struct error *e)
{
    const struct place at = {origin, 0};
    struct complaint c;
    return config_holds(cfg, &c) || config_refuse(&at, c.keys, c.text, e);
}

/* How far down the chain of files a place lies: 0 is the file that was named. */
static unsigned depth_of(const struct loading *l, const struct place *at)
{
    unsigned i = 0;
    while (i < l->files && l->path[i] != at->origin)
        i++;
    return i;
}

/* Of the places that gave one of the keys, the nearest to the file that was
 * named, and the last there; `at` is left alone when defaults hold for all. */
static void find_place(const struct loading *l, const char *keys, struct place *at)
{
    char *copy = mem_copy_string(keys), *rest = NULL;
    const struct place *best = NULL;
    for (char *key = strtok_r(copy, ", ", &rest); key; key = strtok_r(NULL, ", ", &rest)) {
        const struct place *given = &l->given[config_find(key)];
        if (given->origin == NULL)
            continue;
        if (best == NULL || depth_of(l, given) < depth_of(l, best) ||
            (given->origin == best->origin && given->line > best->line))
            best = given;
    }
    if (best)
        *at = *best;
    mem_free(copy);
}

/* As config_check, at the place where a parameter at fault was given. */
static bool check_loaded(struct loading *l, const char *path)
{
    struct complaint c;
    struct place at = {path, 0};
    if (config_holds(l->cfg, &c))
        return true;
    find_place(l, c.keys, &at);
    return config_refuse(&at, c.keys, c.text, l->e);
}

/* An error in a file that is extended says for whom it was read. */
static void name_extending_file(const struct loading *l, const char *path)
{
    size_t n = strlen(l->e->text);
    if (l->files > 1 && strncmp(l->e->text, path, strlen(path)) != 0)
        snprintf(l->e->text + n, sizeof l->e->text - n, " (%s extends it)", path);
}

bool config_load(struct config *cfg, const char *path, struct error *e)
{
    size_t bytes = config_param_count * sizeof(struct place);
    struct loading l = {.cfg = cfg, .e = e, .given = mem_alloc(bytes)};
    memset(l.given, 0, bytes);
    config_defaults(cfg);
    bool good = load_file(&l, path) && check_loaded(&l, path);
    if (!good)
        name_extending_file(&l, path);
    for (unsigned i = 0; i < l.files; i++)
        mem_free(l.path[i]);
    mem_free(l.given);
    return good;
}
