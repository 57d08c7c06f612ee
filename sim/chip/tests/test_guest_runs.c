/*
 * The guest operating system on whole machines: a run is repeatable, and the
 * manner of running does not show in it.  The guest's ELF is the build's
 * ($B/guest/tessera-os.elf, B as make test passes it on).
 */
#include <stdlib.h>
#include <unistd.h>

#include "sim/chip/tests/machine.h"
#include "traces/traces.h"

static struct elf_image guest;
static char trace_path[4096];

static void load(void)
{
    char path[4096];
    struct error e;
    const char *build = getenv("B");
    snprintf(path, sizeof path, "%s/guest/tessera-os.elf", build ? build : "build");
    cr_assert(elf_load(&guest, path, &e), "%s", e.text);
    const char *directory = getenv("TMPDIR");
    snprintf(trace_path, sizeof trace_path, "%s/tessera-runs-XXXXXX",
             directory ? directory : P_tmpdir);
    close(mkstemp(trace_path));
}

static void unload(void)
{
    unlink(trace_path);
    elf_free(&guest);
}

TestSuite(guest_runs, .init = load, .fini = unload);

struct point {
    uint32_t width, height, concentration, router_cycles;
    const char *bootargs;
};

static const struct point points[] = {
    {2, 2, 1, 3, "bench=update mode=shm1 transport=none cores=4 ops=20 warmup=4"},
    {2, 2, 1, 1, "bench=update mode=shm4 transport=none lock=mcs cores=3 ops=20 warmup=4"},
    {2, 2, 1, 3, "bench=update mode=msg1 transport=urpc cores=4 ops=20 warmup=4"},
    {2, 2, 1, 4, "bench=update mode=msg1 transport=noc cores=4 ops=20 warmup=4"},
    {3, 2, 1, 2, "bench=update mode=msg8 transport=noc cores=6 ops=20 warmup=4"},
    {3, 2, 1, 3, "bench=update mode=msg1 transport=urpc cores=5 ops=20 warmup=4"},
    {2, 1, 2, 1, "bench=update mode=msg8 transport=urpc cores=4 ops=20 warmup=4"},
    {2, 1, 4, 3, "bench=update mode=shm8 transport=none cores=8 ops=20 warmup=4"},
};
enum { POINTS = sizeof points / sizeof points[0] };

struct manner {
    const char *name;
    uint8_t order;
    bool check;
    cycle_t lookahead; /* 0: as long as is right */
};

static void build(struct machine *m, const struct point *p, const struct manner *how,
                  struct trace *trace)
{
    struct error e;
    machine_begin(m, p->width, p->height);
    m->cfg.mesh_concentration = p->concentration;
    m->cfg.mesh_router_cycles = p->router_cycles;
    m->cfg.memory_dram_mib = 64;
    m->cfg.sim_tile_order = how->order;
    m->cfg.sim_check = how->check;
    m->options.bootargs = p->bootargs;
    m->options.trace = trace;
    m->chip = chip_create(&m->cfg, &m->options, &e);
    cr_assert_not_null(m->chip, "%s", e.text);
    cr_assert(chip_load(m->chip, &guest, &e), "%s", e.text);
    if (how->lookahead && how->lookahead < m->chip->engine.lookahead)
        m->chip->engine.lookahead = how->lookahead;
}

static void run(struct machine *m, const struct point *p, const struct manner *how,
                struct trace *trace)
{
    build(m, p, how, trace);
    cr_assert_eq(machine_go(m), CHIP_EXIT, "%s, %s: %s", p->bootargs, how->name, m->console);
    cr_assert_eq(chip_exit_status(m->chip), 0, "%s", m->console);
}

