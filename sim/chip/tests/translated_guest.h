/*
 * Random guests that translate, in S and U mode: pages that come and go, with permissions
 * of every kind, faults, fences, address spaces, timers, PMP entries that change, code of
 * two and four bytes that straddles lines and pages.
 *
 *   0x02000000           devices                      } S: identity, the whole
 *   0x80000000           DRAM: program, tables, data  } gigabyte at once
 *   0xc0000000           the same for U
 *   0x40000000           48 pages of 4 KiB onto 8 pages of data, changing
 *   0x40030000           16 pages of code, even and odd ones differ
 */
#ifndef TESSERA_TESTS_TRANSLATED_GUEST_H
#define TESSERA_TESTS_TRANSLATED_GUEST_H

#include "sim/base/rng.h"
#include "sim/chip/tests/manners.h"

enum { DATA_PAGES = 8, WINDOW_PAGES = 48, CODE_PAGES = 16, PHYSICAL_CODE = 2 };
#define WINDOW         UINT64_C(0x40000000)
#define WINDOW_CODE    (WINDOW + (uint64_t)WINDOW_PAGES * 4096)
#define USER_SHIFT     UINT64_C(0x40000000)
#define PAGES          (MAP_DRAM_BASE + UINT64_C(0x50000)) /* data pages */
#define CODE           (MAP_DRAM_BASE + UINT64_C(0x60000))
#define ROOT           (MAP_DRAM_BASE + UINT64_C(0x70000))
#define MIDDLE         (ROOT + 0x1000)
#define LEAVES         (ROOT + 0x2000)
#define ROOT48         (ROOT + 0x3000)
#define FINISH_REQUEST 1

enum { S4 = 20, S5 = 21, S6 = 22, S7 = 23, A7 = 17 };
enum {
    CSR_SSTATUS = 0x100,
    CSR_STIMECMP = 0x14d,
    CSR_SATP = 0x180,
    CSR_MTVAL = 0x343,
    CSR_PMPCFG0 = 0x3a0,
    CSR_PMPCFG2 = 0x3a2,
    CSR_PMPADDR0 = 0x3b0,
    CSR_PMPADDR8 = 0x3b8,
    CSR_CYCLE = 0xc00
};

static struct rng rng;
static unsigned data_pages = WINDOW_PAGES; /* of the window, that are used */
static bool declares; /* the guest tells the oracle of shootdowns, most of them badly done */

/* ---- pieces of the guest ---------------------------------------------------------- */

/* s0 rounds left, s1 this tile's number, s2 traps taken, a5 the sum of all that
 * was seen, a4 what the handler saw; s4 to s7 are the handler's. */
static inline void put_fold(struct program *p, unsigned reg)
{
    put(p, asm_i(OP_slli, T6, A5, 5));
    put(p, asm_r(OP_sub, A5, T6, A5));
    put(p, asm_r(OP_add, A5, A5, reg));
}

static inline void put_fold_cycle(struct program *p)
{
    put_csrr(p, T1, CSR_CYCLE);
    put_fold(p, T1);
}

/* t0 = an address in a random page, often at or across a line's or the page's end. */
static inline void put_address(struct program *p, unsigned bytes, bool aligned)
{
    static const uint32_t places[] = {0, 56, 60, 63, 64, 128, 4032, 4088, 4090, 4093, 4095};
    uint64_t at = WINDOW + rng_below(&rng, data_pages - 1) * 4096 +
                  places[rng_below(&rng, sizeof places / sizeof places[0])];
    put_li(p, T0, aligned ? at & ~(uint64_t)(bytes - 1) : at);
}

static inline void put_load(struct program *p)
{
    static const enum insn_op loads[] = {OP_lb, OP_lhu, OP_lw, OP_ld, OP_ld};
    put_address(p, 8, rng_below(&rng, 3));
    put(p, asm_i(loads[rng_below(&rng, 5)], T1, T0, 0));
    put_fold(p, T1);
}

