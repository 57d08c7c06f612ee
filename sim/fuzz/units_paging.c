/*
 * Units about translation and protection.  Programs see the code and the
 * scratch pages through many views: the identity, and slots, page-table
 * entries of all levels that map them with random permissions.
 *
 *   root48[0] -> root39          root48[k]      leaf, 512 GiB
 *                other39, like root39 but for its leaves: a tree of its own
 *                root39[2] -> .. the identity, by 4 KiB
 *                root39[3] -> l1_slots          root39[k]  leaf, 1 GiB
 *                             l1_slots[8+k]     leaf, 2 MiB
 *                             l1_slots[1] -> l0_slots
 *                                            l0_slots[4g..4g+3]
 *                                            leaf, 4 KiB: code 0, 1, scratch 0, 1
 *
 * Wrong entries are part of it; those that hold the harness are never touched.
 */
#include "sim/fuzz/units.h"

#define PAGE_BYTES 4096
enum { GROUPS = 6, LARGE_SLOTS = 4, SMALL_PAGES = 4 };
enum {
    PTE_V = 1,
    PTE_R = 2,
    PTE_W = 4,
    PTE_X = 8,
    PTE_U = 16,
    PTE_G = 32,
    PTE_A = 64,
    PTE_D = 128
};

/* Page tables, bits of struct generator.trees. */
enum { TREE_39 = 1, TREE_OTHER = 2, TREE_48 = 4, TREES = 3 };
static const struct {
    unsigned mode;
    uint64_t root;
} trees[TREES] = {{8, FZ_ROOT39}, {8, FZ_OTHER39}, {9, FZ_ROOT48}};

static const uint16_t giga_index[LARGE_SLOTS] = {4, 5, 255, 511};
static const uint16_t tera_index[LARGE_SLOTS] = {1, 255, 256, 511};
static const uint64_t page[SMALL_PAGES] = {FZ_CODE, FZ_CODE + PAGE_BYTES, FZ_SCRATCH,
                                           FZ_SCRATCH + PAGE_BYTES};

static uint64_t sign_extend(uint64_t address, unsigned bits)
{
    return (uint64_t)((int64_t)(address << (64 - bits)) >> (64 - bits));
}

/* ---- slots ------------------------------------------------------------------------------ */

static struct slot small_slot(unsigned group, unsigned n)
{
    unsigned index = group * SMALL_PAGES + n;
    uint64_t virtual = (UINT64_C(3) << 30) + (UINT64_C(1) << 21) + index * PAGE_BYTES;
    return (struct slot){FZ_L0_SLOTS + 8 * index, virtual, virtual, page[n], 0, n >= 2};
}

static struct slot identity_slot(unsigned n)
{
    return (struct slot){
        FZ_L0_FIXED + 8 * (page[n] >> 12 & 511), page[n], page[n], page[n], 0, n >= 2};
}

static struct slot mega_slot(unsigned k)
{
    uint64_t virtual = (UINT64_C(3) << 30) + ((8 + k) << 21);
    return (struct slot){FZ_L1_SLOTS + 8 * (8 + k), virtual, virtual, FZ_BASE, 1, k & 1};
}

static struct slot giga_slot(uint64_t table, unsigned k)
{
    uint64_t virtual = (uint64_t)giga_index[k] << 30;
    return (struct slot){
        table + 8 * giga_index[k], sign_extend(virtual, 39), virtual, FZ_BASE, 2, k & 1};
}

static struct slot tera_slot(unsigned k)
{
    uint64_t virtual = sign_extend((uint64_t)tera_index[k] << 39, 48);
    return (struct slot){FZ_ROOT48 + 8 * tera_index[k], virtual, virtual, 0, 3, k & 1};
}

static struct slot any_slot(struct generator *g)
{
    switch (below(g, g->trees & TREE_48 ? 6 : 5)) {
    case 0:
        return identity_slot(below(g, SMALL_PAGES));
    case 1:
        return mega_slot(below(g, LARGE_SLOTS));
    case 2:
        return giga_slot(g->trees & TREE_OTHER && chance(g, 50) ? FZ_OTHER39 : FZ_ROOT39,
                         below(g, LARGE_SLOTS));
    case 5:
        return tera_slot(below(g, LARGE_SLOTS));
    default:
        return small_slot(below(g, GROUPS), below(g, SMALL_PAGES));
    }
}

