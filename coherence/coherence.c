/*
 * Building the chip's agents, and which tile keeps which line.
 *
 * Unit i of DRAM, a line or a page (the first one is number 0), has
 *     home        tile i % tiles
 *     controller  list[(i + i / tiles) % count]
 * so consecutive units go round the homes and round the controllers, and the
 * units of one home (every tiles-th) go round the controllers too.  With
 * memory.interleave=home the controller is list[home * count / tiles]; with
 * memory.private the home is that of the slice, tile line / (lines / tiles).
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
    coh->coherent = protocol_find(cfg->coherence_protocol)->coherent;
    coh->tiles = config_tiles(cfg);
    coh->mshrs = cfg->l1d_mshrs;
    coh->writebacks = cfg->l1d_writebacks;
    coh->slots = coh->mshrs + coh->writebacks + 2;
    coh->lines = (uint64_t)cfg->memory_dram_mib << (20 - LINE_SHIFT);
    coh->l2_cycles = cfg->l2_kib ? cfg->l2_cycles : 0;
    coh->place = placement_of(cfg);
    coh->controller_by_home = cfg->memory_interleave == INTERLEAVE_HOME;
    coh->miss_cycles = cfg->l1_miss_cycles;
    coh->fill_cycles = cfg->l1_fill_cycles;
    coh->probe_cycles = cfg->l1_probe_cycles;
    coh->home_cycles = cfg->coherence_home_cycles;
    coh->atomic_cycles = cfg->coherence_atomic_cycles;
    coh->home_occupancy_cycles = cfg->coherence_home_occupancy_cycles;
    coh->arbitration = cfg->coherence_arbitration;
    coh->probes = cfg->coherence_directory == DIR_PROBE && coh->tiles > 1;
    coh->four_hops = cfg->coherence_hops == HOPS_FOUR;
    coh->noisy = cfg->coherence_clean_evictions == EVICTIONS_NOISY;
    coh->memory_latency_cycles = cfg->memory_latency_cycles;
    coh->memory_line_cycles = cfg->memory_line_cycles;
    coh->llc_cycles = cfg->llc_cycles;
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

static void create_ranges(struct coherence *coh, struct arena *arena, const struct config *cfg)
{
    const struct int_list *list = &cfg->memory_uncached;
    const unsigned shift = 20 - LINE_SHIFT; /* lines of a MiB */
    coh->uncached_ranges = list->count / 2;
    coh->uncached = arena_alloc(arena, list->count, sizeof *coh->uncached);
    for (uint32_t i = 0; i + 1 < list->count; i += 2) {
        coh->uncached[i] = (uint64_t)list->item[i] << shift;
        coh->uncached[i + 1] = coh->uncached[i] + ((uint64_t)list->item[i + 1] << shift);
    }
}

static void create_scratchpads(struct coherence *coh, struct arena *arena, const struct config *cfg)
{
    coh->scratchpad_bytes = cfg->scratchpad_kib << 10;
    coh->scratchpad_cycles = cfg->scratchpad_cycles;
    coh->scratchpad = arena_alloc(arena, coh->tiles, coh->scratchpad_bytes);
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
        home_init(&coh->home[tile], arena, cfg, (tile_id)tile);
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
    create_ranges(coh, arena, cfg);
    create_scratchpads(coh, arena, cfg);
    directory_init(&coh->dir, arena, coh->lines, cfg);
    if (cfg->sim_check && coh->coherent)
        coh->checker = checker_create(arena, coh->lines);
    create_agents(coh, arena, cfg);
    return coh;
}

unsigned coherence_out_max(const struct coherence *coh)
{
    unsigned at_once = coh->dir.sets ? coh->home[0].mshrs + 1 : 1;
    return coh->tiles * (coh->writebacks + at_once + 1) + OUT_MAX_SMALL + llc_out_max(coh);
}

unsigned coherence_slots(const struct coherence *coh)
{
    return coh->slots;
}

tile_id coherence_home(const struct coherence *coh, paddr_t line)
{
    return placement_home(&coh->place, line_number(line));
}

tile_id coherence_controller(const struct coherence *coh, paddr_t line)
{
    uint64_t unit = line_number(line) >> coh->place.unit_shift;
    if (coh->controller_by_home)
        return coh->controller[coherence_home(coh, line) * coh->controllers / coh->tiles];
    return coh->controller[(unit + unit / coh->tiles) % coh->controllers];
}

bool coherence_is_coherent(const struct coherence *coh)
{
    return coh->coherent;
}

/* memory.interleave=home: the lowest home whose lines are this controller's. */
static uint32_t first_home(const struct coherence *coh, uint32_t controller)
{
    return (controller * coh->tiles + coh->controllers - 1) / coh->controllers;
}

static uint64_t line_among_homes(const struct coherence *coh, uint64_t number)
{
    const struct placement *place = &coh->place;
    uint32_t home = placement_home(place, number);
    uint32_t controller = home * coh->controllers / coh->tiles;
    uint32_t first = first_home(coh, controller), homes = first_home(coh, controller + 1) - first;
    uint64_t index = placement_index(place, number);
    return place->slice_lines ? (home - first) * place->slice_lines + index
                              : index * homes + (home - first);
}

uint64_t coherence_controller_line(const struct coherence *coh, paddr_t line)
{
    uint64_t number = line_number(line), shift = coh->place.unit_shift;
    uint64_t in_unit = number & ((UINT64_C(1) << shift) - 1);
    if (coh->controller_by_home)
        return line_among_homes(coh, number);
    return (number >> shift) / coh->controllers << shift | in_unit;
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
