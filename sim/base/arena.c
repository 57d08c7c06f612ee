/*
 * An arena is a list of mappings.  Small objects share a block; a large one
 * has a mapping of its own.  Mappings are anonymous, private and not reserved:
 * pages appear, zeroed, when they are first written.
 *
 * A chip of a thousand tiles touches some of each tile's state again and again, so
 * the host's TLB would miss at every step.  Blocks behind the first, and what is
 * known to be touched throughout, therefore lie on large pages where the host has
 * them; a small chip stays in its first block, and small.
 */
#include "sim/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/base/error.h"

enum { ALIGNMENT = 64 };
static const size_t BLOCK_BYTES = (size_t)4 << 20, LARGE_PAGE = (size_t)2 << 20;

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

static char *map(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p == MAP_FAILED)
        out_of_memory(bytes);
    return p;
}

/* Begins and ends where a large page does, which the host is asked to use. */
static char *map_large(size_t bytes)
{
    char *p = map(bytes + LARGE_PAGE);
    size_t before = -(uintptr_t)p % LARGE_PAGE;
    if (before)
        munmap(p, before);
    munmap(p + before + bytes, LARGE_PAGE - before);
    (void)madvise(p + before, bytes, MADV_HUGEPAGE);
    return p + before;
}

static size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

static struct block *block_map(struct arena *arena, size_t bytes, bool large)
{
    if (large)
        bytes = round_up(bytes, LARGE_PAGE);
    struct block *b = (struct block *)(void *)(large ? map_large(bytes) : map(bytes));
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

static void *take(struct arena *arena, size_t count, size_t size, bool touched_throughout)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        out_of_memory(SIZE_MAX);
    bytes = round_up(bytes, ALIGNMENT);
    arena->handed_out += bytes;
    if (bytes > BLOCK_BYTES / 4)
        return (char *)block_map(arena, bytes + ALIGNMENT, touched_throughout) + ALIGNMENT;
    if ((size_t)(arena->end - arena->free) < bytes) {
        struct block *b = block_map(arena, BLOCK_BYTES, arena->end != NULL);
        arena->free = (char *)b + ALIGNMENT;
        arena->end = (char *)b + BLOCK_BYTES;
    }
    void *p = arena->free;
    arena->free += bytes;
    return p;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    return take(arena, count, size, false);
}

void *arena_alloc_dense(struct arena *arena, size_t count, size_t size)
{
    return take(arena, count, size, true);
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
