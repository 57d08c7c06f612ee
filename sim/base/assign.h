/*
 * Parameters by name and from text, for what reads machine files: each value with the
 * place where it was given, so that what is wrong with it is reported there.
 */
#ifndef TESSERA_ASSIGN_H
#define TESSERA_ASSIGN_H

#include "sim/base/config.h"

/* Where a value was given: "file:line" or the name of an option. */
struct place {
    const char *origin;
    unsigned line; /* 0: none */
};

/* Reports "origin:line: key: problem"; false. */
bool config_refuse(const struct place *at, const char *key, const char *problem, struct error *e);

/* Reports a parameter or a section that does not exist, with the nearest that does; false. */
bool config_refuse_param(const struct place *at, const char *key, struct error *e);
bool config_refuse_section(const struct place *at, const char *key, struct error *e);

/* The number of the parameter "section.name"; -1 when there is none. */
int config_find(const char *key);
bool config_is_section(const char *name);

/* Gives parameter i the value that `text` spells; refused, changes nothing. */
bool config_assign(struct config *cfg, unsigned i, const char *text, const struct place *at,
                   struct error *e);

#endif
