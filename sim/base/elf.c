/*
 * A guest arrives as an ELF file.  It is read into memory in one piece; what
 * the rest of the simulator sees are views of that piece:
 *
 *      file:  | header | program headers |  .text  | .data |  symbols  | ...
 *                                        ^ bytes   ^ bytes
 *      segment:  address, file_bytes from the file, zeros up to memory_bytes
 *
 * The machine has no loader of its own, so every property that it needs is
 * checked here, before anything is built: 64 bits, little endian, RISC-V,
 * linked to fixed addresses, something to load, an entry inside it.  Segments
 * go to their physical addresses (p_paddr).
 *
 * Format: System V ABI, chapters 4 and 5; RISC-V ELF psABI.
 */
#include "sim/base/elf.h"

#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/arena.h"
#include "sim/base/file.h"
#include "sim/base/hash.h"

enum { ELF_BYTES_MAX = 1 << 30 };

/* ---- the file's bytes ------------------------------------------------------ */

static bool refuse(struct error *e, const char *path, const char *why)
{
    return error_set(e, EXIT_STATUS_INPUT, "%s: %s", path, why);
}

static bool read_file(struct elf_image *image, const char *path, struct error *e)
{
    image->file = (uint8_t *)file_read(path, ELF_BYTES_MAX, &image->file_bytes, e);
    return image->file != NULL;
}

/* Does the file really hold `bytes` bytes from `offset` on? */
static bool holds(const struct elf_image *image, uint64_t offset, uint64_t bytes)
{
    return offset <= image->file_bytes && bytes <= image->file_bytes - offset;
}

/* ---- what kind of program -------------------------------------------------- */

static bool check_header(const GElf_Ehdr *h, const char *path, struct error *e)
{
    if (h->e_ident[EI_CLASS] != ELFCLASS64)
        return refuse(e, path, "a 32-bit ELF file; the machine runs RV64 (-march=rv64...)");
    if (h->e_ident[EI_DATA] != ELFDATA2LSB)
        return refuse(e, path, "a big-endian ELF file; the machine is little endian");
    if (h->e_machine != EM_RISCV)
        return error_set(e, EXIT_STATUS_INPUT,
                         "%s: an ELF file for machine type %u; the machine runs RISC-V (type %u)",
                         path, (unsigned)h->e_machine, (unsigned)EM_RISCV);
    if (h->e_type == ET_REL)
        return refuse(e, path, "an object file that is not linked yet");
    if (h->e_type == ET_DYN)
        return refuse(e, path,
                      "a shared or position-independent program; "
                      "link it to fixed addresses (-static -no-pie)");
    if (h->e_type != ET_EXEC)
        return refuse(e, path, "an ELF file, but not an executable program");
    return true;
}

static bool check_extent(const struct elf_image *image, const GElf_Ehdr *h, const char *path,
                         struct error *e)
{
    if (holds(image, h->e_phoff, (uint64_t)h->e_phnum * h->e_phentsize) &&
        holds(image, h->e_shoff, (uint64_t)h->e_shnum * h->e_shentsize))
        return true;
    return refuse(e, path, "truncated: the file ends before its header tables do");
}

/* ---- segments -------------------------------------------------------------- */

static bool add_segment(struct elf_image *image, const GElf_Phdr *p, const char *path,
                        struct error *e)
{
    if (!holds(image, p->p_offset, p->p_filesz))
        return error_set(e, EXIT_STATUS_INPUT,
                         "%s: truncated: the segment for 0x%" PRIx64 " ends beyond the file", path,
                         (uint64_t)p->p_paddr);
    if (p->p_filesz > p->p_memsz || p->p_paddr + p->p_memsz < p->p_paddr)
        return error_set(e, EXIT_STATUS_INPUT,
                         "%s: damaged: the segment for 0x%" PRIx64 " has an impossible size", path,
                         (uint64_t)p->p_paddr);
    image->segment[image->segment_count++] = (struct elf_segment){
        .address = p->p_paddr,
        .file_bytes = p->p_filesz,
        .memory_bytes = p->p_memsz,
        .bytes = image->file + p->p_offset,
    };
    return true;
}

/* An entry is a virtual address; at reset nothing is translated. */
static bool set_entry(struct elf_image *image, const GElf_Phdr *p, uint64_t entry)
{
    if (entry - p->p_vaddr >= p->p_memsz)
        return false;
    image->entry = p->p_paddr + (entry - p->p_vaddr);
    return true;
}

static bool read_segments(struct elf_image *image, Elf *elf, const GElf_Ehdr *h, const char *path,
                          struct error *e)
{
    size_t headers = h->e_phnum;
    bool has_entry = false;
    image->segment = mem_alloc(headers * sizeof *image->segment);
    for (size_t i = 0; i < headers; i++) {
        GElf_Phdr p;
        if (!gelf_getphdr(elf, (int)i, &p))
            return refuse(e, path, "damaged program headers");
        if (p.p_type != PT_LOAD || p.p_memsz == 0)
            continue;
        if (!add_segment(image, &p, path, e))
            return false;
        has_entry = has_entry || set_entry(image, &p, h->e_entry);
    }
    if (image->segment_count == 0)
        return refuse(e, path, "nothing in it is to be loaded (no PT_LOAD segment)");
    if (!has_entry)
        return error_set(e, EXIT_STATUS_INPUT,
                         "%s: its entry 0x%" PRIx64 " is in no loaded segment", path,
                         (uint64_t)h->e_entry);
    return true;
}

