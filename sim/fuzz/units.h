/*
 * What the units of units.def have in common: the program that grows, the
 * random numbers, and ways to put an instruction.
 */
#ifndef TESSERA_FUZZ_UNITS_H
#define TESSERA_FUZZ_UNITS_H

#include "sim/base/rng.h"
#include "sim/fuzz/encode.h"
#include "sim/fuzz/program.h"

/* Times that have been, and one from which on none comes, for stimecmp. */
enum { TIMER_PAST = 16 };
#define TIMER_FAR (UINT64_C(1) << 48)

/* Address spaces of a program: values of satp.  Those of different page tables have
 * different ASIDs, so that a change from one to another needs no fence. */
enum { SPACES_MAX = 4 };

/* Page-table entries that programs change: the table's entry and what it maps. */
struct slot {
    uint64_t entry;     /* address of the entry */
    uint64_t virtual;   /* first address that it maps */
    uint64_t virtual48; /* the same under Sv48, where its upper half is another */
    uint64_t physical;  /* what it should map */
    unsigned level;
    bool data; /* nothing is executed there: half of the large ones, and scratch memory */
};
enum { FAVOURITE_SLOTS = 3 };

struct generator {
    struct program *p;
    struct rng rng;
    unsigned unit;    /* its number; its items stand at unit * UNIT_PLACES and behind */
    unsigned in_unit; /* items of it so far */
    unsigned code_bytes;
    unsigned favourite[6]; /* registers that this program prefers */
    uint32_t kept;         /* registers that nothing may write now */
    unsigned stand_ins;
    uint32_t used;          /* features of the machine that this program uses */
    unsigned spaces, trees; /* values of satp; page tables that they lead to */
    uint64_t space[SPACES_MAX];
    bool globals;                      /* pages may be global; if not, fences may name a space */
    struct slot slot[FAVOURITE_SLOTS]; /* that this program uses and changes again and again */
};

static inline unsigned below(struct generator *g, unsigned bound)
{
    return rng_below(&g->rng, bound);
}

/* True `percent` times of a hundred. */
static inline bool chance(struct generator *g, unsigned percent)
{
    return below(g, 100) < percent;
}

static inline bool has(const struct generator *g, uint32_t feature)
{
    return (g->used & feature) == feature;
}

/* A number worth trying: corners, single bits, small, random. */
uint64_t any_value(struct generator *g);

/* Any register, as a source; a register that may be written; the same, not x0
 * and none of those in the mask `but`. */
unsigned any_source(struct generator *g);
unsigned any_target(struct generator *g);
unsigned free_target(struct generator *g, uint32_t but);

/* Appends an instruction; the second form refers to `place`. */
void put(struct generator *g, uint32_t bits);
/* The same, of one that the others of its unit do not need. */
void put_loose(struct generator *g, uint32_t bits);
void put_reference(struct generator *g, uint32_t bits, enum reference reference, unsigned place);
void put_compressed(struct generator *g, unsigned bits);
/* The same, of one that QEMU lacks. */
void put_with_stand_in(struct generator *g, uint32_t bits, uint32_t stand_in);

/* rd = value. */
void put_li(struct generator *g, unsigned rd, uint64_t value);
/* rd = the view `base` of FZ_CODE, moved to the item at `place`, plus `more`. */
void put_code_address(struct generator *g, unsigned rd, uint64_t base, unsigned place,
                      unsigned more);

/* The place of the item that comes next, and of a unit a few units on. */
unsigned next_place(const struct generator *g);
unsigned place_ahead(struct generator *g, unsigned units_max);

/* ---- views: where the code and the scratch memory can be seen ------------------ */

/* An address of FZ_CODE (or FZ_SCRATCH) in some translation; the identity when
 * there is no translation. */
uint64_t code_view(struct generator *g);
uint64_t scratch_view(struct generator *g);

/* An address that no machine has, or a non-canonical one, page-aligned. */
uint64_t bad_page(struct generator *g);

/* rb = an address in scratch memory, a multiple of 8, with room for `imm`. */
void put_scratch_address(struct generator *g, unsigned rb);

/* A load or store near the address in rb, which put_scratch_address has brought. */
void put_some_access(struct generator *g, unsigned rb);

uint64_t random_satp(struct generator *g);
uint64_t random_pmpcfg(struct generator *g, unsigned number);
uint64_t random_pmpaddr(struct generator *g, unsigned entry);

struct slot random_slot(struct generator *g);
uint64_t random_pte(struct generator *g, const struct slot *slot);

/* Draws the setting's translation and protection. */
void draw_paging(struct generator *g);
void draw_pmp(struct generator *g);

/* A value for a write of CSR row `row`; see csrs.def. */
uint64_t legal_mstatus(struct generator *g, uint64_t value);
uint64_t legal_medeleg(uint64_t value);
uint64_t random_timer(struct generator *g);

#define UNIT(name, weight, features) void unit_##name(struct generator *g);
#include "sim/fuzz/units.def"
#undef UNIT

#endif
