/*
 * The store buffer in a machine: what goes by it, what waits for it, and that
 * nobody can tell how the simulation was cut.  test_litmus.c asks what other
 * tiles see of it.
 */
#include "sim/base/rng.h"
#include "sim/chip/tests/manners.h"

enum {
    CSR_SENVCFG = 0x10a,
    CSR_SATP = 0x180,
    CSR_MENVCFG = 0x30a,
    CSR_PMPCFG0 = 0x3a0,
    CSR_PMPADDR0 = 0x3b0
};
enum { STORES = 8 };
#define RESULTS (MACHINE_DATA + UINT64_C(0x40000))
#define WARM    (MACHINE_DATA + UINT64_C(0x7f000))

static struct machine m, other;

static void begin(uint32_t width, uint32_t store_buffer)
{
    machine_begin(&m, width, 1);
    m.cfg.hart_store_buffer = store_buffer;
}

static void run_to_exit(void)
{
    cr_assert_eq(machine_run(&m), CHIP_EXIT, "end %u", m.end);
}

/* a0 lines that were never touched, a1 results, a2 a line held in M */
static void put_addresses(struct program *p)
{
    put_li(p, A0, MACHINE_DATA);
    put_li(p, A1, RESULTS);
    put_li(p, A2, WARM);
    put(p, asm_s(OP_sd, ZERO, A2, 0));
}

/* ---- forwarding ------------------------------------------------------------------------ */

enum { MIDDLE = 24 };
static const enum insn_op store_ops[] = {OP_sb, OP_sh, OP_sw, OP_sd};
static const enum insn_op load_ops[] = {OP_lbu, OP_lhu, OP_lwu, OP_ld};

/* Pieces for a store of 2^s bytes at MIDDLE of a fresh line and a load of 2^l bytes
 * `distance` bytes further; the loaded value becomes the next result. */
static void put_forwarding(struct program *p, unsigned s, unsigned l, int distance)
{
    if (p->count % LINE_WORDS == LINE_WORDS - 1) /* no fetch may come between the two */
        put(p, asm_nop());
    put(p, asm_s(store_ops[s], S2, A0, MIDDLE));
    put(p, asm_i(load_ops[l], T1, A0, MIDDLE + distance));
    put(p, asm_s(OP_sd, T1, A1, 0));
    put(p, asm_i(OP_addi, A0, A0, LINE_BYTES));
    put(p, asm_i(OP_addi, A1, A1, 8));
}

static uint64_t expected_load(unsigned s, unsigned l, int distance)
{
    uint8_t line[LINE_BYTES] = {0};
    uint64_t stored = UINT64_C(0x8877665544332211), value = 0;
    memcpy(line + MIDDLE, &stored, 1u << s);
    memcpy(&value, line + MIDDLE + distance, 1u << l);
    return value;
}

static bool is_contained(unsigned s, unsigned l, int distance)
{
    return distance >= 0 && distance + (1 << l) <= 1 << s;
}

Test(store_buffer, loads_of_every_size_and_offset_see_the_store)
{
    unsigned contained = 0, n = 0;
    begin(1, STORES);
    put_addresses(&m.p);
    put_li(&m.p, S2, UINT64_C(0x8877665544332211));
    for (unsigned s = 0; s < 4; s++)
        for (unsigned l = 0; l < 4; l++)
            for (int d = -8; d <= 8; d++) {
                put_forwarding(&m.p, s, l, d);
                contained += is_contained(s, l, d);
            }
    put_exit(&m.p, 0);
    run_to_exit();
    for (unsigned s = 0; s < 4; s++)
        for (unsigned l = 0; l < 4; l++)
            for (int d = -8; d <= 8; d++)
                cr_assert_eq(machine_peek(&m, RESULTS + 8 * n++), expected_load(s, l, d),
                             "store of %u bytes, load of %u at %d", 1u << s, 1u << l, d);
    cr_assert_eq(machine_stat(&m, "hart.loads_forwarded"), contained);
    machine_end(&m);
}

Test(store_buffer, a_load_is_answered_by_the_youngest_store)
{
    begin(1, STORES);
    put_addresses(&m.p);
    put_line_end(&m.p);
    for (unsigned n = 1; n < 5; n++) {
        put_li(&m.p, T1, n);
        put(&m.p, asm_s(OP_sd, T1, A0, 0));
    }
    put(&m.p, asm_s(OP_sb, ZERO, A0, 16)); /* another place */
    put(&m.p, asm_i(OP_ld, A5, A0, 0));
    put_exit(&m.p, 0);
    run_to_exit();
    cr_assert_eq(m.chip->hart[0].x[A5], 4);
    cr_assert_eq(machine_stat(&m, "hart.loads_forwarded"), 1);
    machine_end(&m);
}

