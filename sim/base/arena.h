/*
 * The one door for memory.  A chip allocates everything from its arena when it
 * is built and nothing after reset; tools that are not models use the checked
 * wrappers below.  Arena memory is zeroed and costs host memory only where it
 * is touched, so a large sparse array (DRAM, a directory) is a flat array.
 */
#ifndef TESSERA_ARENA_H
#define TESSERA_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_create(void);
void arena_destroy(struct arena *arena);

/* `count` zeroed objects of `size` bytes, aligned to 64.  Never NULL: when the
 * host refuses the address space the process ends with a clear message. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* The same, for what is touched all over and all the time: on large pages where the
 * host has them, if it is large itself. */
void *arena_alloc_dense(struct arena *arena, size_t count, size_t size);

/* Bytes of address space handed out so far (touched or not). */
size_t arena_bytes(const struct arena *arena);

/* As malloc, realloc and strdup, but never NULL. */
void *mem_alloc(size_t bytes);
void *mem_resize(void *old, size_t bytes);
char *mem_copy_string(const char *text);
void mem_free(void *p);

#endif
