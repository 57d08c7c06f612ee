/*
 * A hart on flat memory: port.h implemented by nothing but an array, so that
 * tests of the core need no caches, no mesh and no engine.
 *
 * The array is seen in one of three ways:
 *   FLAT_FAST   a line stays in the views once it has been used: later accesses
 *               to it do not leave the fast path
 *   FLAT_SLOW   the views stay empty: every access goes through port.h
 *   FLAT_MISS   as FLAT_SLOW, and the first access to a line (and fetch of a
 *               line) sleeps for FLAT_MISS_CYCLES
 * Loads, stores and fetches use physical addresses; test_mmu.c asks the MMU itself.
 * Device registers do not exist here, and of the message unit only mu_wait: it
 * sleeps for ever, in every mode, and so ends a program (flat_stop).
 */
#ifndef TESSERA_TESTS_FLAT_H
#define TESSERA_TESTS_FLAT_H

#include <criterion/criterion.h>
#include <string.h>

#include "sim/abi/csr.h"
#include "sim/base/config.h"
#include "sim/core/hart.h"
#include "sim/core/mmu.h"
#include "sim/core/port.h"
#include "sim/core/tests/asm.h"

/* ---- the machine ----------------------------------------------------------- */

enum { FLAT_BYTES = 1 << 16, FLAT_LINES = FLAT_BYTES / LINE_BYTES, FLAT_MISS_CYCLES = 37 };

enum flat_mode { FLAT_FAST, FLAT_SLOW, FLAT_MISS };

#define FLAT_BASE  UINT64_C(0x80000000)
#define FLAT_CODE  FLAT_BASE
#define FLAT_TRAP  (FLAT_BASE + 0x4000) /* where traps to M end: a flat_stop */
#define FLAT_STRAP (FLAT_BASE + 0x5000) /* where traps to S end: a flat_stop */
#define FLAT_DATA  (FLAT_BASE + 0x8000)
#define FLAT_END   (FLAT_BASE + FLAT_BYTES)

struct flat {
    struct hart hart; /* first: port.h hands out its address */
    struct config cfg;
    struct arena *arena;
    struct code_table *code; /* for this kind of core */
    struct code_options core;
    bool proves_nothing; /* every result that is not used by the next is asked for */
    struct l1_window window;
    uint64_t read_tag[FLAT_LINES], write_tag[FLAT_LINES];
    uint64_t view[L1_VIEWS][FLAT_LINES];
    _Alignas(64) uint8_t memory[FLAT_BYTES];
    struct fetch_entry fetch[L1_VIEWS][FLAT_LINES];
    bool present[FLAT_LINES], fetched[FLAT_LINES]; /* FLAT_MISS */
    uint64_t reserved;
    paddr_t atomic;
    unsigned walk_reads;
    bool trap_loop;
    uint32_t stale; /* the last dead entry used */
    enum flat_mode mode;
};

static inline struct flat *flat_of(const struct hart *h)
{
    return (struct flat *)(uintptr_t)h;
}

static inline unsigned flat_line(uint64_t address)
{
    return (unsigned)((address - FLAT_BASE) / LINE_BYTES);
}

/* ---- port.h ------------------------------------------------------------------ */

static inline enum port_result flat_access(struct hart *h, uint64_t address, unsigned bytes,
                                           enum trap_cause misaligned, enum trap_cause *cause)
{
    struct flat *f = flat_of(h);
    h->fault_address = address;
    *cause = misaligned;
    if ((address & (bytes - 1)) && !f->cfg.hart_misaligned)
        return PORT_FAULT;
    *cause = (enum trap_cause)(misaligned + 1);
    if (address - FLAT_BASE > FLAT_BYTES - bytes)
        return PORT_FAULT;
    if (f->mode == FLAT_MISS && !f->present[flat_line(address)]) {
        f->present[flat_line(address)] = true;
        h->wait_line = address;
        hart_sleep(h, WAIT_LINE);
        return PORT_WAIT;
    }
    if (f->mode == FLAT_FAST)
        h->view[flat_line(address)] = line_of(address);
    return PORT_DONE;
}

