/*
 * The C extension over its whole space: what each of the 49,152 words of 16 bits
 * means, against Capstone's names and operands for it; and what a line makes of
 * instructions of two lengths: chains, joins, straddles, near branches.
 */
#include <capstone/capstone.h>

#include "sim/base/rng.h"
#include "sim/core/tests/flat.h"

/* ---- against Capstone ------------------------------------------------------------- */

/* What a 16-bit name means, and where Capstone's operands go, in their order:
 * d destination, 1 and 2 sources, D destination and first source, i immediate.
 * `fixed` are operands that the text does not show. */
static const struct meaning {
    const char *name;
    enum insn_op op;
    const char *operands;
    uint8_t fixed_rd, fixed_rs1;
} meanings[] = {
    {"c.nop", OP_addi, "", 0, 0},        {"c.addi", OP_addi, "Di", 0, 0},
    {"c.addiw", OP_addiw, "Di", 0, 0},   {"c.addi4spn", OP_addi, "d1i", 0, 0},
    {"c.addi16sp", OP_addi, "Di", 0, 0}, {"c.li", OP_addi, "di", 0, 0},
    {"c.lui", OP_lui, "di", 0, 0},       {"c.slli", OP_slli, "Di", 0, 0},
    {"c.srli", OP_srli, "Di", 0, 0},     {"c.srai", OP_srai, "Di", 0, 0},
    {"c.andi", OP_andi, "Di", 0, 0},     {"c.mv", OP_add, "d2", 0, 0},
    {"c.add", OP_add, "D2", 0, 0},       {"c.sub", OP_sub, "D2", 0, 0},
    {"c.xor", OP_xor, "D2", 0, 0},       {"c.or", OP_or, "D2", 0, 0},
    {"c.and", OP_and, "D2", 0, 0},       {"c.subw", OP_subw, "D2", 0, 0},
    {"c.addw", OP_addw, "D2", 0, 0},     {"c.lw", OP_lw, "di1", 0, 0},
    {"c.ld", OP_ld, "di1", 0, 0},        {"c.lwsp", OP_lw, "di1", 0, 0},
    {"c.ldsp", OP_ld, "di1", 0, 0},      {"c.sw", OP_sw, "2i1", 0, 0},
    {"c.sd", OP_sd, "2i1", 0, 0},        {"c.swsp", OP_sw, "2i1", 0, 0},
    {"c.sdsp", OP_sd, "2i1", 0, 0},      {"c.j", OP_jal, "i", 0, 0},
    {"c.jr", OP_jalr, "1", 0, 0},        {"c.jalr", OP_jalr, "1", 1, 0},
    {"c.beqz", OP_beq, "1i", 0, 0},      {"c.bnez", OP_bne, "1i", 0, 0},
    {"c.ebreak", OP_ebreak, "", 0, 0},
};

