/*
 * A program is a draw of units by weight, a random state to start from, and
 * random doings of the trap handler.  Programs end by construction: jumps lead
 * forward, loops count, and the harness stops what traps too often.
 */
#include "sim/fuzz/generate.h"

#include <assert.h>
#include <string.h>

#include "sim/fuzz/units.h"

enum { UNITS_MAX = 110, CODE_BYTES_WANTED = 2600 };

static const struct unit {
    const char *name;
    unsigned weight;
    uint32_t features;
    void (*put)(struct generator *g);
} units[] = {
#define UNIT(name, weight, features) {#name, weight, features, unit_##name},
#include "sim/fuzz/units.def"
#undef UNIT
};
enum { UNITS = sizeof units / sizeof units[0] };

/* ---- values and registers --------------------------------------------------------- */

uint64_t any_value(struct generator *g)
{
    static const uint64_t corner[] = {0,
                                      1,
                                      UINT64_MAX,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0xffffffff80000000,
                                      0x7fffffffffffffff,
                                      0x8000000000000000,
                                      0xaaaaaaaaaaaaaaaa,
                                      0x00ff00ff00ff00ff,
                                      FZ_CODE,
                                      FZ_SCRATCH};
    uint64_t value = rng_next(&g->rng);
    switch (below(g, 6)) {
    case 0:
        return corner[below(g, sizeof corner / sizeof corner[0])];
    case 1:
        return UINT64_C(1) << (value & 63);
    case 2:
        return value & 0xfff;
    case 3:
        return (uint64_t)(int64_t)(int32_t)value;
    case 4:
        return value >> below(g, 64);
    default:
        return value;
    }
}

unsigned any_source(struct generator *g)
{
    return chance(g, 75) ? g->favourite[below(g, 6)] : below(g, 32);
}

unsigned free_target(struct generator *g, uint32_t but)
{
    for (;;) {
        unsigned r = chance(g, 75) ? g->favourite[below(g, 6)] : 1 + below(g, 30);
        if (!((g->kept | but) >> r & 1))
            return r;
    }
}

unsigned any_target(struct generator *g)
{
    return chance(g, 3) ? X0 : free_target(g, 0);
}

/* ---- instructions -------------------------------------------------------------------- */

static void append(struct generator *g, struct item item)
{
    assert(g->p->items < ITEMS_MAX && g->in_unit < UNIT_PLACES);
    item.place = (uint16_t)next_place(g);
    g->p->item[g->p->items++] = item;
    g->in_unit++;
    g->code_bytes += item.bytes;
}

void put(struct generator *g, uint32_t bits)
{
    append(g, (struct item){.bits = bits, .bytes = 4});
}

void put_loose(struct generator *g, uint32_t bits)
{
    append(g, (struct item){.bits = bits, .bytes = 4, .loose = true});
}

void put_compressed(struct generator *g, unsigned bits)
{
    append(g, (struct item){.bits = bits & 0xffff, .bytes = 2, .loose = true});
}

void put_with_stand_in(struct generator *g, uint32_t bits, uint32_t stand_in)
{
    append(g, (struct item){.bits = bits, .bytes = 4, .stand_in = stand_in});
    g->stand_ins++;
}

void put_reference(struct generator *g, uint32_t bits, enum reference reference, unsigned place)
{
    bool compressed = reference == REF_C_BRANCH || reference == REF_C_JUMP;
    append(g, (struct item){.bits = bits,
                            .bytes = compressed ? 2 : 4,
                            .reference = (uint8_t)reference,
                            .target = (uint16_t)place});
}

/* By halves: the upper part first, then 12 bits at a time. */
void put_li(struct generator *g, unsigned rd, uint64_t value)
{
    int64_t low = (int64_t)(value << 52) >> 52;
    uint64_t rest = value - (uint64_t)low;
    if ((int64_t)value == low) {
        put(g, enc_addi(rd, X0, (int32_t)low));
    } else if ((int64_t)value == (int32_t)value) {
        put(g, enc_u(OPCODE_LUI, rd, (uint32_t)rest >> 12));
        put(g, enc_i(OPCODE_IMM32, rd, rd, (int32_t)low));
    } else {
        put_li(g, rd, (uint64_t)((int64_t)rest >> 12));
        put(g, enc_i(OPCODE_IMM | 1 << 12, rd, rd, 12)); /* slli */
        if (low)
            put(g, enc_addi(rd, rd, (int32_t)low));
    }
}

