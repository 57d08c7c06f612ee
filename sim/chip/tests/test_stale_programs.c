/*
 * The watch for stale reads against programs that know what they should read.  In each
 * round every object, a line, is written by one tile, which then has to write it back;
 * behind a barrier others drop their copies and read.  Each reader compares what it finds
 * with what it should find and counts.  The watch must count the same, in programs that
 * forget nothing, where that is nothing, as in those that forget at random: none that is
 * wrong escapes it, and it calls nothing wrong that is right.
 */
#include "sim/base/rng.h"
#include "sim/chip/tests/machine.h"

enum { TILES = 4, OBJECTS = 6, ROUNDS = 8, WORDS = LINE_BYTES / 8 };
#define MIB (UINT64_C(1) << 20)

static struct machine m;
static struct rng rng;

struct plan {
    unsigned forgets; /* one cbo in so many; 0: none */
    unsigned writer[ROUNDS][OBJECTS];
};

static struct plan plan;

static void make_plan(unsigned forgets)
{
    plan.forgets = forgets;
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned object = 0; object < OBJECTS; object++)
            plan.writer[round][object] = rng_below(&rng, TILES);
}

/* No two words ever have the same, and each fits into an immediate. */
static uint64_t value_of(unsigned round, unsigned object, unsigned word)
{
    return 5 * ((round * OBJECTS + object) * WORDS + word) + 1;
}

/* Lines that fall into two sets of the cache. */
static paddr_t address_of_object(unsigned object)
{
    return MACHINE_DATA + (uint64_t)object / 2 * 1024 + object % 2 * LINE_BYTES;
}

static void put_managed(struct program *p, enum insn_op one, enum insn_op other)
{
    if (plan.forgets && rng_below(&rng, plan.forgets) == 0)
        return;
    put(p, asm_i(rng_below(&rng, 2) ? one : other, ZERO, A0, 0));
}

/* T1 to a word, whose upper bytes are always zero, in one of several ways. */
static void put_store(struct program *p, unsigned word)
{
    int32_t at = (int32_t)(8 * word);
    switch (rng_below(&rng, 3)) {
    case 0:
        put(p, asm_s(OP_sd, T1, A0, at));
        return;
    case 1:
        put(p, asm_s(OP_sh, T1, A0, at));
        return;
    default:
        put(p, asm_s(OP_sb, T1, A0, at));
        put(p, asm_i(OP_srli, T1, T1, 8));
        put(p, asm_s(OP_sb, T1, A0, at + 1));
        return;
    }
}

/* What T1 should hold after some load from the object. */
static uint64_t put_load(struct program *p, unsigned round, unsigned object)
{
    unsigned word = rng_below(&rng, WORDS - 1);
    uint64_t value = value_of(round, object, word), next = value_of(round, object, word + 1);
    int32_t at = (int32_t)(8 * word);
    switch (rng_below(&rng, 4)) {
    case 0:
        put(p, asm_i(OP_lbu, T1, A0, at + 1));
        return value >> 8;
    case 1:
        put(p, asm_i(OP_lhu, T1, A0, at + 7)); /* of two words */
        return (next & 0xff) << 8;
    default:
        put(p, asm_i(OP_ld, T1, A0, at));
        return value;
    }
}

static void put_write(struct program *p, unsigned round, unsigned object)
{
    put_li(p, A0, address_of_object(object));
    for (unsigned word = 0; word < WORDS; word++) {
        put_li(p, T1, value_of(round, object, word));
        put_store(p, word);
    }
    put_managed(p, OP_cbo_clean, OP_cbo_flush);
}

/* S3 counts what is wrong. */
static void put_read(struct program *p, unsigned round, unsigned object)
{
    put_li(p, A0, address_of_object(object));
    put_managed(p, OP_cbo_inval, OP_cbo_flush);
    for (unsigned i = 0; i < 3; i++) {
        put_li(p, T2, put_load(p, round, object));
        put(p, asm_b(OP_beq, T1, T2, 8));
        put(p, asm_i(OP_addi, S3, S3, 1));
    }
}