static void check_equal(const struct machine *a, const struct machine *b, const struct point *p,
                        const char *what)
{
    cr_assert_eq(a->results.cycles, b->results.cycles, "%s, %s", p->bootargs, what);
    for (unsigned i = 0; i < a->results.stats.count; i++)
        cr_assert_eq(a->results.stats.item[i].value, b->results.stats.item[i].value, "%s, %s: %s",
                     p->bootargs, what, a->results.stats.item[i].name);
    cr_assert_eq(a->results.series_count, b->results.series_count);
    for (unsigned i = 0; i < a->results.series_count; i++) {
        cr_assert_str_eq(a->results.series[i].name, b->results.series[i].name);
        cr_assert_eq(a->results.series[i].hist->sum, b->results.series[i].hist->sum);
    }
    cr_assert_str_eq(a->console, b->console);
    cr_assert_eq(a->results.state_hash, b->results.state_hash, "%s, %s", p->bootargs, what);
}

static const struct manner plain = {"plain", 0, false, 0};

static void compare(const struct manner *how)
{
    static struct machine one, other;
    for (unsigned i = 0; i < POINTS; i++) {
        run(&one, &points[i], &plain, NULL);
        run(&other, &points[i], how, NULL);
        cr_assert_gt(one.results.series_count, 0, "the bench has reported");
        check_equal(&one, &other, &points[i], how->name);
        machine_end(&one);
        machine_end(&other);
    }
}

Test(guest_runs, a_run_twice_gives_the_same_results)
{
    compare(&plain);
}

Test(guest_runs, the_order_of_tiles_does_not_show)
{
    compare(&(struct manner){"reverse", 1, false, 0});
    compare(&(struct manner){"shuffled", 2, false, 0});
}

Test(guest_runs, checking_does_not_show)
{
    compare(&(struct manner){"checked", 0, true, 0});
}

Test(guest_runs, the_length_of_slices_does_not_show)
{
    compare(&(struct manner){"slices of 1", 0, false, 1});
    compare(&(struct manner){"slices of 3", 2, false, 3});
    compare(&(struct manner){"slices of 5, checked", 1, true, 5});
}

/* ---- tracing ------------------------------------------------------------------------ */

static struct trace *create_trace(unsigned tiles)
{
    static const char *const none[] = {"none"};
    struct trace_header header = {.tiles = tiles,
                                  .guest = "test",
                                  .config = "",
                                  .packets = {none, 1},
                                  .waits = {none, 1},
                                  .symbols = &guest.symbols};
    struct error e;
    struct trace *trace = trace_create(trace_path, &header, &e);
    cr_assert_not_null(trace, "%s", e.text);
    return trace;
}

/* Instructions that the trace shows as retired, by tile. */
static void count_instructions(uint64_t *count)
{
    struct error e;
    struct trace_event event;
    struct trace_reader *reader = trace_open(trace_path, &e);
    cr_assert_not_null(reader, "%s", e.text);
    while (trace_next(reader, &event, &e) == TRACE_READ_EVENT)
        count[event.tile] += event.kind == TRACE_INSN;
    trace_reader_close(reader);
}

/* Instructions are never counted one by one, they are cycles less stalls: the
 * trace says whether that is true. */
Test(guest_runs, tracing_does_not_show_and_has_every_instruction_that_is_counted)
{
    static struct machine one, traced;
    struct error e;
    for (unsigned i = 0; i < POINTS; i += 3) {
        uint64_t count[16] = {0};
        run(&one, &points[i], &plain, NULL);
        struct trace *trace = create_trace(one.chip->engine.tiles);
        run(&traced, &points[i], &plain, trace);
        cr_assert(trace_close(trace, &e), "%s", e.text);
        check_equal(&one, &traced, &points[i], "traced");
        count_instructions(count);
        for (unsigned t = 0; t < one.chip->engine.tiles; t++)
            cr_assert_eq(hart_instructions(&traced.chip->hart[t]), count[t],
                         "tile %u: %llu counted, %llu traced", t,
                         (unsigned long long)hart_instructions(&traced.chip->hart[t]),
                         (unsigned long long)count[t]);
        machine_end(&one);
        machine_end(&traced);
    }
}
