/*
 * A TLB shootdown by interrupts, and the oracle that hears of it.  All harts but 0
 * watch a page in S-mode, load after load.  Hart 0 maps it to another frame,
 * interrupts them one after the other, waits for their acknowledgements, and declares
 * the shootdown complete.  Then all watch for a while longer.
 *
 *   0x00000000, 0x80000000   identity, a gigabyte each
 *   0x40000000               the page
 *
 * A test says what it does otherwise than right by three macros:
 *   FENCES(hart)     before it acknowledges (hart 0: before it declares)
 *   DECLARES_FIRST   hart 0 declares before it tells the others
 *   FENCES_LATE      the others fence after their acknowledgement, at once
 */
#ifndef GUEST_BARE_SHOOTDOWN_H
#define GUEST_BARE_SHOOTDOWN_H

#include "guest-os/lib/exitcode.h"
#include "guest-os/tests/bare/bare.h"

#ifndef FENCES
#define FENCES(hart) 1
#endif
#ifndef DECLARES_FIRST
#define DECLARES_FIRST 0
#endif
#ifndef FENCES_LATE
#define FENCES_LATE 0
#endif

enum { HARTS_MAX = 16, ENTRIES = 512, OLD_WORD = 1111, NEW_WORD = 2222, AFTERWARDS = 2000 };

#define PAGE_BYTES 4096
#define WATCHED    0x40000000
#define LEAF_BITS  0xc7 /* V, R, W, A, D */
#define TABLE_BITS 0x01
#define GIGABYTE_BITS 0xcf
#define SATP_SV39  (UINT64_C(8) << 60)

struct flags {
    volatile uint64_t ready, acknowledged, last_seen, done;
} __attribute__((aligned(LINE_BYTES)));

static uint64_t root[ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static uint64_t middle[ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static volatile uint64_t leaves[ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static uint64_t old_frame[ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static uint64_t new_frame[ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static struct flags flags[HARTS_MAX];
static volatile uint64_t built, over __attribute__((aligned(LINE_BYTES)));

static uint64_t entry_of(const volatile void *to, uint64_t bits)
{
    return (uint64_t)(uintptr_t)to >> 12 << 10 | bits;
}

static uint64_t address_space(void)
{
    return SATP_SV39 | (uint64_t)(uintptr_t)root >> 12;
}

static void build_tables(void)
{
    root[0] = entry_of(0, GIGABYTE_BITS);
    root[1] = entry_of(middle, TABLE_BITS);
    root[2] = entry_of((void *)(uintptr_t)MAP_DRAM_BASE, GIGABYTE_BITS);
    middle[0] = entry_of(leaves, TABLE_BITS);
    leaves[0] = entry_of(old_frame, LEAF_BITS);
    old_frame[0] = OLD_WORD;
    new_frame[0] = NEW_WORD;
    fence(rw, rw);
    built = 1;
}

/* Reads the page once. */
static __attribute__((noinline)) uint64_t watch_page(void)
{
    return *(volatile uint64_t *)WATCHED;
}

void bare_interrupt(void)
{
    uint64_t hart = csr_read(mhartid);
    bare_interrupt_clear(hart);
    fence(iorw, rw);
    if (FENCES(hart) && !FENCES_LATE)
        bare_fence_translations();
    flags[hart].acknowledged = 1;
    if (FENCES_LATE)
        bare_fence_translations();
}

static __attribute__((noinline)) void declare_complete(void)
{
    simctl_store(SIMCTL_SHOOTDOWN_ADDRESS, WATCHED);
    simctl_store(SIMCTL_SHOOTDOWN_PAGES, 1);
    simctl_store(SIMCTL_SHOOTDOWN_SPACE, address_space());
    simctl_store(SIMCTL_SHOOTDOWN_DONE, SHOOTDOWN_OF_ROOT);
}

static void shoot_down(uint64_t harts)
{
    leaves[0] = entry_of(new_frame, LEAF_BITS);
    fence(w, rw);
    if (FENCES(0))
        bare_fence_translations();
    if (DECLARES_FIRST)
        declare_complete();
    for (uint64_t hart = 1; hart < harts; hart++) {
        bare_interrupt_send(hart);
        while (!flags[hart].acknowledged)
            ;
    }
    fence(r, rw);
    if (!DECLARES_FIRST)
        declare_complete();
}

/* The last word that this hart has seen, after a while. */
static uint64_t watch_for_a_while(void)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < AFTERWARDS; i++)
        word = watch_page();
    return word;
}

static int initiate(uint64_t harts)
{
    build_tables();
    bare_enter_supervisor(address_space());
    if (watch_page() != OLD_WORD)
        return GUEST_FAILED;
    for (uint64_t hart = 1; hart < harts; hart++)
        while (!flags[hart].ready)
            ;
    shoot_down(harts);
    if (watch_for_a_while() != NEW_WORD)
        return GUEST_FAILED;
    over = 1;
    for (uint64_t hart = 1; hart < harts; hart++) {
        while (!flags[hart].done)
            ;
        if (flags[hart].last_seen != NEW_WORD)
            return GUEST_FAILED;
    }
    bare_print("all harts see the new frame\n");
    return GUEST_OK;
}

int bare_main(uint64_t hart)
{
    if (hart == 0)
        return initiate(bare_tiles());
    while (!built)
        ;
    fence(r, rw);
    bare_enter_supervisor(address_space());
    do {
        flags[hart].last_seen = watch_page();
        flags[hart].ready = 1;
    } while (!over);
    fence(w, w);
    flags[hart].done = 1;
    return GUEST_OK;
}

#endif
