/*
 * One instruction at a time on a real tile with translation on.  The hart starts in S at
 * CODE_VA with the state that the case gave it; a trap to M ends the run.  An ecall ends
 * it where nothing else has.
 *
 *     virtual                  physical (pages that follow each other do not)
 *     CODE_VA, + 0x1000        CODE_PA, CODE_PA + 0x3000
 *     DATA_VA, + 0x1000        DATA_PA, DATA_PA + 0x3000
 */
#ifndef TESSERA_TESTS_TRANSLATED_H
#define TESSERA_TESTS_TRANSLATED_H

#include "sim/chip/tests/machine.h"
#include "sim/core/mmu.h"

#define CODE_VA    UINT64_C(0x40000000)
#define DATA_VA    UINT64_C(0x40010000)
#define CODE_PA    (MAP_DRAM_BASE + UINT64_C(0x50000))
#define DATA_PA    (MAP_DRAM_BASE + UINT64_C(0x58000))
#define ROOT       (MAP_DRAM_BASE + UINT64_C(0x70000))
#define OTHER_ROOT (ROOT + 0x4000) /* DATA_VA leads to OTHER_PA */
#define OTHER_PA   (MAP_DRAM_BASE + UINT64_C(0x5c000))
#define OUTSIDE    UINT64_C(0x90000000) /* no memory there */

enum { RWX = 0xcf, NO_PAGE = 0, CAUSE_NONE = CAUSE_ECALL_S };

static struct machine m;
static struct hart *h;

/* ---- the tile before its first cycle ---------------------------------------------- */

static inline void poke(paddr_t at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        coherence_dram(m.chip->engine.coherence, line_of(at + i))[(at + i) % LINE_BYTES] =
            (uint8_t)(value >> 8 * i);
}

static inline void map_from(uint64_t root, uint64_t va, paddr_t pa, unsigned bits)
{
    poke(root + 8 * (va >> 30 & 511), (root + 0x1000) >> 12 << 10 | PTE_V, 8);
    poke(root + 0x1000 + 8 * (va >> 21 & 511), (root + 0x2000) >> 12 << 10 | PTE_V, 8);
    poke(root + 0x2000 + 8 * (va >> 12 & 511), pa >> 12 << 10 | bits, 8);
}

static inline void map(uint64_t va, paddr_t pa, unsigned bits)
{
    map_from(ROOT, va, pa, bits);
}

static inline paddr_t page_of(paddr_t first, uint64_t offset)
{
    return first + (offset < 4096 ? offset : offset - 4096 + 0x3000);
}

static inline void put_code(uint64_t offset, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        poke(page_of(CODE_PA, offset + i), value >> 8 * i, 1);
}

static inline uint64_t data_at(uint64_t offset)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t byte;
        coherence_peek(m.chip->engine.coherence, page_of(DATA_PA, offset + i), &byte, 1);
        value |= (uint64_t)byte << 8 * i;
    }
    return value;
}

static inline uint64_t pattern(uint64_t offset)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (((offset + i) * 37 + 11) & 255) << 8 * i;
    return value;
}

/* A tile of these parameters whose pages are all there, with nothing to do yet. */
static inline void prepare(const struct config *like)
{
    machine_begin(&m, 1, 1);
    if (like)
        m.cfg = *like;
    m.cfg.memory_latency_cycles = 10;
    put_exit(&m.p, 0);
    machine_build(&m);
    h = &m.chip->hart[0];
    h->pmp.addr[15] = (UINT64_C(1) << 54) - 1;
    h->pmp.cfg[15] = 0x1f;
    h->mtvec = MAP_DRAM_BASE;
    h->priv = PRIV_S;
    h->pc = CODE_VA;
    h->satp = UINT64_C(8) << 60 | ROOT >> 12;
    h->menvcfg = h->senvcfg = ENVCFG_CBIE | ENVCFG_CBCFE | ENVCFG_CBZE;
    mmu_select_views(h);
    for (unsigned n = 0; n < 2; n++) {
        map(CODE_VA + n * 4096, page_of(CODE_PA, n * 4096), RWX);
        map(DATA_VA + n * 4096, page_of(DATA_PA, n * 4096), RWX);
    }
    for (uint64_t offset = 0; offset < 8192; offset++)
        poke(page_of(DATA_PA, offset), pattern(offset), 1);
}

static inline void prepare_default(void)
{
    prepare(NULL);
}

/* Runs to the trap and expects it; the run is over, but its memory is still there. */
static inline void run_to(uint64_t cause, uint64_t epc, uint64_t tval, const char *what)
{
    cr_assert_eq(machine_go(&m), CHIP_EXIT, "%s: end %u", what, m.end);
    cr_assert_eq(h->mcause, cause, "%s: cause %llu, not %llu (epc %#llx)", what,
                 (unsigned long long)h->mcause, (unsigned long long)cause,
                 (unsigned long long)h->mepc);
    cr_assert_eq(h->mepc, epc, "%s: epc %#llx", what, (unsigned long long)h->mepc);
    cr_assert_eq(h->mtval, tval, "%s: tval %#llx, not %#llx", what, (unsigned long long)h->mtval,
                 (unsigned long long)tval);
}

/* One instruction at CODE_VA, an ecall behind it. */
static inline void put_one(uint32_t word)
{
    put_code(0, word, 4);
    put_code(4, asm_n(OP_ecall), 4);
}

/* ---- accesses of each kind ---------------------------------------------------------- */

static const struct access {
    const char *name;
    uint32_t word; /* with the address in t0 */
    bool store;    /* its faults are a store's */
} accesses[] = {
    {"lb", 0x00028303, false},       {"ld", 0x0002b303, false},
    {"sb", 0x00628023, true},        {"sd", 0x0062b023, true},
    {"lr.d", 0x1002b32f, false},     {"sc.d", 0x1862b32f, true},
    {"amoadd.d", 0x0062b32f, true},  {"amoswap.w", 0x0862a32f, true},
    {"cbo.zero", 0x0042a00f, true},  {"cbo.clean", 0x0012a00f, true},
    {"cbo.flush", 0x0022a00f, true}, {"cbo.inval", 0x0002a00f, true},
};
enum { ACCESSES = sizeof accesses / sizeof accesses[0] };

#endif
