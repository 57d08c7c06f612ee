/*
 * From a request to a configuration, and to the identity under which its
 * outcome is stored.
 *
 * The point key covers the configuration's text (which names the machine and
 * holds every parameter), the boot arguments, the guest's bytes, the cycle
 * limit and the simulator's own sources: whatever could change a result.  The
 * number of threads is not in it, because no result depends on it.
 */
#include "sim/cli/request.h"

#include <stdio.h>
#include <string.h>

#include "revision.h"
#include "sim/base/arena.h"
#include "sim/base/hash.h"
#include "sim/base/yaml.h"
#include "sim/cli/named.h"

bool request_add_set(struct run_request *request, const char *assignment, const char *origin,
                     struct error *e)
{
    if (request->set_count == REQUEST_SETS_MAX)
        return error_set(e, EXIT_STATUS_USAGE, "%s: more than %d parameters are set", origin,
                         REQUEST_SETS_MAX);
    request->set[request->set_count++] = (struct run_set){assignment, origin};
    return true;
}

/* A sweep in a machine's place is called one, whatever was wrong with its keys. */
static bool load_machine(struct config *cfg, const char *path, struct error *e)
{
    struct error otherwise;
    if (config_load(cfg, path, e))
        return true;
    struct tree *root = tree_load(path, &otherwise);
    if (root)
        named_check_kind(CONFIG_MACHINE, path, root, e);
    tree_free(root);
    return false;
}

/* Where the mesh is alone, the machine's memory controllers that lie outside a mesh of
 * another size make way for the one that every size has. */
static void fit_controllers(struct config *cfg)
{
    struct int_list *list = &cfg->memory_controllers;
    for (uint32_t k = 0; k < list->count; k++)
        if (list->item[k] >= config_tiles(cfg)) {
            *list = (struct int_list){.count = 1};
            return;
        }
}

bool request_resolve(const struct run_request *request, struct config *cfg, struct error *e)
{
    const char *origin = request->machine;
    if (!load_machine(cfg, request->machine, e))
        return false;
    for (unsigned i = 0; i < request->set_count; i++) {
        origin = request->set[i].origin;
        if (!config_set(cfg, request->set[i].assignment, origin, e))
            return false;
    }
    if (request->mesh_alone)
        fit_controllers(cfg);
    return config_check(cfg, origin, e);
}

static char *config_text(const struct config *cfg)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    config_print(cfg, f);
    fclose(f);
    return text;
}

/* Adds "key=value" (or "key" alone) as a parameter of the record. */
static void add_word(struct run_record *record, const char *word)
{
    char key[64];
    const char *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    snprintf(key, sizeof key, "%.*s", (int)n, word);
    run_record_add_param(record, key, equals ? equals + 1 : "");
}

static void add_params(const struct run_request *request, struct run_record *record)
{
    char *copy = mem_copy_string(record->bootargs), *rest = NULL;
    for (char *word = strtok_r(copy, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
        add_word(record, word);
    mem_free(copy);
    for (unsigned i = 0; i < request->set_count; i++)
        add_word(record, request->set[i].assignment);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return hash_bytes(hash, text, strlen(text));
}

static void make_point_key(struct run_record *record)
{
    uint64_t hash = hash_text(HASH_SEED, record->config);
    hash = hash_text(hash, record->bootargs);
    hash = hash_u64(hash, record->guest_hash);
    hash = hash_u64(hash, record->max_cycles);
    hash = hash_text(hash, record->source_hash);
    snprintf(record->point_key, sizeof record->point_key, "%016llx", (unsigned long long)hash);
}

bool request_identify(const struct run_request *request, const struct config *cfg,
                      uint64_t guest_hash, struct run_record *record, struct error *e)
{
    const char *guest = request->guest ? request->guest : "";
    const char *bootargs = request->bootargs ? request->bootargs : "";
    memset(record, 0, sizeof *record);
    if (strlen(bootargs) >= sizeof record->bootargs)
        return error_set(e, EXIT_STATUS_USAGE, "the boot arguments are longer than %zu bytes",
                         sizeof record->bootargs - 1);
    snprintf(record->machine, sizeof record->machine, "%s", cfg->name);
    snprintf(record->guest, sizeof record->guest, "%s", guest);
    snprintf(record->bootargs, sizeof record->bootargs, "%s", bootargs);
    snprintf(record->revision, sizeof record->revision, "%s", TESSERA_REVISION);
    snprintf(record->source_hash, sizeof record->source_hash, "%s", TESSERA_SOURCE_HASH);
    record->config = config_text(cfg);
    record->config_hash = config_hash(cfg);
    record->guest_hash = guest_hash;
    record->seed = cfg->sim_seed;
    record->max_cycles = request->max_cycles;
    record->outcome.exit_code = RUN_NO_EXIT_CODE;
    add_params(request, record);
    make_point_key(record);
    return true;
}
