/*
 * The parameter table and everything that follows from it.
 *
 * params.def is expanded three times here: into the public description of each
 * parameter (config_params), into the place of its value in struct config, and
 * into its default.  All ways in - a machine file, --set, a sweep - end in
 * assign_text(), which checks everything before it writes, and all ways out in
 * config_format(), which writes what assign_text() reads.
 *
 * A machine file is a map of sections; `name:`, `description:` and `extends:`
 * stand beside them.  A file is laid over the one that it extends, that one
 * over the defaults, and conditions between parameters (conditions.c) are
 * checked at the end; the place where each parameter was last given is
 * remembered until then, so that a conflict, too, is reported with file and
 * line.
 */
#include "sim/base/config.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "sim/base/conditions.h"
#include "sim/base/file.h"
#include "sim/base/hash.h"
#include "sim/base/yaml.h"

const struct param config_params[] = {
#define INT(s, n, def, lo, hi, unit, meaning)                                                      \
    {PARAM_INT, #s "." #n, #def, lo, hi, unit, NULL, meaning},
#define BOOL(s, n, def, meaning) {PARAM_BOOL, #s "." #n, #def, 0, 1, "", NULL, meaning},
#define ENUM(s, n, def, choices, meaning)                                                          \
    {PARAM_ENUM, #s "." #n, #def, 0, 255, "", choices, meaning},
#define LIST(s, n, def, lo, hi, unit, meaning)                                                     \
    {PARAM_LIST, #s "." #n, def, lo, hi, unit, NULL, meaning},
#define TEXT(s, n, def, meaning) {PARAM_TEXT, #s "." #n, def, 0, 0, "", NULL, meaning},
#include "sim/base/params.def"
#undef INT
#undef BOOL
#undef ENUM
#undef LIST
#undef TEXT
};

enum { PARAMS = sizeof config_params / sizeof config_params[0] };
const unsigned config_param_count = PARAMS;

/* Where in struct config the value of parameter i lies. */
static const size_t value_offset[PARAMS] = {
#define INT(s, n, def, lo, hi, unit, meaning)  offsetof(struct config, s##_##n),
#define BOOL(s, n, def, meaning)               offsetof(struct config, s##_##n),
#define ENUM(s, n, def, choices, meaning)      offsetof(struct config, s##_##n),
#define LIST(s, n, def, lo, hi, unit, meaning) offsetof(struct config, s##_##n),
#define TEXT(s, n, def, meaning)               offsetof(struct config, s##_##n),
#include "sim/base/params.def"
#undef INT
#undef BOOL
#undef ENUM
#undef LIST
#undef TEXT
};

static void *value_at(struct config *cfg, unsigned i)
{
    return (char *)cfg + value_offset[i];
}

static const void *value_in(const struct config *cfg, unsigned i)
{
    return (const char *)cfg + value_offset[i];
}

/* Where a value was given: "file:line" or the name of an option. */
struct place {
    const char *origin;
    unsigned line; /* 0: none */
};

static enum exit_status place_status(const struct place *at)
{
    return strncmp(at->origin, "--", 2) == 0 ? EXIT_STATUS_USAGE : EXIT_STATUS_INPUT;
}

/* Reports "origin:line: key: problem". */
static bool refuse(const struct place *at, const char *key, const char *problem, struct error *e)
{
    char line[16] = "";
    if (at->line)
        snprintf(line, sizeof line, ":%u", at->line);
    return error_set(e, place_status(at), "%s%s: %s: %s", at->origin, line, key, problem);
}

/* Reports a name that does not exist, with the nearest that does. */
static bool refuse_name(const struct place *at, const char *key, const char *kind,
                        const char *const *names, unsigned count, struct error *e)
{
    char problem[256];
    const char *near = nearest_name(key, names, count);
    if (near)
        snprintf(problem, sizeof problem, "no such %s; did you mean %s?", kind, near);
    else
        snprintf(problem, sizeof problem, "no such %s", kind);
    return refuse(at, key, problem, e);
}

/* ---- names ---------------------------------------------------------------- */

static int find_param(const char *key)
{
    for (unsigned i = 0; i < PARAMS; i++)
        if (strcmp(config_params[i].key, key) == 0)
            return (int)i;
    return -1;
}

static bool refuse_param(const struct place *at, const char *key, struct error *e)
{
    const char *names[PARAMS];
    for (unsigned i = 0; i < PARAMS; i++)
        names[i] = config_params[i].key;
    return refuse_name(at, key, "parameter", names, PARAMS, e);
}

/* Length of the section's name in a parameter's key. */
static size_t section_length(const char *key)
{
    return (size_t)(strchr(key, '.') - key);
}

static bool starts_section(unsigned i)
{
    size_t n = section_length(config_params[i].key) + 1;
    return i == 0 || strncmp(config_params[i].key, config_params[i - 1].key, n) != 0;
}

static bool is_section(const char *name)
{
    for (unsigned i = 0; i < PARAMS; i++) {
        size_t n = section_length(config_params[i].key);
        if (strlen(name) == n && strncmp(config_params[i].key, name, n) == 0)
            return true;
    }
    return false;
}

static bool refuse_section(const struct place *at, const char *key, struct error *e)
{
    const char *names[PARAMS + 3] = {"name", "description", "extends"};
    char text[PARAMS][32];
    unsigned count = 3;
    if (find_param(key) >= 0)
        return refuse(at, key, "belongs inside its section, as in `mesh: {width: 4}`", e);
    for (unsigned i = 0; i < PARAMS; i++) {
        if (!starts_section(i))
            continue;
        snprintf(text[i], sizeof text[i], "%.*s", (int)section_length(config_params[i].key),
                 config_params[i].key);
        names[count++] = text[i];
    }
    return refuse_name(at, key, "section", names, count, e);
}

/* ---- values from text ------------------------------------------------------- */

static bool parse_number(const struct param *p, const char *text, const struct place *at,
                         uint32_t *number, struct error *e)
{
    char problem[160], unit[48] = "";
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != 0 || isspace((unsigned char)text[0])) {
        snprintf(problem, sizeof problem, "\"%.60s\" is not an integer", text);
        return refuse(at, p->key, problem, e);
    }
    if (errno == ERANGE || value < (long long)p->min || value > (long long)p->max) {
        if (p->unit[0])
            snprintf(unit, sizeof unit, " (%s)", p->unit);
        snprintf(problem, sizeof problem, "%.40s is out of range %u..%u%s", text, p->min, p->max,
                 unit);
        return refuse(at, p->key, problem, e);
    }
    *number = (uint32_t)value;
    return true;
}

static bool parse_bool(const struct param *p, const char *text, const struct place *at, bool *value,
                       struct error *e)
{
    char problem[128];
    *value = strcmp(text, "true") == 0;
    if (*value || strcmp(text, "false") == 0)
        return true;
    snprintf(problem, sizeof problem, "\"%.60s\" is neither true nor false", text);
    return refuse(at, p->key, problem, e);
}

enum { CHOICES_MAX = 16, CHOICES_BYTES = 256 };

/* Splits "a|b|c" inside `copy`; returns how many there are. */
static unsigned split_choices(const char *choices, char copy[CHOICES_BYTES],
                              const char *name[CHOICES_MAX])
{
    unsigned count = 0;
    char *rest;
    snprintf(copy, CHOICES_BYTES, "%s", choices);
    for (char *word = strtok_r(copy, "|", &rest); word; word = strtok_r(NULL, "|", &rest))
        name[count++] = word;
    return count;
}

static bool parse_choice(const struct param *p, const char *text, const struct place *at,
                         uint8_t *index, struct error *e)
{
    char copy[CHOICES_BYTES], problem[512];
    const char *name[CHOICES_MAX];
    unsigned count = split_choices(p->choices, copy, name);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(name[i], text) == 0) {
            *index = (uint8_t)i;
            return true;
        }
    }
    const char *near = nearest_name(text, name, count);
    snprintf(problem, sizeof problem, "\"%.60s\" is not one of %s%s%s%s", text, p->choices,
             near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return refuse(at, p->key, problem, e);
}

/* Takes the brackets off "[0, 3]", in place; returns what is between them. */
static char *inside_brackets(char *text)
{
    size_t n = strlen(text);
    if (n < 2 || text[0] != '[' || text[n - 1] != ']')
        return text;
    text[n - 1] = 0;
    return text + 1 + strspn(text + 1, " ");
}

/* Numbers separated by commas, blanks allowed around them, in brackets or not;
 * "" is no number. */
static bool parse_list(const struct param *p, const char *text, const struct place *at,
                       struct int_list *list, struct error *e)
{
    char *copy = mem_copy_string(text), *rest = inside_brackets(copy), *word;
    bool good = true;
    list->count = 0;
    if (rest[0] == 0)
        rest = NULL;
    while (good && (word = strsep(&rest, ",")) != NULL) {
        word += strspn(word, " ");
        word[strcspn(word, " ")] = 0;
        if (list->count == CONFIG_LIST_MAX)
            good = refuse(at, p->key, "more items than a list may have (1024)", e);
        else if ((good = parse_number(p, word, at, &list->item[list->count], e)))
            list->count++;
    }
    mem_free(copy);
    return good;
}

/* One line of printable characters; what it says is checked with the conditions. */
static bool parse_text(const struct param *p, const char *text, const struct place *at,
                       char value[CONFIG_TEXT_MAX], struct error *e)
{
    char problem[80];
    size_t n = strlen(text);
    if (n >= CONFIG_TEXT_MAX) {
        snprintf(problem, sizeof problem, "%zu characters, at most %d", n, CONFIG_TEXT_MAX - 1);
        return refuse(at, p->key, problem, e);
    }
    for (size_t i = 0; i < n; i++)
        if (!isprint((unsigned char)text[i]) || strchr("\"\\", text[i]))
            return refuse(at, p->key, "only printable characters, no quotes, no backslash", e);
    memcpy(value, text, n + 1);
    return true;
}

/* Gives parameter i the value that `text` spells; refused, changes nothing. */
static bool assign_text(struct config *cfg, unsigned i, const char *text, const struct place *at,
                        struct error *e)
{
    const struct param *p = &config_params[i];
    union {
        uint32_t number;
        bool truth;
        uint8_t choice;
        struct int_list list;
        char text[CONFIG_TEXT_MAX];
    } value;
    size_t bytes = 0;
    memset(&value, 0, sizeof value);
    switch (p->type) {
    case PARAM_INT:
        bytes = parse_number(p, text, at, &value.number, e) ? sizeof value.number : 0;
        break;
    case PARAM_BOOL:
        bytes = parse_bool(p, text, at, &value.truth, e) ? sizeof value.truth : 0;
        break;
    case PARAM_ENUM:
        bytes = parse_choice(p, text, at, &value.choice, e) ? sizeof value.choice : 0;
        break;
    case PARAM_LIST:
        bytes = parse_list(p, text, at, &value.list, e) ? sizeof value.list : 0;
        break;
    case PARAM_TEXT:
        bytes = parse_text(p, text, at, value.text, e) ? sizeof value.text : 0;
        break;
    }
    memcpy(value_at(cfg, i), &value, bytes);
    return bytes != 0;
}

void config_defaults(struct config *cfg)
{
    const struct place here = {"params.def", 0};
    struct error e;
    memset(cfg, 0, sizeof *cfg);
    snprintf(cfg->name, sizeof cfg->name, "default");
    for (unsigned i = 0; i < PARAMS; i++) {
        const struct param *p = &config_params[i];
        if (p->type == PARAM_ENUM)
            *(uint8_t *)value_at(cfg, i) = (uint8_t)strtoul(p->default_text, NULL, 10);
        else if (!assign_text(cfg, i, p->default_text, &here, &e))
            abort(); /* a row whose default is outside its own range */
    }
}

bool config_set(struct config *cfg, const char *assignment, const char *origin, struct error *e)
{
    const struct place at = {origin, 0};
    const char *equals = strchr(assignment, '=');
    char key[96];
    if (equals == NULL || equals == assignment)
        return refuse(&at, assignment, "write it as SECTION.NAME=VALUE", e);
    snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment);
    int i = find_param(key);
    if (i < 0 && is_section(key))
        return refuse(&at, key, "is a section; write SECTION.NAME=VALUE (tessera list params)", e);
    if (i < 0)
        return refuse_param(&at, key, e);
    return assign_text(cfg, (unsigned)i, equals + 1, &at, e);
}

