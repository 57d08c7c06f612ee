/*
 * Traps that reach the driver.  Each enters on an empty kernel stack and leaves
 * through cpu_return_to_user or not at all, so nothing lives on that stack
 * between two of them.
 *
 *   interrupt          collect what has happened; it becomes upcalls
 *   ecall from U       a call of lib/syscalls.def
 *   anything else      nobody can handle it yet: report and end
 */
#include "guest-os/cpu/core.h"

#include "guest-os/cpu/report.h"
#include "guest-os/lib/riscv.h"

void cpu_trap_from_user(struct core *core) __attribute__((noreturn));
void cpu_trap_from_driver(uint64_t cause, uint64_t pc, uint64_t tval, const struct core *core)
    __attribute__((noreturn));

void cpu_trap_from_user(struct core *core)
{
    uint64_t cause = csr_read(scause);
    if ((int64_t)cause < 0)
        events_collect(core);
    else if (cause == CAUSE_ECALL_U)
        syscall_perform(core);
    else
        report_user_trap(core, cause, csr_read(stval));
    upcall_deliver(core);
    cpu_return_to_user(core);
}

void cpu_trap_from_driver(uint64_t cause, uint64_t pc, uint64_t tval, const struct core *core)
{
    report_supervisor_trap(cause, pc, tval, core->dispatcher.core);
}