static inline void put_store(struct program *p)
{
    static const enum insn_op stores[] = {OP_sb, OP_sh, OP_sw, OP_sd, OP_sd};
    put_address(p, 8, rng_below(&rng, 3));
    put(p, asm_s(stores[rng_below(&rng, 5)], A5, T0, 0));
}

/* Many accesses to few pages: most of them hit. */
static inline void put_run_of_accesses(struct program *p)
{
    put_address(p, 8, true);
    for (unsigned n = 2 + rng_below(&rng, 6); n > 0; n--) {
        int32_t offset = (int32_t)rng_below(&rng, 64) * -8;
        put(p, rng_below(&rng, 3) ? asm_i(OP_ld, T1, T0, offset) : asm_s(OP_sd, A5, T0, offset));
        put(p, asm_r(OP_xor, A5, A5, T1));
    }
    put_fold_cycle(p);
}

static inline void put_atomic(struct program *p)
{
    put_address(p, 8, true);
    static const enum insn_op blocks[] = {OP_cbo_zero, OP_cbo_zero, OP_cbo_clean, OP_cbo_flush,
                                          OP_cbo_inval};
    switch (rng_below(&rng, 3)) {
    case 0:
        put(p, asm_r(OP_amoadd_d, T1, T0, S1));
        break;
    case 1:
        put(p, asm_r(OP_lr_d, T1, T0, ZERO));
        put(p, asm_r(OP_sc_d, T1, T0, A5));
        break;
    default:
        put(p, asm_match(blocks[rng_below(&rng, 5)]) | T0 << 15);
        break;
    }
    put_fold(p, T1);
}

static inline uint64_t random_leaf(bool code)
{
    static const uint8_t bits[] = {0xcf, 0xcf, 0xdf, 0xdf, 0x0f, 0x1f, 0xc3, 0xd3,
                                   0xc9, 0xd9, 0x00, 0x05, 0xef, 0x4f, 0x5f, 0xdf};
    uint64_t page = code ? CODE : PAGES;
    page += rng_below(&rng, code ? PHYSICAL_CODE : DATA_PAGES) * 4096;
    return page >> 12 << 10 | bits[rng_below(&rng, sizeof bits)];
}

static inline uint64_t random_code_leaf(unsigned n)
{
    uint64_t leaf = random_leaf(true);
    return (leaf & 0x3ff) | (CODE / 4096 + n % 2) << 10;
}

static inline void put_fence(struct program *p)
{
    put_li(p, T0, WINDOW + rng_below(&rng, data_pages) * 4096);
    put_li(p, T1, rng_below(&rng, 3));
    static const enum insn_op fences[] = {OP_sfence_vma, OP_sinval_vma};
    put(p, asm_r(fences[rng_below(&rng, 2)], 0, rng_below(&rng, 2) ? T0 : ZERO,
                 rng_below(&rng, 2) ? T1 : ZERO));
}

/* A page's entry changes; the fence may or may not follow. */
static inline void put_remap(struct program *p)
{
    unsigned n = rng_below(&rng, data_pages + CODE_PAGES);
    n += n < data_pages ? 0 : WINDOW_PAGES - data_pages;
    put_li(p, T0, LEAVES + 8 * n);
    put_li(p, T1, n < WINDOW_PAGES ? random_leaf(false) : random_code_leaf(n));
    put(p, asm_s(OP_sd, T1, T0, 0));
    if (rng_below(&rng, 2))
        put_fence(p);
}

static inline void put_space(struct program *p)
{
    bool sv48 = rng_below(&rng, 2);
    put_li(p, T1,
           (sv48 ? UINT64_C(9) : UINT64_C(8)) << 60 | (uint64_t)rng_below(&rng, 3) << 44 |
               (sv48 ? ROOT48 : ROOT) >> 12);
    put_csrw(p, CSR_SATP, T1);
}

