/*
 * The interpreter's loop.  Threaded code: each record holds the address of its
 * handler, and every handler ends by jumping to the next record's.
 *
 * Time is not counted, it is read off the record pointer.  A record is one
 * cycle, and `lim` is where the pointer would stand at the slice's end:
 *
 *       i                         lim
 *       |  issue cycle = now       |  issue cycle = end
 *   ----+----+----+----+----+----+-+--
 *
 * so that an ALU instruction does no timing at all, a stall of n cycles moves
 * `lim` back by n records, and a jump moves `lim` along with `i`.  Only
 * synchronisation points compare the two (see hart.h).
 *
 * What the fast path cannot do leaves through port.h with the hart's pc and
 * cycle up to date, and comes back with REJOIN.
 */
#include "sim/core/hart.h"

#include <string.h>

#include "sim/core/mmu.h"

static inline uint64_t sext32(uint64_t v)
{
    return (uint64_t)(int64_t)(int32_t)v;
}

static inline uint64_t divide(uint64_t a, uint64_t b)
{
    if (b == 0)
        return UINT64_MAX;
    if (b == UINT64_MAX)
        return -a; /* also the overflow case: INT64_MIN / -1 = INT64_MIN */
    return (uint64_t)((int64_t)a / (int64_t)b);
}

static inline uint64_t remainder_of(uint64_t a, uint64_t b)
{
    if (b == 0)
        return a;
    if (b == UINT64_MAX)
        return 0;
    return (uint64_t)((int64_t)a % (int64_t)b);
}

/* Each byte that has a bit set becomes 0xff (orc.b). */
static inline uint64_t or_combine(uint64_t a)
{
    a |= (a & 0x7f7f7f7f7f7f7f7fu) + 0x7f7f7f7f7f7f7f7fu; /* bit 7 of each non-zero byte */
    return ((a >> 7) & 0x0101010101010101u) * 0xff;
}

/* The cycle at which this slice must stop: its end or the timer. */
static cycle_t slice_end(const struct hart *h)
{
    cycle_t end = h->until;
    if (h->timer_at > h->cycle && h->timer_at < end)
        end = h->timer_at;
    if (h->stimer_at > h->cycle && h->stimer_at < end)
        end = h->stimer_at;
    cycle_t longest = h->cycle + (UINT64_C(1) << 40); /* lim stays an address */
    return end < longest ? end : longest;
}

/* `to` is the record that execution goes on with behind `from`, in another line: the
 * result is always `to`.  But to find it took a chain of loads, and everything behind
 * would wait for them; where it went last time is one load, and the host goes on with
 * that while it checks that it is right. */
static inline const struct insn *guess_record(const struct insn *from, const struct insn *to)
{
    struct insn_far *far = insn_far(from);
    const struct insn *guess = far->went, *result = guess;
    __asm__("" : "+r"(result)); /* so that the compiler does not take `to`, which is equal */
    if (__builtin_expect(guess != to, 0))
        far->went = result = to;
    return result;
}

/* Do menvcfg, and in U mode senvcfg, let this privilege use a group of cache-block
 * instructions? */
static bool cache_block_allowed(const struct hart *h, uint64_t bits)
{
    return (h->priv == PRIV_M || (h->menvcfg & bits)) && (h->priv != PRIV_U || (h->senvcfg & bits));
}

/* Below M mode cbo.inval drops what was stored only where every envcfg that counts says
 * so; else it must not let a guest see what lay in memory before (CBIE = 01). */
static enum l1_management inval_means(const struct hart *h)
{
    uint64_t counts = h->priv == PRIV_M ? ENVCFG_CBIE : h->menvcfg;
    if (h->priv == PRIV_U)
        counts &= h->senvcfg;
    return (counts & ENVCFG_CBIE) == ENVCFG_CBIE ? L1_INVAL : L1_FLUSH;
}

/* Does a fence for which decoding has found that it may have to wait for stores do so
 * here?  menvcfg and senvcfg can make it order memory with what it says of devices. */
static bool fence_awaits_stores(const struct hart *h, int32_t operands)
{
    uint64_t both = h->priv == PRIV_M ? 0 : h->menvcfg;
    if (h->priv == PRIV_U)
        both |= h->senvcfg;
    return (operands & FENCE_BEFORE_W) || (both & ENVCFG_FIOM);
}

#include "sim/core/handlers.inc"

const void *hart_handler(unsigned op, enum operands_from from)
{
    return execute(NULL, NULL, 0)[from * OPS + op];
}

/* The line behind h->pc's, into which the instruction there reaches. */
static bool fetch_behind(struct hart *h)
{
    uint64_t line = (h->pc & ~(uint64_t)(LINE_BYTES - 1)) + LINE_BYTES;
    enum trap_cause cause;
    enum port_result result = port_fetch(h, line, &h->behind, &cause);
    if (result == PORT_FAULT)
        hart_trap(h, cause, line);
    h->behind_wanted = result == PORT_WAIT || result == PORT_YIELD;
    h->behind_line = result == PORT_DONE ? line : UINT64_MAX;
    return result == PORT_DONE;
}

/* The decoded line at h->pc, or NULL after a wait or a trap. */
static inline struct code_line *fetch(struct hart *h)
{
    if (h->behind_wanted && !fetch_behind(h))
        return NULL;
    struct code_line *here = h->here;
    h->here = NULL;
    if (here)
        return here;
    const struct fetch_entry *entry = &h->fetch[(h->pc >> LINE_SHIFT) & h->fetch_mask];
    if (entry->line == (h->pc & ~(uint64_t)(LINE_BYTES - 1))) {
        h->jumped_from = 0;
        return entry->code;
    }
    struct code_line *code = NULL;
    if (h->jumped_from)
        hart_jumped(h);
    enum trap_cause cause;
    if (port_fetch(h, h->pc, &code, &cause) == PORT_FAULT)
        hart_trap(h, cause, h->pc);
    return code;
}

/* Performs the access that a wait was for, before anything else can happen to
 * its line, then charges what bringing the line in cost after its arrival.  A
 * wfi or mu_wait that has been woken is completed likewise, before the interrupt. */
static void complete_access(struct hart *h)
{
    h->complete_at = h->cycle;
    struct code_line *code = fetch(h);
    if (code)
        execute(h, code, h->cycle + 1);
    if (h->behind_wanted && h->cycle == h->complete_at && (code = fetch(h)))
        execute(h, code, h->cycle + 1); /* the instruction reaches into the next line */
    h->completing = false;
    if (h->wait == WAIT_NONE)
        hart_stall(h, (enum stall_cause)h->charge_cause, h->charge);
    h->charge = 0;
}

void hart_run(struct hart *h, cycle_t until)
{
    h->until = h->completing && until <= h->cycle ? h->cycle + 1 : until;
    while (h->wait == WAIT_NONE) {
        if (h->completing) {
            complete_access(h);
            continue;
        }
        if (h->cycle >= h->until)
            return;
        if (h->cycle >= h->timer_at)
            h->mip |= UINT64_C(1) << IRQ_MTIP;
        if (h->cycle >= h->stimer_at)
            h->mip |= UINT64_C(1) << IRQ_STIP;
        if (hart_interrupt_pending(h) && hart_take_interrupt(h))
            continue;
        struct code_line *code = fetch(h);
        if (code)
            execute(h, code, slice_end(h));
    }
}
