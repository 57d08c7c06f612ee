/*
 * What is reported of an instruction when it retires, read from the commit log
 * of a hart on flat memory: every kind of effect, and nothing of what traps.
 */
#include "sim/core/retire.h"

#include <stdlib.h>
#include <unistd.h>

#include "sim/core/tests/flat.h"
#include "traces/traces.h"

static struct flat *flat;
static struct hart *h;
static struct program p;
static char path[4096], text[65536];
static struct error error;

static void create(void)
{
    const char *directory = getenv("TMPDIR");
    struct trace_header header = {.tiles = 1};
    snprintf(path, sizeof path, "%s/tessera-retire-XXXXXX", directory ? directory : P_tmpdir);
    close(mkstemp(path));
    flat = flat_create(FLAT_FAST);
    flat->core.traced = true;
    flat->code = NULL;
    flat_follow_config(flat);
    h = &flat->hart;
    h->trace = trace_create(NULL, &header, &error);
    cr_assert(trace_add_commit_log(h->trace, path, &error), "%s", error.text);
    p = (struct program){.base = FLAT_CODE};
}

static void destroy(void)
{
    flat_destroy(flat);
    unlink(path);
}

TestSuite(retire, .init = create, .fini = destroy);

/* Runs the program and expects these lines, each without what all have in
 * common: "core   0: ", and with "c" for the bits of a compressed instruction. */
static void expect(const char *expected)
{
    char line[4096], *end = text;
    flat_execute(flat, p.word, p.count);
    cr_assert(trace_close(h->trace, &error), "%s", error.text);
    FILE *f = fopen(path, "r");
    while (fgets(line, sizeof line, f)) {
        cr_assert_eq(strncmp(line, "core   0: ", 10), 0);
        const char *bits = strchr(line, '('), *rest = strchr(line, ')');
        cr_assert(bits && rest);
        bool compressed = rest - bits == 7;
        end += sprintf(end, "%.20s%s%s", line + 10, compressed ? " c" : "", rest + 1);
    }
    *end = '\0';
    fclose(f);
    cr_assert_str_eq(text, expected, "\n%s\nis not\n%s", text, expected);
}

Test(retire, accesses_with_address_and_data)
{
    h->x[A0] = FLAT_DATA + 16;
    h->x[A1] = UINT64_C(0x1122334455667788);
    put(&p, asm_s(OP_sd, A1, A0, -16));
    put(&p, asm_s(OP_sh, A1, A0, 2));
    put(&p, asm_i(OP_lb, A0, A0, -16)); /* its own base is lost */
    put(&p, asm_i(OP_lw, ZERO, SP, 0));
    h->x[SP] = FLAT_DATA;
    expect("3 0x0000000080000000 mem 0x0000000080008000 0x1122334455667788\n"
           "3 0x0000000080000004 mem 0x0000000080008012 0x7788\n"
           "3 0x0000000080000008 x10 0xffffffffffffff88 mem 0x0000000080008000\n"
           "3 0x000000008000000c mem 0x0000000080008000\n");
}

Test(retire, atomics_with_what_they_found_and_left)
{
    h->x[A0] = FLAT_DATA;
    h->x[A1] = 5;
    put(&p, asm_r(OP_amoadd_d, A2, A0, A1));
    put(&p, asm_r(OP_amoadd_w, A1, A0, A1)); /* its own operand is lost */
    put(&p, asm_r(OP_amoswap_w, ZERO, A0, ZERO));
    put(&p, asm_i(OP_addi, A1, ZERO, -1));
    put(&p, asm_r(OP_amomaxu_w, A0, A0, A1));
    expect("3 0x0000000080000000 x12 0x0000000000000000 mem 0x0000000080008000"
           " mem 0x0000000080008000 0x0000000000000005\n"
           "3 0x0000000080000004 x11 0x0000000000000005 mem 0x0000000080008000"
           " mem 0x0000000080008000 0x0000000a\n"
           "3 0x0000000080000008 mem 0x0000000080008000 mem 0x0000000080008000 0x00000000\n"
           "3 0x000000008000000c x11 0xffffffffffffffff\n"
           "3 0x0000000080000010 x10 0x0000000000000000 mem 0x0000000080008000"
           " mem 0x0000000080008000 0xffffffff\n");
}

Test(retire, store_conditional_only_if_it_stored)
{
    h->x[A0] = FLAT_DATA;
    h->x[A1] = 7;
    put(&p, asm_r(OP_lr_w, A2, A0, ZERO));
    put(&p, asm_r(OP_sc_w, ZERO, A0, A1));
    put(&p, asm_r(OP_sc_d, A3, A0, A1));
    expect("3 0x0000000080000000 x12 0x0000000000000000 mem 0x0000000080008000\n"
           "3 0x0000000080000004 mem 0x0000000080008000 0x00000007\n"
           "3 0x0000000080000008 x13 0x0000000000000001\n");
}