static inline uint8_t *flat_cell(struct flat *f, uint64_t address)
{
    return &f->memory[address - FLAT_BASE];
}

enum port_result port_load(struct hart *h, uint64_t address, unsigned bytes, uint64_t *value,
                           enum trap_cause *cause)
{
    enum port_result result = flat_access(h, address, bytes, CAUSE_LOAD_MISALIGNED, cause);
    *value = 0;
    if (result == PORT_DONE)
        memcpy(value, flat_cell(flat_of(h), address), bytes);
    return result;
}

enum port_result port_store(struct hart *h, uint64_t address, unsigned bytes, uint64_t value,
                            enum trap_cause *cause)
{
    enum port_result result = flat_access(h, address, bytes, CAUSE_STORE_MISALIGNED, cause);
    if (result != PORT_DONE)
        return result;
    if (memcmp(flat_cell(flat_of(h), address), &value, bytes) != 0)
        hart_acts(h);
    memcpy(flat_cell(flat_of(h), address), &value, bytes);
    return PORT_DONE;
}

enum port_result port_atomic(struct hart *h, uint64_t address, unsigned bytes,
                             enum atomic_kind kind, uint8_t **cell, enum trap_cause *cause)
{
    struct flat *f = flat_of(h);
    *cause = kind == ATOMIC_LR ? CAUSE_LOAD_MISALIGNED : CAUSE_STORE_MISALIGNED;
    h->fault_address = address;
    if (address & (bytes - 1))
        return PORT_FAULT;
    hart_acts(h);
    enum port_result result = flat_access(h, address, bytes, *cause, cause);
    f->atomic = address;
    *cell = NULL;
    if (result == PORT_DONE && (kind != ATOMIC_SC || f->reserved == line_of(address)))
        *cell = flat_cell(f, address);
    return result;
}

void port_atomic_written(struct hart *h, unsigned bytes, const uint8_t *cell)
{
    cr_assert_eq(cell, flat_cell(flat_of(h), flat_of(h)->atomic));
    cr_assert(bytes == 4 || bytes == 8);
}

void port_reserve(struct hart *h)
{
    flat_of(h)->reserved = line_of(flat_of(h)->atomic);
}

void port_unreserve(struct hart *h)
{
    flat_of(h)->reserved = UINT64_MAX;
}

/* Page tables lie in the array; a walk always finds them there at once. */
enum port_result port_walk_read(struct hart *h, paddr_t at, uint64_t *pte)
{
    if (at - FLAT_BASE >= FLAT_BYTES)
        return PORT_FAULT;
    memcpy(pte, flat_cell(flat_of(h), at), sizeof *pte);
    flat_of(h)->walk_reads++;
    return PORT_DONE;
}

enum port_result port_walk_write(struct hart *h, paddr_t at, uint64_t pte)
{
    if (at - FLAT_BASE >= FLAT_BYTES)
        return PORT_FAULT;
    memcpy(flat_cell(flat_of(h), at), &pte, sizeof pte);
    return PORT_DONE;
}

enum port_result port_zero_line(struct hart *h, uint64_t address, enum trap_cause *cause)
{
    enum port_result result = flat_access(h, address, 1, CAUSE_STORE_MISALIGNED, cause);
    if (result == PORT_DONE)
        memset(flat_cell(flat_of(h), line_of(address)), 0, LINE_BYTES);
    return result;
}

enum port_result port_manage_line(struct hart *h, uint64_t address, enum l1_management how,
                                  enum trap_cause *cause)
{
    (void)how;
    return flat_access(h, address, 1, CAUSE_STORE_MISALIGNED, cause);
}