static inline void put_permissions(struct program *p)
{
    put_li(p, T1, rng_below(&rng, 2) ? MSTATUS_SUM : MSTATUS_MXR);
    put(p, asm_i(rng_below(&rng, 3) ? OP_csrrs : OP_csrrc, ZERO, T1, CSR_SSTATUS));
}

static inline void put_ecall(struct program *p)
{
    put(p, asm_n(OP_ecall));
    put_fold_cycle(p);
}

static inline void put_timer(struct program *p)
{
    put_csrr(p, T1, CSR_CYCLE);
    put(p, asm_i(OP_addi, T1, T1, (int32_t)rng_below(&rng, 200)));
    put_csrw(p, CSR_STIMECMP, T1);
}

/* The other timer, through its device register. */
static inline void put_machine_timer(struct program *p)
{
    put_csrr(p, T1, CSR_CYCLE);
    put(p, asm_i(OP_addi, T1, T1, (int32_t)rng_below(&rng, 200)));
    put_li(p, T0, MAP_MTIMECMP_BASE);
    put(p, asm_i(OP_slli, T2, S1, 3));
    put(p, asm_r(OP_add, T0, T0, T2));
    put(p, asm_s(OP_sd, T1, T0, 0));
}

static inline void put_interrupt_self(struct program *p)
{
    put_li(p, T0, MAP_MSIP_BASE);
    put(p, asm_i(OP_slli, T2, S1, 2));
    put(p, asm_r(OP_add, T0, T0, T2));
    put(p, asm_i(OP_addi, T1, ZERO, 1));
    put(p, asm_s(OP_sw, T1, T0, 0));
}

/* Calls into a code page, or just before its end, or where no page is. */
static inline void put_call(struct program *p)
{
    static const uint32_t places[] = {0, 2, 62, 64, 2046, 3968, 4030, 4032, 4094};
    uint64_t at = WINDOW_CODE + rng_below(&rng, CODE_PAGES - 1) * 4096;
    put_li(p, T0, at + places[rng_below(&rng, sizeof places / sizeof places[0])]);
    put(p, asm_i(OP_jalr, RA, T0, 0));
    put_fold_cycle(p);
}

static inline void put_arithmetic(struct program *p)
{
    for (unsigned n = rng_below(&rng, 40); n > 0; n--)
        put(p, asm_r(n % 7 ? OP_add : OP_mul, T3, T3, A5));
}

static inline void put_loop(struct program *p)
{
    put_address(p, 8, true);
    put_li(p, T2, 2 + rng_below(&rng, 6));
    unsigned loop = p->count;
    for (unsigned n = rng_below(&rng, 40); n > 0; n--)
        put(p, n % 11 ? asm_r(OP_add, T3, T3, A5) : asm_i(OP_ld, T3, T0, (int32_t)n * 8));
    put(p, asm_i(OP_addi, T2, T2, -1));
    put_branch(p, OP_bne, T2, ZERO, loop);
    put_fold(p, T3);
}

/* Some pages' shootdown is complete, or so the guest says. */
static inline void put_declare(struct program *p)
{
    const uint64_t values[] = {WINDOW + rng_below(&rng, data_pages) * 4096, rng_below(&rng, 3) * 2,
                               UINT64_C(8) << 60 | (uint64_t)rng_below(&rng, 3) << 44 | ROOT >> 12,
                               0, rng_below(&rng, 2) ? SHOOTDOWN_OF_ALL : rng_below(&rng, 2)};
    put_li(p, T0, MAP_SIMCTL_BASE);
    for (unsigned i = 0; i < 5; i++) {
        put_li(p, T1, values[i]);
        put(p, asm_s(OP_sd, T1, T0, (int32_t)(SIMCTL_SHOOTDOWN_ADDRESS + 8 * i)));
    }
}

/* Loads from page after page, so that translations leave the TLB, between lines of
 * plain arithmetic in which a timer comes: lines end and loops go round with their
 * next line in the views or not, as the loads have left them. */