struct slot random_slot(struct generator *g)
{
    return chance(g, 60) ? g->slot[below(g, FAVOURITE_SLOTS)] : any_slot(g);
}

/* Where all spaces reach the same: the others' leaves are each tree's own. */
static bool may_be_global(const struct generator *g, const struct slot *slot)
{
    bool one_tree = !(g->trees & (g->trees - 1));
    return g->globals && (one_tree || slot->level < 2);
}

/* Mostly a valid entry; the upper bits, reserved here, and a superpage's lower
 * bits are seldom wrong. */
uint64_t random_pte(struct generator *g, const struct slot *slot)
{
    static const struct {
        uint8_t bit, percent;
    } bits[] = {{PTE_V, 96}, {PTE_R, 85}, {PTE_W, 75}, {PTE_X, 75},
                {PTE_U, 50}, {PTE_G, 25}, {PTE_A, 75}, {PTE_D, 65}};
    uint64_t pte = slot->physical >> 12 << 10;
    for (unsigned i = 0; i < sizeof bits / sizeof bits[0]; i++)
        pte |= chance(g, bits[i].percent) ? bits[i].bit : 0;
    if (slot->data && slot->level)
        pte &= ~(uint64_t)PTE_X;
    if (!may_be_global(g, slot))
        pte &= ~(uint64_t)PTE_G;
    pte |= (uint64_t)below(g, 4) << 8;
    if (!(pte & (PTE_R | PTE_W | PTE_X))) /* a pointer, to a page without entries: "walk_fault" */
        pte = (pte & 0x3ff) | FZ_TOHOST >> 12 << 10;
    if (chance(g, 2))
        pte |= UINT64_C(1) << (54 + below(g, 10));
    if (slot->level && (pte & (PTE_R | PTE_W | PTE_X)) && chance(g, 5))
        pte |= UINT64_C(1) << (10 + below(g, 9 * slot->level));
    if (slot->virtual == slot->physical && !(pte & PTE_W)) /* "amo_accessed" */
        pte |= PTE_A;
    if (has(g, PMP) && slot->entry >= FZ_BASE + FZ_KEPT_BYTES) /* "pmp_accessed" */
        pte |= PTE_A | PTE_D;
    if (has(g, PMP) && slot->virtual == slot->physical &&
        (pte & (PTE_R | PTE_X))) /* "pmp_amo"; MXR makes the latter readable */
        pte |= PTE_R | PTE_W | PTE_A | PTE_D;
    return pte;
}

uint64_t random_satp(struct generator *g)
{
    uint64_t satp = g->space[below(g, g->spaces)];
    unsigned drawn = below(g, 100);
    if (drawn < 15)
        return 0;
    if (drawn < 18)
        return (satp & ~(UINT64_C(15) << 60)) | UINT64_C(5) << 60; /* reserved: not written */
    return satp;
}

/* ---- views ---------------------------------------------------------------------------------- */

/* Where the view of a large slot shows `physical` in some mode of the program. */
static uint64_t through(struct generator *g, const struct slot *s, uint64_t physical)
{
    bool only48 = g->trees == TREE_48, both = !only48 && (g->trees & TREE_48);
    uint64_t virtual = only48 || (both && chance(g, 50)) ? s->virtual48 : s->virtual;
    return virtual + (physical - s->physical);
}

static uint64_t view(struct generator *g, unsigned first_page)
{
    if (!has(g, SV39) || chance(g, 30))
        return page[first_page];
    for (;;) {
        struct slot s = random_slot(g);
        if (s.level)
            return through(g, &s, page[first_page]);
        if (s.physical == page[first_page])
            return s.virtual;
    }
}

uint64_t code_view(struct generator *g)
{
    return view(g, 0);
}

uint64_t scratch_view(struct generator *g)
{
    return view(g, 2);
}

