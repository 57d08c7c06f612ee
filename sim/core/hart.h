/*
 * A hart: RV64IMAC with the extensions of insn.def and csr.def, M, S and U mode, in
 * order, at most one instruction a cycle, which waits for the results it needs (scoreboard.h).
 *
 * Every cycle of a hart is either the issue of one retired instruction or a
 * stall of one named cause, so that
 *     instructions retired = cycle - sum of stall[]
 * holds at every moment: the CPI stack sums by construction.
 *
 * hart_run() executes until a *synchronisation point* (an access to memory, a
 * device or a CSR, or a taken branch) would issue at or after `until`.
 * ALU instructions may run past it: they touch nothing that anyone else sees.
 * An interrupt is taken at the first synchronisation point whose issue cycle
 * is at or after its arrival.  So where the slices end cannot be seen.
 */
#ifndef TESSERA_HART_H
#define TESSERA_HART_H

#include <stddef.h>

#include "coherence/coherence.h"
#include "sim/base/types.h"
#include "sim/core/decode.h"
#include "sim/core/history.h"
#include "sim/core/pmp.h"
#include "sim/core/polling.h"
#include "sim/core/predictor.h"
#include "sim/core/retire.h"
#include "sim/core/scoreboard.h"
#include "sim/core/store_buffer.h"
#include "sim/core/tlb.h"

enum privilege { PRIV_U = 0, PRIV_S = 1, PRIV_M = 3 };

/* Why a hart's cycle was not an issue: STALL(name, meaning).  The last one is made up
 * when accounts are read, from cycles that count elsewhere until then (polling.h). */
#define STALL_CAUSES(STALL)                                                                        \
    STALL(data_use, "waiting for a load that hits the L1D")                                        \
    STALL(multiply, "waiting for multiplier or divider")                                           \
    STALL(branch, "mispredicted branch or indirect jump")                                          \
    STALL(fetch, "L1I miss")                                                                       \
    STALL(l1d_network, "L1D miss, uncached access, far atomic: in the mesh")                       \
    STALL(l1d_directory, "likewise: at the home, its LLC, in other L1s, waiting for the line")     \
    STALL(l1d_memory, "likewise: in the memory controller")                                        \
    STALL(l1d_l2, "L1D miss: in the private L2")                                                   \
    STALL(l1d_access, "L1D: fills, second halves of accesses that span two lines")                 \
    STALL(store_buffer, "store buffer full, or to be emptied by a fence, an atomic or an access "  \
                        "it cannot forward")                                                       \
    STALL(walk, "TLB miss")                                                                        \
    STALL(atomic, "atomic operation")                                                              \
    STALL(device, "device register")                                                               \
    STALL(csr, "CSR access, fence.i, message-unit register")                                       \
    STALL(trap, "trap entry and return")                                                           \
    STALL(idle, "wfi")                                                                             \
    STALL(message, "waiting for a message")                                                        \
    STALL(polling, "rounds of loops that changed nothing, their instructions included")
enum stall_cause {
#define STALL(name, meaning) STALL_##name,
    STALL_CAUSES(STALL)
#undef STALL
        STALLS
};

/* What a hart that does not run waits for: WAIT(constant, what, stall cause). */
#define HART_WAITS(WAIT)                                                                           \
    WAIT(NONE, "nothing", STALLS)                                                                  \
    WAIT(LINE, "a line of the L1D", STALL_l1d_directory)                                           \
    WAIT(L1, "the L1D: room for another transaction, or a line on its way out", STALL_l1d_access)  \
    WAIT(WORD, "an uncached access or a far atomic, at its home", STALL_l1d_directory)             \
    WAIT(STORES, "stores to leave the store buffer", STALL_store_buffer)                           \
    WAIT(WALK, "a page table entry", STALL_walk)                                                   \
    WAIT(FETCH, "a line of the L1I", STALL_fetch)                                                  \
    WAIT(DEVICE, "another tile's device register", STALL_device)                                   \
    WAIT(WFI, "an interrupt (wfi)", STALL_idle)                                                    \
    WAIT(MESSAGE, "a message (mu_wait)", STALL_message)
enum hart_wait {
#define WAIT(name, what, cause) WAIT_##name,
    HART_WAITS(WAIT)
#undef WAIT
        WAITS
};
extern const char *const hart_wait_names[WAITS];