static inline void put_loop_over_pages(struct program *p)
{
    put_li(p, T0, WINDOW + rng_below(&rng, WINDOW_PAGES - 8) * 4096 + rng_below(&rng, 60) * 64);
    put_li(p, T2, 8);
    put_li(p, T4, 4096);
    unsigned loop = p->count;
    put_csrr(p, T1, CSR_CYCLE);
    put(p, asm_i(OP_addi, T1, T1, (int32_t)rng_below(&rng, 120)));
    put_csrw(p, CSR_STIMECMP, T1);
    for (unsigned n = rng_below(&rng, 50); n > 0; n--)
        put(p, asm_r(OP_add, T3, T3, A5));
    put(p, asm_i(OP_ld, T3, T0, 0));
    for (unsigned n = rng_below(&rng, 50); n > 0; n--)
        put(p, asm_r(OP_add, T3, T3, A5));
    put(p, asm_r(OP_add, T0, T0, T4));
    put(p, asm_i(OP_addi, T2, T2, -1));
    put_branch(p, OP_bne, T2, ZERO, loop);
    put_fold(p, T3);
}

/* A few lines of a few pages in turn: what the views hold outlives translations. */
static inline void put_turns(struct program *p)
{
    uint64_t first = WINDOW + rng_below(&rng, WINDOW_PAGES - 8) * 4096;
    unsigned pages = 2 + rng_below(&rng, 4);
    for (unsigned n = 0; n < 3 * pages; n++) {
        put_li(p, T0, first + (uint64_t)(n % pages) * (4096 + 64));
        put(p, rng_below(&rng, 3) ? asm_i(OP_ld, T1, T0, 0) : asm_s(OP_sd, A5, T0, 0));
        put(p, asm_r(OP_xor, A5, A5, T1));
    }
    put_fold_cycle(p);
}

typedef void put_piece_fn(struct program *p);
static put_piece_fn *const pieces[] = {
    put_load,           put_load,
    put_store,          put_store,
    put_load,           put_store,
    put_atomic,         put_run_of_accesses,
    put_remap,          put_remap,
    put_fence,          put_space,
    put_ecall,          put_permissions,
    put_timer,          put_machine_timer,
    put_call,           put_call,
    put_interrupt_self, put_arithmetic,
    put_loop,           put_loop_over_pages,
    put_turns,          put_turns,
};
enum { PIECES = sizeof pieces / sizeof pieces[0] };

/* ---- the machine's own code ------------------------------------------------------------ */

/* In M: notes the trap and goes on behind the instruction (behind the call, if
 * a fetch faulted; after a change of mode, if it was an ecall). */
