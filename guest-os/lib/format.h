/* Formatted text into a buffer: what printf and the driver's reports share. */
#ifndef GUEST_FORMAT_H
#define GUEST_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* One console line at most; longer text is cut. */
#define FORMAT_BYTES 160

/* Conversions: %s %c %d %u %x %ld %lu %lx %%, with a width and a leading zero
 * (`%08x`).  Writes at most `size` bytes, no terminating zero; returns the count. */
size_t format_text(char *out, size_t size, const char *format, va_list arguments);

#endif