/* ---- machine files ------------------------------------------------------------ */

enum { EXTENDS_MAX = 8 };

/* The files of one config_load, base first, and who gave which parameter. */
struct loading {
    struct config *cfg;
    struct error *e;
    unsigned files;
    char *path[EXTENDS_MAX];
    struct place given[PARAMS]; /* origin NULL: the default holds */
};

static bool load_parameter(struct loading *l, const char *section, const struct tree_item *item,
                           const char *path)
{
    const struct place at = {path, item->line};
    char key[96];
    snprintf(key, sizeof key, "%s.%s", section, item->key);
    int i = find_param(key);
    if (i < 0)
        return refuse_param(&at, key, l->e);
    char *text = tree_join(item->value);
    if (text == NULL)
        return refuse(&at, key, "a value or a list of values is expected", l->e);
    bool good = assign_text(l->cfg, (unsigned)i, text, &at, l->e);
    l->given[i] = at;
    mem_free(text);
    return good;
}

static bool load_section(struct loading *l, const struct tree_item *item, const char *path)
{
    const struct place at = {path, item->line};
    if (!is_section(item->key))
        return refuse_section(&at, item->key, l->e);
    if (tree_is_empty(item->value))
        return true;
    if (item->value->kind != TREE_MAP)
        return refuse(&at, item->key, "is a section: parameters are expected in it", l->e);
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
        return refuse(&at, "name", "letters, digits and . _ + - are expected, at most 63", l->e);
    snprintf(l->cfg->name, sizeof l->cfg->name, "%s", value->text);
    return true;
}

