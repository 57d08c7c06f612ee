/*
 * The trace for Perfetto: that it is JSON, that spans nest and end whatever a
 * program does, and what is shown of calls, traps, waits and the rest.
 */
#include <jansson.h>

#include "sim/base/rng.h"
#include "traces/tests/trace_file.h"

enum { DEPTH_MAX = 300 };

static char *text;
static size_t text_bytes;
static json_t *root;

static void make(void)
{
    make_file();
    symbols_add(&trace_symbols, SYMBOL_FUNCTION, "main", 0x80000100, 0x100);
    symbols_add(&trace_symbols, SYMBOL_FUNCTION, "leaf", 0x80000200, 0x100);
    symbols_add(&trace_symbols, SYMBOL_FUNCTION, "other", 0x80000300, 0x100);
    symbols_add(&trace_symbols, SYMBOL_FUNCTION, "handler", 0x80000400, 0x100);
    symbols_sort(&trace_symbols);
}

static void drop(void)
{
    json_decref(root);
    free(text);
    remove_file();
}

TestSuite(perfetto, .init = make, .fini = drop);

static const struct trace_filter everything = {.tile = TILE_NONE, .to = CYCLE_NEVER};

enum {
    NOP = 0x00000013,
    CALL = 0x000000ef,     /* jal ra */
    CALL_REG = 0x000780e7, /* jalr ra, a5 */
    RET = 0x00008067,      /* jalr zero, ra */
    JUMP = 0x0000006f,     /* jal zero */
    JUMP_REG = 0x00078067, /* jalr zero, a5 */
    C_NOP = 0x0001,
    C_JALR = 0x9782, /* c.jalr a5 */
    C_RET = 0x8082   /* c.jr ra */
};
#define MAIN    UINT64_C(0x80000100)
#define LEAF    UINT64_C(0x80000200)
#define OTHER   UINT64_C(0x80000300)
#define HANDLER UINT64_C(0x80000400)

static struct trace *t;
static cycle_t now;

static void insn(uint64_t pc, uint32_t bits)
{
    trace_insn(t, 0, now++, pc, bits, 3, 0, 0);
}

/* ---- what every output must hold ------------------------------------------------- */

struct open_spans {
    unsigned count;
    double last; /* time of the track's last event */
};

static void check_span(const json_t *event, struct open_spans *track)
{
    const char *phase = json_string_value(json_object_get(event, "ph"));
    double time = json_real_value(json_object_get(event, "ts"));
    cr_assert(json_is_integer(json_object_get(event, "tid")));
    cr_assert(json_is_real(json_object_get(event, "ts")));
    cr_assert_geq(time, track->last, "time runs backwards at %f", time);
    track->last = time;
    if (*phase == 'B') {
        cr_assert(*json_string_value(json_object_get(event, "name")));
        cr_assert_lt(++track->count, DEPTH_MAX);
    } else if (*phase == 'E') {
        cr_assert_gt(track->count--, 0, "an end without a begin at %f", time);
    }
}

/* Well-formed, every begin has its end, times of a track run forwards. */
static void check_structure(void)
{
    struct open_spans track[TEST_TILES + 1] = {0};
    json_error_t why;
    size_t i;
    json_t *event;
    root = json_loadb(text, text_bytes, JSON_REJECT_DUPLICATES, &why);
    cr_assert_not_null(root, "line %d: %s", why.line, why.text);
    json_array_foreach(json_object_get(root, "traceEvents"), i, event)
    {
        const char *phase = json_string_value(json_object_get(event, "ph"));
        cr_assert(strchr("BEiCM", *phase) && json_is_integer(json_object_get(event, "pid")));
        if (*phase != 'M' && *phase != 'C')
            check_span(event, &track[json_integer_value(json_object_get(event, "tid"))]);
    }
    for (unsigned tid = 0; tid <= TEST_TILES; tid++)
        cr_assert_eq(track[tid].count, 0, "%u spans stay open", track[tid].count);
}

