/*
 * Instruction words from their fields.  Written for the fuzzer alone: taking
 * the simulator's own tables would hide their mistakes from it.
 * Source: The RISC-V Instruction Set Manual, volume I, chapter "RV32/64G
 * Instruction Set Listings".
 */
#ifndef TESSERA_FUZZ_ENCODE_H
#define TESSERA_FUZZ_ENCODE_H

#include <stdint.h>

enum { X0 = 0, X_SP = 2, X_FRAME = 31 };

enum {
    OPCODE_LOAD = 0x03,
    OPCODE_MISC_MEM = 0x0f,
    OPCODE_IMM = 0x13,
    OPCODE_AUIPC = 0x17,
    OPCODE_IMM32 = 0x1b,
    OPCODE_STORE = 0x23,
    OPCODE_AMO = 0x2f,
    OPCODE_OP = 0x33,
    OPCODE_LUI = 0x37,
    OPCODE_OP32 = 0x3b,
    OPCODE_BRANCH = 0x63,
    OPCODE_JALR = 0x67,
    OPCODE_JAL = 0x6f,
    OPCODE_SYSTEM = 0x73
};

static inline uint32_t enc_r(uint32_t match, unsigned rd, unsigned rs1, unsigned rs2)
{
    return match | rd << 7 | rs1 << 15 | rs2 << 20;
}

static inline uint32_t enc_i(uint32_t match, unsigned rd, unsigned rs1, int32_t imm)
{
    return match | rd << 7 | rs1 << 15 | (uint32_t)imm << 20;
}

static inline uint32_t enc_s(uint32_t match, unsigned rs2, unsigned rs1, int32_t imm)
{
    uint32_t u = (uint32_t)imm;
    return match | (u & 0x1f) << 7 | rs1 << 15 | rs2 << 20 | (u >> 5 & 0x7f) << 25;
}

/* `high` is the value's bits 31..12. */
static inline uint32_t enc_u(uint32_t match, unsigned rd, uint32_t high)
{
    return match | rd << 7 | high << 12;
}

/* The distance of a branch or of jal, to be joined to a word without one. */
static inline uint32_t enc_b_distance(int32_t distance)
{
    uint32_t u = (uint32_t)distance;
    return (u >> 11 & 1) << 7 | (u >> 1 & 0xf) << 8 | (u >> 5 & 0x3f) << 25 | (u >> 12 & 1) << 31;
}

static inline uint32_t enc_j_distance(int32_t distance)
{
    uint32_t u = (uint32_t)distance;
    return (u >> 12 & 0xff) << 12 | (u >> 11 & 1) << 20 | (u >> 1 & 0x3ff) << 21 |
           (u >> 20 & 1) << 31;
}

static inline uint32_t enc_cb_distance(int32_t distance)
{
    uint32_t u = (uint32_t)distance;
    return (u >> 5 & 1) << 2 | (u >> 1 & 3) << 3 | (u >> 6 & 3) << 5 | (u >> 3 & 3) << 10 |
           (u >> 8 & 1) << 12;
}

static inline uint32_t enc_cj_distance(int32_t distance)
{
    uint32_t u = (uint32_t)distance;
    return (u >> 5 & 1) << 2 | (u >> 1 & 7) << 3 | (u >> 7 & 1) << 6 | (u >> 6 & 1) << 7 |
           (u >> 10 & 1) << 8 | (u >> 8 & 3) << 9 | (u >> 4 & 1) << 11 | (u >> 11 & 1) << 12;
}

/* Often used. */
static inline uint32_t enc_addi(unsigned rd, unsigned rs1, int32_t imm)
{
    return enc_i(OPCODE_IMM, rd, rs1, imm);
}

static inline uint32_t enc_add(unsigned rd, unsigned rs1, unsigned rs2)
{
    return enc_r(OPCODE_OP, rd, rs1, rs2);
}

enum { C_NOP = 0x0001, NOP = 0x00000013, CTZW = 0x6010101b };

enum csr_write { CSRRW = 1, CSRRS = 2, CSRRC = 3 };

static inline uint32_t enc_csr(enum csr_write op, unsigned rd, unsigned number, unsigned rs1)
{
    return OPCODE_SYSTEM | (uint32_t)op << 12 | rd << 7 | rs1 << 15 | (uint32_t)number << 20;
}

#endif
