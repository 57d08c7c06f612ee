/*
 * Units that compute, and units that jump.  A jump leads forward to the start
 * of a unit, through any view of the code; where it goes wrong on purpose, its
 * lower 13 bits still say where the harness is to go on.
 */
#include "sim/fuzz/units.h"

enum format { R, I, SH6, SH5, U, R1 };

static const struct compute {
    uint32_t feature;
    enum format format;
    uint32_t match;
} computes[] = {
#define INSN(feature, format, name, match) {feature, format, match},
#define MEMORY(kind, name, match, bytes)
#include "sim/fuzz/insns.def"
#undef INSN
#undef MEMORY
};

static int32_t any_imm12(struct generator *g)
{
    return (int32_t)(any_value(g) << 20 & 0xfff00000u) >> 20;
}

static uint32_t operands(struct generator *g, const struct compute *c)
{
    unsigned rd = any_target(g), rs1 = any_source(g), rs2 = any_source(g);
    switch (c->format) {
    case R:
        return enc_r(c->match, rd, rs1, rs2);
    case I:
        return enc_i(c->match, rd, rs1, any_imm12(g));
    case SH6:
        return enc_i(c->match, rd, rs1, (int32_t)below(g, 64));
    case SH5:
        return enc_i(c->match, rd, rs1, (int32_t)below(g, 32));
    case U:
        return enc_u(c->match, rd, (uint32_t)any_value(g) & 0xfffff);
    case R1:
        break;
    }
    return enc_r(c->match, rd, rs1, 0);
}

/* Half of them from extensions, when there are any. */
static uint32_t any_compute(struct generator *g)
{
    enum { COMPUTES = sizeof computes / sizeof computes[0] };
    bool extended = has(g, ZBA) || has(g, ZBB) || has(g, ZBS);
    extended = extended && chance(g, 50);
    const struct compute *c;
    do
        c = &computes[below(g, COMPUTES)];
    while (!has(g, c->feature) || (extended && c->feature == BASE));
    return operands(g, c);
}

void unit_compute(struct generator *g)
{
    unsigned count = 1 + below(g, 3);
    for (unsigned i = 0; i < count; i++)
        put_loose(g, any_compute(g));
}

/* ctzw of a word that is not zero; see "ctzw" in differences.def. */
void unit_count_zeros(struct generator *g)
{
    unsigned rt = free_target(g, 0), rs = free_target(g, 1u << rt);
    put(g, enc_u(OPCODE_LUI, rt, 0x80000));
    put(g, enc_r(OPCODE_OP | 6 << 12, rt, rt, rs)); /* or */
    put(g, enc_r(CTZW, any_target(g), rt, 0));
}

void unit_constant(struct generator *g)
{
    put_li(g, free_target(g, 0), any_value(g));
}

/* ---- jumps --------------------------------------------------------------------------- */

static uint32_t any_branch(struct generator *g)
{
    static const uint8_t condition[] = {0, 1, 4, 5, 6, 7};
    unsigned rs1 = any_source(g), rs2 = chance(g, 20) ? rs1 : any_source(g);
    return OPCODE_BRANCH | (uint32_t)condition[below(g, 6)] << 12 | rs1 << 15 | rs2 << 20;
}

void unit_branch(struct generator *g)
{
    put_reference(g, any_branch(g), REF_BRANCH, place_ahead(g, 3));
}

/* jalr through register rt, to `place` in the view `base`; the lowest bit of the
 * sum is ignored. */
static void put_jalr(struct generator *g, uint64_t base, unsigned place, unsigned more)
{
    unsigned rt = free_target(g, 0);
    int32_t imm = chance(g, 50) ? 0 : any_imm12(g);
    put_code_address(g, rt, base - (uint64_t)(int64_t)imm, place, more);
    put(g, enc_i(OPCODE_JALR, any_target(g), rt, imm));
}

void unit_jump(struct generator *g)
{
    if (chance(g, 50))
        put_reference(g, OPCODE_JAL | any_target(g) << 7, REF_JAL, place_ahead(g, 3));
    else
        put_jalr(g, code_view(g), place_ahead(g, 3), below(g, 2));
}

void unit_bad_jump(struct generator *g)
{
    put_jalr(g, bad_page(g), place_ahead(g, 2), below(g, 2));
}