static inline void put_handler(struct program *p, unsigned *finish)
{
    put(p, asm_i(OP_addi, S2, S2, 1));
    put_csrr(p, S4, CSR_MCYCLE);
    put(p, asm_r(OP_add, A4, A4, S4));
    put_csrr(p, S4, CSR_MTVAL);
    put(p, asm_r(OP_xor, A4, A4, S4));
    put_csrr(p, S5, CSR_MEPC);
    put(p, asm_r(OP_add, A4, A4, S5));
    put_csrr(p, S4, CSR_MCAUSE);
    put(p, asm_i(OP_slli, S6, A4, 3));
    put(p, asm_r(OP_add, A4, S6, A4));
    put(p, asm_r(OP_add, A4, A4, S4));
    unsigned interrupt = put(p, asm_b(OP_blt, S4, ZERO, 0));

    put(p, asm_i(OP_addi, S6, S4, -CAUSE_FETCH_PAGE));
    unsigned no_page = put(p, asm_b(OP_beq, S6, ZERO, 0));
    put(p, asm_i(OP_addi, S6, S4, -CAUSE_FETCH_ACCESS));
    unsigned no_access = put(p, asm_b(OP_beq, S6, ZERO, 0));

    /* mepc += the instruction's length, read where it is in memory */
    put(p, asm_i(OP_slli, S6, S5, 44));
    put(p, asm_i(OP_srli, S6, S6, 44));
    put_li(p, S7, WINDOW_CODE - WINDOW);
    put(p, asm_i(OP_slli, S4, S5, 33)); /* bit 30 alone: the window (unless U's DRAM) */
    put(p, asm_i(OP_srli, S4, S4, 63));
    put(p, asm_i(OP_srli, S7, S5, 31));
    put(p, asm_i(OP_xori, S7, S7, 1));
    put(p, asm_r(OP_and, S4, S4, S7));
    unsigned in_window = put(p, asm_b(OP_bne, S4, ZERO, 0));
    put_li(p, S7, MAP_DRAM_BASE);
    put(p, asm_r(OP_add, S6, S6, S7));
    put(p, asm_i(OP_lhu, S6, S6, 0));
    put(p, asm_i(OP_andi, S6, S6, 3));
    put(p, asm_i(OP_addi, S6, S6, -3));
    put(p, asm_i(OP_addi, S5, S5, 2));
    unsigned compressed = put(p, asm_b(OP_bne, S6, ZERO, 0));
    put(p, asm_i(OP_addi, S5, S5, 2));
    land(p, compressed);

    put_csrr(p, S4, CSR_MCAUSE);
    put(p, asm_i(OP_andi, S6, S4, -2)); /* 8 and 9 */
    put(p, asm_i(OP_addi, S6, S6, -CAUSE_ECALL_U));
    unsigned no_call = put(p, asm_b(OP_bne, S6, ZERO, 0));
    put(p, asm_i(OP_addi, S6, A7, -FINISH_REQUEST));
    *finish = put(p, asm_b(OP_beq, S6, ZERO, 0));
    /* a look at the caller's code with its own eyes */
    put_li(p, S6, MSTATUS_MPRV);
    put(p, asm_i(OP_csrrs, ZERO, S6, CSR_MSTATUS));
    put(p, asm_i(OP_lhu, S7, S5, 0));
    put(p, asm_i(OP_csrrc, ZERO, S6, CSR_MSTATUS));
    put(p, asm_r(OP_add, A4, A4, S7));
    /* the other mode, at the other address; one data page loses or gains its rights */
    put_li(p, S6, UINT64_C(1) << 11);
    put_csrr(p, S7, CSR_MSTATUS);
    put(p, asm_r(OP_xor, S7, S7, S6));
    put_csrw(p, CSR_MSTATUS, S7);
    put_li(p, S6, USER_SHIFT);
    put(p, asm_r(OP_xor, S5, S5, S6));
    put_csrr(p, S7, CSR_PMPCFG0);
    put(p, asm_i(OP_xori, S7, S7, PMP_R | PMP_W));
    put_csrw(p, CSR_PMPCFG0, S7);
    land(p, no_call);
    put_csrw(p, CSR_MEPC, S5);
    put(p, asm_n(OP_mret));

    land(p, no_page);
    land(p, no_access);
    land(p, in_window);
    put_csrw(p, CSR_MEPC, RA);
    put(p, asm_n(OP_mret));

    land(p, interrupt);
    put(p, asm_i(OP_addi, S6, ZERO, -1));
    put_csrw(p, CSR_STIMECMP, S6);
    put_li(p, S5, MAP_MTIMECMP_BASE);
    put(p, asm_i(OP_slli, S4, S1, 3));
    put(p, asm_r(OP_add, S5, S5, S4));
    put(p, asm_s(OP_sd, S6, S5, 0));
    put_li(p, S5, MAP_MSIP_BASE);
    put(p, asm_i(OP_slli, S4, S1, 2));
    put(p, asm_r(OP_add, S5, S5, S4));
    put(p, asm_s(OP_sw, ZERO, S5, 0));
    put(p, asm_n(OP_mret));
}

