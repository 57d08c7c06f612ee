/*
 * Why a run ended, for people: the harts involved, where they are by symbol and
 * instruction, what each waits for or is caught in, and the coherence
 * transactions that never finished.
 */
#include "sim/chip/chip.h"

#include "sim/chip/chip_state.h"
#include "sim/chip/explain_hart.h"
#include "sim/core/pte.h"
#include "traces/traces.h"

enum { GROUPS_SHOWN = 16, RUNS_SHOWN = 8 };

/* ---- many harts ------------------------------------------------------------------- */

/* Harts that are in the same state at the same place are shown as one. */
static bool is_alike(const struct hart *a, const struct hart *b)
{
    bool line = a->wait != WAIT_NONE && a->wait != WAIT_WFI && a->wait != WAIT_MESSAGE;
    return a->wait == b->wait && a->priv == b->priv && a->pc == b->pc &&
           (!line || a->wait_line == b->wait_line) &&
           (a->wait != WAIT_MESSAGE || a->wait_mask == b->wait_mask);
}

static bool shown_before(const struct chip *chip, unsigned tile)
{
    for (unsigned i = 0; i < tile; i++)
        if (is_alike(&chip->hart[i], &chip->hart[tile]))
            return true;
    return false;
}

/* "tile 3", "tiles 0-2, 5": returns how many. */
static unsigned print_alike(const struct chip *chip, unsigned first, FILE *out)
{
    unsigned tiles = chip->engine.tiles, count = 0, runs = 0;
    const struct hart *like = &chip->hart[first];
    for (unsigned i = first; i < tiles; i++)
        count += is_alike(like, &chip->hart[i]);
    fprintf(out, "  tile%s ", count == 1 ? "" : "s");
    for (unsigned i = first, end; i < tiles; i = end + 1) {
        for (end = i; end < tiles && is_alike(like, &chip->hart[end]);)
            end++;
        if (end == i)
            continue;
        if (runs == RUNS_SHOWN)
            fputs(", ...", out);
        if (runs++ >= RUNS_SHOWN)
            continue;
        fprintf(out, runs > 1 ? ", %u" : "%u", i);
        if (end - i > 1)
            fprintf(out, "-%u", end - 1);
    }
    if (runs > RUNS_SHOWN)
        fprintf(out, " (%u in all)", count);
    return count;
}

static void print_wait(struct chip *chip, const struct hart *h, FILE *out)
{
    fprintf(out, "\n    waits since cycle %llu for %s", (unsigned long long)h->wait_since,
            hart_wait_names[h->wait]);
    if (h->wait == WAIT_MESSAGE) {
        fprintf(out, ", queues 0x%llx", (unsigned long long)h->wait_mask);
    } else if (h->wait != WAIT_WFI) {
        fprintf(out, ", address 0x%llx", (unsigned long long)h->wait_line);
        explain_symbol(chip, h->wait_line, out);
    }
    fprintf(out, "; interrupts pending 0x%llx, enabled 0x%llx", (unsigned long long)h->mip,
            (unsigned long long)h->mie);
}

/* Of harts that are alike the first one's place and wait. */
static unsigned print_group(struct chip *chip, unsigned tile, FILE *out)
{
    const struct hart *h = &chip->hart[tile];
    struct hart_place place = place_of_hart(h);
    unsigned count = print_alike(chip, tile, out);
    fprintf(out, " (%s mode) ", privilege_names[h->priv]);
    explain_place(chip, &place, out);
    if (h->wait != WAIT_NONE)
        print_wait(chip, h, out);
    fputc('\n', out);
    return count;
}

/* All harts, those that run first. */
static void print_harts(struct chip *chip, FILE *out)
{
    unsigned groups = 0, shown = 0, tiles = chip->engine.tiles;
    for (unsigned waiting = 0; waiting < 2; waiting++)
        for (unsigned i = 0; i < tiles && groups < GROUPS_SHOWN; i++)
            if ((chip->hart[i].wait != WAIT_NONE) == waiting && !shown_before(chip, i)) {
                shown += print_group(chip, i, out);
                groups++;
            }
    if (shown < tiles)
        fprintf(out, "  ... and %u more harts\n", tiles - shown);
}

/* ---- each end ------------------------------------------------------------------------ */

static void explain_deadlock(struct chip *chip, FILE *out)
{
    fprintf(out, "deadlock at cycle %llu: every hart waits and nothing is on its way\n",
            (unsigned long long)chip->engine.now);
    print_harts(chip, out);
    coherence_explain(chip->engine.coherence, out);
}

