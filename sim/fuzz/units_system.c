/*
 * Units about privilege: control and status registers, traps asked for, returns
 * from traps, fences, waiting, and words that are no instruction.
 */
#include "sim/fuzz/units.h"

enum access { FULL, REPLACE, ENVIRONMENT, DROP, READ, VECTOR, TARGET };

static const struct csr {
    uint16_t number;
    uint8_t access;
    uint64_t writable, forced;
} csrs[] = {
#define CSR(number, name, writable, forced, access, why) {number, access, writable, forced},
#include "sim/fuzz/csrs.def"
#undef CSR
};
enum { CSRS = sizeof csrs / sizeof csrs[0] };

enum {
    CSR_SSTATUS = 0x100,
    CSR_SIE = 0x104,
    CSR_SEPC = 0x141,
    CSR_SIP = 0x144,
    CSR_STIMECMP = 0x14d,
    CSR_MSTATUS = 0x300,
    CSR_MEDELEG = 0x302,
    CSR_MIE = 0x304,
    CSR_MENVCFG = 0x30a,
    CSR_MTVEC = 0x305,
    CSR_MEPC = 0x341,
    CSR_MIP = 0x344
};

/* menvcfg and senvcfg.  What is not written stays what it was at the start: STCE, and
 * in programs with cache blocks the fields that enable them ("cache_block").  A field
 * of CBIE never becomes 2 ("cbie_reserved"). */
static uint64_t legal_environment(const struct generator *g, const struct csr *c, uint64_t value,
                                  enum csr_write op)
{
    enum { FIOM = 1, CBIE_LOW = 0x10, CBIE_HIGH = 0x20, CACHE_BLOCKS = 0xf0 };
    uint64_t start = g->p->setting.state[c->number == CSR_MENVCFG ? STATE_menvcfg : STATE_senvcfg];
    uint64_t free = start & CACHE_BLOCKS ? FIOM : c->writable;
    value &= free;
    if (op == CSRRC && (value & CBIE_LOW))
        value |= CBIE_HIGH & free;
    if (op != CSRRC && (value & CBIE_HIGH))
        value |= CBIE_LOW & free;
    return op == CSRRW ? value | (start & ~free) : value;
}

static uint64_t value_for(struct generator *g, const struct csr *c, enum csr_write op)
{
    uint64_t value = any_value(g) & c->writable;
    if (c->number == CSR_MEDELEG)
        value = legal_medeleg(value);
    if (c->number >> 10 == 3) /* see "zero_write" in differences.def */
        value |= 1;
    if (c->access == ENVIRONMENT)
        return legal_environment(g, c, value, op);
    if (op == CSRRW)
        return c->number == CSR_MSTATUS ? legal_mstatus(g, value) : value | c->forced;
    if (c->number == CSR_MSTATUS) /* MPP as a whole: mode 2 does not exist */
        value = chance(g, 50) ? value | 0x1800 : value & ~UINT64_C(0x1800);
    return value;
}

static void access_by_register(struct generator *g, const struct csr *c, enum csr_write op,
                               unsigned rd)
{
    if (c->access == READ || (op != CSRRW && chance(g, 40))) { /* reads only */
        put(g, enc_csr(op, rd, c->number, X0));
        return;
    }
    unsigned rs = free_target(g, 0);
    put_li(g, rs, value_for(g, c, op));
    put(g, enc_csr(op, rd, c->number, rs));
}

static void access_by_immediate(struct generator *g, const struct csr *c, enum csr_write op,
                                unsigned rd)
{
    unsigned value = below(g, 32) & (unsigned)c->writable;
    put(g, enc_csr(op, rd, c->number, value) | 4 << 12);
}

/* Between the write and the harness's vector nothing can trap to it: the writes
 * are allowed or not all together, and no interrupt comes up meanwhile. */
static void access_vector(struct generator *g, const struct csr *c)
{
    unsigned rs = free_target(g, 0), rd = free_target(g, 0);
    int32_t vector = (int32_t)((c->number == CSR_MTVEC ? FZ_M_VECTOR : FZ_S_VECTOR) - FZ_FRAME);
    if (chance(g, 60)) {
        put_li(g, rs, value_for(g, c, CSRRW));
        put(g, enc_csr(CSRRW, any_target(g), c->number, rs));
    }
    put(g, enc_csr(CSRRS, rd, c->number, X0));
    rs = free_target(g, 0);
    put(g, enc_addi(rs, X_FRAME, vector + (int32_t)below(g, 2)));
    put(g, enc_csr(CSRRW, X0, c->number, rs));
}

