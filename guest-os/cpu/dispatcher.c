/*
 * A core's dispatcher: the one stream of user code that its driver runs.
 *
 *            ring SPAWN                     done
 *   idle ----------------> running -------------------> idle
 *    | wfi                   ^  |  trap, interrupt
 *    +-- event               +--+
 *
 * Another core starts a dispatcher by winning `taken` in the doorbell, writing
 * entry and argument there and ringing.  The winner alone writes until the
 * owner clears `taken` at the end.
 *
 * Memory order: entry and argument are ordered before the reason bit by the
 * release of the ring, and the store to setssip after it by the fence, so that
 * a core that takes the interrupt sees the reason, and with it the arguments.
 */
#include "guest-os/cpu/core.h"

#include "guest-os/boot/layout.h"
#include "guest-os/cpu/report.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/riscv.h"

#include <stddef.h>

extern char global_pointer[]; /* link.ld */

/* At the bottom of the user stack; gone when the stack has grown through it. */
#define STACK_CANARY 0x7e55e7a57ac4ca2eul

_Static_assert(offsetof(struct core, frame) == 0, "trap_entry.S");
_Static_assert(offsetof(struct core, kernel_stack) == CORE_KERNEL_STACK, "trap_entry.S");
_Static_assert(offsetof(struct core, machine_save) == CORE_MACHINE_SAVE, "start.S");
_Static_assert(sizeof(struct core) <= CORE_BLOCK_BYTES_MIN / 3, "leave room for two stacks");

static uint64_t *stack_bottom(const struct core *core)
{
    return (uint64_t *)((uint64_t)core + layout.kernel_stack);
}

void doorbell_ring(uint64_t number, uint64_t reason)
{
    __atomic_fetch_or(&core_of(number)->bell.reasons, reason, __ATOMIC_RELEASE);
    fence(rw, iorw);
    *(volatile uint32_t *)(MAP_WIDE_SETSSIP_BASE + 4 * number) = 1;
}

void dispatcher_start(struct core *core, uint64_t entry, uint64_t argument)
{
    *stack_bottom(core) = STACK_CANARY;
    core->frame = (struct frame){.x = {
                                     [X_PC] = (uint64_t)(uintptr_t)user_start,
                                     [X_GP] = (uint64_t)global_pointer,
                                     [X_SP] = user_stack_of(core),
                                     [X_TP] = (uint64_t)&core->dispatcher,
                                     [X_A0] = entry,
                                     [X_A1] = argument,
                                 }};
    core->dispatcher.upcalls = 0;
    core->upcall_handler = 0;
    core->upcalls_pending = 0;
    core->in_upcall = false;
    core->running = true;
}

void dispatcher_end(struct core *core)
{
    if (*stack_bottom(core) != STACK_CANARY) {
        report("tile %lu: the user stack has overflowed\n", core->dispatcher.core);
        report_exit(GUEST_FAILED);
    }
    core->running = false;
    __atomic_store_n(&core->bell.taken, 0, __ATOMIC_RELEASE);
    dispatcher_run(core);
}

void dispatcher_run(struct core *core)
{
    while (!core->running)
        events_sleep(core);
    upcall_deliver(core);
    cpu_return_to_user(core);
}
