/*
 * The files of configs/ by the names that `tessera list` prints, and which kind
 * of file is which: a sweep given where a machine is wanted is called a sweep.
 */
#ifndef TESSERA_NAMED_H
#define TESSERA_NAMED_H

#include <stddef.h>

#include "sim/base/error.h"
#include "sim/base/yaml.h"

enum config_kind { CONFIG_MACHINE, CONFIG_SWEEP };

/* The file that a word of the command line means: the file of that name, or
 * the one that configs/ has under it.  False (65), with the nearest known name,
 * when there is neither. */
bool named_find(enum config_kind kind, const char *word, char *path, size_t bytes, struct error *e);

/* Is this file of the kind, or at least not plainly of the other?  False (65)
 * with what it is and which command takes it. */
bool named_check_kind(enum config_kind kind, const char *path, const struct tree *root,
                      struct error *e);

/* What a file with this content is. */
enum config_kind named_kind_of(const struct tree *root);

#endif
