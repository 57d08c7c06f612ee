/* All cores add to one counter with load-reserved and store-conditional, on a
 * machine whose atomics are slow: everyone gets through. */
// machine: tiny-2x2
// machine: mesh-4x4
// set: hart.amo_cycles=64
// expect: 50 additions a core, none lost
#include "guest-os/tests/mu.h"
#include "guest-os/lib/machine.h"

enum { ADDITIONS = 50 };

static struct barrier barrier;
static uint64_t counter __attribute__((aligned(LINE_BYTES)));

static void add_one(void)
{
    uint64_t value, failed;
    __asm__ volatile("1: lr.d %0, %2\n"
                     "addi %0, %0, 1\n"
                     "sc.d %1, %0, %2\n"
                     "bnez %1, 1b"
                     : "=&r"(value), "=&r"(failed), "+A"(counter)
                     :
                     : "memory");
}

static void adder(void *unused)
{
    (void)unused;
    unsigned cores = (unsigned)machine()->tiles;
    barrier_wait(&barrier, cores);
    for (unsigned n = 0; n < ADDITIONS; n++)
        add_one();
    barrier_wait(&barrier, cores);
}

int user_main(void)
{
    uint64_t cores = machine()->tiles;
    for (unsigned core = 1; core < cores; core++)
        check(spawn(core, adder, 0));
    adder(0);
    check(counter == cores * ADDITIONS);
    printf("%u additions a core, none lost\n", ADDITIONS);
    return GUEST_OK;
}