/* mepc and sepc: a return may come to take what is in them, so in the end they
 * lead on. */
static void access_target(struct generator *g, const struct csr *c)
{
    unsigned rs = free_target(g, 0);
    uint64_t value = value_for(g, c, CSRRW);
    put_li(g, rs, has(g, F_C) ? value | (rng_next(&g->rng) & 2) : value);
    put(g, enc_csr((enum csr_write)(CSRRW + below(g, 3)), any_target(g), c->number, rs));
    put(g, enc_csr(CSRRS, any_target(g), c->number, X0));
    rs = free_target(g, 0);
    put_code_address(g, rs, code_view(g), (g->unit + 1) * UNIT_PLACES, 0);
    put(g, enc_csr(CSRRW, X0, c->number, rs));
}

/* More often the status registers, the first rows, and the last, which are the only
 * ones that U mode may read. */
static const struct csr *any_csr(struct generator *g)
{
    enum { STATUS = 2, COUNTERS = 3 };
    unsigned drawn = below(g, 100);
    if (drawn < 30)
        return &csrs[below(g, STATUS)];
    return &csrs[drawn < 40 ? CSRS - 1 - below(g, COUNTERS) : below(g, CSRS)];
}

void unit_csr(struct generator *g)
{
    const struct csr *c = any_csr(g);
    if (c->access == VECTOR || c->access == TARGET) {
        (c->access == VECTOR ? access_vector : access_target)(g, c);
        return;
    }
    enum csr_write op = c->access == REPLACE ? CSRRW
                        : c->access == READ  ? CSRRS
                                             : (enum csr_write)(CSRRW + below(g, 3));
    unsigned rd = any_target(g);
    bool any_bits = c->access != REPLACE && c->access != READ && c->access != ENVIRONMENT;
    if (chance(g, 25) && any_bits && !(op == CSRRW && c->forced))
        access_by_immediate(g, c, op, rd);
    else
        access_by_register(g, c, op, rd);
    if (c->access == DROP && rd != X0)
        put(g, enc_addi(rd, X0, 0));
}

/* Counters 3 to 31: who may read them, and what is not counting.  Those whose number is
 * a multiple of 4 never get an event, so that they show what was written. */
void unit_counter(struct generator *g)
{
    enum { MHPMEVENT = 0x320, MHPMCOUNTER = 0xb00, HPMCOUNTER = 0xc00, EVENTS = 12, STALLS = 16 };
    unsigned n = 3 + below(g, 29), rs = free_target(g, 0), rd = any_target(g);
    bool is_still = n % 4 == 0;
    switch (below(g, 4)) {
    case 0: /* "events" */
        put_li(g, rs, is_still ? 0 : chance(g, 50) ? below(g, EVENTS) : STALLS + below(g, 13));
        put(g, enc_csr(CSRRW, rd, MHPMEVENT + n, rs));
        return;
    case 1:
        put_li(g, rs, any_value(g));
        put(g, enc_csr((enum csr_write)(CSRRW + below(g, 3)), rd, MHPMCOUNTER + n, rs));
        break;
    case 2:
        put_li(g, rs, any_value(g) | 1); /* "zero_write" */
        put(g, enc_csr((enum csr_write)(CSRRW + below(g, 3)), rd, HPMCOUNTER + n, rs));
        break;
    default:
        put(g, enc_csr(CSRRS, rd, (chance(g, 70) ? HPMCOUNTER : MHPMCOUNTER) + n, X0));
    }
    if (!is_still && rd != X0)
        put(g, enc_addi(rd, X0, 0));
}

