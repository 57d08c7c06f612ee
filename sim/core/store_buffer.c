/*
 * The ring of store_buffer.h and the search that forwards from it.  A load is
 * answered by one store or by none: merging several would need a port to the
 * buffer for each byte.
 */
#include "sim/core/store_buffer.h"

#include <assert.h>

static struct store_entry *entry_at(const struct store_buffer *b, uint64_t number)
{
    return &b->entry[number % b->capacity];
}

void store_buffer_put(struct store_buffer *b, struct store_entry entry)
{
    assert(!store_buffer_is_full(b));
    assert(entry.bytes >= 1 && entry.bytes <= 8);
    assert(line_of(entry.address) == line_of(entry.address + entry.bytes - 1));
    *entry_at(b, b->entered++) = entry;
}

const struct store_entry *store_buffer_oldest(const struct store_buffer *b)
{
    assert(!store_buffer_is_empty(b));
    return entry_at(b, b->left);
}

void store_buffer_drop_oldest(struct store_buffer *b)
{
    assert(!store_buffer_is_empty(b));
    b->left++;
}

static bool overlaps(const struct store_entry *e, paddr_t address, unsigned bytes)
{
    return address < e->address + e->bytes && e->address < address + bytes;
}

static bool contains(const struct store_entry *e, paddr_t address, unsigned bytes)
{
    return address >= e->address && address + bytes <= e->address + e->bytes;
}

static uint64_t low_bytes(uint64_t value, unsigned bytes)
{
    return bytes == 8 ? value : value & ((UINT64_C(1) << (8 * bytes)) - 1);
}

enum store_match store_buffer_find(const struct store_buffer *b, paddr_t address, unsigned bytes,
                                   uint64_t *value, uint64_t *number)
{
    for (uint64_t n = b->entered; n-- > b->left;) {
        const struct store_entry *e = entry_at(b, n);
        if (!overlaps(e, address, bytes))
            continue;
        *number = n;
        if (!contains(e, address, bytes))
            return STORE_PARTLY;
        *value = low_bytes(e->value >> (8 * (address - e->address)), bytes);
        return STORE_WHOLE;
    }
    return STORE_NONE;
}
