/*
 * The C extension: each 16-bit instruction means one 32-bit instruction, which
 * is what decoding goes on with.  A row names the 16-bit pattern and the words
 * that build the meaning; reserved encodings expand to 0, which is illegal.
 * Source: The RISC-V Instruction Set Manual, volume I, chapter "C".
 */
#include "sim/core/decode.h"

static uint32_t bits_of(uint32_t c, unsigned hi, unsigned lo)
{
    return (c >> lo) & ((2u << (hi - lo)) - 1);
}

/* Full register fields, and the short ones that mean x8..x15. */
#define RD   bits_of(c, 11, 7)
#define RS2  bits_of(c, 6, 2)
#define RDP  (8 + bits_of(c, 4, 2))
#define RS1P (8 + bits_of(c, 9, 7))

/* ---- the 32-bit formats, assembled ---------------------------------------- */

static uint32_t type_i(uint32_t opcode, uint32_t funct3, uint32_t rd, uint32_t rs1, int32_t imm)
{
    return opcode | rd << 7 | funct3 << 12 | rs1 << 15 | (uint32_t)imm << 20;
}

static uint32_t type_r(uint32_t opcode, uint32_t funct3, uint32_t funct7, uint32_t rd, uint32_t rs1,
                       uint32_t rs2)
{
    return opcode | rd << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 | funct7 << 25;
}

static uint32_t type_s(uint32_t funct3, uint32_t rs1, uint32_t rs2, uint32_t imm)
{
    return 0x23 | bits_of(imm, 4, 0) << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 |
           bits_of(imm, 11, 5) << 25;
}

static uint32_t type_b(uint32_t funct3, uint32_t rs1, int32_t imm)
{
    uint32_t i = (uint32_t)imm;
    return 0x63 | bits_of(i, 11, 11) << 7 | bits_of(i, 4, 1) << 8 | funct3 << 12 | rs1 << 15 |
           bits_of(i, 10, 5) << 25 | bits_of(i, 12, 12) << 31;
}

static uint32_t type_j(uint32_t rd, int32_t imm)
{
    uint32_t i = (uint32_t)imm;
    return 0x6f | rd << 7 | bits_of(i, 19, 12) << 12 | bits_of(i, 11, 11) << 20 |
           bits_of(i, 10, 1) << 21 | bits_of(i, 20, 20) << 31;
}

/* ---- the immediates of the 16-bit formats ---------------------------------- */

static int32_t sign(uint32_t value, unsigned width)
{
    return (int32_t)(value << (32 - width)) >> (32 - width);
}

static int32_t imm6(uint32_t c)
{
    return sign(bits_of(c, 12, 12) << 5 | bits_of(c, 6, 2), 6);
}

static int32_t imm_j(uint32_t c)
{
    return sign(bits_of(c, 12, 12) << 11 | bits_of(c, 11, 11) << 4 | bits_of(c, 10, 9) << 8 |
                    bits_of(c, 8, 8) << 10 | bits_of(c, 7, 7) << 6 | bits_of(c, 6, 6) << 7 |
                    bits_of(c, 5, 3) << 1 | bits_of(c, 2, 2) << 5,
                12);
}

static int32_t imm_b(uint32_t c)
{
    return sign(bits_of(c, 12, 12) << 8 | bits_of(c, 11, 10) << 3 | bits_of(c, 6, 5) << 6 |
                    bits_of(c, 4, 3) << 1 | bits_of(c, 2, 2) << 5,
                9);
}

static uint32_t imm_lw(uint32_t c)
{
    return bits_of(c, 12, 10) << 3 | bits_of(c, 6, 6) << 2 | bits_of(c, 5, 5) << 6;
}

static uint32_t imm_ld(uint32_t c)
{
    return bits_of(c, 12, 10) << 3 | bits_of(c, 6, 5) << 6;
}

static uint32_t imm_lwsp(uint32_t c)
{
    return bits_of(c, 12, 12) << 5 | bits_of(c, 6, 4) << 2 | bits_of(c, 3, 2) << 6;
}

static uint32_t imm_ldsp(uint32_t c)
{
    return bits_of(c, 12, 12) << 5 | bits_of(c, 6, 5) << 3 | bits_of(c, 4, 2) << 6;
}

static uint32_t imm_addi4spn(uint32_t c)
{
    return bits_of(c, 12, 11) << 4 | bits_of(c, 10, 7) << 6 | bits_of(c, 6, 6) << 2 |
           bits_of(c, 5, 5) << 3;
}

static int32_t imm_addi16sp(uint32_t c)
{
    return sign(bits_of(c, 12, 12) << 9 | bits_of(c, 6, 6) << 4 | bits_of(c, 5, 5) << 6 |
                    bits_of(c, 4, 3) << 7 | bits_of(c, 2, 2) << 5,
                10);
}

/* ---- the three quadrants, by funct3 ------------------------------------------- */

