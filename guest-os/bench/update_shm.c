/*
 * SHM: every core updates the lines itself, under the lock.
 *
 *   t0 | acquire | line 0..k-1: load, add, store | release | t1   -> op_cycles
 *
 * Who has all samples adds one to a counter in a line of its own, and goes on
 * until the counter says that all have.  Between operations the counter is read
 * from the own cache, since it changes only once a core.
 */
#include "guest-os/bench/update.h"

#include "guest-os/lib/memory.h"
#include "guest-os/lib/result.h"
#include "guest-os/lib/riscv.h"

static struct {
    union lock *lock __attribute__((aligned(LINE_BYTES)));
    struct lock_node *node;       /* per core */
    struct update_line *finished; /* cores that have their samples */
} shm;

void update_shm_prepare(void)
{
    shm.lock = memory_take(sizeof(union lock));
    shm.node = memory_take(update_plan.cores * sizeof(struct lock_node));
    shm.finished = memory_take(sizeof(struct update_line));
}

static uint64_t timed_operation(struct lock_node *node)
{
    const struct update_plan *plan = &update_plan;
    uint64_t start = cycle_now();
    plan->lock_kind->acquire(shm.lock, node);
    update_lines(plan->line, plan->lines);
    plan->lock_kind->release(shm.lock, node);
    return cycle_now() - start;
}

void update_shm_core(void *core_number)
{
    const struct update_plan *plan = &update_plan;
    uint64_t core = (uint64_t)core_number, op = 0;
    uint64_t series = result_series("op_cycles", "cycles");
    barrier_wait(plan->barrier, plan->cores);
    while (shm.finished->count < plan->cores) {
        uint64_t cycles = timed_operation(&shm.node[core]);
        if (update_is_measured(op))
            result_sample(series, cycles);
        if (++op == plan->warmup + plan->ops)
            __atomic_fetch_add(&shm.finished->count, 1, __ATOMIC_RELAXED);
    }
    plan->done[core].count = op;
    barrier_wait(plan->barrier, plan->cores);
}
