/*
 * Programs on a one-tile Tessera, through the simulator's library interface.
 */
#include <stdio.h>
#include <string.h>

#include "sim/chip/chip.h"
#include "sim/fuzz/machines.h"
#include "traces/traces.h"

_Static_assert(sizeof(struct result) == RESULT_LOG + TRAPS_MAX * LOG_BYTES &&
                   offsetof(struct result, x) == RESULT_X &&
                   offsetof(struct result, state) == RESULT_STATE &&
                   offsetof(struct result, log) == RESULT_LOG &&
                   sizeof(struct result) <= FZ_RESULT_BYTES,
               "struct result is a result as the harness writes it");

/* More than ten times what the longest program was seen to need. */
enum { CYCLES_PER_PROGRAM = 3000000 };

static const struct setting_texts {
    const char *on, *off;
} settings[FEATURES] = {
#define FEATURE(name, percent, qemu_on, qemu_off, on, off, meaning) [FEATURE_##name] = {on, off},
#include "sim/fuzz/features.def"
#undef FEATURE
};

/* Assignments separated by blanks. */
static bool set_all(struct config *cfg, const char *text, struct error *e)
{
    char one[64];
    int used;
    for (; sscanf(text, "%63s%n", one, &used) == 1; text += used)
        if (!config_set(cfg, one, "features.def", e))
            return false;
    return true;
}

static bool configure(struct config *cfg, uint32_t features, struct error *e)
{
    config_defaults(cfg);
    cfg->mesh_width = cfg->mesh_height = 1;
    cfg->memory_dram_mib = FZ_MEMORY_MIB;
    for (unsigned i = 0; i < FEATURES; i++)
        if (!set_all(cfg, features >> i & 1 ? settings[i].on : settings[i].off, e))
            return false;
    return config_check(cfg, "features.def", e);
}

static void read_results(struct chip *chip, struct result *results, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!chip_read_memory(chip, FZ_RESULTS + (paddr_t)i * FZ_RESULT_BYTES, &results[i],
                              sizeof results[i]))
            memset(&results[i], 0, sizeof results[i]);
}

static bool run_once(const struct config *cfg, const struct binary *programs, unsigned count,
                     struct result *results, struct trace *trace, struct error *e)
{
    struct chip_options options = {.trace = trace,
                                   .max_cycles = CYCLES_PER_PROGRAM * (cycle_t)(count + 2)};
    struct image image;
    image_build(&image, programs, count, false);
    struct elf_image elf = {.entry = FZ_BASE,
                            .segment_count = IMAGE_SEGMENTS,
                            .segment = image.segment,
                            .tohost = FZ_TOHOST};
    struct chip *chip = chip_create(cfg, &options, e);
    bool loaded = chip && chip_load(chip, &elf, e);
    if (loaded) {
        chip_run(chip);
        read_results(chip, results, count);
    }
    chip_destroy(chip);
    image_free(&image);
    return loaded;
}

bool tessera_run(const struct binary *programs, unsigned count, struct result *results,
                 struct error *e)
{
    struct config cfg;
    memset(results, 0, count * sizeof *results);
    if (!configure(&cfg, programs[0].setting.features, e))
        return false;
    bool alone = programs[0].setting.features & LOCKED; /* "locked_pmp" */
    for (unsigned done = 0; done < count; done++) {
        unsigned end = alone ? done + 1 : count;
        if (!run_once(&cfg, programs + done, end - done, results + done, NULL, e))
            return false;
        while (!alone && done < end && results[done].status)
            done++;
    }
    return true;
}

bool tessera_log(const struct binary *programs, unsigned count, struct result *results,
                 const char *path, struct error *e)
{
    struct config cfg;
    struct trace_header header = {.tiles = 1, .guest = "", .config = ""};
    memset(results, 0, count * sizeof *results);
    if (!configure(&cfg, programs[0].setting.features, e))
        return false;
    struct trace *trace = trace_create(NULL, &header, e);
    bool good = trace && trace_add_commit_log(trace, path, e) &&
                run_once(&cfg, programs, count, results, trace, e);
    struct error closing;
    if (trace && !trace_close(trace, &closing) && good)
        good = error_set(e, closing.status, "%s", closing.text);
    return good;
}
