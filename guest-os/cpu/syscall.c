/*
 * The driver's calls: a table from number to function, built from the rows of
 * lib/syscalls.def.  A call gets the core and its four arguments; its value
 * becomes the caller's a0.  Arguments come from user code: each call checks all
 * of them before it changes anything.
 */
#include "guest-os/cpu/core.h"

#include "guest-os/boot/layout.h"
#include "guest-os/cpu/report.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/riscv.h"
#include "guest-os/lib/syscall.h"

#define REFUSED (-1)

static bool in_dram(uint64_t address, uint64_t bytes)
{
    uint64_t offset = address - MAP_DRAM_BASE, size = machine()->dram_bytes;
    return address >= MAP_DRAM_BASE && offset < size && bytes <= size - offset;
}

static int64_t call_done(struct core *core, const uint64_t *a)
{
    (void)a;
    dispatcher_end(core);
    return 0;
}

static int64_t call_exit(struct core *core, const uint64_t *a)
{
    (void)core;
    report_exit((int)a[0]);
}

static int64_t call_console(struct core *core, const uint64_t *a)
{
    (void)core;
    if (!in_dram(a[0], a[1]))
        return REFUSED;
    report_bytes((const char *)a[0], a[1]);
    return 0;
}

static int64_t call_spawn(struct core *core, const uint64_t *a)
{
    (void)core;
    if (a[0] >= machine()->tiles || !in_dram(a[1], 4))
        return REFUSED;
    struct doorbell *bell = &core_of(a[0])->bell;
    if (__atomic_exchange_n(&bell->taken, 1, __ATOMIC_ACQUIRE))
        return REFUSED;
    bell->entry = a[1];
    bell->argument = a[2];
    doorbell_ring(a[0], BELL_SPAWN);
    return 0;
}

static int64_t call_yield(struct core *core, const uint64_t *a)
{
    while (core->dispatcher.upcalls == a[0] && !core->upcalls_pending)
        events_sleep(core);
    return 0;
}

static int64_t call_upcall(struct core *core, const uint64_t *a)
{
    if (a[0] && !in_dram(a[0], 4))
        return REFUSED;
    core->upcall_handler = a[0];
    return 0;
}

static int64_t call_resume(struct core *core, const uint64_t *a)
{
    (void)a;
    if (!core->in_upcall)
        return REFUSED;
    upcall_end(core);
    return (int64_t)core->frame.x[X_A0]; /* the interrupted code's own */
}

static int64_t call_ipi(struct core *core, const uint64_t *a)
{
    (void)core;
    if (a[0] >= machine()->tiles)
        return REFUSED;
    doorbell_ring(a[0], BELL_IPI);
    return 0;
}

static int64_t call_timer(struct core *core, const uint64_t *a)
{
    (void)core;
    timer_arm(a[0]);
    return 0;
}

static int64_t call_queue_open(struct core *core, const uint64_t *a)
{
    return message_unit_open_queue(core, a[0]);
}

static int64_t call_endpoint_open(struct core *core, const uint64_t *a)
{
    return message_unit_open_endpoint(core, a[0], a[1], a[2], a[3]);
}

static int64_t call_queue_events(struct core *core, const uint64_t *a)
{
    if (a[0] >> core->queues_used)
        return REFUSED;
    csr_write(CSR_SMU_IE, a[0]);
    return 0;
}

static int64_t (*const calls[])(struct core *, const uint64_t *) = {
#define SYSCALL(name, arguments, meaning) call_##name,
#include "guest-os/lib/syscalls.def"
#undef SYSCALL
};

void syscall_perform(struct core *core)
{
    uint64_t number = core->frame.x[X_A7];
    core->frame.x[X_PC] += 4;
    int64_t answer = REFUSED;
    if (number < SYSCALLS)
        answer = calls[number](core, &core->frame.x[X_A0]);
    core->frame.x[X_A0] = (uint64_t)answer;
}
