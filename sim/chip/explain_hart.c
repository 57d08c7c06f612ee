/*
 * A hart in words: where it is, which code is there, how it came there.
 *
 * Program counters are virtual where the hart translates.  Instructions are read
 * where its instruction TLB says, or else the page table; symbols and source lines
 * are looked up by the virtual address and, where it has none, by the physical one.
 * What is shown is memory as it is now, not what an instruction cache may hold; of a line
 * that is on its way between caches, what the hart's L1I holds, or else memory's copy,
 * which may be an older one, and the text says so.
 */
#include "sim/chip/explain_hart.h"

#include <string.h>

#include "sim/core/pte.h"
#include "sim/tile/oracle.h"
#include "traces/traces.h"

const char *const privilege_names[4] = {"U", "S", "?", "M"};

enum { LINES_BEFORE = 6, LINES_BEHIND = 3, FUNCTION_BYTES_MAX = 1 << 16, CALLS_SHOWN = 8 };

struct hart_place place_of_hart(const struct hart *h)
{
    return (struct hart_place){.cycle = h->cycle,
                               .pc = h->pc,
                               .satp = h->priv == PRIV_M ? 0 : h->satp,
                               .tile = h->id,
                               .priv = h->priv};
}

/* ---- reading code ---------------------------------------------------------------- */

/* Whose copy an instruction is shown from, or why there is none to show. */
enum legible { LEGIBLE, L1I_COPY, MEMORY_COPY, ODD, NO_PAGE, TABLE_IN_FLIGHT, NO_MEMORY };
static const char *const legible_texts[] = {
    [LEGIBLE] = "",
    [L1I_COPY] = "  (the L1I's copy: the line is on its way between caches)",
    [MEMORY_COPY] = "  (memory's copy: the line is on its way between caches)",
    [ODD] = "(an odd address)",
    [NO_PAGE] = "(no page is mapped here)",
    [TABLE_IN_FLIGHT] = "(its page table is on its way between caches)",
    [NO_MEMORY] = "(no memory here)",
};

enum { INSN_TEXT_MAX = DISASM_TEXT_MAX + 64 };

static bool is_legible(enum legible why)
{
    return why <= MEMORY_COPY;
}

/* As the hart would translate a fetch, rights left aside. */
static enum legible physical_of(struct chip *chip, const struct hart_place *place, uint64_t pc,
                                paddr_t *physical)
{
    static const enum legible why_unread[] = {
        [PAGE_MAPPED] = LEGIBLE, [PAGE_ABSENT] = NO_PAGE, [PAGE_IN_FLIGHT] = TABLE_IN_FLIGHT};
    const struct hart *h = &chip->hart[place->tile];
    uint64_t vpn = page_number(pc);
    enum legible why = LEGIBLE;
    *physical = pc;
    if (satp_mode(place->satp) == SATP_BARE)
        return LEGIBLE;
    if (!satp_is_canonical(place->satp, pc))
        return NO_PAGE;
    struct tlb_entry page;
    const struct tlb_entry *entry = tlb_find(&h->itlb, vpn, satp_space(place->satp));
    entry = entry ? entry : tlb_find(&h->l2tlb, vpn, satp_space(place->satp));
    if (entry)
        page = *entry;
    else
        why = why_unread[oracle_read_table(chip->engine.coherence, place->satp, vpn, &page)];
    if (why == LEGIBLE)
        *physical = page.ppn << PAGE_SHIFT | (pc & (PAGE_BYTES - 1));
    return why;
}

/* From a line that nobody holds at this moment. */
static enum legible read_half_in_flight(struct chip *chip, const struct hart_place *place,
                                        paddr_t physical, uint16_t *half)
{
    struct coherence *coh = chip->engine.coherence;
    const uint8_t *held = icache_find(coherence_icache(coh, place->tile), line_of(physical));
    const uint8_t *bytes = held ? held : coherence_dram(coh, line_of(physical));
    memcpy(half, bytes + physical % LINE_BYTES, sizeof *half);
    return held ? L1I_COPY : MEMORY_COPY;
}

static enum legible read_half(struct chip *chip, const struct hart_place *place, uint64_t pc,
                              uint16_t *half)
{
    paddr_t physical;
    enum legible why = physical_of(chip, place, pc, &physical);
    if (why != LEGIBLE)
        return why;
    if (!coherence_has(chip->engine.coherence, physical))
        return NO_MEMORY;
    if (coherence_peek(chip->engine.coherence, physical, half, sizeof *half))
        return LEGIBLE;
    return read_half_in_flight(chip, place, physical, half);
}

