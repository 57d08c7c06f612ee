/*
 * The plan of memory: boot/layout.h has the drawing.
 *
 * Stacks get what the machine can spare: at most half of the memory above the
 * image goes to the cores' blocks, and a block has at least the size with which
 * the largest machine fits into the smallest memory, at most 255 lines.
 */
#include "guest-os/boot/layout.h"

#include "guest-os/cpu/report.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/memory.h"

extern char image_end[]; /* link.ld; on a line */

struct layout layout;

static uint64_t block_lines(uint64_t bytes, uint64_t tiles)
{
    uint64_t lines = bytes / 2 / tiles / LINE_BYTES;
    if (lines < CORE_BLOCK_LINES_MIN)
        lines = CORE_BLOCK_LINES_MIN;
    if (lines > CORE_BLOCK_LINES_MAX)
        lines = CORE_BLOCK_LINES_MAX;
    return (lines - 1) | 1;
}

static uint64_t kernel_stack_end(uint64_t stride)
{
    uint64_t stacks = stride - sizeof(struct core);
    return sizeof(struct core) + (stacks / 2 & ~(uint64_t)(LINE_BYTES - 1));
}

void layout_plan(void)
{
    const struct bootinfo *m = machine();
    uint64_t end = MAP_DRAM_BASE + m->dram_bytes, start = (uint64_t)image_end;
    if (m->magic != BOOTINFO_MAGIC)
        report_refusal("boot: no boot-information page");
    if (!m->coherent)
        report_refusal("boot: this kernel needs coherent caches");
    if (end < start || (end - start) / CORE_BLOCK_BYTES_MIN < m->tiles)
        report_refusal("boot: %lu tiles do not fit into %lu bytes of DRAM", m->tiles,
                       m->dram_bytes);
    layout.cores = start;
    layout.stride = block_lines(end - start, m->tiles) * LINE_BYTES;
    layout.kernel_stack = kernel_stack_end(layout.stride);
    memory_give(start + m->tiles * layout.stride, end);
}
