/*
 * A case is one page-table entry and one access through it, in S or U mode.  For
 * each the program goes from M mode to the mode by mret, accesses, and returns by
 * ecall or by the access's own trap: after every trap the handler goes on in M
 * mode.  Each case has a page of its own, so that none sees what another has left:
 *
 *   level 0   l0_slots[32 + 2n]     level 2   root39[32 + 2n]
 *   level 1   l1_slots[32 + 2n]     level 3   root48[32 + 2n]   (Sv48)
 *
 * A fetch jumps to a landing pad in the code, through the page, which jumps back.
 * Where the fetch fails, the handler executes the pad in M mode, with the same end.
 */
#include "sim/fuzz/cases.h"

#include <string.h>

#include "sim/fuzz/units.h"

enum { LEVELS = 4, FIRST_INDEX = 32, OFFSET = 0x100 };
enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128, ALL_RIGHTS = R | W | X };
enum { SUM = 1 << 18, MXR = 1 << 19, MSTATUS_S = 1 << 11 };

/* Calls `take` with every case that there is, grouped by mode. */
typedef void take_fn(void *context, const struct page_case *c);

static bool matters_sum(const struct page_case *c)
{
    return !c->user && (c->bits & U) && c->access != CASE_FETCH;
}

static bool matters_mxr(const struct page_case *c)
{
    return c->access == CASE_LOAD;
}

/* The case under every setting of mstatus that it depends on. */
static void under_each_status(struct page_case c, take_fn *take, void *context)
{
    for (unsigned sum = 0; sum <= matters_sum(&c); sum++)
        for (unsigned mxr = 0; mxr <= matters_mxr(&c); mxr++) {
            c.status = (sum ? SUM : 0) | (mxr ? MXR : 0);
            take(context, &c);
        }
}

static void by_each_access(struct page_case c, take_fn *take, void *context)
{
    for (c.access = CASE_FETCH; c.access < CASE_ACCESSES; c.access++)
        under_each_status(c, take, context);
}

/* All values of the lower bits but G, which decides about nothing here; an entry
 * without rights is a pointer. */
static void each_leaf(bool user, take_fn *take, void *context)
{
    for (unsigned bits = 0; bits < 256; bits++) {
        struct page_case c = {.user = user, .bits = bits, .pointer = !(bits & ALL_RIGHTS)};
        if (!(bits & G))
            by_each_access(c, take, context);
    }
}

/* What else can be wrong with an entry of a level, or with the address. */
static void each_oddity(bool user, unsigned level, take_fn *take, void *context)
{
    uint64_t good = V | ALL_RIGHTS | A | D | (user ? U : 0);
    struct page_case c = {.user = user, .level = level, .bits = good};
    by_each_access(c, take, context);
    c.bits = good | G;
    by_each_access(c, take, context);
    for (unsigned software = 8; software < 10; software++) {
        c.bits = good | UINT64_C(1) << software;
        under_each_status(c, take, context);
    }
    for (unsigned reserved = 54; reserved < 64; reserved++) {
        c.bits = good | UINT64_C(1) << reserved;
        c.access = reserved % CASE_ACCESSES;
        under_each_status(c, take, context);
    }
    for (unsigned missing = 0; missing < 3; missing++) { /* A, D, V */
        c.bits = good & ~(uint64_t)(missing == 0 ? A : missing == 1 ? D : V);
        by_each_access(c, take, context);
    }
    c.bits = good;
    for (unsigned low = 0; low < 9 * level; low++) { /* a superpage out of line */
        c.number = UINT64_C(1) << low;
        c.access = low % CASE_ACCESSES;
        under_each_status(c, take, context);
    }
    c.number = 0;
    c.pointer = true;
    for (unsigned wrong = 0; wrong < 8; wrong++) { /* a pointer with A, D, U */
        c.bits = V | (wrong & 1 ? A : 0) | (wrong & 2 ? D : 0) | (wrong & 4 ? U : 0);
        c.access = wrong % CASE_ACCESSES;
        under_each_status(c, take, context);
    }
    c.pointer = false;
    c.bits = good;
    for (unsigned turned = 39; turned < 64; turned += 3) { /* not canonical, or another page */
        c.address = UINT64_C(1) << turned;
        c.access = turned / 3 % CASE_ACCESSES;
        under_each_status(c, take, context);
    }
}

static void each_case(take_fn *take, void *context)
{
    for (unsigned user = 0; user < 2; user++) {
        each_leaf(user, take, context);
        for (unsigned level = 0; level < LEVELS; level++)
            each_oddity(user, level, take, context);
    }
}

/* ---- where a case's page is ------------------------------------------------------------- */

/* Every other page: the harness takes an address's offset in the code, which is two
 * pages, from its lower bits. */
static uint64_t index_of(unsigned n)
{
    return FIRST_INDEX + 2 * n;
}

static uint64_t entry_address(const struct page_case *c, unsigned n)
{
    static const uint64_t table[LEVELS] = {FZ_L0_SLOTS, FZ_L1_SLOTS, FZ_ROOT39, FZ_ROOT48};
    return table[c->level] + 8 * index_of(n);
}

/* Level 0 maps the page that is accessed, a superpage what contains it. */
static uint64_t physical(const struct page_case *c)
{
    uint64_t target = c->access == CASE_FETCH ? FZ_CODE : FZ_SCRATCH;
    return target >> (12 + 9 * c->level) << (12 + 9 * c->level);
}

static uint64_t entry_value(const struct page_case *c)
{
    uint64_t page = (c->pointer ? FZ_TOHOST : physical(c)) >> 12;
    return (page ^ c->number) << 10 | c->bits;
}