/* In M: adds one to a counter; tile 0 waits until all have, and exits. */
static inline void put_finish(struct program *p, unsigned tiles)
{
    put_csrw(p, CSR_MIE, ZERO);
    put_li(p, T0, MACHINE_DATA + 0x8000);
    put(p, asm_i(OP_addi, T1, ZERO, 1));
    put(p, asm_r(OP_amoadd_d, ZERO, T0, T1));
    unsigned last = put(p, asm_b(OP_bne, S1, ZERO, 0));
    put(p, asm_i(OP_addi, T2, ZERO, (int32_t)tiles));
    unsigned poll = put(p, asm_i(OP_ld, T1, T0, 0));
    put_branch(p, OP_bne, T1, T2, poll);
    put_exit(p, 0);
    land(p, last);
    put_sleep(p);
}

static inline void put_pmp(struct program *p)
{
    put_li(p, T1, (PAGES + 3 * 4096) >> 2 | 0x1ff); /* NAPOT over one page */
    put_csrw(p, CSR_PMPADDR0, T1);
    put_li(p, T1, 0x18 | PMP_R | PMP_W | PMP_X);
    put_csrw(p, CSR_PMPCFG0, T1);
    put(p, asm_i(OP_addi, T2, ZERO, -1)); /* everything else */
    put_csrw(p, CSR_PMPADDR8, T2);
    put_csrw(p, CSR_PMPCFG2, T1);
}

static inline void put_setup(struct program *p, uint64_t handler)
{
    put_csrr(p, S1, CSR_MHARTID);
    put_li(p, T1, handler);
    put_csrw(p, CSR_MTVEC, T1);
    put(p, asm_i(OP_addi, T1, ZERO, -1));
    put_csrw(p, 0x306, T1); /* mcounteren, scounteren */
    put_csrw(p, 0x106, T1);
    put_csrw(p, 0x30a, T1); /* menvcfg, senvcfg */
    put_csrw(p, 0x10a, T1);
    put_csrw(p, CSR_STIMECMP, T1);
    put_pmp(p);
    put_li(p, T1, 1u << IRQ_MSIP | 1u << IRQ_MTIP | 1u << IRQ_STIP);
    put_csrw(p, CSR_MIE, T1);
    put_space(p);
    put_li(p, T1, UINT64_C(1) << 11); /* to S */
    put_csrw(p, CSR_MSTATUS, T1);
    put(p, asm_u(OP_auipc, T1, 0));
    put(p, asm_i(OP_addi, T1, T1, 16));
    put_csrw(p, CSR_MEPC, T1);
    put(p, asm_n(OP_mret));
}

static inline void put_guest(struct program *p, unsigned tiles, unsigned rounds, unsigned length)
{
    unsigned finish, over = put(p, asm_j(ZERO, 0));
    unsigned handler = p->count;
    put_handler(p, &finish);
    land(p, finish);
    put_finish(p, tiles);
    land(p, over);
    put_setup(p, address_of(p, handler));
    put(p, asm_i(OP_addi, S0, ZERO, (int32_t)rounds));
    for (unsigned t = 0; t < tiles; t++) { /* each tile has its own loop */
        put(p, asm_i(OP_addi, T1, S1, -(int32_t)t));
        put(p, asm_b(OP_beq, T1, ZERO, 8));
        unsigned next = put(p, asm_j(ZERO, 0));
        unsigned loop = p->count;
        for (unsigned n = 0; n < length; n++)
            (declares && !rng_below(&rng, 8) ? put_declare : pieces[rng_below(&rng, PIECES)])(p);
        put(p, asm_i(OP_addi, S0, S0, -1));
        unsigned out = put(p, asm_b(OP_beq, S0, ZERO, 0));
        put_jump(p, loop);
        land(p, out);
        put(p, asm_i(OP_addi, A7, ZERO, FINISH_REQUEST));
        put(p, asm_n(OP_ecall));
        land(p, next);
    }
}

#endif
