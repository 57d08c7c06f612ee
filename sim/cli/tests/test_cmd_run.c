/* tessera run: what it refuses before the run, what it warns of, where results go. */
#include "sim/cli/cli.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/cli/tests/tiny_guest.h"

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

static void enter_folder(void)
{
    char folder[] = "/tmp/tessera-test-XXXXXX";
    argp_err_exit_status = EXIT_STATUS_USAGE;
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    write_file("m.yaml", "mesh: {width: 1, height: 1}\n");
    struct tiny_guest g = tiny_guest_make(7);
    tiny_guest_write(&g, "g.elf");
    cr_redirect_stdout();
    cr_redirect_stderr();
}

static void leave_folder(void)
{
    char command[128], folder[96];
    cr_assert_not_null(getcwd(folder, sizeof folder));
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(cmd_run, .init = enter_folder, .fini = leave_folder, .timeout = 60);

enum { WORDS_MAX = 12 };

/* Runs the command on m.yaml with these words, NULL at the end. */
static int run(char *const *words)
{
    char name[] = "tessera run", machine[] = "m.yaml";
    char *argv[WORDS_MAX + 3] = {name, machine};
    int argc = 2;
    for (; *words; words++)
        argv[argc++] = *words;
    int status = cmd_run(argc, argv);
    fflush(stdout);
    fflush(stderr);
    return status;
}
#define RUN(...) run((char *const[]){__VA_ARGS__, NULL})

/* What stderr holds so far. */
static const char *said(void)
{
    static char text[4096];
    text[fread(text, 1, sizeof text - 1, cr_get_redirected_stderr())] = 0;
    return text;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    cr_assert_not_null(text, "no text %s", key);
    return text;
}

Test(cmd_run, stats_say_what_was_run)
{
    cr_assert_eq(RUN("-g", "g.elf", "-b", "a=1 b=2", "--set=l1d.kib=8", "--stats", "new/x.json"),
                 7);
    json_error_t error;
    json_t *o = json_load_file("new/x.json", 0, &error);
    cr_assert_not_null(o, "%s", error.text);
    cr_expect_str_eq(text_of(o, "guest"), "g.elf");
    cr_expect_str_eq(text_of(o, "bootargs"), "a=1 b=2");
    cr_expect_str_eq(text_of(o, "machine"), "m");
    cr_expect_not_null(strstr(text_of(o, "config"), "l1d:\n  kib: 8\n"));
    cr_expect_eq(json_integer_value(json_object_get(o, "exit_code")), 7);
    cr_expect_not(exists("new/x.json~"));
    json_decref(o);
}

/* A guest that names two series "n", in the units "a" and "b", before it ends. */
static void write_guest_of_two_units(const char *path)
{
    static const uint32_t naming[] = {
        0x002003b7,             /* lui t2, 0x200: the simulation-control page */
        0x06e00293,             /* li t0, 'n' */
        0x00538423, 0x00038423, /* sb t0, NAME(t2); sb zero, NAME(t2) */
        0x06100e13, 0x01c38423, /* li t3, 'a'; sb t3, NAME(t2) */
        0x0103be83,             /* ld t4, SERIES(t2) */
        0x00538423, 0x00038423, 0x001e0e13, 0x01c38423, 0x0103be83, /* the same, 'a' + 1 */
    };
    enum { WORDS = sizeof naming / sizeof *naming };
    struct tiny_guest g = tiny_guest_make(0);
    memmove(&g.code[WORDS], g.code, 4 * sizeof *g.code);
    memcpy(g.code, naming, sizeof naming);
    g.code[WORDS + 2] = 0x0062b823; /* sd t1, 16(t0): tohost is 64 bytes behind the start */
    tiny_guest_write(&g, path);
}

Test(cmd_run, series_of_one_name_and_two_units_are_both_told)
{
    write_guest_of_two_units("two.elf");
    cr_assert_eq(RUN("-g", "two.elf", "--stats", "s.json", "--max-cycles=10000"), 0);
    json_t *o = json_load_file("s.json", 0, NULL);
    const json_t *results = json_object_get(o, "results");
    cr_assert_eq(json_object_size(results), 2);
    cr_expect_str_eq(text_of(json_object_get(results, "n"), "unit"), "a");
    cr_expect_str_eq(text_of(json_object_get(results, "n (b)"), "unit"), "b");
    json_decref(o);
}

Test(cmd_run, stats_go_to_standard_output_when_asked)
{
    cr_assert_eq(RUN("-g", "g.elf", "--stats", "-"), 7);
    json_error_t error;
    json_t *o = json_loadf(cr_get_redirected_stdout(), 0, &error);
    cr_assert_not_null(o, "%s", error.text);
    cr_expect_eq(json_integer_value(json_object_get(o, "exit_code")), 7);
    cr_expect_not(exists("-"));
    json_decref(o);
}

/* A guest that writes "x" to the console and ends with code 300. */
static void write_guest_that_speaks(const char *path)
{
    static const uint32_t speaking[] = {
        0x002003b7,             /* lui t2, 0x200: the simulation-control page */
        0x07800293, 0x00538023, /* li t0, 'x'; sb t0, CONSOLE(t2) */
        0x00a00293, 0x00538023, /* the end of the line */
    };
    enum { WORDS = sizeof speaking / sizeof *speaking };
    struct tiny_guest g = tiny_guest_make(300);
    memmove(&g.code[WORDS], g.code, 4 * sizeof *g.code);
    memcpy(g.code, speaking, sizeof speaking);
    g.code[WORDS + 2] = 0x00603023 | 1 << 25 | 5 << 15 | 12 << 7; /* sd t1, 44(t0): tohost */
    tiny_guest_write(&g, path);
}

Test(cmd_run, the_console_leaves_standard_output_to_the_statistics)
{
    write_guest_that_speaks("x.elf");
    cr_assert_eq(RUN("-g", "x.elf", "--stats", "-", "-q", "-m", "10000"), 44);
    json_t *o = json_loadf(cr_get_redirected_stdout(), 0, NULL);
    cr_assert_not_null(o, "standard output is no JSON");
    cr_expect_eq(json_integer_value(json_object_get(o, "exit_code")), 300);
    cr_expect_eq(json_integer_value(json_object_get(o, "status")), 44);
    cr_expect_str_eq(said(), "x\n");
    json_decref(o);
}

Test(cmd_run, without_statistics_there_the_console_goes_to_standard_output)
{
    write_guest_that_speaks("x.elf");
    cr_assert_eq(RUN("-g", "x.elf", "-q", "-m", "10000"), 44);
    cr_assert_stdout_eq_str("x\n");
}

Test(cmd_run, a_code_that_is_no_status_is_told_in_full)
{
    write_guest_that_speaks("x.elf");
    cr_assert_eq(RUN("-g", "x.elf", "-m", "10000"), 44);
    cr_expect_not_null(strstr(said(), "exit 300 (status 44) after "));
}

Test(cmd_run, what_is_written_is_told)
{
    cr_assert_eq(RUN("-g", "g.elf", "--stats=s.json", "--db=r.db", "--trace=t", "-c", "c"), 7);
    const char *text = said();
    cr_expect_not_null(strstr(text, "exit 7 after "));
    cr_expect_not_null(strstr(text, "wrote t\nwrote c\nwrote s.json\nwrote r.db\n"), "%s", text);
}

Test(cmd_run, a_guest_that_does_not_fit_is_named)
{
    struct tiny_guest g = tiny_guest_make(0);
    g.program.p_memsz = UINT64_C(1) << 40;
    tiny_guest_write(&g, "big.elf");
    cr_expect_eq(RUN("-g", "big.elf"), EXIT_STATUS_INPUT);
    cr_expect_not_null(strstr(said(), "tessera: big.elf: segment 0x80000000.."));
}

Test(cmd_run, a_guest_that_never_ends_is_not_read)
{
    cr_assert_eq(mkfifo("pipe", 0666), 0);
    cr_expect_eq(RUN("-g", "/dev/zero"), EXIT_STATUS_INPUT);
    cr_expect_eq(RUN("-g", "pipe"), EXIT_STATUS_INPUT);
    cr_expect_eq(RUN("-g", "."), EXIT_STATUS_INPUT);
}

Test(cmd_run, a_refused_run_leaves_nothing_behind)
{
    cr_expect_eq(RUN("-g", "none.elf", "--stats", "s.json", "--db", "r.db", "--trace", "t"),
                 EXIT_STATUS_INPUT);
    cr_expect_not(exists("s.json"));
    cr_expect_not(exists("s.json~"));
    cr_expect_not(exists("r.db"));
    cr_expect_not(exists("t"));
}

/* A guest that would run for ever shows that the run has not begun. */
Test(cmd_run, places_for_results_are_tried_before_the_run)
{
    struct tiny_guest g = tiny_guest_make(0);
    g.code[2] = 0x00000013; /* nop */
    tiny_guest_write(&g, "g.elf");
    cr_expect_eq(RUN("-g", "g.elf", "--stats", "/proc/x"), EXIT_STATUS_IO);
    cr_expect_eq(RUN("-g", "g.elf", "--stats", "s.json", "--db", "/dev/null/r.db"), EXIT_STATUS_IO);
    cr_expect_eq(RUN("-g", "g.elf", "--db", "r.db", "--trace", "/proc/t"), EXIT_STATUS_IO);
    cr_expect_not(exists("s.json~"));
}

Test(cmd_run, a_guest_without_tohost_is_warned_of)
{
    struct tiny_guest g = tiny_guest_make(0);
    g.section[1].sh_size = sizeof(Elf64_Sym);
    tiny_guest_write(&g, "g.elf");
    cr_expect_eq(RUN("-g", "g.elf", "--max-cycles=1000"), EXIT_STATUS_LIMIT);
    cr_expect_not_null(strstr(said(), "warning: g.elf has no symbol tohost"));
}

Test(cmd_run, a_guest_that_passes_floating_point_registers_is_warned_of)
{
    struct tiny_guest g = tiny_guest_make(0);
    g.header.e_flags = EF_RISCV_FLOAT_ABI_DOUBLE;
    tiny_guest_write(&g, "g.elf");
    cr_expect_eq(RUN("-g", "g.elf"), 0);
    cr_expect_not_null(strstr(said(), "warning: g.elf passes floating-point registers"));
}

Test(cmd_run, quiet_warns_of_nothing)
{
    struct tiny_guest g = tiny_guest_make(0);
    g.header.e_flags = EF_RISCV_FLOAT_ABI_DOUBLE;
    tiny_guest_write(&g, "g.elf");
    cr_expect_eq(RUN("-g", "g.elf", "-q"), 0);
    cr_expect_str_eq(said(), "");
}