/* Numbers that some machine has, or may come to have by a feature. */
static bool may_exist(unsigned number)
{
    static const struct {
        uint16_t first, last;
    } ranges[] = {
        {0x180, 0x180},                                 /* satp: see switch_satp */
        {0x323, 0x33f}, {0xb03, 0xb1f}, {0xc03, 0xc1f}, /* more counters */
        {0x3a0, 0x3ef},                                 /* PMP */
        {0x150, 0x15f}, {0x308, 0x309}, {0x350, 0x35f}, {0xdb0, 0xdb0}, {0xfb0, 0xfb0}, /* AIA */
        {0x14d, 0x14d}, {0x24d, 0x24d}, {0x7a0, 0x7af}, /* stimecmp, vstimecmp; triggers */
        {0x5c0, 0x5ff}, {0x800, 0x8ff}, {0xcc0, 0xcff}, {0xdc0, 0xdff}, /* Tessera's own */
    };
    for (unsigned i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (number >= ranges[i].first && number <= ranges[i].last)
            return true;
    for (unsigned i = 0; i < CSRS; i++)
        if (csrs[i].number == number)
            return true;
    return false;
}

void unit_no_csr(struct generator *g)
{
    unsigned number;
    do
        number = below(g, 4096);
    while (may_exist(number));
    enum csr_write op = (enum csr_write)(CSRRW + below(g, 3));
    put(g, enc_csr(op, any_target(g), number, any_source(g)) | below(g, 2) << 14);
}

/* ---- traps and returns ------------------------------------------------------------------- */

void unit_environment(struct generator *g)
{
    put(g, OPCODE_SYSTEM | below(g, 2) << 20); /* ecall, ebreak */
}

enum { MRET = 0x30200073, SRET = 0x10200073, WFI = 0x10500073, SFENCE_VMA = 0x12000073 };

static void put_write(struct generator *g, unsigned number, uint64_t value)
{
    unsigned rs = free_target(g, 0);
    put_li(g, rs, value);
    put(g, enc_csr(CSRRW, X0, number, rs));
}

void unit_return_m(struct generator *g)
{
    unsigned rt = free_target(g, 0);
    uint64_t status = any_value(g) & (chance(g, 70) ? ~UINT64_C(0x700000) : ~UINT64_C(0));
    put_write(g, CSR_MSTATUS, legal_mstatus(g, status & ~UINT64_C(8)));
    put_code_address(g, rt, code_view(g), place_ahead(g, 2), 0);
    put(g, enc_csr(CSRRW, X0, CSR_MEPC, rt));
    put(g, MRET);
}

/* No trap's action changes the mode. */
static bool returns_to_same_mode(const struct generator *g)
{
    for (unsigned i = 0; i < ACTIONS; i++)
        if (g->p->setting.action[i] & ACTION_SET_MODE)
            return false;
    return true;
}

/* An sret whose sepc could not be written would go back into the middle of what an
 * earlier trap has left, unless it traps as well. */
void unit_return_s(struct generator *g)
{
    unsigned rt = free_target(g, 0), rc = free_target(g, 1u << rt);
    put_write(g, CSR_SSTATUS, (any_value(g) & 0xc0120) | UINT64_C(0x200000000));
    put_code_address(g, rt, code_view(g), place_ahead(g, 2), 0);
    put(g, enc_csr(CSRRW, X0, CSR_SEPC, rt));
    if (!returns_to_same_mode(g) || chance(g, 50)) {
        put(g, enc_addi(rc, X0, 0));
        put(g, enc_csr(CSRRS, rc, CSR_SEPC, X0));
        put_reference(g, OPCODE_BRANCH | 1 << 12 | rc << 15 | rt << 20, REF_BRANCH,
                      (g->unit + 1) * UNIT_PLACES);
    }
    put(g, SRET);
}

/* ---- fences and waiting --------------------------------------------------------------------- */

void unit_fences(struct generator *g)
{
    uint32_t random = (uint32_t)rng_next(&g->rng) & 0xfff00000;
    switch (below(g, 3)) {
    case 0:
        put(g, OPCODE_MISC_MEM | random);
        break;
    case 1:
        put(g, OPCODE_MISC_MEM | 1 << 12);
        break;
    default:
        put(g, enc_r(SFENCE_VMA, 0, any_source(g), any_source(g)));
    }
}

/* Waits only where something is pending and enabled, or where wfi is illegal:
 * in U mode the first read traps and leaves 1. */
void unit_wait(struct generator *g)
{
    unsigned ra = free_target(g, 0), rb = free_target(g, 1u << ra);
    unsigned behind = (g->unit + 1) * UNIT_PLACES;
    if (returns_to_same_mode(g) && chance(g, 40)) {
        put(g, enc_addi(rb, X0, 1));
        put(g, enc_addi(ra, X0, 1));
        put(g, enc_csr(CSRRS, ra, CSR_SSTATUS, X0));
        put(g, enc_csr(CSRRS, ra, CSR_SSTATUS, X0)); /* the first may have led to M mode */
        put_reference(g, OPCODE_BRANCH | 1 << 12 | ra << 15 | rb << 20, REF_BRANCH, behind);
    } else {
        bool machine = chance(g, 50);
        put(g, enc_addi(ra, X0, 0));
        put(g, enc_addi(rb, X0, 0));
        put(g, enc_csr(CSRRS, ra, machine ? CSR_MIP : CSR_SIP, X0));
        put(g, enc_csr(CSRRS, rb, machine ? CSR_MIE : CSR_SIE, X0));
        put(g, enc_r(OPCODE_OP | 7 << 12, ra, ra, rb)); /* and */
        put_reference(g, OPCODE_BRANCH | ra << 15, REF_BRANCH, behind);
    }
    put(g, WFI);
}

/* Long ago, or in a future that does not come. */
uint64_t random_timer(struct generator *g)
{
    return chance(g, 50) ? below(g, TIMER_PAST) : TIMER_FAR | any_value(g);
}

/* The supervisor's timer.  Setting bits makes it late, clearing them early. */
void unit_timer(struct generator *g)
{
    unsigned rs = free_target(g, 0);
    enum csr_write op = chance(g, 60) ? CSRRW : (enum csr_write)(CSRRW + below(g, 3));
    put_li(g, rs,
           op == CSRRW   ? random_timer(g)
           : op == CSRRS ? TIMER_FAR | any_value(g)
                         : ~(uint64_t)below(g, TIMER_PAST));
    put(g, enc_csr(op, any_target(g), CSR_STIMECMP, rs));
    if (chance(g, 30))
        put(g, enc_csr(CSRRS, any_target(g), CSR_STIMECMP, X0));
    if (chance(g, 30))
        put(g, enc_csr(CSRRS, any_target(g), chance(g, 50) ? CSR_MIP : CSR_SIP, X0));
}

/* ---- no instructions ---------------------------------------------------------------------------
 */

/* May `bits` be put where anything can have any value: it computes, or it is
 * illegal whatever the features? */
static bool is_harmless(uint32_t bits)
{
    unsigned funct3 = bits >> 12 & 7, funct12 = bits >> 20;
    switch (bits & 0x7f) {
    case OPCODE_IMM32:
        return (bits & 0xfff0707f) != CTZW;
    case OPCODE_LOAD:
        return funct3 == 7;
    case OPCODE_STORE:
        return funct3 >= 4;
    case OPCODE_AMO:
        return funct3 != 2 && funct3 != 3;
    case OPCODE_BRANCH:
        return funct3 == 2 || funct3 == 3;
    case OPCODE_JALR:
        return funct3 != 0;
    case OPCODE_JAL:
        return false;
    case OPCODE_MISC_MEM:
        return funct3 != 2;
    case OPCODE_SYSTEM:
        if (funct3 == 4)
            return true;
        return funct3 == 0 && funct12 != 0x302 && funct12 != 0x102 && funct12 != 0x105 &&
               (funct12 >> 5 < 0x08 || funct12 >> 5 > 0x0c);
    default:
        return (bits & 3) == 3;
    }
}

/* An instruction with some bits turned, or any word. */
void unit_illegal(struct generator *g)
{
    static const uint8_t opcode[] = {OPCODE_OP,   OPCODE_OP32,  OPCODE_IMM,   OPCODE_IMM32,
                                     OPCODE_LOAD, OPCODE_STORE, OPCODE_AMO,   OPCODE_BRANCH,
                                     OPCODE_JALR, OPCODE_LUI,   OPCODE_SYSTEM};
    uint32_t bits;
    do {
        bits = (uint32_t)rng_next(&g->rng) | 3;
        if (chance(g, 70))
            bits = (bits & ~0x7fu) | opcode[below(g, sizeof opcode)];
        if (chance(g, 40)) /* funct7 near those in use */
            bits =
                (bits & 0x01ffffff) | (chance(g, 50) ? 0x40000000u : 0) | 1u << (25 + below(g, 7));
        if ((bits & 0x7f) == OPCODE_SYSTEM && chance(g, 50)) {
            unsigned turned = 20 + below(g, 12);
            bits = (chance(g, 50) ? MRET : WFI) ^ 1u << turned;
        }
        if ((bits >> 7 & 31) == X_FRAME)
            bits ^= 0x80;
    } while (!is_harmless(bits));
    put(g, chance(g, 5) ? 0 : bits);
}