enum port_result port_fetch(struct hart *h, uint64_t pc, struct code_line **code,
                            enum trap_cause *cause)
{
    struct flat *f = flat_of(h);
    *cause = CAUSE_FETCH_ACCESS;
    if (pc - FLAT_BASE >= FLAT_BYTES)
        return PORT_FAULT;
    unsigned line = flat_line(pc);
    if (f->mode == FLAT_MISS && !f->fetched[line]) {
        f->fetched[line] = true;
        h->wait_line = pc;
        hart_sleep(h, WAIT_FETCH);
        return PORT_WAIT;
    }
    *code = code_intern(f->code, flat_cell(f, line_of(pc)));
    h->fetch[line] = (struct fetch_entry){line_of(pc), *code};
    return PORT_DONE;
}

struct code_line *port_straddle(struct hart *h, const struct code_line *first,
                                const struct code_line *second)
{
    unsigned bytes;
    uint32_t high = second->bytes[0] | (uint32_t)second->bytes[1] << 8;
    return code_intern_straddle(flat_of(h)->code,
                                code_bits(first, LINE_HALVES - 1, &bytes) | high << 16);
}

void port_fence_i(struct hart *h)
{
    for (unsigned k = 0; k < L1_VIEWS; k++)
        for (unsigned i = 0; i < FLAT_LINES; i++)
            flat_of(h)->fetch[k][i].line = UINT64_MAX;
}

enum csr_result port_message_read(struct hart *h, unsigned number, uint64_t *value)
{
    (void)h;
    (void)number;
    (void)value;
    return CSR_ILLEGAL;
}

enum csr_result port_message_write(struct hart *h, unsigned number, uint64_t value)
{
    (void)value;
    if (number != CSR_MU_WAIT)
        return CSR_ILLEGAL;
    hart_sleep(h, WAIT_MESSAGE);
    return CSR_WAIT;
}

void port_trap_loop(struct hart *h)
{
    flat_of(h)->trap_loop = true;
    hart_sleep(h, WAIT_MESSAGE);
}

void port_stale_use(struct hart *h, uint64_t address, enum access_kind kind,
                    const struct tlb_use *use)
{
    (void)address;
    (void)kind;
    flat_of(h)->stale = use->entry.dead;
}

/* ---- life ---------------------------------------------------------------------- */

static inline void flat_store(struct flat *f, uint64_t address, const void *from, size_t bytes)
{
    memcpy(flat_cell(f, address), from, bytes);
}

static inline uint64_t flat_load(struct flat *f, uint64_t address)
{
    uint64_t value;
    memcpy(&value, flat_cell(f, address), sizeof value);
    return value;
}

/* The instruction that ends a program. */
static inline uint32_t flat_stop(void)
{
    return asm_i(OP_csrrw, ZERO, ZERO, CSR_MU_WAIT);
}

/* The records' latencies follow the configuration.  Where a trap takes no time the
 * decoder cannot prove that a result is there before anybody asks. */
static inline void flat_follow_config(struct flat *f)
{
    struct code_options *core = &f->core;
    const struct config *cfg = &f->cfg;
    uint32_t trap_cycles = f->proves_nothing ? 0 : cfg->hart_trap_cycles;
    if (f->code && core->load_use_cycles == cfg->hart_load_use_cycles &&
        core->mul_cycles == cfg->hart_mul_cycles && core->div_cycles == cfg->hart_div_cycles &&
        core->trap_cycles == trap_cycles)
        return;
    core->load_use_cycles = cfg->hart_load_use_cycles;
    core->mul_cycles = cfg->hart_mul_cycles;
    core->div_cycles = cfg->hart_div_cycles;
    core->trap_cycles = trap_cycles;
    f->code = code_table_create(f->arena, core);
    port_fence_i(&f->hart);
}

