/*
 * A whole chip with a program that is written word by word (sim/core/tests/asm.h)
 * instead of an ELF file:
 *
 *     struct machine m;
 *     machine_begin(&m, 2, 2);           configuration and an empty program
 *     m.cfg.... = ...; put(&m.p, ...);   as the test wants them
 *     machine_run(&m);                   builds, loads, runs
 *     m.chip->hart[t].x[A0], machine_peek(&m, address), m.results
 *     machine_end(&m);
 *
 * Every tile starts at the program's first word, as the chip resets.
 */
#ifndef TESSERA_TESTS_MACHINE_H
#define TESSERA_TESTS_MACHINE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sim/chip/chip_state.h"
#include "sim/core/tests/asm.h"

#define MACHINE_TOHOST   (MAP_DRAM_BASE + UINT64_C(0x20000))
#define MACHINE_FROMHOST (MAP_DRAM_BASE + UINT64_C(0x20040))
#define MACHINE_DATA     (MAP_DRAM_BASE + UINT64_C(0x40000))

enum {
    CSR_MSTATUS = 0x300,
    CSR_MIE = 0x304,
    CSR_MTVEC = 0x305,
    CSR_MSCRATCH = 0x340,
    CSR_MEPC = 0x341,
    CSR_MCAUSE = 0x342,
    CSR_MIP = 0x344,
    CSR_MCYCLE = 0xb00,
    CSR_MHARTID = 0xf14
};

enum { MACHINE_CONSOLE_MAX = 16384 };

struct machine {
    struct config cfg;
    struct chip_options options;
    struct program p;
    struct elf_segment segment;
    struct elf_image image;
    struct chip *chip;
    struct chip_results results;
    enum chip_end end;
    char console[MACHINE_CONSOLE_MAX];
    size_t console_bytes;
    unsigned console_lines;
    void (*visit)(struct machine *m); /* by the world outside, every `visit_cycles` */
    cycle_t visit_cycles;
    cycle_t piece_cycles; /* run in pieces of so many cycles; 0 = as long as may be */
    uint64_t outside;     /* what the world outside remembers */
};

static inline void machine_console(void *context, tile_id tile, const char *text, size_t bytes)
{
    struct machine *m = context;
    (void)tile;
    cr_assert_lt(m->console_bytes + bytes, sizeof m->console);
    memcpy(m->console + m->console_bytes, text, bytes);
    m->console_bytes += bytes;
    m->console[m->console_bytes] = '\0';
    m->console_lines++;
}

static inline void machine_begin(struct machine *m, uint32_t width, uint32_t height)
{
    *m = (struct machine){.p.base = MAP_DRAM_BASE};
    config_defaults(&m->cfg);
    m->cfg.mesh_width = width;
    m->cfg.mesh_height = height;
    m->cfg.memory_dram_mib = 1;
    m->options.console = machine_console;
    m->options.console_context = m;
    m->options.max_cycles = 5000000;
}

/* Builds and loads, for tests that want to look or change something before the
 * first cycle. */
static inline void machine_build(struct machine *m)
{
    struct error e;
    cr_assert(config_check(&m->cfg, "test", &e), "%s", e.text);
    m->segment = (struct elf_segment){.address = m->p.base,
                                      .file_bytes = m->p.count * 4u,
                                      .memory_bytes = m->p.count * 4u,
                                      .bytes = (const uint8_t *)m->p.word};
    m->image = (struct elf_image){.entry = m->p.base,
                                  .segment_count = 1,
                                  .segment = &m->segment,
                                  .tohost = MACHINE_TOHOST,
                                  .fromhost = MACHINE_FROMHOST};
    m->chip = chip_create(&m->cfg, &m->options, &e);
    cr_assert_not_null(m->chip, "%s", e.text);
    cr_assert(chip_load(m->chip, &m->image, &e), "%s", e.text);
}

static inline enum chip_end machine_go_in_pieces(struct machine *m)
{
    cycle_t visit = m->visit ? m->visit_cycles : CYCLE_NEVER;
    for (;;) {
        cycle_t next = chip_cycle(m->chip) + (m->piece_cycles ? m->piece_cycles : CYCLE_NEVER / 2);
        next = next < visit ? next : visit;
        enum chip_end end = chip_run_until(m->chip, next);
        if (end != CHIP_RUNNING)
            return end;
        cr_assert_eq(chip_cycle(m->chip), next);
        if (next == visit) {
            m->visit(m);
            visit += m->visit_cycles;
        }
    }
}

/* Runs what machine_build made. */
static inline enum chip_end machine_go(struct machine *m)
{
    bool pieces = m->visit || m->piece_cycles;
    m->end = pieces ? machine_go_in_pieces(m) : chip_run(m->chip);
    chip_results(m->chip, &m->results);
    return m->end;
}

static inline enum chip_end machine_run(struct machine *m)
{
    machine_build(m);
    return machine_go(m);
}

static inline void machine_end(struct machine *m)
{
    stats_free(&m->results.stats);
    chip_destroy(m->chip);
}

static inline uint64_t machine_peek(struct machine *m, paddr_t address)
{
    uint64_t value = 0;
    cr_assert(coherence_peek(m->chip->engine.coherence, address, &value, sizeof value));
    return value;
}

static inline uint64_t machine_stat(const struct machine *m, const char *name)
{
    for (unsigned i = 0; i < m->results.stats.count; i++)
        if (strcmp(m->results.stats.item[i].name, name) == 0)
            return m->results.stats.item[i].value;
    cr_assert_fail("no statistic %s", name);
    return 0;
}

/* What chip_explain says; the caller frees it with mem_free. */
static inline char *machine_explanation(struct machine *m)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    chip_explain(m->chip, f);
    fclose(f);
    return text;
}

static inline unsigned machine_flight(const struct machine *m, tile_id from, tile_id to,
                                      unsigned flits)
{
    return mesh_latency_min(m->chip->engine.mesh, from, to, flits);
}

/* ---- pieces of programs ----------------------------------------------------------- */

/* Ends the run with `code`.  Uses t5 and t6; the hart then stays where it is. */
static inline void put_exit(struct program *p, uint64_t code)
{
    put_li(p, T6, MACHINE_TOHOST);
    put_li(p, T5, code << 1 | 1);
    put(p, asm_s(OP_sd, T5, T6, 0));
    put_jump(p, p->count);
}

/* Sleeps for ever. */
static inline void put_sleep(struct program *p)
{
    put_csrw(p, CSR_MIE, ZERO);
    unsigned again = put(p, asm_n(OP_wfi));
    put_jump(p, again);
}

/* Only tile `tile` goes on; the others go to sleep.  Uses t6. */
static inline void put_only(struct program *p, unsigned tile)
{
    put_csrr(p, T6, CSR_MHARTID);
    put(p, asm_i(OP_addi, T6, T6, -(int32_t)tile));
    unsigned go_on = put(p, asm_b(OP_beq, T6, ZERO, 0));
    put_sleep(p);
    land(p, go_on);
}

/* Lets about 2 x `rounds` cycles pass.  Uses t6. */
static inline void put_delay(struct program *p, uint64_t rounds)
{
    put_li(p, T6, rounds);
    unsigned loop = put(p, asm_i(OP_addi, T6, T6, -1));
    put_branch(p, OP_bne, T6, ZERO, loop);
}

#endif
