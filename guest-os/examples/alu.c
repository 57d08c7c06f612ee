/*
 * Arithmetic in registers on one tile: a xorshift generator (Marsaglia 2003),
 * ROUNDS times, with no memory access.  What a hart can do at best.  The period
 * is 2^64 - 1, so the state never becomes zero; zero would be exit code 1.
 */
#include <stdint.h>

#ifndef ROUNDS
#define ROUNDS 37500000u
#endif

int main(void);

int main(void)
{
    uint64_t x = 88172645463325252u;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        __asm__ volatile("" : "+r"(x)); /* keep every round */
    }
    return x == 0;
}