enum { LOAD = 0x03, OP_IMM = 0x13, OP_IMM_32 = 0x1b, OP = 0x33, OP_32 = 0x3b, JALR = 0x67 };

static uint32_t quadrant0(uint32_t c)
{
    switch (bits_of(c, 15, 13)) {
    case 0: /* c.addi4spn */
        return imm_addi4spn(c) ? type_i(OP_IMM, 0, RDP, 2, (int32_t)imm_addi4spn(c)) : 0;
    case 2: /* c.lw */
        return type_i(LOAD, 2, RDP, RS1P, (int32_t)imm_lw(c));
    case 3: /* c.ld */
        return type_i(LOAD, 3, RDP, RS1P, (int32_t)imm_ld(c));
    case 6: /* c.sw */
        return type_s(2, RS1P, RDP, imm_lw(c));
    case 7: /* c.sd */
        return type_s(3, RS1P, RDP, imm_ld(c));
    default: /* c.fld, c.fsd, reserved */
        return 0;
    }
}

/* c.sub, c.xor, c.or, c.and, c.subw, c.addw */
static uint32_t arithmetic(uint32_t c)
{
    static const struct {
        uint8_t opcode, funct3, funct7;
    } row[8] = {{OP, 0, 0x20}, {OP, 4, 0}, {OP, 6, 0}, {OP, 7, 0}, {OP_32, 0, 0x20}, {OP_32, 0, 0}};
    unsigned i = bits_of(c, 12, 12) << 2 | bits_of(c, 6, 5);
    if (!row[i].opcode)
        return 0;
    return type_r(row[i].opcode, row[i].funct3, row[i].funct7, RS1P, RS1P, RDP);
}

static uint32_t shift_or_logic(uint32_t c)
{
    int32_t shift = imm6(c) & 63;
    switch (bits_of(c, 11, 10)) {
    case 0: /* c.srli */
        return type_i(OP_IMM, 5, RS1P, RS1P, shift);
    case 1: /* c.srai */
        return type_i(OP_IMM, 5, RS1P, RS1P, shift | 0x400);
    case 2: /* c.andi */
        return type_i(OP_IMM, 7, RS1P, RS1P, imm6(c));
    default:
        return arithmetic(c);
    }
}

static uint32_t lui_or_addi16sp(uint32_t c)
{
    if (RD == 2)
        return imm_addi16sp(c) ? type_i(OP_IMM, 0, 2, 2, imm_addi16sp(c)) : 0;
    return imm6(c) ? 0x37 | RD << 7 | (uint32_t)imm6(c) << 12 : 0;
}

static uint32_t quadrant1(uint32_t c)
{
    switch (bits_of(c, 15, 13)) {
    case 0: /* c.nop, c.addi */
        return type_i(OP_IMM, 0, RD, RD, imm6(c));
    case 1: /* c.addiw */
        return RD ? type_i(OP_IMM_32, 0, RD, RD, imm6(c)) : 0;
    case 2: /* c.li */
        return type_i(OP_IMM, 0, RD, 0, imm6(c));
    case 3:
        return lui_or_addi16sp(c);
    case 4:
        return shift_or_logic(c);
    case 5: /* c.j */
        return type_j(0, imm_j(c));
    case 6: /* c.beqz */
        return type_b(0, RS1P, imm_b(c));
    default: /* c.bnez */
        return type_b(1, RS1P, imm_b(c));
    }
}

static uint32_t jump_or_move(uint32_t c)
{
    bool high = bits_of(c, 12, 12);
    if (RS2)
        return type_r(OP, 0, 0, RD, high ? RD : 0, RS2); /* c.add, c.mv */
    if (RD)
        return type_i(JALR, 0, high, RD, 0); /* c.jalr, c.jr */
    return high ? 0x00100073 : 0;            /* c.ebreak */
}

static uint32_t quadrant2(uint32_t c)
{
    switch (bits_of(c, 15, 13)) {
    case 0: /* c.slli */
        return type_i(OP_IMM, 1, RD, RD, imm6(c) & 63);
    case 2: /* c.lwsp */
        return RD ? type_i(LOAD, 2, RD, 2, (int32_t)imm_lwsp(c)) : 0;
    case 3: /* c.ldsp */
        return RD ? type_i(LOAD, 3, RD, 2, (int32_t)imm_ldsp(c)) : 0;
    case 4:
        return jump_or_move(c);
    case 6: /* c.swsp */
        return type_s(2, 2, RS2, bits_of(c, 12, 9) << 2 | bits_of(c, 8, 7) << 6);
    case 7: /* c.sdsp */
        return type_s(3, 2, RS2, bits_of(c, 12, 10) << 3 | bits_of(c, 9, 7) << 6);
    default: /* c.fldsp, c.fsdsp, reserved */
        return 0;
    }
}

uint32_t expand_compressed(uint16_t bits)
{
    static uint32_t (*const quadrant[])(uint32_t) = {quadrant0, quadrant1, quadrant2};
    return quadrant[bits & 3](bits);
}
