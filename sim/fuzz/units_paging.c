/*
 * Units about translation and protection.  Programs see the code and the
 * scratch pages through many views: the identity, and slots, page-table
 * entries of all levels that map them with random permissions.
 *
 *   root48[0] -> root39          root48[k]      leaf, 512 GiB
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
    return (struct slot){FZ_L0_SLOTS + 8 * index,
                         (UINT64_C(3) << 30) + (UINT64_C(1) << 21) + index * PAGE_BYTES, page[n],
                         0};
}

static struct slot identity_slot(unsigned n)
{
    return (struct slot){FZ_L0_FIXED + 8 * (page[n] >> 12 & 511), page[n], page[n], 0};
}

static struct slot mega_slot(unsigned k)
{
    return (struct slot){FZ_L1_SLOTS + 8 * (8 + k), (UINT64_C(3) << 30) + ((8 + k) << 21), FZ_BASE,
                         1};
}

static struct slot giga_slot(unsigned k)
{
    return (struct slot){FZ_ROOT39 + 8 * giga_index[k],
                         sign_extend((uint64_t)giga_index[k] << 30, 39), FZ_BASE, 2};
}

static struct slot tera_slot(unsigned k)
{
    return (struct slot){FZ_ROOT48 + 8 * tera_index[k],
                         sign_extend((uint64_t)tera_index[k] << 39, 48), 0, 3};
}

struct slot random_slot(struct generator *g)
{
    switch (below(g, has(g, SV48) ? 6 : 5)) {
    case 0:
        return identity_slot(below(g, SMALL_PAGES));
    case 1:
        return mega_slot(below(g, LARGE_SLOTS));
    case 2:
        return giga_slot(below(g, LARGE_SLOTS));
    case 5:
        return tera_slot(below(g, LARGE_SLOTS));
    default:
        return small_slot(below(g, GROUPS), below(g, SMALL_PAGES));
    }
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
    uint64_t asid = (uint64_t)below(g, 16) << 44;
    unsigned drawn = below(g, 100);
    if (drawn < 15)
        return 0;
    if (drawn < 18)
        return UINT64_C(5) << 60 | asid | FZ_ROOT39 >> 12; /* a reserved mode: not written */
    return g->translation | asid;
}

/* ---- views ---------------------------------------------------------------------------------- */

/* Where the view of a large slot shows `physical`. */
static uint64_t through(const struct slot *s, uint64_t physical)
{
    return s->virtual + (physical - s->physical);
}

static uint64_t view(struct generator *g, unsigned first_page)
{
    if (!has(g, SV39) || chance(g, 30))
        return page[first_page];
    for (;;) {
        struct slot s = random_slot(g);
        if (s.level)
            return through(&s, page[first_page]);
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

/* One mode a program: a change of mode would leave entries of the other behind. */
void draw_paging(struct generator *g)
{
    bool sv48 = has(g, SV48) && chance(g, 60);
    g->translation =
        sv48 ? UINT64_C(9) << 60 | FZ_ROOT48 >> 12 : UINT64_C(8) << 60 | FZ_ROOT39 >> 12;
    for (unsigned n = 0; n < SMALL_PAGES; n++)
        poke_slot(g, identity_slot(n));
    for (unsigned group = 0; group < GROUPS; group++)
        for (unsigned n = 0; n < SMALL_PAGES; n++)
            poke_slot(g, small_slot(group, n));
    for (unsigned k = 0; k < LARGE_SLOTS; k++) {
        poke_slot(g, mega_slot(k));
        poke_slot(g, giga_slot(k));
        if (has(g, SV48))
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

/* All, or one address in all spaces: enough for a leaf. */
static void put_fence(struct generator *g, uint64_t address)
{
    unsigned rv = X0;
    if (chance(g, 60)) {
        rv = free_target(g, 0);
        put_li(g, rv, address);
    }
    if (!has(g, SVINVAL) || chance(g, 50)) {
        put(g, enc_r(SFENCE_VMA, 0, rv, X0));
        return;
    }
    g->kept |= 1u << rv;
    put_guard(g); /* the store may have trapped and led to U mode: "svinval_user" */
    g->kept = 1;
    put(g, SFENCE_W_INVAL);
    put(g, enc_r(SINVAL_VMA, 0, rv, X0));
    put_guard(g); /* the code's own page may be gone */
    put(g, SFENCE_INVAL_IR);
}

void unit_remap(struct generator *g)
{
    struct slot slot = random_slot(g);
    unsigned ra, rv;
    /* The fence takes the address of the mode that is on now; a leaf that both
     * modes reach under different addresses is fenced as a whole. */
    bool one_address = !(has(g, SV48) && slot.level == 2 && slot.virtual >> 38);
    if (slot.level == 3)
        one_address = false;
    put_guard(g);
    ra = free_target(g, 0);
    rv = free_target(g, 1u << ra);
    put_li(g, ra, slot.entry);
    put_li(g, rv, random_pte(g, &slot));
    put(g, enc_s(OPCODE_STORE | 3 << 12, rv, ra, 0));
    if (one_address)
        put_fence(g, slot.virtual);
    else
        put(g, SFENCE_VMA);
}

void unit_switch_satp(struct generator *g)
{
    put_guard(g);
    unsigned rs = free_target(g, 0);
    put_li(g, rs, random_satp(g));
    put(g, enc_csr(CSRRW, any_target(g), CSR_SATP, rs));
    put(g, SFENCE_VMA);
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
    PMP_NAPOT = 0x18
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
    return (entry & 3) == 2 ? entry | 1 : entry;
}

/* Eight entries.  Writable without readable is reserved; nothing is locked. */
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
    return chance(g, 5) ? rng_next(&g->rng) >> 10 : address;
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
