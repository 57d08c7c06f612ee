/*
 * Conditions between parameters: each value may be in its own range and the
 * machine still be impossible.  One function a condition, all of them in one
 * table; a complaint names every parameter that it is about.
 */
#include "sim/base/conditions.h"

#include <stdarg.h>
#include <string.h>

#include "sim/base/mesh_faults.h"

static bool complain(struct complaint *c, const char *keys, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool complain(struct complaint *c, const char *keys, const char *format, ...)
{
    va_list ap;
    c->keys = keys;
    va_start(ap, format);
    vsnprintf(c->text, sizeof c->text, format, ap);
    va_end(ap);
    return false;
}

static bool check_tiles(const struct config *cfg, struct complaint *c)
{
    if (config_tiles(cfg) <= TILES_MAX)
        return true;
    return complain(c, "mesh.width, mesh.height, mesh.concentration",
                    "%u x %u routers of %u tiles are %u tiles; "
                    "at most %u are possible",
                    cfg->mesh_width, cfg->mesh_height, cfg->mesh_concentration, config_tiles(cfg),
                    TILES_MAX);
}

static bool check_flit(const struct config *cfg, struct complaint *c)
{
    if (cfg->mesh_flit_bits % 8 == 0)
        return true;
    return complain(c, "mesh.flit_bits", "%u is not a multiple of 8", cfg->mesh_flit_bits);
}

/* Routings that divide the VCs of a virtual network into classes. */
static bool check_routing(const struct config *cfg, struct complaint *c)
{
    bool classes = cfg->mesh_routing == ROUTING_O1TURN || cfg->mesh_routing == ROUTING_ADAPTIVE;
    if (classes && cfg->mesh_vcs < 2)
        return complain(c, "mesh.routing, mesh.vcs",
                        "%s needs at least 2 VCs in each virtual network: %s",
                        cfg->mesh_routing == ROUTING_O1TURN ? "o1turn" : "adaptive",
                        cfg->mesh_routing == ROUTING_O1TURN ? "one for xy and one for yx"
                                                            : "one of them is the escape");
    uint32_t routers = cfg->mesh_width * cfg->mesh_height;
    if (cfg->mesh_routing == ROUTING_TABLE && routers > MESH_TABLE_ROUTERS_MAX)
        return complain(c, "mesh.routing, mesh.width, mesh.height",
                        "tables for %u routers; at most %u are possible", routers,
                        MESH_TABLE_ROUTERS_MAX);
    return true;
}

static bool check_vnet_priority(const struct config *cfg, struct complaint *c)
{
    uint32_t given = cfg->mesh_vnet_priority.count;
    if (given <= MESH_VNETS_MAX)
        return true;
    return complain(c, "mesh.vnet_priority", "%u priorities for at most %d virtual networks", given,
                    MESH_VNETS_MAX);
}

static bool check_ack_entries(const struct config *cfg, struct complaint *c)
{
    if (cfg->mesh_ack_entries == 0)
        return true;
    if (cfg->mesh_multicast != MULTICAST_ROUTERS)
        return complain(c, "mesh.ack_entries, mesh.multicast",
                        "acknowledgements are combined where a multicast was copied: "
                        "give mesh.multicast=routers");
    if (cfg->mesh_vcs <= 7)
        return true;
    return complain(c, "mesh.ack_entries, mesh.vcs",
                    "combined acknowledgements have a VC of their own: at most 7 are left for "
                    "each virtual network");
}

static bool check_faults(const struct config *cfg, struct complaint *c)
{
    struct mesh_faults faults;
    c->keys = "mesh.faults";
    if (!mesh_faults_parse(cfg->mesh_faults, cfg->mesh_width, cfg->mesh_height, &faults, c->text,
                           sizeof c->text))
        return false;
    if (faults.count == 0 || cfg->mesh_routing == ROUTING_TABLE)
        return true;
    return complain(c, "mesh.faults, mesh.routing",
                    "only table routing goes around broken links and routers: give "
                    "mesh.routing=table");
}

static bool check_cache(struct complaint *c, const char *keys, uint32_t kib, uint32_t ways)
{
    uint32_t lines = kib * (1024 / LINE_BYTES);
    uint32_t sets = lines / ways;
    if (lines % ways == 0 && sets > 0 && (sets & (sets - 1)) == 0)
        return true;
    return complain(c, keys,
                    "%u KiB in %u ways of %u-byte lines do not give a power of two of sets", kib,
                    ways, LINE_BYTES);
}

static bool check_l1i(const struct config *cfg, struct complaint *c)
{
    return check_cache(c, "l1i.kib, l1i.ways", cfg->l1i_kib, cfg->l1i_ways);
}

static bool check_plru(const struct config *cfg, struct complaint *c)
{
    enum { TREE_PLRU = 1 };
    uint32_t ways = cfg->l1d_ways;
    if (cfg->l1d_replacement != TREE_PLRU || (ways & (ways - 1)) == 0)
        return true;
    return complain(c, "l1d.replacement, l1d.ways", "no binary tree has %u leaves", ways);
}

static bool check_l1d(const struct config *cfg, struct complaint *c)
{
    return check_cache(c, "l1d.kib, l1d.ways", cfg->l1d_kib, cfg->l1d_ways);
}

static bool check_tlb(struct complaint *c, const char *key, uint32_t entries, uint32_t ways)
{
    uint32_t sets = entries / ways;
    if (entries % ways == 0 && sets > 0 && (sets & (sets - 1)) == 0)
        return true;
    return complain(c, key, "%u entries in %u ways do not give a power of two of sets", entries,
                    ways);
}

static bool check_tlbs(const struct config *cfg, struct complaint *c)
{
    return check_tlb(c, "tlb.i_entries", cfg->tlb_i_entries, cfg->tlb_i_ways) &&
           check_tlb(c, "tlb.d_entries", cfg->tlb_d_entries, cfg->tlb_d_ways) &&
           check_tlb(c, "tlb.l2_entries", cfg->tlb_l2_entries, cfg->tlb_l2_ways);
}

static bool check_predictor(const struct config *cfg, struct complaint *c)
{
    uint32_t counters = cfg->hart_predictor_counters;
    if ((counters & (counters - 1)) == 0)
        return true;
    return complain(c, "hart.predictor_counters", "%u is not a power of two", counters);
}

static bool check_controllers(const struct config *cfg, struct complaint *c)
{
    const struct int_list *list = &cfg->memory_controllers;
    if (list->count == 0)
        return complain(c, "memory.controllers", "at least one tile needs a memory controller");
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->item[i] >= config_tiles(cfg))
            return complain(c, "memory.controllers",
                            "tile %u does not exist; this chip has tiles "
                            "0..%u",
                            list->item[i], config_tiles(cfg) - 1);
        for (uint32_t j = 0; j < i; j++)
            if (list->item[j] == list->item[i])
                return complain(c, "memory.controllers", "tile %u is named twice", list->item[i]);
    }
    return true;
}

