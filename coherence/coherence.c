/*
 * Building the chip's agents, and which tile keeps which line.
 *
 * Line number i of DRAM (its first line is number 0) has
 *     home        tile i % tiles
 *     controller  list[(i + i / tiles) % count]
 * so consecutive lines go round the homes and round the controllers, and the
 * lines of one home (every tiles-th) go round the controllers too.
 */
#include "coherence/coherence.h"

#include <stdarg.h>

#include "coherence/agents.h"
#include "coherence/checker.h"

enum { HOPS_THREE, HOPS_FOUR };
enum { EVICTIONS_SILENT, EVICTIONS_NOISY };
enum { TIMING_SIMPLE, TIMING_BANKS };

static void copy_parameters(struct coherence *coh, const struct config *cfg)
{
    coh->tiles = config_tiles(cfg);
    coh->mshrs = cfg->l1d_mshrs;
    coh->writebacks = cfg->l1d_writebacks;
    coh->slots = coh->mshrs + coh->writebacks + 1;
    coh->lines = (uint64_t)cfg->memory_dram_mib << (20 - LINE_SHIFT);
    coh->miss_cycles = cfg->l1_miss_cycles;
    coh->fill_cycles = cfg->l1_fill_cycles;
    coh->probe_cycles = cfg->l1_probe_cycles;
    coh->home_cycles = cfg->coherence_home_cycles;
    coh->home_occupancy_cycles = cfg->coherence_home_occupancy_cycles;
    coh->probes = cfg->coherence_directory == DIR_PROBE && coh->tiles > 1;
    coh->four_hops = cfg->coherence_hops == HOPS_FOUR;
    coh->noisy = cfg->coherence_clean_evictions == EVICTIONS_NOISY;
    coh->memory_latency_cycles = cfg->memory_latency_cycles;
    coh->memory_line_cycles = cfg->memory_line_cycles;
    coh->banked = cfg->memory_timing == TIMING_BANKS;
    coh->dram_timing = dram_timing(cfg);
}

static void create_memory(struct coherence *coh, struct arena *arena, const struct config *cfg)
{
    coh->dram = arena_alloc(arena, coh->lines, LINE_BYTES);
    coh->controllers = cfg->memory_controllers.count;
    assert(coh->controllers > 0);
    coh->controller = arena_alloc(arena, coh->controllers, sizeof *coh->controller);
    for (uint32_t i = 0; i < coh->controllers; i++) {
        coh->controller[i] = (tile_id)cfg->memory_controllers.item[i];
        assert(coh->controller[i] < coh->tiles);
    }
}

static void create_agents(struct coherence *coh, struct arena *arena, const struct config *cfg)
{
    coh->l1 = arena_alloc(arena, coh->tiles, sizeof *coh->l1);
    coh->icache = arena_alloc(arena, coh->tiles, sizeof *coh->icache);
    coh->home = arena_alloc(arena, coh->tiles, sizeof *coh->home);
    coh->memctl = arena_alloc(arena, coh->tiles, sizeof *coh->memctl);
    coh->waiting = arena_alloc(arena, (size_t)coh->tiles * coh->slots, sizeof *coh->waiting);
    for (uint32_t tile = 0; tile < coh->tiles; tile++) {
        l1_init(&coh->l1[tile], coh, (tile_id)tile, arena, cfg);
        icache_init(&coh->icache[tile], coh, (tile_id)tile, arena, cfg);
        home_init(&coh->home[tile], arena, cfg);
    }
    for (uint32_t i = 0; i < coh->controllers; i++)
        memctl_init(&coh->memctl[coh->controller[i]], arena, coh);
}

struct coherence *coherence_create(struct arena *arena, const struct config *cfg)
{
    struct coherence *coh = arena_alloc(arena, 1, sizeof *coh);
    copy_parameters(coh, cfg);
    assert(coh->tiles > 0 && coh->tiles <= TILES_MAX);
    create_memory(coh, arena, cfg);
    directory_init(&coh->dir, arena, coh->lines, cfg);
    if (cfg->sim_check)
        coh->checker = checker_create(arena, coh->lines);
    create_agents(coh, arena, cfg);
    return coh;
}

unsigned coherence_out_max(const struct coherence *coh)
{
    unsigned at_once = coh->dir.sets ? coh->home[0].mshrs + 1 : 1;
    return coh->tiles * (coh->writebacks + at_once) + OUT_MAX_SMALL;
}

unsigned coherence_slots(const struct coherence *coh)
{
    return coh->slots;
}

tile_id coherence_home(const struct coherence *coh, paddr_t line)
{
    return (tile_id)(line_number(line) % coh->tiles);
}

tile_id coherence_controller(const struct coherence *coh, paddr_t line)
{
    uint64_t number = line_number(line);
    return coh->controller[(number + number / coh->tiles) % coh->controllers];
}

uint64_t coherence_controller_line(const struct coherence *coh, paddr_t line)
{
    return line_number(line) / coh->controllers;
}

bool coherence_has(const struct coherence *coh, paddr_t address)
{
    return address >= MAP_DRAM_BASE && line_number(address) < coh->lines;
}

uint8_t *coherence_dram(struct coherence *coh, paddr_t address)
{
    assert(coherence_has(coh, address));
    return dram_line(coh, line_of(address)) + address % LINE_BYTES;
}

struct l1 *coherence_l1(struct coherence *coh, tile_id tile)
{
    assert(tile < coh->tiles);
    return &coh->l1[tile];
}

struct icache *coherence_icache(struct coherence *coh, tile_id tile)
{
    assert(tile < coh->tiles);
    return &coh->icache[tile];
}

void coherence_violate(struct coherence *coh, const char *format, ...)
{
    if (coh->violation[0])
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(coh->violation, sizeof coh->violation, format, args);
    va_end(args);
}

const char *coherence_violation(const struct coherence *coh)
{
    return coh->violation[0] ? coh->violation : NULL;
}