/* By a word that no cache keeps: whoever has passed has heard of all. */
static void put_barrier(struct program *p, unsigned number)
{
    put(p, asm_i(OP_addi, T1, ZERO, 1));
    put(p, asm_r(OP_amoadd_d, ZERO, A1, T1));
    put_li(p, T2, (uint64_t)number * TILES);
    unsigned poll = put(p, asm_i(OP_ld, T1, A1, 0));
    put_branch(p, OP_blt, T1, T2, poll);
}

static void put_tile(struct program *p, unsigned tile)
{
    put(p, asm_i(OP_addi, S3, ZERO, 0));
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned object = 0; object < OBJECTS; object++)
            if (plan.writer[round][object] == tile)
                put_write(p, round, object);
        put_barrier(p, 2 * round + 1);
        for (unsigned object = 0; object < OBJECTS; object++)
            if (plan.writer[round][object] != tile && rng_below(&rng, 4))
                put_read(p, round, object);
        put_barrier(p, 2 * round + 2);
    }
    if (tile == 0)
        put_exit(p, 0);
    put_sleep(p);
}

static void put_all(struct program *p, paddr_t counter)
{
    put_csrr(p, S1, CSR_MHARTID);
    put_li(p, A1, counter);
    for (unsigned tile = 0; tile < TILES; tile++) {
        put(p, asm_i(OP_addi, T1, S1, -(int32_t)tile));
        put(p, asm_b(OP_beq, T1, ZERO, 8));
        unsigned next = put(p, asm_j(ZERO, 0));
        put_tile(p, tile);
        land(p, next);
    }
}

struct counts {
    uint64_t wrong, found;
};

static struct counts run_program(unsigned seed, unsigned forgets)
{
    machine_begin(&m, TILES, 1);
    m.cfg.coherence_protocol = PROTOCOL_NONE;
    m.cfg.coherence_dirty = seed % 2 ? DIRTY_BYTES : DIRTY_LINE;
    m.cfg.memory_dram_mib = 2;
    m.cfg.memory_uncached = (struct int_list){.count = 2, .item = {1, 1}};
    m.cfg.scratchpad_kib = 1;
    m.cfg.l1d_kib = seed % 5 ? 4 : 1; /* the least has evictions of its own */
    m.cfg.l1d_ways = 2;
    m.cfg.hart_store_buffer = seed % 3 ? 4 : 0;
    m.cfg.sim_check = true;
    m.cfg.sim_stale_reads = forgets ? STALE_READS_REPORT : STALE_READS_FAIL;
    rng = rng_stream(13, seed);
    make_plan(forgets);
    put_all(&m.p, seed % 4 ? MAP_DRAM_BASE + MIB : MAP_SCRATCHPAD_BASE + MAP_SCRATCHPAD_STRIDE);
    cr_assert_eq(machine_run(&m), CHIP_EXIT, "seed %u", seed);
    struct counts c = {0, stale_reads_count(m.chip->stale_reads)};
    for (unsigned tile = 0; tile < TILES; tile++)
        c.wrong += m.chip->hart[tile].x[S3];
    machine_end(&m);
    return c;
}

Test(stale_programs, what_is_right_is_not_reported)
{
    for (unsigned seed = 0; seed < 40; seed++) {
        struct counts c = run_program(seed, 0);
        cr_assert_eq(c.wrong, 0, "seed %u", seed);
        cr_assert_eq(c.found, 0, "seed %u", seed);
    }
}

Test(stale_programs, all_that_is_wrong_is_reported)
{
    uint64_t total = 0;
    for (unsigned seed = 0; seed < 60; seed++) {
        struct counts c = run_program(seed, 2 + seed % 7);
        cr_assert_eq(c.wrong, c.found, "seed %u: %llu wrong, %llu found", seed,
                     (unsigned long long)c.wrong, (unsigned long long)c.found);
        total += c.found;
    }
    cr_assert_gt(total, 800, "%llu", (unsigned long long)total);
}