/* Ends the trace and prints it into `text`. */
static void print(const struct trace_filter *filter)
{
    cr_assert(trace_close(t, &error));
    struct trace_reader *r = trace_open(trace_path, &error);
    FILE *out = open_memstream(&text, &text_bytes);
    cr_assert(trace_print_perfetto(r, filter, out, &error), "%s", error.text);
    fclose(out);
    trace_reader_close(r);
    check_structure();
}

/* The spans and instants of thread `tid`, as "0.001 B main; 0.003 E; ...". */
static void expect_track(int tid, const char *expected)
{
    static char got[65536];
    char *end = got;
    size_t i;
    json_t *event;
    *got = '\0';
    json_array_foreach(json_object_get(root, "traceEvents"), i, event)
    {
        const char *phase = json_string_value(json_object_get(event, "ph"));
        const json_t *name = json_object_get(event, "name");
        if (!strchr("BEi", *phase) || json_integer_value(json_object_get(event, "tid")) != tid)
            continue;
        end += sprintf(end, "%.3f %s%s%s; ", json_real_value(json_object_get(event, "ts")), phase,
                       name ? " " : "", name ? json_string_value(name) : "");
    }
    cr_assert_str_eq(got, expected, "\n%s\nis not\n%s", got, expected);
}

/* ---- calls ---------------------------------------------------------------------------- */

Test(perfetto, shows_calls_and_returns_as_nested_spans)
{
    t = create_trace();
    insn(MAIN, CALL);
    insn(LEAF, NOP);
    insn(LEAF + 4, CALL_REG);
    insn(OTHER, RET);
    insn(LEAF + 8, RET);
    insn(MAIN + 4, NOP);
    print(&everything);
    expect_track(1, "0.000 B main; 0.001 B leaf; 0.003 B other; 0.004 E; 0.005 E; 0.005 E; ");
}

Test(perfetto, follows_compressed_calls_and_returns)
{
    t = create_trace();
    insn(MAIN, C_NOP);
    insn(MAIN + 2, C_JALR);
    insn(LEAF, C_RET);
    insn(MAIN + 4, C_NOP);
    print(&everything);
    expect_track(1, "0.000 B main; 0.002 B leaf; 0.003 E; 0.003 E; ");
}

Test(perfetto, recursion_opens_a_span_each_time)
{
    t = create_trace();
    insn(MAIN, CALL);
    insn(LEAF, CALL);
    insn(LEAF, RET);
    insn(LEAF + 4, RET);
    insn(MAIN + 4, NOP);
    print(&everything);
    expect_track(1, "0.000 B main; 0.001 B leaf; 0.002 B leaf; 0.003 E; 0.004 E; 0.004 E; ");
}

Test(perfetto, tail_call_takes_the_place_of_its_caller)
{
    t = create_trace();
    insn(MAIN, CALL);
    insn(LEAF, JUMP);
    insn(OTHER, RET);
    insn(MAIN + 4, NOP);
    print(&everything);
    expect_track(1, "0.000 B main; 0.001 B leaf; 0.002 E; 0.002 B other; 0.003 E; 0.003 E; ");
}

Test(perfetto, longjmp_ends_all_that_it_leaves)
{
    t = create_trace();
    insn(MAIN, CALL);
    insn(LEAF, CALL);
    insn(OTHER, RET);
    insn(MAIN + 0x40, NOP); /* not where anything was called from */
    print(&everything);
    expect_track(1, "0.000 B main; 0.001 B leaf; 0.002 B other; 0.003 E; 0.003 E; 0.003 E; ");
}

Test(perfetto, code_without_symbol_is_one_span_by_its_address)
{
    t = create_trace();
    insn(MAIN, CALL);
    insn(0x80009000, NOP);
    insn(0x80009004, RET);
    insn(MAIN + 4, NOP);
    print(&everything);
    expect_track(1, "0.000 B main; 0.001 B 0x80009000; 0.003 E; 0.003 E; ");
}

Test(perfetto, calls_beyond_the_depth_that_is_shown_stay_nested)
{
    t = create_trace();
    for (unsigned i = 0; i < 1000; i++)
        insn(LEAF + 4 * (i % 8), CALL);
    for (unsigned i = 1000; i-- > 0;)
        insn(LEAF + 4 * (i % 8) + 4, RET);
    print(&everything);
}

