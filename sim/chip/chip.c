/*
 * A chip from its configuration to its results: allocates every part from one
 * arena, wires them, loads the guest, turns the engine's crank.
 */
#include "sim/chip/chip.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/chip/chip_state.h"
#include "sim/core/mmu.h"
#include "traces/traces.h"

/* ---- building ---------------------------------------------------------------- */

static void build_bootinfo(struct chip *chip)
{
    const struct config *cfg = &chip->cfg;
    struct bootinfo *info = arena_alloc(chip->arena, 1, MAP_BOOTINFO_BYTES);
    info->magic = BOOTINFO_MAGIC;
    info->tiles = config_tiles(cfg);
    info->mesh_width = cfg->mesh_width;
    info->mesh_height = cfg->mesh_height;
    info->concentration = cfg->mesh_concentration;
    info->coherent = 1;
    info->dram_bytes = (uint64_t)cfg->memory_dram_mib << 20;
    info->mtime_divider = cfg->device_mtime_divider;
    info->mu_endpoints = cfg->message_endpoints;
    info->mu_queues = cfg->message_queues;
    info->mu_slots = cfg->message_slots;
    chip->bootinfo = info;
}

static void build_predictor(struct chip *chip, struct predictor *p)
{
    const struct config *cfg = &chip->cfg;
    p->mask = cfg->hart_predictor_counters - 1;
    p->counter = arena_alloc(chip->arena, cfg->hart_predictor_counters, sizeof *p->counter);
    memset(p->counter, COUNTER_TAKEN - 1, cfg->hart_predictor_counters);
    p->history_mask =
        cfg->hart_predictor == PREDICT_GSHARE ? (1u << cfg->hart_history_bits) - 1 : 0;
    p->returns = cfg->hart_return_stack;
    p->link = arena_alloc(chip->arena, p->returns, sizeof *p->link);
}

static void build_hart(struct chip *chip, tile_id id)
{
    struct hart *h = &chip->hart[id];
    struct tile *t = &chip->tile[id];
    unsigned sets = chip->cfg.l1i_kib * 1024 / LINE_BYTES / chip->cfg.l1i_ways;
    h->cfg = &chip->cfg;
    h->tile = t;
    h->window = l1_window(t->l1);
    h->data = h->window->data;
    h->set_mask = h->window->set_mask;
    h->fetch_mask = sets - 1;
    for (unsigned k = 0; k < L1_VIEWS; k++)
        h->fetch_view[k] = arena_alloc(chip->arena, sets, sizeof *h->fetch);
    h->stores.capacity = chip->cfg.hart_store_buffer;
    h->stores.entry = arena_alloc(chip->arena, h->stores.capacity, sizeof *h->stores.entry);
    h->stores.origin = arena_alloc(chip->arena, h->stores.capacity, sizeof *h->stores.origin);
    mmu_create(h, chip->arena);
    build_predictor(chip, &h->predictor);
    h->history.capacity = chip->cfg.sim_history;
    if (h->history.capacity)
        h->history.insn = arena_alloc(chip->arena, h->history.capacity, sizeof *h->history.insn);
    h->trace = chip->options.trace;
    t->hart = h;
}

static void build_tile(struct chip *chip, tile_id id)
{
    struct tile *t = &chip->tile[id];
    t->id = id;
    t->engine = &chip->engine;
    t->cfg = &chip->cfg;
    t->coherence = chip->engine.coherence;
    t->code = chip->code;
    t->bootinfo = chip->bootinfo;
    t->htif = &chip->htif;
    t->external = chip->options.external.access ? &chip->options.external : NULL;
    t->oracle = &chip->oracle;
    t->out = &chip->out;
    t->l1 = coherence_l1(t->coherence, id);
    t->icache = coherence_icache(t->coherence, id);
    t->mu = msgunit_create(chip->arena, &chip->cfg);
    t->simctl = arena_alloc(chip->arena, 1, sizeof *t->simctl);
    t->simctl->shared = &chip->simctl;
    build_hart(chip, id);
}

