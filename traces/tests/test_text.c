/* The text view: what a person reads of each kind of event. */
#include "sim/abi/csr.h"
#include "traces/tests/trace_file.h"

static char *text;
static size_t text_bytes;

static void free_text(void)
{
    free(text);
    text = NULL;
    remove_file();
}

TestSuite(text, .init = make_file, .fini = free_text);

static const struct trace_filter everything = {.tile = TILE_NONE, .to = CYCLE_NEVER};

/* Ends the trace and prints it into `text`. */
static void print(struct trace *t, const struct trace_filter *filter)
{
    cr_assert(trace_close(t, &error));
    struct trace_reader *r = trace_open(trace_path, &error);
    cr_assert_not_null(r, "%s", error.text);
    FILE *out = open_memstream(&text, &text_bytes);
    cr_assert(trace_print_text(r, filter, out, &error), "%s", error.text);
    fclose(out);
    trace_reader_close(r);
}

static void expect(const char *expected)
{
    cr_assert_str_eq(text, expected, "\n%s\nis not\n%s", text, expected);
}

Test(text, shows_instruction_with_symbol_disassembly_and_value)
{
    struct trace *t = create_trace();
    trace_insn(t, 2, 17, 0x80000010, 0x00b50533, 3, 10, 7);
    trace_insn(t, 2, 18, 0x80000014, 0x00a13423, 3, 0, 0);
    print(t, &everything);
    expect("          17     2 M 0000000080000010 <_start+0x10>            "
           "add      a0, a0, a1              a0=0x7\n"
           "          18     2 M 0000000080000014 <_start+0x14>            "
           "sd       a0, 8(sp)\n");
}

Test(text, ends_an_instruction_with_what_it_did)
{
    struct trace *t = create_trace();
    trace_insn(t, 2, 17, 0x80000000, 0x00b5352f, 3, 10, 7);
    trace_loaded(t, 2, 17, 0x80001000, 8);
    trace_stored(t, 2, 17, 0x80001000, 8, 9);
    trace_insn(t, 2, 18, 0x80000004, 0x30529073, 3, 0, 0);
    trace_csr(t, 2, 18, 0x305, 0x80000044);
    trace_csr(t, 2, 18, 0x7ff, 1);
    trace_mark(t, 2, 18, 5);
    print(t, &everything);
    expect("          17     2 M 0000000080000000 <_start>                 "
           "amoadd.d a0, a1, (a0)            a0=0x7"
           "  from 0x80001000 <counter>  0x80001000 <counter>=0x9\n"
           "          18     2 M 0000000080000004 <_start+0x4>             "
           "csrw     mtvec, t0  mtvec=0x80000044  csr 0x7ff=0x1\n"
           "          18     2 M mark       number 5\n");
}

Test(text, names_the_source_line_where_a_tile_comes_to_another)
{
    static const uint64_t pc[] = {0x8000001c, 0x80000020, 0x80000024, 0x80000028, 0x80000020};
    static const char *const source[] = {"", "  # boot/start.S:7", "", "  # boot/start.S:8",
                                         "  # boot/start.S:7"};
    struct trace *t = create_trace();
    char line[64], *at;
    for (unsigned i = 0; i < 5; i++) {
        trace_insn(t, 0, i, pc[i], 0x13, 3, 0, 0);
        trace_insn(t, 1, i, 0x80000020, 0x13, 3, 0, 0);
    }
    print(t, &everything);
    at = text;
    for (unsigned i = 0; i < 5; i++) {
        snprintf(line, sizeof line, "nop%s\n", source[i]);
        at = strstr(at, "nop");
        cr_assert_eq(strncmp(at, line, strlen(line)), 0, "%u: %s", i, text);
        at = strstr(at + 3, "nop"); /* tile 1 */
        cr_assert_eq(strncmp(at, i ? "nop\n" : "nop  # boot/start.S:7\n", 4), 0, "%u: %s", i, text);
        at += 3;
    }
}

Test(text, shows_trap_and_the_privileges_around_it)
{
    struct trace *t = create_trace();
    trace_insn(t, 0, 1, 0x80000000, 0x00000013, 0, 0, 0);
    trace_trap(t, 0, 2, 8, 0x80000004, 0, 0, 1);
    trace_mark(t, 0, 3, 42);
    trace_return(t, 0, 4, 0x80000008, 1, 0);
    trace_trap(t, 0, 5, (uint64_t)1 << 63 | IRQ_MESSAGE, 0x80000008, 0, 0, 1);
    print(t, &everything);
    expect("           1     0 U 0000000080000000 <_start>                 nop\n"
           "           2     0 U trap       cause 8 (environment call from U-mode)  from U  to S"
           "  epc 0x80000004 <_start+0x4>  tval 0x0\n"
           "           3     0 S mark       number 42\n"
           "           4     0 S return     from S  to U  pc 0x80000008 <_start+0x8>\n"
           "           5     0 U trap       cause 16 (message interrupt)  from U  to S"
           "  epc 0x80000008 <_start+0x8>  tval 0x0\n");
}

