/* The driver's own voice: console lines without a call, and ways to end. */
#ifndef GUEST_REPORT_H
#define GUEST_REPORT_H

#include <stddef.h>
#include <stdint.h>

struct core;

void report_bytes(const char *text, size_t bytes);
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The run ends; the simulator exits with `code`. */
void report_exit(int code) __attribute__((noreturn));

/* One line, then the end with GUEST_USAGE: this machine or these arguments will not do. */
void report_refusal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* A trap without a handler: cause, pc, tval, core, registers; ends with GUEST_TRAP. */
void report_user_trap(const struct core *core, uint64_t cause, uint64_t tval)
    __attribute__((noreturn));
void report_supervisor_trap(uint64_t cause, uint64_t pc, uint64_t tval, uint64_t core)
    __attribute__((noreturn));
void report_machine_trap(uint64_t cause, uint64_t pc, uint64_t tval, uint64_t core)
    __attribute__((noreturn));

#endif