static bool check_slots(const struct config *cfg, struct complaint *c)
{
    if (cfg->message_slots >= cfg->message_queues)
        return true;
    return complain(c, "message.slots, message.queues",
                    "%u messages cannot give each of the %u receive queues one", cfg->message_slots,
                    cfg->message_queues);
}

/* The order of the choices of coherence.directory. */
enum { DIRECTORY_COARSE = 3, DIRECTORY_SPARSE, DIRECTORY_PROBE };

static bool check_coarse(const struct config *cfg, struct complaint *c)
{
    bool coarse = cfg->coherence_directory == DIRECTORY_COARSE ||
                  (cfg->coherence_directory == DIRECTORY_SPARSE &&
                   cfg->coherence_sparse_sharers == DIRECTORY_COARSE);
    if (!coarse || cfg->coherence_group <= config_tiles(cfg))
        return true;
    return complain(c, "coherence.group, mesh.width, mesh.height, mesh.concentration",
                    "a group of %u tiles on a chip of %u", cfg->coherence_group, config_tiles(cfg));
}

static bool check_sparse(const struct config *cfg, struct complaint *c)
{
    uint32_t sets = cfg->coherence_sparse_sets;
    if (cfg->coherence_directory != DIRECTORY_SPARSE)
        return true;
    if ((sets & (sets - 1)) != 0)
        return complain(c, "coherence.sparse_sets", "%u is not a power of two", sets);
    if (cfg->coherence_mshrs >= 2)
        return true;
    return complain(c, "coherence.mshrs, coherence.directory",
                    "a sparse directory needs two at least: for a line that waits for an entry, "
                    "and for the line that is recalled to free it");
}

static bool check_probe(const struct config *cfg, struct complaint *c)
{
    if (cfg->coherence_directory != DIRECTORY_PROBE || !cfg->coherence_clean_evictions)
        return true;
    return complain(c, "coherence.clean_evictions, coherence.directory",
                    "noisy evictions have no directory to tell");
}

static bool check_external(const struct config *cfg, struct complaint *c)
{
    uint32_t end = cfg->device_external_base_mib + cfg->device_external_mib;
    if (!cfg->device_external_mib)
        return true;
    if (end > MAP_DRAM_BASE >> 20)
        return complain(c, "device.external_base_mib, device.external_mib",
                        "the window ends at %u MiB, in DRAM, which begins at %u MiB", end,
                        MAP_DRAM_BASE >> 20);
    if (cfg->device_external_tile < config_tiles(cfg))
        return true;
    return complain(c, "device.external_tile", "there is no tile %u: the machine has %u tiles",
                    cfg->device_external_tile, config_tiles(cfg));
}

static bool (*const conditions[])(const struct config *, struct complaint *) = {
    check_tiles,       check_flit,  check_routing,  check_vnet_priority, check_ack_entries,
    check_faults,      check_l1i,   check_l1d,      check_tlbs,          check_predictor,
    check_controllers, check_slots, check_external, check_coarse,        check_sparse,
    check_probe,       check_plru,
};

bool config_holds(const struct config *cfg, struct complaint *c)
{
    for (unsigned i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
        if (!conditions[i](cfg, c))
            return false;
    return true;
}