/* ---- traps, waits, points ------------------------------------------------------------------ */

Test(perfetto, trap_holds_its_handler_and_ends_with_the_return)
{
    t = create_trace();
    insn(MAIN, CALL);
    trace_trap(t, 0, now++, 8, LEAF, 0, 0, 3);
    insn(HANDLER, NOP);
    trace_return(t, 0, now++, LEAF, 3, 0);
    insn(LEAF, RET); /* the call was on its way when the trap came */
    insn(MAIN + 4, NOP);
    print(&everything);
    expect_track(1, "0.000 B main; 0.001 B environment call from U-mode; 0.002 B handler; "
                    "0.003 E; 0.003 E; 0.004 B leaf; 0.005 E; 0.005 E; ");
}

Test(perfetto, handler_that_switches_to_other_code_ends_what_was_interrupted)
{
    t = create_trace();
    insn(MAIN, NOP);
    trace_trap(t, 0, now++, (uint64_t)1 << 63 | 7, MAIN + 4, 0, 3, 3);
    insn(HANDLER, NOP);
    trace_return(t, 0, now++, OTHER, 3, 3);
    insn(OTHER, NOP);
    print(&everything);
    expect_track(1, "0.000 B main; 0.001 B machine timer interrupt; 0.002 B handler; 0.003 E; "
                    "0.003 E; 0.004 E; 0.004 B other; 0.004 E; ");
}

Test(perfetto, return_without_a_trap_starts_other_code)
{
    t = create_trace();
    insn(MAIN, NOP);
    trace_return(t, 0, now++, OTHER, 3, 0);
    insn(OTHER, NOP);
    print(&everything);
    expect_track(1, "0.000 B main; 0.002 E; 0.002 B other; 0.002 E; ");
}

Test(perfetto, waits_say_what_for)
{
    t = create_trace();
    insn(MAIN, NOP);
    trace_sleep(t, 0, 5, 2, 0x3);
    trace_wake(t, 0, 9, 2, MAIN + 4);
    now = 10;
    insn(MAIN + 4, NOP);
    trace_sleep(t, 3, 7, 1, 0x80001000);
    trace_mark(t, 1, 1234567, 42);
    print(&everything);
    expect_track(1, "0.000 B main; 0.005 B message; 0.009 E; 1234.567 E; ");
    expect_track(4, "0.007 B line; 1234.567 E; ");
    expect_track(2, "1234.567 i mark 42; ");
}

Test(perfetto, console_and_messages_are_points_with_every_byte_escaped)
{
    t = create_trace();
    trace_console(t, 0, 1, "a \"line\" \\ of \xff, longer than a piece\n", 38);
    trace_send(t, 0, 2, 0, 9, 4, 8, UINT64_MAX);
    print(&everything);
    expect_track(1, "0.001 i a \"line\" \\ of \u00ff, longer than a piece\n; 0.002 i send; ");
}

Test(perfetto, head_says_what_a_cycle_is_and_names_harts)
{
    t = create_trace();
    insn(MAIN, NOP);
    print(&everything);
    const json_t *data = json_object_get(root, "otherData");
    cr_assert_str_eq(json_string_value(json_object_get(data, "clock")), "1 cycle is shown as 1 ns");
    cr_assert_str_eq(json_string_value(json_object_get(data, "guest")), "guest.elf");
    cr_assert_str_eq(json_string_value(json_object_get(root, "displayTimeUnit")), "ns");
    cr_assert(strstr(text, "\"name\":\"thread_name\",\"args\":{\"name\":\"hart 0\"}"));
}

Test(perfetto, counts_over_windows)
{
    t = create_trace();
    for (now = 0; now < 512;)
        insn(MAIN, NOP);
    trace_packet(t, 1, 600, TRACE_SENT, 1, 3, 5, 0);
    print(&everything);
    cr_assert(
        strstr(text, "\"ts\":0.000,\"name\":\"instructions\",\"args\":{\"per cycle\":1.000}"));
    cr_assert(
        strstr(text, "\"ts\":0.512,\"name\":\"instructions\",\"args\":{\"per cycle\":0.000}"));
    cr_assert(
        strstr(text, "\"ts\":0.512,\"name\":\"packets sent\",\"args\":{\"per cycle\":0.003}"));
}

