/*
 * User code's side of the driver's calls: one ecall each, number in a7,
 * arguments in a0 to a3, answer in a0.
 */
#include "guest-os/lib/user.h"

#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/format.h"
#include "guest-os/lib/syscall.h"

static int64_t call(enum syscall_number number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    register uint64_t a3 __asm__("a3") = d;
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a7) : "memory");
    return (int64_t)a0;
}

void user_start(void (*entry)(void *), void *argument)
{
    entry(argument);
    call(SYS_done, 0, 0, 0, 0);
    __builtin_unreachable();
}

void user_resume(void)
{
    call(SYS_resume, 0, 0, 0, 0);
    fail("resume outside an upcall");
}

void exit_run(int code)
{
    call(SYS_exit, (uint64_t)code, 0, 0, 0);
    __builtin_unreachable();
}

bool spawn(unsigned core, void (*entry)(void *), void *argument)
{
    return call(SYS_spawn, core, (uint64_t)(uintptr_t)entry, (uint64_t)(uintptr_t)argument, 0) == 0;
}

void yield(uint64_t seen)
{
    call(SYS_yield, seen, 0, 0, 0);
}

void upcall_register(upcall_handler handler)
{
    call(SYS_upcall, (uint64_t)(uintptr_t)handler, 0, 0, 0);
}

bool ipi_send(unsigned core)
{
    return call(SYS_ipi, core, 0, 0, 0) == 0;
}

void timer_set(uint64_t deadline)
{
    call(SYS_timer, deadline, 0, 0, 0);
}

int queue_open(unsigned depth)
{
    return (int)call(SYS_queue_open, depth, 0, 0, 0);
}

int endpoint_open(unsigned tile, unsigned queue, uint64_t label, unsigned credits)
{
    return (int)call(SYS_endpoint_open, tile, queue, label, credits);
}

void queue_events(uint64_t mask)
{
    call(SYS_queue_events, mask, 0, 0, 0);
}

static void console_write(const char *text, size_t bytes)
{
    call(SYS_console, (uint64_t)(uintptr_t)text, bytes, 0, 0);
}

void printf(const char *format, ...)
{
    char line[FORMAT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    console_write(line, format_text(line, sizeof line, format, arguments));
    va_end(arguments);
}

void fail(const char *format, ...)
{
    char line[FORMAT_BYTES];
    va_list arguments;
    printf("fail: ");
    va_start(arguments, format);
    console_write(line, format_text(line, sizeof line, format, arguments));
    va_end(arguments);
    printf("\n");
    exit_run(GUEST_FAILED);
}