/* ---- what waits ------------------------------------------------------------------------- */

enum { LONG = 300 }; /* x 2 cycles: nothing is outstanding any more */

/* A store that misses and `word` behind it, in one line of code; then nothing that waits. */
static void put_behind_store(struct program *p, uint32_t word)
{
    put_delay(p, LONG);
    put_line_end(p);
    put(p, asm_s(OP_sd, T5, A0, 0));
    put(p, word);
    put_delay(p, LONG);
}

/* Cycles that `word` waits for the store before it. */
static uint64_t measure_wait(uint32_t word)
{
    begin(1, STORES);
    put_addresses(&m.p);
    put_li(&m.p, T3, MAP_MTIMECMP_BASE);
    put_li(&m.p, T4, MAP_SIMCTL_BASE);
    put_behind_store(&m.p, word);
    put_exit(&m.p, 0);
    run_to_exit();
    cr_assert_gt(machine_stat(&m, "hart.stores_buffered"), 1);
    uint64_t waited = machine_stat(&m, "hart.stall.store_buffer");
    machine_end(&m);
    return waited;
}

static uint32_t fence_word(unsigned mode, unsigned operands)
{
    return asm_n(OP_fence) | operands << 20 | mode << 28;
}

/* Stores are behind whatever comes next, unless that is a store; fence.tso leaves it so. */
static bool fence_must_wait(unsigned mode, unsigned operands)
{
    bool after = operands & (FENCE_AFTER_R | FENCE_AFTER_I | FENCE_AFTER_O);
    return (operands & FENCE_BEFORE_W) && after && !(mode == 8 && operands == 0x33);
}

static void check_fences(unsigned mode)
{
    for (unsigned operands = 0; operands < 256; operands++)
        cr_assert_eq(measure_wait(fence_word(mode, operands)) > 0, fence_must_wait(mode, operands),
                     "fm %u, operands %#x", mode, operands);
}

Test(store_buffer, fences_wait_when_they_order_stores_before_anything_but_stores)
{
    check_fences(0);
}

Test(store_buffer, fence_tso_waits_for_nothing)
{
    check_fences(8);
}

/* What may stand behind a store: a2 a line held in M, t3 the address of mtimecmp, t4 that
 * of the simulation-control page. */
#define BEHIND_A_STORE(ROW)                                                                        \
    ROW(false, asm_nop())                                                                          \
    ROW(false, asm_i(OP_ld, T6, A2, 8))                                                            \
    ROW(false, asm_s(OP_sd, S1, A2, 8))                                                            \
    ROW(true, asm_r(OP_amoadd_w, T6, A2, S1))                                                      \
    ROW(true, asm_r(OP_lr_d, T6, A2, ZERO))                                                        \
    ROW(true, asm_r(OP_sc_d, T6, A2, S1))                                                          \
    ROW(true, asm_i(OP_ld, T6, T3, 0))                                                             \
    ROW(true, asm_s(OP_sd, T6, T3, 0))                                                             \
    ROW(false, asm_i(OP_ld, T6, T4, SIMCTL_CYCLE))                                                 \
    ROW(false, asm_s(OP_sd, ZERO, T4, SIMCTL_MARK))                                                \
    ROW(true, asm_n(OP_fence_i))                                                                   \
    ROW(true, asm_r(OP_sfence_vma, ZERO, ZERO, ZERO))                                              \
    ROW(true, asm_r(OP_sinval_vma, ZERO, ZERO, ZERO))                                              \
    ROW(false, asm_n(OP_sfence_w_inval))                                                           \
    ROW(false, asm_n(OP_sfence_inval_ir))                                                          \
    ROW(true, asm_i(OP_cbo_clean, ZERO, A2, 0))                                                    \
    ROW(true, asm_i(OP_cbo_flush, ZERO, A2, 0))                                                    \
    ROW(true, asm_i(OP_cbo_inval, ZERO, A2, 0))                                                    \
    ROW(true, asm_i(OP_cbo_zero, ZERO, A2, 0))                                                     \
    ROW(false, asm_i(OP_csrrs, T6, ZERO, CSR_MSCRATCH))                                            \
    ROW(false, asm_i(OP_csrrw, ZERO, ZERO, CSR_SATP))                                              \
    ROW(false, asm_i(OP_csrrw, ZERO, S1, CSR_MU_PUSH))                                             \
    ROW(false, asm_i(OP_csrrs, T6, ZERO, CSR_MU_COUNT))                                            \
    ROW(true, asm_i(OP_lw, T6, A0, 6))   /* half of it the store's */                              \
    ROW(false, asm_i(OP_ld, T6, A0, -4)) /* over two lines, the second part the store's */         \
    ROW(false, asm_i(OP_lw, T6, A0, 0))