/* ---- symbols --------------------------------------------------------------- */

static enum symbol_kind kind_of(const GElf_Sym *s)
{
    if (s->st_size == 0)
        return SYMBOL_LABEL;
    return GELF_ST_TYPE(s->st_info) == STT_FUNC ? SYMBOL_FUNCTION : SYMBOL_OBJECT;
}

static bool is_wanted(const GElf_Sym *s, const char *name)
{
    unsigned type = GELF_ST_TYPE(s->st_info);
    bool named = name && name[0] != '\0' && name[0] != '$' && strncmp(name, ".L", 2) != 0;
    bool placed = s->st_shndx != SHN_UNDEF && s->st_shndx < SHN_LORESERVE;
    return named && placed && (type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC);
}

static uint64_t section_end(Elf *elf, const GElf_Sym *s)
{
    GElf_Shdr section;
    Elf_Scn *scn = elf_getscn(elf, s->st_shndx);
    return scn && gelf_getshdr(scn, &section) ? section.sh_addr + section.sh_size : s->st_value;
}

static void add_symbol(struct elf_image *image, Elf *elf, const GElf_Sym *s, const char *name)
{
    uint64_t bytes = s->st_size;
    if (bytes == 0) {
        uint64_t end = section_end(elf, s);
        bytes = end > s->st_value ? end - s->st_value : 0;
    }
    symbols_add(&image->symbols, kind_of(s), name, s->st_value, bytes);
}

/* The host interface's words count even where a linker script makes them
 * absolute and no section holds them. */
static void note_host_interface(struct elf_image *image, const GElf_Sym *s, const char *name)
{
    if (s->st_shndx == SHN_UNDEF)
        return;
    if (strcmp(name, "tohost") == 0)
        image->tohost = s->st_value;
    else if (strcmp(name, "fromhost") == 0)
        image->fromhost = s->st_value;
}

static bool read_symbol_table(struct elf_image *image, Elf *elf, Elf_Scn *scn,
                              const GElf_Shdr *table)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    if (!data || table->sh_entsize == 0)
        return false;
    uint64_t count = table->sh_size / table->sh_entsize;
    for (uint64_t i = 0; i < count; i++) {
        GElf_Sym s;
        if (!gelf_getsym(data, (int)i, &s))
            return false;
        const char *name = elf_strptr(elf, table->sh_link, s.st_name);
        if (!name)
            return false;
        note_host_interface(image, &s, name);
        if (is_wanted(&s, name))
            add_symbol(image, elf, &s, name);
    }
    return true;
}

static bool read_symbols(struct elf_image *image, Elf *elf, const char *path, struct error *e)
{
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
        GElf_Shdr section;
        if (!gelf_getshdr(scn, &section))
            return refuse(e, path, "damaged section headers");
        if (section.sh_type == SHT_SYMTAB && !read_symbol_table(image, elf, scn, &section))
            return refuse(e, path, "truncated or damaged: its symbol table cannot be read");
    }
    symbols_sort(&image->symbols);
    return true;
}

/* ---- the whole --------------------------------------------------------------*/

static bool parse(struct elf_image *image, Elf *elf, const char *path, struct error *e)
{
    GElf_Ehdr header;
    if (!elf || elf_kind(elf) != ELF_K_ELF)
        return refuse(e, path, "not an ELF file; a guest is a linked RV64 program");
    if (!gelf_getehdr(elf, &header))
        return refuse(e, path, "truncated: the file ends inside its ELF header");
    image->floats = header.e_flags & EF_RISCV_FLOAT_ABI;
    return check_header(&header, path, e) && check_extent(image, &header, path, e) &&
           read_segments(image, elf, &header, path, e) && read_symbols(image, elf, path, e);
}

bool elf_load(struct elf_image *image, const char *path, struct error *e)
{
    *image = (struct elf_image){0};
    elf_version(EV_CURRENT);
    bool ok = read_file(image, path, e);
    if (ok) {
        image->path = mem_copy_string(path);
        image->hash = hash_bytes(HASH_SEED, image->file, image->file_bytes);
        Elf *elf = elf_memory((char *)image->file, image->file_bytes);
        ok = parse(image, elf, path, e);
        elf_end(elf);
    }
    if (!ok)
        elf_free(image);
    return ok;
}

const char *elf_name(const struct elf_image *image)
{
    return image && image->path ? image->path : "guest";
}

void elf_free(struct elf_image *image)
{
    symbols_free(&image->symbols);
    mem_free(image->segment);
    mem_free(image->file);
    mem_free(image->path);
    *image = (struct elf_image){0};
}