/* The one exception or interrupt that hart_trap takes. */
#define CAUSE_INTERRUPT (UINT64_C(1) << 63)
enum trap_cause {
    CAUSE_FETCH_MISALIGNED = 0,
    CAUSE_FETCH_ACCESS = 1,
    CAUSE_ILLEGAL = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_LOAD_ACCESS = 5,
    CAUSE_STORE_MISALIGNED = 6,
    CAUSE_STORE_ACCESS = 7,
    CAUSE_ECALL_U = 8,
    CAUSE_ECALL_S = 9,
    CAUSE_ECALL_M = 11,
    CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE = 13,
    CAUSE_STORE_PAGE = 15
};

enum { IRQ_SSIP = 1, IRQ_MSIP = 3, IRQ_STIP = 5, IRQ_MTIP = 7, IRQ_SEIP = 9, IRQ_MEIP = 11 };

struct tile;
struct trace;

/* The code line that a virtual line of instructions decodes to: a hit here is
 * an L1I hit on the most recently used way. */
struct fetch_entry {
    uint64_t line; /* address, ~0 = none */
    struct code_line *code;
};

/* How far the page table walker has come (mmu.c). */
struct walk {
    bool active;
    bool global; /* a pointer on the way had G: so is the leaf */
    uint8_t kind, level;
    uint32_t dead;    /* what its entry will be: as in struct tlb_entry */
    uint32_t far;     /* cycles in the L2, not yet charged */
    uint64_t address; /* page */
    paddr_t table;
};

/* A load or store that spans two lines and may lie in two pages: how far it has
 * come (sim/tile/port.c).  A trap begins it anew. */
enum split_stage { SPLIT_NONE, SPLIT_ONE_FOUND, SPLIT_BOTH_FOUND, SPLIT_ONE_DONE };
struct split {
    uint8_t stage;
    uint64_t value; /* the first part's, loaded */
    paddr_t physical[2];
    struct tlb_use via[2]; /* entries that have let the parts through */
};

/* A loop that may be polling (polling.h). */
struct round {
    struct round_branch watched, other; /* other: came by last, since the watched one did */
    uint64_t line; /* that holds the watched one: equal lines have one decoded form */
    uint8_t failures, let_go;
    bool compared; /* since cycle `since`, when these were: */
    cycle_t since;
    uint64_t queue, x[32], stall[STALLS];
};

/* What polling rounds took, and which causes it counts for in the other accounts. */
struct polled {
    uint64_t cycles, instructions, stall[STALLS];
};

/* A trap that was taken: from where, and what it said. */
struct trap_taken {
    uint64_t cause, tval, epc;
    uint8_t priv;
};

/*
 * Traps that lead nowhere, in three ways:
 *   in a row   no instruction separates them: there is no handler to speak of
 *   nested     exceptions without an mret or sret between them: the handler traps
 *   resumed    mret or sret goes to an instruction that traps as it did before: the
 *              handler does nothing about it (it may count, and it may wait for another
 *              hart: so other registers than before are given ten times as long)
 * Interrupts come from outside: they count in a row only.
 */
enum trap_loop { TRAP_LOOP_NONE, TRAP_LOOP_ROW, TRAP_LOOP_NESTED, TRAP_LOOP_RESUMED };
enum { TRAPS_NESTED_MAX = 1000000, TRAPS_RESUMED_MAX = 1000000, TRAPS_RETRIED_MAX = 10000000 };

struct trap_watch {
    enum trap_loop loop;
    uint64_t in_a_row, instret_at_trap;  /* traps since an instruction was last retired */
    uint64_t nested;                     /* exceptions since the last return */
    uint64_t retried, instret_at_return; /* exceptions like the one before, in a row ... */
    uint64_t resumed;                    /* ... and with the same registers */
    struct trap_taken row_first;         /* of those in a row */
    struct trap_taken nest_first;        /* of those nested */
    struct trap_taken exception, latest; /* the latest exception; the latest trap */
    uint64_t x[32];                      /* at that exception */
};

enum ad_update { AD_HARDWARE, AD_FAULT, AD_MENVCFG };

struct hart {
    /* What a slice touches lies together, in HART_HOT_LINES of the host's cache
     * lines, so that hart_prefetch_state can bring it in. */
    _Alignas(64) uint64_t x[33]; /* x[32] takes what is written to x0 */
    uint64_t pc;
    cycle_t cycle;               /* issue cycle of the next instruction */
    cycle_t until;               /* the present slice's end; lowered when a packet is sent */
    cycle_t timer_at, stimer_at; /* cycles at which mtime reaches mtimecmp, time stimecmp */
    uint64_t mip, mie;