Test(store_buffer, atomics_devices_and_fences_of_other_kinds_wait)
{
#define ROW(waits, word) cr_expect_eq(measure_wait(word) > 0, waits, "%s", #word);
    BEHIND_A_STORE(ROW)
#undef ROW
}

/* The same in user mode, where menvcfg can make fences of devices order memory too. */
static uint64_t measure_wait_in_user_mode(uint32_t word, unsigned csr, uint64_t envcfg)
{
    begin(1, STORES);
    put_addresses(&m.p);
    put_li(&m.p, T1, UINT64_MAX >> 10);
    put_csrw(&m.p, CSR_PMPADDR0, T1);
    put(&m.p, asm_i(OP_addi, T1, ZERO, 0x1f));
    put_csrw(&m.p, CSR_PMPCFG0, T1);
    put_li(&m.p, T1, envcfg);
    put_csrw(&m.p, csr, T1);
    put(&m.p, asm_u(OP_auipc, T1, 0));
    put(&m.p, asm_i(OP_addi, T1, T1, 4 * 4)); /* behind the mret */
    put_csrw(&m.p, CSR_MEPC, T1);
    put(&m.p, asm_n(OP_mret));
    put_behind_store(&m.p, word);
    put_exit(&m.p, 0);
    run_to_exit();
    uint64_t waited = machine_stat(&m, "hart.stall.store_buffer");
    cr_assert_gt(machine_stat(&m, "hart.u.instructions"), 100);
    machine_end(&m);
    return waited;
}

Test(store_buffer, fences_of_output_wait_where_fiom_says_so)
{
    uint32_t word = fence_word(0, FENCE_BEFORE_O | FENCE_AFTER_R);
    cr_assert_eq(measure_wait_in_user_mode(word, CSR_MENVCFG, 0), 0);
    cr_assert_gt(measure_wait_in_user_mode(word, CSR_MENVCFG, ENVCFG_FIOM), 0);
    cr_assert_gt(measure_wait_in_user_mode(word, CSR_SENVCFG, ENVCFG_FIOM), 0);
    word = fence_word(0, FENCE_BEFORE_I | FENCE_AFTER_R);
    cr_assert_eq(measure_wait_in_user_mode(word, CSR_MENVCFG, ENVCFG_FIOM), 0);
    word = fence_word(0, FENCE_BEFORE_O | FENCE_AFTER_W);
    cr_assert_eq(measure_wait_in_user_mode(word, CSR_MENVCFG, ENVCFG_FIOM), 0);
}

/* ---- time and room ------------------------------------------------------------------------ */

/* `stores` stores to lines that miss, one behind the other. */
static uint64_t measure_stores(uint32_t store_buffer, unsigned stores, const char *what)
{
    begin(1, store_buffer);
    put_addresses(&m.p);
    put_delay(&m.p, LONG);
    put_line_end(&m.p);
    for (unsigned i = 0; i < stores; i++)
        put(&m.p, asm_s(OP_sd, A0, A0, (int32_t)(i * LINE_BYTES)));
    put_delay(&m.p, 4 * LONG);
    put_exit(&m.p, 0);
    run_to_exit();
    for (unsigned i = 0; i < stores; i++)
        cr_assert_eq(machine_peek(&m, MACHINE_DATA + i * LINE_BYTES), MACHINE_DATA);
    uint64_t value = machine_stat(&m, what);
    machine_end(&m);
    return value;
}

Test(store_buffer, the_hart_waits_when_it_is_full_and_not_before)
{
    for (uint32_t room = 1; room <= 8; room++) {
        cr_assert_eq(measure_stores(room, room, "hart.stall.store_buffer"), 0, "%u", room);
        cr_assert_gt(measure_stores(room, room + 1, "hart.stall.store_buffer"), 0, "%u", room);
    }
}

