/* The commit log: from events to lines as Spike writes them. */
#include "traces/tests/trace_file.h"

static char log_path[4200];
static char *log_text;

static void make_log(void)
{
    make_file();
    snprintf(log_path, sizeof log_path, "%s.log", trace_path);
}

static void remove_log(void)
{
    unlink(log_path);
    mem_free(log_text);
    remove_file();
}

TestSuite(commit_log, .init = make_log, .fini = remove_log);

static struct trace *create_log(const char *path)
{
    struct trace_header header = {.tiles = TEST_TILES};
    struct trace *t = trace_create(path, &header, &error);
    cr_assert(trace_add_commit_log(t, log_path, &error), "%s", error.text);
    return t;
}

static void expect_log(struct trace *t, const char *expected)
{
    cr_assert(trace_close(t, &error), "%s", error.text);
    FILE *f = fopen(log_path, "r");
    log_text = mem_alloc(65536);
    log_text[fread(log_text, 1, 65535, f)] = '\0';
    fclose(f);
    cr_assert_str_eq(log_text, expected, "\n%s\nis not\n%s", log_text, expected);
}

Test(commit_log, writes_registers_accesses_and_control_registers)
{
    struct trace *t = create_log(NULL);
    trace_insn(t, 0, 1, 0x80000000, 0x00000297, 3, 5, 0x80000000);
    trace_insn(t, 0, 2, 0x80000004, 0x30529073, 3, 0, 0);
    trace_csr(t, 0, 2, 0x305, 0x80000044);
    trace_insn(t, 0, 3, 0x80000008, 0x00b5b52f, 3, 10, 7);
    trace_loaded(t, 0, 3, 0x80001000, 8);
    trace_stored(t, 0, 3, 0x80001000, 8, 9);
    trace_insn(t, 0, 4, 0x8000000c, 0x00a580a3, 0, 0, 0);
    trace_stored(t, 0, 4, 0x80001001, 1, 0xa);
    trace_insn(t, 0, 5, 0x80000010, 0x4501, 1, 10, 0);
    expect_log(t, "core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000\n"
                  "core   0: 3 0x0000000080000004 (0x30529073) c773_mtvec 0x0000000080000044\n"
                  "core   0: 3 0x0000000080000008 (0x00b5b52f) x10 0x0000000000000007"
                  " mem 0x0000000080001000 mem 0x0000000080001000 0x0000000000000009\n"
                  "core   0: 0 0x000000008000000c (0x00a580a3) mem 0x0000000080001001 0x0a\n"
                  "core   0: 1 0x0000000080000010 (0x4501) x10 0x0000000000000000\n");
}

Test(commit_log, passes_over_everything_that_is_no_instruction)
{
    struct trace *t = create_log(NULL);
    trace_insn(t, 0, 1, 0x80000000, 0x13, 3, 0, 0);
    trace_trap(t, 0, 2, 2, 0x80000004, 0, 3, 3);
    trace_sleep(t, 0, 3, 1, 0);
    trace_console(t, 0, 4, "text", 4);
    trace_packet(t, 1, 5, TRACE_SENT, 1, 3, 5, 0x80001000);
    expect_log(t, "core   0: 3 0x0000000080000000 (0x00000013)\n");
}

Test(commit_log, orders_lines_by_cycle_and_hart)
{
    struct trace *t = create_log(NULL);
    trace_insn(t, 3, 1, 0x80000000, 0x13, 3, 0, 0);
    trace_insn(t, 3, 2, 0x80000004, 0x13, 3, 0, 0);
    trace_stored(t, 3, 2, 0x80001000, 4, 3);
    trace_insn(t, 1, 2, 0x80000000, 0x13, 3, 0, 0);
    trace_stored(t, 1, 2, 0x80001000, 4, 1);
    expect_log(t,
               "core   3: 3 0x0000000080000000 (0x00000013)\n"
               "core   1: 3 0x0000000080000000 (0x00000013) mem 0x0000000080001000 0x00000001\n"
               "core   3: 3 0x0000000080000004 (0x00000013) mem 0x0000000080001000 0x00000003\n");
}

Test(commit_log, is_written_beside_a_trace)
{
    struct trace *t = create_log(trace_path);
    struct trace_event event;
    trace_insn(t, 0, 1, 0x80000000, 0x13, 3, 0, 0);
    expect_log(t, "core   0: 3 0x0000000080000000 (0x00000013)\n");
    struct trace_reader *r = trace_open(trace_path, &error);
    cr_assert_not_null(r, "%s", error.text);
    cr_assert_eq(trace_next(r, &event, &error), TRACE_READ_EVENT);
    cr_assert_eq(event.kind, TRACE_INSN);
    cr_assert_eq(trace_next(r, &event, &error), TRACE_READ_END);
    trace_reader_close(r);
}

Test(commit_log, full_disk_is_reported_with_the_files_name)
{
    struct trace_header header = {.tiles = 1};
    struct trace *t = trace_create(NULL, &header, &error);
    cr_assert(trace_add_commit_log(t, "/dev/full", &error));
    trace_insn(t, 0, 1, 0x80000000, 0x13, 3, 0, 0);
    cr_assert_not(trace_close(t, &error));
    cr_assert_eq(error.status, EXIT_STATUS_IO);
    cr_assert(strstr(error.text, "/dev/full"), "%s", error.text);
}

Test(commit_log, refused_file_is_reported)
{
    struct trace_header header = {.tiles = 1};
    struct trace *t = trace_create(NULL, &header, &error);
    cr_assert_not(trace_add_commit_log(t, "/nowhere/at/all", &error));
    cr_assert_eq(error.status, EXIT_STATUS_IO);
    cr_assert(strstr(error.text, "/nowhere/at/all"), "%s", error.text);
    cr_assert(trace_close(t, &error));
}

Test(csr_name, numbers_ranges_and_own_registers)
{
    char text[CSR_NAME_MAX];
    cr_assert_str_eq(csr_name(0x300, text), "mstatus");
    cr_assert_str_eq(csr_name(0x3b0, text), "pmpaddr0");
    cr_assert_str_eq(csr_name(0x33f, text), "mhpmevent31");
    cr_assert_str_eq(csr_name(0x800, text), "mu_push");
    cr_assert_str_eq(csr_name(0x7ff, text), "");
}
