/* Arenas: memory is zeroed, aligned and apart, whichever kind of block it lies in. */
#include "sim/base/arena.h"

#include <criterion/criterion.h>
#include <stdint.h>

enum { ROUNDS = 3000, BYTES = 5000 };

/* Small objects fill the first, ordinary block and then blocks of large pages. */
Test(arena, objects_are_zeroed_aligned_and_apart)
{
    struct arena *arena = arena_create();
    static unsigned char *object[ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        object[i] = arena_alloc(arena, 1, BYTES);
        cr_assert_eq((uintptr_t)object[i] % 64, 0);
        for (unsigned k = 0; k < BYTES; k++)
            cr_assert_eq(object[i][k], 0);
        for (unsigned k = 0; k < BYTES; k++)
            object[i][k] = (unsigned char)i;
    }
    for (unsigned i = 0; i < ROUNDS; i++)
        cr_assert(object[i][0] == (unsigned char)i && object[i][BYTES - 1] == (unsigned char)i);
    cr_assert_geq(arena_bytes(arena), (size_t)ROUNDS * BYTES);
    arena_destroy(arena);
}

Test(arena, dense_memory_is_the_same_to_its_owner)
{
    static const size_t sizes[] = {1, 4096, (size_t)2 << 20, ((size_t)5 << 20) + 1};
    struct arena *arena = arena_create();
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *p = arena_alloc_dense(arena, sizes[i], 1);
        cr_assert_eq((uintptr_t)p % 64, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            cr_assert_eq(p[k]++, 0);
    }
    arena_destroy(arena);
}
