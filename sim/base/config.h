/*
 * The configuration of a machine.  One table, params.def, says what
 * parameters there are; this header turns its rows into a struct whose fields
 * are named section_name (cfg->mesh_width).
 */
#ifndef TESSERA_CONFIG_H
#define TESSERA_CONFIG_H

#include <stdio.h>

#include "sim/base/error.h"
#include "sim/base/types.h"

enum { CONFIG_LIST_MAX = 1024, CONFIG_NAME_MAX = 64, CONFIG_TEXT_MAX = 512 };

/* The choices of mesh.routing, mesh.arbiter and mesh.multicast, and what bounds them. */
enum mesh_routing {
    ROUTING_XY,
    ROUTING_YX,
    ROUTING_O1TURN,
    ROUTING_WEST_FIRST,
    ROUTING_ODD_EVEN,
    ROUTING_ADAPTIVE,
    ROUTING_TABLE,
    ROUTING_UNSAFE
};
enum mesh_arbiter { ARBITER_ROUND_ROBIN, ARBITER_MATRIX, ARBITER_AGE };
enum mesh_multicast { MULTICAST_COPIES, MULTICAST_ROUTERS };
enum { MESH_VNETS_MAX = 4, MESH_TABLE_ROUTERS_MAX = 4096 };

struct int_list {
    uint32_t count;
    uint32_t item[CONFIG_LIST_MAX];
};

struct config {
    char name[CONFIG_NAME_MAX]; /* the machine's name: its file's base name */
#define INT(section, name, def, min, max, unit, meaning)  uint32_t section##_##name;
#define BOOL(section, name, def, meaning)                 bool section##_##name;
#define ENUM(section, name, def, choices, meaning)        uint8_t section##_##name;
#define LIST(section, name, def, min, max, unit, meaning) struct int_list section##_##name;
#define TEXT(section, name, def, meaning)                 char section##_##name[CONFIG_TEXT_MAX];
#include "sim/base/params.def"
#undef INT
#undef BOOL
#undef ENUM
#undef LIST
#undef TEXT
};

enum param_type { PARAM_INT, PARAM_BOOL, PARAM_ENUM, PARAM_LIST, PARAM_TEXT };
enum { PARAM_TYPES = PARAM_TEXT + 1 };

/* One row of the table, for whoever lists or documents parameters. */
struct param {
    enum param_type type;
    const char *key; /* "mesh.width" */
    const char *default_text;
    uint32_t min, max;   /* INT and the items of LIST */
    const char *unit;    /* "" when it has none */
    const char *choices; /* ENUM: "a|b|c"; otherwise NULL */
    const char *meaning;
};

extern const struct param config_params[];
extern const unsigned config_param_count;

void config_defaults(struct config *cfg);

/* Reads a machine file over the defaults, then checks it.  Errors name file,
 * line and key, and the nearest known name for a misspelt one. */
bool config_load(struct config *cfg, const char *path, struct error *e);

/* Applies "section.name=value", as from --set (`origin` is named in errors).
 * Refused, it changes nothing.  The caller runs config_check afterwards. */
bool config_set(struct config *cfg, const char *assignment, const char *origin, struct error *e);

/* Conditions between parameters, e.g. a controller on a tile that exists. */
bool config_check(const struct config *cfg, const char *origin, struct error *e);

/* The value of a parameter as text that config_set accepts again. */
void config_format(const struct config *cfg, const struct param *param, char *text, size_t bytes);

/* Every parameter as YAML that config_load reads back to the same values. */
void config_print(const struct config *cfg, FILE *out);

/* A hash over every parameter's value that can change a result (not the name,
 * not sim.tile_order). */
uint64_t config_hash(const struct config *cfg);

static inline uint32_t config_tiles(const struct config *cfg)
{
    return cfg->mesh_width * cfg->mesh_height * cfg->mesh_concentration;
}

#endif
