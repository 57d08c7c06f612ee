/*
 * From one hart to all.  Hart 0 is up; the others are parked (start.S).  The
 * tiles form a tree of fan-out four, in which tile h wakes tiles 4h+1 to 4h+4
 * by their msip and hears from each when its whole subtree is up:
 *
 *            0                      wake:    downwards, one msip store a child
 *      1   2   3   4                report:  upwards, one add to the parent's
 *    5..8 9..12 ...                          doorbell, then its setssip
 *
 * so that a thousand tiles are up after five steps down and five up, and nobody
 * polls: a parent sleeps between reports.
 *
 * Memory order: the fence before msip makes the plan (layout, arguments)
 * visible to the child that wakes by it; a report is a release add, read with
 * acquire, so that core 0 sees what every core did while it came up.
 */
#include "guest-os/boot/args.h"
#include "guest-os/boot/layout.h"
#include "guest-os/cpu/core.h"
#include "guest-os/cpu/report.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/riscv.h"

#define FAN_OUT 4

extern char cpu_trap[];

static void wake(uint64_t number)
{
    fence(rw, iorw);
    *(volatile uint32_t *)(MAP_WIDE_MSIP_BASE + 4 * number) = 1;
}

static unsigned wake_children(uint64_t number)
{
    unsigned children = 0;
    uint64_t first = number * FAN_OUT + 1;
    for (uint64_t child = first; child < first + FAN_OUT && child < machine()->tiles; child++) {
        wake(child);
        children++;
    }
    return children;
}

static void await_children(struct core *core, unsigned children)
{
    while (__atomic_load_n(&core->bell.subtrees_up, __ATOMIC_ACQUIRE) < children)
        events_sleep(core);
}

static void report_to_parent(uint64_t number)
{
    uint64_t parent = (number - 1) / FAN_OUT;
    __atomic_fetch_add(&core_of(parent)->bell.subtrees_up, 1, __ATOMIC_RELEASE);
    doorbell_ring(parent, 0);
}

static void run_main(void *argument)
{
    (void)argument;
    exit_run(user_main());
}

static void core_prepare(struct core *core, uint64_t number)
{
    core->dispatcher.core = number;
    core->kernel_stack = (uint64_t)core + layout.kernel_stack;
    csr_write(sscratch, 0);
    csr_write(stvec, cpu_trap);
    events_enable();
}

/* S-mode, interrupts off, on the core's own kernel stack. */
void cpu_start(struct core *core, uint64_t number)
{
    core_prepare(core, number);
    if (number == 0)
        args_read(machine());
    await_children(core, wake_children(number));
    if (number != 0)
        report_to_parent(number);
    else {
        core->bell.taken = 1;
        dispatcher_start(core, (uint64_t)(uintptr_t)run_main, 0);
    }
    dispatcher_run(core);
}
