/*
 * Heap sort on one tile: the simulator's speed benchmark.  WORDS pseudo-random
 * words are sorted SORTS times, each time from a new seed; the exit code says
 * whether all came out in order.  The defaults fit into an L1 of 16 KiB and make
 * about 300 million instructions; GUEST_EXAMPLE_FLAGS='-DWORDS=65536u -DSORTS=16u'
 * makes as many with a working set of 256 KiB.
 */
#include <stddef.h>
#include <stdint.h>

#ifndef WORDS
#define WORDS 2048u
#endif
#ifndef SORTS
#define SORTS 740u
#endif

int main(void);

static uint32_t heap[WORDS];

static void fill(uint32_t seed)
{
    for (size_t i = 0; i < WORDS; i++) {
        seed = seed * 1664525u + 1013904223u;
        heap[i] = seed;
    }
}

/* Lets the word at `top` sink until no child in [0, count) is larger. */
static void sink(size_t top, size_t count)
{
    uint32_t word = heap[top];
    for (size_t child = 2 * top + 1; child < count; child = 2 * top + 1) {
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= word)
            break;
        heap[top] = heap[child];
        top = child;
    }
    heap[top] = word;
}

static void sort(void)
{
    for (size_t top = WORDS / 2; top-- > 0;)
        sink(top, WORDS);
    for (size_t last = WORDS - 1; last > 0; last--) {
        uint32_t largest = heap[0];
        heap[0] = heap[last];
        heap[last] = largest;
        sink(0, last);
    }
}

static int is_sorted(void)
{
    for (size_t i = 1; i < WORDS; i++)
        if (heap[i - 1] > heap[i])
            return 0;
    return 1;
}

int main(void)
{
    for (uint32_t i = 0; i < SORTS; i++) {
        fill(i + 1);
        sort();
        if (!is_sorted())
            return 1;
    }
    return 0;
}