static void explain_mesh(struct chip *chip, FILE *out)
{
    const struct engine *e = &chip->engine;
    fprintf(out, "the mesh has failed the chip at cycle %llu\n",
            (unsigned long long)e->mesh_failed_at);
    if (e->packets_failed)
        fprintf(out,
                "  %llu packets are lost or damaged (mesh.faults); the first went from tile %u "
                "to tile %u\n",
                (unsigned long long)e->packets_failed, e->failed_from, e->failed_to);
    mesh_find_deadlock(e->mesh, out);
    print_harts(chip, out);
}

static void explain_at(struct chip *chip, const struct hart_place *place, FILE *out)
{
    explain_code(chip, place, out);
    explain_hart(chip, &chip->hart[place->tile], out);
}

/* The first hart that runs has not come to an end: what is it at? */
static void explain_limit(struct chip *chip, FILE *out)
{
    const struct hart *h = chip->hart;
    for (unsigned i = 0; i < chip->engine.tiles && h->wait != WAIT_NONE; i++)
        h = &chip->hart[i];
    if (h->wait != WAIT_NONE)
        h = chip->hart;
    struct hart_place place = place_of_hart(h);
    fprintf(out, "the limit of %llu cycles was reached; tile %u is at ",
            (unsigned long long)chip->options.max_cycles, h->id);
    explain_place(chip, &place, out);
    fputc('\n', out);
    print_harts(chip, out);
    if (h->traps) {
        const struct trap_taken *last = &h->trap_watch.row_first;
        fprintf(out, "  tile %u took %llu exceptions; its last trap was at pc 0x%llx", h->id,
                (unsigned long long)h->traps, (unsigned long long)last->epc);
        explain_symbol(chip, last->epc, out);
        fputs(": ", out);
        explain_trap(chip, h, last, out);
        fputc('\n', out);
    }
    explain_at(chip, &place, out);
}

/* Where traps go; nothing has been written to a register that is zero. */
static void print_handler(struct chip *chip, const struct hart *h, FILE *out)
{
    struct hart_place place = place_of_hart(h);
    fprintf(out, "  its handler: mtvec 0x%llx%s, stvec 0x%llx%s; now (%s mode) at ",
            (unsigned long long)h->mtvec, h->mtvec ? "" : " (never set)",
            (unsigned long long)h->stvec, h->stvec ? "" : " (never set)", privilege_names[h->priv]);
    explain_place(chip, &place, out);
    fputc('\n', out);
}

/* "breakpoint at pc 0x... <symbol>" */
static void name_trap(struct chip *chip, const struct trap_taken *trap, FILE *out)
{
    fprintf(out, "%s at pc 0x%llx", trap_cause_name(trap->cause), (unsigned long long)trap->epc);
    explain_symbol(chip, trap->epc, out);
}

static void print_trap(struct chip *chip, const struct hart *h, const char *which,
                       const struct trap_taken *trap, FILE *out)
{
    struct hart_place place = place_of_trap(h, trap);
    fprintf(out, "  %s trap (%s mode): ", which, privilege_names[trap->priv]);
    explain_trap(chip, h, trap, out);
    fputs(", at ", out);
    explain_place(chip, &place, out);
    fputc('\n', out);
}

/* The code is shown where something can be mended: where traps began when there is no
 * handler to speak of, otherwise where they come from again and again. */
static void explain_trap_loop(struct chip *chip, FILE *out)
{
    static const char *const ways[] = {
        [TRAP_LOOP_ROW] = "traps again and again without executing an instruction",
        [TRAP_LOOP_NESTED] = "traps again and again in its trap handler, which never returns",
        [TRAP_LOOP_RESUMED] = "returns again and again to an instruction that traps, with all "
                              "registers as they were",
    };
    const struct hart *h = &chip->hart[chip->htif.end_tile];
    const struct trap_watch *w = &h->trap_watch;
    const struct trap_taken *again = &w->latest;
    const struct trap_taken *first = w->loop == TRAP_LOOP_ROW ? &w->row_first : &w->nest_first;
    bool differ = first->epc != again->epc || first->cause != again->cause;
    fprintf(out, "livelock: tile %u %s: ", h->id, ways[w->loop]);
    name_trap(chip, again, out);
    if (differ) {
        fputs("; it began with ", out);
        name_trap(chip, first, out);
    }
    fputc('\n', out);
    print_trap(chip, h, "first", first, out);
    if (differ)
        print_trap(chip, h, "repeated", again, out);
    print_handler(chip, h, out);
    struct hart_place place = place_of_trap(h, w->loop == TRAP_LOOP_ROW ? first : again);
    explain_at(chip, &place, out);
}