/* The address at which the case's page shows `target`. */
static uint64_t address_of(const struct page_case *c, unsigned n, uint64_t target)
{
    static const uint64_t above[LEVELS] = {(UINT64_C(3) << 30) + (UINT64_C(1) << 21),
                                           UINT64_C(3) << 30, 0, 0};
    uint64_t base = above[c->level] + (index_of(n) << (12 + 9 * c->level));
    return (base + (target - physical(c))) ^ c->address;
}

/* ---- programs ------------------------------------------------------------------------------ */

enum { T0 = 5, T1 = 6, T2 = 7, A0 = 10, PAD_UNIT = 1 };

static void put_case(struct generator *g, const struct page_case *c, unsigned n)
{
    struct setting *s = &g->p->setting;
    unsigned in_mode = g->unit + 1, behind = g->unit + 2;
    s->poke[s->pokes++] = (struct poke){entry_address(c, n), entry_value(c)};
    g->in_unit = 0;
    put_li(g, T0, UINT64_C(0xa00000000) | c->status | (c->user ? 0 : MSTATUS_S));
    put(g, enc_csr(CSRRW, X0, 0x300, T0));
    put_code_address(g, T0, FZ_CODE, in_mode * UNIT_PLACES, 0);
    put(g, enc_csr(CSRRW, X0, 0x341, T0));
    if (c->access == CASE_FETCH) {
        put_code_address(g, T2, FZ_CODE, behind * UNIT_PLACES, 0);
        put_code_address(g, T1, address_of(c, n, FZ_CODE), PAD_UNIT * UNIT_PLACES, 0);
    } else {
        put_li(g, T1, address_of(c, n, FZ_SCRATCH) + OFFSET + 8 * n);
    }
    put(g, 0x30200073); /* mret */
    g->unit++;
    g->in_unit = 0;
    if (c->access == CASE_FETCH)
        put(g, enc_i(OPCODE_JALR, X0, T1, 0));
    else if (c->access == CASE_LOAD)
        put(g, enc_i(OPCODE_LOAD | 3 << 12, A0 + n % 16, T1, 0));
    else
        put(g, enc_s(OPCODE_STORE | 3 << 12, T1, T1, 0));
    g->unit++;
    g->in_unit = 0;
    put(g, OPCODE_SYSTEM); /* ecall */
    g->unit++;
}

/* The mode's own code, and a handler that always goes on in M mode. */
static void put_setting(struct generator *g, bool user, bool sv48)
{
    struct setting *s = &g->p->setting;
    s->x[X_FRAME] = FZ_FRAME;
    s->state[STATE_mtvec] = FZ_M_VECTOR;
    s->state[STATE_stvec] = FZ_S_VECTOR;
    s->state[STATE_sepc] = FZ_CODE;
    s->state[STATE_mepc] = FZ_CODE;
    s->state[STATE_mstatus] = UINT64_C(0xa00001800);
    s->state[STATE_stimecmp] = TIMER_FAR;
    s->state[STATE_satp] =
        sv48 ? UINT64_C(9) << 60 | FZ_ROOT48 >> 12 : UINT64_C(8) << 60 | FZ_ROOT39 >> 12;
    for (unsigned i = 0; i < ACTIONS; i++)
        s->action[i] = ACTION_SET_MODE | 3;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t page = FZ_CODE + 4096 * i;
        s->poke[s->pokes++] = (struct poke){FZ_L0_FIXED + 8 * (page >> 12 & 511),
                                            page >> 12 << 10 | V | R | X | A | (user ? U : 0)};
    }
}

/* Goes through the cases and gives each its program and its place there: a new
 * program begins with a new mode, and with Sv48, which level 3 needs. */
struct walk {
    unsigned cases, program, in_program;
    bool user, sv48;
    unsigned wanted;     /* the program that somebody wants: */
    struct generator *g; /* put here, if not NULL */
    struct page_case *c; /* its cases, if not NULL */
    unsigned found;
};

static void take_case(void *context, const struct page_case *c)
{
    struct walk *w = context;
    bool sv48 = c->level == LEVELS - 1;
    if (w->cases && (w->in_program == CASES_A_PROGRAM || c->user != w->user || sv48 != w->sv48)) {
        w->program++;
        w->in_program = 0;
    }
    w->cases++;
    w->user = c->user;
    w->sv48 = sv48;
    if (w->c && w->program == w->wanted)
        w->c[w->found++] = *c;
    if (w->g && w->program == w->wanted) {
        if (w->in_program == 0)
            put_setting(w->g, c->user, sv48);
        put_case(w->g, c, w->in_program);
    }
    w->in_program++;
}

unsigned cases_count(void)
{
    struct walk w = {0};
    each_case(take_case, &w);
    return w.cases;
}

unsigned cases_programs(void)
{
    struct walk w = {0};
    each_case(take_case, &w);
    return w.program + 1;
}

unsigned cases_of(unsigned number, struct page_case cases[CASES_A_PROGRAM])
{
    struct walk w = {.wanted = number, .c = cases};
    each_case(take_case, &w);
    return w.found;
}

void cases_generate(struct program *p, unsigned number)
{
    struct generator g = {.p = p};
    struct walk w = {.g = &g, .wanted = number};
    memset(p, 0, sizeof *p);
    p->setting.seed = CASES_SEED;
    p->setting.number = number;
    p->setting.features = SV39 | SV48;
    p->code_offset = CODE_MIDDLE - 2032;
    put_reference(&g, OPCODE_JAL, REF_JAL, (PAD_UNIT + 1) * UNIT_PLACES);
    g.unit = PAD_UNIT;
    g.in_unit = 0;
    put(&g, enc_i(OPCODE_JALR, X0, T2, 0));
    g.unit++;
    each_case(take_case, &w);
}
