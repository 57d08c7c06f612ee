/*
 * One row a kind: its folder, and the keys that only files of that kind have.
 */
#include "sim/cli/named.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "sim/cli/cli.h"

enum { PATH_BYTES = 4096, NAMES_MAX = 256 };

static const struct {
    const char *name, *folder, *keys[8], *command;
} kinds[] = {
    [CONFIG_MACHINE] = {"machine",
                        "configs/machines",
                        {"mesh", "hart", "l1d", "memory", "extends"},
                        "tessera run"},
    [CONFIG_SWEEP] = {"sweep", "configs/sweeps", {"grid", "grids", "machine"}, "tessera sweep"},
};

static bool has_key_of(enum config_kind kind, const struct tree *root)
{
    for (unsigned i = 0; kinds[kind].keys[i]; i++)
        if (tree_get(root, kinds[kind].keys[i]))
            return true;
    return false;
}

enum config_kind named_kind_of(const struct tree *root)
{
    return has_key_of(CONFIG_SWEEP, root) ? CONFIG_SWEEP : CONFIG_MACHINE;
}

bool named_check_kind(enum config_kind kind, const char *path, const struct tree *root,
                      struct error *e)
{
    enum config_kind other = kind == CONFIG_MACHINE ? CONFIG_SWEEP : CONFIG_MACHINE;
    if (has_key_of(kind, root) || !has_key_of(other, root))
        return true;
    return error_set(e, EXIT_STATUS_INPUT, "%s: is a %s, for `%s`; a %s is expected", path,
                     kinds[other].name, kinds[other].command, kinds[kind].name);
}

/* ---- names ------------------------------------------------------------------------ */

/* The names of a folder's YAML files, mem_alloc'd; returns how many. */
static unsigned list_names(const char *folder, char *name[NAMES_MAX])
{
    unsigned count = 0;
    struct dirent *entry;
    DIR *dir = opendir(folder);
    while (dir && count < NAMES_MAX && (entry = readdir(dir)) != NULL) {
        char *ending = strstr(entry->d_name, ".yaml");
        if (entry->d_name[0] == '.' || ending == NULL || ending[5] != 0)
            continue;
        *ending = 0;
        name[count++] = mem_copy_string(entry->d_name);
    }
    if (dir)
        closedir(dir);
    return count;
}

static bool refuse(enum config_kind kind, const char *word, const char *folder, struct error *e)
{
    char *name[NAMES_MAX];
    unsigned count = list_names(folder, name);
    const char *near = nearest_name(word, (const char *const *)name, count);
    error_set(e, EXIT_STATUS_INPUT, "%s: there is no such file, and no %s of that name; %s%s%s",
              word, kinds[kind].name,
              near ? "did you mean " : "`tessera list` names those there are", near ? near : "",
              near ? "?" : "");
    for (unsigned i = 0; i < count; i++)
        mem_free(name[i]);
    return false;
}

bool named_find(enum config_kind kind, const char *word, char *path, size_t bytes, struct error *e)
{
    char folder[PATH_BYTES] = "";
    snprintf(path, bytes, "%s", word);
    if (access(word, F_OK) == 0 || strchr(word, '/') || strstr(word, ".yaml"))
        return true; /* reading it will tell what is wrong with it */
    if (cli_find_folder(kinds[kind].folder, folder, sizeof folder))
        snprintf(path, bytes, "%s/%s.yaml", folder, word);
    return access(path, F_OK) == 0 || refuse(kind, word, folder, e);
}
