/* Files of the host: what may be read, and that an output is whole or absent. */
#include "sim/base/file.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/arena.h"

static void enter_folder(void)
{
    char folder[] = "/tmp/tessera-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
    char command[128], folder[96];
    cr_assert_not_null(getcwd(folder, sizeof folder));
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

static void expect_content(const char *name, const char *content)
{
    struct error e = {0};
    size_t bytes = 99;
    char *text = file_read(name, 100, &bytes, &e);
    cr_assert_not_null(text, "%s", e.text);
    cr_expect_str_eq(text, content);
    cr_expect_eq(bytes, strlen(content));
    mem_free(text);
}

static void expect_unread(const char *name, size_t bytes_max, const char *message)
{
    struct error e = {0};
    size_t bytes;
    cr_assert_null(file_read(name, bytes_max, &bytes, &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_str_eq(e.text, message);
}

TestSuite(file, .init = enter_folder, .fini = leave_folder, .timeout = 30);

Test(file, reads_a_whole_file)
{
    write_file("a", "words");
    expect_content("a", "words");
    write_file("a", "");
    expect_content("a", "");
}

Test(file, what_never_ends_is_not_read)
{
    cr_assert_eq(mkfifo("pipe", 0666), 0);
    expect_unread("/dev/zero", 100, "/dev/zero: is a device; an ordinary file is expected");
    expect_unread("pipe", 100, "pipe: is a pipe; an ordinary file is expected");
    expect_unread(".", 100, ".: is a folder; an ordinary file is expected");
    expect_unread("none", 100, "none: No such file or directory");
}

Test(file, a_file_above_the_bound_is_not_read)
{
    write_file("a", "words");
    expect_unread("a", 4, "a: 5 bytes; at most 4 are read");
}

static void expect_beside(const char *file, const char *name, const char *path)
{
    char found[256];
    file_beside(file, name, found, sizeof found);
    cr_expect_str_eq(found, path);
}

Test(file, a_path_inside_a_file_is_relative_to_it_and_straight)
{
    expect_beside("m.yaml", "base.yaml", "base.yaml");
    expect_beside("sweeps/s.yaml", "../machines/m.yaml", "machines/m.yaml");
    expect_beside("a/b/s.yaml", ".././../m.yaml", "m.yaml");
    expect_beside("a/s.yaml", "../../m.yaml", "../m.yaml");
    expect_beside("../a/s.yaml", "../../m.yaml", "../../m.yaml");
    expect_beside("/a/s.yaml", "../x//m.yaml", "/x/m.yaml");
    expect_beside("a/s.yaml", "/x/m.yaml", "/x/m.yaml");
}

Test(file, a_path_over_a_symbolic_link_keeps_its_detour)
{
    cr_assert_eq(system("mkdir -p far/away && ln -s far/away near && touch far/x"), 0);
    expect_beside("near/s.yaml", "../x", "near/../x");
}

Test(file, an_output_has_its_name_when_it_is_whole)
{
    struct output out;
    struct error e = {0};
    cr_assert(output_open(&out, "new/folder/x", &e), "%s", e.text);
    fputs("done", out.file);
    cr_expect_neq(access("new/folder/x", F_OK), 0);
    cr_assert(output_keep(&out, &e), "%s", e.text);
    expect_content("new/folder/x", "done");
    cr_expect_neq(access("new/folder/x~", F_OK), 0);
}

Test(file, an_output_taken_back_leaves_what_was_there)
{
    struct output out;
    struct error e = {0};
    write_file("x", "before");
    cr_assert(output_open(&out, "x", &e), "%s", e.text);
    fputs("half", out.file);
    output_drop(&out);
    output_drop(&out);
    expect_content("x", "before");
    cr_expect_neq(access("x~", F_OK), 0);
}

Test(file, a_full_disk_leaves_what_was_there_and_names_the_file)
{
    struct rlimit limit = {1000, RLIM_INFINITY};
    struct output out;
    struct error e = {0};
    write_file("x", "before");
    signal(SIGXFSZ, SIG_IGN);
    cr_assert(output_open(&out, "x", &e), "%s", e.text);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (unsigned i = 0; i < 1000; i++)
        fputs("sixteen letters.", out.file);
    bool kept = output_keep(&out, &e);
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_not(kept);
    cr_expect_eq(e.status, EXIT_STATUS_IO);
    cr_expect_eq(strncmp(e.text, "x: ", 3), 0, "%s", e.text);
    expect_content("x", "before");
    cr_expect_neq(access("x~", F_OK), 0);
}

Test(file, a_device_is_written_in_place)
{
    struct output out;
    struct error e = {0};
    cr_assert(output_open(&out, "/dev/null", &e), "%s", e.text);
    cr_expect_null(out.draft);
    cr_assert(output_keep(&out, &e), "%s", e.text);
    cr_assert(output_open(&out, "/dev/full", &e), "%s", e.text);
    fputs("word", out.file);
    cr_expect_not(output_keep(&out, &e));
    cr_expect_str_eq(e.text, "/dev/full: No space left on device");
}

Test(file, a_place_that_cannot_be_written_is_an_io_error)
{
    struct output out;
    struct error e = {0};
    cr_expect_not(output_open(&out, "/proc/x", &e));
    cr_expect_eq(e.status, EXIT_STATUS_IO);
    cr_expect_not(output_open(&out, "/dev/null/x", &e));
    cr_expect_str_eq(e.text, "/dev/null/x: Not a directory");
    write_file("x", "");
    cr_expect_not(output_open(&out, "x/y/z", &e));
    cr_expect_str_eq(e.text, "x/y: Not a directory");
}
