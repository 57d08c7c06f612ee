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

void cli_wrote(const char *path, bool quiet)
{
    if (path && !quiet && strcmp(path, "-") != 0)
        fprintf(stderr, "wrote %s\n", path);
}

/* ---- options ---------------------------------------------------------------------- */

enum { OPTIONS_MAX = 32 };

/* A row without name and text ends the options; one with a text alone is a heading. */
static bool is_row(const struct argp_option *option)
{
    return option && (option->name || option->doc);
}

/* The option that a word names, in full or by its beginning, or NULL. */
static const struct argp_option *find_option(const struct argp_option *option, const char *word)
{
    size_t n = strcspn(word, "=");
    for (; is_row(option); option++)
        if (option->name && strncmp(option->name, word, n) == 0)
            return option;
    return NULL;
}

/* The option with this letter, or NULL. */
static const struct argp_option *find_letter(const struct argp_option *option, int letter)
{
    for (; is_row(option); option++)
        if (option->name && option->key == letter)
            return option;
    return NULL;
}

/* Is the word after this one its value, whatever it looks like? */
static bool takes_next(const struct argp_option *options, const char *word)
{
    const struct argp_option *option = NULL;
    if (word[0] != '-' || strchr(word, '='))
        return false;
    if (word[1] == '-')
        option = find_option(options, word + 2);
    else if (word[1])
        option = find_letter(options, word[strlen(word) - 1]);
    return option && option->arg;
}

static void refuse_option(const struct argp_option *option, const char *command, const char *word)
{
    const char *names[OPTIONS_MAX] = {"help", "usage"};
    char name[64];
    unsigned count = 2;
    for (; is_row(option) && count < OPTIONS_MAX; option++)
        if (option->name)
            names[count++] = option->name;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    const char *near = nearest_name(name, names, count);
    fprintf(stderr, "tessera: --%s: no such option of `%s`; %s%s%s\n", name, command,
            near ? "did you mean --" : "--help lists them", near ? near : "", near ? "?" : "");
    exit(EXIT_STATUS_USAGE);
}

void cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    static const struct argp_option common[] = {
        {"help", '?', NULL, 0, NULL, 0}, {"usage", 0, NULL, 0, NULL, 0}, {0}};
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *word = argv[i];
        if (takes_next(argp->options, word))
            i++;
        else if (strncmp(word, "--", 2) == 0 && !find_option(argp->options, word + 2) &&
                 !find_option(common, word + 2))
            refuse_option(argp->options, argv[0], word + 2);
    }
    argp_parse(argp, argc, argv, 0, NULL, input);
}

/* ---- guests ----------------------------------------------------------------------- */

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
