/*
 * tessera run: what it writes besides the guest's console.  The guest is an ELF
 * of a few instructions that counts in memory for ever, so a run ends at its
 * limit of cycles.  Run from the repository's root.
 */
#include "sim/cli/cli.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint32_t code[] = {
    0x00000297, /* auipc t0, 0 */
    0x10028293, /* addi  t0, t0, 256 */
    0x00100313, /* addi  t1, zero, 1 */
    0x0062b3af, /* again: amoadd.d t2, t1, (t0) */
    0x34031073, /* csrw  mscratch, t1 */
    0xff9ff06f, /* j     again */
};

static struct {
    Elf64_Ehdr header;
    Elf64_Phdr program;
    uint32_t code[sizeof code / sizeof code[0]];
} guest;

static char folder[] = "/tmp/tessera-run-XXXXXX";
static char elf_path[64], log_path[64], other_path[64];

static void write_guest(void)
{
    guest.header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_RISCV,
        .e_version = EV_CURRENT,
        .e_entry = 0x80000000,
        .e_phoff = sizeof guest.header,
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
        .e_shentsize = sizeof(Elf64_Shdr),
    };
    guest.program = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_X,
        .p_offset = (uint64_t)((char *)guest.code - (char *)&guest),
        .p_vaddr = 0x80000000,
        .p_paddr = 0x80000000,
        .p_filesz = sizeof guest.code,
        .p_memsz = 4096,
    };
    memcpy(guest.code, code, sizeof code);
    FILE *f = fopen(elf_path, "wb");
    cr_assert_eq(fwrite(&guest, sizeof guest, 1, f), 1);
    fclose(f);
}

static void make(void)
{
    argp_err_exit_status = EXIT_STATUS_USAGE;
    cr_assert_not_null(mkdtemp(folder));
    snprintf(elf_path, sizeof elf_path, "%s/guest.elf", folder);
    snprintf(log_path, sizeof log_path, "%s/log", folder);
    snprintf(other_path, sizeof other_path, "%s/other", folder);
    write_guest();
    cr_redirect_stdout();
    cr_redirect_stderr();
}

static void drop(void)
{
    unlink(elf_path);
    unlink(log_path);
    unlink(other_path);
    rmdir(folder);
}

TestSuite(cmd_run, .init = make, .fini = drop);

/* Runs the guest for 3000 cycles with two more pairs of words. */
static int run(const char *machine, const char *a, const char *b, const char *c, const char *d)
{
    char name[] = "tessera run", guest_option[] = "--guest", limit[] = "--max-cycles=3000";
    char *argv[] = {name,      (char *)machine, guest_option, elf_path,  limit,
                    (char *)a, (char *)b,       (char *)c,    (char *)d, NULL};
    int argc = 5;
    while (argv[argc])
        argc++;
    int status = cmd_run(argc, argv);
    fflush(stderr);
    return status;
}

static char *read_text(const char *path)
{
    static char text[1 << 20];
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f, "%s", path);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

Test(cmd_run, commit_log_has_a_line_for_every_instruction)
{
    static const char expected[] =
        "core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000\n"
        "core   0: 3 0x0000000080000004 (0x10028293) x5  0x0000000080000100\n"
        "core   0: 3 0x0000000080000008 (0x00100313) x6  0x0000000000000001\n"
        "core   0: 3 0x000000008000000c (0x0062b3af) x7  0x0000000000000000"
        " mem 0x0000000080000100 mem 0x0000000080000100 0x0000000000000001\n"
        "core   0: 3 0x0000000080000010 (0x34031073) c832_mscratch 0x0000000000000001\n"
        "core   0: 3 0x0000000080000014 (0xff9ff06f)\n"
        "core   0: 3 0x000000008000000c (0x0062b3af) x7  0x0000000000000001"
        " mem 0x0000000080000100 mem 0x0000000080000100 0x0000000000000002\n";
    cr_assert_eq(run("configs/machines/one-tile.yaml", "--commit-log", log_path, NULL, NULL),
                 EXIT_STATUS_LIMIT);
    const char *text = read_text(log_path);
    cr_assert_eq(strncmp(text, expected, strlen(expected)), 0, "%.900s", text);
    cr_assert_eq(text[strlen(text) - 1], '\n');
}

Test(cmd_run, commit_log_of_many_harts_does_not_depend_on_the_order_of_tiles)
{
    static char forward[1 << 20];
    const char *machine = "configs/machines/tiny-2x2.yaml";
    run(machine, "--commit-log", log_path, NULL, NULL);
    strcpy(forward, read_text(log_path));
    run(machine, "--commit-log", other_path, "--set", "sim.tile_order=reverse");
    cr_assert_str_eq(forward, read_text(other_path));
    for (unsigned hart = 0; hart < 4; hart++) {
        char start[64];
        snprintf(start, sizeof start, "core%4u: 3 0x0000000080000000 (0x00000297)", hart);
        cr_assert(strstr(forward, start), "%s", start);
    }
}

Test(cmd_run, commit_log_changes_neither_trace_nor_result)
{
    const char *machine = "configs/machines/tiny-2x2.yaml";
    static char alone[1 << 20];
    run(machine, "--trace", other_path, NULL, NULL);
    memcpy(alone, read_text(other_path), sizeof alone);
    run(machine, "--trace", other_path, "--commit-log", log_path);
    cr_assert_eq(memcmp(alone, read_text(other_path), sizeof alone), 0);
}

Test(cmd_run, refused_commit_log_ends_before_the_run)
{
    const char *machine = "configs/machines/one-tile.yaml";
    cr_assert_eq(run(machine, "--commit-log", "/proc/none/log", NULL, NULL), EXIT_STATUS_IO);
    cr_assert_eq(run(machine, "--commit-log", folder, NULL, NULL), EXIT_STATUS_IO);
}
