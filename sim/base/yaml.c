/*
 * libyaml hands out a stream of events (map begins, scalar, map ends, ...);
 * this file turns them into a tree by recursive descent, one function a kind.
 * Every function that returns NULL has filled the error and released what it
 * had built.
 *
 * The file is read whole before it is parsed, so that "cannot be read" and
 * "is not YAML" stay two different messages.
 */
#include "sim/base/yaml.h"

#include <stdio.h>
#include <string.h>

#include <yaml.h>

#include "sim/base/arena.h"
#include "sim/base/file.h"

enum { DEPTH_MAX = 16, FILE_BYTES_MAX = 4 << 20 };

struct reader {
    yaml_parser_t parser;
    const char *text; /* the whole file, for a look at the line of a mistake */
    size_t bytes;
    const char *origin;
    struct error *e;
    unsigned depth;
};

static struct tree *fail(struct reader *r, size_t line, const char *problem)
{
    error_set(r->e, EXIT_STATUS_INPUT, "%s:%zu: %s", r->origin, line, problem);
    return NULL;
}

/* Does a tab stand before the first word of this line (counted from 0)? */
static bool is_indented_by_tab(const struct reader *r, size_t line)
{
    const char *at = r->text, *end = r->text + r->bytes;
    for (; line > 0 && at; line--)
        if ((at = memchr(at, '\n', (size_t)(end - at))) != NULL)
            at++;
    while (at && at < end && *at == ' ')
        at++;
    return at && at < end && *at == '\t';
}

static bool next_event(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return true;
    /* Errors of the encoding carry no mark of their own. */
    size_t line = r->parser.problem_mark.line ? r->parser.problem_mark.line : r->parser.mark.line;
    const char *problem = r->parser.problem ? r->parser.problem : "not YAML";
    fail(r, line + 1,
         is_indented_by_tab(r, line) ? "indented by a tab; YAML wants spaces" : problem);
    return false;
}

static struct tree *node_new(enum tree_kind kind, const yaml_event_t *event)
{
    struct tree *node = mem_alloc(sizeof *node);
    *node = (struct tree){.kind = kind, .line = (unsigned)event->start_mark.line + 1};
    return node;
}

static struct tree_item *item_new(struct tree *parent)
{
    unsigned n = parent->count++;
    parent->item = mem_resize(parent->item, parent->count * sizeof *parent->item);
    parent->item[n] = (struct tree_item){0};
    return &parent->item[n];
}

static struct tree *read_node(struct reader *r, yaml_event_t *event);

static struct tree *read_scalar(struct reader *r, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length)
        return fail(r, event->start_mark.line + 1, "a zero byte in a text");
    struct tree *node = node_new(TREE_SCALAR, event);
    node->text = mem_copy_string(text);
    return node;
}

/* Reads the children of `node` until its end event. */
static struct tree *read_sequence(struct reader *r, struct tree *node)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(r, &event))
            break;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return node;
        }
        struct tree *value = read_node(r, &event);
        if (value == NULL)
            break;
        *item_new(node) = (struct tree_item){.line = value->line, .value = value};
    }
    tree_free(node);
    return NULL;
}

/* Takes the key that `event` holds into `node`, as an item without a value. */
static struct tree_item *read_key(struct reader *r, struct tree *node, yaml_event_t *event)
{
    size_t line = event->start_mark.line + 1;
    struct tree_item *item = NULL;
    if (event->type != YAML_SCALAR_EVENT) {
        fail(r, line, "a key must be a plain word");
    } else {
        const char *key = (const char *)event->data.scalar.value;
        if (tree_get(node, key) != NULL) {
            error_set(r->e, EXIT_STATUS_INPUT, "%s:%zu: %s: appears twice", r->origin, line, key);
        } else {
            item = item_new(node);
            *item = (struct tree_item){.key = mem_copy_string(key), .line = (unsigned)line};
        }
    }
    yaml_event_delete(event);
    return item;
}

