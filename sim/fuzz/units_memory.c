/*
 * Units that access memory: the scratch pages through some view, addresses that
 * no machine has, and the code itself.
 */
#include "sim/fuzz/units.h"

enum kind { LOAD, STORE, AMO };

static const struct access {
    enum kind kind;
    uint32_t match;
    unsigned bytes;
} accesses[] = {
#define INSN(feature, format, name, match)
#define MEMORY(kind, name, match, bytes) {kind, match, bytes},
#include "sim/fuzz/insns.def"
#undef INSN
#undef MEMORY
};

static const struct access *any_access(struct generator *g, bool atomic)
{
    const struct access *a;
    do
        a = &accesses[below(g, sizeof accesses / sizeof accesses[0])];
    while ((a->kind == AMO) != atomic);
    return a;
}

enum { MIDDLE_FROM = 2048, MIDDLE_BYTES = FZ_SCRATCH_BYTES - 2 * MIDDLE_FROM };

/* Half of the time the address depends on a register of the program. */
static void put_address(struct generator *g, unsigned rb, uint64_t view)
{
    uint64_t address = view + MIDDLE_FROM + 8 * below(g, MIDDLE_BYTES / 8 - 256);
    if (chance(g, 50)) {
        put_li(g, rb, address);
        return;
    }
    unsigned rx = free_target(g, 1u << rb);
    put(g, enc_i(OPCODE_IMM | 7 << 12, rx, any_source(g), 0x7f8)); /* andi */
    put_li(g, rb, address);
    put(g, enc_add(rb, rb, rx));
}

void put_scratch_address(struct generator *g, unsigned rb)
{
    put_address(g, rb, scratch_view(g));
}

static void put_access(struct generator *g, const struct access *a, unsigned rb, int32_t imm)
{
    if (a->kind == LOAD)
        put_loose(g, enc_i(a->match, any_target(g), rb, imm));
    else if (a->kind == STORE)
        put_loose(g, enc_s(a->match, any_source(g), rb, imm));
    else /* aq, rl: no effect on one hart */
        put_loose(g, enc_r(a->match, any_target(g), rb, any_source(g)) | below(g, 4) << 25);
}

/* An offset that leaves an access within the scratch pages, aligned unless the
 * machine performs misaligned accesses. */
static int32_t any_offset(struct generator *g, unsigned bytes)
{
    int32_t offset = (int32_t)below(g, 4080) - 2040;
    if (chance(g, 50))
        offset /= 32;
    bool misaligned = has(g, MISALIGNED) && chance(g, 60);
    if (misaligned && has(g, PMP)) /* "pmp_misaligned" */
        return offset / 8 * 8 + (int32_t)below(g, 9 - bytes);
    return misaligned ? offset : offset / (int32_t)bytes * (int32_t)bytes;
}

void put_some_access(struct generator *g, unsigned rb)
{
    const struct access *a = any_access(g, false);
    put_access(g, a, rb, any_offset(g, a->bytes));
}

void unit_load_store(struct generator *g)
{
    unsigned rb = free_target(g, 0);
    put_scratch_address(g, rb);
    g->kept |= 1u << rb;
    for (unsigned count = 1 + below(g, 4); count; count--)
        put_some_access(g, rb);
    g->kept = 1;
}

void unit_bad_access(struct generator *g)
{
    const struct access *a = any_access(g, false);
    unsigned rb = free_target(g, 0);
    uint64_t offset = 8 * below(g, 256);
    put_li(g, rb, bad_page(g) + offset);
    put_access(g, a, rb, 0);
}

void unit_atomic(struct generator *g)
{
    const struct access *a = any_access(g, true);
    unsigned rb = free_target(g, 0);
    bool misaligned = false;
    put_address(g, rb, FZ_SCRATCH); /* see "amo_fault" in differences.def */
    if (!has(g, SV39) && !has(g, PMP) && chance(g, 20)) {
        misaligned = chance(g, 40);
        put(g, enc_addi(rb, rb, misaligned ? 1 + 2 * (int32_t)below(g, 4) : 4));
    }
    g->kept |= 1u << rb;
    if (misaligned && chance(g, 30)) /* lr; the trap ends its reservation, if there is any */
        put(g, enc_r(OPCODE_AMO | (2 + below(g, 2)) << 12 | 0x10000000, any_target(g), rb, 0));
    else
        put_access(g, a, rb, 0);
    g->kept = 1;
}

/* ---- load-reserved, store-conditional -------------------------------------------------- */

/* Nothing traps between an lr and its sc: the address is in one page, and an AMO
 * has tried it before. */