static const struct meaning *meaning_of(const char *name)
{
    for (unsigned i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (strcmp(meanings[i].name, name) == 0)
            return &meanings[i];
    return NULL;
}

/* Words on which the two differ with reason.  A hint writes x0: it is executed as
 * what it expands to, which changes nothing. */
static const struct difference {
    uint16_t match, mask;
    const char *theirs;
    enum insn_op ours;
    const char *reason;
} differences[] = {
    {0x0000, 0xffff, "c.unimp", OP_illegal, "a name for the word that is illegal by definition"},
    {0x2000, 0xe003, "c.fld", OP_illegal, "this hart has no D extension"},
    {0xa000, 0xe003, "c.fsd", OP_illegal, "this hart has no D extension"},
    {0x2002, 0xe003, "c.fldsp", OP_illegal, "this hart has no D extension"},
    {0xa002, 0xe003, "c.fsdsp", OP_illegal, "this hart has no D extension"},
    {0x6001, 0xf07f, "c.lui", OP_illegal, "an immediate of 0 is reserved"},
    {0x0001, 0xff83, "c.nop", OP_addi, "a hint: Capstone does not show the immediate"},
    {0x1001, 0xff83, "illegal", OP_addi, "a hint: c.nop with a negative immediate"},
    {0x4001, 0xef83, "illegal", OP_addi, "a hint: c.li to x0"},
    {0x6001, 0xef83, "illegal", OP_lui, "a hint: c.lui to x0"},
    {0x0002, 0xef83, "illegal", OP_slli, "a hint: c.slli of x0"},
    {0x8002, 0xff83, "illegal", OP_add, "a hint: c.mv to x0"},
    {0x9002, 0xff83, "illegal", OP_add, "a hint: c.add to x0"},
};

static const struct difference *difference_of(uint16_t word, const char *theirs,
                                              const struct insn *ours)
{
    for (unsigned i = 0; i < sizeof differences / sizeof differences[0]; i++)
        if ((word & differences[i].mask) == differences[i].match &&
            strcmp(theirs, differences[i].theirs) == 0 && ours->op == differences[i].ours)
            return &differences[i];
    return NULL;
}

/* The instruction that Capstone's operands describe. */
static struct insn described(const struct meaning *m, const cs_riscv *detail)
{
    struct insn insn = {.op = (uint8_t)m->op, .rd = m->fixed_rd, .rs1 = m->fixed_rs1};
    cr_assert_eq(detail->op_count, strlen(m->operands), "%s", m->name);
    for (unsigned i = 0; i < detail->op_count; i++) {
        const cs_riscv_op *o = &detail->operands[i];
        uint8_t reg = (uint8_t)(o->reg - RISCV_REG_X0);
        if (strchr("dD", m->operands[i]))
            insn.rd = reg;
        if (strchr("1D", m->operands[i]))
            insn.rs1 = reg;
        if (m->operands[i] == '2')
            insn.rs2 = reg;
        if (m->operands[i] == 'i')
            insn.imm = (int32_t)o->imm;
    }
    if (m->op == OP_lui) /* shown as the upper 20 bits of 32 */
        insn.imm = (int32_t)((uint32_t)insn.imm << 12);
    if (insn.rd == 0)
        insn.rd = 32;
    return insn;
}

static bool is_equal(const struct insn *a, const struct insn *b)
{
    return a->op == b->op && a->rd == b->rd && a->rs1 == b->rs1 && a->rs2 == b->rs2 &&
           a->imm == b->imm;
}

Test(compressed, all_words_of_16_bits_mean_what_capstone_says)
{
    csh handle;
    unsigned different = 0;
    bool met[sizeof meanings / sizeof meanings[0]] = {false};
    cr_assert_eq(cs_open(CS_ARCH_RISCV, CS_MODE_RISCV64 | CS_MODE_RISCVC, &handle), CS_ERR_OK);
    cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
    for (unsigned word = 0; word < 0x10000; word++) {
        cs_insn *insn;
        uint8_t bytes[2] = {(uint8_t)word, (uint8_t)(word >> 8)};
        if ((word & 3) == 3)
            continue;
        struct insn ours = decode_insn(expand_compressed((uint16_t)word));
        size_t count = cs_disasm(handle, bytes, 2, 0, 1, &insn);
        const char *theirs = count ? cs_insn_name(handle, insn->id) : "illegal";
        const struct meaning *meaning = meaning_of(theirs);
        struct insn meant = {.op = OP_illegal, .rd = 32};
        if (meaning)
            meant = described(meaning, &insn->detail->riscv);
        if ((meaning || !count) && is_equal(&ours, &meant)) {
            if (meaning)
                met[meaning - meanings] = true;
        } else {
            cr_assert_not_null(difference_of((uint16_t)word, theirs, &ours),
                               "%04x: %s %u %u %u %d, Capstone says %s", word,
                               insn_name((enum insn_op)ours.op), ours.rd, ours.rs1, ours.rs2,
                               ours.imm, theirs);
            cr_assert_eq(ours.rd, 32, "%04x changes nothing", word);
            different++;
        }
        if (count)
            cs_free(insn, count);
    }
    cs_close(&handle);
    cr_assert_eq(different, 4 * 2048 + 1 + 30 + 63 + 64 + 63 + 64 + 31 + 31, "as the rows say");
    for (unsigned i = 0; i < sizeof met; i++)
        cr_assert(met[i], "%s", meanings[i].name);
}

/* ---- lines ------------------------------------------------------------------------------ */

static struct arena *arena;
static struct code_table *table;
static struct rng rng;

static void create(void)
{
    rng = rng_stream(13, 0);
    arena = arena_create();
    table =
        code_table_create(arena, &(struct code_options){.load_use_cycles = 2, .trap_cycles = 5});
}

static void destroy(void)
{
    arena_destroy(arena);
}

TestSuite(line, .init = create, .fini = destroy);

static uint32_t half_at(const uint8_t *bytes, unsigned half)
{
    return bytes[2 * half] | (uint32_t)bytes[2 * half + 1] << 8;
}

static bool is_long(uint32_t low)
{
    return (low & 3) == 3;
}

/* The record that executes when control comes to `i`: joins take no time. */
static const struct insn *settled(const struct insn *i)
{
    while (i->op == OP_join)
        i += i->imm;
    return i;
}

static bool ends_line(const struct insn *i)
{
    return i->op == OP_line_end;
}

static bool is_load(unsigned op)
{
    return op >= OP_lb && op <= OP_lwu_pending;
}

static bool is_near(unsigned op)
{
    return op == OP_jal_near || strcmp(insn_name((enum insn_op)op), "beq") == 0;
}

/* The record of halfword `half` and what follows it, against the bytes alone. */
static void check_halfword(const struct code_line *code, const uint8_t *bytes, unsigned half)
{
    uint32_t low = half_at(bytes, half);
    const struct insn *i = &code->insn[code->entry[half]];
    cr_assert_eq(code->half[i - code->insn], half);
    if (is_long(low) && half + 1 == LINE_HALVES) {
        cr_assert_eq(i->op, OP_straddle);
        return;
    }
    uint32_t word =
        is_long(low) ? low | half_at(bytes, half + 1) << 16 : expand_compressed((uint16_t)low);
    struct insn alone = decode_insn(word);
    cr_assert_str_eq(insn_name((enum insn_op)i->op), insn_name((enum insn_op)alone.op),
                     "halfword %u", half);
    unsigned next = half + (is_long(low) ? 2 : 1), length;
    cr_assert_eq(code_bits(code, half, &length), is_long(low) ? word : low);
    cr_assert_eq(length, 2 * (next - half));
    const struct insn *follower = settled(i + 1);
    if (next >= LINE_HALVES) {
        cr_assert(ends_line(follower), "halfword %u", half);
        cr_assert_eq(follower->imm, (int32_t)(next - LINE_HALVES));
        if (is_load(i->op) && i->rd < 32)
            cr_assert_eq(i->op, alone.op + (OP_lb_pending - OP_lb), "halfword %u", half);
        return;
    }
    cr_assert_eq(follower, &code->insn[code->entry[next]], "halfword %u goes on at %u", half, next);
    if (!is_load(i->op) || i->rd == 32)
        return;
    if (follower->op == OP_straddle)
        cr_assert_eq(i->op, alone.op + (OP_lb_pending - OP_lb), "halfword %u", half);
    else
        cr_assert_eq(i->op, alone.op + insn_touches(follower, i->rd), "load-use of halfword %u",
                     half);
}

/* Random bytes, and bytes of mostly legal instructions of both lengths. */
static void random_line(uint8_t bytes[LINE_BYTES], unsigned n)
{
    for (unsigned i = 0; i < LINE_BYTES; i += 2) {
        uint32_t low = (uint32_t)rng_next(&rng) & 0xffff;
        if (n % 2) {
            static const uint16_t some[] = {0x4108, 0x6108, 0x0505, 0x0513, 0x3503, 0x8082,
                                            0x0563, 0xa001, 0x006f, 0x952e, 0x4502, 0x2503,
                                            0x85aa, 0xc119, 0x352f, 0x1005}; /* the last: lr.d */
            low = some[rng_below(&rng, sizeof some / sizeof some[0])];
        }
        bytes[i] = (uint8_t)low;
        bytes[i + 1] = (uint8_t)(low >> 8);
    }
}

Test(line, every_halfword_has_its_instruction_and_its_successor)
{
    uint8_t bytes[LINE_BYTES];
    for (unsigned n = 0; n < 20000; n++) {
        random_line(bytes, n);
        const struct code_line *code = code_intern(table, bytes);
        for (unsigned half = 0; half < LINE_HALVES; half++)
            check_halfword(code, bytes, half);
    }
}

Test(line, near_branches_lead_to_the_record_of_their_target)
{
    uint8_t bytes[LINE_BYTES];
    for (unsigned half = 0; half < LINE_HALVES; half++)
        for (unsigned target = 0; target < LINE_HALVES; target++)
            for (unsigned kind = 0; kind < 4; kind++) {
                int32_t distance = 2 * ((int32_t)target - (int32_t)half);
                for (unsigned i = 0; i < LINE_HALVES; i++) {
                    bytes[2 * i] = 0x01; /* c.nop */
                    bytes[2 * i + 1] = 0;
                }
                uint32_t u = (uint32_t)distance, word, size = kind < 2 ? 4 : 2;
                if (kind == 0)
                    word = asm_j(RA, distance);
                else if (kind == 1)
                    word = asm_b(OP_beq, T0, T1, distance);
                else if (kind == 2) /* c.j */
                    word = 0xa001 | (u >> 11 & 1) << 12 | (u >> 4 & 1) << 11 | (u >> 8 & 3) << 9 |
                           (u >> 10 & 1) << 8 | (u >> 6 & 1) << 7 | (u >> 7 & 1) << 6 |
                           (u >> 1 & 7) << 3 | (u >> 5 & 1) << 2;
                else /* c.beqz s0 */
                    word = 0xc001 | (u >> 8 & 1) << 12 | (u >> 3 & 3) << 10 | (u >> 6 & 3) << 5 |
                           (u >> 1 & 3) << 3 | (u >> 5 & 1) << 2;
                if (2 * half + size > LINE_BYTES)
                    continue;
                memcpy(bytes + 2 * half, &word, size);
                const struct code_line *code = code_intern(table, bytes);
                const struct insn *i = &code->insn[code->entry[half]];
                cr_assert(is_near(i->op), "kind %u at %u to %u", kind, half, target);
                cr_assert_eq(i + i->imm, &code->insn[code->entry[target]]);
                if (i->op == OP_jal_near)
                    cr_assert_eq(i->rs2, kind == 0 ? half + size / 2 : 0, "the link, if any");
                else
                    cr_assert_eq(i->rd, distance < 0, "backward");
            }
}

Test(line, no_line_needs_more_records_than_there_are)
{
    uint8_t bytes[LINE_BYTES];
    for (unsigned n = 0; n < 5000; n++) {
        for (unsigned i = 0; i < LINE_BYTES; i += 2) { /* long ones, and loads before a straddle */
            bytes[i] = rng_below(&rng, 8) ? 0x03 : 0x02;
            bytes[i + 1] = 0x35;
        }
        const struct code_line *code = code_intern(table, bytes);
        for (unsigned half = 0; half < LINE_HALVES; half++) {
            cr_assert_lt(code->entry[half], CODE_RECORDS);
            check_halfword(code, bytes, half);
        }
    }
}

Test(line, a_straddle_is_one_instruction_and_the_next_lines_rest)
{
    for (unsigned r = 0; r < ASM_ROWS; r++) {
        uint32_t word = ((uint32_t)rng_next(&rng) & ~asm_rows[r].mask) | asm_rows[r].match;
        unsigned length;
        struct code_line *code = code_intern_straddle(table, word);
        struct insn alone = decode_insn(word);
        cr_assert_str_eq(insn_name((enum insn_op)code->insn[0].op),
                         insn_name((enum insn_op)alone.op));
        cr_assert(ends_line(&code->insn[1]));
        cr_assert_eq(code->insn[1].imm, 1);
        cr_assert_eq(code_bits(code, LINE_HALVES - 1, &length), word);
        cr_assert_eq(length, 4);
        cr_assert_eq(code_intern_straddle(table, word), code);
        uint8_t bytes[LINE_BYTES] = {0};
        memcpy(bytes, &word, 4);
        cr_assert_neq(code_intern(table, bytes), code, "a line with the same bytes is another");
    }
}

/* Volume II, "Physical Memory Protection": what needs a forbidden halfword faults. */
Test(line, forbidden_halfwords_fault_where_they_are_needed_and_nowhere_else)
{
    uint8_t bytes[LINE_BYTES];
    for (unsigned n = 0; n < 2000; n++) {
        random_line(bytes, n);
        uint32_t allowed = (uint32_t)(rng_next(&rng) | rng_next(&rng));
        const struct code_line *code = code_intern_part(table, bytes, allowed);
        for (unsigned half = 0; half < LINE_HALVES; half++) {
            const struct insn *i = &code->insn[code->entry[half]];
            bool first = allowed >> half & 1, two = is_long(half_at(bytes, half));
            bool second = !two || half + 1 == LINE_HALVES || (allowed >> (half + 1) & 1);
            cr_assert_eq(i->op == OP_forbidden, !first || !second);
            if (i->op == OP_forbidden)
                cr_assert_eq(i->imm, 2 * (int32_t)(first ? half + 1 : half));
        }
    }
}

/* ---- what executing them takes ------------------------------------------------------------- */

static struct flat *flat;

static void start_flat(void)
{
    flat = flat_create(FLAT_FAST);
}

static void end_flat(void)
{
    flat_destroy(flat);
}

TestSuite(pairs, .init = start_flat, .fini = end_flat);

/* A load into t1 at `at`, `next` behind it; the cycles that its use costs. */
static uint64_t use_costs(uint64_t at, bool short_load, uint64_t next, unsigned next_bytes)
{
    struct hart *h = &flat->hart;
    uint32_t load = short_load ? 0x6300 : asm_i(OP_ld, S0, S1, 0); /* c.ld s0, 0(a4) */
    uint32_t stop = flat_stop();
    flat_reset(flat);
    flat_store(flat, at, &load, short_load ? 2 : 4);
    at += short_load ? 2 : 4;
    flat_store(flat, at, &next, next_bytes);
    flat_store(flat, at + next_bytes, &stop, 4);
    port_fence_i(h);
    h->pc = at - (short_load ? 2 : 4);
    h->x[S1] = h->x[A4] = FLAT_DATA;
    flat_run(flat, 1 + rng_below(&rng, 5));
    cr_assert_eq(h->pc, at + next_bytes);
    flat_check_cpi(flat, 2);
    return h->stall[STALL_data_use];
}

Test(pairs, a_loads_use_costs_once_wherever_the_two_lie_and_however_long_they_are)
{
    const struct {
        uint64_t word;
        unsigned bytes;
        bool uses;
    } next[] = {
        {0x0405, 2, true},  /* c.addi s0, 1 */
        {0x0505, 2, false}, /* c.addi a0, 1 */
        {asm_r(OP_add, T2, S0, T0), 4, true},
        {asm_r(OP_add, T2, T0, S0), 4, true},
        {asm_r(OP_add, S0, T0, T0), 4, true}, /* writes it */
        {asm_s(OP_sd, S0, S1, 8), 4, true},
        {asm_i(OP_csrrwi, ZERO, S0, 0x340), 4, false},
    };
    rng = rng_stream(14, 0);
    for (unsigned load_use = 1; load_use <= 8; load_use++) {
        flat->cfg.hart_load_use_cycles = load_use;
        for (uint64_t at = FLAT_CODE; at < FLAT_CODE + 132; at += 2)
            for (unsigned short_load = 0; short_load < 2; short_load++)
                for (unsigned n = 0; n < sizeof next / sizeof next[0]; n++)
                    cr_assert_eq(use_costs(at, short_load, next[n].word, next[n].bytes),
                                 next[n].uses ? load_use - 1 : 0, "at %#llx, next %llx",
                                 (unsigned long long)(at - FLAT_CODE),
                                 (unsigned long long)next[n].word);
    }
}

/* The middle of an instruction is a legal place to jump to: lui t1, 0x05050 is
 * c.addi a0, 1 from its second half on. */
Test(pairs, a_jump_into_an_instruction_executes_its_second_half)
{
    struct hart *h = &flat->hart;
    for (uint64_t at = FLAT_CODE + 0x20; at < FLAT_CODE + 0x60; at += 2) {
        uint32_t word = asm_u(OP_lui, T1, 0x05050), stop = flat_stop();
        flat_reset(flat);
        flat_store(flat, at, &word, 4);
        flat_store(flat, at + 4, &stop, 4);
        for (unsigned entry = 0; entry < 4; entry += 2) {
            port_fence_i(h);
            h->pc = at + entry;
            h->wait = WAIT_NONE;
            h->x[A0] = h->x[T1] = 0;
            flat_run(flat, 100);
            cr_assert_eq(h->pc, at + 4);
            cr_assert_eq(h->x[A0], entry / 2);
            cr_assert_eq(h->x[T1], entry ? 0 : 0x05050000);
        }
    }
}

/* Links and pc-relative values, where an instruction has two bytes or crosses. */
Test(pairs, links_and_addresses_count_in_halfwords)
{
    struct hart *h = &flat->hart;
    for (uint64_t at = FLAT_CODE; at < FLAT_CODE + 130; at += 2) {
        uint32_t auipc = asm_u(OP_auipc, T1, 1), jump = asm_j(T2, 6), call = 0x9282; /* c.jalr t0 */
        uint32_t stop = flat_stop();
        flat_reset(flat);
        flat_store(flat, at, &auipc, 4);
        flat_store(flat, at + 4, &jump, 4); /* over two bytes */
        flat_store(flat, at + 10, &call, 2);
        flat_store(flat, FLAT_CODE + 0x200, &stop, 4);
        port_fence_i(h);
        h->pc = at;
        h->x[T0] = FLAT_CODE + 0x201;
        flat_run(flat, 100);
        cr_assert_eq(h->pc, FLAT_CODE + 0x200);
        cr_assert_eq(h->x[T1], at + 0x1000);
        cr_assert_eq(h->x[T2], at + 8);
        cr_assert_eq(h->x[RA], at + 12);
    }
}

/* c.ebreak and reserved words give their own two bytes. */
Test(pairs, traps_of_two_byte_instructions)
{
    struct hart *h = &flat->hart;
    static const struct {
        uint16_t word;
        enum trap_cause cause;
    } cases[] = {{0x9002, CAUSE_BREAKPOINT},
                 {0x0000, CAUSE_ILLEGAL},
                 {0x8002, CAUSE_ILLEGAL},
                 {0x2000, CAUSE_ILLEGAL},
                 {0x9c41, CAUSE_ILLEGAL}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (uint64_t at = FLAT_CODE; at < FLAT_CODE + 68; at += 2) {
            uint32_t around = 0xffff0000u | cases[i].word;
            flat_reset(flat);
            flat_store(flat, at, &around, 4);
            port_fence_i(h);
            h->pc = at;
            flat_run(flat, 100);
            cr_assert_eq(h->mcause, cases[i].cause);
            cr_assert_eq(h->mepc, at);
            cr_assert_eq(h->mtval, cases[i].cause == CAUSE_ILLEGAL ? cases[i].word : at);
        }
}
