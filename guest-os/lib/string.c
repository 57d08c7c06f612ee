/*
 * Memory and string functions.  The compiler may call memcpy and memset for a
 * structure assignment, so they must exist even where no source names them;
 * words are moved when both ends are aligned, which is what structures are.
 */
#include "guest-os/lib/string.h"

#include <stdint.h>

#define WORD sizeof(uint64_t)

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if ((((uintptr_t)t | (uintptr_t)f) & (WORD - 1)) == 0)
        for (; bytes >= WORD; bytes -= WORD, t += WORD, f += WORD)
            *(uint64_t *)(void *)t = *(const uint64_t *)(const void *)f;
    while (bytes--)
        *t++ = *f++;
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    volatile unsigned char *t = to; /* or this loop becomes a call of itself */
    while (bytes--)
        *t++ = (unsigned char)value;
    return to;
}

size_t strlen(const char *s)
{
    const volatile char *end = s;
    while (*end)
        end++;
    return (size_t)(end - (const volatile char *)s);
}

bool string_equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}
