/*
 * Console and end of run.  The driver writes the console page directly, so that
 * a report needs nothing that may be broken; the run ends by a store to
 * `tohost` (HTIF), which the simulator finds by its symbol.
 */
#include "guest-os/cpu/report.h"

#include "guest-os/cpu/core.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/format.h"
#include "guest-os/lib/riscv.h"
#include "guest-os/lib/simctl.h"

struct htif_word {
    volatile uint64_t value;
} __attribute__((aligned(LINE_BYTES)));

extern struct htif_word tohost, fromhost;
struct htif_word tohost __attribute__((section(".tohost")));
struct htif_word fromhost __attribute__((section(".tohost")));

static const char *const cause_names[] = {
    "instruction address misaligned",
    "instruction access fault",
    "illegal instruction",
    "breakpoint",
    "load address misaligned",
    "load access fault",
    "store address misaligned",
    "store access fault",
    "call from U",
    "call from S",
    "reserved cause",
    "call from M",
    "instruction page fault",
    "load page fault",
    "reserved cause",
    "store page fault",
};

#define CAUSES (sizeof cause_names / sizeof cause_names[0])

void report_bytes(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        simctl_store(SIMCTL_CONSOLE, (unsigned char)text[i]);
}

static void report_list(const char *format, va_list arguments)
{
    char line[FORMAT_BYTES];
    report_bytes(line, format_text(line, sizeof line, format, arguments));
}

void report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report_list(format, arguments);
    va_end(arguments);
}

void report_exit(int code)
{
    tohost.value = (uint64_t)(unsigned)code << 1 | 1;
    csr_write(sie, 0);
    for (;;)
        wait_for_interrupt();
}

void report_refusal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report_list(format, arguments);
    va_end(arguments);
    report("\n");
    report_exit(GUEST_USAGE);
}

static void report_trap(const char *mode, uint64_t cause, uint64_t pc, uint64_t tval, uint64_t core)
{
    const char *name = cause < CAUSES ? cause_names[cause] : "interrupt or custom cause";
    report("tile %lu: trap in %s: %s (cause %lu) at pc 0x%lx, tval 0x%lx\n", core, mode, name,
           cause, pc, tval);
}

static void report_registers(const struct frame *frame)
{
    for (unsigned i = 1; i < 32; i++)
        report("%sx%u=0x%lx%s", i % 4 == 1 ? "  " : " ", i, frame->x[i],
               i % 4 == 0 || i == 31 ? "\n" : "");
}

void report_user_trap(const struct core *core, uint64_t cause, uint64_t tval)
{
    report_trap("user code", cause, core->frame.x[X_PC], tval, core->dispatcher.core);
    report_registers(&core->frame);
    report_exit(GUEST_TRAP);
}

void report_supervisor_trap(uint64_t cause, uint64_t pc, uint64_t tval, uint64_t core)
{
    report_trap("the CPU driver", cause, pc, tval, core);
    report_exit(GUEST_TRAP);
}

void report_machine_trap(uint64_t cause, uint64_t pc, uint64_t tval, uint64_t core)
{
    report_trap("machine mode", cause, pc, tval, core);
    report_exit(GUEST_TRAP);
}