static void explain_fault(struct chip *chip, FILE *out)
{
    const struct hart *h = &chip->hart[chip->htif.end_tile];
    struct hart_place place = place_of_hart(h);
    fprintf(out, "%s: %s (tile %u, cycle %llu)\n", elf_name(chip->image), chip->htif.fault,
            chip->htif.end_tile, (unsigned long long)chip->htif.end_cycle);
    fputs("  the hart went on to ", out);
    explain_place(chip, &place, out);
    fputc('\n', out);
    explain_at(chip, &place, out);
}

/* ---- a stale translation --------------------------------------------------------------- */

static void print_now_mapped(struct chip *chip, const struct shootdown *s, uint64_t vpn, FILE *out)
{
    struct tlb_entry page;
    if (s->gone || oracle_read_table(chip->engine.coherence, s->space, vpn, &page) != PAGE_MAPPED)
        fputs("the page is not mapped any more\n", out);
    else {
        fputs("the page table now says ", out);
        explain_page(&page, out);
        fputc('\n', out);
    }
}

static void print_declaration(struct chip *chip, const struct shootdown *s, FILE *out)
{
    static const char *const scopes[] = {"tables with its root", "its ASID", "all address spaces"};
    fprintf(out, "  tile %u (%s mode) had declared the shootdown complete at cycle %llu, by\n    ",
            s->by.tile, privilege_names[s->by.priv], (unsigned long long)s->by.cycle);
    explain_place(chip, &s->by, out);
    if (s->pages == UINT64_MAX)
        fputs("\n    of all pages", out);
    else
        fprintf(out, "\n    of %llu page%s from 0x%llx", (unsigned long long)s->pages,
                s->pages == 1 ? "" : "s", (unsigned long long)page_address(s->page));
    fprintf(out, ", satp 0x%llx, in %s; dead since cycle %llu\n", (unsigned long long)s->space,
            scopes[s->scope], (unsigned long long)s->judged_at);
}

static void explain_stale_translation(struct chip *chip, FILE *out)
{
    static const char *const kinds[] = {"fetch", "load", "store"};
    const struct stale_use *use = &chip->oracle.use;
    const struct tlb_use *via = &use->via;
    fprintf(out,
            "stale translation: tile %u used 0x%llx at cycle %llu through a TLB entry that a "
            "completed shootdown should have removed\n",
            use->by.tile, (unsigned long long)use->address, (unsigned long long)use->by.cycle);
    fprintf(out, "  the %s by tile %u (%s mode)%s was\n    ", kinds[use->kind], use->by.tile,
            privilege_names[use->by.priv],
            use->buffered ? ", retired and waiting in the store buffer," : "");
    explain_place(chip, &use->by, out);
    fprintf(out, "\n  its entry: page 0x%llx -> ",
            (unsigned long long)page_address(via->entry.vpn));
    explain_page(&via->entry, out);
    fprintf(out, ", ASID %u,\n    read from the page table of satp 0x%llx at cycle %llu; ",
            via->entry.asid, (unsigned long long)via->origin.satp,
            (unsigned long long)via->origin.read_at);
    print_now_mapped(chip, &use->shootdown, via->entry.vpn, out);
    print_declaration(chip, &use->shootdown, out);
    explain_at(chip, &use->by, out);
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
        explain_limit(chip, out);
        break;
    case CHIP_DEADLOCK:
        explain_deadlock(chip, out);
        break;
    case CHIP_MESH_FAILED:
        explain_mesh(chip, out);
        break;
    case CHIP_TRAP_LOOP:
        explain_trap_loop(chip, out);
        break;
    case CHIP_FAULT:
        explain_fault(chip, out);
        break;
    case CHIP_STALE_TRANSLATION:
        explain_stale_translation(chip, out);
        break;
    case CHIP_VIOLATION:
        explain_violation(chip, out);
        break;
    case CHIP_INTERRUPTED:
        fprintf(out, "interrupted at cycle %llu\n", (unsigned long long)chip->engine.now);
        print_harts(chip, out);
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
