/*
 * Events: what interrupts mean to a core, and how user code hears of them.
 *
 *   software interrupt   another core rang the doorbell; its reasons say why
 *   timer interrupt      the deadline is over; there is no next one until set
 *   message interrupt    a queue that user code watches holds a message
 *
 * An event is noted as pending and delivered when the driver returns to user
 * code, as a call of the dispatcher's handler on the interrupted stack.  While
 * a handler runs, further events stay pending.  Each interrupt is made silent
 * when it is taken: the doorbell by clearing its pending bit *before* its
 * reasons are taken (a later ring sets it again), the timer by moving the
 * deadline to never, the message by removing its queues from the enabled set
 * until user code asks for them again.
 */
#include "guest-os/cpu/core.h"

#include "guest-os/lib/riscv.h"

#define TIMER_NEVER UINT64_MAX

void events_enable(void)
{
    csr_write(sie, 1u << IRQ_S_SOFTWARE | 1u << IRQ_S_TIMER | 1u << IRQ_MESSAGE);
}

void timer_arm(uint64_t deadline)
{
    register uint64_t a0 __asm__("a0") = deadline;
    register uint64_t a7 __asm__("a7") = MACHINE_SET_TIMER;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
}

static void note(struct core *core, enum upcall_reason reason)
{
    if (core->upcall_handler)
        core->upcalls_pending |= 1u << reason;
}

static void take_doorbell(struct core *core)
{
    csr_clear(sip, 1u << IRQ_S_SOFTWARE);
    uint64_t reasons = __atomic_exchange_n(&core->bell.reasons, 0, __ATOMIC_ACQUIRE);
    if (reasons & BELL_SPAWN)
        dispatcher_start(core, core->bell.entry, core->bell.argument);
    if (reasons & BELL_IPI)
        note(core, UPCALL_IPI);
}

static void take_timer(struct core *core)
{
    timer_arm(TIMER_NEVER);
    note(core, UPCALL_TIMER);
}

static void take_messages(struct core *core)
{
    uint64_t watched = csr_read(CSR_SMU_IE), ready = csr_read(CSR_MU_READY) & watched;
    csr_write(CSR_SMU_IE, watched & ~ready);
    core->upcall_detail |= ready;
    note(core, UPCALL_MESSAGE);
}

void events_collect(struct core *core)
{
    uint64_t pending = csr_read(sip) & csr_read(sie);
    if (pending & 1u << IRQ_S_SOFTWARE)
        take_doorbell(core);
    if (pending & 1u << IRQ_S_TIMER)
        take_timer(core);
    if (pending & 1u << IRQ_MESSAGE)
        take_messages(core);
}

/* wfi returns while an interrupt is pending, even though they are off here: an
 * event between the last look and the wfi is not slept through. */
void events_sleep(struct core *core)
{
    wait_for_interrupt();
    events_collect(core);
}

static enum upcall_reason take_pending(struct core *core)
{
    unsigned reason = 0;
    while (!(core->upcalls_pending >> reason & 1))
        reason++;
    core->upcalls_pending &= ~(1u << reason);
    return (enum upcall_reason)reason;
}

void upcall_deliver(struct core *core)
{
    if (!core->upcalls_pending || core->in_upcall)
        return;
    enum upcall_reason reason = take_pending(core);
    core->in_upcall = true;
    core->dispatcher.upcalls++;
    core->interrupted = core->frame;
    core->frame.x[X_PC] = core->upcall_handler;
    core->frame.x[X_RA] = (uint64_t)(uintptr_t)user_resume;
    core->frame.x[X_SP] &= ~(uint64_t)15;
    core->frame.x[X_A0] = reason;
    core->frame.x[X_A1] = reason == UPCALL_MESSAGE ? core->upcall_detail : 0;
    if (reason == UPCALL_MESSAGE)
        core->upcall_detail = 0;
}

void upcall_end(struct core *core)
{
    if (!core->in_upcall)
        return;
    core->frame = core->interrupted;
    core->in_upcall = false;
}
