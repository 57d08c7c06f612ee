/* Shared memory for user code: handed out once, in whole lines, never freed. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Boot hands over the memory from `start` to `end`, once. */
void memory_give(uintptr_t start, uintptr_t end);

/* `bytes` of zeroed memory that starts on its own cache line and shares none.
 * Fails the program when DRAM is exhausted. */
void *memory_take(size_t bytes);

#endif