static void build(struct chip *chip)
{
    struct engine *e = &chip->engine;
    unsigned tiles = config_tiles(&chip->cfg);
    struct code_options code = {.traced = chip->options.trace || chip->cfg.sim_history,
                                .dynamic_branches = chip->cfg.hart_predictor != PREDICT_STATIC,
                                .return_stack = chip->cfg.hart_return_stack > 0,
                                .load_use_cycles = chip->cfg.hart_load_use_cycles,
                                .mul_cycles = chip->cfg.hart_mul_cycles,
                                .div_cycles = chip->cfg.hart_div_cycles,
                                .trap_cycles = chip->cfg.hart_trap_cycles,
                                .store_buffer = chip->cfg.hart_store_buffer > 0};
    chip->code = code_table_create(chip->arena, &code);
    chip->simctl.arena = chip->arena;
    chip->tile = arena_alloc(chip->arena, tiles, sizeof *chip->tile);
    chip->hart = arena_alloc_dense(chip->arena, tiles, sizeof *chip->hart);
    chip->htif.stop_at = chip->htif.serve_at = CYCLE_NEVER;
    e->cfg = &chip->cfg;
    e->tiles = tiles;
    e->mesh = mesh_create(chip->arena, &chip->cfg, CHIP_VNETS);
    e->coherence = coherence_create(chip->arena, &chip->cfg);
    e->tile = chip->tile;
    e->hart = chip->hart;
    e->htif = &chip->htif;
    e->pause_at = CYCLE_NEVER;
    e->end_at = chip->options.max_cycles ? chip->options.max_cycles : CYCLE_NEVER;
    chip->out.capacity = coherence_out_max(e->coherence);
    chip->out.msg = arena_alloc(chip->arena, chip->out.capacity, sizeof *chip->out.msg);
    build_bootinfo(chip);
    for (unsigned i = 0; i < tiles; i++)
        build_tile(chip, (tile_id)i);
    engine_create(e, chip->arena);
    for (unsigned i = 0; i < tiles; i++)
        chip->tile[i].lookahead = e->lookahead;
}

struct chip *chip_create(const struct config *cfg, const struct chip_options *options,
                         struct error *e)
{
    const char *args = options->bootargs ? options->bootargs : "";
    if (strlen(args) >= BOOTINFO_ARGS_BYTES) {
        error_set(e, EXIT_STATUS_USAGE, "boot arguments: %zu characters, at most %d", strlen(args),
                  BOOTINFO_ARGS_BYTES - 1);
        return NULL;
    }
    struct arena *arena = arena_create();
    struct chip *chip = arena_alloc(arena, 1, sizeof *chip);
    chip->arena = arena;
    chip->cfg = *cfg;
    chip->options = *options;
    build(chip);
    memcpy(chip->bootinfo->args, args, strlen(args) + 1);
    return chip;
}

void chip_destroy(struct chip *chip)
{
    if (!chip)
        return;
    mem_free(chip->simctl.line);
    mem_free(chip->htif.request);
    mem_free(chip->oracle.judged);
    stats_free(&chip->results.stats);
    arena_destroy(chip->arena);
}

/* ---- loading ------------------------------------------------------------------- */

static bool fits(const struct chip *chip, paddr_t address, uint64_t bytes)
{
    uint64_t dram = (uint64_t)chip->cfg.memory_dram_mib << 20;
    return address >= MAP_DRAM_BASE && bytes <= dram && address - MAP_DRAM_BASE <= dram - bytes;
}

/* A linker without a script puts the file's own headers into a page in front of
 * the text, here just below DRAM: nobody needs them in memory. */
static struct elf_segment without_headers(const struct elf_image *image, unsigned i)
{
    struct elf_segment s = image->segment[i];
    uint64_t below = MAP_DRAM_BASE - s.address;
    if (s.bytes == image->file && s.address < MAP_DRAM_BASE && below < s.file_bytes) {
        s.address += below;
        s.bytes += below;
        s.file_bytes -= below;
        s.memory_bytes -= below;
    }
    return s;
}

bool chip_load(struct chip *chip, const struct elf_image *image, struct error *e)
{
    struct coherence *coh = chip->engine.coherence;
    for (unsigned i = 0; i < image->segment_count; i++) {
        struct elf_segment s = without_headers(image, i);
        if (!fits(chip, s.address, s.memory_bytes))
            return error_set(e, EXIT_STATUS_INPUT,
                             "%s: segment 0x%llx..0x%llx lies outside DRAM 0x%x..0x%llx "
                             "(memory.dram_mib=%u)",
                             elf_name(image), (unsigned long long)s.address,
                             (unsigned long long)(s.address + s.memory_bytes), MAP_DRAM_BASE,
                             MAP_DRAM_BASE + ((unsigned long long)chip->cfg.memory_dram_mib << 20),
                             chip->cfg.memory_dram_mib);
    }
    for (unsigned i = 0; i < image->segment_count; i++) {
        struct elf_segment s = without_headers(image, i);
        coherence_poke(coh, s.address, s.bytes, s.file_bytes);
    }
    chip->image = image;
    chip->htif.tohost = image->tohost;
    chip->htif.fromhost = image->fromhost;
    for (unsigned i = 0; i < chip->engine.tiles; i++) {
        hart_reset(&chip->hart[i], (tile_id)i, image->entry, MAP_BOOTINFO_BASE);
        if (image->tohost)
            l1_watch(chip->tile[i].l1, line_of(image->tohost));
    }
    return true;
}

