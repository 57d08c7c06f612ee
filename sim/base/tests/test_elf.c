/*
 * The guest loader, on a small ELF built here byte by byte:
 *   header, one program header, 16 bytes of code, symbols, names, sections.
 * Each test of bad input spoils one thing in it.
 */
#include "sim/base/elf.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CODE_BYTES = 16, SYMBOLS = 6, SECTIONS = 4 };
#define BASE 0x80000000u

static struct {
    Elf64_Ehdr header;
    Elf64_Phdr program;
    uint8_t code[CODE_BYTES];
    Elf64_Sym symbol[SYMBOLS];
    char names[64];
    Elf64_Shdr section[SECTIONS];
} file;

static const char names[64] = "\0_start\0main\0tohost\0.Lhidden\0absolute";
enum { NAME_START = 1, NAME_MAIN = 8, NAME_TOHOST = 13, NAME_HIDDEN = 20, NAME_ABSOLUTE = 29 };

static char path[4096];
static struct elf_image image;
static struct error e;

static Elf64_Sym symbol(unsigned name, unsigned type, unsigned section, uint64_t value,
                        uint64_t bytes)
{
    return (Elf64_Sym){.st_name = name,
                       .st_info = (unsigned char)ELF64_ST_INFO(STB_GLOBAL, type),
                       .st_shndx = (Elf64_Section)section,
                       .st_value = value,
                       .st_size = bytes};
}

static void build_header(void)
{
    file.header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_RISCV,
        .e_version = EV_CURRENT,
        .e_entry = BASE + 4,
        .e_phoff = sizeof file.header,
        .e_shoff = (uint64_t)((char *)file.section - (char *)&file),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = SECTIONS,
    };
    file.program = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_X,
        .p_offset = (uint64_t)((char *)file.code - (char *)&file),
        .p_vaddr = BASE,
        .p_paddr = BASE,
        .p_filesz = CODE_BYTES,
        .p_memsz = CODE_BYTES + 48,
    };
}

static void build_symbols(void)
{
    memcpy(file.names, names, sizeof names);
    file.symbol[1] = symbol(NAME_START, STT_NOTYPE, 1, BASE, 0);
    file.symbol[2] = symbol(NAME_MAIN, STT_FUNC, 1, BASE + 8, 8);
    file.symbol[3] = symbol(NAME_TOHOST, STT_NOTYPE, SHN_ABS, BASE + 32, 0);
    file.symbol[4] = symbol(NAME_HIDDEN, STT_NOTYPE, 1, BASE + 12, 0);
    file.symbol[5] = symbol(NAME_ABSOLUTE, STT_NOTYPE, SHN_ABS, BASE + 9, 0);
    file.section[1] = (Elf64_Shdr){.sh_type = SHT_PROGBITS,
                                   .sh_addr = BASE,
                                   .sh_offset = file.program.p_offset,
                                   .sh_size = CODE_BYTES};
    file.section[2] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                                   .sh_offset = (uint64_t)((char *)file.symbol - (char *)&file),
                                   .sh_size = sizeof file.symbol,
                                   .sh_link = 3,
                                   .sh_entsize = sizeof(Elf64_Sym)};
    file.section[3] = (Elf64_Shdr){.sh_type = SHT_STRTAB,
                                   .sh_offset = (uint64_t)(file.names - (char *)&file),
                                   .sh_size = sizeof file.names};
}

static void build(void)
{
    const char *directory = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/tessera-elf-XXXXXX", directory ? directory : P_tmpdir);
    close(mkstemp(path));
    memset(&file, 0, sizeof file);
    for (unsigned i = 0; i < CODE_BYTES; i++)
        file.code[i] = (uint8_t)(i + 1);
    build_header();
    build_symbols();
}

static void clean(void)
{
    unlink(path);
    elf_free(&image);
}

static bool load(size_t bytes)
{
    FILE *f = fopen(path, "wb");
    fwrite(&file, 1, bytes, f);
    fclose(f);
    return elf_load(&image, path, &e);
}

static void expect_refusal(size_t bytes, const char *why)
{
    cr_assert_not(load(bytes));
    cr_assert_eq(e.status, EXIT_STATUS_INPUT);
    cr_assert(strncmp(e.text, path, strlen(path)) == 0, "no file name: %s", e.text);
    cr_assert(strstr(e.text, why), "\"%s\" does not say \"%s\"", e.text, why);
    cr_assert_null(image.file);
    cr_assert_eq(image.symbols.count, 0);
}

TestSuite(elf, .init = build, .fini = clean);

Test(elf, reads_segments_and_entry)
{
    cr_assert(load(sizeof file), "%s", e.text);
    cr_assert_eq(image.entry, BASE + 4);
    cr_assert_eq(image.segment_count, 1);
    cr_assert_eq(image.segment[0].address, BASE);
    cr_assert_eq(image.segment[0].file_bytes, CODE_BYTES);
    cr_assert_eq(image.segment[0].memory_bytes, CODE_BYTES + 48);
    cr_assert_arr_eq(image.segment[0].bytes, file.code, CODE_BYTES);
}

