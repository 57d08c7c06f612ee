/* What the subcommands share: failing, numbers of options, Tessera's folders. */
#include "sim/cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cli_fail(const struct error *e)
{
    fprintf(stderr, "tessera: %s\n", e->text);
    return (int)e->status;
}

static bool has_tohost(const struct elf_image *image)
{
    return image->tohost != 0;
}

static bool has_no_floats(const struct elf_image *image)
{
    return !image->floats;
}

void cli_warn_of_guest(const struct elf_image *image, const char *path)
{
    static const struct {
        bool (*holds)(const struct elf_image *image);
        const char *otherwise;
    } expectations[] = {
        {has_no_floats, "passes floating-point registers, which the hart does not have: compile it "
                        "with -mabi=lp64"},
        {has_tohost, "has no symbol tohost, so it cannot end its run: give it --max-cycles"},
    };
    for (unsigned i = 0; i < sizeof expectations / sizeof expectations[0]; i++)
        if (!expectations[i].holds(image))
            fprintf(stderr, "tessera: warning: %s %s\n", path, expectations[i].otherwise);
}

uint64_t cli_number(const struct argp_state *state, const char *option, const char *text,
                    uint64_t min, uint64_t max)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != 0)
        argp_error(state, "%s: \"%s\" is not a whole number", option, text);
    if (errno != 0 || value < min || value > max)
        argp_error(state, "%s: %s is out of range %llu..%llu", option, text,
                   (unsigned long long)min, (unsigned long long)max);
    return value;
}

/* The folder that holds the running program, without a slash at the end. */
static bool program_folder(char *path, size_t bytes)
{
    ssize_t n = readlink("/proc/self/exe", path, bytes - 1);
    if (n <= 0)
        return false;
    path[n] = 0;
    *strrchr(path, '/') = 0;
    return true;
}

bool cli_find_folder(const char *folder, char *path, size_t bytes)
{
    static const char *const beside[] = {"..", "../share/tessera"};
    char program[4096];
    snprintf(path, bytes, "%s", folder);
    if (access(path, R_OK | X_OK) == 0)
        return true;
    if (!program_folder(program, sizeof program))
        return false;
    for (unsigned i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        snprintf(path, bytes, "%s/%s/%s", program, beside[i], folder);
        if (access(path, R_OK | X_OK) == 0)
            return true;
    }
    return false;
}