void put_code_address(struct generator *g, unsigned rd, uint64_t base, unsigned place,
                      unsigned more)
{
    put_li(g, rd, base + CODE_MIDDLE);
    put_reference(g, enc_addi(rd, rd, (int32_t)more), REF_OFFSET, place);
}

unsigned next_place(const struct generator *g)
{
    return g->unit * UNIT_PLACES + g->in_unit;
}

unsigned place_ahead(struct generator *g, unsigned units_max)
{
    return (g->unit + 1 + below(g, units_max)) * UNIT_PLACES;
}

/* ---- the setting ------------------------------------------------------------------------ */

static enum { MODE_U = 0, MODE_S = 1, MODE_M = 3 } any_mode(struct generator *g)
{
    static const uint8_t mode[] = {MODE_M, MODE_M, MODE_S, MODE_U};
    return mode[below(g, 4)];
}

/* MPP names a mode that exists, the upper bits keep the register's width. */
uint64_t legal_mstatus(struct generator *g, uint64_t value)
{
    value = (value & ~UINT64_C(0x1800)) | (uint64_t)any_mode(g) << 11;
    return (value & 0x7c19aa) | 0xa00000000;
}

/* One exception must be left that leads from the S handler to M mode, and a load
 * exception goes where that of stores goes ("amo_fault" in differences.def). */
uint64_t legal_medeleg(uint64_t value)
{
    value = (value & ~UINT64_C(0x80c0)) | (value & 0x2030) << 2;
    return (value & 0x204) == 0x204 ? value & ~UINT64_C(0x200) : value;
}

static void draw_registers(struct generator *g)
{
    struct setting *s = &g->p->setting;
    for (unsigned i = 1; i < 31; i++)
        s->x[i] = any_value(g);
    s->x[X_FRAME] = FZ_FRAME;
    for (unsigned i = 0; i < sizeof g->favourite / sizeof g->favourite[0]; i++)
        g->favourite[i] = 1 + below(g, 30);
}

/* Nothing pending in half of the programs, so that they are about something else. */
static void draw_interrupts(struct generator *g)
{
    uint64_t *state = g->p->setting.state;
    state[STATE_mideleg] = chance(g, 60) ? rng_next(&g->rng) & 0x222 : 0;
    if (chance(g, 50)) {
        state[STATE_mie] = rng_next(&g->rng) & 0xaaa;
        state[STATE_mip] = rng_next(&g->rng) & 0x222;
    }
    state[STATE_sie] = state[STATE_mie] & state[STATE_mideleg];
}

static void draw_actions(struct generator *g)
{
    uint64_t *action = g->p->setting.action;
    unsigned percent = chance(g, 50) ? 40 : 5;
    for (unsigned i = 0; i < ACTIONS; i++) {
        if (chance(g, percent))
            action[i] |= ACTION_SET_MODE | (unsigned)any_mode(g);
        if (chance(g, percent / 2))
            action[i] |= ACTION_MSIP;
        if (chance(g, percent / 2))
            action[i] |= ACTION_TIMER;
    }
}

/* Bits of menvcfg, those of the first two also of senvcfg. */
#define CACHE_BLOCK_ENABLES UINT64_C(0xf0)
#define STCE                (UINT64_C(1) << 63)