    const uint64_t *load_view, *store_view; /* `view` or `blind`: hart_choose_views */
    uint64_t *view;            /* of the present mode, for loads and stores: see hart_view_reads */
    uint8_t *data;             /* of the L1D's most recently used ways (coherence.h) */
    uint64_t set_mask;         /* of the L1D */
    struct fetch_entry *fetch; /* of the present mode: one of fetch_view */
    uint64_t jumped_from;      /* the jump that has just left the fast path; 0: none has */
    uint64_t fetch_mask;
    struct code_line *here; /* the line at pc, where a slice has ended; or NULL */
    uint64_t near_address;  /* where the next access may be: what to prefetch, no more */
    uint8_t priv;
    uint8_t wait;    /* enum hart_wait */
    bool completing; /* the access, wfi or mu_wait that waited must be performed first */
    bool behind_wanted;
    bool tracing;     /* instructions are reported as they retire (retire.h) */
    bool behind_dead; /* perhaps found through an entry that a shootdown should have removed */
    bool device_done; /* device_value answers the access being completed */
    bool device_refused;
    uint8_t charge_cause; /* enum stall_cause */

    const struct config *cfg;
    struct trace *trace;  /* NULL: off */
    uint64_t behind_line; /* ~0: none */
    struct predictor predictor;
    uint64_t stall[STALLS]; /* the causes of everyday first */

    struct fetch_entry *fetch_view[L1_VIEWS];
    const struct l1_window *window;
    const uint64_t *blind;    /* as long as a view, and empty */
    struct code_line *behind; /* the line at behind_line, for an instruction that straddles */
    struct tile *tile;
    uint64_t device_value;
    bool word_done;    /* `word` answers the access being completed */
    uint8_t page_type; /* PBMT_* of the page that the last translation went through */
    uint16_t amo_op;   /* the AMO in progress, should it be done at the line's home */
    uint64_t amo_operand, word;
    uint32_t miss_network_cycles, miss_memory_cycles; /* of the message that ended the wait */
    uint32_t charge;     /* cycles to charge once the completed access is performed */
    cycle_t complete_at; /* when what `completing` stands for is performed */
    cycle_t wait_since;
    paddr_t wait_line;  /* WAIT_LINE, WAIT_L1, WAIT_STORES, WAIT_FETCH, WAIT_DEVICE: address */
    uint64_t wait_mask; /* WAIT_MESSAGE: queues */
    _Alignas(64) struct scoreboard board; /* its first line */

    /* retired stores that are not yet performed; while there are any, loads and stores
     * see a plane of views that remembers nothing */
    struct store_buffer stores;

    /* the same accounts by privilege (0 U, 1 S, 2 M), brought up to date whenever it changes */
    struct mode_account {
        uint64_t cycles, stall[STALLS];
    } mode[3], mode_mark;
    struct polled polled[3];
    _Alignas(64) struct round round; /* its first line is touched by branches that go back */

    /* memory management */
    struct tlb itlb, dtlb, l2tlb;
    struct pmp pmp;
    struct walk walk;
    struct split split;
    uint64_t fault_address;  /* what a fault of the access in progress reports */
    paddr_t atomic_physical; /* of the atomic in progress */
    uint64_t satp, walks;

    /* control and status */
    bool seip_software, seip_line;        /* the two that mip.SEIP is the OR of */
    uint64_t mtimecmp, stimecmp;          /* as written, in ticks */
    uint64_t hpm_event[32], hpm_base[32]; /* mhpmevent3..31 and what each counter was set to */
    uint64_t l1d_misses, l1i_misses, messages_sent, messages_received;
    uint64_t mstatus, mtvec, mepc, mcause, mtval, mscratch, mideleg, medeleg;
    uint64_t mcounteren, mcountinhibit, menvcfg;
    uint64_t stvec, sepc, scause, stval, sscratch, scounteren, senvcfg;
    uint64_t cycle_offset, instret_offset; /* what a write to mcycle, minstret added */
    uint64_t cycle_frozen, instret_frozen; /* values while mcountinhibit stops them */

    /* for reports and livelock */
    _Alignas(64) struct trap_watch trap_watch;
    struct history history;
    tile_id id;

    uint64_t traps, interrupts;

    struct retiring retiring; /* the instruction being executed, while tracing */
};

enum { HOST_LINE_BYTES = 64, HART_HOT_LINES = 8 };
_Static_assert(offsetof(struct hart, stall[STALL_fetch]) <= HART_HOT_LINES * HOST_LINE_BYTES,
               "what a slice touches has outgrown its lines");
_Static_assert(sizeof(struct hart) / HOST_LINE_BYTES % 8 != 0,
               "harts at a stride of many lines would share few of the host cache's sets");

/* An entry of a view is the virtual address of a line that may be read and written
 * without asking: TLB, permissions, PMP and L1D have agreed, and nothing that they
 * look at has changed since.  VIEW_READ_ONLY is added where only loads may.  The
 * comparison checks alignment too: a misaligned access misses. */
