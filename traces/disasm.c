/*
 * Instructions as text, by Capstone.  Two things are put into words that
 * Capstone cannot know or leaves relative: registers that it leaves as numbers
 * (Tessera's own among them) get their names, and branches show the address
 * they lead to.
 */
#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/traces.h"

enum { OPCODE_BRANCH = 0x63, OPCODE_JAL = 0x6f, OPCODE_SYSTEM = 0x73 };

static bool is_compressed(uint32_t bits)
{
    return (bits & 3) != 3;
}

static bool is_csr_access(uint32_t bits)
{
    return (bits & 0x7f) == OPCODE_SYSTEM && (bits >> 12 & 3) != 0;
}

/* Branches and jumps whose last operand is an offset from their own address. */
static bool is_relative(uint32_t bits)
{
    unsigned funct3 = bits >> 13 & 7;
    if (is_compressed(bits)) /* c.j, c.beqz, c.bnez */
        return (bits & 3) == 1 && (funct3 == 5 || funct3 == 6 || funct3 == 7);
    return (bits & 0x7f) == OPCODE_BRANCH || (bits & 0x7f) == OPCODE_JAL;
}

/* Writes `operands` with the register's number, where it stands, as a name. */
static void name_csr(uint32_t number, const char *operands, char *text, size_t bytes)
{
    char digits[8], own[CSR_NAME_MAX];
    const char *name = csr_name(number, own);
    int length = snprintf(digits, sizeof digits, "%" PRIu32, number);
    const char *at = strstr(operands, digits);
    if (name[0] && at)
        snprintf(text, bytes, "%.*s%s%s", (int)(at - operands), operands, name, at + length);
    else
        snprintf(text, bytes, "%s", operands);
}

/* Writes `operands` with the last one, an offset, as an address. */
static void resolve_target(uint64_t pc, const char *operands, char *text, size_t bytes)
{
    const char *comma = strrchr(operands, ',');
    const char *last = comma ? comma + 2 : operands;
    uint64_t target = pc + (uint64_t)strtoll(last, NULL, 0);
    snprintf(text, bytes, "%.*s0x%" PRIx64, (int)(last - operands), operands, target);
}

static void format(uint64_t pc, uint32_t bits, const cs_insn *insn, char *text, size_t bytes)
{
    char operands[sizeof insn->op_str + 32];
    if (is_csr_access(bits))
        name_csr(bits >> 20, insn->op_str, operands, sizeof operands);
    else if (is_relative(bits))
        resolve_target(pc, insn->op_str, operands, sizeof operands);
    else
        snprintf(operands, sizeof operands, "%s", insn->op_str);
    if (operands[0])
        snprintf(text, bytes, "%-8s %s", insn->mnemonic, operands);
    else
        snprintf(text, bytes, "%s", insn->mnemonic);
}

void disasm_insn(uint64_t pc, uint32_t bits, char *text, size_t bytes)
{
    const uint8_t code[4] = {(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16),
                             (uint8_t)(bits >> 24)};
    size_t length = is_compressed(bits) ? 2 : 4, count = 0;
    cs_insn *insn = NULL;
    csh capstone;
    if (cs_open(CS_ARCH_RISCV, CS_MODE_RISCV64 | CS_MODE_RISCVC, &capstone) == CS_ERR_OK) {
        count = cs_disasm(capstone, code, length, pc, 1, &insn);
        if (count)
            format(pc, bits, insn, text, bytes);
        cs_free(insn, count);
        cs_close(&capstone);
    }
    if (!count && length == 2)
        snprintf(text, bytes, ".half    0x%04" PRIx32, bits & 0xffff);
    else if (!count)
        snprintf(text, bytes, ".word    0x%08" PRIx32, bits);
}
