/*
 * tessera check: says whether machine and sweep files are good, and what they
 * mean: a machine with every parameter in place, a sweep with its points.
 * Every file is read even when an earlier one is bad.
 */
#include "sim/cli/cli.h"

#include <stdio.h>
#include <unistd.h>

#include "sim/base/config.h"
#include "sim/base/yaml.h"
#include "sim/cli/named.h"
#include "sim/cli/sweep_file.h"

static bool find_kind(const char *path, enum config_kind *kind, struct error *e)
{
    struct tree *root = tree_load(path, e);
    if (root == NULL)
        return false;
    *kind = named_kind_of(root);
    tree_free(root);
    return true;
}

static bool check_machine(const char *path, struct error *e)
{
    struct config cfg;
    if (!config_load(&cfg, path, e))
        return false;
    printf("# %s: a machine of %u tiles\n", path, config_tiles(&cfg));
    config_print(&cfg, stdout);
    return true;
}

/* A guest that is not built yet is a warning, one that cannot run is an error. */
static bool check_guest(const char *path, const char *guest, struct error *e)
{
    struct elf_image image;
    if (guest[0] && access(guest, F_OK) == 0) {
        bool good = elf_load(&image, guest, e);
        if (good)
            cli_warn_of_guest(&image, guest);
        elf_free(&image);
        return good;
    }
    fprintf(stderr, "tessera: warning: %s: guest: %s%s\n", path, guest,
            guest[0] ? " is not there yet (make guest builds Tessera's own)"
                     : "is missing; tessera sweep needs --guest ELF");
    return true;
}

static void print_word(const char *key, const char *value)
{
    if (value[0])
        printf("%s: %s\n", key, value);
}

static bool check_sweep(const char *path, struct error *e)
{
    struct sweep *sweep = sweep_load(path, NULL, e);
    if (sweep == NULL)
        return false;
    const char *guest = sweep->point[0].request.guest;
    printf("# %s: a sweep of %u points\n", path, sweep->count);
    print_word("name", sweep->name);
    print_word("figure", sweep->figure);
    print_word("guest", guest);
    puts("points:");
    for (unsigned i = 0; i < sweep->count; i++) {
        const struct run_request *request = &sweep->point[i].request;
        printf("  - {machine: '%s', bootargs: '%s'", request->machine, request->bootargs);
        for (unsigned j = 0; j < request->set_count; j++)
            printf("%s%s", j ? ", " : ", set: '", request->set[j].assignment);
        printf("%s}\n", request->set_count ? "'" : "");
    }
    bool good = check_guest(path, guest, e);
    sweep_free(sweep);
    return good;
}

/* A word is a file, or the name of a machine or else of a sweep. */
static bool check_file(const char *word, struct error *e)
{
    static bool (*const check[])(const char *path, struct error *e) = {
        [CONFIG_MACHINE] = check_machine, [CONFIG_SWEEP] = check_sweep};
    char path[4096];
    enum config_kind kind = CONFIG_MACHINE;
    struct error ignored;
    return (named_find(CONFIG_SWEEP, word, path, sizeof path, &ignored) ||
            named_find(CONFIG_MACHINE, word, path, sizeof path, e)) &&
           find_kind(path, &kind, e) && check[kind](path, e);
}

struct check_result {
    int status; /* of the first bad file */
    unsigned files;
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct check_result *result = state->input;
    struct error e;
    switch (key) {
    case ARGP_KEY_ARG:
        if (result->files++)
            putchar('\n');
        if (!check_file(text, &e)) {
            int status = cli_fail(&e);
            if (result->status == EXIT_STATUS_OK)
                result->status = status;
        }
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a machine or sweep file is expected");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp parser = {
    NULL, parse_option, "FILE...", "Validate machine and sweep files and print what they mean.",
    NULL, NULL,         NULL};

int cmd_check(int argc, char **argv)
{
    struct check_result result = {0};
    cli_parse(&parser, argc, argv, &result);
    return result.status;
}
