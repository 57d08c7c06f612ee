/*
 * Every tile busy: each hart sorts WORDS words of its own (heap sort), for ever, and
 * shares nothing.  A measure of the simulator with many harts, whose slices are as
 * short as the mesh's least latency: run it with --max-cycles.  The first few hundred
 * thousand cycles go into the misses that bring the lines in.
 */
#include <stddef.h>
#include <stdint.h>

#ifndef WORDS
#define WORDS 1024u
#endif

enum { HARTS = 1024 };

int main(void);
void other_hart(uint64_t hart); /* called by crt0.S */

static uint32_t heaps[HARTS][WORDS] __attribute__((aligned(64)));

/* Lets the word at `top` sink until no child in [0, count) is larger. */
static void sink(uint32_t *heap, size_t top, size_t count)
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

static void sort(uint32_t *heap)
{
    for (size_t top = WORDS / 2; top-- > 0;)
        sink(heap, top, WORDS);
    for (size_t last = WORDS - 1; last > 0; last--) {
        uint32_t largest = heap[0];
        heap[0] = heap[last];
        heap[last] = largest;
        sink(heap, 0, last);
    }
}

void other_hart(uint64_t hart)
{
    uint32_t *heap = heaps[hart % HARTS];
    for (uint32_t seed = (uint32_t)hart + 1;;) {
        for (size_t i = 0; i < WORDS; i++) {
            seed = seed * 1664525u + 1013904223u;
            heap[i] = seed;
        }
        sort(heap);
    }
}

int main(void)
{
    other_hart(0);
    return 0;
}