/* The instruction at `pc`, seen from `place`, and its length. */
static enum legible read_insn(struct chip *chip, const struct hart_place *place, uint64_t pc,
                              uint32_t *bits, unsigned *length)
{
    uint16_t low = 0, high = 0;
    enum legible why = pc & 1 ? ODD : read_half(chip, place, pc, &low);
    *length = (low & 3) == 3 ? 4 : 2;
    *bits = low;
    if (!is_legible(why) || *length == 2)
        return why;
    enum legible behind = read_half(chip, place, pc + 2, &high);
    *bits = low | (uint32_t)high << 16;
    return behind > why ? behind : why;
}

/* "addi     sp, sp, -0x10", or why there is none. */
static const char *insn_text(struct chip *chip, const struct hart_place *place, uint64_t pc,
                             char text[INSN_TEXT_MAX])
{
    uint32_t bits;
    unsigned length;
    enum legible why = read_insn(chip, place, pc, &bits, &length);
    if (!is_legible(why))
        return legible_texts[why];
    disasm_insn(pc, bits, text, DISASM_TEXT_MAX);
    size_t used = strlen(text);
    snprintf(text + used, INSN_TEXT_MAX - used, "%s", legible_texts[why]);
    return text;
}

static void print_insn(struct chip *chip, const struct hart_place *place, uint64_t pc, FILE *out)
{
    char text[INSN_TEXT_MAX];
    fputs(insn_text(chip, place, pc, text), out);
}

/* ---- places ------------------------------------------------------------------------ */

/* The address by which the symbols know this code. */
static uint64_t named_address(struct chip *chip, const struct hart_place *place, uint64_t pc)
{
    paddr_t physical;
    if (!chip->image || symbols_at(&chip->image->symbols, pc) ||
        physical_of(chip, place, pc, &physical) != LEGIBLE)
        return pc;
    return symbols_at(&chip->image->symbols, physical) ? physical : pc;
}

void explain_symbol(const struct chip *chip, uint64_t address, FILE *out)
{
    char symbol[SYMBOL_TEXT_MAX];
    if (chip->image && *symbols_format(&chip->image->symbols, address, symbol, sizeof symbol))
        fprintf(out, " %s", symbol);
}

static void print_source(const struct chip *chip, uint64_t address, FILE *out)
{
    char source[SOURCE_TEXT_MAX];
    if (*source_lines_format(&chip->lines, address, source, sizeof source))
        fprintf(out, " (%s)", source);
}

/* "0x... [= physical 0x...] <symbol> (file:line)" */
static void print_pc(struct chip *chip, const struct hart_place *place, uint64_t pc, FILE *out)
{
    paddr_t physical;
    uint64_t named = named_address(chip, place, pc);
    fprintf(out, "0x%llx", (unsigned long long)pc);
    if (physical_of(chip, place, pc, &physical) == LEGIBLE && physical != pc)
        fprintf(out, " = physical 0x%llx", (unsigned long long)physical);
    explain_symbol(chip, named, out);
    print_source(chip, named, out);
}

void explain_place(struct chip *chip, const struct hart_place *place, FILE *out)
{
    fputs("pc ", out);
    print_pc(chip, place, place->pc, out);
    fputs("  ", out);
    print_insn(chip, place, place->pc, out);
}

/* ---- the code around ----------------------------------------------------------------- */

/* Where to begin to decode, so that instructions of two and four bytes are told
 * apart: the function's first, or where the hart last came in, or began. */
static uint64_t decode_from(struct chip *chip, const struct hart_place *place)
{
    const struct history *history = &chip->hart[place->tile].history;
    uint64_t named = named_address(chip, place, place->pc);
    const struct symbol *symbol = chip->image ? symbols_at(&chip->image->symbols, named) : NULL;
    if (symbol && named - symbol->address < FUNCTION_BYTES_MAX)
        return place->pc - (named - symbol->address);
    for (uint64_t n = history->arrivals; n > 0 && n + ARRIVALS > history->arrivals; n--) {
        uint64_t to = history->arrival[(n - 1) % ARRIVALS].to;
        if (to <= place->pc && place->pc - to < PAGE_BYTES)
            return to;
    }
    if (chip->image && place->pc - chip->image->entry < PAGE_BYTES)
        return chip->image->entry;
    return place->pc;
}

/* The addresses of the last instructions before the place's, in order; how many.
 * None when decoding does not come out at the place. */
static unsigned instructions_before(struct chip *chip, const struct hart_place *place,
                                    uint64_t before[LINES_BEFORE])
{
    unsigned found = 0, length;
    uint64_t pc = decode_from(chip, place);
    uint32_t bits;
    for (; pc < place->pc; pc += length) {
        if (!is_legible(read_insn(chip, place, pc, &bits, &length)))
            return 0;
        if (found == LINES_BEFORE)
            memmove(before, before + 1, (LINES_BEFORE - 1) * sizeof *before);
        else
            found++;
        before[found - 1] = pc;
    }
    return pc == place->pc ? found : 0;
}