/* ---- running --------------------------------------------------------------------- */

static int by_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* By (cycle, tile), then as the tile has written them. */
static int by_time(const void *a, const void *b)
{
    const struct console_line *x = a, *y = b;
    int order = by_number(x->cycle, y->cycle);
    order = order ? order : by_number(x->tile, y->tile);
    return order ? order : by_number(x->number, y->number);
}

/* Hands out the console lines of all cycles before `complete`, in order. */
static void flush_console(struct chip *chip, cycle_t complete)
{
    struct simctl_shared *s = &chip->simctl;
    qsort(s->line, s->line_count, sizeof *s->line, by_time);
    assert(s->line[0].cycle >= chip->flushed);
    chip->flushed = complete;
    unsigned done = 0;
    for (; done < s->line_count && s->line[done].cycle < complete; done++) {
        const struct console_line *line = &s->line[done];
        chip->console_hash = hash_u64(chip->console_hash, line->cycle);
        chip->console_hash = hash_bytes(chip->console_hash, line->text, line->bytes);
        if (chip->options.console)
            chip->options.console(chip->options.console_context, line->tile, line->text,
                                  line->bytes);
    }
    s->line_count -= done;
    memmove(s->line, s->line + done, s->line_count * sizeof *s->line);
}

/* Hands out what can no longer be preceded by anything. */
static void flush(struct chip *chip)
{
    if (!chip->simctl.line_count && !chip->options.trace)
        return;
    cycle_t complete = engine_safe_cycle(&chip->engine);
    if (chip->simctl.line_count)
        flush_console(chip, complete);
    trace_flush_until(chip->options.trace, complete);
}

/* Sleeping harts' clocks stand still: charge them up to the end of the run. */
static void settle_harts(struct chip *chip)
{
    cycle_t end = chip->engine.now;
    for (unsigned i = 0; i < chip->engine.tiles; i++) {
        struct hart *h = &chip->hart[i];
        if (h->wait != WAIT_NONE && h->cycle < end)
            hart_charge_wait(h, end);
        hart_account_mode(h);
    }
}

static enum chip_end end_of_guest(enum htif_end end)
{
    switch (end) {
    case HTIF_EXIT:
        return CHIP_EXIT;
    case HTIF_TRAP_LOOP:
        return CHIP_TRAP_LOOP;
    case HTIF_FAULT:
        return CHIP_FAULT;
    case HTIF_STALE_TRANSLATION:
        return CHIP_STALE_TRANSLATION;
    case HTIF_RUNS:
        break;
    }
    return CHIP_RUNNING;
}

static enum chip_end end_of(const struct chip *chip, enum engine_state state)
{
    switch (state) {
    case ENGINE_ENDED:
        return end_of_guest(chip->htif.end);
    case ENGINE_LIMIT:
        return CHIP_LIMIT;
    case ENGINE_DEADLOCK:
        return CHIP_DEADLOCK;
    case ENGINE_MESH_FAILED:
        return CHIP_MESH_FAILED;
    case ENGINE_VIOLATION:
        return CHIP_VIOLATION;
    case ENGINE_PAUSED:
    case ENGINE_RUNS:
        break;
    }
    return CHIP_INTERRUPTED;
}

/* With sim.check, a run that has come to an end of its own must leave nothing
 * behind: no line in transaction, no copy that its home does not know of. */
static void check_rest(struct chip *chip)
{
    bool own_end = chip->end != CHIP_INTERRUPTED && chip->end != CHIP_VIOLATION &&
                   chip->end != CHIP_MESH_FAILED;
    if (chip->cfg.sim_check && own_end)
        chip->unrest = engine_check_quiet(&chip->engine);
    if (!chip->unrest)
        return;
    chip->deadlocked = chip->end == CHIP_DEADLOCK;
    chip->end = CHIP_VIOLATION;
}

