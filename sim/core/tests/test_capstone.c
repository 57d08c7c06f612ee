/*
 * The decoder against Capstone on random words: each difference is a row, with its reason.
 */
#include <capstone/capstone.h>
#include <criterion/criterion.h>
#include <string.h>

#include "sim/core/tests/asm.h"

static struct rng rng;

static void create(void)
{
    rng = rng_stream(1, 0);
}

TestSuite(capstone, .init = create);

/* The major opcodes of RV64IMA_Zicsr_Zifencei.  The others belong to
 * extensions that Capstone knows and this hart has not. */
static const uint8_t opcodes[] = {0x03, 0x0f, 0x13, 0x17, 0x1b, 0x23, 0x2f,
                                  0x33, 0x37, 0x3b, 0x63, 0x67, 0x6f, 0x73};

static bool is_ours(uint32_t word)
{
    return memchr(opcodes, (int)(word & 0x7f), sizeof opcodes) != NULL;
}

/* A random word: of any opcode above, of a row, or one bit beside a row. */
static uint32_t candidate(void)
{
    uint32_t word = asm_random(&rng, &asm_rows[rng_below(&rng, ASM_ROWS)]);
    switch (rng_below(&rng, 3)) {
    case 0:
        return ((uint32_t)rng_next(&rng) & ~0x7fu) | opcodes[rng_below(&rng, sizeof opcodes)];
    case 1:
        return word ^ 1u << rng_below(&rng, 32);
    default:
        return word;
    }
}

static void remove_all(char *text, const char *part)
{
    for (char *at; (at = strstr(text, part)) != NULL;)
        memmove(at, at + strlen(part), strlen(at + strlen(part)) + 1);
}

/* Capstone's name as insn.def writes it: amoadd.w.aqrl is amoadd_w. */
static void capstone_name(csh handle, uint32_t word, char name[32])
{
    cs_insn *insn;
    uint8_t bytes[4];
    memcpy(bytes, &word, sizeof bytes);
    strcpy(name, "illegal");
    if (!cs_disasm(handle, bytes, sizeof bytes, 0, 1, &insn))
        return;
    snprintf(name, 32, "%s", cs_insn_name(handle, insn->id));
    cs_free(insn, 1);
    remove_all(name, ".aqrl");
    remove_all(name, ".aq");
    remove_all(name, ".rl");
    for (char *c = name; *c; c++)
        *c = *c == '.' ? '_' : *c;
}

/* Where the two differ with reason. */
static const struct difference {
    const char *ours, *theirs, *reason;
} differences[] = {
    {"fence", "illegal", "rd, rs1 and fm are reserved: an implementation ignores them"},
    {"fence", "fence_tso", "a fence of all orders contains it"},
    {"fence_i", "illegal", "imm, rs1 and rd are reserved: an implementation ignores them"},
    {"illegal", "uret", "user-level interrupts (N) were withdrawn"},
};

/* Extensions that Capstone 5 does not know: it takes their words for illegal.
 * `known` below holds an assembler's encoding of each. */
static const enum insn_op unknown_to_capstone[] = {
    OP_add_uw,
    OP_sh1add,
    OP_sh2add,
    OP_sh3add,
    OP_sh1add_uw,
    OP_sh2add_uw,
    OP_sh3add_uw,
    OP_slli_uw,
    OP_andn,
    OP_orn,
    OP_xnor,
    OP_clz,
    OP_ctz,
    OP_cpop,
    OP_clzw,
    OP_ctzw,
    OP_cpopw,
    OP_max,
    OP_maxu,
    OP_min,
    OP_minu,
    OP_sext_b,
    OP_sext_h,
    OP_zext_h,
    OP_rol,
    OP_ror,
    OP_rori,
    OP_rolw,
    OP_rorw,
    OP_roriw,
    OP_orc_b,
    OP_rev8,
    OP_bclr,
    OP_bclri,
    OP_bext,
    OP_bexti,
    OP_binv,
    OP_binvi,
    OP_bset,
    OP_bseti,
    OP_cbo_inval,
    OP_cbo_clean,
    OP_cbo_flush,
    OP_cbo_zero,
    OP_sinval_vma,
    OP_sfence_w_inval,
    OP_sfence_inval_ir,
};

/* An assembler's words of what Capstone does not know: t2 from t0 and t1, or from
 * t0 and a number. */
