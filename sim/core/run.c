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

/* The address as an aligned access of `bytes` to a line must show it in a tag
 * plane: line bits and the bits that alignment wants to be zero. */
static inline uint64_t tag_of(uint64_t address, unsigned bytes)
{
    return address & ~(uint64_t)((LINE_BYTES - 1) ^ (bytes - 1));
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

/* Do menvcfg, and in U mode senvcfg, let this privilege use a group of cache-block
 * instructions? */
static bool cache_block_allowed(const struct hart *h, uint64_t bits)
{
    return (h->priv == PRIV_M || (h->menvcfg & bits)) && (h->priv != PRIV_U || (h->senvcfg & bits));
}

/* Executes from h->pc until a synchronisation point at or after the slice's
 * end, a wait, or anything that must look at interrupts again.  Called with
 * h == NULL it returns the handlers. */
static const void *const *execute(struct hart *h, struct code_line *code, cycle_t end)
{
    static const void *const handlers[OPS] = {
#define ALU(name, match, mask, format, value) [OP_##name] = &&do_##name,
#define MUL(name, match, mask, format, value) [OP_##name] = &&do_##name,
#define DIV(name, match, mask, format, value) [OP_##name] = &&do_##name,
#define LOAD(name, match, mask, type)                                                              \
    [OP_##name] = &&do_##name, [OP_##name##_used] = &&do_##name##_used,
#define STORE(name, match, mask, type) [OP_##name] = &&do_##name,
#define BRANCH(name, match, mask, condition)                                                       \
    [OP_##name] = &&do_##name, [OP_##name##_near] = &&do_##name##_near,                            \
    [OP_##name##_dynamic] = &&do_##name##_dynamic,                                                 \
    [OP_##name##_dynamic_near] = &&do_##name##_dynamic_near,
#define AMO(name, match, mask, type, value) [OP_##name] = &&do_##name,
#define SYS(name, match, mask, format)      [OP_##name] = &&do_##name,
#include "sim/core/insn.def"
#undef ALU
#undef MUL
#undef DIV
#undef LOAD
#undef STORE
#undef BRANCH
#undef AMO
#undef SYS
        [OP_jal_near] = &&do_jal_near,
        [OP_jal_call] = &&do_jal_call,
        [OP_jal_call_near] = &&do_jal_call_near,
        [OP_jalr_predicted] = &&do_jalr_predicted,
        [OP_illegal] = &&do_illegal,
        [OP_straddle] = &&do_straddle,
        [OP_join] = &&do_join,
        [OP_line_end] = &&do_line_end,
        [OP_line_end_used] = &&do_line_end_used,
        [OP_traced] = &&do_traced,
    };
    if (!h)
        return handlers;

    uint64_t *const x = h->x;
    const uint64_t set_mask = h->window->set_mask;
    const uint64_t *const read_tag = h->window->view_read[h->view];
    const uint64_t *const write_tag = h->window->view_write[h->view];
    uint8_t *const data = h->window->data;
    const uint64_t data_mask = (set_mask << LINE_SHIFT) | (LINE_BYTES - 1);

    uint64_t line_pc = h->pc & ~(uint64_t)(LINE_BYTES - 1);
    const struct insn *i = &code->insn[code->entry[(h->pc - line_pc) / 2]];
    uintptr_t lim = (uintptr_t)i + (end - h->cycle) * sizeof *i;
    uint64_t a, b, value, target;
    enum trap_cause cause;
    unsigned length; /* of an instruction, bytes */
    enum port_result answer;

#define RECORDS(n) ((uintptr_t)(n) * sizeof(struct insn))
#define PC         (line_pc + 2 * (uint64_t)code->half[i - code->insn])
#define NOW        (end - (cycle_t)((intptr_t)(lim - (uintptr_t)i) / (intptr_t)sizeof *i))
#define NEXT                                                                                       \
    do {                                                                                           \
        i++;                                                                                       \
        goto * i->go;                                                                              \
    } while (0)
#define SYNC                                                                                       \
    do {                                                                                           \
        if (__builtin_expect((uintptr_t)i >= lim, 0))                                              \
            goto out;                                                                              \
    } while (0)
#define STALL(which, n)                                                                            \
    do {                                                                                           \
        lim -= RECORDS(n);                                                                         \
        h->stall[STALL_##which] += (n);                                                            \
    } while (0)
#define SAVE                                                                                       \
    do {                                                                                           \
        h->pc = PC;                                                                                \
        h->cycle = NOW;                                                                            \
    } while (0)
#define REJOIN                                                                                     \
    do {                                                                                           \
        if (h->until < end)                                                                        \
            end = h->until;                                                                        \
        lim = (uintptr_t)i + (uintptr_t)((int64_t)(end - h->cycle) * (int64_t)sizeof *i);          \
    } while (0)

    goto * i->go;

    /* ---- arithmetic --------------------------------------------------- */
#define B_R   x[i->rs2]
#define B_I   (uint64_t)(int64_t) i->imm
#define B_SH6 (uint64_t)(int64_t) i->imm
#define B_SH5 (uint64_t)(int64_t) i->imm
#define B_U   (uint64_t)(int64_t) i->imm
#define B_R1  0
#define ALU(name, match, mask, format, result)                                                     \
    do_##name : a = x[i->rs1];                                                                     \
    b = B_##format;                                                                                \
    x[i->rd] = (result);                                                                           \
    (void)a;                                                                                       \
    (void)b;                                                                                       \
    NEXT;
#define MUL(name, match, mask, format, result)                                                     \
    do_##name : a = x[i->rs1];                                                                     \
    b = B_##format;                                                                                \
    x[i->rd] = (result);                                                                           \
    STALL(multiply, h->cfg->hart_mul_cycles - 1);                                                  \
    NEXT;
#define DIV(name, match, mask, format, result)                                                     \
    do_##name : a = x[i->rs1];                                                                     \
    b = B_##format;                                                                                \
    x[i->rd] = (result);                                                                           \
    STALL(multiply, h->cfg->hart_div_cycles - 1);                                                  \
    NEXT;

    /* ---- memory ------------------------------------------------------- */
#define LOAD_BODY(type, slow)                                                                      \
    a = x[i->rs1] + (uint64_t)(int64_t)i->imm;                                                     \
    SYNC;                                                                                          \
    if (__builtin_expect(read_tag[(a >> LINE_SHIFT) & set_mask] != tag_of(a, sizeof(type)), 0))    \
        goto slow;                                                                                 \
    {                                                                                              \
        type loaded;                                                                               \
        memcpy(&loaded, data + (a & data_mask), sizeof loaded);                                    \
        x[i->rd] = (uint64_t)(int64_t)loaded;                                                      \
    }
#define LOAD_SLOW(type)                                                                            \
    SAVE;                                                                                          \
    switch (port_load(h, a, sizeof(type), &value, &cause)) {                                       \
    case PORT_WAIT:                                                                                \
    case PORT_YIELD:                                                                               \
        goto asleep;                                                                               \
    case PORT_FAULT:                                                                               \
        REJOIN;                                                                                    \
        target = h->fault_address;                                                                 \
        goto trap;                                                                                 \
    case PORT_DONE:                                                                                \
        break;                                                                                     \
    }                                                                                              \
    x[i->rd] = (uint64_t)(int64_t)(type)value;                                                     \
    REJOIN;
#define LOAD(name, match, mask, type)                                                              \
    do_##name : LOAD_BODY(type, slow_##name) NEXT;                                                 \
    slow_##name : LOAD_SLOW(type) NEXT;                                                            \
    do_##name##_used : LOAD_BODY(type, slow_##name##_used)                                         \
                           STALL(data_use, h->cfg->hart_load_use_cycles - 1);                      \
    NEXT;                                                                                          \
    slow_##name##_used : LOAD_SLOW(type) STALL(data_use, h->cfg->hart_load_use_cycles - 1);        \
    NEXT;
#define STORE(name, match, mask, type)                                                             \
    do_##name : a = x[i->rs1] + (uint64_t)(int64_t)i->imm;                                         \
    SYNC;                                                                                          \
    if (__builtin_expect(write_tag[(a >> LINE_SHIFT) & set_mask] != tag_of(a, sizeof(type)), 0)) { \
        SAVE;                                                                                      \
        switch (port_store(h, a, sizeof(type), (type)x[i->rs2], &cause)) {                         \
        case PORT_WAIT:                                                                            \
        case PORT_YIELD:                                                                           \
            goto asleep;                                                                           \
        case PORT_FAULT:                                                                           \
            REJOIN;                                                                                \
            target = h->fault_address;                                                             \
            goto trap;                                                                             \
        case PORT_DONE:                                                                            \
            break;                                                                                 \
        }                                                                                          \
        REJOIN;                                                                                    \
        NEXT;                                                                                      \
    }                                                                                              \
    {                                                                                              \
        type stored = (type)x[i->rs2];                                                             \
        memcpy(data + (a & data_mask), &stored, sizeof stored);                                    \
    }                                                                                              \
    NEXT;
#define ATOMIC_CELL(type, kind)                                                                    \
    a = x[i->rs1];                                                                                 \
    SYNC;                                                                                          \
    SAVE;                                                                                          \
    switch (port_atomic(h, a, sizeof(type), kind, &cell, &cause)) {                                \
    case PORT_WAIT:                                                                                \
    case PORT_YIELD:                                                                               \
        goto asleep;                                                                               \
    case PORT_FAULT:                                                                               \
        REJOIN;                                                                                    \
        target = h->fault_address;                                                                 \
        goto trap;                                                                                 \
    case PORT_DONE:                                                                                \
        break;                                                                                     \
    }                                                                                              \
    REJOIN;
#define AMO(name, match, mask, type, result)                                                       \
    do_##name:                                                                                     \
    {                                                                                              \
        uint8_t *cell;                                                                             \
        type before, after;                                                                        \
        ATOMIC_CELL(type, ATOMIC_AMO)                                                              \
        memcpy(&before, cell, sizeof before);                                                      \
        uint64_t old = (uint64_t)(int64_t)before;                                                  \
        (void)old;                                                                                 \
        b = x[i->rs2];                                                                             \
        after = (type)(result);                                                                    \
        memcpy(cell, &after, sizeof after);                                                        \
        x[i->rd] = (uint64_t)(int64_t)before;                                                      \
        port_atomic_written(h, sizeof after, cell);                                                \
        hart_stall(h, STALL_atomic, h->cfg->hart_amo_cycles - 1);                                  \
    }                                                                                              \
    REJOIN;                                                                                        \
    NEXT;

    /* ---- branches ----------------------------------------------------- */
#define BRANCH(name, match, mask, condition)                                                       \
    do_##name : a = x[i->rs1];                                                                     \
    b = x[i->rs2];                                                                                 \
    if (!(condition))                                                                              \
        goto not_taken;                                                                            \
    SYNC;                                                                                          \
    goto taken_far;                                                                                \
    do_##name##_near : a = x[i->rs1];                                                              \
    b = x[i->rs2];                                                                                 \
    if (!(condition))                                                                              \
        goto not_taken;                                                                            \
    SYNC;                                                                                          \
    if (!i->rd)                                                                                    \
        STALL(branch, h->cfg->hart_mispredict_cycles);                                             \
    lim += RECORDS(i->imm - 1);                                                                    \
    i += i->imm;                                                                                   \
    goto * i->go;                                                                                  \
    do_##name##_dynamic : a = x[i->rs1];                                                           \
    b = x[i->rs2];                                                                                 \
    if (!(condition))                                                                              \
        goto dynamic_not_taken;                                                                    \
    goto dynamic_far;                                                                              \
    do_##name##_dynamic_near : a = x[i->rs1];                                                      \
    b = x[i->rs2];                                                                                 \
    if (!(condition))                                                                              \
        goto dynamic_not_taken;                                                                    \
    SYNC;                                                                                          \
    if (predictor_mispredicts(&h->predictor, PC, true))                                            \
        STALL(branch, h->cfg->hart_mispredict_cycles);                                             \
    lim += RECORDS(i->imm - 1);                                                                    \
    i += i->imm;                                                                                   \
    goto * i->go;
#define SYS(name, match, mask, format)

#include "sim/core/insn.def"
#undef ALU
#undef MUL
#undef DIV
#undef LOAD
#undef STORE
#undef BRANCH
#undef AMO
#undef SYS

not_taken: /* rd = 1: the branch goes back and was predicted taken */
    if (i->rd)
        STALL(branch, h->cfg->hart_mispredict_cycles);
    NEXT;

dynamic_not_taken:
    if (predictor_mispredicts(&h->predictor, PC, false))
        STALL(branch, h->cfg->hart_mispredict_cycles);
    NEXT;

dynamic_far:
    SYNC;
    target = line_pc + (uint64_t)(int64_t)i->imm;
    if (predictor_mispredicts(&h->predictor, PC, true))
        STALL(branch, h->cfg->hart_mispredict_cycles);
    goto jump;

taken_far:
    target = line_pc + (uint64_t)(int64_t)i->imm;
    if (!i->rd)
        STALL(branch, h->cfg->hart_mispredict_cycles);
    goto jump;

do_jal_near:
    SYNC;
    x[i->rd] = line_pc + 2 * (uint64_t)i->rs2;
    lim += RECORDS(i->imm - 1);
    i += i->imm;
    goto * i->go;

do_jal_call_near:
    SYNC;
    x[i->rd] = line_pc + 2 * (uint64_t)i->rs2;
    predictor_call(&h->predictor, x[i->rd]);
    lim += RECORDS(i->imm - 1);
    i += i->imm;
    goto * i->go;

do_jal_call:
    SYNC;
    target = line_pc + (uint64_t)(int64_t)i->imm;
    x[i->rd] = line_pc + 2 * (uint64_t)i->rs2;
    predictor_call(&h->predictor, x[i->rd]);
    goto jump;

do_jalr_predicted: /* link registers say what it is: rd = call, rs1 = return, both = both */
    SYNC;
    target = (x[i->rs1] + (uint64_t)(int64_t)i->imm) & ~UINT64_C(1);
    {
        bool call = i->rd == 1 || i->rd == 5, back = i->rs1 == 1 || i->rs1 == 5;
        bool wrong = true;
        if (back && i->rd != i->rs1)
            wrong = predictor_misses_return(&h->predictor, target);
        x[i->rd] = line_pc + 2 * (uint64_t)i->rs2;
        if (call)
            predictor_call(&h->predictor, x[i->rd]);
        if (wrong)
            STALL(branch, h->cfg->hart_mispredict_cycles);
    }
    goto jump;

do_jal:
    SYNC;
    target = line_pc + (uint64_t)(int64_t)i->imm;
    x[i->rd] = line_pc + 2 * (uint64_t)i->rs2;
    goto jump;

do_jalr:
    SYNC;
    target = (x[i->rs1] + (uint64_t)(int64_t)i->imm) & ~UINT64_C(1);
    x[i->rd] = line_pc + 2 * (uint64_t)i->rs2;
    STALL(branch, h->cfg->hart_mispredict_cycles);

jump : /* to `target`, in any line */
{
    const struct fetch_entry *entry = &h->fetch[(target >> LINE_SHIFT) & h->fetch_mask];
    uint64_t line = target & ~(uint64_t)(LINE_BYTES - 1);
    if (__builtin_expect(entry->line != line, 0)) {
        h->cycle = NOW + 1;
        h->pc = target;
        goto leave;
    }
    const struct insn *from = i;
    code = entry->code;
    line_pc = line;
    i = &code->insn[code->entry[(target - line) / 2]];
    lim += (uintptr_t)i - (uintptr_t)from - RECORDS(1);
    goto * i->go;
}

do_line_end_used:
do_line_end:
    target = line_pc + LINE_BYTES;
    {
        const struct fetch_entry *entry = &h->fetch[(target >> LINE_SHIFT) & h->fetch_mask];
        if (__builtin_expect(entry->line != target, 0)) {
            h->cycle = NOW;
            h->pc = target + 2 * (uint64_t)i->imm;
            goto leave;
        }
        const struct insn *from = i;
        unsigned loaded = i->rs1, half = (unsigned)i->imm;
        code = entry->code;
        line_pc = target;
        i = &code->insn[code->entry[half]];
        lim += (uintptr_t)i - (uintptr_t)from;
        if (loaded && insn_uses(i, loaded))
            STALL(data_use, h->cfg->hart_load_use_cycles - 1);
        goto * i->go;
    }

do_join:
    lim += RECORDS(i->imm);
    i += i->imm;
    goto * i->go;

do_straddle: /* both halves are here once the next line is */
    if (h->behind_line != line_pc + LINE_BYTES) {
        SAVE;
        h->behind_wanted = true;
        goto leave;
    }
    {
        const struct insn *from = i;
        code = port_straddle(h, code, h->behind);
        h->behind_line = UINT64_MAX;
        i = code->insn;
        lim += (uintptr_t)i - (uintptr_t)from;
        goto * i->go;
    }

    /* ---- load-reserved, store-conditional ------------------------------ */
#define LOAD_RESERVED(type)                                                                        \
    {                                                                                              \
        uint8_t *cell;                                                                             \
        type loaded;                                                                               \
        ATOMIC_CELL(type, ATOMIC_LR)                                                               \
        memcpy(&loaded, cell, sizeof loaded);                                                      \
        x[i->rd] = (uint64_t)(int64_t)loaded;                                                      \
        port_reserve(h);                                                                           \
    }                                                                                              \
    NEXT;
#define STORE_CONDITIONAL(type)                                                                    \
    {                                                                                              \
        uint8_t *cell;                                                                             \
        ATOMIC_CELL(type, ATOMIC_SC)                                                               \
        type value_stored = (type)x[i->rs2];                                                       \
        x[i->rd] = cell == NULL;                                                                   \
        port_unreserve(h);                                                                         \
        if (cell) {                                                                                \
            memcpy(cell, &value_stored, sizeof value_stored);                                      \
            port_atomic_written(h, sizeof value_stored, cell);                                     \
        }                                                                                          \
        hart_stall(h, STALL_atomic, h->cfg->hart_amo_cycles - 1);                                  \
        REJOIN;                                                                                    \
    }                                                                                              \
    NEXT;

do_lr_w:
    LOAD_RESERVED(int32_t)
do_lr_d:
    LOAD_RESERVED(int64_t)
do_sc_w:
    STORE_CONDITIONAL(int32_t)
do_sc_d:
    STORE_CONDITIONAL(int64_t)

    /* ---- system -------------------------------------------------------- */
do_auipc:
    x[i->rd] = line_pc + (uint64_t)(int64_t)i->imm;
    NEXT;

do_fence: /* this hart's accesses are performed in program order */
    NEXT;

do_fence_i:
    SYNC;
    SAVE;
    port_fence_i(h);
    hart_stall(h, STALL_csr, h->cfg->hart_fence_i_cycles - 1);
    goto resume_behind;

#define CSR_INSN(name, how, reads_if, writes_if, source)                                           \
    do_##name : SYNC;                                                                              \
    SAVE;                                                                                          \
    value = 0;                                                                                     \
    switch (hart_csr(h, (unsigned)i->imm, how, reads_if, writes_if, source, &value)) {             \
    case CSR_ILLEGAL:                                                                              \
        goto do_illegal;                                                                           \
    case CSR_WAIT:                                                                                 \
        goto asleep;                                                                               \
    case CSR_EXIT:                                                                                 \
        x[i->rd] = value;                                                                          \
        hart_stall(h, STALL_csr, h->cfg->hart_csr_cycles - 1);                                     \
        goto resume_behind;                                                                        \
    case CSR_DONE:                                                                                 \
        x[i->rd] = value;                                                                          \
        hart_stall(h, STALL_csr, h->cfg->hart_csr_cycles - 1);                                     \
        REJOIN;                                                                                    \
    }                                                                                              \
    NEXT;
    CSR_INSN(csrrw, CSR_WRITE, i->rd != 32, true, x[i->rs1])
    CSR_INSN(csrrs, CSR_SET, true, i->rs1 != 0, x[i->rs1])
    CSR_INSN(csrrc, CSR_CLEAR, true, i->rs1 != 0, x[i->rs1])
    CSR_INSN(csrrwi, CSR_WRITE, i->rd != 32, true, i->rs1)
    CSR_INSN(csrrsi, CSR_SET, true, i->rs1 != 0, i->rs1)
    CSR_INSN(csrrci, CSR_CLEAR, true, i->rs1 != 0, i->rs1)

do_wfi:
    SYNC;
    SAVE;
    if (h->priv == PRIV_U || (h->priv == PRIV_S && (h->mstatus & MSTATUS_TW)))
        goto do_illegal;
    if (!hart_interrupt_pending(h)) {
        hart_sleep(h, WAIT_WFI);
        goto asleep;
    }
    goto resume_behind; /* an interrupt that ends the wait finds mepc behind the wfi */

do_sinval_vma:
do_sfence_vma:
    SYNC;
    SAVE;
    if (h->priv == PRIV_U || (h->priv == PRIV_S && (h->mstatus & MSTATUS_TVM)))
        goto do_illegal;
    mmu_fence(h, i->rs1 != 0, x[i->rs1], i->rs2 != 0, x[i->rs2]);
    goto resume_behind;

do_sfence_w_inval: /* order what is in order already */
do_sfence_inval_ir:
    if (h->priv == PRIV_U)
        goto do_illegal;
    NEXT;

do_cbo_clean:
do_cbo_flush:
    if (!cache_block_allowed(h, ENVCFG_CBCFE))
        goto do_illegal;
    goto manage_line;

do_cbo_inval:
    if (!cache_block_allowed(h, ENVCFG_CBIE))
        goto do_illegal;
manage_line:
    SYNC;
    SAVE;
    answer = port_manage_line(h, x[i->rs1], &cause);
    goto cache_block_done;

do_cbo_zero:
    if (!cache_block_allowed(h, ENVCFG_CBZE))
        goto do_illegal;
    SYNC;
    SAVE;
    answer = port_zero_line(h, x[i->rs1], &cause);
cache_block_done:
    if (answer == PORT_WAIT || answer == PORT_YIELD)
        goto asleep;
    REJOIN;
    if (answer == PORT_FAULT) {
        target = h->fault_address;
        goto trap;
    }
    NEXT;

do_mret:
    SYNC;
    SAVE;
    if (h->priv != PRIV_M)
        goto do_illegal;
    h->cycle++;
    hart_return_m(h);
    hart_trace_retired(h); /* its cycle is before the return's, and it changes mstatus */
    return NULL;

do_sret:
    SYNC;
    SAVE;
    if (h->priv == PRIV_U || (h->priv == PRIV_S && (h->mstatus & MSTATUS_TSR)))
        goto do_illegal;
    h->cycle++;
    hart_return_s(h);
    hart_trace_retired(h); /* its cycle is before the return's, and it changes mstatus */
    return NULL;

do_ecall:
    SYNC;
    cause = (enum trap_cause)(CAUSE_ECALL_U + h->priv);
    target = 0;
    goto trap;

do_ebreak:
    SYNC;
    cause = CAUSE_BREAKPOINT;
    target = PC;
    goto trap;

do_illegal:
    SYNC;
    cause = CAUSE_ILLEGAL;
    target = code_bits(code, code->half[i - code->insn], &length);
    goto trap;

do_traced:
    hart_trace_issue(h, PC, code_bits(code, code->half[i - code->insn], &length), i, NOW);
    goto *handlers[i->op];

trap: /* at this instruction, with `target` as its value */
    SAVE;
    h->retiring.valid = false;
    hart_trap(h, cause, target);
    return NULL;

resume_behind: /* this instruction is done; look at interrupts and fetch again */
    code_bits(code, code->half[i - code->insn], &length);
    h->pc = PC + length;
    h->cycle++;
leave: /* everything so far is retired */
    hart_trace_retired(h);
    return NULL;

out: /* the slice is over */
    SAVE;
asleep:
    h->retiring.valid = false;
    return NULL;
}

const void *const *hart_handlers(void)
{
    return execute(NULL, NULL, 0);
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
static struct code_line *fetch(struct hart *h)
{
    if (h->behind_wanted && !fetch_behind(h))
        return NULL;
    const struct fetch_entry *entry = &h->fetch[(h->pc >> LINE_SHIFT) & h->fetch_mask];
    if (entry->line == (h->pc & ~(uint64_t)(LINE_BYTES - 1)))
        return entry->code;
    struct code_line *code = NULL;
    enum trap_cause cause;
    if (port_fetch(h, h->pc, &code, &cause) == PORT_FAULT)
        hart_trap(h, cause, h->pc);
    return code;
}

/* Performs the access that a wait was for, before anything else can happen to
 * its line, then charges what bringing the line in cost after its arrival.  A
 * wfi that has been woken is completed likewise, before the interrupt. */
static void complete_access(struct hart *h)
{
    struct code_line *code = fetch(h);
    if (code)
        execute(h, code, h->cycle + 1);
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
