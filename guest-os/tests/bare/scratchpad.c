/* Message buffers in scratchpads, as on Intel's SCC, on a chip without coherence: each
 * hart puts letters for its neighbour into the neighbour's scratchpad, words and then a
 * flag, and counts what it has read in hart 0's.  Nothing has to be written back or
 * dropped: no cache keeps any of it. */
// machine: tiny-2x2-noncoherent
// set: scratchpad.kib=8
// set: sim.check=true
// set: sim.stale_reads=fail
// expect: scratchpads of 8192 bytes, all letters are right
#include <stdbool.h>

#include "guest-os/lib/exitcode.h"
#include "guest-os/tests/bare/bare.h"

enum { LETTERS = 10, WORDS = 12 };

struct mailbox {
    volatile uint64_t full; /* the letter's number; 0: taken */
    volatile uint64_t word[WORDS];
    volatile uint64_t right; /* hart 0's: letters that all have found to be right */
    volatile uint64_t done;  /* hart 0's: harts that have read all theirs */
};

void bare_interrupt(void) {}

static uint64_t scratchpad_bytes(void)
{
    return ((const struct bootinfo *)(uintptr_t)MAP_BOOTINFO_BASE)->scratchpad_bytes;
}

/* At the very end of a hart's scratchpad. */
static struct mailbox *mailbox_of(uint64_t hart)
{
    uint64_t end = MAP_SCRATCHPAD_BASE + hart * MAP_SCRATCHPAD_STRIDE + scratchpad_bytes();
    return (struct mailbox *)(uintptr_t)(end - sizeof(struct mailbox));
}

static void add(volatile uint64_t *word, uint64_t value)
{
    __asm__ volatile("amoadd.d x0, %0, (%1)" : : "r"(value), "r"(word) : "memory");
}

static void put_letter(struct mailbox *box, uint64_t number)
{
    while (box->full)
        ;
    for (unsigned i = 0; i < WORDS; i++)
        box->word[i] = number * 1000 + i;
    box->full = number;
}

static uint64_t take_letter(struct mailbox *box, uint64_t number)
{
    bool right = true;
    while (box->full != number)
        ;
    for (unsigned i = 0; i < WORDS; i++)
        right = right && box->word[i] == number * 1000 + i;
    box->full = 0;
    return right;
}

static int judge(void)
{
    const struct mailbox *box = mailbox_of(0);
    while (box->done != bare_tiles())
        ;
    bool right = scratchpad_bytes() == 8192 && box->right == bare_tiles() * LETTERS;
    bare_print(right ? "scratchpads of 8192 bytes, all letters are right\n" : "wrong\n");
    return GUEST_OK;
}

int bare_main(uint64_t hart)
{
    struct mailbox *own = mailbox_of(hart), *next = mailbox_of((hart + 1) % bare_tiles());
    for (uint64_t number = 1; number <= LETTERS; number++) {
        put_letter(next, number);
        add(&mailbox_of(0)->right, take_letter(own, number));
    }
    add(&mailbox_of(0)->done, 1);
    return hart == 0 ? judge() : GUEST_OK;
}
