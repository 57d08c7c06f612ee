/* The ring of stores and what loads find in it, with every size and offset. */
#include "sim/core/store_buffer.h"

#include <criterion/criterion.h>
#include <string.h>

#include "sim/abi/memmap.h"

enum { CAPACITY = 3, WINDOW = 24 };
#define BASE (MAP_DRAM_BASE + UINT64_C(0x1000))

static struct store_entry ring[CAPACITY];

static struct store_buffer empty_buffer(void)
{
    return (struct store_buffer){.entry = ring, .capacity = CAPACITY};
}

static uint64_t pattern(unsigned store)
{
    return UINT64_C(0x0807060504030201) * (store + 1);
}

static void put_store(struct store_buffer *b, unsigned offset, unsigned bytes, unsigned store)
{
    store_buffer_put(b, (struct store_entry){BASE + offset, pattern(store), (uint8_t)bytes});
}

Test(store_buffer, stores_leave_in_order_as_the_ring_goes_round)
{
    struct store_buffer b = empty_buffer();
    for (unsigned n = 0; n < 10; n++) {
        put_store(&b, 8 * (n % 4), 8, n);
        if (n == 0)
            continue;
        cr_assert_eq(store_buffer_oldest(&b)->value, pattern(n - 1));
        store_buffer_drop_oldest(&b);
        cr_assert_not(store_buffer_is_empty(&b));
    }
    store_buffer_drop_oldest(&b);
    cr_assert(store_buffer_is_empty(&b));
}

Test(store_buffer, is_full_at_its_capacity)
{
    struct store_buffer b = empty_buffer(), none = {.capacity = 0};
    for (unsigned n = 0; n < CAPACITY; n++) {
        cr_assert_not(store_buffer_is_full(&b));
        put_store(&b, 0, 1, n);
    }
    cr_assert(store_buffer_is_full(&b));
    cr_assert(store_buffer_is_full(&none) && store_buffer_is_empty(&none));
}

/* What a load of `bytes` at `offset` should find, byte by byte: who wrote each last. */
static enum store_match expected_match(const int8_t *writer, unsigned offset, unsigned bytes,
                                       const struct store_buffer *b, int *youngest)
{
    *youngest = -1;
    for (unsigned i = 0; i < bytes; i++)
        *youngest = writer[offset + i] > *youngest ? writer[offset + i] : *youngest;
    if (*youngest < 0)
        return STORE_NONE;
    const struct store_entry *e = &b->entry[*youngest];
    bool whole = BASE + offset >= e->address && BASE + offset + bytes <= e->address + e->bytes;
    return whole ? STORE_WHOLE : STORE_PARTLY;
}

static void check_loads(const struct store_buffer *b, const uint8_t *memory, const int8_t *writer)
{
    for (unsigned bytes = 1; bytes <= 8; bytes++)
        for (unsigned offset = 0; offset + bytes <= WINDOW; offset++) {
            int youngest;
            uint64_t value = 0, number = 99, wanted = 0;
            enum store_match match = expected_match(writer, offset, bytes, b, &youngest);
            cr_assert_eq(store_buffer_find(b, BASE + offset, bytes, &value, &number), match);
            if (match != STORE_NONE)
                cr_assert_eq(number, (uint64_t)youngest);
            memcpy(&wanted, memory + offset, bytes);
            if (match == STORE_WHOLE)
                cr_assert_eq(value, wanted, "%u bytes at %u", bytes, offset);
        }
}

/* Two stores of any size (an odd one is a part of a store over two lines) and place. */
Test(store_buffer, a_load_finds_the_youngest_store_to_its_bytes)
{
    for (unsigned sizes = 0; sizes < 64; sizes++)
        for (unsigned places = 0; places < 256; places++) {
            struct store_buffer b = empty_buffer();
            uint8_t memory[WINDOW] = {0};
            int8_t writer[WINDOW];
            memset(writer, -1, sizeof writer);
            for (unsigned n = 0; n < 2; n++) {
                unsigned bytes = 1 + (sizes >> (3 * n) & 7), offset = places >> (4 * n) & 15;
                uint64_t value = pattern(n);
                put_store(&b, offset, bytes, n);
                memcpy(memory + offset, &value, bytes);
                memset(writer + offset, (int)n, bytes);
            }
            check_loads(&b, memory, writer);
        }
}

Test(store_buffer, what_has_left_is_not_found)
{
    struct store_buffer b = empty_buffer();
    uint64_t value, number;
    put_store(&b, 0, 8, 0);
    store_buffer_drop_oldest(&b);
    cr_assert_eq(store_buffer_find(&b, BASE, 8, &value, &number), STORE_NONE);
}
