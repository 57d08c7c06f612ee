/*
 * The decoder: against its own table (every row is itself and nothing else), against
 * an independent computation of operands and immediates, and what a line's neighbours
 * add to it.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "sim/core/tests/asm.h"

enum { TRIES = 2000 };

static struct rng rng;
static struct arena *arena;
static struct code_table *table;

static void create(void)
{
    rng = rng_stream(1, 0);
    arena = arena_create();
    table = code_table_create(
        arena, &(struct code_options){
                   .load_use_cycles = 2, .mul_cycles = 3, .div_cycles = 20, .trap_cycles = 5});
}

static void destroy(void)
{
    arena_destroy(arena);
}

TestSuite(decode, .init = create, .fini = destroy);

/* The row's operation, whatever form a branch has taken. */
static bool is_form_of(unsigned op, enum insn_op row)
{
    return op == row || strcmp(insn_name((enum insn_op)op), insn_name(row)) == 0;
}

/* ---- the table ---------------------------------------------------------------- */

Test(decode, every_row_is_itself_whatever_its_operands)
{
    for (unsigned r = 0; r < ASM_ROWS; r++)
        for (unsigned n = 0; n < TRIES; n++) {
            uint32_t word = asm_random(&rng, &asm_rows[r]);
            struct insn insn = decode_insn(word);
            cr_assert(is_form_of(insn.op, asm_rows[r].op), "%08x is %s, not %s", word,
                      insn_name((enum insn_op)insn.op), asm_rows[r].name);
        }
}

Test(decode, no_two_rows_match_one_word)
{
    for (unsigned a = 0; a < ASM_ROWS; a++) {
        cr_assert_eq(asm_rows[a].match & ~asm_rows[a].mask, 0, "%s", asm_rows[a].name);
        for (unsigned b = a + 1; b < ASM_ROWS; b++) {
            uint32_t both = asm_rows[a].mask & asm_rows[b].mask;
            cr_assert_neq(asm_rows[a].match & both, asm_rows[b].match & both, "%s and %s",
                          asm_rows[a].name, asm_rows[b].name);
        }
    }
}

Test(decode, a_word_that_no_row_matches_is_illegal)
{
    static const uint32_t words[] = {
        0x00000000,             /* the all-zero word */
        0xffffffff, 0x00000001, /* a compressed instruction */
        0x04001013,             /* slli with bit 26 set */
        0x0200101b,             /* slliw by 32 */
        0x00007003,             /* load of funct3 7 */
        0x00004023,             /* store of funct3 4 */
        0x00002063,             /* branch of funct3 2 */
        0x1010202f,             /* lr.w with a second source */
        0x00004073,             /* system of funct3 4 */
        0x30200173,             /* mret with a destination */
        0x00200073,             /* uret: user-level interrupts were withdrawn */
    };
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct insn insn = decode_insn(words[i]);
        cr_assert_eq(insn.op, OP_illegal, "%08x is %s", words[i], insn_name((enum insn_op)insn.op));
    }
}

/* ---- operands and immediates ---------------------------------------------------- */

/* Where each bit of an immediate comes from, by the manual's drawings of the
 * formats: the bit of the word that becomes bit i, or Z for zero. */