/* A hart after reset in M-mode at FLAT_CODE, with its trap vectors set. */
static inline void flat_reset(struct flat *f)
{
    struct hart *h = &f->hart, old = *h;
    uint32_t stop = flat_stop();
    *h = (struct hart){.cfg = &f->cfg,
                       .window = &f->window,
                       .data = f->memory,
                       .set_mask = FLAT_LINES - 1,
                       .fetch_mask = FLAT_LINES - 1};
    h->blind = old.blind;
    h->itlb = old.itlb;
    h->dtlb = old.dtlb;
    h->l2tlb = old.l2tlb;
    h->pmp.entries = (uint8_t)f->cfg.hart_pmp_entries;
    h->pmp.grain = (uint8_t)f->cfg.hart_pmp_grain;
    for (unsigned k = 0; k < L1_VIEWS; k++)
        h->fetch_view[k] = f->fetch[k];
    hart_reset(h, 0, FLAT_CODE, MAP_BOOTINFO_BASE);
    h->mtvec = FLAT_TRAP;
    h->stvec = FLAT_STRAP;
    flat_follow_config(f);
    flat_store(f, FLAT_TRAP, &stop, sizeof stop);
    flat_store(f, FLAT_STRAP, &stop, sizeof stop);
    f->reserved = UINT64_MAX;
    f->trap_loop = false;
    memset(f->present, 0, sizeof f->present);
    memset(f->fetched, 0, sizeof f->fetched);
}

static inline struct flat *flat_create(enum flat_mode mode)
{
    struct arena *arena = arena_create();
    struct flat *f = arena_alloc(arena, 1, sizeof *f);
    f->arena = arena;
    f->mode = mode;
    config_defaults(&f->cfg);
    memset(f->read_tag, 0xff, sizeof f->read_tag);
    memset(f->write_tag, 0xff, sizeof f->write_tag);
    f->window = (struct l1_window){.read_tag = f->read_tag,
                                   .write_tag = f->write_tag,
                                   .data = f->memory,
                                   .set_mask = FLAT_LINES - 1};
    for (unsigned k = 0; k < L1_VIEWS; k++) {
        f->window.view[k] = f->view[k];
    }
    f->hart.cfg = &f->cfg;
    f->hart.window = &f->window;
    mmu_create(&f->hart, arena);
    flat_reset(f);
    return f;
}

static inline void flat_destroy(struct flat *f)
{
    arena_destroy(f->arena);
}

/* Puts words at FLAT_CODE and forgets what was decoded there. */
static inline void flat_program(struct flat *f, const uint32_t *words, unsigned count)
{
    flat_store(f, FLAT_CODE, words, count * sizeof *words);
    flat_follow_config(f);
    port_fence_i(&f->hart);
}

/* Every cycle is an instruction or a stall of one cause. */
static inline void flat_check_cpi(const struct flat *f, uint64_t instructions)
{
    uint64_t stalls = 0;
    for (unsigned i = 0; i < STALLS; i++)
        stalls += f->hart.stall[i];
    cr_assert_eq(f->hart.cycle, instructions + stalls);
}

/* Runs in slices of `slice` cycles until the hart sleeps in a flat_stop or wfi;
 * misses are answered after FLAT_MISS_CYCLES. */
static inline void flat_run(struct flat *f, cycle_t slice)
{
    struct hart *h = &f->hart;
    for (unsigned n = 0; n < 1000000; n++) {
        hart_run(h, h->cycle + slice);
        if (h->wait == WAIT_WFI || h->wait == WAIT_MESSAGE)
            return;
        if (h->wait != WAIT_NONE)
            hart_wake(h, h->wait_since + FLAT_MISS_CYCLES);
    }
    cr_assert_fail("no end; at pc 0x%llx", (unsigned long long)h->pc);
}

/* Runs these words, a flat_stop behind them. */
static inline void flat_execute(struct flat *f, const uint32_t *words, unsigned count)
{
    uint32_t stop = flat_stop();
    flat_program(f, words, count);
    flat_store(f, FLAT_CODE + 4 * (uint64_t)count, &stop, sizeof stop);
    f->hart.pc = FLAT_CODE;
    f->hart.wait = WAIT_NONE;
    flat_run(f, 1000);
}

#endif
