/*
 * A producer and a consumer on a machine whose caches are not coherent.  Hart 0 fills a
 * buffer, writes it back, raises a flag and writes that back; hart 1 polls the flag,
 * dropping its copy each time, drops its old copy of the buffer and reads it.
 *
 * A test says what it forgets by macros: CLEANS and DROPS are 0 for the buffer that is
 * not written back, or not dropped.
 */
#ifndef GUEST_BARE_NONCOHERENT_H
#define GUEST_BARE_NONCOHERENT_H

#include "guest-os/lib/exitcode.h"
#include "guest-os/tests/bare/bare.h"

#ifndef CLEANS
#define CLEANS 1
#endif
#ifndef DROPS
#define DROPS 1
#endif

enum { WORDS = 24, ROUNDS = 20 };

/* Each on lines of its own: nobody writes back what another has stored. */
static struct {
    volatile uint64_t word[WORDS];
} buffer __attribute__((aligned(LINE_BYTES)));
static struct {
    volatile uint64_t round __attribute__((aligned(LINE_BYTES)));
    char rest[LINE_BYTES - 8];
} filled, emptied, sums;

static inline void cache_clean(const volatile void *at)
{
    __asm__ volatile(".insn i 0x0f, 2, x0, %0, 1" : : "r"(at) : "memory");
}

static inline void cache_inval(const volatile void *at)
{
    __asm__ volatile(".insn i 0x0f, 2, x0, %0, 0" : : "r"(at) : "memory");
}

void bare_interrupt(void) {}

static void raise_flag(volatile uint64_t *flag, uint64_t round)
{
    *flag = round;
    cache_clean(flag);
}

static void await_flag(volatile uint64_t *flag, uint64_t round)
{
    while (*flag != round)
        cache_inval(flag);
}

static __attribute__((noinline)) void fill_buffer(uint64_t round)
{
    for (unsigned i = 0; i < WORDS; i++)
        buffer.word[i] = round * 100 + i;
    for (unsigned i = 0; CLEANS && i < WORDS; i += LINE_BYTES / 8)
        cache_clean(&buffer.word[i]);
}

static __attribute__((noinline)) uint64_t read_buffer(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; DROPS && i < WORDS; i += LINE_BYTES / 8)
        cache_inval(&buffer.word[i]);
    for (unsigned i = 0; i < WORDS; i++)
        sum += buffer.word[i];
    return sum;
}

static uint64_t right_sum(void)
{
    uint64_t sum = 0;
    for (uint64_t round = 1; round <= ROUNDS; round++)
        sum += WORDS * round * 100 + WORDS * (WORDS - 1) / 2;
    return sum;
}

static int produce(void)
{
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        fill_buffer(round);
        raise_flag(&filled.round, round);
        await_flag(&emptied.round, round);
    }
    cache_inval(&sums.round);
    bare_print(sums.round == right_sum() ? "all rounds are right\n" : "some rounds are wrong\n");
    return GUEST_OK;
}

static void consume(void)
{
    uint64_t sum = 0;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        await_flag(&filled.round, round);
        sum += read_buffer();
        if (round == ROUNDS)
            raise_flag(&sums.round, sum);
        raise_flag(&emptied.round, round);
    }
}

int bare_main(uint64_t hart)
{
    if (hart == 0)
        return produce();
    if (hart == 1)
        consume();
    return GUEST_OK;
}

#endif
