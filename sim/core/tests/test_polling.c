/*
 * Which rounds of a loop count as polling, and that neither slices nor views show
 * in what is counted.
 */
#include "sim/base/rng.h"
#include "sim/core/tests/flat.h"

enum { UNTIL = 5000, FIRST_ROUNDS = 200 };

static struct flat *flat;

static struct hart *start(enum flat_mode mode, const struct program *p)
{
    if (flat)
        flat_destroy(flat);
    flat = flat_create(mode);
    flat_program(flat, p->word, p->count);
    flat->hart.x[T0] = FLAT_DATA;
    flat->hart.x[SP] = FLAT_DATA + 0x1000;
    return &flat->hart;
}

static void destroy(void)
{
    if (flat)
        flat_destroy(flat);
    flat = NULL;
}

TestSuite(polling, .fini = destroy);

/* The accounts after UNTIL cycles or a few more, in slices of so many. */
static struct hart_account run(enum flat_mode mode, const struct program *p, cycle_t slice)
{
    struct hart *h = start(mode, p);
    while (h->cycle < UNTIL) {
        cycle_t until = h->cycle + slice;
        hart_run(h, until < UNTIL ? until : UNTIL);
        if (h->wait != WAIT_NONE)
            hart_wake(h, h->wait_since + FLAT_MISS_CYCLES);
    }
    hart_account_mode(h);
    struct hart_account a = hart_account_of(h, 2);
    uint64_t sum = a.base;
    for (unsigned k = 0; k < STALLS; k++)
        sum += a.stall[k];
    cr_assert_eq(sum, a.cycles);
    cr_assert_eq(a.cycles, h->cycle);
    cr_assert_eq(a.instructions, hart_instructions(h));
    return a;
}

/* Cycles of polling, the same however the program is run. */
static uint64_t polled(const struct program *p)
{
    struct hart_account whole = run(FLAT_FAST, p, UNTIL);
    for (cycle_t slice = 1; slice < 40; slice += 3) {
        struct hart_account fast = run(FLAT_FAST, p, slice), slow = run(FLAT_SLOW, p, slice);
        cr_assert_arr_eq(&fast, &whole, sizeof fast, "slices of %u", (unsigned)slice);
        cr_assert_arr_eq(&slow, &whole, sizeof slow, "slices of %u, no views", (unsigned)slice);
    }
    return whole.stall[STALL_polling];
}

static void expect_polling(const struct program *p)
{
    uint64_t cycles = polled(p);
    cr_assert(cycles > UNTIL - FIRST_ROUNDS && cycles < UNTIL, "%u", (unsigned)cycles);
}

Test(polling, waiting_for_a_word)
{
    struct program p = {0};
    put(&p, asm_i(OP_ld, T1, T0, 0));
    put_branch(&p, OP_beq, T1, ZERO, 0);
    expect_polling(&p);
}

/* The branch comes by while the quotient is pending. */
Test(polling, a_division_that_nobody_waits_for)
{
    struct program p = {0};
    put(&p, asm_r(OP_div, T2, T0, T0));
    put(&p, asm_i(OP_ld, T1, T0, 0));
    put_branch(&p, OP_beq, T1, ZERO, 0);
    expect_polling(&p);
    cr_assert_gt(flat->hart.polled[2].stall[STALL_multiply], UNTIL / 2);
}

Test(polling, a_jump_to_itself)
{
    struct program p = {0};
    put_jump(&p, 0);
    expect_polling(&p);
}

Test(polling, a_call_that_saves_and_restores)
{
    struct program p = {0};
    put(&p, asm_j(RA, 12));
    put_branch(&p, OP_beq, A0, ZERO, 0);
    put(&p, flat_stop());
    put(&p, asm_i(OP_addi, SP, SP, -16));
    put(&p, asm_s(OP_sd, RA, SP, 8));
    put(&p, asm_i(OP_ld, A0, T0, 0));
    put(&p, asm_i(OP_ld, RA, SP, 8));
    put(&p, asm_i(OP_addi, SP, SP, 16));
    put(&p, asm_i(OP_jalr, ZERO, RA, 0));
    expect_polling(&p);
}

