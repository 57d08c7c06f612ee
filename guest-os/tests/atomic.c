/*
 * Atomics over all tiles: every AMO on one contended word, LR/SC on another.
 * Each tile adds, sets its bit, toggles its bit twice, and offers its number to
 * minimum and maximum; what must come out does not depend on the order.
 */
// machine: configs/machines/mesh-4x4.yaml
// expect: amoadd 3200, amoor ffff, amoxor 0, amoand 0
// expect: amomin -15, amomax 15, amominu 1, amomaxu 16
// expect: amoswap: every token taken once
// expect: amoadd.w 1600, upper half untouched
// expect: lr/sc 1600
#include "guest-os/lib/barrier.h"
#include "guest-os/lib/exitcode.h"
#include "guest-os/lib/machine.h"
#include "guest-os/lib/memory.h"
#include "guest-os/lib/user.h"

enum { ROUNDS = 100 };

#define AMO(op, address, operand)                                                                  \
    ({                                                                                             \
        int64_t old;                                                                               \
        __asm__ volatile(#op " %0, %2, (%1)"                                                       \
                         : "=&r"(old)                                                              \
                         : "r"(address), "r"((int64_t)(operand))                                   \
                         : "memory");                                                              \
        old;                                                                                       \
    })

static struct {
    struct barrier barrier;
    int64_t add __attribute__((aligned(LINE_BYTES)));
    int64_t or_bits, xor_bits, and_bits, min, max, minu, maxu, token; /* one line, contended */
    int64_t half, counter __attribute__((aligned(LINE_BYTES)));
} shared = {.and_bits = -1, .minu = -1, .token = 1};

static int64_t *tokens; /* per core: sum of the tokens taken */

static void load_reserved_add(int64_t *word, int64_t value)
{
    int64_t old, failed;
    __asm__ volatile("1: lr.d %0, (%2)\n"
                     "   add %0, %0, %3\n"
                     "   sc.d %1, %0, (%2)\n"
                     "   bnez %1, 1b"
                     : "=&r"(old), "=&r"(failed)
                     : "r"(word), "r"(value)
                     : "memory");
}

static void take_part(void *unused)
{
    (void)unused;
    int64_t core = self_core();
    barrier_wait(&shared.barrier, (unsigned)machine()->tiles);
    for (unsigned i = 0; i < ROUNDS; i++) {
        AMO(amoadd.d, &shared.add, 2);
        AMO(amoor.d, &shared.or_bits, 1l << core);
        AMO(amoxor.d, &shared.xor_bits, 1l << core);
        AMO(amoand.d, &shared.and_bits, ~(1l << core));
        AMO(amomin.d, &shared.min, -core);
        AMO(amomax.d, &shared.max, core);
        AMO(amominu.d, &shared.minu, core + 1);
        AMO(amomaxu.d, &shared.maxu, core + 1);
        AMO(amoadd.w, &shared.half, 1);
        tokens[core * 8] += AMO(amoswap.d, &shared.token, i + 1);
        load_reserved_add(&shared.counter, 1);
    }
    AMO(amoand.d, &shared.and_bits, 0xffff);
    barrier_wait(&shared.barrier, (unsigned)machine()->tiles);
}

/* Every token put in is taken out once, but the one that is left. */
static void check_tokens(void)
{
    int64_t tiles = (int64_t)machine()->tiles, taken = shared.token;
    for (int64_t core = 0; core < tiles; core++)
        taken += tokens[core * 8];
    check(taken == 1 + tiles * ROUNDS * (ROUNDS + 1) / 2);
    printf("amoswap: every token taken once\n");
}

int user_main(void)
{
    tokens = memory_take(machine()->tiles * LINE_BYTES);
    shared.half = 0x7eadbeef00000000;
    for (unsigned core = 1; core < machine()->tiles; core++)
        check(spawn(core, take_part, 0));
    take_part(0);
    printf("amoadd %ld, amoor %lx, amoxor %lx, amoand %lx\n", shared.add, (uint64_t)shared.or_bits,
           (uint64_t)shared.xor_bits, (uint64_t)shared.and_bits);
    printf("amomin %ld, amomax %ld, amominu %ld, amomaxu %ld\n", shared.min, shared.max,
           shared.minu, shared.maxu);
    check_tokens();
    check(shared.half >> 32 == 0x7eadbeef);
    printf("amoadd.w %d, upper half untouched\n", (int)shared.half);
    printf("lr/sc %ld\n", shared.counter);
    return GUEST_OK;
}
