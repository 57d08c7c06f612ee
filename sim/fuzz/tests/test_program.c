/*
 * From items to bytes, and names of features.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "sim/fuzz/encode.h"
#include "sim/fuzz/program.h"
#include "sim/fuzz/report.h"

static struct program p;
static struct binary b;

static void begin(void)
{
    memset(&p, 0, sizeof p);
    p.code_offset = CODE_MIDDLE;
    p.setting.state[STATE_mepc] = FZ_CODE;
}

TestSuite(program, .init = begin);

static void add(unsigned place, uint32_t bits, unsigned bytes, enum reference reference,
                unsigned target)
{
    p.item[p.items++] = (struct item){.bits = bits,
                                      .place = (uint16_t)place,
                                      .target = (uint16_t)target,
                                      .bytes = (uint8_t)bytes,
                                      .reference = (uint8_t)reference};
}

static uint32_t word_at(unsigned offset)
{
    uint32_t word;
    memcpy(&word, &b.code[FZ_CODE + offset - b.code_at], 4);
    return word;
}

/* Distances as the architecture's listings have them, bit by bit. */
static int32_t branch_distance(uint32_t word)
{
    uint32_t u = (word >> 31) << 12 | (word >> 7 & 1) << 11 | (word >> 25 & 0x3f) << 5 |
                 (word >> 8 & 0xf) << 1;
    return (int32_t)(u << 19) >> 19;
}

static int32_t jal_distance(uint32_t word)
{
    uint32_t u = (word >> 31) << 20 | (word >> 12 & 0xff) << 12 | (word >> 20 & 1) << 11 |
                 (word >> 21 & 0x3ff) << 1;
    return (int32_t)(u << 11) >> 11;
}

Test(program, ends_with_an_ecall_and_begins_where_it_says)
{
    add(0, NOP, 4, REF_NONE, 0);
    add(1, C_NOP, 2, REF_NONE, 0);
    program_assemble(&p, &b);
    cr_assert_eq(b.end, CODE_MIDDLE + 6);
    cr_assert_eq(word_at(CODE_MIDDLE + 6), OPCODE_SYSTEM);
    cr_assert_eq(b.setting.state[STATE_mepc], FZ_CODE + CODE_MIDDLE);
    cr_assert_eq(b.code_bytes % 8, 0);
}

Test(program, references_lead_to_their_target)
{
    add(0, OPCODE_BRANCH, 4, REF_BRANCH, 2 * UNIT_PLACES);
    add(UNIT_PLACES, C_NOP, 2, REF_NONE, 0);
    add(2 * UNIT_PLACES, OPCODE_JAL, 4, REF_JAL, 0);
    add(2 * UNIT_PLACES + 1, enc_addi(5, 6, 3), 4, REF_OFFSET, 2 * UNIT_PLACES);
    program_assemble(&p, &b);
    cr_assert_eq(branch_distance(word_at(CODE_MIDDLE)), 6);
    cr_assert_eq(jal_distance(word_at(CODE_MIDDLE + 6)), -6);
    cr_assert_eq(word_at(CODE_MIDDLE + 10), enc_addi(5, 6, 6 + 3));
}

Test(program, what_is_cut_out_is_jumped_over)
{
    add(0, OPCODE_JAL, 4, REF_JAL, 3 * UNIT_PLACES);
    add(2 * UNIT_PLACES, NOP, 4, REF_NONE, 0);
    add(5 * UNIT_PLACES, NOP, 4, REF_NONE, 0);
    program_assemble(&p, &b);
    cr_assert_eq(jal_distance(word_at(CODE_MIDDLE)), 8, "the first item behind the target");
    p.items--;
    program_assemble(&p, &b);
    cr_assert_eq(jal_distance(word_at(CODE_MIDDLE)), 8, "the end");
}

Test(program, short_jumps_that_do_not_reach_do_nothing)
{
    add(0, 0xc001, 2, REF_C_BRANCH, UNIT_PLACES);
    for (unsigned i = 0; i < 63; i++)
        add(1 + i, NOP, 4, REF_NONE, 0);
    program_assemble(&p, &b);
    cr_assert_neq(word_at(CODE_MIDDLE) & 0xffff, C_NOP, "254 bytes");
    add(64, NOP, 4, REF_NONE, 0);
    p.item[0].target = 65;
    program_assemble(&p, &b);
    cr_assert_eq(word_at(CODE_MIDDLE) & 0xffff, C_NOP, "258 bytes");
}

Test(program, stand_ins_are_named_by_their_offset)
{
    add(0, NOP, 4, REF_NONE, 0);
    add(1, 0x0042a00f, 4, REF_NONE, 0);
    p.item[1].stand_in = 0x0002b023;
    program_assemble(&p, &b);
    cr_assert_eq(b.patches, 1);
    cr_assert_eq(b.patch[0].offset, CODE_MIDDLE + 4);
    cr_assert_eq(b.patch[0].word, 0x0002b023);
    cr_assert_eq(word_at(CODE_MIDDLE + 4), 0x0042a00f, "Tessera has the instruction");
}

Test(features, names_and_bits_are_the_same)
{
    char text[FEATURES_TEXT];
    uint32_t bits;
    for (uint32_t f = 0; f < 1u << FEATURES; f += f < 64 ? 1 : 997) {
        features_format(f, text, sizeof text);
        cr_assert(features_parse(text, &bits), "%s", text);
        cr_assert_eq(bits, f, "%s", text);
    }
    cr_assert_not(features_parse("base_vector", &bits));
    cr_assert_not(features_parse("cc", &bits));
}

Test(report, a_listing_has_the_setting_and_the_code)
{
    char *text;
    size_t bytes;
    p.setting.x[5] = 0xabc;
    p.setting.state[STATE_mscratch] = 0xdef;
    p.setting.action[2] = 7;
    add(0, enc_add(5, 6, 7), 4, REF_NONE, 0);
    add(1, 0x9002, 2, REF_NONE, 0);
    program_assemble(&p, &b);
    FILE *out = open_memstream(&text, &bytes);
    report_program(&b, out);
    fclose(out);
    cr_assert(strstr(text, "x5  (t0) = 0xabc"));
    cr_assert(strstr(text, "mscratch = 0xdef"));
    cr_assert(strstr(text, "M trap 2"));
    cr_assert(strstr(text, "add t0, t1, t2"));
    cr_assert(strstr(text, "c.ebreak"));
    cr_assert(strstr(text, "ecall"));
    free(text);
}
