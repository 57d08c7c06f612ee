/* The smallest guest: an ELF of four instructions that ends its run with a code. */
#ifndef TESSERA_TINY_GUEST_H
#define TESSERA_TINY_GUEST_H

#include <criterion/criterion.h>
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct tiny_guest {
    Elf64_Ehdr header;
    Elf64_Phdr program;
    uint32_t code[16];
    uint64_t tohost;
    Elf64_Sym symbol[2];
    char names[8];
    Elf64_Shdr section[3];
};

#define TINY_GUEST_OFFSET(field) ((uint64_t)offsetof(struct tiny_guest, field))

static inline void tiny_guest_put_code(struct tiny_guest *g, unsigned exit_code)
{
    g->code[0] = 0x00000297;                              /* auipc t0, 0 */
    g->code[1] = 0x00000313 | (exit_code << 1 | 1) << 20; /* li t1, code << 1 | 1 */
    g->code[2] = 0x00603023 | 2 << 25 | 5 << 15;          /* sd t1, 64(t0) */
    g->code[3] = 0x0000006f;                              /* j . */
}

static inline void tiny_guest_put_symbols(struct tiny_guest *g, uint64_t base)
{
    memcpy(g->names, "\0tohost", sizeof g->names);
    g->symbol[1] =
        (Elf64_Sym){.st_name = 1, .st_shndx = SHN_ABS, .st_value = base + sizeof g->code};
    g->section[1] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                                 .sh_offset = TINY_GUEST_OFFSET(symbol),
                                 .sh_size = sizeof g->symbol,
                                 .sh_link = 2,
                                 .sh_entsize = sizeof(Elf64_Sym)};
    g->section[2] = (Elf64_Shdr){
        .sh_type = SHT_STRTAB, .sh_offset = TINY_GUEST_OFFSET(names), .sh_size = sizeof g->names};
}

static inline struct tiny_guest tiny_guest_make(unsigned exit_code)
{
    const uint64_t base = 0x80000000;
    struct tiny_guest g;
    memset(&g, 0, sizeof g);
    g.header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_RISCV,
        .e_version = EV_CURRENT,
        .e_entry = base,
        .e_phoff = TINY_GUEST_OFFSET(program),
        .e_shoff = TINY_GUEST_OFFSET(section),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = 3,
    };
    g.program = (Elf64_Phdr){.p_type = PT_LOAD,
                             .p_flags = PF_R | PF_W | PF_X,
                             .p_offset = TINY_GUEST_OFFSET(code),
                             .p_vaddr = base,
                             .p_paddr = base,
                             .p_filesz = sizeof g.code + sizeof g.tohost,
                             .p_memsz = sizeof g.code + sizeof g.tohost};
    tiny_guest_put_code(&g, exit_code);
    tiny_guest_put_symbols(&g, base);
    return g;
}

static inline void tiny_guest_write(const struct tiny_guest *g, const char *path)
{
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f);
    fwrite(g, sizeof *g, 1, f);
    fclose(f);
}

#endif
