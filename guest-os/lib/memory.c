/*
 * The memory above the cores' own blocks (boot/layout.c) as one heap that only
 * grows.  Any core takes from it with one atomic add, so that no lock and no
 * core is special; sizes are rounded to lines, so that two takers never share
 * one by accident.  DRAM starts as zero and nothing is given back, so what is
 * taken is zero.
 */
#include "guest-os/lib/memory.h"

#include "guest-os/lib/user.h"
#include "sim/abi/memmap.h"

static struct {
    uintptr_t start;
    uint64_t size;
} heap;

/* The one word that every taker writes: nothing else is in its line. */
static struct {
    uint64_t bytes __attribute__((aligned(LINE_BYTES)));
} used;

void memory_give(uintptr_t start, uintptr_t end)
{
    heap.start = start;
    heap.size = end - start;
}

void *memory_take(size_t bytes)
{
    uint64_t whole = (bytes + LINE_BYTES - 1) & ~(uint64_t)(LINE_BYTES - 1);
    uint64_t at = __atomic_fetch_add(&used.bytes, whole, __ATOMIC_RELAXED);
    if (at > heap.size || whole > heap.size - at)
        fail("out of memory: %lu bytes wanted, %lu of %lu in use", bytes, at, heap.size);
    return (void *)(heap.start + at);
}