/* The same instructions, each counted once, in fewer cycles. */
Test(store_buffer, hides_misses_and_changes_no_count)
{
    uint64_t instructions = measure_stores(0, 8, "hart.instructions");
    uint64_t cycles = measure_stores(0, 8, "hart.cycles");
    cr_assert_eq(measure_stores(8, 8, "hart.instructions"), instructions);
    cr_assert_gt(cycles, measure_stores(8, 8, "hart.cycles") + 8 * 60);
    cr_assert_eq(measure_stores(0, 8, "hart.stores_buffered"), 0);
    cr_assert_eq(measure_stores(0, 8, "hart.stall.store_buffer"), 0);
    cr_assert_eq(measure_stores(8, 8, "l1d.store_misses"),
                 measure_stores(0, 8, "l1d.store_misses"));
}

/* ---- who else must know of it --------------------------------------------------------------- */

/* The host reads what the guest has stored just before it asked. */
Test(store_buffer, the_host_sees_what_was_stored_before)
{
    static const char text[] = "buffered";
    uint64_t word;
    begin(1, STORES);
    put_addresses(&m.p);
    put_delay(&m.p, LONG);
    memcpy(&word, text, sizeof word);
    put_li(&m.p, T1, word);
    put_li(&m.p, T2, MACHINE_TOHOST);
    put(&m.p, asm_i(OP_addi, T3, ZERO, 64));
    put(&m.p, asm_i(OP_addi, T4, A0, LINE_BYTES));
    put(&m.p, asm_i(OP_addi, T5, ZERO, 8));
    put_line_end(&m.p);
    put(&m.p, asm_s(OP_sd, T1, A0, LINE_BYTES)); /* the text */
    put(&m.p, asm_s(OP_sd, T3, A0, 0));          /* the call */
    put(&m.p, asm_s(OP_sd, T4, A0, 16));
    put(&m.p, asm_s(OP_sd, T5, A0, 24));
    put(&m.p, asm_s(OP_sd, A0, T2, 0));
    put_delay(&m.p, LONG);
    put_exit(&m.p, 0);
    run_to_exit();
    cr_assert_str_eq(m.console, text);
    machine_end(&m);
}

/* The run ends while the other tile's stores are on their way: all comes to rest. */
Test(store_buffer, the_end_finds_stores_on_their_way)
{
    for (unsigned delay = 0; delay < 200; delay += 7) {
        begin(2, STORES);
        m.cfg.sim_check = true;
        put_addresses(&m.p);
        put_csrr(&m.p, T1, CSR_MHARTID);
        unsigned second = put(&m.p, asm_b(OP_bne, T1, ZERO, 0));
        put_delay(&m.p, 200 + delay);
        put_exit(&m.p, 0);
        land(&m.p, second);
        put_delay(&m.p, 200);
        for (unsigned i = 0; i < STORES; i++)
            put(&m.p, asm_s(OP_sd, A0, A0, (int32_t)(i * LINE_BYTES)));
        put_sleep(&m.p);
        run_to_exit();
        machine_end(&m);
    }
}

/* Both tiles add to words of the same lines, which go to and fro while stores to them
 * lie in the buffers. */
Test(store_buffer, lines_that_others_take_lose_nothing)
{
    enum { ROUNDS = 50, LINES = 6 };
    begin(2, 4);
    m.cfg.sim_check = true;
    m.cfg.l1d_kib = 1;
    m.cfg.l1d_ways = 1;
    put_addresses(&m.p);
    put_csrr(&m.p, S1, CSR_MHARTID);
    put(&m.p, asm_i(OP_slli, T1, S1, 3));
    put(&m.p, asm_r(OP_add, A0, A0, T1));
    put_li(&m.p, S0, ROUNDS);
    unsigned loop = m.p.count;
    for (unsigned n = 0; n < 2 * LINES; n++) {
        int32_t at = (int32_t)(n * 7 % LINES * LINE_BYTES * 3);
        put(&m.p, asm_i(OP_ld, T1, A0, at));
        put(&m.p, asm_i(OP_addi, T1, T1, 1));
        put(&m.p, asm_s(OP_sd, T1, A0, at));
    }
    put(&m.p, asm_i(OP_addi, S0, S0, -1));
    put_branch(&m.p, OP_bne, S0, ZERO, loop);
    put_li(&m.p, T0, RESULTS);
    put(&m.p, asm_i(OP_addi, T1, ZERO, 1));
    put(&m.p, asm_r(OP_amoadd_d, ZERO, T0, T1));
    unsigned last = put(&m.p, asm_b(OP_beq, S1, ZERO, 0));
    put_sleep(&m.p);
    land(&m.p, last);
    put(&m.p, asm_i(OP_addi, T2, ZERO, 2));
    unsigned poll = put(&m.p, asm_i(OP_ld, T1, T0, 0));
    put_branch(&m.p, OP_bne, T1, T2, poll);
    put_exit(&m.p, 0);
    run_to_exit();
    for (unsigned line = 0; line < LINES; line++)
        for (unsigned tile = 0; tile < 2; tile++)
            cr_assert_eq(machine_peek(&m, MACHINE_DATA + line * LINE_BYTES * 3 + 8 * tile),
                         2 * ROUNDS);
    cr_assert_gt(machine_stat(&m, "l1d.invalidations") + machine_stat(&m, "home.requests"), 100);
    machine_end(&m);
}

