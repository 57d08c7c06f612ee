/*
 * Why a run ended, for people: the harts involved, where they are by symbol and
 * instruction, what each waits for or is caught in, and the coherence
 * transactions that never finished.
 */
#include "sim/chip/chip.h"

#include "sim/chip/chip_state.h"
#include "traces/traces.h"

enum { HARTS_SHOWN = 16 };

static const char *const privilege_names[] = {"U", "S", "?", "M"};

/* "<function+0x1c> (file:line)  ", as far as it is known. */
static void print_function(const struct chip *chip, uint64_t pc, FILE *out)
{
    char symbol[SYMBOL_TEXT_MAX], source[SOURCE_TEXT_MAX];
    if (!chip->image)
        return;
    if (*symbols_format(&chip->image->symbols, pc, symbol, sizeof symbol))
        fprintf(out, "%s  ", symbol);
    if (*source_lines_format(&chip->lines, pc, source, sizeof source))
        fprintf(out, "(%s)  ", source);
}

static void print_place(struct chip *chip, uint64_t pc, FILE *out)
{
    char insn[DISASM_TEXT_MAX] = "";
    uint32_t bits = 0;
    bool mapped = !(pc & 1) && coherence_peek(chip->engine.coherence, pc, &bits, sizeof bits);
    if (mapped)
        disasm_insn(pc, bits, insn, sizeof insn);
    fprintf(out, "pc 0x%llx ", (unsigned long long)pc);
    print_function(chip, pc, out);
    fprintf(out, "%s", mapped ? insn : "(not executable memory)");
}

static void print_wait(struct chip *chip, const struct hart *h, FILE *out)
{
    char symbol[SYMBOL_TEXT_MAX] = "";
    fprintf(out, "  tile %u (%s mode) ", h->id, privilege_names[h->priv]);
    print_place(chip, h->pc, out);
    fprintf(out, "\n    waits since cycle %llu for %s", (unsigned long long)h->wait_since,
            hart_wait_names[h->wait]);
    if (h->wait == WAIT_MESSAGE) {
        fprintf(out, ", queues 0x%llx", (unsigned long long)h->wait_mask);
    } else if (h->wait != WAIT_WFI) {
        if (chip->image)
            symbols_format(&chip->image->symbols, h->wait_line, symbol, sizeof symbol);
        fprintf(out, ", address 0x%llx %s", (unsigned long long)h->wait_line, symbol);
    }
    fprintf(out, "; interrupts pending 0x%llx, enabled 0x%llx\n", (unsigned long long)h->mip,
            (unsigned long long)h->mie);
}

static void explain_deadlock(struct chip *chip, FILE *out)
{
    unsigned shown = 0;
    fprintf(out, "deadlock at cycle %llu: every hart waits and nothing is on its way\n",
            (unsigned long long)chip->engine.now);
    for (unsigned i = 0; i < chip->engine.tiles && shown < HARTS_SHOWN; i++, shown++)
        print_wait(chip, &chip->hart[i], out);
    if (shown < chip->engine.tiles)
        fprintf(out, "  ... and %u more harts\n", chip->engine.tiles - shown);
    coherence_explain(chip->engine.coherence, out);
}

static void print_registers(const struct hart *h, FILE *out)
{
    static const char *const names[32] = {"zero", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                          "s0",   "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                          "a6",   "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                          "s8",   "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    for (unsigned r = 1; r < 32; r++)
        fprintf(out, "    %4s %016llx%s", names[r], (unsigned long long)h->x[r],
                r % 4 == 0 || r == 31 ? "\n" : "");
}

static void explain_trap_loop(struct chip *chip, FILE *out)
{
    const struct hart *h = &chip->hart[chip->htif.end_tile];
    fprintf(out,
            "livelock: tile %u traps again and again without executing an instruction\n"
            "  first trap: %s (cause %llu), tval 0x%llx, at ",
            h->id, trap_cause_name(h->last_cause), (unsigned long long)h->last_cause,
            (unsigned long long)h->last_tval);
    print_place(chip, h->last_epc, out);
    fprintf(out, "\n  its handler: mtvec 0x%llx, stvec 0x%llx; now (%s mode) at ",
            (unsigned long long)h->mtvec, (unsigned long long)h->stvec, privilege_names[h->priv]);
    print_place(chip, h->pc, out);
    fputc('\n', out);
    print_registers(h, out);
}

static void explain_violation(struct chip *chip, FILE *out)
{
    const char *what = chip->unrest ? chip->unrest : coherence_violation(chip->engine.coherence);
    fprintf(out, "invariant broken %s cycle %llu: %s\n",
            chip->unrest ? "when all had come to rest after" : "before",
            (unsigned long long)chip->engine.now, what);
    if (chip->deadlocked)
        explain_deadlock(chip, out);
}

void chip_explain(struct chip *chip, FILE *out)
{
    if (chip->image)
        source_lines_load(&chip->lines, chip->image->file, chip->image->file_bytes);
    switch (chip->end) {
    case CHIP_LIMIT:
        fprintf(out, "the limit of %llu cycles was reached; tile 0 is at ",
                (unsigned long long)chip->options.max_cycles);
        print_place(chip, chip->hart[0].pc, out);
        fputc('\n', out);
        break;
    case CHIP_DEADLOCK:
        explain_deadlock(chip, out);
        break;
    case CHIP_TRAP_LOOP:
        explain_trap_loop(chip, out);
        break;
    case CHIP_FAULT:
        fprintf(out, "guest: %s (tile %u, cycle %llu)\n", chip->htif.fault, chip->htif.end_tile,
                (unsigned long long)chip->htif.end_cycle);
        break;
    case CHIP_VIOLATION:
        explain_violation(chip, out);
        break;
    case CHIP_INTERRUPTED:
        fprintf(out, "interrupted at cycle %llu\n", (unsigned long long)chip->engine.now);
        break;
    case CHIP_RUNNING:
    case CHIP_EXIT:
        break;
    }
    source_lines_free(&chip->lines);
}

void chip_report_progress(const struct chip *chip, FILE *out)
{
    fprintf(out, "tessera: cycle %llu, %llu instructions, %u of %u harts awake\n",
            (unsigned long long)chip_cycle(chip), (unsigned long long)chip_instructions(chip),
            chip->engine.awake_count, chip->engine.tiles);
}
