/*
 * One core, as its CPU driver sees it.  The driver is single-threaded, runs
 * with interrupts off and shares nothing: everything here is written by its own
 * core, except the doorbell, which is how others reach it.
 */
#ifndef GUEST_CORE_H
#define GUEST_CORE_H

#include "sim/abi/memmap.h"

/* Offsets in struct core, for the assembly; dispatcher.c checks them. */
#define CORE_KERNEL_STACK 256
#define CORE_MACHINE_SAVE 264

#ifndef __ASSEMBLER__
#include "guest-os/lib/user.h"
#include <stdbool.h>
#include <stdint.h>

/* User registers: x1 to x31 at their number, the pc in place of x0. */
struct frame {
    uint64_t x[32];
};

enum frame_register {
    X_PC = 0,
    X_RA = 1,
    X_SP = 2,
    X_GP = 3,
    X_TP = 4,
    X_A0 = 10,
    X_A1 = 11,
    X_A7 = 17
};

/* Reasons to ring, one bit each. */
enum { BELL_SPAWN = 1, BELL_IPI = 2 };

/* The one line that other cores write. */
struct doorbell {
    uint64_t reasons;     /* set by the caller, taken by the owner (atomic) */
    uint64_t subtrees_up; /* children in the boot tree that have reported */
    uint64_t taken;       /* 1: a dispatcher runs here or is about to */
    uint64_t entry;       /* of the dispatcher to start; written while taken */
    uint64_t argument;
} __attribute__((aligned(LINE_BYTES)));

struct core {
    /* the trap entry's part: fixed offsets */
    struct frame frame;
    uint64_t kernel_stack;
    uint64_t machine_save[3];

    /* the dispatcher: what it sees, and what the driver knows of it */
    struct dispatcher dispatcher;
    bool running;
    uint64_t upcall_handler;  /* 0: events are dropped */
    uint32_t upcalls_pending; /* bit = enum upcall_reason */
    bool in_upcall;
    uint64_t upcall_detail;   /* of UPCALL_MESSAGE: mask of queues */
    struct frame interrupted; /* user state below the running upcall */

    /* what of this tile's message unit is handed out */
    uint32_t endpoints_used, queues_used, slots_used;

    struct doorbell bell;
};

/* Driver, one file each: boot, traps, events, calls, message unit. */
void cpu_start(struct core *core, uint64_t number) __attribute__((noreturn));
void cpu_return_to_user(struct core *core) __attribute__((noreturn));

/* Makes `entry` the core's dispatcher; it begins at the next return to user. */
void dispatcher_start(struct core *core, uint64_t entry, uint64_t argument);
void dispatcher_end(struct core *core);
/* Sleeps until there is a dispatcher to return to, and returns to it. */
void dispatcher_run(struct core *core) __attribute__((noreturn));

void events_enable(void);
void events_collect(struct core *core);
void events_sleep(struct core *core);
void upcall_deliver(struct core *core);
void upcall_end(struct core *core);

void doorbell_ring(uint64_t number, uint64_t reason);
void timer_arm(uint64_t deadline);

int64_t message_unit_open_queue(struct core *core, uint64_t depth);
int64_t message_unit_open_endpoint(struct core *core, uint64_t tile, uint64_t queue, uint64_t label,
                                   uint64_t credits);

void syscall_perform(struct core *core);
#endif

#endif
