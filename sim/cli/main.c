/*
 * tessera: finds the subcommand in the table and hands it the rest of the
 * command line.  Everything that can go wrong comes back as an exit status of
 * the contract (sim/base/error.h) after one line on stderr.
 */
#include "sim/cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "revision.h"

static const struct command {
    const char *name, *arguments, *meaning;
    int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND(name, arguments, meaning) {#name, arguments, meaning, cmd_##name},
#include "sim/cli/commands.def"
#undef COMMAND
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    fputs("Usage: tessera COMMAND ARGUMENTS...\n"
          "A cycle-level simulator of tiled many-core chips.\n\n",
          out);
    for (unsigned i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-6s %-13s %s\n", commands[i].name, commands[i].arguments,
                commands[i].meaning);
    fputs("\n`tessera help COMMAND` tells a command's options; `tessera --version` the version.\n"
          "Exit status: 0, the guest's own code, 64 bad usage, 65 bad input, 70 internal check,\n"
          "74 the host refused I/O, 75 a limit was reached, 76 deadlock, 130 interrupted.\n",
          out);
}

static int print_version(void)
{
    printf("tessera %s\n", TESSERA_REVISION);
    return EXIT_STATUS_OK;
}

static int refuse_command(const char *word)
{
    const char *names[COMMANDS];
    struct error e;
    for (unsigned i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *near = nearest_name(word, names, COMMANDS);
    error_set(&e, EXIT_STATUS_USAGE, "%s: no such command; %s%s%s", word,
              near ? "did you mean " : "see tessera --help", near ? near : "", near ? "?" : "");
    return cli_fail(&e);
}

/* Runs the command under the name that its help shows, "tessera run". */
static int run_command(const struct command *command, int argc, char **argv)
{
    char name[32];
    snprintf(name, sizeof name, "tessera %s", command->name);
    argv[0] = name;
    int status = command->run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    struct error e;
    error_set(&e, EXIT_STATUS_IO, "standard output cannot be written");
    return cli_fail(&e);
}

static const struct command *find_command(const char *word)
{
    for (unsigned i = 0; i < COMMANDS; i++)
        if (strcmp(word, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

/* `tessera help` and `tessera help COMMAND`. */
static int help(int argc, char **argv)
{
    char option[] = "--help";
    const struct command *command = argc > 2 ? find_command(argv[2]) : NULL;
    if (argc > 2 && command == NULL)
        return refuse_command(argv[2]);
    if (command == NULL) {
        print_help(stdout);
        return EXIT_STATUS_OK;
    }
    argv[2] = option;
    return run_command(command, 2, argv + 1);
}

int main(int argc, char **argv)
{
    argp_err_exit_status = EXIT_STATUS_USAGE;
    if (argc < 2) {
        print_help(stderr);
        return EXIT_STATUS_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0)
        return print_version();
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return help(argc, argv);
    const struct command *command = find_command(argv[1]);
    return command ? run_command(command, argc - 1, argv + 1) : refuse_command(argv[1]);
}