/* "0x... <symbol>   instruction   (file:line)", in columns. */
static void print_code_line(struct chip *chip, const struct hart_place *place, uint64_t pc,
                            const char *insn, FILE *out)
{
    char symbol[SYMBOL_TEXT_MAX] = "", where[SYMBOL_TEXT_MAX + 24], source[SOURCE_TEXT_MAX];
    uint64_t named = named_address(chip, place, pc);
    if (chip->image)
        symbols_format(&chip->image->symbols, named, symbol, sizeof symbol);
    snprintf(where, sizeof where, "0x%llx %s", (unsigned long long)pc, symbol);
    fprintf(out, "%-36s ", where);
    if (*source_lines_format(&chip->lines, named, source, sizeof source))
        fprintf(out, "%-32s %s\n", insn, source);
    else
        fprintf(out, "%s\n", insn);
}

static void print_line(struct chip *chip, const struct hart_place *place, uint64_t pc, FILE *out)
{
    char text[INSN_TEXT_MAX];
    fprintf(out, "    %c ", pc == place->pc ? '>' : ' ');
    print_code_line(chip, place, pc, insn_text(chip, place, pc, text), out);
}

void explain_code(struct chip *chip, const struct hart_place *place, FILE *out)
{
    fputs("  the code there:\n", out);
    uint64_t before[LINES_BEFORE], pc = place->pc;
    uint32_t bits;
    unsigned length, count = instructions_before(chip, place, before);
    for (unsigned i = 0; i < count; i++)
        print_line(chip, place, before[i], out);
    for (unsigned i = 0; i <= LINES_BEHIND; i++, pc += length) {
        bool legible = is_legible(read_insn(chip, place, pc, &bits, &length));
        if (i == 0 || legible)
            print_line(chip, place, pc, out);
        if (!legible)
            break;
    }
}

/* ---- how it came there ------------------------------------------------------------------ */

/* The place that a program counter of the hart's past was in. */
static struct hart_place past_place(const struct hart *h, uint64_t pc, unsigned priv)
{
    struct hart_place place = place_of_hart(h);
    place.pc = pc;
    place.priv = (uint8_t)priv;
    place.satp = priv == PRIV_M ? 0 : h->satp;
    return place;
}

static void print_retired(struct chip *chip, const struct hart *h, FILE *out)
{
    const struct history *k = &h->history;
    char insn[DISASM_TEXT_MAX];
    uint64_t shown = k->insns < k->capacity ? k->insns : k->capacity;
    if (!k->insn) {
        fputs("  (to see the last instructions one by one, run again with --set sim.history=32)\n",
              out);
        return;
    }
    fprintf(out, "  the last %llu instructions that retired:\n", (unsigned long long)shown);
    for (uint64_t n = k->insns - shown; n < k->insns; n++) {
        const struct retired *r = &k->insn[n % k->capacity];
        struct hart_place place = past_place(h, r->pc, r->priv);
        disasm_insn(r->pc, r->bits, insn, sizeof insn);
        fprintf(out, "    %10llu %s ", (unsigned long long)r->cycle, privilege_names[r->priv]);
        print_code_line(chip, &place, r->pc, insn, out);
    }
}

static void print_arrival(struct chip *chip, const struct hart *h, const struct arrival *a,
                          FILE *out)
{
    struct hart_place from = past_place(h, a->from, a->from_priv);
    struct hart_place to = past_place(h, a->to, a->to_priv);
    fprintf(out, "    %10llu %s ", (unsigned long long)a->cycle, privilege_names[a->from_priv]);
    print_pc(chip, &from, a->from, out);
    fputs("  ", out);
    if (a->kind == ARRIVAL_TRAP)
        fprintf(out, "trap: %s", trap_cause_name(a->cause));
    else
        print_insn(chip, &from, a->from, out);
    fprintf(out, "\n            -> %s ", privilege_names[a->to_priv]);
    print_pc(chip, &to, a->to, out);
    fputc('\n', out);
}

static void print_arrivals(struct chip *chip, const struct hart *h, FILE *out)
{
    const struct history *k = &h->history;
    uint64_t shown = k->arrivals < ARRIVALS / 2 ? k->arrivals : ARRIVALS / 2;
    if (shown)
        fputs("  the last traps, returns and jumps to code that was not at hand, by cycle:\n", out);
    for (uint64_t n = k->arrivals - shown; n < k->arrivals; n++)
        print_arrival(chip, h, &k->arrival[n % ARRIVALS], out);
}

