/*
 * Symbols are kept in one array, sorted by address; among equals the better
 * name comes last, because a look-up starts at the last symbol that does not
 * lie above the address and walks down until one covers it:
 *
 *      a        b    c                  address ->
 *      |--------------------|           a covers 20 bytes
 *               |-|  |---|              b, c lie inside
 *                          ^ here: c ends before it, b too, a covers it
 *
 * `reach`, the running maximum of the ends, says when walking further down is
 * hopeless, so that an address outside everything costs no more than one inside.
 *
 * Assembly labels have no size.  Sorting cuts each at the next symbol.
 */
#include "sim/base/symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/arena.h"

void symbols_add(struct symbols *symbols, enum symbol_kind kind, const char *name, uint64_t address,
                 uint64_t bytes)
{
    if (symbols->count == symbols->capacity) {
        symbols->capacity = symbols->capacity ? 2 * symbols->capacity : 256;
        symbols->item = mem_resize(symbols->item, symbols->capacity * sizeof *symbols->item);
    }
    symbols->item[symbols->count++] = (struct symbol){
        .address = address,
        .bytes = bytes,
        .name = mem_copy_string(name),
        .kind = (uint8_t)kind,
    };
}

static int compare(const void *left, const void *right)
{
    const struct symbol *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    return strcmp(b->name, a->name);
}

/* A label ends where the next symbol with another address begins. */
static void cut_labels(struct symbols *symbols)
{
    uint64_t above = UINT64_MAX; /* the next address that differs */
    for (unsigned i = symbols->count; i-- > 0;) {
        struct symbol *s = &symbols->item[i];
        if (i + 1 < symbols->count && s[1].address != s->address)
            above = s[1].address;
        if (s->kind == SYMBOL_LABEL && s->bytes > above - s->address)
            s->bytes = above - s->address;
    }
}

void symbols_sort(struct symbols *symbols)
{
    uint64_t reach = 0;
    if (symbols->count)
        qsort(symbols->item, symbols->count, sizeof *symbols->item, compare);
    cut_labels(symbols);
    for (unsigned i = 0; i < symbols->count; i++) {
        struct symbol *s = &symbols->item[i];
        uint64_t end = s->address + s->bytes;
        if (end < s->address)
            end = UINT64_MAX;
        reach = end > reach ? end : reach;
        s->reach = reach;
    }
}

void symbols_free(struct symbols *symbols)
{
    for (unsigned i = 0; i < symbols->count; i++)
        mem_free(symbols->item[i].name);
    mem_free(symbols->item);
    *symbols = (struct symbols){0};
}

/* How many symbols lie at or below the address. */
static unsigned count_up_to(const struct symbols *symbols, uint64_t address)
{
    unsigned low = 0, high = symbols->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (symbols->item[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct symbol *symbols_at(const struct symbols *symbols, uint64_t address)
{
    for (unsigned i = count_up_to(symbols, address); i-- > 0;) {
        const struct symbol *s = &symbols->item[i];
        if (address == s->address || address - s->address < s->bytes)
            return s;
        if (s->reach <= address)
            return NULL;
    }
    return NULL;
}

bool symbols_find(const struct symbols *symbols, const char *name, uint64_t *address)
{
    for (unsigned i = 0; i < symbols->count; i++) {
        if (strcmp(symbols->item[i].name, name) == 0) {
            *address = symbols->item[i].address;
            return true;
        }
    }
    return false;
}

char *symbols_format(const struct symbols *symbols, uint64_t address, char *text, size_t bytes)
{
    const struct symbol *s = symbols_at(symbols, address);
    if (!s)
        snprintf(text, bytes, "%s", "");
    else if (s->address == address)
        snprintf(text, bytes, "<%s>", s->name);
    else
        snprintf(text, bytes, "<%s+0x%" PRIx64 ">", s->name, address - s->address);
    return text;
}
