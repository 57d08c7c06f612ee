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

/* In cached memory, which begins at `start`. */
static void place_stacks(uint64_t start, uint64_t end, uint64_t tiles)
{
    if (end < start || (end - start) / layout.stride < tiles)
        report_refusal("boot: the stacks of %lu tiles do not fit into %lu bytes of cached memory",
                       tiles, end - start);
    layout.stacks = start - layout.cores;
}

void layout_plan(void)
{
    const struct bootinfo *m = machine();
    uint64_t end = MAP_DRAM_BASE + m->dram_bytes, start = (uint64_t)image_end;
    if (m->magic != BOOTINFO_MAGIC)
        report_refusal("boot: no boot-information page");
    if (!m->coherent)
        end = MAP_DRAM_BASE + ((uint64_t)m->uncached_mib << 20);
    if (!m->coherent && end <= start)
        report_refusal("boot: the caches are not coherent, and %u MiB of uncached memory at the "
                       "start of DRAM do not hold this kernel (memory.uncached)",
                       m->uncached_mib);
    if (end < start || (end - start) / CORE_BLOCK_BYTES_MIN < m->tiles)
        report_refusal("boot: %lu tiles do not fit into %lu bytes of %s", m->tiles,
                       end - MAP_DRAM_BASE, m->coherent ? "DRAM" : "uncached memory");
    layout.cores = start;
    layout.stride = block_lines(end - start, m->tiles) * LINE_BYTES;
    if (!m->coherent)
        place_stacks(end, MAP_DRAM_BASE + m->dram_bytes, m->tiles);
    layout.kernel_stack = layout.stacks + kernel_stack_end(layout.stride);
    memory_give(start + m->tiles * layout.stride, end);
}