enum { Z = -1 };
static const int8_t layouts[][32] = {
    [ASM_I] = {20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 31, 31, 31, 31,
               31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31},
    [ASM_S] = {7,  8,  9,  10, 11, 25, 26, 27, 28, 29, 30, 31, 31, 31, 31, 31,
               31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31},
    [ASM_B] = {Z,  8,  9,  10, 11, 25, 26, 27, 28, 29, 30, 7,  31, 31, 31, 31,
               31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31},
    [ASM_U] = {Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  12, 13, 14, 15,
               16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
    [ASM_J] = {Z,  21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 20, 12, 13, 14, 15,
               16, 17, 18, 19, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31},
    [ASM_SH6] = {20, 21, 22, 23, 24, 25, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z,
                 Z,  Z,  Z,  Z,  Z,  Z,  Z, Z, Z, Z, Z, Z, Z, Z, Z, Z},
    [ASM_SH5] = {20, 21, 22, 23, 24, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z,
                 Z,  Z,  Z,  Z,  Z,  Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z},
    [ASM_C] = {20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, Z, Z, Z, Z,
               Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z, Z, Z, Z},
    [ASM_O] = {20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, Z, Z, Z, Z,
               Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z,  Z, Z, Z, Z},
};

static int32_t immediate_of(uint32_t word, enum asm_format format)
{
    uint32_t value = 0;
    if (format == ASM_R || format == ASM_A || format == ASM_R1 || format == ASM_F ||
        format == ASM_N)
        return 0;
    for (unsigned i = 0; i < 32; i++)
        if (layouts[format][i] != Z)
            value |= (word >> layouts[format][i] & 1) << i;
    return (int32_t)value;
}

Test(decode, immediates_are_gathered_bit_by_bit_as_the_formats_draw_them)
{
    for (unsigned r = 0; r < ASM_ROWS; r++)
        for (unsigned n = 0; n < TRIES; n++) {
            uint32_t word = asm_random(&rng, &asm_rows[r]);
            struct insn insn = decode_insn(word);
            int32_t expected = immediate_of(word, asm_rows[r].format);
            bool is_near = insn.op != asm_rows[r].op;
            cr_assert_eq(is_near ? insn.imm * 4 : insn.imm, expected, "%s %08x: %d, not %d",
                         asm_rows[r].name, word, insn.imm, expected);
        }
}

Test(decode, operands_are_where_the_format_has_them_and_absent_elsewhere)
{
    static const char has[][4] = {
        /* destination, first source, second source */
        [ASM_R] = "d12",  [ASM_I] = "d1-", [ASM_SH6] = "d1-", [ASM_SH5] = "d1-", [ASM_S] = "-12",
        [ASM_B] = "-12",  [ASM_U] = "d--", [ASM_J] = "d--",   [ASM_A] = "d12",   [ASM_C] = "d1-",
        [ASM_R1] = "d1-", [ASM_F] = "-12", [ASM_O] = "---",   [ASM_N] = "---",
    };
    for (unsigned r = 0; r < ASM_ROWS; r++)
        for (unsigned n = 0; n < TRIES; n++) {
            uint32_t word = asm_random(&rng, &asm_rows[r]);
            struct insn insn = decode_insn(word);
            const char *format = has[asm_rows[r].format];
            unsigned rd = format[0] == 'd' ? word >> 7 & 31 : 0;
            cr_assert_eq(insn.rd, rd ? rd : 32, "%s %08x", asm_rows[r].name, word);
            cr_assert_eq(insn.rs1, format[1] == '1' ? word >> 15 & 31 : 0, "%s", asm_rows[r].name);
            cr_assert_eq(insn.rs2, format[2] == '2' ? word >> 20 & 31 : 0, "%s", asm_rows[r].name);
        }
}

Test(decode, what_the_tests_encode_is_read_back)
{
    for (unsigned n = 0; n < TRIES; n++) {
        unsigned rd = 1 + rng_below(&rng, 31), rs1 = rng_below(&rng, 32), rs2 = rng_below(&rng, 32);
        int32_t imm = (int32_t)rng_below(&rng, 4096) - 2048, far = imm * 1024 + 128;
        struct insn i = decode_insn(asm_i(OP_addi, rd, rs1, imm));
        cr_assert(i.op == OP_addi && i.rd == rd && i.rs1 == rs1 && i.imm == imm);
        i = decode_insn(asm_s(OP_sd, rs2, rs1, imm));
        cr_assert(i.op == OP_sd && i.rs2 == rs2 && i.rs1 == rs1 && i.imm == imm);
        i = decode_insn(asm_b(OP_bltu, rs1, rs2, imm * 2 | 2));
        cr_assert(i.op == OP_bltu && i.rs2 == rs2 && i.rs1 == rs1 && i.imm == (imm * 2 | 2));
        i = decode_insn(asm_j(rd, far / 4 | 2));
        cr_assert(i.op == OP_jal && i.rd == rd && i.imm == (far / 4 | 2));
    }
}

/* ---- whole lines ----------------------------------------------------------------------- */

static void fill_with_nops(uint32_t words[LINE_WORDS])
{
    for (unsigned i = 0; i < LINE_WORDS; i++)
        words[i] = asm_nop();
}

static const struct code_line *intern(const uint32_t words[LINE_WORDS])
{
    return code_intern(table, (const uint8_t *)words);
}

Test(decode, a_branch_is_near_exactly_when_its_target_lies_in_its_own_line)
{
    uint32_t words[LINE_WORDS];
    for (unsigned r = 0; r < ASM_ROWS; r++) {
        enum asm_format format = asm_rows[r].format;
        if (format != ASM_B && format != ASM_J)
            continue;
        for (unsigned slot = 0; slot < LINE_WORDS; slot++)
            for (int32_t distance = -80; distance <= 80; distance += 2) {
                fill_with_nops(words);
                words[slot] =
                    format == ASM_J ? asm_j(RA, distance) : asm_b(asm_rows[r].op, T0, T1, distance);
                const struct code_line *code = intern(words);
                const struct insn *insn = &code->insn[code->entry[2 * slot]];
                int32_t target = (int32_t)slot * 4 + distance;
                bool inside = target >= 0 && target < LINE_BYTES;
                cr_assert_eq(insn->op != asm_rows[r].op, inside, "%s at slot %u to %d",
                             asm_rows[r].name, slot, target);
                if (inside)
                    cr_assert_eq(insn + insn->imm, &code->insn[code->entry[target / 2]]);
                else
                    cr_assert_eq(insn->imm, target);
            }
    }
}

Test(decode, equal_bytes_share_one_line_and_different_bytes_do_not)
{
    uint32_t words[LINE_WORDS], again[LINE_WORDS];
    const struct code_line *seen[200];
    for (unsigned n = 0; n < 200; n++) {
        fill_with_nops(words);
        words[n % LINE_WORDS] = asm_i(OP_addi, T0, ZERO, (int32_t)n + 1);
        seen[n] = intern(words);
        cr_assert_eq(code_table_lines(table), n + 1);
        memcpy(again, words, sizeof again);
        cr_assert_eq(intern(again), seen[n], "the same bytes give the same line");
        cr_assert_eq(code_table_lines(table), n + 1);
        cr_assert_arr_eq(seen[n]->bytes, words, sizeof words);
    }
    for (unsigned a = 0; a < 200; a++)
        for (unsigned b = a + 1; b < 200; b++)
            cr_assert_neq(seen[a], seen[b]);
}

/* A line of nops and an instruction of its own. */
static struct code_line *line_of_its_own(unsigned n)
{
    uint32_t words[LINE_WORDS];
    uint8_t bytes[LINE_BYTES];
    fill_with_nops(words);
    words[3] = asm_i(OP_addi, T0, ZERO, (int32_t)n);
    memcpy(bytes, words, sizeof bytes);
    return code_intern(table, bytes);
}

Test(decode, lines_that_nobody_keeps_are_reclaimed)
{
    enum { LINES = 300 };
    struct code_line *line[LINES];
    code_table_bound(table, LINES);
    for (unsigned n = 0; n < LINES; n++) {
        cr_assert_not(code_table_is_full(table));
        line[n] = line_of_its_own(n);
    }
    cr_assert(code_table_is_full(table));
    code_keep(line[7]);
    code_keep_record(table, &line[99]->insn[2 * CODE_RECORDS - 1]);
    code_keep_record(table, &line[100]->insn[0]);
    code_keep(NULL);
    code_keep_record(table, NULL);
    code_reclaim(table);
    cr_assert_eq(code_table_lines(table), 3);
    cr_assert_not(code_table_is_full(table));
    cr_assert_eq(line_of_its_own(7), line[7], "a line that is kept keeps its place");
    cr_assert_eq(line_of_its_own(99), line[99]);
    cr_assert_eq(line_of_its_own(100), line[100]);
    cr_assert_eq(code_table_lines(table), 3);
    code_reclaim(table);
    cr_assert_eq(code_table_lines(table), 0, "a mark holds once");
}

Test(decode, code_that_changes_for_ever_takes_no_more_memory)
{
    code_table_bound(table, 100);
    size_t before = 0;
    for (unsigned n = 0; n < 2000; n++) {
        struct code_line *line = line_of_its_own(n);
        cr_assert_eq(line->insn[line->entry[6]].imm, (int32_t)n);
        if (code_table_is_full(table)) {
            code_reclaim(table);
            before = before ? before : arena_bytes(arena);
        }
    }
    cr_assert_eq(arena_bytes(arena), before);
}

Test(decode, a_line_keeps_its_meaning_when_the_memory_it_came_from_changes)
{
    uint32_t words[LINE_WORDS];
    fill_with_nops(words);
    const struct code_line *old = intern(words);
    words[3] = asm_r(OP_add, T0, T1, T2);
    const struct code_line *new = intern(words);
    cr_assert_eq(old->insn[3].op, OP_addi);
    cr_assert_eq(new->insn[3].op, OP_add);
}

Test(decode, a_load_is_marked_used_exactly_when_the_next_instruction_reads_its_register)
{
    static const enum insn_op loads[] = {OP_lb, OP_lh, OP_lw, OP_ld, OP_lbu, OP_lhu, OP_lwu};
    const struct {
        uint32_t next;
        bool touches_t0;
    } cases[] = {
        {asm_r(OP_add, T1, T0, T2), true},
        {asm_r(OP_add, T1, T2, T0), true},
        {asm_r(OP_add, T0, T1, T2), true},
        {asm_i(OP_addi, T1, T0, 1), true},
        {asm_i(OP_addi, T0, T1, T0), true},
        {asm_s(OP_sd, T0, T1, 0), true},
        {asm_s(OP_sd, T1, T0, 0), true},
        {asm_s(OP_sd, T1, T2, T0), false},
        {asm_b(OP_beq, T0, T1, 8), true},
        {asm_b(OP_beq, T1, T0, 8), true},
        {asm_u(OP_lui, T0, T0), true},
        {asm_j(T0, 8), true},
        {asm_i(OP_jalr, RA, T0, 0), true},
        {asm_i(OP_csrrw, T1, T0, 0x340), true},
        {asm_i(OP_csrrwi, T1, T0, 0x340), false},
        {asm_i(OP_csrrsi, T1, T0, 0x340), false},
        {asm_i(OP_csrrci, T1, T0, 0x340), false},
        {asm_r(OP_amoadd_d, T1, T0, T2), true},
        {asm_r(OP_amoadd_d, T1, T2, T0), true},
        {asm_i(OP_ld, T1, T0, 0), true},
        {asm_r(OP_mul, T1, T0, T0), true},
        {asm_n(OP_ecall), false},
        {asm_n(OP_fence), false},
        {0, false},
    };
    for (unsigned l = 0; l < sizeof loads / sizeof loads[0]; l++)
        for (unsigned c = 0; c < sizeof cases / sizeof cases[0]; c++)
            for (unsigned slot = 0; slot + 1 < LINE_WORDS; slot++) {
                uint32_t words[LINE_WORDS];
                fill_with_nops(words);
                words[slot] = asm_i(loads[l], T0, A0, 0);
                words[slot + 1] = cases[c].next;
                unsigned op = intern(words)->insn[slot].op;
                cr_assert_eq(op, (unsigned)loads[l] + cases[c].touches_t0, "%s before %08x",
                             insn_name(loads[l]), cases[c].next);
            }
}

Test(decode, a_load_into_x0_is_never_used)
{
    uint32_t words[LINE_WORDS];
    fill_with_nops(words);
    words[4] = asm_i(OP_ld, ZERO, A0, 0);
    words[5] = asm_r(OP_add, T0, ZERO, ZERO);
    cr_assert_eq(intern(words)->insn[4].op, OP_ld);
}

Test(decode, a_load_in_the_last_slot_is_pending)
{
    uint32_t words[LINE_WORDS];
    fill_with_nops(words);
    words[LINE_WORDS - 1] = asm_i(OP_lw, T3, A0, 0);
    cr_assert_eq(intern(words)->insn[LINE_WORDS - 1].op, OP_lw_pending);
    cr_assert_eq(intern(words)->insn[LINE_WORDS].op, OP_line_end);
    words[LINE_WORDS - 1] = asm_i(OP_lw, ZERO, A0, 0);
    cr_assert_eq(intern(words)->insn[LINE_WORDS - 1].op, OP_lw);
}

/* With a latency of 3 for products and 20 for quotients, traps that take 5 cycles. */
Test(decode, a_result_is_pending_unless_its_line_says_who_waits)
{
    const uint32_t nop = asm_nop(), load = asm_i(OP_ld, T3, A0, 0), jump = asm_j(ZERO, 8);
    const uint32_t use = asm_r(OP_add, T1, T0, T2), branch = asm_b(OP_beq, T1, T2, 16);
    const uint32_t mul = asm_r(OP_mul, T0, A0, A1), div = asm_r(OP_div, T0, A0, A1);
    static const unsigned in_line = 2, last = LINE_WORDS - 1;
    const struct {
        unsigned slot;
        uint32_t word, next[2];
        bool pending;
        int32_t charged;
    } cases[] = {
        {in_line, mul, {use, nop}, false, 2},
        {in_line, mul, {nop, use}, false, 1},
        {in_line, mul, {nop, nop}, false, 0},
        {in_line, mul, {load, use}, true, 0},
        {in_line, mul, {load, nop}, false, 0},
        {in_line, mul, {nop, jump}, false, 0},
        {in_line, mul, {jump, nop}, true, 0},
        {in_line, mul, {branch, nop}, true, 0},
        {in_line, mul, {asm_n(OP_fence_i), nop}, true, 0},
        {in_line, mul, {mul, nop}, false, 2},
        {in_line, div, {use, nop}, false, 19},
        {in_line, div, {nop, div}, false, 18},
        {in_line, div, {mul, nop}, false, 19},
        {in_line, div, {nop, nop}, true, 0},
        {last, mul, {0, 0}, true, 0},
        {last - 1, mul, {nop, 0}, true, 0},
        {last - 2, mul, {nop, nop}, false, 0},
        {last - 1, mul, {use, 0}, false, 2},
    };
    for (unsigned c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        uint32_t words[LINE_WORDS];
        fill_with_nops(words);
        words[cases[c].slot] = cases[c].word;
        for (unsigned n = 0; n < 2 && cases[c].slot + 1 + n < LINE_WORDS; n++)
            words[cases[c].slot + 1 + n] = cases[c].next[n];
        const struct insn *insn = &intern(words)->insn[cases[c].slot];
        unsigned plain = cases[c].word == mul ? OP_mul : OP_div;
        cr_assert_eq(insn->op, plain + cases[c].pending, "case %u", c);
        cr_assert_eq(insn->imm, cases[c].charged, "case %u: %d", c, insn->imm);
        cr_assert_eq(insn[CODE_RECORDS].op, plain + 1, "its twin always is");
    }
}

Test(decode, every_record_carries_its_handler)
{
    uint32_t words[LINE_WORDS];
    for (unsigned r = 0; r < ASM_ROWS; r++) {
        fill_with_nops(words);
        words[0] = asm_random(&rng, &asm_rows[r]);
        const struct code_line *code = intern(words);
        for (unsigned i = 0; i <= LINE_WORDS; i++) {
            cr_assert_not_null(code->insn[i].go, "%s", asm_rows[r].name);
            cr_assert_not_null(code->insn[CODE_RECORDS + i].go, "%s", asm_rows[r].name);
        }
        cr_assert_neq(code->insn[0].go, code->insn[LINE_WORDS].go);
    }
}