static const struct known {
    uint32_t word;
    enum insn_op op;
    uint8_t rd, rs1, rs2;
    int32_t imm;
} known[] = {
    {0x086283bb, OP_add_uw, 7, 5, 6, 0},
    {0x2062a3b3, OP_sh1add, 7, 5, 6, 0},
    {0x2062c3b3, OP_sh2add, 7, 5, 6, 0},
    {0x2062e3b3, OP_sh3add, 7, 5, 6, 0},
    {0x2062a3bb, OP_sh1add_uw, 7, 5, 6, 0},
    {0x2062c3bb, OP_sh2add_uw, 7, 5, 6, 0},
    {0x2062e3bb, OP_sh3add_uw, 7, 5, 6, 0},
    {0x0a52939b, OP_slli_uw, 7, 5, 0, 37},
    {0x4062f3b3, OP_andn, 7, 5, 6, 0},
    {0x4062e3b3, OP_orn, 7, 5, 6, 0},
    {0x4062c3b3, OP_xnor, 7, 5, 6, 0},
    {0x60029393, OP_clz, 7, 5, 0, 0},
    {0x60129393, OP_ctz, 7, 5, 0, 0},
    {0x60229393, OP_cpop, 7, 5, 0, 0},
    {0x6002939b, OP_clzw, 7, 5, 0, 0},
    {0x6012939b, OP_ctzw, 7, 5, 0, 0},
    {0x6022939b, OP_cpopw, 7, 5, 0, 0},
    {0x0a62e3b3, OP_max, 7, 5, 6, 0},
    {0x0a62f3b3, OP_maxu, 7, 5, 6, 0},
    {0x0a62c3b3, OP_min, 7, 5, 6, 0},
    {0x0a62d3b3, OP_minu, 7, 5, 6, 0},
    {0x60429393, OP_sext_b, 7, 5, 0, 0},
    {0x60529393, OP_sext_h, 7, 5, 0, 0},
    {0x0802c3bb, OP_zext_h, 7, 5, 0, 0},
    {0x606293b3, OP_rol, 7, 5, 6, 0},
    {0x6062d3b3, OP_ror, 7, 5, 6, 0},
    {0x6252d393, OP_rori, 7, 5, 0, 37},
    {0x606293bb, OP_rolw, 7, 5, 6, 0},
    {0x6062d3bb, OP_rorw, 7, 5, 6, 0},
    {0x6152d39b, OP_roriw, 7, 5, 0, 21},
    {0x2872d393, OP_orc_b, 7, 5, 0, 0},
    {0x6b82d393, OP_rev8, 7, 5, 0, 0},
    {0x486293b3, OP_bclr, 7, 5, 6, 0},
    {0x4a529393, OP_bclri, 7, 5, 0, 37},
    {0x4862d3b3, OP_bext, 7, 5, 6, 0},
    {0x4a52d393, OP_bexti, 7, 5, 0, 37},
    {0x686293b3, OP_binv, 7, 5, 6, 0},
    {0x6a529393, OP_binvi, 7, 5, 0, 37},
    {0x286293b3, OP_bset, 7, 5, 6, 0},
    {0x2a529393, OP_bseti, 7, 5, 0, 37},
    {0x0002a00f, OP_cbo_inval, 32, 5, 0, 0},
    {0x0012a00f, OP_cbo_clean, 32, 5, 0, 0},
    {0x0022a00f, OP_cbo_flush, 32, 5, 0, 0},
    {0x0042a00f, OP_cbo_zero, 32, 5, 0, 0},
    {0x16628073, OP_sinval_vma, 32, 5, 6, 0},
    {0x18000073, OP_sfence_w_inval, 32, 0, 0, 0},
    {0x18100073, OP_sfence_inval_ir, 32, 0, 0, 0},
};

Test(capstone, what_capstone_does_not_know_is_as_an_assembler_writes_it)
{
    enum { KNOWN = sizeof known / sizeof known[0] };
    cr_assert_eq(KNOWN, sizeof unknown_to_capstone / sizeof unknown_to_capstone[0]);
    for (unsigned i = 0; i < KNOWN; i++) {
        struct insn insn = decode_insn(known[i].word);
        cr_assert_eq(unknown_to_capstone[i], known[i].op);
        cr_assert_eq(insn.op, known[i].op, "%08x is %s", known[i].word,
                     insn_name((enum insn_op)insn.op));
        cr_assert(insn.rd == known[i].rd && insn.rs1 == known[i].rs1 && insn.rs2 == known[i].rs2 &&
                      insn.imm == known[i].imm,
                  "operands of %08x", known[i].word);
    }
}

static bool is_explained(const char *ours, const char *theirs)
{
    for (unsigned i = 0; i < sizeof unknown_to_capstone / sizeof unknown_to_capstone[0]; i++)
        if (strcmp(ours, insn_name(unknown_to_capstone[i])) == 0)
            return strcmp(theirs, "illegal") == 0;
    for (unsigned i = 0; i < sizeof differences / sizeof differences[0]; i++)
        if (strcmp(ours, differences[i].ours) == 0 && strcmp(theirs, differences[i].theirs) == 0)
            return true;
    return false;
}

Test(capstone, agrees_with_capstone_on_random_words)
{
    csh handle;
    unsigned legal = 0, illegal = 0;
    cr_assert_eq(cs_open(CS_ARCH_RISCV, CS_MODE_RISCV64, &handle), CS_ERR_OK);
    for (unsigned n = 0; n < 600000; n++) {
        uint32_t word = candidate();
        char theirs[32];
        if (!is_ours(word))
            continue;
        const char *ours = insn_name((enum insn_op)decode_insn(word).op);
        capstone_name(handle, word, theirs);
        if (strcmp(ours, theirs) != 0)
            cr_assert(is_explained(ours, theirs), "%08x: %s, Capstone says %s", word, ours, theirs);
        else if (strcmp(ours, "illegal") == 0)
            illegal++;
        else
            legal++;
    }
    cs_close(&handle);
    cr_assert_gt(legal, 100000, "the sample is mostly instructions");
    cr_assert_gt(illegal, 20000, "and has enough that are none");
}