/* The return stack of the branch predictor knows who called whom. */
static void print_calls(struct chip *chip, const struct hart *h, FILE *out)
{
    const struct predictor *p = &h->predictor;
    for (unsigned n = 0; n < p->returns && n < CALLS_SHOWN; n++) {
        uint64_t link = p->link[(p->top + p->returns - n) % p->returns];
        struct hart_place place = place_of_hart(h);
        if (!link)
            break;
        fputs(n ? "\n                   " : "  calls not returned ", out);
        print_pc(chip, &place, link, out);
    }
    if (p->returns && p->link[p->top])
        fputc('\n', out);
}

/* ---- registers ----------------------------------------------------------------------------- */

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

static void print_control(const struct hart *h, FILE *out)
{
    const struct {
        const char *name;
        uint64_t value;
    } shown[] = {
        {"mstatus", h->mstatus}, {"mepc", h->mepc},       {"mcause", h->mcause},
        {"mtval", h->mtval},     {"mtvec", h->mtvec},     {"mie", h->mie},
        {"mip", h->mip},         {"medeleg", h->medeleg}, {"satp", h->satp},
        {"sepc", h->sepc},       {"scause", h->scause},   {"stval", h->stval},
        {"stvec", h->stvec},     {"mideleg", h->mideleg},
    };
    enum { SHOWN = sizeof shown / sizeof shown[0] };
    for (unsigned i = 0; i < SHOWN; i++)
        fprintf(out, " %8s %016llx%s", shown[i].name, (unsigned long long)shown[i].value,
                i % 4 == 3 || i + 1 == SHOWN ? "\n" : "");
}

static bool is_access_fault(uint64_t cause)
{
    return cause == CAUSE_FETCH_ACCESS || cause == CAUSE_LOAD_ACCESS || cause == CAUSE_STORE_ACCESS;
}

/* An access fault at an address where there is something comes from memory
 * protection, from the size of the access, or from a fetch from a device. */
static void print_absence(struct chip *chip, const struct hart *h, const struct trap_taken *trap,
                          FILE *out)
{
    struct hart_place place = past_place(h, trap->tval, trap->priv);
    paddr_t physical;
    tile_id owner;
    bool found = physical_of(chip, &place, trap->tval, &physical) != LEGIBLE ||
                 coherence_has(chip->engine.coherence, physical);
    for (unsigned bytes = 1; bytes <= 8; bytes *= 2)
        found |= device_owner(h->tile, physical & ~(paddr_t)(bytes - 1), bytes, &owner);
    if (!found)
        fputs(" (neither memory nor a device)", out);
}

struct hart_place place_of_trap(const struct hart *h, const struct trap_taken *trap)
{
    return past_place(h, trap->epc, trap->priv);
}

/* What tval is, for the causes that say something by it. */
void explain_trap(struct chip *chip, const struct hart *h, const struct trap_taken *trap, FILE *out)
{
    char insn[DISASM_TEXT_MAX];
    fprintf(out, "%s (cause %llu), tval 0x%llx", trap_cause_name(trap->cause),
            (unsigned long long)(trap->cause & ~CAUSE_INTERRUPT), (unsigned long long)trap->tval);
    if (trap->cause == CAUSE_ILLEGAL) {
        disasm_insn(trap->epc, (uint32_t)trap->tval, insn, sizeof insn);
        fprintf(out, " = %s", insn);
    } else if (trap->cause <= CAUSE_STORE_PAGE && trap->tval != trap->epc) {
        explain_symbol(chip, trap->tval, out);
    }
    if (is_access_fault(trap->cause))
        print_absence(chip, h, trap, out);
}

void explain_page(const struct tlb_entry *page, FILE *out)
{
    static const char *const sizes[] = {"4 KiB", "2 MiB", "1 GiB", "512 GiB"};
    fprintf(out, "frame 0x%llx, %c%c%c, %s%s%s%s", (unsigned long long)page->ppn << PAGE_SHIFT,
            page->bits & PTE_R ? 'r' : '-', page->bits & PTE_W ? 'w' : '-',
            page->bits & PTE_X ? 'x' : '-', page->bits & PTE_U ? "user, " : "",
            page->bits & PTE_G ? "global, " : "",
            (page->bits & PTE_W) && page->bits & PTE_D ? "dirty, " : "", sizes[page->level]);
}

void explain_hart(struct chip *chip, const struct hart *h, FILE *out)
{
    print_retired(chip, h, out);
    print_arrivals(chip, h, out);
    print_calls(chip, h, out);
    fprintf(out,
            "  registers at cycle %llu, after %llu instructions, %llu exceptions and %llu "
            "interrupts:\n",
            (unsigned long long)h->cycle, (unsigned long long)hart_instructions(h),
            (unsigned long long)h->traps, (unsigned long long)h->interrupts);
    print_registers(h, out);
    print_control(h, out);
}
