/*
 * An arena is a list of mappings.  Small objects share a block; a large one
 * has a mapping of its own.  Mappings are anonymous, private and not reserved:
 * pages appear, zeroed, when they are first written.
 */
#include "sim/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/base/error.h"

enum { ALIGNMENT = 64 };
static const size_t BLOCK_BYTES = (size_t)4 << 20;

struct block {
    struct block *next;
    size_t bytes;
};

struct arena {
    struct block *blocks; /* every mapping, newest first */
    char *free, *end;     /* what is left of the shared block */
    size_t handed_out;
};

static void out_of_memory(size_t bytes)
{
    fprintf(stderr, "tessera: the host refused %zu MiB of memory\n", bytes >> 20);
    exit(EXIT_STATUS_IO);
}

static struct block *block_map(struct arena *arena, size_t bytes)
{
    struct block *b = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (b == MAP_FAILED)
        out_of_memory(bytes);
    b->bytes = bytes;
    b->next = arena->blocks;
    arena->blocks = b;
    return b;
}

struct arena *arena_create(void)
{
    struct arena *arena = mem_alloc(sizeof *arena);
    *arena = (struct arena){0};
    return arena;
}

void arena_destroy(struct arena *arena)
{
    if (!arena)
        return;
    for (struct block *b = arena->blocks, *next; b; b = next) {
        next = b->next;
        munmap(b, b->bytes);
    }
    mem_free(arena);
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        out_of_memory(SIZE_MAX);
    bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    arena->handed_out += bytes;
    if (bytes > BLOCK_BYTES / 4)
        return (char *)block_map(arena, bytes + ALIGNMENT) + ALIGNMENT;
    if ((size_t)(arena->end - arena->free) < bytes) {
        struct block *b = block_map(arena, BLOCK_BYTES);
        arena->free = (char *)b + ALIGNMENT;
        arena->end = (char *)b + BLOCK_BYTES;
    }
    void *p = arena->free;
    arena->free += bytes;
    return p;
}

size_t arena_bytes(const struct arena *arena)
{
    return arena->handed_out;
}

void *mem_alloc(size_t bytes)
{
    return mem_resize(NULL, bytes);
}

void *mem_resize(void *old, size_t bytes)
{
    void *p = realloc(old, bytes ? bytes : 1);
    if (!p)
        out_of_memory(bytes);
    return p;
}

char *mem_copy_string(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(mem_alloc(bytes), text, bytes);
}

void mem_free(void *p)
{
    free(p);
}
