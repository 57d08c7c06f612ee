/*
 * printf-lite.  A format is copied until a `%`; a conversion reads its width
 * and length, turns one argument into digits from the right of a small buffer,
 * and appends them.  Everything goes through text_put, which alone knows when
 * the buffer is full.
 */
#include "guest-os/lib/format.h"

#include <stdbool.h>
#include <stdint.h>

struct text {
    char *out;
    size_t size, used;
};

struct conversion {
    char letter, pad;
    bool is_long;
    unsigned width;
};

static void text_put(struct text *t, char c)
{
    if (t->used < t->size)
        t->out[t->used++] = c;
}

static void put_number(struct text *t, const struct conversion *c, uint64_t value, bool negative)
{
    char digits[24];
    unsigned base = c->letter == 'x' ? 16 : 10, count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (negative)
        digits[count++] = '-';
    for (unsigned i = count; i < c->width; i++)
        text_put(t, c->pad);
    while (count)
        text_put(t, digits[--count]);
}

static void put_string(struct text *t, const char *s)
{
    while (*s)
        text_put(t, *s++);
}

static const char *read_conversion(const char *format, struct conversion *c)
{
    *c = (struct conversion){.pad = ' '};
    if (*format == '0') {
        c->pad = '0';
        format++;
    }
    while (*format >= '0' && *format <= '9')
        c->width = c->width * 10 + (unsigned)(*format++ - '0');
    if (*format == 'l') {
        c->is_long = true;
        format++;
    }
    c->letter = *format;
    return *format ? format + 1 : format;
}

static void put_signed(struct text *t, const struct conversion *c, int64_t value)
{
    put_number(t, c, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

size_t format_text(char *out, size_t size, const char *format, va_list arguments)
{
    struct text t = {out, size, 0};
    struct conversion c;
    while (*format) {
        if (*format != '%') {
            text_put(&t, *format++);
            continue;
        }
        format = read_conversion(format + 1, &c);
        if (c.letter == 's')
            put_string(&t, va_arg(arguments, const char *));
        else if (c.letter == 'c')
            text_put(&t, (char)va_arg(arguments, int));
        else if (c.letter == 'd')
            put_signed(&t, &c, c.is_long ? va_arg(arguments, long) : va_arg(arguments, int));
        else if (c.letter == 'u' || c.letter == 'x')
            put_number(&t, &c,
                       c.is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned),
                       false);
        else
            text_put(&t, c.letter);
    }
    return t.used;
}
