/*
 * Self-modifying code: a function is written as data, run, rewritten and run
 * again; fence.i makes each version visible to the fetch.  Then another core
 * writes it, and this one fences before it runs what was written.
 */
// expect: own code: 1 to 20, as written
// expect: code from another tile: 42
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/memory.h"
#include "guest-os/lib/riscv.h"
#include "guest-os/lib/user.h"
#include "sim/abi/memmap.h"

static volatile uint32_t *code;
static volatile uint64_t written __attribute__((aligned(LINE_BYTES)));

/* li a0, value; ret */
static void write_function(unsigned value)
{
    code[0] = 0x00000513 | value << 20;
    code[1] = 0x00008067;
}

static unsigned run_function(void)
{
    __asm__ volatile("fence.i" : : : "memory");
    return ((unsigned (*)(void))(uintptr_t)code)();
}

static void write_remotely(void *unused)
{
    (void)unused;
    write_function(42);
    fence(w, w);
    written = 1;
}

int user_main(void)
{
    code = memory_take(LINE_BYTES);
    for (unsigned value = 1; value <= 20; value++) {
        write_function(value);
        check(run_function() == value);
    }
    printf("own code: 1 to 20, as written\n");
    check(spawn(2, write_remotely, 0));
    while (!written)
        ;
    fence(r, rw);
    printf("code from another tile: %u\n", run_function());
    return GUEST_OK;
}
