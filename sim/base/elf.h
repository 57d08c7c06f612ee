/*
 * A guest program: a statically linked RISC-V ELF, read and checked once.
 */
#ifndef TESSERA_ELF_H
#define TESSERA_ELF_H

#include "sim/base/error.h"
#include "sim/base/symbols.h"
#include "sim/base/types.h"

/* A piece of memory to fill before reset: `bytes` of `file_bytes`, then zeros
 * up to `memory_bytes`. */
struct elf_segment {
    paddr_t address;
    uint64_t file_bytes, memory_bytes;
    const uint8_t *bytes;
};

struct elf_image {
    paddr_t entry;
    unsigned segment_count;
    struct elf_segment *segment;
    struct symbols symbols;
    paddr_t tohost, fromhost; /* the host interface's words; 0 when the guest has none */
    bool floats;              /* its header says that calls pass floating-point registers */
    uint64_t hash;            /* of the whole file: the guest's identity */
    uint8_t *file;            /* what the segments point into */
    size_t file_bytes;
    char *path; /* NULL: it comes from no file */
};

/* Reads and checks `path`.  Whatever is wrong with it, the error names the file
 * and what would be right, and nothing needs to be freed.  Whether the segments
 * fit the machine's DRAM is for the caller to check. */
bool elf_load(struct elf_image *image, const char *path, struct error *e);
void elf_free(struct elf_image *image);

/* What messages call it: its file, or "guest". */
const char *elf_name(const struct elf_image *image);

#endif
