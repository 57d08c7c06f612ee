/*
 * The parameter table and everything that follows from it.
 *
 * params.def is expanded three times here: into the public description of each
 * parameter (config_params), into the place of its value in struct config, and
 * into its default.  All ways in - a machine file (config_load.c), --set, a sweep -
 * end in config_assign(), which checks everything before it writes, and all ways out
 * in config_format(), which writes what config_assign() reads.
 */
#include "sim/base/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/base/assign.h"
#include "sim/base/conditions.h"
#include "sim/base/hash.h"

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

static enum exit_status place_status(const struct place *at)
{
    return strncmp(at->origin, "--", 2) == 0 ? EXIT_STATUS_USAGE : EXIT_STATUS_INPUT;
}

bool config_refuse(const struct place *at, const char *key, const char *problem, struct error *e)
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
    return config_refuse(at, key, problem, e);
}

/* ---- names ---------------------------------------------------------------- */

int config_find(const char *key)
{
    for (unsigned i = 0; i < PARAMS; i++)
        if (strcmp(config_params[i].key, key) == 0)
            return (int)i;
    return -1;
}

bool config_refuse_param(const struct place *at, const char *key, struct error *e)
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

bool config_is_section(const char *name)
{
    for (unsigned i = 0; i < PARAMS; i++) {
        size_t n = section_length(config_params[i].key);
        if (strlen(name) == n && strncmp(config_params[i].key, name, n) == 0)
            return true;
    }
    return false;
}

bool config_refuse_section(const struct place *at, const char *key, struct error *e)
{
    const char *names[PARAMS + 3] = {"name", "description", "extends"};
    char text[PARAMS][32];
    unsigned count = 3;
    if (config_find(key) >= 0)
        return config_refuse(at, key, "belongs inside its section, as in `mesh: {width: 4}`", e);
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
        return config_refuse(at, p->key, problem, e);
    }
    if (errno == ERANGE || value < (long long)p->min || value > (long long)p->max) {
        if (p->unit[0])
            snprintf(unit, sizeof unit, " (%s)", p->unit);
        snprintf(problem, sizeof problem, "%.40s is out of range %u..%u%s", text, p->min, p->max,
                 unit);
        return config_refuse(at, p->key, problem, e);
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
    return config_refuse(at, p->key, problem, e);
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
    return config_refuse(at, p->key, problem, e);
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
            good = config_refuse(at, p->key, "more items than a list may have (1024)", e);
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
        return config_refuse(at, p->key, problem, e);
    }
    for (size_t i = 0; i < n; i++)
        if (!isprint((unsigned char)text[i]) || strchr("\"\\", text[i]))
            return config_refuse(at, p->key, "only printable characters, no quotes, no backslash",
                                 e);
    memcpy(value, text, n + 1);
    return true;
}

bool config_assign(struct config *cfg, unsigned i, const char *text, const struct place *at,
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
        else if (!config_assign(cfg, i, p->default_text, &here, &e))
            abort(); /* a row whose default is outside its own range */
    }
}

bool config_set(struct config *cfg, const char *assignment, const char *origin, struct error *e)
{
    const struct place at = {origin, 0};
    const char *equals = strchr(assignment, '=');
    char key[96];
    if (equals == NULL || equals == assignment)
        return config_refuse(&at, assignment, "write it as SECTION.NAME=VALUE", e);
    snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment);
    int i = config_find(key);
    if (i < 0 && config_is_section(key))
        return config_refuse(&at, key,
                             "is a section; write SECTION.NAME=VALUE (tessera list params)", e);
    if (i < 0)
        return config_refuse_param(&at, key, e);
    return config_assign(cfg, (unsigned)i, equals + 1, &at, e);
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