void unit_reserve(struct generator *g)
{
    enum { MAGIC = 0x5a5 };
    uint32_t width = chance(g, 50) ? 2u << 12 : 3u << 12;
    uint32_t lr = OPCODE_AMO | width | 0x10000000, sc = OPCODE_AMO | width | 0x18000000;
    unsigned rb = free_target(g, 0);
    unsigned other = free_target(g, 1u << rb);
    put_li(g, rb, FZ_SCRATCH + 4096 * below(g, 2) + 256 + 8 * below(g, 400));
    put(g, enc_addi(other, X0, MAGIC));
    put(g, enc_r(OPCODE_AMO | 3 << 12 | 0x40000000, other, rb, X0)); /* amoor.d */
    put(g, enc_addi(other, other, -MAGIC));
    put_reference(g, OPCODE_BRANCH | other << 15, REF_BRANCH, (g->unit + 1) * UNIT_PLACES);
    put(g, enc_addi(other, rb, has(g, PMP) ? 0 : chance(g, 50) ? 64 : -128)); /* another line */
    g->kept |= 1u << rb | 1u << other;
    bool elsewhere = !has(g, PMP) && chance(g, 20);
    if (chance(g, 85))
        put_loose(g, enc_r(lr, any_target(g), elsewhere ? other : rb, 0) | below(g, 4) << 25);
    if (chance(g, 30))
        put_loose(g, enc_addi(any_target(g), any_source(g), (int32_t)below(g, 2048)));
    if (chance(g, 20))
        put_loose(g, enc_i(OPCODE_LOAD | 3 << 12, any_target(g), rb, 0));
    if (!has(g, PMP) && chance(g, 20))
        put_loose(g, enc_s(OPCODE_STORE | 3 << 12, any_source(g), elsewhere ? rb : other, 0));
    put_loose(g, enc_r(sc, any_target(g), rb, any_source(g)) | below(g, 4) << 25);
    if (chance(g, 30)) /* no reservation any more: fails */
        put_loose(g, enc_r(sc, any_target(g), rb, any_source(g)));
    g->kept = 1;
}

/* ---- the code changes itself -------------------------------------------------------------- */

/* Stores an instruction over one that follows, by halves, and fences. */
void unit_modify(struct generator *g)
{
    unsigned ra = free_target(g, 0), rw = free_target(g, 1u << ra);
    unsigned changed = g->unit * UNIT_PLACES + UNIT_PLACES - 2;
    uint32_t insn = enc_addi(any_target(g), any_source(g), (int32_t)below(g, 2048));
    if (has(g, SV39)) { /* "sum_execute" */
        put_li(g, rw, 0x40000);
        put(g, enc_csr(CSRRC, X0, 0x100, rw));
    }
    put_code_address(g, ra, code_view(g), changed, 0);
    put_li(g, rw, insn);
    put(g, enc_s(OPCODE_STORE | 1 << 12, rw, ra, 0));
    put(g, enc_i(OPCODE_IMM | 5 << 12, rw, rw, 16)); /* srli */
    put(g, enc_s(OPCODE_STORE | 1 << 12, rw, ra, 2));
    put(g, OPCODE_MISC_MEM | 1 << 12); /* fence.i */
    g->in_unit = UNIT_PLACES - 2;
    put(g, enc_addi(any_target(g), any_source(g), (int32_t)below(g, 2048)));
}

/* ---- cache blocks -----------------------------------------------------------------------------
 */

/* More of them than this would be no different. */
enum { STAND_INS_WANTED = PATCHES_MAX - 16 };

static uint32_t enc_block(unsigned operation, unsigned rb)
{
    return OPCODE_MISC_MEM | 2 << 12 | rb << 15 | operation << 20;
}

/* What QEMU loads is a byte ("cache_block" in differences.def). */
void unit_block(struct generator *g)
{
    unsigned rb = free_target(g, 0);
    if (g->stand_ins >= STAND_INS_WANTED)
        return;
    if (chance(g, 85))
        put_scratch_address(g, rb);
    else
        put_li(g, rb, bad_page(g));
    if (chance(g, 50))
        put(g, enc_addi(rb, rb, (int32_t)below(g, 64)));
    put_with_stand_in(g, enc_block(below(g, 3), rb), enc_i(OPCODE_LOAD, X0, rb, 0));
}

/* A line that an AMO has tried, as in unit_reserve, is zeroed by one instruction and
 * seven that do nothing, or by eight stores. */
void unit_block_zero(struct generator *g)
{
    enum { MAGIC = 0x5a5, LINE = 64, WORDS = 8 };
    unsigned line = free_target(g, 0), any = free_target(g, 1u << line);
    if (g->stand_ins >= STAND_INS_WANTED)
        return;
    put_li(g, line, FZ_SCRATCH + LINE * below(g, FZ_SCRATCH_BYTES / LINE));
    put(g, enc_addi(any, X0, MAGIC));
    put(g, enc_r(OPCODE_AMO | 3 << 12 | 0x40000000, any, line, X0)); /* amoor.d */
    put(g, enc_addi(any, any, -MAGIC));
    put_reference(g, OPCODE_BRANCH | any << 15, REF_BRANCH, (g->unit + 1) * UNIT_PLACES);
    put(g, enc_addi(any, line, (int32_t)below(g, LINE)));
    for (unsigned i = 0; i < WORDS; i++)
        put_with_stand_in(g, i ? NOP : enc_block(4, any),
                          enc_s(OPCODE_STORE | 3 << 12, X0, line, 8 * (int32_t)i));
}
