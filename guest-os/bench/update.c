/*
 * The cost of updating shared state (Baumann et al., SOSP 2009, figure 3).
 *
 *   shm1..shm8  every core updates the same 1, 2, 4 or 8 lines under one lock
 *   msg1, msg8  core 0 owns the lines; the others ask it to do the update
 *
 * Series: `op_cycles`, one value an operation, at the core that wanted it: lock,
 * update and unlock, or the round trip.  `server_cycles`, one value a request,
 * at the server: from noticing the request to having sent the answer.
 *
 * The load is constant while anything is sampled.  All cores start through a
 * barrier; each makes `warmup` operations, then `ops` sampled ones, and then
 * goes on without sampling until every core has its samples.  Samples are
 * stored outside of what they measure.
 *
 * At the end every line must have been updated exactly as often as the cores
 * say that they made operations; otherwise the run fails.
 */
#include "guest-os/bench/update.h"

#include "guest-os/bench/bench.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/memory.h"
#include "guest-os/lib/string.h"

struct update_mode {
    const char *name;
    unsigned lines, cores_min;
    void (*prepare)(void);
    void (*core)(void *core_number);
};

static const struct update_mode modes[] = {
    {"shm1", 1, 1, update_shm_prepare, update_shm_core},
    {"shm2", 2, 1, update_shm_prepare, update_shm_core},
    {"shm4", 4, 1, update_shm_prepare, update_shm_core},
    {"shm8", 8, 1, update_shm_prepare, update_shm_core},
    {"msg1", 1, 2, update_msg_prepare, update_msg_core},
    {"msg8", 8, 2, update_msg_prepare, update_msg_core},
};

#define MODES (sizeof modes / sizeof modes[0])

struct update_plan update_plan;

static const struct update_mode *find_mode(void)
{
    for (unsigned i = 0; i < MODES; i++)
        if (string_equal(modes[i].name, args.mode))
            return &modes[i];
    struct names known = {.count = 0};
    for (unsigned i = 0; i < MODES; i++)
        names_add(&known, modes[i].name);
    refuse_value("mode", args.mode, &known);
}

static const struct lock_kind *find_lock(void)
{
    for (const struct lock_kind *const *kind = lock_kinds; *kind; kind++)
        if (string_equal((*kind)->name, args.lock)) {
            if ((*kind)->reserves && !machine()->coherent)
                refuse("lock=%s: the machine's caches are not coherent", args.lock);
            return *kind;
        }
    struct names known = {.count = 0};
    for (const struct lock_kind *const *kind = lock_kinds; *kind; kind++)
        names_add(&known, (*kind)->name);
    refuse_value("lock", args.lock, &known);
}

static void make_plan(const struct update_mode *mode)
{
    unsigned cores = (unsigned)args.cores;
    if (cores < mode->cores_min)
        refuse("cores=%u: mode=%s needs a server and a client: 2 to %lu", cores, mode->name,
               machine()->tiles);
    update_plan = (struct update_plan){
        .cores = cores,
        .lines = mode->lines,
        .ops = args.ops,
        .warmup = args.warmup,
        .lock_kind = find_lock(),
        .transport = bench_transport("mode", mode->name, mode->cores_min > 1 ? cores - 1 : 0),
        .barrier = memory_take(sizeof(struct barrier)),
        .line = memory_take(UPDATE_LINES_MAX * sizeof(struct update_line)),
        .done = memory_take(cores * sizeof(struct update_line)),
    };
}

static void run_cores(const struct update_mode *mode)
{
    for (uint64_t core = 1; core < update_plan.cores; core++)
        if (!spawn((unsigned)core, mode->core, (void *)core))
            fail("update: core %lu does not start", core);
    mode->core(0);
}

static uint64_t operations_made(void)
{
    uint64_t sum = 0;
    for (unsigned core = 0; core < update_plan.cores; core++)
        sum += update_plan.done[core].count;
    return sum;
}

static void verify(uint64_t operations)
{
    for (unsigned i = 0; i < UPDATE_LINES_MAX; i++) {
        uint64_t expected = i < update_plan.lines ? operations : 0;
        if (update_plan.line[i].count != expected)
            fail("update: line %u counts %lu updates, %lu were made", i, update_plan.line[i].count,
                 expected);
    }
}

int bench_update(void)
{
    const struct update_mode *mode = find_mode();
    make_plan(mode);
    mode->prepare();
    run_cores(mode);
    uint64_t operations = operations_made();
    verify(operations);
    printf("update: mode=%s transport=%s lock=%s cores=%u: %lu operations, all accounted for\n",
           mode->name, args.transport, update_plan.lock_kind->name, update_plan.cores, operations);
    return GUEST_OK;
}
