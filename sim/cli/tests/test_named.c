/* Files by their names in configs/, and files of the wrong kind. */
#include "sim/cli/named.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli/request.h"
#include "sim/cli/sweep_file.h"

static struct error e;

static void expect_found(enum config_kind kind, const char *word, const char *path)
{
    char found[4096];
    cr_assert(named_find(kind, word, found, sizeof found, &e), "%s", e.text);
    cr_expect_str_eq(found, path);
}

Test(named, a_listed_name_is_the_file_behind_it)
{
    expect_found(CONFIG_MACHINE, "mesh-4x4", "configs/machines/mesh-4x4.yaml");
    expect_found(CONFIG_SWEEP, "update", "configs/sweeps/update.yaml");
    expect_found(CONFIG_MACHINE, "configs/machines/mesh-4x4.yaml",
                 "configs/machines/mesh-4x4.yaml");
    expect_found(CONFIG_MACHINE, "no/such", "no/such");
}

Test(named, an_unknown_name_is_refused_with_the_nearest)
{
    char found[4096];
    cr_assert_not(named_find(CONFIG_MACHINE, "mesh-4x5", found, sizeof found, &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_str_eq(e.text, "mesh-4x5: there is no such file, and no machine of that name; did "
                             "you mean mesh-4x4?");
}

Test(named, a_sweep_is_no_machine)
{
    struct run_request request = {.machine = "configs/sweeps/update.yaml"};
    static struct config cfg;
    cr_assert_not(request_resolve(&request, &cfg, &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_str_eq(e.text,
                     "configs/sweeps/update.yaml: is a sweep, for `tessera sweep`; a machine "
                     "is expected");
}

Test(named, a_machine_is_no_sweep)
{
    cr_assert_null(sweep_load("configs/machines/mesh-4x4.yaml", NULL, &e));
    cr_expect_str_eq(e.text, "configs/machines/mesh-4x4.yaml: is a machine, for `tessera run`; a "
                             "sweep is expected");
}
