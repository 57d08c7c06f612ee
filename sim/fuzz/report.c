/*
 * Listings for the person who has to find the mistake: the program as Capstone
 * reads it, and only those parts of the results that differ.
 */
#include "sim/fuzz/report.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include <string.h>

static const char *const abi_names[32] = {"zero", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                          "s0",   "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                          "a6",   "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                          "s8",   "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

/* ---- the program ---------------------------------------------------------------------- */

static void report_setting(const struct setting *s, FILE *out)
{
    char features[FEATURES_TEXT];
    features_format(s->features, features, sizeof features);
    fprintf(out, "program %" PRIu64 " of seed %" PRIu64 ", %s\n", s->number, s->seed, features);
    for (unsigned i = 1; i < 31; i++)
        if (s->x[i])
            fprintf(out, "  x%-2u (%s) = 0x%" PRIx64 "\n", i, abi_names[i], s->x[i]);
    for (unsigned i = 0; i < STATES; i++)
        if (s->state[i])
            fprintf(out, "  %s = 0x%" PRIx64 "\n", state_name(i), s->state[i]);
    for (unsigned i = 0; i < ACTIONS; i++)
        if (s->action[i])
            fprintf(out, "  at the end of M trap %u (mod %u): 0x%" PRIx64 "\n", i, ACTIONS,
                    s->action[i]);
    for (unsigned i = 0; i < s->pokes; i++)
        fprintf(out, "  [0x%" PRIx64 "] = 0x%" PRIx64 "\n", s->poke[i].address, s->poke[i].value);
}

static void report_insn(csh handle, const struct binary *b, unsigned at, unsigned *bytes, FILE *out)
{
    const uint8_t *code = &b->code[at];
    unsigned left = b->code_bytes - at;
    uint64_t address = b->code_at + at;
    cs_insn *insn = NULL;
    uint32_t bits = 0;
    *bytes = (code[0] & 3) == 3 ? 4 : 2;
    memcpy(&bits, code, *bytes < left ? *bytes : left);
    fprintf(out, "  %08" PRIx64 "  %0*" PRIx32 "%*s", address, (int)*bytes * 2, bits,
            10 - (int)*bytes * 2, "");
    if (handle && cs_disasm(handle, code, *bytes, address, 1, &insn) == 1) {
        fprintf(out, "%s %s\n", insn->mnemonic, insn->op_str);
        cs_free(insn, 1);
    } else {
        fprintf(out, "-\n");
    }
}

void report_program(const struct binary *b, FILE *out)
{
    csh handle = 0;
    if (cs_open(CS_ARCH_RISCV, CS_MODE_RISCV64 | CS_MODE_RISCVC, &handle) != CS_ERR_OK)
        handle = 0;
    report_setting(&b->setting, out);
    unsigned bytes, at = (unsigned)(b->setting.state[STATE_mepc] - b->code_at) & 7;
    unsigned end = (unsigned)(FZ_CODE + b->end - b->code_at);
    for (; at <= end; at += bytes)
        report_insn(handle, b, at, &bytes, out);
    if (handle)
        cs_close(&handle);
}

/* ---- results ------------------------------------------------------------------------------ */

static void compare(const char *name, uint64_t expected, uint64_t got, FILE *out)
{
    if (expected != got)
        fprintf(out, "  %-12s expected 0x%016" PRIx64 "  got 0x%016" PRIx64 "\n", name, expected,
                got);
}

static void report_trap(const char *who, const struct trap_record *t, FILE *out)
{
    fprintf(out,
            "    %-8s cause 0x%" PRIx64 " epc 0x%" PRIx64 " tval 0x%" PRIx64 " status 0x%" PRIx64
            " in %s%" PRIu64 "\n",
            who, t->cause, t->epc, t->tval, t->status, t->where & WHERE_M ? "M" : "S",
            t->where & 0xff);
}

/* The first trap that differs: what follows it mostly follows from it. */
static void compare_logs(const struct result *expected, const struct result *got, FILE *out)
{
    for (unsigned i = 0; i < TRAPS_MAX; i++) {
        if (memcmp(&expected->log[i], &got->log[i], sizeof expected->log[i]) == 0)
            continue;
        fprintf(out, "  trap %u:\n", i);
        report_trap("expected", &expected->log[i], out);
        report_trap("got", &got->log[i], out);
        return;
    }
}

void report_difference(const struct result *expected, const struct result *got, FILE *out)
{
    static const char *const hashes[] = {"scratch", "code", "page tables"};
    if (expected->status && !got->status) {
        fprintf(out, "  never comes to its end\n");
        return;
    }
    compare("status", expected->status, got->status, out);
    compare("traps", expected->traps, got->traps, out);
    compare_logs(expected, got, out);
    for (unsigned i = 1; i < 32; i++)
        compare(abi_names[i], expected->x[i], got->x[i], out);
    for (unsigned i = 0; i < STATES; i++)
        compare(state_name(i), expected->state[i], got->state[i], out);
    for (unsigned i = 0; i < 3; i++)
        compare(hashes[i], expected->hash[i], got->hash[i], out);
}
