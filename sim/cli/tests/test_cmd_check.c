/* tessera check: what it says of machines, sweeps and the guests of sweeps. */
#include "sim/cli/cli.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    write_file("m.yaml", "mesh: {width: 1, height: 1}\n");
    write_file("s.yaml", "machine: m.yaml\nguest: g.elf\ngrid: {mesh.vcs: [1, 2]}\n");
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

TestSuite(cmd_check, .init = enter_folder, .fini = leave_folder, .timeout = 60);

static int check(const char *file)
{
    char name[] = "tessera check";
    char *argv[] = {name, (char *)file, NULL};
    int status = cmd_check(2, argv);
    fflush(stdout);
    fflush(stderr);
    return status;
}

static bool says(FILE *stream, const char *part)
{
    static char text[8192];
    text[fread(text, 1, sizeof text - 1, stream)] = 0;
    return strstr(text, part) != NULL;
}

Test(cmd_check, a_machine_is_printed_whole)
{
    cr_expect_eq(check("m.yaml"), 0);
    cr_expect(says(cr_get_redirected_stdout(), "# m.yaml: a machine of 1 tiles\nname: m\nmesh:\n"));
}

Test(cmd_check, a_sweep_without_a_figure_prints_none)
{
    struct tiny_guest g = tiny_guest_make(0);
    tiny_guest_write(&g, "g.elf");
    cr_expect_eq(check("s.yaml"), 0);
    cr_expect(says(cr_get_redirected_stdout(),
                   "# s.yaml: a sweep of 2 points\nname: s\nguest: g.elf\npoints:\n"));
    cr_assert_stderr_eq_str("");
}

Test(cmd_check, a_guest_that_is_not_built_yet_is_a_warning)
{
    cr_expect_eq(check("s.yaml"), 0);
    cr_expect(says(cr_get_redirected_stderr(), "warning: s.yaml: guest: g.elf is not there yet"));
}

Test(cmd_check, a_guest_that_is_no_elf_is_an_error)
{
    write_file("g.elf", "words");
    cr_expect_eq(check("s.yaml"), EXIT_STATUS_INPUT);
    cr_expect(says(cr_get_redirected_stderr(), "g.elf: not an ELF file"));
}

Test(cmd_check, what_never_ends_is_not_read)
{
    cr_expect_eq(check("/dev/zero"), EXIT_STATUS_INPUT);
    cr_expect(says(cr_get_redirected_stderr(), "/dev/zero: is a device"));
}