/* ---- the law of time --------------------------------------------------------------------------
 */

/* Each tile stores to lines of its own that come from memory, lets some cycles pass, and
 * looks at another word of the line, or at the clock: it is awake when the line arrives,
 * and whether it sees that is a matter of one cycle. */
static void put_private_guest(struct program *p, struct rng *rng)
{
    put_addresses(p);
    put_csrr(p, S1, CSR_MHARTID);
    put(p, asm_i(OP_slli, T1, S1, 15));
    put(p, asm_r(OP_add, A0, A0, T1));
    put_li(p, A5, 0);
    for (unsigned n = 0; n < 80; n++) {
        put(p, asm_s(OP_sd, A5, A0, 0));
        for (unsigned k = rng_below(rng, 6); k > 0; k--)
            put(p, asm_s(OP_sb, A5, A0, (int32_t)(LINE_BYTES * rng_below(rng, 4) + 16 + k)));
        for (unsigned k = rng_below(rng, 24); k > 0; k--)
            put(p, asm_i(OP_addi, A5, A5, 3));
        put(p, asm_i(OP_ld, T1, A0, (int32_t)(8 + 8 * rng_below(rng, 3))));
        put_csrr(p, T2, CSR_MCYCLE);
        put(p, asm_r(OP_xor, T1, T1, T2));
        put(p, asm_i(OP_slli, T2, A5, 5));
        put(p, asm_r(OP_sub, A5, T2, A5));
        put(p, asm_r(OP_add, A5, A5, T1));
        put(p, asm_i(OP_addi, A0, A0, 256));
    }
    put_li(p, T0, RESULTS);
    put(p, asm_i(OP_addi, T1, ZERO, 1));
    put(p, asm_r(OP_amoadd_d, ZERO, T0, T1));
    unsigned last = put(p, asm_b(OP_beq, S1, ZERO, 0));
    put_sleep(p);
    land(p, last);
    put(p, asm_i(OP_addi, T2, ZERO, 4));
    unsigned poll = put(p, asm_i(OP_ld, T1, T0, 0));
    put_branch(p, OP_bne, T1, T2, poll);
    put_exit(p, 0);
}

static void run_private_guest(struct machine *one, unsigned seed, const struct manner *how)
{
    struct rng rng = rng_stream(11, seed);
    machine_begin(one, 2, 2);
    one->cfg.hart_store_buffer = 1 + seed % 8;
    one->cfg.mesh_router_cycles = 1 + seed % 4;
    one->cfg.mesh_flit_bits = seed & 1 ? 1024 : 128;
    one->cfg.coherence_home_cycles = seed & 2 ? 60 : 1;
    one->cfg.coherence_home_occupancy_cycles = 1;
    one->cfg.memory_latency_cycles = one->cfg.memory_line_cycles = 1 + seed % 3;
    one->cfg.l1_miss_cycles = 3;
    put_private_guest(&one->p, &rng);
    run_in_manner(one, how);
}

Test(store_buffer, answers_to_stores_find_the_hart_awake_in_the_right_cycle)
{
    char what[64];
    for (unsigned seed = 0; seed < 16; seed++) {
        run_private_guest(&m, seed, &manners[0]);
        cr_assert_gt(machine_stat(&m, "hart.stores_buffered"), 100);
        for (unsigned n = 1; n < MANNERS; n++) {
            run_private_guest(&other, seed, &manners[n]);
            snprintf(what, sizeof what, "seed %u, %s", seed, manners[n].name);
            check_equal(&m, &other, what);
            machine_end(&other);
        }
        machine_end(&m);
    }
}
