/*
 * Who owns which part of DRAM.  Computed once by hart 0, before any other hart
 * leaves its parking place.
 *
 *   MAP_DRAM_BASE  image: code, constants, globals
 *   cores          block of core 0
 *                  block of core 1 ...        tiles x stride bytes
 *   heap           handed to user code (lib/memory.h)
 *   end of DRAM
 *
 *   one block:  struct core | kernel stack (grows down) | user stack (grows down)
 *
 * On a machine whose caches are not coherent everything that cores share must lie in
 * the uncached beginning of DRAM: image, core structures and heap.  The stacks, which
 * are each core's own, lie above it, in blocks of the same stride:
 *
 *   uncached   image | struct core 0, room | struct core 1, room ... | heap
 *   cached     room, stacks of core 0 | room, stacks of core 1 ...
 *
 * so that `stacks` is the way from a core's block to that of its stacks, 0 where they
 * are one.
 *
 * A block is a whole and odd number of lines.  Whole, so that no two cores
 * share one; odd, so that blocks spread over all homes of a chip that
 * interleaves its memory by line.
 */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#include "sim/abi/memmap.h"

#define CORE_BLOCK_LINES_MIN 47 /* 4096 tiles fit into 16 MiB */
#define CORE_BLOCK_LINES_MAX 255
#define CORE_BLOCK_BYTES_MIN (CORE_BLOCK_LINES_MIN * LINE_BYTES)

/* Offsets in struct layout, for start.S. */
#define LAYOUT_CORES        0
#define LAYOUT_STRIDE       8
#define LAYOUT_KERNEL_STACK 16

#ifndef __ASSEMBLER__
#include "guest-os/cpu/core.h"
#include <stdint.h>

struct layout {
    uint64_t cores;        /* address of core 0's block */
    uint64_t stride;       /* bytes of a block */
    uint64_t kernel_stack; /* its end, counted from the block's start */
    uint64_t stacks;       /* from a core's block to that of its stacks */
} __attribute__((aligned(LINE_BYTES)));

extern struct layout layout;

static inline struct core *core_of(uint64_t number)
{
    return (struct core *)(layout.cores + number * layout.stride);
}

static inline uint64_t user_stack_of(const struct core *core)
{
    return (uint64_t)core + layout.stacks + layout.stride;
}

/* Hart 0, machine mode: fills `layout` and gives the rest to the heap, or ends
 * the run when this is no machine for this kernel. */
void layout_plan(void);
#endif

#endif
