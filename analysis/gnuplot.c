/*
 * gnuplot, as a process: the script goes to its standard input; the picture
 * comes back on its standard output and is written by us (sim/base/file.h), so a full disk is
 * noticed, and a figure that could not be drawn does not destroy the one that was there.
 */
#include "analysis/gnuplot.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/file.h"

extern char **environ;

/* Starts gnuplot on a script; its output is read from *from. */
static bool start_gnuplot(FILE *script, pid_t *pid, FILE **from, struct error *e)
{
    int ends[2];
    char name[] = "gnuplot", *argv[] = {name, NULL};
    posix_spawn_file_actions_t actions;
    if (pipe(ends) != 0)
        return error_set(e, EXIT_STATUS_IO, "a pipe to gnuplot: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int reason = posix_spawnp(pid, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (reason != 0) {
        close(ends[0]);
        return error_set(e, EXIT_STATUS_IO, "gnuplot cannot be started: %s", strerror(reason));
    }
    *from = fdopen(ends[0], "r");
    return true;
}

/* Copies until the end or a failure, with errno set if the host gave a reason;
 * an empty picture is a failure too. */
static bool copy_picture(FILE *from, FILE *to)
{
    char block[65536];
    size_t n, bytes = 0;
    errno = 0;
    for (; (n = fread(block, 1, sizeof block, from)) > 0; bytes += n)
        if (fwrite(block, 1, n, to) != n)
            return false;
    return !ferror(from) && fflush(to) == 0 && bytes > 0;
}

static bool run_gnuplot(FILE *script, FILE *to, const char *path, struct error *e)
{
    pid_t pid;
    FILE *from = NULL;
    int status = 0;
    if (!start_gnuplot(script, &pid, &from, e))
        return false;
    bool written = copy_picture(from, to);
    int reason = errno;
    fclose(from);
    waitpid(pid, &status, 0);
    if (!written && reason)
        return error_set(e, EXIT_STATUS_IO, "%s: %s", path, strerror(reason));
    if (!written || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(e, EXIT_STATUS_IO, "%s: gnuplot has failed", path);
    return true;
}

bool gnuplot_draw(FILE *script, const char *path, struct error *e)
{
    struct output out;
    bool good = script && output_open(&out, path, e);
    if (good) {
        good = run_gnuplot(script, out.file, path, e) && output_keep(&out, e);
        output_drop(&out);
    }
    if (script)
        fclose(script);
    return good;
}