/* A loop over channels within the loop that polls. */
Test(polling, a_set_of_channels)
{
    struct program p = {0};
    put_li(&p, T2, 20);
    unsigned again = put(&p, asm_i(OP_addi, T3, T0, 0));
    put(&p, asm_i(OP_addi, T4, ZERO, 0));
    unsigned next = put(&p, asm_i(OP_ld, T1, T3, 0));
    put(&p, asm_i(OP_addi, T3, T3, 64));
    put(&p, asm_i(OP_addi, T4, T4, 1));
    put_branch(&p, OP_bne, T4, T2, next);
    put_branch(&p, OP_beq, T1, ZERO, again);
    uint64_t cycles = polled(&p);
    cr_assert(cycles > UNTIL - 800 && cycles < UNTIL, "%u", (unsigned)cycles);
}

Test(polling, what_counts_does_not_poll)
{
    struct program p = {0};
    put(&p, asm_i(OP_ld, T1, T0, 0));
    put(&p, asm_i(OP_addi, T2, T2, 1));
    put_branch(&p, OP_beq, T1, ZERO, 0);
    cr_assert_eq(polled(&p), 0);
}

Test(polling, nor_what_counts_in_memory)
{
    struct program p = {0};
    put(&p, asm_i(OP_ld, T1, T0, 0));
    put(&p, asm_i(OP_addi, T1, T1, 1));
    put(&p, asm_s(OP_sd, T1, T0, 0));
    put(&p, asm_i(OP_addi, T1, ZERO, 0));
    put_jump(&p, 0);
    cr_assert_eq(polled(&p), 0);
    cr_assert_gt(flat_load(flat, FLAT_DATA), UNTIL / 10);
}

Test(polling, nor_what_watches_the_clock) /* the CSR cycle */
{
    struct program p = {0};
    put_csrr(&p, T1, 0xc00);
    put_branch(&p, OP_bne, T1, ZERO, 0);
    cr_assert_eq(polled(&p), 0);
}

Test(polling, nor_what_writes_a_csr) /* mscratch */
{
    struct program p = {0};
    put(&p, asm_i(OP_ld, T1, T0, 0));
    put_csrw(&p, 0x340, T1);
    put_branch(&p, OP_beq, T1, ZERO, 0);
    cr_assert_eq(polled(&p), 0);
}

Test(polling, nor_an_atomic)
{
    struct program p = {0};
    put(&p, asm_r(OP_amoadd_d, T1, T0, ZERO));
    put_branch(&p, OP_beq, T1, ZERO, 0);
    cr_assert_eq(polled(&p), 0);
}

/* A round that a miss falls into belongs to the miss. */
Test(polling, nor_a_round_with_a_miss)
{
    struct program p = {0};
    put(&p, asm_i(OP_ld, T1, T0, 0));
    put_branch(&p, OP_beq, T1, ZERO, 0);
    struct hart *h = start(FLAT_MISS, &p);
    uint64_t before = 0;
    for (unsigned n = 0; n < 300; n++) {
        hart_run(h, h->cycle + 20);
        if (h->wait == WAIT_NONE && n % 10 == 0) { /* the line is taken away */
            memset(flat->present, 0, sizeof flat->present);
            before = h->polled[2].cycles;
        }
        if (h->wait != WAIT_NONE) {
            cr_assert_leq(h->polled[2].cycles - before, 10);
            hart_wake(h, h->wait_since + FLAT_MISS_CYCLES);
        }
    }
    cr_assert_eq(h->polled[2].stall[STALL_l1d_network], 0);
    cr_assert_eq(h->polled[2].stall[STALL_l1d_directory], 0);
    cr_assert_gt(h->polled[2].cycles, 300 * 20 / 2);
    cr_assert_gt(h->stall[STALL_l1d_directory] + h->stall[STALL_l1d_network], 0);
}

/* The waiting ends: what comes afterwards is work again. */
Test(polling, ends_when_the_word_comes)
{
    struct program p = {0};
    unsigned again = put(&p, asm_i(OP_ld, T1, T0, 0));
    put_branch(&p, OP_beq, T1, ZERO, again);
    unsigned work = put(&p, asm_i(OP_addi, T2, T2, 1));
    put_jump(&p, work);
    struct hart *h = start(FLAT_FAST, &p);
    hart_run(h, 1000);
    uint64_t before = h->polled[2].cycles, one = 1;
    flat_store(flat, FLAT_DATA, &one, sizeof one);
    hart_run(h, 3000);
    cr_assert_geq(before, 900);
    cr_assert_leq(h->polled[2].cycles - before, 10);
    cr_assert_gt(h->x[T2], 900);
}