static bool load_file(struct loading *l, const char *path);

static bool load_base(struct loading *l, const struct tree_item *item, const char *path)
{
    const struct place at = {path, item->line};
    char full[PATH_MAX];
    if (item->value->kind != TREE_SCALAR || item->value->text[0] == 0)
        return refuse(&at, "extends", "the name of a machine file is expected", l->e);
    if (l->files == EXTENDS_MAX)
        return refuse(&at, "extends", "a chain of more than 8 files (does it go in a circle?)",
                      l->e);
    file_beside(path, item->value->text, full, sizeof full);
    /* A base that cannot be read is a mistake of the line that names it. */
    if (access(full, R_OK) != 0) {
        char problem[PATH_MAX + 64];
        snprintf(problem, sizeof problem, "%s: %s", full, strerror(errno));
        return refuse(&at, "extends", problem, l->e);
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
        return refuse(&at, "machine", "a map of sections is expected", l->e);
    if (root->count == 0)
        return refuse(&at, "machine",
                      "the file is empty; give it a section, as in `mesh: {width: 4}`", l->e);
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
    return config_holds(cfg, &c) || refuse(&at, c.keys, c.text, e);
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
        const struct place *given = &l->given[find_param(key)];
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
    return refuse(&at, c.keys, c.text, l->e);
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
    struct loading l = {.cfg = cfg, .e = e};
    config_defaults(cfg);
    bool good = load_file(&l, path) && check_loaded(&l, path);
    if (!good)
        name_extending_file(&l, path);
    for (unsigned i = 0; i < l.files; i++)
        mem_free(l.path[i]);
    return good;
}

/* ---- values to text ------------------------------------------------------------------ */

static void format_choice(const struct param *p, uint8_t index, char *text, size_t bytes)
{
    char copy[CHOICES_BYTES];
    const char *name[CHOICES_MAX];
    unsigned count = split_choices(p->choices, copy, name);
    snprintf(text, bytes, "%s", index < count ? name[index] : "");
}

static void format_list(const struct int_list *list, const char *comma, char *text, size_t bytes)
{
    size_t at = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < list->count && at < bytes; i++)
        at += (size_t)snprintf(text + at, bytes - at, "%s%u", i ? comma : "", list->item[i]);
}