Test(perfetto, part_of_a_trace_opens_and_closes_at_its_borders)
{
    t = create_trace();
    insn(MAIN, CALL);
    for (unsigned i = 0; i < 20; i++)
        insn(LEAF + 4 * i, NOP);
    trace_insn(t, 1, 3, OTHER, NOP, 3, 0, 0);
    trace_insn(t, 2, 30, OTHER, NOP, 3, 0, 0);
    print(&(struct trace_filter){.tile = TILE_NONE, .from = 10, .to = 15});
    expect_track(1, "0.010 B main; 0.010 B leaf; 0.015 E; 0.015 E; ");
    expect_track(2, "0.010 B other; 0.015 E; ");
    expect_track(3, "");
}

Test(perfetto, one_tile_alone)
{
    t = create_trace();
    insn(MAIN, NOP);
    trace_insn(t, 1, 3, OTHER, NOP, 3, 0, 0);
    print(&(struct trace_filter){.tile = 1, .to = CYCLE_NEVER});
    expect_track(1, "");
    expect_track(2, "0.003 B other; 0.003 E; ");
}

/* ---- anything at all ------------------------------------------------------------------------- */

static void random_event(struct rng *rng)
{
    static const uint32_t bits[] = {NOP,      CALL,  CALL_REG, RET,   JUMP,
                                    JUMP_REG, C_NOP, C_JALR,   C_RET, 0x000280e7};
    tile_id tile = (tile_id)rng_below(rng, 2);
    uint64_t pc = MAIN - 0x80 + 2 * rng_below(rng, 0x280);
    switch (rng_below(rng, 24)) {
    case 0:
        trace_trap(t, tile, now, rng_below(rng, 16), pc, 0, 0, 3);
        break;
    case 1:
        trace_return(t, tile, now, pc, 3, 0);
        break;
    case 2:
        trace_sleep(t, tile, now, (unsigned)rng_below(rng, 5), pc);
        break;
    case 3:
        trace_wake(t, tile, now, 1, pc);
        break;
    default:
        trace_insn(t, tile, now, pc, bits[rng_below(rng, sizeof bits / sizeof bits[0])], 3, 0, 0);
    }
}

Test(perfetto, spans_nest_and_end_whatever_happens)
{
    struct rng rng = rng_stream(1, 2);
    t = create_trace();
    for (now = 0; now < 20000; now++)
        random_event(&rng);
    print(&everything);
}

Test(perfetto, spans_nest_and_end_in_any_part_of_it)
{
    struct rng rng = rng_stream(3, 4);
    t = create_trace();
    for (now = 0; now < 20000; now++)
        random_event(&rng);
    print(&(struct trace_filter){.tile = TILE_NONE, .from = 7777, .to = 15555});
}

Test(perfetto, endless_traps_stay_bounded)
{
    t = create_trace();
    for (now = 0; now < 5000; now++)
        trace_trap(t, 0, now, 2, HANDLER, 0, 3, 3);
    print(&everything);
}

Test(perfetto, what_a_damaged_trace_holds_is_still_well_formed)
{
    size_t bytes;
    t = create_trace();
    for (unsigned i = 0; i < 40000; i++)
        insn(MAIN, NOP);
    cr_assert(trace_close(t, &error));
    uint8_t *data = read_bytes(&bytes);
    write_bytes(data, bytes - 50);
    mem_free(data);
    struct trace_reader *r = trace_open(trace_path, &error);
    FILE *out = open_memstream(&text, &text_bytes);
    cr_assert_not(trace_print_perfetto(r, &everything, out, &error));
    fclose(out);
    trace_reader_close(r);
    cr_assert_eq(error.status, EXIT_STATUS_INPUT);
    check_structure();
    expect_track(1, "0.000 B main; 32.767 E; ");
}