/* Above DRAM on both machines; with translation also where nothing is mapped
 * and where addresses are not canonical. */
uint64_t bad_page(struct generator *g)
{
    uint64_t random = rng_next(&g->rng);
    uint64_t hole = 0x84000000 + (random & 0x1fffe000);
    if (!has(g, SV39) || chance(g, 40))
        return hole;
    return chance(g, 50) ? (random & 0x2fffffe000) | 0x1000000000 : random & ~UINT64_C(0x1fff);
}

/* ---- translation ----------------------------------------------------------------------------- */

static void poke(struct generator *g, uint64_t address, uint64_t value)
{
    struct setting *s = &g->p->setting;
    s->poke[s->pokes++] = (struct poke){address, value};
}

static void poke_slot(struct generator *g, struct slot slot)
{
    poke(g, slot.entry, random_pte(g, &slot));
}

static void draw_trees(struct generator *g)
{
    g->trees = chance(g, 60) ? TREE_39 : 0;
    if (chance(g, 35))
        g->trees |= TREE_OTHER;
    if (has(g, SV48) && chance(g, 60))
        g->trees |= TREE_48;
    if (!g->trees)
        g->trees = TREE_39;
}

/* One space or two a tree; no two have the same ASID. */
static void draw_spaces(struct generator *g)
{
    unsigned first = below(g, 1 << 16);
    while (g->spaces < SPACES_MAX && (!g->spaces || chance(g, 80)))
        for (unsigned t = 0; t < TREES && g->spaces < SPACES_MAX; t++)
            if (g->trees >> t & 1) {
                uint64_t asid = (first + 0x1357 * g->spaces) & 0xffff;
                g->space[g->spaces++] =
                    (uint64_t)trees[t].mode << 60 | asid << 44 | trees[t].root >> 12;
            }
}

