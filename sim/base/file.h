/*
 * Files of the host.  What is read is an ordinary file of a bounded size: a
 * pipe or a device may never end.  What is written takes its name only when it
 * is whole, so that neither a full disk nor Ctrl-C leaves half a file or
 * destroys the one that was there.
 */
#ifndef TESSERA_FILE_H
#define TESSERA_FILE_H

#include <stdio.h>

#include "sim/base/error.h"

/* The whole file, to be released with mem_free, and a zero byte behind it.
 * NULL with status 65 when it cannot be read, is not an ordinary file or has
 * more than `bytes_max` bytes. */
char *file_read(const char *path, size_t bytes_max, size_t *bytes, struct error *e);

/* The path of `name` as it is meant inside `file`: relative to that file's
 * folder, without detours over . and .. */
void file_beside(const char *file, const char *name, char *path, size_t bytes);

/* Creates the folders above a file.  74 when the host refuses. */
bool file_make_folders(const char *path, struct error *e);

/* A file on its way.  Between opening and keeping it is written as `file`. */
struct output {
    FILE *file;
    char *path, *draft; /* draft NULL: written in place (a device, a pipe) */
};

/* Opens `path` for writing, under the name path~ until output_keep.  Folders
 * that are missing are created; "-" is standard output, and what exists and is
 * no ordinary file is written in place.  74 when the host refuses. */
bool output_open(struct output *out, const char *path, struct error *e);

/* Ends the file and gives it its name.  On failure (74) nothing is left of it,
 * and what had the name before is still there. */
bool output_keep(struct output *out, struct error *e);

/* Takes the file back.  Does nothing after output_keep or when never opened
 * (a zeroed struct). */
void output_drop(struct output *out);

#endif
