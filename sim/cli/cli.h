/*
 * What the subcommands share.  Each cmd_<name>() takes the command line from
 * its own name on (argv[0] is "tessera <name>"), and returns the exit status.
 */
#ifndef TESSERA_CLI_H
#define TESSERA_CLI_H

#include "sim/base/elf.h"
#include "sim/base/error.h"

#include <argp.h>
#include <stddef.h>
#include <stdint.h>

#define COMMAND(name, arguments, meaning) int cmd_##name(int argc, char **argv);
#include "sim/cli/commands.def"
#undef COMMAND

#define CLI_DATABASE "out/tessera.db" /* where --db points unless told otherwise */

/* Says on stderr what went wrong; returns the exit status. */
int cli_fail(const struct error *e);

/* Says on stderr that a result is in its file; not when there is none (NULL), when it
 * went to standard output (-) or when nothing is to be said. */
void cli_wrote(const char *path, bool quiet);

/* Says on stderr what will surprise whoever runs this guest, one line each. */
void cli_warn_of_guest(const struct elf_image *image, const char *path);

/* As argp_parse with no flags, but an option that does not exist is refused
 * (64) with the nearest that does. */
void cli_parse(const struct argp *argp, int argc, char **argv, void *input);

/* An option's value as a whole number from min to max; ends the process with
 * status 64 and a message that names the option otherwise. */
uint64_t cli_number(const struct argp_state *state, const char *option, const char *text,
                    uint64_t min, uint64_t max);

/* Where Tessera's own files are (`folder`: "configs/machines", ...): under the
 * working directory, or else beside the program, as built or as installed.
 * False when there is no such folder. */
bool cli_find_folder(const char *folder, char *path, size_t bytes);

#endif
