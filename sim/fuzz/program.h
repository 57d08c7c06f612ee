/*
 * A random program, in two forms.  As it is generated and shrunk it is a list
 * of items, each an instruction with the place that it stands for; an item that
 * refers to another names its place, so that items can be taken out.  Assembled
 * it is what a machine runs: bytes and the state to start from.
 *
 *     place     0..  the first unit     64..  the second     ...     PLACE_END
 *
 * A unit is a few instructions that belong together; PLACE_END is the ecall at
 * which every program ends.
 */
#ifndef TESSERA_FUZZ_PROGRAM_H
#define TESSERA_FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/fuzz/layout.h"

enum feature_number {
#define FEATURE(name, percent, qemu_on, qemu_off, on, off, meaning) FEATURE_##name,
#include "sim/fuzz/features.def"
#undef FEATURE
    FEATURES
};

/* Bits of struct program.features, as insns.def names them. */
enum {
    BASE = 0,
    F_C = 1 << FEATURE_c,
    ZBA = 1 << FEATURE_zba,
    ZBB = 1 << FEATURE_zbb,
    ZBS = 1 << FEATURE_zbs,
    ZICBOM = 1 << FEATURE_zicbom,
    ZICBOZ = 1 << FEATURE_zicboz,
    SVINVAL = 1 << FEATURE_svinval,
    SSTC = 1 << FEATURE_sstc,
    SV39 = 1 << FEATURE_sv39,
    SV48 = 1 << FEATURE_sv48,
    PMP = 1 << FEATURE_pmp,
    MISALIGNED = 1 << FEATURE_misaligned,
    LOCKED = 1 << FEATURE_locked,
    FEATURES_OF_SIMULATOR = (1 << FEATURES) - (1 << FEATURE_tinytlb)
};

enum state_number {
#define STATE(number, name)     STATE_##name,
#define STATE_PMP(number, name) STATE_##name,
#include "sim/fuzz/state.def"
#undef STATE
#undef STATE_PMP
    STATES
};
_Static_assert(STATES == STATE_COUNT + STATE_PMP_COUNT && STATE_pmpaddr0 == STATE_COUNT,
               "layout.h counts the rows of state.def");

enum {
    ITEMS_MAX = 1400,
    POKES_MAX = 96,
    PATCHES_MAX = 64,
    CODE_BYTES_MAX = 4000,
    UNIT_PLACES = 64
};
#define PLACE_END UINT16_MAX

enum reference {
    REF_NONE,
    REF_BRANCH,
    REF_JAL,
    REF_C_BRANCH,
    REF_C_JUMP,
    REF_OFFSET /* addi: the target's offset from the middle of the code area */
};
enum { CODE_MIDDLE = FZ_CODE_BYTES / 2 };

struct item {
    uint32_t bits;
    uint32_t stand_in;      /* what QEMU executes instead; 0: the same */
    uint16_t place, target; /* target counts when there is a reference */
    uint8_t bytes;          /* 2 or 4 */
    uint8_t reference;
    bool loose; /* may be taken out by itself; the others of a unit need each other */
};

struct poke {
    uint64_t address, value;
};

/* Everything but the code that a machine starts from. */
struct setting {
    uint64_t seed, number; /* where it comes from; number counts within the seed */
    uint32_t features;
    uint64_t x[32];
    uint64_t state[STATES]; /* mepc: the view of FZ_CODE through which it starts */
    uint64_t action[ACTIONS];
    unsigned pokes;
    struct poke poke[POKES_MAX];
};

struct program {
    struct setting setting;
    unsigned code_offset; /* of the first item from FZ_CODE */
    unsigned items;
    struct item item[ITEMS_MAX];
};

/* An instruction that QEMU lacks, by its offset from FZ_CODE, and its stand-in.  The
 * harness clears the word before it looks at what became of the code. */
struct patch {
    uint32_t offset, word;
};

struct binary {
    struct setting setting; /* mepc: where it starts */
    uint64_t code_at;       /* address of code[0] */
    uint64_t end;           /* offset of the final ecall from FZ_CODE */
    unsigned patches;
    struct patch patch[PATCHES_MAX];
    unsigned code_bytes;
    uint8_t code[CODE_BYTES_MAX + 16];
};

struct trap_record {
    uint64_t cause, epc, tval, status, where;
};

/* What has become of a program. */
struct result {
    uint64_t status, traps, hash[3];
    uint64_t x[32];
    uint64_t state[STATES];
    struct trap_record log[TRAPS_MAX];
};

void program_assemble(const struct program *p, struct binary *b);

/* "c_zba_sv39" to bits and back; false for an unknown name. */
enum { FEATURES_TEXT = 256 };
bool features_parse(const char *text, uint32_t *features);
void features_format(uint32_t features, char *text, size_t bytes);

const char *state_name(unsigned state);
unsigned state_csr(unsigned state);

/* True when the results are the same in everything that counts. */
bool result_equal(const struct result *a, const struct result *b);

#endif