enum { VIEW_READ_ONLY = 8 }; /* a bit that no access leaves in view_tag */

/* The address as an aligned access of `bytes` to a line must show it: line bits, and
 * the bits that alignment wants to be zero. */
static inline uint64_t view_tag(uint64_t address, unsigned bytes)
{
    return address & ~(uint64_t)((LINE_BYTES - 1) ^ (bytes - 1));
}

static inline bool view_reads(uint64_t entry, uint64_t address, unsigned bytes)
{
    return ((entry ^ view_tag(address, bytes)) & ~(uint64_t)VIEW_READ_ONLY) == 0;
}

static inline bool view_writes(uint64_t entry, uint64_t address, unsigned bytes)
{
    return entry == view_tag(address, bytes);
}

/* Asks the host for what the hart's next slice will touch, some time before it runs:
 * first its state, then what the state points to.  Results do not depend on it. */
static inline void hart_prefetch_state(const struct hart *h)
{
    for (unsigned i = 0; i < HART_HOT_LINES; i++)
        __builtin_prefetch((const char *)h + i * HOST_LINE_BYTES, 1);
    __builtin_prefetch(&h->board, 1);
    __builtin_prefetch(&h->round, 1);
}

static inline void hart_prefetch_near(const struct hart *h)
{
    uint64_t set = h->near_address >> LINE_SHIFT & h->set_mask;
    __builtin_prefetch(&h->view[set]);
    __builtin_prefetch(&h->data[set << LINE_SHIFT]);
    __builtin_prefetch(&h->fetch[h->pc >> LINE_SHIFT & h->fetch_mask]);
    __builtin_prefetch(&h->predictor.counter[h->pc >> 1 & h->predictor.mask], 1);
}

void hart_reset(struct hart *h, tile_id id, uint64_t pc, uint64_t bootinfo);

/* Marks the decoded lines that the hart refers to, between its slices. */
void hart_keep_code(const struct hart *h, struct code_table *table);

/* Runs while synchronisation points issue before `until`.  On return the hart
 * has h->cycle >= until, or it waits (h->wait != WAIT_NONE). */
void hart_run(struct hart *h, cycle_t until);

/* Where a record's handler finds its operands.  A value that the record before has
 * just written need not go through the hart's registers in memory. */
enum operands_from {
    OPERANDS_STORED,       /* in the registers */
    OPERANDS_FIRST_LATEST, /* rs1 is what the record before has written */
    OPERANDS_SECOND_LATEST,
    OPERANDS
};

/* The handler of hart_run for an operation, for the decoder; NULL: there is none of
 * this form (OPERANDS_STORED always exists). */
const void *hart_handler(unsigned op, enum operands_from from);

/* Ends a wait at cycle `now`; the waited cycles are charged to their cause. */
void hart_wake(struct hart *h, cycle_t now);

/* Notes the jump from h->jumped_from to h->pc, whose line is not at hand. */
void hart_jumped(struct hart *h);

/* Charges a wait that is still going on up to cycle `now`, at the end of a run. */
void hart_charge_wait(struct hart *h, cycle_t now);

/* Where the cycles of one privilege mode (index 0 U, 1 S, 2 M) went, as of the last
 * hart_account_mode: `base` is the issue of instructions outside polling rounds, and
 * with all stalls, polling included, adds up to `cycles`. */
struct hart_account {
    uint64_t cycles, instructions, base, stall[STALLS];
};
struct hart_account hart_account_of(const struct hart *h, unsigned mode);

/* Gives what has passed since the last call to the present privilege's account. */
void hart_account_mode(struct hart *h);

/* Goes to sleep at h->cycle. */
void hart_sleep(struct hart *h, enum hart_wait wait);

/* Goes to sleep until store `number` has left the store buffer. */
void hart_await_store(struct hart *h, uint64_t number);

/* What comes next must find every earlier store performed: true when the hart has gone
 * to sleep for that, to execute the instruction again. */
static inline bool hart_awaits_stores(struct hart *h)
{
    if (store_buffer_is_empty(&h->stores))
        return false;
    hart_await_store(h, h->stores.entered - 1);
    return true;
}

/* A wait ends early: is an enabled interrupt pending (wfi's rule: whatever the
 * global enable says)? */
static inline bool hart_interrupt_pending(const struct hart *h)
{
    return (h->mip & h->mie) != 0;
}

/* mip.SEIP is the OR of what software wrote and of the controller's line (privileged
 * architecture 3.1.9).  To be called when either has changed. */