static void draw_state(struct generator *g)
{
    uint64_t *state = g->p->setting.state;
    state[STATE_medeleg] = chance(g, 60) ? legal_medeleg(rng_next(&g->rng) & 0xb3fe) : 0;
    draw_interrupts(g);
    if (has(g, ZICBOM) || has(g, ZICBOZ))
        state[STATE_menvcfg] = state[STATE_senvcfg] = CACHE_BLOCK_ENABLES;
    if (has(g, SSTC))
        state[STATE_menvcfg] |= STCE;
    state[STATE_stimecmp] = has(g, SSTC) ? random_timer(g) : TIMER_FAR;
    state[STATE_mtvec] = FZ_M_VECTOR + below(g, 2);
    state[STATE_stvec] = FZ_S_VECTOR + below(g, 2);
    state[STATE_mcounteren] = rng_next(&g->rng) & UINT32_MAX;
    state[STATE_scounteren] = rng_next(&g->rng) & UINT32_MAX;
    state[STATE_mcountinhibit] = below(g, 8) & 5;
    for (unsigned i = 0; i < 2; i++) {
        state[i ? STATE_mscratch : STATE_sscratch] = any_value(g);
        state[i ? STATE_mcause : STATE_scause] = any_value(g);
        state[i ? STATE_mtval : STATE_stval] = any_value(g);
    }
    state[STATE_sepc] = FZ_CODE; /* words of zero */
    uint64_t status = rng_next(&g->rng);
    status &= chance(g, 70) ? ~UINT64_C(0x700000) : ~UINT64_C(0); /* TVM, TW, TSR: seldom */
    status &= ~UINT64_C(8);                                       /* MIE: not in the harness */
    state[STATE_mstatus] = legal_mstatus(g, status);
    state[STATE_mepc] = FZ_CODE;
}

/* Not every program uses all: what is everywhere hides other things. */
static uint32_t draw_features(struct generator *g)
{
    uint32_t used = g->p->setting.features;
    used &= chance(g, 35) ? ~(uint32_t)(SV39 | SV48) : ~0u;
    used &= chance(g, 50) ? ~(uint32_t)PMP : ~0u;
    used &= !(used & PMP) || chance(g, 85) ? ~(uint32_t)LOCKED : ~0u;
    used &= chance(g, 25) ? ~(uint32_t)F_C : ~0u;
    used &= chance(g, 50) ? ~(uint32_t)SSTC : ~0u;
    used &= used & PMP || chance(g, 50) ? ~(uint32_t)(ZICBOM | ZICBOZ) : ~0u; /* "cache_block" */
    return used;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const struct unit *draw_unit(struct generator *g)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < UNITS; i++)
        sum += has(g, units[i].features) ? units[i].weight : 0;
    unsigned drawn = below(g, sum);
    for (unsigned i = 0;; i++) {
        unsigned weight = has(g, units[i].features) ? units[i].weight : 0;
        if (drawn < weight)
            return &units[i];
        drawn -= weight;
    }
}

void generate(struct program *p, uint64_t seed, uint64_t number, uint32_t features)
{
    struct generator g = {.p = p, .rng = rng_stream(seed, number)};
    memset(p, 0, sizeof *p);
    p->setting.seed = seed;
    p->setting.number = number;
    p->setting.features =
        features | (features & SV48 ? (uint32_t)SV39 : 0) | (features & LOCKED ? (uint32_t)PMP : 0);
    g.used = draw_features(&g);
    draw_registers(&g);
    draw_state(&g);
    draw_actions(&g);
    if (has(&g, SV39))
        draw_paging(&g);
    if (p->setting.features & PMP)
        draw_pmp(&g);
    unsigned step = has(&g, F_C) ? 2 : 4;
    p->code_offset = CODE_MIDDLE - 2032 + step * below(&g, 1200 / step);
    unsigned units_wanted = 4 + below(&g, UNITS_MAX - 4);
    for (; g.unit < units_wanted && g.code_bytes < CODE_BYTES_WANTED; g.unit++) {
        g.in_unit = 0;
        g.kept = 1;
        draw_unit(&g)->put(&g);
    }
}

uint32_t generate_features(uint64_t seed, uint64_t first, uint32_t given, uint32_t drawn)
{
    static const uint8_t percent[FEATURES] = {
#define FEATURE(name, percent, qemu_on, qemu_off, on, off, meaning) percent,
#include "sim/fuzz/features.def"
#undef FEATURE
    };
    struct rng rng = rng_stream(~seed, first);
    uint32_t features = given;
    for (unsigned i = 0; i < FEATURES; i++) {
        bool on = rng_below(&rng, 100) < percent[i];
        if (on && (drawn >> i & 1))
            features |= 1u << i;
    }
    return features;
}
