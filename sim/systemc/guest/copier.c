/*
 * The guest of the SystemC example: uses every register of the device that
 * sim/systemc/copier.hpp describes, and prints what it finds.  Boot arguments ask
 * for less:
 *   load   one load from the device, from TIME
 *   queue  all but the copy: nothing that acts from outside
 *   wait   sleeps until an interrupt comes from outside
 */
#include <stdbool.h>
#include <stdint.h>

#include "sim/abi/bootinfo.h"
#include "sim/abi/memmap.h"
#include "sim/abi/simctl.h"

#define DEVICE ((volatile uint64_t *)0x40000000)
enum { TIME, QUEUE, COUNT, SOURCE, TARGET, BYTES, STATUS, ABSENT };
enum { WORDS = 512, ROUNDS = 4, DONE = 2, MIE_MEIE = 1 << 11 };

int main(void);

static uint64_t from[WORDS] __attribute__((aligned(64))), to[WORDS] __attribute__((aligned(64)));

static bool is_asked_for(const char *what)
{
    const char *args = ((const struct bootinfo *)MAP_BOOTINFO_BASE)->args;
    while (*what && *args == *what)
        args++, what++;
    return !*what && !*args;
}

static void print(const char *text)
{
    for (; *text; text++)
        *(volatile unsigned char *)(MAP_SIMCTL_BASE + SIMCTL_CONSOLE) = (unsigned char)*text;
}

static void print_number(uint64_t n)
{
    char text[21], *at = text + 20;
    *at = '\0';
    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    print(at);
}

static void print_line(const char *before, uint64_t n, const char *after)
{
    print(before);
    print_number(n);
    print(after);
    print("\n");
}

static uint64_t cycle(void)
{
    uint64_t now;
    __asm__ volatile("rdcycle %0" : "=r"(now));
    return now;
}

/* Cycles from a load's issue to the next instruction's, once the code is there. */
static uint64_t time_load(void)
{
    uint64_t before = 0, after = 0, value;
    for (unsigned round = 0; round < ROUNDS; round++)
        __asm__ volatile(".balign 64\n rdcycle %0\n ld %2, 0(%3)\n rdcycle %1"
                         : "=&r"(before), "=&r"(after), "=&r"(value)
                         : "r"(&DEVICE[TIME])
                         : "memory");
    return after - before - 1;
}

/* The cause of the trap that a load from a register ends in, or 0. */
static uint64_t cause_of_load(unsigned index)
{
    uint64_t cause, old, value;
    __asm__ volatile("csrw mcause, zero\n la %0, 1f\n csrrw %1, mtvec, %0\n"
                     "ld %2, 0(%3)\n .balign 4\n 1: csrw mtvec, %1\n csrr %0, mcause"
                     : "=&r"(cause), "=&r"(old), "=&r"(value)
                     : "r"(&DEVICE[index])
                     : "memory");
    return cause;
}

static void use_queue(void)
{
    uint64_t sum = 0;
    for (uint64_t n = 1; n <= 3; n++)
        DEVICE[QUEUE] = n;
    print_line("queued: ", DEVICE[COUNT], " values");
    while (DEVICE[COUNT])
        sum = 10 * sum + DEVICE[QUEUE];
    print_line("in order: ", sum, "");
    print_line("nothing left: trap ", cause_of_load(QUEUE), "");
    print_line("no such register: trap ", cause_of_load(ABSENT), "");
}

static void listen(void)
{
    __asm__ volatile("csrw mie, %0" : : "r"(MIE_MEIE));
}

/* Starts a copy and sleeps until the device interrupts. */
static uint64_t copy(void)
{
    for (uint64_t n = 0; n < WORDS; n++)
        from[n] = n * n;
    uint64_t begin = cycle(), wrong = 0;
    DEVICE[SOURCE] = (uint64_t)from;
    DEVICE[TARGET] = (uint64_t)to;
    DEVICE[BYTES] = sizeof to;
    listen();
    while (DEVICE[STATUS] != DONE)
        __asm__ volatile("wfi");
    DEVICE[STATUS] = 0;
    uint64_t took = cycle() - begin;
    for (uint64_t n = 0; n < WORDS; n++)
        wrong += to[n] != n * n;
    print_line("copied: ", WORDS - wrong, " words");
    return took;
}

/* A boot argument's part; false when there is none. */
static bool did_less(void)
{
    if (is_asked_for("load")) {
        print_line("", DEVICE[TIME], "");
    } else if (is_asked_for("wait")) {
        listen();
        __asm__ volatile("wfi");
    } else {
        return false;
    }
    return true;
}

int main(void)
{
    if (did_less())
        return 0;
    uint64_t time = DEVICE[TIME], later = DEVICE[TIME];
    print_line("a load takes ", time_load(), " cycles");
    print(later > time ? "time passes\n" : "time stands still\n");
    use_queue();
    if (is_asked_for("queue"))
        return 0;
    uint64_t took = copy();
    print(took > 10000 && took < 20000 ? "in good time\n" : "too soon or too late\n");
    return 0;
}
