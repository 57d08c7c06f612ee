/*
 * The two machines that run programs.  Each takes an array of them, all of the
 * same features, and fills one result a program.  A program that never comes to
 * its end leaves a result with status 0, and those behind it run all the same.
 */
#ifndef TESSERA_FUZZ_MACHINES_H
#define TESSERA_FUZZ_MACHINES_H

#include "sim/base/elf.h"
#include "sim/base/error.h"
#include "sim/fuzz/program.h"

enum { BATCH_MAX = 1024 };

/* A run of programs as it lies in memory; layout.h draws it. */
enum { IMAGE_SEGMENTS = 3 };
struct image {
    struct elf_segment segment[IMAGE_SEGMENTS];
    uint64_t header[8];
    uint8_t *blobs;
};
void image_build(struct image *image, const struct binary *programs, unsigned count, bool on_qemu);
void image_free(struct image *image);

/* Programs that may lock PMP entries run one by one. */
bool tessera_run(const struct binary *programs, unsigned count, struct result *results,
                 struct error *e);

/* The same once, with a commit log in the file `path`: programs behind one that does
 * not end are not run.  Programs that may lock entries are to be given one at a time. */
bool tessera_log(const struct binary *programs, unsigned count, struct result *results,
                 const char *path, struct error *e);

/* QEMU runs beside: start it, do something else, wait for it.  Programs and
 * results must stay where they are meanwhile.  `seconds` is the processor time that
 * all may take before the program that is running counts as lost. */
struct qemu;
struct qemu *qemu_start(const struct binary *programs, unsigned count, struct result *results,
                        unsigned seconds, struct error *e);
bool qemu_wait(struct qemu *qemu, struct error *e);

#endif