/* The run is over. */
static enum chip_end conclude(struct chip *chip, enum chip_end end)
{
    struct engine *e = &chip->engine;
    chip->end = end;
    for (unsigned i = 0; i < e->tiles; i++)
        simctl_end_line(chip->tile[i].simctl, (tile_id)i, e->now);
    if (chip->simctl.line_count)
        flush_console(chip, CYCLE_NEVER);
    settle_harts(chip);
    chip_measure(chip);
    chip->measured = true;
    check_rest(chip);
    return chip->end;
}

/* Gives decoded lines back that no hart refers to any more, when there are many. */
static void reclaim_code(struct chip *chip)
{
    if (!code_table_is_full(chip->code))
        return;
    for (unsigned i = 0; i < chip->engine.tiles; i++)
        hart_keep_code(&chip->hart[i], chip->code);
    code_reclaim(chip->code);
}

enum chip_end chip_run_until(struct chip *chip, cycle_t cycle)
{
    struct engine *e = &chip->engine;
    enum engine_state state = ENGINE_RUNS;
    if (chip->measured || cycle <= e->now)
        return chip->end;
    e->pause_at = cycle;
    while (state == ENGINE_RUNS && !(chip->options.interrupt && *chip->options.interrupt)) {
        state = engine_round(e);
        reclaim_code(chip);
        if (chip->options.inquiry && *chip->options.inquiry) {
            *chip->options.inquiry = 0;
            chip_report_progress(chip, stderr);
        }
        flush(chip);
    }
    return state == ENGINE_PAUSED ? CHIP_RUNNING : conclude(chip, end_of(chip, state));
}

enum chip_end chip_run(struct chip *chip)
{
    return chip_run_until(chip, CYCLE_NEVER);
}

bool chip_is_still(struct chip *chip)
{
    return engine_is_still(&chip->engine);
}

enum chip_end chip_give_up(struct chip *chip)
{
    return chip->measured ? chip->end : conclude(chip, CHIP_DEADLOCK);
}

void chip_raise(struct chip *chip, tile_id tile, enum chip_line line, bool level)
{
    bool machine = line == CHIP_LINE_MACHINE;
    uint64_t bit = UINT64_C(1) << (machine ? IRQ_MEIP : IRQ_SEIP);
    assert(tile < chip->engine.tiles && !chip->measured);
    struct hart *h = &chip->hart[tile];
    if (machine)
        h->mip &= ~bit;
    else
        h->seip_line = level;
    hart_gather_seip(h);
    if (level)
        tile_raise(&chip->tile[tile], bit, chip->engine.now);
}

uint64_t chip_exit_code(const struct chip *chip)
{
    return chip->htif.exit_code;
}

/* A status has eight bits; a code that is not 0 must not become 0 by that. */
static int status_of_code(uint64_t code)
{
    int low = (int)(code & 0xff);
    return low == 0 && code != 0 ? 1 : low;
}

int chip_exit_status(const struct chip *chip)
{
    switch (chip->end) {
    case CHIP_EXIT:
        return status_of_code(chip->htif.exit_code);
    case CHIP_FAULT:
        return EXIT_STATUS_INPUT;
    case CHIP_LIMIT:
        return EXIT_STATUS_LIMIT;
    case CHIP_DEADLOCK:
    case CHIP_MESH_FAILED:
    case CHIP_TRAP_LOOP:
        return EXIT_STATUS_DEADLOCK;
    case CHIP_INTERRUPTED:
        return EXIT_STATUS_INTERRUPT;
    case CHIP_STALE_TRANSLATION:
    case CHIP_VIOLATION:
    case CHIP_RUNNING:
        break;
    }
    return EXIT_STATUS_INTERNAL;
}

cycle_t chip_cycle(const struct chip *chip)
{
    return chip->engine.now;
}

uint64_t chip_instructions(const struct chip *chip)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < chip->engine.tiles; i++)
        n += hart_instructions(&chip->hart[i]);
    return n;
}

bool chip_read_memory(struct chip *chip, paddr_t address, void *to, size_t bytes)
{
    return coherence_peek(chip->engine.coherence, address, to, bytes);
}

bool chip_write_memory(struct chip *chip, paddr_t address, const void *from, size_t bytes)
{
    return coherence_poke(chip->engine.coherence, address, from, bytes);
}

bool chip_has_memory(const struct chip *chip, paddr_t address, size_t bytes)
{
    return fits(chip, address, bytes);
}
