/*
 * A file is opened without waiting (O_NONBLOCK: a pipe that nobody writes to
 * would block the open itself) and looked at before it is read.
 *
 *   output_open ---> path~ ---> output_keep ---> path
 *                      \------> output_drop ---> (nothing)
 */
#include "sim/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/arena.h"

/* ---- reading -------------------------------------------------------------------- */

static const char *kind_of(mode_t mode)
{
    static const struct {
        mode_t format;
        const char *name;
    } kinds[] = {
        {S_IFDIR, "a folder"}, {S_IFIFO, "a pipe"},    {S_IFCHR, "a device"},
        {S_IFBLK, "a device"}, {S_IFSOCK, "a socket"},
    };
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if ((mode & S_IFMT) == kinds[i].format)
            return kinds[i].name;
    return "something else";
}

/* Is what was opened a file that may be read whole? */
static bool check_file(int fd, const char *path, size_t bytes_max, size_t *bytes, struct error *e)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return error_set(e, EXIT_STATUS_INPUT, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return error_set(e, EXIT_STATUS_INPUT, "%s: is %s; an ordinary file is expected", path,
                         kind_of(info.st_mode));
    *bytes = (size_t)info.st_size;
    if (*bytes > bytes_max)
        return error_set(e, EXIT_STATUS_INPUT, "%s: %zu bytes; at most %zu are read", path, *bytes,
                         bytes_max);
    return true;
}

/* Reads until `bytes` are there or the file ends; returns how many there are. */
static ssize_t read_up_to(int fd, char *text, size_t bytes)
{
    size_t at = 0;
    while (at < bytes) {
        ssize_t n = read(fd, text + at, bytes - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return n;
        if (n == 0)
            break;
        at += (size_t)n;
    }
    return (ssize_t)at;
}

char *file_read(const char *path, size_t bytes_max, size_t *bytes, struct error *e)
{
    size_t size = 0;
    char *text = NULL;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        error_set(e, EXIT_STATUS_INPUT, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (check_file(fd, path, bytes_max, &size, e)) {
        text = mem_alloc(size + 1);
        ssize_t got = read_up_to(fd, text, size);
        if (got < 0) {
            error_set(e, EXIT_STATUS_INPUT, "%s: %s", path, strerror(errno));
            mem_free(text);
            text = NULL;
        } else {
            *bytes = (size_t)got;
            text[got] = 0;
        }
    }
    close(fd);
    return text;
}

/* ---- paths ---------------------------------------------------------------------- */

/* Takes "." and "folder/.." out of a path, in place. */
static void shorten(char *path)
{
    char *to = path, *least = path; /* what lies before `least` stays */
    for (char *word = path; *word;) {
        size_t n = strcspn(word, "/"), step = n + strspn(word + n, "/");
        bool up = n == 2 && strncmp(word, "..", 2) == 0;
        if (up && to > least) {
            for (to--; to > least && to[-1] != '/'; to--)
                continue;
        } else if (!(n == 1 && *word == '.')) {
            memmove(to, word, n);
            to += n;
            if (step > n)
                *to++ = '/';
            if (up || n == 0)
                least = to;
        }
        word += step;
    }
    *to = 0;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat one, other;
    bool has_one = stat(a, &one) == 0, has_other = stat(b, &other) == 0;
    return has_one == has_other &&
           (!has_one || (one.st_dev == other.st_dev && one.st_ino == other.st_ino));
}

void file_beside(const char *file, const char *name, char *path, size_t bytes)
{
    const char *slash = strrchr(file, '/');
    int folder = slash && name[0] != '/' ? (int)(slash - file) + 1 : 0;
    snprintf(path, bytes, "%.*s%s", folder, file, name);
    char *straight = mem_copy_string(path);
    shorten(straight);
    if (straight[0] && is_same_file(path, straight)) /* not so behind symbolic links */
        snprintf(path, bytes, "%s", straight);
    mem_free(straight);
}

/* ---- writing -------------------------------------------------------------------- */

bool file_make_folders(const char *path, struct error *e)
{
    char *copy = mem_copy_string(path);
    bool good = true;
    for (char *slash = strchr(copy, '/'); good && slash; slash = strchr(slash + 1, '/')) {
        if (slash == copy)
            continue;
        *slash = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST && errno != EROFS)
            good = error_set(e, EXIT_STATUS_IO, "%s: %s", copy, strerror(errno));
        *slash = '/';
    }
    mem_free(copy);
    return good;
}

static bool refuse(const struct output *out, struct error *e)
{
    return error_set(e, EXIT_STATUS_IO, "%s: %s", out->path, strerror(errno));
}

static bool is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static void forget(struct output *out)
{
    mem_free(out->path);
    mem_free(out->draft);
    *out = (struct output){0};
}

bool output_open(struct output *out, const char *path, struct error *e)
{
    bool to_stdout = strcmp(path, "-") == 0;
    *out = (struct output){.path = mem_copy_string(to_stdout ? "standard output" : path)};
    if (to_stdout) {
        out->file = stdout;
        return true;
    }
    if (!is_special(path)) {
        size_t bytes = strlen(path) + 2;
        out->draft = mem_alloc(bytes);
        snprintf(out->draft, bytes, "%s~", path);
    }
    bool good = file_make_folders(path, e);
    if (good && !(out->file = fopen(out->draft ? out->draft : path, "w")))
        good = refuse(out, e);
    if (!good)
        forget(out);
    return good;
}

static bool end_file(struct output *out)
{
    bool written = fflush(out->file) == 0 && !ferror(out->file);
    int reason = errno;
    if (out->file != stdout && fclose(out->file) != 0 && written) {
        written = false;
        reason = errno;
    }
    out->file = NULL;
    errno = reason;
    return written;
}

bool output_keep(struct output *out, struct error *e)
{
    errno = EIO; /* when a write has failed earlier and left no reason */
    bool good = end_file(out) && (!out->draft || rename(out->draft, out->path) == 0);
    if (!good) {
        refuse(out, e);
        if (out->draft)
            unlink(out->draft);
    }
    forget(out);
    return good;
}

void output_drop(struct output *out)
{
    if (out->file)
        end_file(out);
    if (out->draft)
        unlink(out->draft);
    forget(out);
}