/* The pages that hold the harness, and those of 4 KiB and 2 MiB, are everyone's. */
static void poke_other_tree(struct generator *g)
{
    poke(g, FZ_OTHER39 + 8 * 2, FZ_L1_FIXED >> 12 << 10 | PTE_V);
    poke(g, FZ_OTHER39 + 8 * 3, FZ_L1_SLOTS >> 12 << 10 | PTE_V);
    poke(g, FZ_L0_FIXED + 8 * (FZ_OTHER39 >> 12 & 511),
         FZ_OTHER39 >> 12 << 10 | PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
    for (unsigned k = 0; k < LARGE_SLOTS; k++)
        poke_slot(g, giga_slot(FZ_OTHER39, k));
}

void draw_paging(struct generator *g)
{
    draw_trees(g);
    draw_spaces(g);
    g->globals = chance(g, 60);
    for (unsigned i = 0; i < FAVOURITE_SLOTS; i++)
        g->slot[i] = any_slot(g);
    if (g->trees & TREE_OTHER)
        poke_other_tree(g);
    for (unsigned n = 0; n < SMALL_PAGES; n++)
        poke_slot(g, identity_slot(n));
    for (unsigned group = 0; group < GROUPS; group++)
        for (unsigned n = 0; n < SMALL_PAGES; n++)
            poke_slot(g, small_slot(group, n));
    for (unsigned k = 0; k < LARGE_SLOTS; k++) {
        poke_slot(g, mega_slot(k));
        poke_slot(g, giga_slot(FZ_ROOT39, k));
        if (g->trees & TREE_48)
            poke_slot(g, tera_slot(k));
    }
    g->p->setting.state[STATE_satp] = random_satp(g);
    g->p->setting.state[STATE_mepc] = code_view(g);
}

enum { CSR_SATP = 0x180, CSR_MSTATUS = 0x300, SFENCE_VMA = 0x12000073, SINVAL_VMA = 0x16000073 };
#define SFENCE_W_INVAL  0x18000073
#define SFENCE_INVAL_IR 0x18100073

/* On to the next unit unless satp, and so sfence.vma, is allowed here. */
static void put_guard(struct generator *g)
{
    unsigned ra = free_target(g, 0), rb = free_target(g, 1u << ra);
    put(g, enc_addi(ra, X0, -1));
    put(g, enc_addi(rb, X0, -1));
    put(g, enc_csr(CSRRS, ra, CSR_SATP, X0));
    put_reference(g, OPCODE_BRANCH | ra << 15 | rb << 20, REF_BRANCH, (g->unit + 1) * UNIT_PLACES);
}

/* A fence of one address or all (register x0), in one space or all. */
struct fence {
    unsigned address, asid;
};

/* A leaf's fences: enough of them for every space that may have it in a TLB. */
struct fences {
    unsigned count;
    struct fence fence[SPACES_MAX];
};

/* A register with `value` that stays as it is until the unit ends. */
static unsigned put_kept(struct generator *g, uint64_t value)
{
    unsigned r = free_target(g, 0);
    put_li(g, r, value);
    g->kept |= 1u << r;
    return r;
}

/* Registers with an address of the slot's page, under Sv39 and under Sv48. */
static void put_addresses(struct generator *g, const struct slot *slot, unsigned by_mode[2])
{
    uint64_t inside = rng_next(&g->rng) & ((UINT64_C(1) << (12 + 9 * slot->level)) - 1);
    by_mode[0] = by_mode[1] = put_kept(g, slot->virtual + inside);
    if (slot->virtual48 != slot->virtual && (g->trees & TREE_48))
        by_mode[1] = put_kept(g, slot->virtual48 + inside);
}

/* All; or the address, by every name; or, where nothing is global, space by space.
 * Several only where no program runs: QEMU forgets all at the first of them, and what is
 * left would be fetched or not ("stale"). */
static void put_fence_registers(struct generator *g, const struct slot *slot, struct fences *f)
{
    bool two_names = slot->virtual48 != slot->virtual && (g->trees & TREE_48);
    unsigned by_mode[2] = {X0, X0};
    *f = (struct fences){.count = 1};
    if (chance(g, 30) || (two_names && !slot->data))
        return;
    if (g->globals || !slot->data || chance(g, 70))
        put_addresses(g, slot, by_mode);
    if (g->globals || !slot->data || chance(g, 30)) {
        f->fence[0].address = by_mode[0];
        if (by_mode[1] != by_mode[0])
            f->fence[f->count++].address = by_mode[1];
        return;
    }
    f->count = g->spaces;
    for (unsigned i = 0; i < g->spaces; i++)
        f->fence[i] = (struct fence){by_mode[g->space[i] >> 60 == 9],
                                     put_kept(g, g->space[i] >> 44 & 0xffff)};
}

static void put_fence_words(struct generator *g, const struct fences *f, uint32_t word)
{
    for (unsigned i = 0; i < f->count; i++)
        put(g, enc_r(word, 0, f->fence[i].address, f->fence[i].asid));
}

static void put_fences(struct generator *g, const struct fences *f)
{
    if (!has(g, SVINVAL) || chance(g, 50)) {
        put_fence_words(g, f, SFENCE_VMA);
        return;
    }
    put_guard(g); /* the store may have trapped and led to U mode: "svinval_user" */
    put(g, SFENCE_W_INVAL);
    put_fence_words(g, f, SINVAL_VMA);
    put_guard(g); /* the code's own page may be gone */
    put(g, SFENCE_INVAL_IR);
}

/* A register with an address of scratch memory as the slot shows it; x0 if it shows code. */
static unsigned put_data_address(struct generator *g, const struct slot *slot)
{
    uint64_t middle = PAGE_BYTES / 2 + 8 * below(g, 8);
    if (slot->level)
        return put_kept(g, through(g, slot, page[2 + below(g, 2)]) + middle);
    return slot->data ? put_kept(g, slot->virtual + middle) : X0;
}

static void put_use(struct generator *g, unsigned rb)
{
    if (rb != X0)
        put_some_access(g, rb);
}

/* Used, changed, used again.  The fences' operands come first, so that nothing but fences
 * follows the store. */
void unit_remap(struct generator *g)
{
    struct slot slot = random_slot(g);
    struct fences fences;
    unsigned rb = chance(g, 60) ? put_data_address(g, &slot) : X0;
    put_use(g, rb);
    put_guard(g);
    put_fence_registers(g, &slot, &fences);
    unsigned ra = put_kept(g, slot.entry), rv = put_kept(g, random_pte(g, &slot));
    put(g, enc_s(OPCODE_STORE | 3 << 12, rv, ra, 0));
    put_fences(g, &fences);
    put_use(g, rb);
    g->kept = 1;
}

/* Spaces differ in their ASID, and Bare has no translations: a fence is not needed. */
void unit_switch_satp(struct generator *g)
{
    struct slot slot = random_slot(g);
    unsigned rb = chance(g, 60) ? put_data_address(g, &slot) : X0;
    put_use(g, rb);
    put_guard(g);
    unsigned rs = put_kept(g, random_satp(g));
    put(g, enc_csr(CSRRW, any_target(g), CSR_SATP, rs));
    if (chance(g, 30))
        put(g, SFENCE_VMA);
    put_use(g, rb);
    g->kept = 1;
}

void unit_invalidate(struct generator *g)
{
    static const uint32_t words[] = {SFENCE_W_INVAL, SFENCE_INVAL_IR};
    if (chance(g, 50)) {
        put(g, enc_r(SINVAL_VMA, 0, any_source(g), any_source(g)));
    } else {
        put_guard(g);
        put(g, words[below(g, 2)]);
    }
}

/* Loads and stores of M mode with the translation and protection of another. */
void unit_as_other_mode(struct generator *g)
{
    enum { MPP = 0x1800, MPP_S = 0x800, MPRV = 0x20000 };
    unsigned rs = free_target(g, 0);
    put_li(g, rs, MPP);
    put(g, enc_csr(CSRRC, X0, CSR_MSTATUS, rs));
    put_li(g, rs,
           MPRV | (chance(g, 60) ? MPP_S : 0) | (chance(g, 50) ? 0x40000u : 0) |
               (chance(g, 50) ? 0x80000u : 0));
    put(g, enc_csr(CSRRS, X0, CSR_MSTATUS, rs));
    unit_load_store(g);
    rs = free_target(g, 0);
    put_li(g, rs, MPRV);
    put(g, enc_csr(CSRRC, X0, CSR_MSTATUS, rs));
}

void unit_as_other_mode_pmp(struct generator *g)
{
    unit_as_other_mode(g);
}

/* ---- protection
 * ------------------------------------------------------------------------------------ */

enum {
    CSR_PMPCFG0 = 0x3a0,
    CSR_PMPADDR0 = 0x3b0,
    PMP_ENTRIES = 16,
    PMP_OPEN = 0x1f,
    PMP_NAPOT = 0x18,
    PMP_X = 4,
    PMP_LOCKED = 0x80
};

/* What an entry is for.  QEMU fetches only where all of the page that is left is in
 * one entry ("pmp_fetch"), so what is near the code has bounds of whole pages. */
static const struct {
    uint8_t modes; /* a bit each: off, TOR, NA4, NAPOT */
    enum { WHOLE_PAGES, PAGE_BOUND, ANYTHING } address;
} entries[PMP_ENTRIES] = {
    [0] = {8, ANYTHING}, /* keeps the harness open */
    [1 ... 3] = {1 | 8, WHOLE_PAGES},
    [4] = {1, PAGE_BOUND},
    [5 ... 8] = {1 | 2, PAGE_BOUND},
    [9 ... 15] = {1 | 2 | 4 | 8, ANYTHING},
};

static uint64_t random_entry(struct generator *g, unsigned n)
{
    uint64_t entry = rng_next(&g->rng) & 0x1f;
    if (chance(g, 40) || !(entries[n].modes >> (entry >> 3) & 1))
        entry &= 7; /* off */
    if (has(g, LOCKED) && n > 0 && n < PMP_ENTRIES - 1 && chance(g, 20))
        entry |= PMP_LOCKED | PMP_X; /* "locked_fetch" */
    return (entry & 3) == 2 ? entry | 1 : entry;
}

/* Eight entries.  Writable without readable is reserved; the first, which keeps the
 * harness open, and the last, which may cover all, are not locked. */
uint64_t random_pmpcfg(struct generator *g, unsigned number)
{
    unsigned first = (number - CSR_PMPCFG0) * 4;
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= random_entry(g, first + i) << 8 * i;
    if (number == CSR_PMPCFG0)
        return (value & ~UINT64_C(0xff)) | PMP_OPEN;
    return chance(g, 85) ? (value & ~(UINT64_C(0xff) << 56)) | (uint64_t)PMP_OPEN << 56 : value;
}

/* Near what programs access, as a bound or with a size in the lower bits. */
uint64_t random_pmpaddr(struct generator *g, unsigned entry)
{
    static const uint64_t pages[] = {FZ_L1_SLOTS,
                                     FZ_CODE,
                                     FZ_CODE + PAGE_BYTES,
                                     FZ_SCRATCH,
                                     FZ_SCRATCH + PAGE_BYTES,
                                     FZ_SCRATCH + FZ_SCRATCH_BYTES};
    static const uint64_t data[] = {FZ_L1_SLOTS, FZ_SCRATCH, FZ_SCRATCH + PAGE_BYTES,
                                    FZ_SCRATCH + FZ_SCRATCH_BYTES};
    if (entries[entry].address != ANYTHING) {
        uint64_t address = pages[below(g, 6)] >> 2;
        return entries[entry].address == PAGE_BOUND
                   ? address
                   : address | ((UINT64_C(1) << (9 + below(g, 5))) - 1);
    }
    uint64_t address = data[below(g, 4)] >> 2;
    if (chance(g, 60))
        address += below(g, 1024);
    if (chance(g, 50))
        address |= (UINT64_C(1) << below(g, 14)) - 1;
    return chance(g, 5) && !has(g, LOCKED) ? rng_next(&g->rng) >> 10 : address;
}

void draw_pmp(struct generator *g)
{
    uint64_t *state = g->p->setting.state;
    for (unsigned i = 0; i < PMP_ENTRIES; i++)
        state[STATE_pmpaddr0 + i] = random_pmpaddr(g, i);
    state[STATE_pmpaddr0] = FZ_BASE >> 2 | (FZ_KEPT_BYTES / 8 - 1);
    state[STATE_pmpaddr15] = UINT64_MAX >> 10;
    state[STATE_pmpcfg0] = has(g, PMP) ? random_pmpcfg(g, CSR_PMPCFG0) : PMP_OPEN;
    state[STATE_pmpcfg2] =
        has(g, PMP) ? random_pmpcfg(g, CSR_PMPCFG0 + 2) : (uint64_t)PMP_OPEN << 56;
}

/* Writes the configurations of entry `first` and, if it is in another register,
 * of the one behind it once more; what traps on the way leaves a legal value. */
static void put_same_pmpcfg(struct generator *g, unsigned first)
{
    for (unsigned i = first / 8; i <= (first + 1) / 8; i++) {
        unsigned number = CSR_PMPCFG0 + 2 * i, rs = free_target(g, 0);
        put_li(g, rs, random_pmpcfg(g, number));
        put(g, enc_csr(CSRRS, rs, number, X0));
        put(g, enc_csr(CSRRW, X0, number, rs));
    }
}

/* Writes of S and U mode trap one by one and change nothing. */
void unit_protect(struct generator *g)
{
    unsigned entry = 1 + below(g, PMP_ENTRIES - 2), rs = free_target(g, 0);
    if (chance(g, 50)) {
        put_li(g, rs, random_pmpaddr(g, entry));
        put(g, enc_csr(CSRRW, any_target(g), CSR_PMPADDR0 + entry, rs));
        put_same_pmpcfg(g, entry); /* "pmp_tor_bound" */
    } else {
        unsigned number = CSR_PMPCFG0 + 2 * below(g, 2);
        put_li(g, rs, random_pmpcfg(g, number));
        put(g, enc_csr(CSRRW, any_target(g), number, rs));
    }
    put(g, SFENCE_VMA);
}