Test(retire, control_registers_as_they_hold_it)
{
    h->x[A0] = UINT64_MAX;
    put(&p, asm_i(OP_csrrw, A1, A0, 0x340));   /* mscratch */
    put(&p, asm_i(OP_csrrc, A1, A0, 0x305));   /* mtvec: bit 1 is fixed */
    put(&p, asm_i(OP_csrrsi, ZERO, 8, 0x300)); /* mstatus.MIE */
    put(&p, asm_i(OP_csrrsi, A1, 2, 0x100));   /* sstatus.SIE, held by mstatus */
    put(&p, asm_i(OP_csrrs, A1, ZERO, 0x340)); /* only reads */
    expect("3 0x0000000080000000 x11 0x0000000000000000 c832_mscratch 0xffffffffffffffff\n"
           "3 0x0000000080000004 x11 0x0000000080004000 c773_mtvec 0x0000000000000000\n"
           "3 0x0000000080000008 c768_mstatus 0x0000000a00000008\n"
           "3 0x000000008000000c x11 0x0000000200000000 c768_mstatus 0x0000000a0000000a\n"
           "3 0x0000000080000010 x11 0xffffffffffffffff\n");
}

Test(retire, counters_as_they_were_written)
{
    h->x[A0] = 1000;
    put(&p, asm_i(OP_csrrw, ZERO, A0, 0xb02));
    put(&p, asm_i(OP_csrrsi, ZERO, 1, 0xb02));
    expect("3 0x0000000080000000 c2818_minstret 0x00000000000003e8\n"
           "3 0x0000000080000004 c2818_minstret 0x00000000000003e9\n");
}

Test(retire, return_with_mstatus_after_it)
{
    h->mepc = FLAT_CODE + 4;
    h->mstatus = MSTATUS_MPP | MSTATUS_MPIE;
    put(&p, asm_n(OP_mret));
    expect("3 0x0000000080000000 c768_mstatus 0x0000000a00000088\n");
}

Test(retire, branches_write_no_register)
{
    put(&p, asm_i(OP_addi, A0, ZERO, 2));
    unsigned loop = put(&p, asm_i(OP_addi, A0, A0, -1));
    put_branch(&p, OP_bne, A0, ZERO, loop); /* near, backwards */
    put_branch(&p, OP_beq, A0, A0, p.count + 16);
    while (p.count < 19)
        put(&p, asm_nop());
    expect("3 0x0000000080000000 x10 0x0000000000000002\n"
           "3 0x0000000080000004 x10 0x0000000000000001\n"
           "3 0x0000000080000008\n"
           "3 0x0000000080000004 x10 0x0000000000000000\n"
           "3 0x0000000080000008\n"
           "3 0x000000008000000c\n");
}

Test(retire, compressed_instructions_as_what_they_mean)
{
    h->x[SP] = FLAT_DATA;
    put(&p, 0x40dc4505); /* c.li a0, 1; c.lw a5, 4(s1) */
    put(&p, 0xe42a0001); /* c.nop; c.sdsp a0, 8(sp) */
    h->x[S1] = FLAT_DATA;
    expect("3 0x0000000080000000 c x10 0x0000000000000001\n"
           "3 0x0000000080000002 c x15 0x0000000000000000 mem 0x0000000080008004\n"
           "3 0x0000000080000004 c\n"
           "3 0x0000000080000006 c mem 0x0000000080008008 0x0000000000000001\n");
}

Test(retire, line_of_zeros_byte_by_byte)
{
    char expected[8192], *end = expected;
    h->x[A0] = FLAT_DATA + 0x55;
    end += sprintf(end, "3 0x0000000080000000");
    for (unsigned i = 0; i < 64; i++)
        end += sprintf(end, " mem 0x%016llx 0x00", (unsigned long long)FLAT_DATA + 0x40 + i);
    sprintf(end, "\n");
    put(&p, asm_i(OP_cbo_zero, ZERO, A0, 0));
    expect(expected);
}

Test(retire, nothing_of_an_instruction_that_traps)
{
    put(&p, asm_nop());
    put(&p, asm_i(OP_lw, A0, ZERO, 0)); /* no such memory */
    put(&p, asm_nop());
    expect("3 0x0000000080000000\n");
    cr_assert_eq(h->pc, FLAT_TRAP);
}