Test(elf, names_code_and_host_interface)
{
    char text[SYMBOL_TEXT_MAX];
    cr_assert(load(sizeof file), "%s", e.text);
    cr_assert_str_eq(symbols_format(&image.symbols, BASE + 4, text, sizeof text), "<_start+0x4>");
    cr_assert_str_eq(symbols_format(&image.symbols, BASE + 12, text, sizeof text), "<main+0x4>");
    cr_assert_eq(image.symbols.count, 2, "hidden and absolute names are no places");
    cr_assert_eq(image.tohost, BASE + 32);
    cr_assert_eq(image.fromhost, 0);
}

Test(elf, entry_is_translated_to_its_physical_address)
{
    file.program.p_vaddr = 0xffffffc000000000u;
    file.header.e_entry = file.program.p_vaddr + 8;
    cr_assert(load(sizeof file), "%s", e.text);
    cr_assert_eq(image.entry, BASE + 8);
}

Test(elf, hash_follows_the_content)
{
    cr_assert(load(sizeof file));
    uint64_t before = image.hash;
    elf_free(&image);
    cr_assert(load(sizeof file));
    cr_assert_eq(image.hash, before);
    elf_free(&image);
    file.code[3] ^= 1;
    cr_assert(load(sizeof file));
    cr_assert_neq(image.hash, before);
}

Test(elf, stripped_program_loads_without_symbols)
{
    file.header.e_shnum = 0;
    file.header.e_shoff = 0;
    cr_assert(load((size_t)((char *)file.symbol - (char *)&file)), "%s", e.text);
    cr_assert_eq(image.symbols.count, 0);
    cr_assert_eq(image.tohost, 0);
}

Test(elf, refuses_missing_file)
{
    unlink(path);
    cr_assert_not(elf_load(&image, path, &e));
    cr_assert_eq(e.status, EXIT_STATUS_INPUT);
    cr_assert(strstr(e.text, path));
}

Test(elf, refuses_directory)
{
    cr_assert_not(elf_load(&image, ".", &e));
    cr_assert_eq(e.status, EXIT_STATUS_INPUT);
}

Test(elf, refuses_every_truncation)
{
    for (size_t bytes = 0; bytes < sizeof file; bytes++) {
        cr_assert_not(load(bytes), "accepted %zu of %zu bytes", bytes, sizeof file);
        cr_assert_eq(e.status, EXIT_STATUS_INPUT);
    }
}

Test(elf, says_truncated)
{
    expect_refusal(sizeof file - 1, "truncated");
}

Test(elf, refuses_text)
{
    memcpy(&file, "#!/bin/sh\n", 10);
    expect_refusal(sizeof file, "not an ELF file");
}

Test(elf, refuses_32_bit)
{
    file.header.e_ident[EI_CLASS] = ELFCLASS32;
    expect_refusal(sizeof file, "32-bit");
}

Test(elf, refuses_big_endian)
{
    file.header.e_ident[EI_DATA] = ELFDATA2MSB;
    expect_refusal(sizeof file, "big-endian");
}

Test(elf, refuses_other_machine)
{
    file.header.e_machine = EM_X86_64;
    expect_refusal(sizeof file, "machine type 62");
}

Test(elf, refuses_object_file)
{
    file.header.e_type = ET_REL;
    expect_refusal(sizeof file, "not linked");
}

Test(elf, refuses_position_independent)
{
    file.header.e_type = ET_DYN;
    expect_refusal(sizeof file, "-no-pie");
}

Test(elf, refuses_nothing_to_load)
{
    file.program.p_type = PT_NOTE;
    expect_refusal(sizeof file, "nothing in it is to be loaded");
}

Test(elf, refuses_entry_outside)
{
    file.header.e_entry = BASE + CODE_BYTES + 48;
    expect_refusal(sizeof file, "in no loaded segment");
}

Test(elf, refuses_segment_beyond_the_file)
{
    file.program.p_offset = sizeof file - 8;
    expect_refusal(sizeof file, "ends beyond the file");
    file.program.p_offset = UINT64_MAX - 4;
    expect_refusal(sizeof file, "ends beyond the file");
}

Test(elf, refuses_segment_larger_in_the_file_than_in_memory)
{
    file.program.p_memsz = CODE_BYTES - 1;
    expect_refusal(sizeof file, "impossible size");
}

Test(elf, refuses_segment_that_wraps_around)
{
    file.program.p_paddr = UINT64_MAX - 8;
    expect_refusal(sizeof file, "impossible size");
}

Test(elf, refuses_symbols_without_names)
{
    file.section[2].sh_link = 77;
    expect_refusal(sizeof file, "symbol table");
}

Test(elf, survives_any_single_altered_byte)
{
    for (size_t i = 0; i < sizeof file; i++) {
        uint8_t *byte = (uint8_t *)&file + i;
        *byte ^= 0xff;
        if (load(sizeof file))
            elf_free(&image);
        else
            cr_assert_eq(e.status, EXIT_STATUS_INPUT);
        *byte ^= 0xff;
    }
}