void unit_view_jump(struct generator *g)
{
    put_jalr(g, code_view(g), place_ahead(g, 2), 0);
}

/* What is executed again finds TLBs, views and results as the first round left them. */
void unit_loop(struct generator *g)
{
    unsigned counter = free_target(g, 0), rb = X0;
    if (chance(g, 60)) {
        rb = free_target(g, 1u << counter);
        put_scratch_address(g, rb);
        g->kept |= 1u << rb;
    }
    put(g, enc_addi(counter, X0, (int32_t)(1 + below(g, 6))));
    unsigned head = next_place(g), body = 1 + below(g, 6);
    g->kept |= 1u << counter;
    for (unsigned i = 0; i < body; i++)
        if (rb != X0 && chance(g, 50))
            put_some_access(g, rb);
        else
            put_loose(g, any_compute(g));
    put(g, enc_addi(counter, counter, -1));
    put_reference(g, OPCODE_BRANCH | 1 << 12 | counter << 15, REF_BRANCH, head);
    g->kept = 1;
}

/* ---- compressed instructions ------------------------------------------------------------ */

/* Quadrants and funct3 of what neither jumps nor accesses memory; where there
 * is no instruction (floating point, reserved) it is illegal on both machines. */
static const struct {
    uint8_t quadrant, funct3;
} c_computes[] = {{1, 0}, {1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 4}, {1, 4}, {1, 4},
                  {0, 0}, {0, 1}, {0, 4}, {0, 5}, {2, 0}, {2, 1}, {2, 4}, {2, 4}, {2, 5}};

static unsigned any_compressed(struct generator *g)
{
    unsigned i = below(g, sizeof c_computes / sizeof c_computes[0]);
    unsigned quadrant = c_computes[i].quadrant, funct3 = c_computes[i].funct3;
    unsigned bits = (unsigned)rng_next(&g->rng) & 0x1ffc;
    if (quadrant != 0 && chance(g, 70))
        bits = (bits & ~0xf80u) | g->favourite[below(g, 6)] << 7;
    if ((bits >> 7 & 31) == X_FRAME)
        bits ^= 0x80;
    if (quadrant == 2 && funct3 == 4 && (bits & 0x7c) == 0) /* c.jr, c.jalr: as c.mv, c.add */
        bits |= 0x28;
    return bits | quadrant | funct3 << 13;
}

void unit_compressed(struct generator *g)
{
    unsigned count = 1 + below(g, 3);
    for (unsigned i = 0; i < count; i++)
        put_compressed(g, any_compressed(g));
}

void unit_compressed_memory(struct generator *g)
{
    static const uint8_t funct3[] = {2, 3, 6, 7}; /* lw, ld, sw, sd */
    bool by_sp = chance(g, 40);
    unsigned base = by_sp ? X_SP : 8 + below(g, 8);
    put_scratch_address(g, base);
    for (unsigned count = 1 + below(g, 3); count; count--) {
        unsigned op = funct3[below(g, 4)], bits = (unsigned)rng_next(&g->rng) & 0x1ffc;
        if (by_sp && op < 4 && ((bits >> 7 & 31) == X_FRAME || (bits >> 7 & 31) == X_SP))
            bits ^= 0x80;
        if (!by_sp) {
            bits = (bits & ~0x380u) | (base - 8) << 7;
            if (op < 4 && (bits >> 2 & 7) == base - 8)
                bits ^= 4;
        }
        put_compressed(g, bits | (by_sp ? 2u : 0u) | op << 13);
    }
}

void unit_compressed_jump(struct generator *g)
{
    unsigned rt = free_target(g, 0);
    switch (below(g, 4)) {
    case 0:
        put_reference(g, 0xa001, REF_C_JUMP, place_ahead(g, 3));
        break;
    case 1:
        put_reference(g, (chance(g, 50) ? 0xc001 : 0xe001) | below(g, 8) << 7, REF_C_BRANCH,
                      place_ahead(g, 1));
        break;
    case 2:
        put_code_address(g, rt, code_view(g), place_ahead(g, 2), below(g, 2));
        put_compressed(g, (chance(g, 50) ? 0x8002 : 0x9002) | rt << 7);
        break;
    default:
        put_compressed(g, 0x9002); /* c.ebreak */
    }
}
