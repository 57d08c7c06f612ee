/*
 * Names of addresses: the symbols of a guest, sorted, so that a report can say
 * <monitor_dispatch+0x1c> instead of a number.
 */
#ifndef TESSERA_SYMBOLS_H
#define TESSERA_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a name stands for.  Where several names share an address, the later
 * kind is the one shown. */
enum symbol_kind {
    SYMBOL_LABEL,    /* a bare label: it extends to the next symbol */
    SYMBOL_OBJECT,   /* data of known size */
    SYMBOL_FUNCTION, /* code of known size */
    SYMBOL_KINDS
};

struct symbol {
    uint64_t address, bytes;
    uint64_t reach; /* the largest end of this symbol and all before it */
    char *name;
    uint8_t kind; /* enum symbol_kind */
};

struct symbols {
    struct symbol *item;
    unsigned count, capacity;
};

enum { SYMBOL_TEXT_MAX = 160 };

/* Adds a symbol; the name is copied.  A label's `bytes` is the most that it may
 * cover.  Call symbols_sort once after the last one. */
void symbols_add(struct symbols *symbols, enum symbol_kind kind, const char *name, uint64_t address,
                 uint64_t bytes);
void symbols_sort(struct symbols *symbols);
void symbols_free(struct symbols *symbols);

/* The innermost symbol that covers the address, or NULL; its first byte counts
 * even when the symbol is empty. */
const struct symbol *symbols_at(const struct symbols *symbols, uint64_t address);

/* The address of a name; false when there is none. */
bool symbols_find(const struct symbols *symbols, const char *name, uint64_t *address);

/* "<name+0x1c>", "<name>" at its first byte, "" when nothing covers the
 * address.  Returns `text`. */
char *symbols_format(const struct symbols *symbols, uint64_t address, char *text, size_t bytes);

#endif
