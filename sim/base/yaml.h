/*
 * A YAML file as a tree in which every node knows its line, so that whoever
 * reads machine or sweep files can name the place of a mistake.
 *
 * The subset is what configuration needs: maps, sequences, scalars, in block
 * or flow style, comments.  A key that appears twice in one map, anchors,
 * aliases and a second document are errors.  Scalars are text: their type is
 * the business of the reader that knows what it expects.  (The names begin with
 * tree_ because those that begin with yaml_ belong to libyaml.)
 */
#ifndef TESSERA_YAML_H
#define TESSERA_YAML_H

#include "sim/base/error.h"

#include <stddef.h>

enum tree_kind { TREE_SCALAR, TREE_SEQUENCE, TREE_MAP };

struct tree;

struct tree_item {
    char *key;     /* NULL in a sequence */
    unsigned line; /* of the key, or of the value in a sequence */
    struct tree *value;
};

struct tree {
    enum tree_kind kind;
    unsigned line;
    char *text; /* TREE_SCALAR; never NULL there, "" for an absent value */
    unsigned count;
    struct tree_item *item; /* TREE_SEQUENCE, TREE_MAP */
};

/* The tree of a file's only document (an empty file is an empty map), or NULL
 * after filling `e` (status 65): the host's reason when the file cannot be
 * read, file:line and the problem when it is not YAML. */
struct tree *tree_load(const char *path, struct error *e);

/* The same from memory; `origin` stands for the file's name in errors. */
struct tree *tree_parse(const char *text, size_t bytes, const char *origin, struct error *e);

void tree_free(struct tree *node);

/* The value of `key` in a map, or NULL (also when `node` is no map). */
const struct tree *tree_get(const struct tree *node, const char *key);

/* True for a map without keys and for a value left out ("mesh:"). */
bool tree_is_empty(const struct tree *node);

/* A scalar, or a sequence of scalars joined by commas, as one text (to be
 * released with mem_free); NULL for anything deeper. */
char *tree_join(const struct tree *node);

#endif