static inline void hart_gather_seip(struct hart *h)
{
    uint64_t seip = UINT64_C(1) << IRQ_SEIP;
    h->mip = h->seip_software || h->seip_line ? h->mip | seip : h->mip & ~seip;
}

static inline uint64_t hart_instructions(const struct hart *h)
{
    uint64_t n = h->cycle;
    for (unsigned i = 0; i < STALLS; i++)
        n -= h->stall[i];
    return n;
}

/* Where the views and the accounts of a privilege lie: 0 U, 1 S, 2 M. */
static inline unsigned hart_mode_index(unsigned priv)
{
    return priv == PRIV_M ? 2 : priv;
}

/* Where loads and stores look whether they hit: nowhere while there is anything in the
 * store buffer, and stores nowhere while a round is being compared.  To be called when
 * any of this has changed. */
static inline void hart_choose_views(struct hart *h)
{
    h->load_view = store_buffer_is_empty(&h->stores) ? h->view : h->blind;
    h->store_view = h->round.compared ? h->blind : h->load_view;
}

/* The hart does something that no polling round does. */
static inline void hart_acts(struct hart *h)
{
    if (__builtin_expect(h->round.compared, 0))
        polling_fail(h);
}

static inline void hart_stall(struct hart *h, enum stall_cause cause, uint64_t cycles)
{
    h->cycle += cycles;
    h->stall[cause] += cycles;
}

/* An instruction of several steps (a walk, an access to two lines) has done one of
 * them: must the hart look around before the next, which it then goes on with?  It
 * must at its slice's end, when a timer has come, and after the step that a wait
 * was for; so that where slices end does not show. */
static inline bool hart_must_yield(const struct hart *h)
{
    if (h->completing)
        return h->cycle > h->complete_at;
    return h->cycle >= h->until || (h->cycle >= h->timer_at && !(h->mip >> IRQ_MTIP & 1)) ||
           (h->cycle >= h->stimer_at && !(h->mip >> IRQ_STIP & 1));
}

/* Enters the handler of `cause` (h->pc is the trapping instruction). */
void hart_trap(struct hart *h, uint64_t cause, uint64_t tval);

/* Takes the interrupt of highest priority that is enabled now, if any. */
bool hart_take_interrupt(struct hart *h);

void hart_return_m(struct hart *h);
void hart_return_s(struct hart *h);

/* One CSR instruction at h->pc with h->cycle = its issue cycle.  `operand` is
 * rs1's value or the immediate; the old value goes to *old.  CSR_ILLEGAL has
 * changed nothing; CSR_WAIT put the hart to sleep, to execute it again;
 * CSR_EXIT is done, but interrupts or the slice's end may have changed. */
enum csr_op { CSR_WRITE, CSR_SET, CSR_CLEAR };
enum csr_result { CSR_DONE, CSR_ILLEGAL, CSR_WAIT, CSR_EXIT };
enum csr_result hart_csr(struct hart *h, unsigned number, enum csr_op op, bool reads, bool writes,
                         uint64_t operand, uint64_t *old);

/* menvcfg and senvcfg bits */
#define ENVCFG_FIOM   (UINT64_C(1) << 0)
#define ENVCFG_CBIE   (UINT64_C(3) << 4)
#define ENVCFG_CBCFE  (UINT64_C(1) << 6)
#define ENVCFG_CBZE   (UINT64_C(1) << 7)
#define MENVCFG_ADUE  (UINT64_C(1) << 61)
#define MENVCFG_PBMTE (UINT64_C(1) << 62)
#define MENVCFG_STCE  (UINT64_C(1) << 63)

/* mstatus bits */
#define MSTATUS_SIE  (UINT64_C(1) << 1)
#define MSTATUS_MIE  (UINT64_C(1) << 3)
#define MSTATUS_SPIE (UINT64_C(1) << 5)
#define MSTATUS_MPIE (UINT64_C(1) << 7)
#define MSTATUS_SPP  (UINT64_C(1) << 8)
#define MSTATUS_MPP  (UINT64_C(3) << 11)
#define MSTATUS_MPRV (UINT64_C(1) << 17)
#define MSTATUS_SUM  (UINT64_C(1) << 18)
#define MSTATUS_MXR  (UINT64_C(1) << 19)
#define MSTATUS_TVM  (UINT64_C(1) << 20)
#define MSTATUS_TW   (UINT64_C(1) << 21)
#define MSTATUS_TSR  (UINT64_C(1) << 22)
#define MSTATUS_UXL  (UINT64_C(2) << 32)
#define MSTATUS_SXL  (UINT64_C(2) << 34)

#endif