Test(text, shows_caches_and_packets_by_name)
{
    struct trace *t = create_trace();
    trace_miss(t, 1, 10, TRACE_MISS, TRACE_STORE, 0x80001000);
    trace_sleep(t, 1, 10, 1, 0x80001000);
    trace_packet(t, 1, 12, TRACE_SENT, 1, 3, 5, 0x80001000);
    trace_packet(t, 3, 20, TRACE_RECEIVED, 7, 1, 5, 0x80001000);
    trace_wake(t, 1, 30, 1, 0x80000004);
    trace_miss(t, 1, 30, TRACE_MISS_END, TRACE_STORE, 0x80001000);
    print(t, &everything);
    expect("          10     1 M miss       access store  line 0x80001000 <counter>\n"
           "          10     1 M sleep      for line  on 0x80001000 <counter>\n"
           "          12     1 - sent       type GetM  to 3  flits 5  about 0x80001000 <counter>\n"
           "          20     3 - received   type 7  from 1  flits 5  about 0x80001000 <counter>\n"
           "          30     1 - miss_end   access store  line 0x80001000 <counter>\n"
           "          30     1 M wake       after line  pc 0x80000004 <_start+0x4>\n");
}

Test(text, shows_messages)
{
    struct trace *t = create_trace();
    trace_send(t, 0, 5, MU_NO_CREDITS, 9, 4, 8, 0xcafe);
    trace_message(t, 4, 40, 2, 0, 8, 0xcafe);
    print(t, &everything);
    expect("           5     0 M send       status no credits  endpoint 9  to 4  words 8"
           "  label 0xcafe\n"
           "          40     4 - message    queue 2  from 0  words 8  label 0xcafe\n");
}

Test(text, joins_the_pieces_of_console_text)
{
    struct trace *t = create_trace();
    const char *exactly_24 = "abcdefghijklmnopqrstuvwx";
    trace_console(t, 0, 1, "", 0);
    trace_console(t, 0, 2, exactly_24, 24);
    trace_console(t, 0, 3, "a line of more than twenty-four bytes \"quoted\"\n", 47);
    print(t, &everything);
    expect("           1     0 M console    \"\"\n"
           "           2     0 M console    \"abcdefghijklmnopqrstuvwx\"\n"
           "           3     0 M console    \"a line of more than twenty-four bytes "
           "\\\"quoted\\\"\\x0a\"\n");
}

Test(text, filters_by_tile_and_cycle_and_keeps_the_privilege)
{
    struct trace *t = create_trace();
    trace_trap(t, 1, 10, 9, 0x80000000, 0, 1, 3);
    trace_trap(t, 1, 11, 8, 0x80000000, 0, 0, 1);
    trace_mark(t, 1, 20, 1);
    trace_mark(t, 2, 20, 2);
    trace_mark(t, 1, 31, 3);
    print(t, &(struct trace_filter){.tile = 1, .from = 20, .to = 30});
    expect("          20     1 S mark       number 1\n");
}

Test(text, every_kind_has_a_name_and_a_line)
{
    struct trace *t = create_trace();
    for (unsigned kind = 0; kind < TRACE_KINDS; kind++)
        trace_emit(t, 0, kind, kind, 0x01, 0x8000000000000000u, ~0u);
    print(t, &everything);
    unsigned lines = 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    cr_assert_eq(lines, TRACE_KINDS, "%s", text);
    for (unsigned kind = 0; kind < TRACE_KINDS; kind++) {
        cr_assert_gt(strlen(trace_info[kind].meaning), 10);
        if (kind != TRACE_INSN)
            cr_assert(strstr(text, trace_info[kind].name), "%s", trace_info[kind].name);
    }
}

Test(text, prints_the_good_part_of_a_damaged_trace_and_fails)
{
    struct trace *t = create_trace();
    size_t bytes;
    for (unsigned i = 0; i < 40000; i++)
        trace_mark(t, 0, i, i);
    cr_assert(trace_close(t, &error));
    uint8_t *data = read_bytes(&bytes);
    write_bytes(data, bytes - 50);
    mem_free(data);
    struct trace_reader *r = trace_open(trace_path, &error);
    FILE *out = open_memstream(&text, &text_bytes);
    cr_assert_not(trace_print_text(r, &everything, out, &error));
    fclose(out);
    trace_reader_close(r);
    cr_assert_eq(error.status, EXIT_STATUS_INPUT);
    cr_assert(strstr(error.text, "after 32768 events"), "%s", error.text);
    cr_assert(strstr(text, "number 32767\n"));
    cr_assert_not(strstr(text, "number 32768\n"));
}

Test(text, names_causes)
{
    cr_assert_str_eq(trap_cause_name(2), "illegal instruction");
    cr_assert_str_eq(trap_cause_name((uint64_t)1 << 63 | 7), "machine timer interrupt");
    cr_assert_str_eq(trap_cause_name(10), "unknown exception");
    cr_assert_str_eq(trap_cause_name(UINT64_MAX), "unknown interrupt");
}