void config_format(const struct config *cfg, const struct param *param, char *text, size_t bytes)
{
    const void *value = value_in(cfg, (unsigned)(param - config_params));
    switch (param->type) {
    case PARAM_INT:
        snprintf(text, bytes, "%u", *(const uint32_t *)value);
        break;
    case PARAM_BOOL:
        snprintf(text, bytes, "%s", *(const bool *)value ? "true" : "false");
        break;
    case PARAM_ENUM:
        format_choice(param, *(const uint8_t *)value, text, bytes);
        break;
    case PARAM_LIST:
        format_list(value, ",", text, bytes);
        break;
    case PARAM_TEXT:
        snprintf(text, bytes, "%s", (const char *)value);
        break;
    }
}

void config_print(const struct config *cfg, FILE *out)
{
    char text[CONFIG_LIST_MAX * 7 + 1];
    fprintf(out, "name: %s\n", cfg->name);
    for (unsigned i = 0; i < PARAMS; i++) {
        const struct param *p = &config_params[i];
        size_t n = section_length(p->key);
        if (starts_section(i))
            fprintf(out, "%.*s:\n", (int)n, p->key);
        if (p->type == PARAM_LIST) {
            format_list(value_in(cfg, i), ", ", text, sizeof text);
            fprintf(out, "  %s: [%s]\n", p->key + n + 1, text);
        } else if (p->type == PARAM_TEXT) {
            fprintf(out, "  %s: \"%s\"\n", p->key + n + 1, (const char *)value_in(cfg, i));
        } else {
            config_format(cfg, p, text, sizeof text);
            fprintf(out, "  %s: %s\n", p->key + n + 1, text);
        }
    }
}

uint64_t config_hash(const struct config *cfg)
{
    char text[CONFIG_LIST_MAX * 7 + 1];
    uint64_t hash = HASH_SEED;
    for (unsigned i = 0; i < PARAMS; i++) {
        const struct param *p = &config_params[i];
        if (strcmp(p->key, "sim.tile_order") == 0)
            continue;
        config_format(cfg, p, text, sizeof text);
        hash = hash_bytes(hash, p->key, strlen(p->key));
        hash = hash_bytes(hash, text, strlen(text));
    }
    return hash;
}