static struct tree *read_map(struct reader *r, struct tree *node)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(r, &event))
            break;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return node;
        }
        struct tree_item *item = read_key(r, node, &event);
        if (item == NULL || !next_event(r, &event))
            break;
        item->value = read_node(r, &event);
        if (item->value == NULL)
            break;
    }
    tree_free(node);
    return NULL;
}

static bool has_anchor(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return true;
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor != NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor != NULL;
    default:
        return false;
    }
}

/* The node that begins with `event`; deletes the event. */
static struct tree *read_node(struct reader *r, yaml_event_t *event)
{
    struct tree *node;
    r->depth++;
    if (has_anchor(event))
        node = fail(r, event->start_mark.line + 1, "anchors and aliases are not used here");
    else if (r->depth > DEPTH_MAX)
        node = fail(r, event->start_mark.line + 1, "nested too deeply");
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        node = read_sequence(r, node_new(TREE_SEQUENCE, event));
    else if (event->type == YAML_MAPPING_START_EVENT)
        node = read_map(r, node_new(TREE_MAP, event));
    else
        node = read_scalar(r, event);
    r->depth--;
    yaml_event_delete(event);
    return node;
}

/* Stream start, document start, the tree, document end, stream end. */
static struct tree *read_stream(struct reader *r)
{
    yaml_event_t event;
    struct tree *root = NULL;
    for (;;) {
        if (!next_event(r, &event))
            break;
        yaml_event_type_t type = event.type;
        size_t line = event.start_mark.line + 1;
        if (type == YAML_STREAM_END_EVENT) {
            if (root == NULL)
                root = node_new(TREE_MAP, &event);
            yaml_event_delete(&event);
            return root;
        }
        if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT ||
            type == YAML_DOCUMENT_END_EVENT) {
            yaml_event_delete(&event);
        } else if (root != NULL) {
            yaml_event_delete(&event);
            fail(r, line, "a second document in one file");
            break;
        } else if ((root = read_node(r, &event)) == NULL) {
            break;
        }
    }
    tree_free(root);
    return NULL;
}

struct tree *tree_parse(const char *text, size_t bytes, const char *origin, struct error *e)
{
    struct reader r = {.text = text, .bytes = bytes, .origin = origin, .e = e};
    if (!yaml_parser_initialize(&r.parser))
        return fail(&r, 1, "no memory for the YAML parser");
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, bytes);
    struct tree *root = read_stream(&r);
    yaml_parser_delete(&r.parser);
    return root;
}

struct tree *tree_load(const char *path, struct error *e)
{
    size_t bytes = 0;
    char *text = file_read(path, FILE_BYTES_MAX, &bytes, e);
    struct tree *root = text ? tree_parse(text, bytes, path, e) : NULL;
    mem_free(text);
    return root;
}

void tree_free(struct tree *node)
{
    if (node == NULL)
        return;
    for (unsigned i = 0; i < node->count; i++) {
        mem_free(node->item[i].key);
        tree_free(node->item[i].value);
    }
    mem_free(node->item);
    mem_free(node->text);
    mem_free(node);
}

const struct tree *tree_get(const struct tree *node, const char *key)
{
    if (node->kind != TREE_MAP)
        return NULL;
    for (unsigned i = 0; i < node->count; i++)
        if (strcmp(node->item[i].key, key) == 0)
            return node->item[i].value;
    return NULL;
}

bool tree_is_empty(const struct tree *node)
{
    return node->kind == TREE_SCALAR ? node->text[0] == 0
                                     : node->kind == TREE_MAP && node->count == 0;
}

char *tree_join(const struct tree *node)
{
    if (node->kind == TREE_SCALAR)
        return mem_copy_string(node->text);
    if (node->kind == TREE_MAP)
        return NULL;
    size_t bytes = 1, at = 0;
    for (unsigned i = 0; i < node->count; i++) {
        if (node->item[i].value->kind != TREE_SCALAR)
            return NULL;
        bytes += strlen(node->item[i].value->text) + 1;
    }
    char *text = mem_alloc(bytes);
    text[0] = 0;
    for (unsigned i = 0; i < node->count; i++)
        at += (size_t)snprintf(text + at, bytes - at, "%s%s", i ? "," : "",
                               node->item[i].value->text);
    return text;
}
