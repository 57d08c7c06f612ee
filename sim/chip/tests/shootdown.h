/*
 * Guests for the oracle of stale translations: a hart in S-mode that uses pages, changes
 * their entries, fences and declares.
 *
 *   0x00000000, 0x80000000   identity, a gigabyte each
 *   0x40000000               four pages of data or code, by a table of their own
 *   0x40200000               a page of 2 MiB
 */
#ifndef TESSERA_TESTS_SHOOTDOWN_H
#define TESSERA_TESTS_SHOOTDOWN_H

#include "sim/chip/tests/manners.h"
#include "sim/core/mmu.h"
#include "sim/core/pte.h"

#define WINDOW  UINT64_C(0x40000000)
#define LARGE   (WINDOW + 0x200000)
#define TABLES  (MAP_DRAM_BASE + UINT64_C(0x60000))
#define ROOT    TABLES
#define OTHER   (TABLES + 0x1000) /* another root, the same otherwise */
#define MIDDLE  (TABLES + 0x2000)
#define LEAVES  (TABLES + 0x3000)
#define SPARE   (TABLES + 0x4000) /* another table of leaves */
#define PAGE(n) (MAP_DRAM_BASE + UINT64_C(0x80000) + (n)*PAGE_BYTES)
#define FLAG    MACHINE_DATA

enum { S4 = 20, S5 = 21, CSR_SATP = 0x180, ASID = 5 };
enum { RW = 0xc7, RO = 0xc3, RX = 0xcb, GLOBAL = PTE_G };
#define SATP(root)       (UINT64_C(8) << 60 | (uint64_t)ASID << 44 | (root) >> PAGE_SHIFT)
#define LEAF(page, bits) ((page) >> PAGE_SHIFT << 10 | (uint64_t)(bits))

static struct machine m;

static inline void begin(void)
{
    machine_begin(&m, 1, 1);
    m.cfg.hart_pmp_entries = 0;
}

static inline void end(void)
{
    machine_end(&m);
}

/* ---- memory before the first cycle -------------------------------------------------- */

static inline void poke(paddr_t at, uint64_t value)
{
    memcpy(coherence_dram(m.chip->engine.coherence, line_of(at)) + at % LINE_BYTES, &value, 8);
}

static inline void poke_root(paddr_t root)
{
    poke(root, LEAF(0, 0xcf));
    poke(root + 8, LEAF(MIDDLE, PTE_V));
    poke(root + 16, LEAF(MAP_DRAM_BASE, 0xcf));
}

static inline void build(unsigned bits)
{
    machine_build(&m);
    poke_root(ROOT);
    poke_root(OTHER);
    poke(MIDDLE, LEAF(LEAVES, PTE_V));
    poke(MIDDLE + 8, LEAF(MAP_DRAM_BASE, RW));
    for (unsigned n = 0; n < 4; n++) {
        poke(LEAVES + 8 * n, LEAF(PAGE(n), bits));
        poke(SPARE + 8 * n, LEAF(PAGE(n + 4), bits));
        poke(PAGE(n), n + 1);
        poke(PAGE(n + 4), n + 101);
    }
}

/* ---- pieces of programs ----------------------------------------------------------------- */

static inline void put_supervisor(struct program *p)
{
    put_li(p, T1, SATP(ROOT));
    put_csrw(p, CSR_SATP, T1);
    put_li(p, T1, UINT64_C(1) << 11);
    put_csrw(p, CSR_MSTATUS, T1);
    put(p, asm_u(OP_auipc, T1, 0));
    put(p, asm_i(OP_addi, T1, T1, 16));
    put_csrw(p, CSR_MEPC, T1);
    put(p, asm_n(OP_mret));
}

/* a0 = the word at `address`; returns the load's number. */
static inline unsigned put_load(struct program *p, uint64_t address)
{
    put_li(p, T0, address);
    return put(p, asm_i(OP_ld, A0, T0, 0));
}

static inline void put_write(struct program *p, uint64_t address, uint64_t value)
{
    put_li(p, T0, address);
    put_li(p, T1, value);
    put(p, asm_s(OP_sd, T1, T0, 0));
}

static inline void put_flag(struct program *p, uint64_t value)
{
    put_write(p, FLAG, value);
}

static inline void put_await_flag(struct program *p, uint64_t value)
{
    put_li(p, T0, FLAG);
    put_li(p, T2, value);
    unsigned poll = put(p, asm_i(OP_ld, T1, T0, 0));
    put_branch(p, OP_bne, T1, T2, poll);
}

struct declaration {
    uint64_t address, pages, space, old, scope;
};

static inline unsigned put_declare(struct program *p, const struct declaration *d)
{
    put_li(p, S4, MAP_SIMCTL_BASE);
    const uint64_t values[] = {d->address, d->pages, d->space, d->old, d->scope};
    unsigned last = 0;
    for (unsigned i = 0; i < 5; i++) {
        put_li(p, T1, values[i]);
        last = put(p, asm_s(OP_sd, T1, S4, (int32_t)(SIMCTL_SHOOTDOWN_ADDRESS + 8 * i)));
    }
    return last;
}

static const struct declaration first_page = {WINDOW, 1, SATP(ROOT), 0, SHOOTDOWN_OF_ROOT};

enum fence { NONE, ALL, BY_ADDRESS, WRONG_ADDRESS, BY_SPACE, WRONG_SPACE };

static inline bool spans_pages(uint64_t address)
{
    return (address & (PAGE_BYTES - 1)) > PAGE_BYTES - 8;
}

static inline void put_fence(struct program *p, enum fence fence)
{
    put_li(p, S4, fence == WRONG_ADDRESS ? WINDOW + PAGE_BYTES : WINDOW);
    put_li(p, S5, fence == WRONG_SPACE ? ASID + 1 : ASID);
    bool address = fence == BY_ADDRESS || fence == WRONG_ADDRESS;
    bool space = fence == BY_SPACE || fence == WRONG_SPACE;
    if (fence != NONE)
        put(p, asm_r(OP_sfence_vma, 0, address ? S4 : ZERO, space ? S5 : ZERO));
}

#endif
