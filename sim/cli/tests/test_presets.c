/*
 * The files in configs/: every machine and sweep is good, says what it is, and
 * amd-4x4 is what its comment derives.  Run from the repository's root.
 */
#include "sim/cli/sweep_file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/yaml.h"

static struct config cfg;

/* Calls `check` for every YAML file of the folder; returns how many. */
static unsigned for_each(const char *folder, void (*check)(const char *path))
{
    struct dirent *entry;
    unsigned count = 0;
    DIR *dir = opendir(folder);
    cr_assert_not_null(dir, "%s: run the tests from the repository's root", folder);
    while ((entry = readdir(dir)) != NULL) {
        char path[512];
        if (strstr(entry->d_name, ".yaml") == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        check(path);
        count++;
    }
    closedir(dir);
    return count;
}

static void expect_description(const char *path)
{
    struct error e = {0};
    struct tree *root = tree_load(path, &e);
    cr_assert_not_null(root, "%s", e.text);
    const struct tree *text = tree_get(root, "description");
    cr_expect(text && text->kind == TREE_SCALAR && text->text[0], "%s: no description", path);
    tree_free(root);
}

static void check_machine(const char *path)
{
    struct error e = {0};
    cr_expect(config_load(&cfg, path, &e), "%s", e.text);
    expect_description(path);
}

static void check_sweep(const char *path)
{
    struct error e = {0};
    struct sweep *sweep = sweep_load(path, NULL, &e);
    cr_assert_not_null(sweep, "%s", e.text);
    cr_expect_gt(sweep->count, 0);
    expect_description(path);
    sweep_free(sweep);
}

Test(presets, every_machine_is_good)
{
    cr_expect_geq(for_each("configs/machines", check_machine), 5);
}

Test(presets, every_sweep_is_good)
{
    cr_expect_geq(for_each("configs/sweeps", check_sweep), 1);
}

static unsigned leg(unsigned crossings, unsigned flits)
{
    return 2 + cfg.mesh_router_cycles + 1 + (flits - 1) +
           crossings * (cfg.mesh_router_cycles + cfg.mesh_link_cycles_x);
}

/* Requester to home, home to owner, owner to requester with the line. */
static unsigned transfer(unsigned to_home, unsigned to_owner, unsigned back)
{
    unsigned line_flits = 1 + LINE_BYTES * 8 / cfg.mesh_flit_bits;
    return cfg.l1_miss_cycles + leg(to_home, 1) + cfg.coherence_home_cycles + leg(to_owner, 1) +
           cfg.l1_probe_cycles + leg(back, line_flits) + cfg.l1_fill_cycles;
}

/* Published, HotOS 2009 table 1: 130, 190 and 260 cycles. */
Test(presets, amd_4x4_has_the_published_latencies)
{
    struct error e = {0};
    cr_assert(config_load(&cfg, "configs/machines/amd-4x4.yaml", &e), "%s", e.text);
    cr_expect_eq(transfer(0, 0, 0), 130);
    cr_expect_eq(transfer(0, 1, 1), 194);
    cr_expect_eq(transfer(0, 2, 2), 258);
    cr_expect_eq(transfer(1, 0, 1), 194);
}
