/*
 * One tile of a 2x2 chip without the chip: its hart, message unit, devices and
 * simulation-control page are real, and the network is a list in which posted
 * packets lie until the test looks at them.
 */
#ifndef TESSERA_TESTS_LONE_TILE_H
#define TESSERA_TESTS_LONE_TILE_H

#include <criterion/criterion.h>
#include <string.h>

#include "sim/abi/bootinfo.h"
#include "sim/core/mmu.h"
#include "sim/core/port.h"
#include "sim/tile/htif.h"
#include "sim/tile/tile.h"

enum { LONE_TILE = 2, POSTED_MAX = 256 };

struct posted {
    struct packet packet;
    enum tile_half from;
    cycle_t at;
};

static struct lone {
    struct arena *arena;
    struct config cfg;
    struct hart hart;
    struct tile tile;
    struct htif htif;
    struct oracle oracle;
    struct coh_out out;
    struct simctl_shared shared;
    struct bootinfo *bootinfo;
    struct packet building;
    struct posted posted[POSTED_MAX];
    unsigned posted_count;
    unsigned woken;
    cycle_t call_back;
    cycle_t timer;
} lone;

/* ---- network.h ------------------------------------------------------------------ */

struct packet *network_packet(struct engine *engine)
{
    (void)engine;
    memset(&lone.building, 0, sizeof lone.building);
    return &lone.building;
}

void network_post(struct engine *engine, struct packet *packet, enum tile_half from, cycle_t at)
{
    (void)engine;
    cr_assert_lt(lone.posted_count, POSTED_MAX);
    lone.posted[lone.posted_count++] = (struct posted){*packet, from, at};
}

void network_call_back(struct engine *engine, tile_id tile, cycle_t at)
{
    (void)engine;
    cr_assert_eq(tile, LONE_TILE);
    lone.call_back = at;
}

void network_set_timer(struct engine *engine, tile_id tile, cycle_t at)
{
    (void)engine;
    cr_assert_eq(tile, LONE_TILE);
    lone.timer = at;
}

void network_woken(struct engine *engine, tile_id tile)
{
    (void)engine;
    cr_assert_eq(tile, LONE_TILE);
    lone.woken++;
    lone.timer = CYCLE_NEVER;
}

/* ---- life -------------------------------------------------------------------------- */

/* With lone.cfg as the test has left it. */
static inline void lone_build(void)
{
    struct tile *t = &lone.tile;
    lone.htif = (struct htif){.stop_at = CYCLE_NEVER, .serve_at = CYCLE_NEVER};
    lone.hart = (struct hart){.cfg = &lone.cfg, .tile = t, .until = CYCLE_NEVER};
    *t = (struct tile){.hart = &lone.hart,
                       .cfg = &lone.cfg,
                       .coherence = coherence_create(lone.arena, &lone.cfg),
                       .mu = msgunit_create(lone.arena, &lone.cfg),
                       .simctl = arena_alloc(lone.arena, 1, sizeof *t->simctl),
                       .htif = &lone.htif,
                       .out = &lone.out,
                       .lookahead = 3,
                       .id = LONE_TILE};
    t->l1 = coherence_l1(t->coherence, LONE_TILE);
    t->icache = coherence_icache(t->coherence, LONE_TILE);
    t->simctl->shared = &lone.shared;
    t->bootinfo = lone.bootinfo = arena_alloc(lone.arena, 1, MAP_BOOTINFO_BYTES);
    lone.hart.window = l1_window(t->l1);
    lone.hart.data = lone.hart.window->data;
    lone.hart.set_mask = lone.hart.window->set_mask;
    for (unsigned k = 0; k < L1_VIEWS; k++)
        lone.hart.fetch_view[k] = arena_alloc(lone.arena, 1, sizeof *lone.hart.fetch);
    mmu_create(&lone.hart, lone.arena);
    hart_reset(&lone.hart, LONE_TILE, MAP_DRAM_BASE, MAP_BOOTINFO_BASE);
    lone.posted_count = lone.woken = 0;
    lone.timer = CYCLE_NEVER;
}

static inline void lone_create(void)
{
    lone.arena = arena_create();
    config_defaults(&lone.cfg);
    lone.cfg.mesh_width = lone.cfg.mesh_height = 2;
    lone.cfg.memory_dram_mib = 1;
    lone.shared = (struct simctl_shared){.arena = lone.arena};
    lone.out.capacity = 64;
    lone.out.msg = arena_alloc(lone.arena, lone.out.capacity, sizeof *lone.out.msg);
    lone_build();
}

static inline void lone_destroy(void)
{
    mem_free(lone.shared.line);
    arena_destroy(lone.arena);
}

#endif
