/*
 * User code's view of its core: the CPU driver's calls, upcalls, and printing.
 *
 * A program is `user_main`, which runs on core 0 and whose value ends the run.
 * It starts other cores with `spawn`.  A dispatcher runs until its function
 * returns; then its core sleeps.  Events (an IPI, the timer, a message) arrive
 * as upcalls: the driver calls the handler on the interrupted stack, and the
 * interrupted code goes on when the handler returns.  An upcall is never
 * interrupted by another one, and must not use the message unit's build buffer
 * or queue selection, which belong to the code below it.
 */
#ifndef GUEST_USER_H
#define GUEST_USER_H

#include <stdbool.h>
#include <stdint.h>

enum upcall_reason { UPCALL_IPI, UPCALL_TIMER, UPCALL_MESSAGE };

typedef void (*upcall_handler)(enum upcall_reason reason, uint64_t detail);

/* Written by the driver, read by the dispatcher, which finds it in tp. */
struct dispatcher {
    uint64_t core;
    volatile uint64_t upcalls; /* delivered since the dispatcher started */
};

int user_main(void);

/* Where the driver enters user code: a new dispatcher, and the return address
 * of an upcall handler. */
void user_start(void (*entry)(void *), void *argument) __attribute__((noreturn));
void user_resume(void) __attribute__((noreturn));

static inline const struct dispatcher *self(void)
{
    const struct dispatcher *d;
    __asm__ volatile("mv %0, tp" : "=r"(d));
    return d;
}

static inline unsigned self_core(void)
{
    return (unsigned)self()->core;
}

void exit_run(int code) __attribute__((noreturn));

/* Runs entry(argument) on a core that is idle; false: it is busy or not there. */
bool spawn(unsigned core, void (*entry)(void *), void *argument);

/* Sleeps until an upcall comes after the `seen`th.  Read self()->upcalls, look
 * at what the upcall would change, then yield: nothing is missed. */
void yield(uint64_t seen);

void upcall_register(upcall_handler handler);
bool ipi_send(unsigned core);
void timer_set(uint64_t deadline);

/* Message unit: negative when the tile has no more of them. */
int queue_open(unsigned depth);
int endpoint_open(unsigned tile, unsigned queue, uint64_t label, unsigned credits);
void queue_events(uint64_t mask);

/* One console line at most a call (lib/format.h). */
void printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints "fail: ..." and ends the run with GUEST_FAILED. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Ends the run unless `fact` holds. */
#define check(fact)                                                                                \
    do {                                                                                           \
        if (!(fact))                                                                               \
            fail("%s:%d: %s", __FILE__, __LINE__, #fact);                                          \
    } while (0)

#endif
