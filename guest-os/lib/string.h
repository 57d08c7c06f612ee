/* The parts of <string.h> that the guest and the compiler itself need. */
#ifndef GUEST_STRING_H
#define GUEST_STRING_H

#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
size_t strlen(const char *s);
bool string_equal(const char *a, const char *b);

#endif
