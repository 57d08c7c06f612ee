/*
 * Ends that are not the guest's wish: harts that sleep for ever, trap in a loop or run
 * into a limit, packets and messages that got lost, and the words that explain each.
 */
#include "sim/chip/tests/machine.h"

static struct machine m;

static void begin(void)
{
    machine_begin(&m, 1, 1);
}

static void end(void)
{
    machine_end(&m);
}

TestSuite(ends, .init = begin, .fini = end);

static void check_explained(const char *text)
{
    char *explanation = machine_explanation(&m);
    cr_assert_not_null(strstr(explanation, text), "\"%s\" is not in:\n%s", text, explanation);
    mem_free(explanation);
}

Test(ends, harts_that_sleep_for_ever_are_a_deadlock_and_named)
{
    machine_begin(&m, 2, 1);
    put_csrr(&m.p, S1, CSR_MHARTID);
    unsigned second = put(&m.p, asm_b(OP_bne, S1, ZERO, 0));
    put_sleep(&m.p);
    land(&m.p, second);
    put(&m.p, asm_i(OP_addi, T0, ZERO, 6));
    put_csrw(&m.p, CSR_MU_WAIT, T0);
    cr_assert_eq(machine_run(&m), CHIP_DEADLOCK);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_DEADLOCK);
    check_explained("deadlock at cycle");
    check_explained("tile 0 (M mode) pc 0x8000000c");
    check_explained("wfi");
    check_explained("an interrupt (wfi)");
    check_explained("tile 1 (M mode) pc 0x80000018");
    check_explained("a message (mu_wait), queues 0x6");
}

Test(ends, a_deadlocks_cycle_is_when_the_last_hart_fell_asleep)
{
    cycle_t found[3];
    for (unsigned i = 0; i < 3; i++) {
        machine_begin(&m, 2, 1);
        put_only(&m.p, 1);
        put_delay(&m.p, 333);
        put_sleep(&m.p);
        machine_build(&m);
        m.chip->engine.lookahead = i ? i : m.chip->engine.lookahead;
        cr_assert_eq(machine_go(&m), CHIP_DEADLOCK);
        cr_assert_eq(m.results.cycles, m.chip->hart[1].wait_since);
        found[i] = m.results.cycles;
        if (i < 2)
            machine_end(&m);
    }
    cr_assert_eq(found[0], found[1]);
    cr_assert_eq(found[0], found[2]);
}

/* Tile 1 cannot reach the only memory controller. */
Test(ends, a_packet_that_the_mesh_loses_ends_the_run_and_is_named)
{
    cycle_t found[3];
    for (unsigned i = 0; i < 3; i++) {
        struct error e;
        machine_begin(&m, 2, 1);
        put_delay(&m.p, 333);
        put_sleep(&m.p);
        cr_assert(config_set(&m.cfg, "mesh.routing=table", "test", &e));
        cr_assert(config_set(&m.cfg, "mesh.faults=link 0,0 east @50", "test", &e));
        machine_build(&m);
        m.chip->engine.lookahead = i ? i : m.chip->engine.lookahead;
        cr_assert_eq(machine_go(&m), CHIP_MESH_FAILED);
        cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_DEADLOCK);
        check_explained("the mesh has failed the chip at cycle");
        check_explained("packets are lost or damaged (mesh.faults); the first went from tile");
        found[i] = m.chip->engine.mesh_failed_at;
        cr_assert_gt(found[i], 50);
        cr_assert_eq(m.results.cycles, found[i] + m.chip->engine.lookahead);
        if (i < 2)
            machine_end(&m);
    }
    cr_assert_eq(found[0], found[1]);
    cr_assert_eq(found[0], found[2]);
}

Test(ends, a_handler_that_traps_itself_is_a_livelock_and_named)
{
    put_li(&m.p, T1, 0x1000);
    put_csrw(&m.p, CSR_MTVEC, T1);
    put_li(&m.p, T0, 0x4000);
    unsigned fault = put(&m.p, asm_i(OP_lw, T1, T0, 0));
    cr_assert_eq(machine_run(&m), CHIP_TRAP_LOOP);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_DEADLOCK);
    char place[96];
    snprintf(place, sizeof place, "(neither memory nor a device), at pc 0x%llx",
             (unsigned long long)address_of(&m.p, fault));
    check_explained("livelock: tile 0");
    check_explained("(cause 5), tval 0x4000");
    check_explained(place);
    check_explained("mtvec 0x1000");
    check_explained("  t0 0000000000004000");
}

Test(ends, the_limit_of_cycles_ends_a_run_exactly_there)
{
    static const cycle_t limits[] = {1, 2, 100, 1000, 12345};
    for (unsigned i = 0; i < 5; i++) {
        machine_begin(&m, 2, 2);
        put_jump(&m.p, 0);
        m.options.max_cycles = limits[i];
        cr_assert_eq(machine_run(&m), CHIP_LIMIT);
        cr_assert_eq(m.results.cycles, limits[i]);
        cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_LIMIT);
        for (unsigned t = 0; t < 4; t++)
            cr_assert_geq(m.chip->hart[t].cycle, limits[i]);
        check_explained("the limit of ");
        if (i < 4)
            machine_end(&m);
    }
}

Test(ends, an_end_before_the_limit_is_an_end)
{
    cycle_t ended = 0, cycles = 0;
    uint64_t hash = 0;
    for (cycle_t limit = 100000; limit + 1 >= ended; limit = limit == 100000 ? cycles : limit - 1) {
        machine_begin(&m, 2, 2);
        m.options.max_cycles = limit;
        put_only(&m.p, 1);
        put_exit(&m.p, 7);
        machine_run(&m);
        if (limit == 100000) {
            ended = m.chip->htif.end_cycle;
            cycles = m.results.cycles;
            hash = m.results.state_hash;
            cr_assert_gt(cycles, ended + 1);
        }
        cr_assert_eq(m.end, limit > ended ? CHIP_EXIT : CHIP_LIMIT);
        if (m.end == CHIP_EXIT) {
            cr_assert_eq(m.results.cycles, cycles);
            cr_assert_eq(m.results.state_hash, hash, "the limit of %llu shows",
                         (unsigned long long)limit);
        }
        if (limit + 1 > ended)
            machine_end(&m);
    }
}

Test(ends, the_limit_counts_for_sleepers_with_a_timer_too)
{
    put_li(&m.p, T0, MAP_MTIMECMP_BASE);
    put_li(&m.p, T1, 1000000000);
    put(&m.p, asm_s(OP_sd, T1, T0, 0));
    put_li(&m.p, T1, 1u << IRQ_MTIP);
    put_csrw(&m.p, CSR_MIE, T1);
    put(&m.p, asm_n(OP_wfi));
    m.options.max_cycles = 5000;
    cr_assert_eq(machine_run(&m), CHIP_LIMIT);
    cr_assert_eq(m.results.cycles, 5000);
    cr_assert_eq(m.chip->hart[0].cycle, 5000, "the wait is charged up to the end");
    cr_assert_gt(m.chip->hart[0].stall[STALL_idle], 4000);
}

/* Each tile names series of its own, more in all than any table once held; the
 * results do not say in which order. */
Test(ends, series_of_all_tiles_exist_whoever_came_first)
{
    uint64_t hash[3];
    for (unsigned order = 0; order < 3; order++) {
        machine_begin(&m, 2, 2);
        m.cfg.sim_tile_order = (uint8_t)order;
        put_csrr(&m.p, S1, CSR_MHARTID);
        put_li(&m.p, S0, MAP_SIMCTL_BASE);
        put_li(&m.p, T2, 'A' + 60);
        put_li(&m.p, T1, 'A');
        unsigned next = m.p.count; /* "<digit of the tile><letter>" */
        put(&m.p, asm_i(OP_addi, T0, S1, '0'));
        put(&m.p, asm_s(OP_sb, T0, S0, SIMCTL_NAME));
        put(&m.p, asm_s(OP_sb, T1, S0, SIMCTL_NAME));
        put(&m.p, asm_i(OP_ld, T0, S0, SIMCTL_SERIES));
        put(&m.p, asm_s(OP_sd, T0, S0, SIMCTL_SELECT));
        put(&m.p, asm_s(OP_sd, T1, S0, SIMCTL_SAMPLE));
        put(&m.p, asm_i(OP_addi, T1, T1, 1));
        put_branch(&m.p, OP_bne, T1, T2, next);
        put_only(&m.p, 3);
        put_delay(&m.p, 3000);
        put_exit(&m.p, 0);
        cr_assert_eq(machine_run(&m), CHIP_EXIT);
        cr_assert_eq(m.results.series_count, 240);
        for (unsigned i = 0; i < 240; i++) {
            const char name[] = {(char)('0' + i / 60), (char)('A' + i % 60), '\0'};
            cr_assert_str_eq(m.results.series[i].name, name);
            cr_assert_eq(m.results.series[i].hist->sum, 'A' + i % 60);
        }
        hash[order] = m.results.state_hash;
        if (order < 2)
            machine_end(&m);
    }
    cr_assert_eq(hash[0], hash[1]);
    cr_assert_eq(hash[0], hash[2]);
}

Test(ends, a_series_too_many_ends_the_run_and_is_named)
{
    put_li(&m.p, S0, MAP_SIMCTL_BASE);
    unsigned next = m.p.count; /* the number t2 in two letters, the lower first */
    put(&m.p, asm_i(OP_andi, T1, T2, 15));
    put(&m.p, asm_i(OP_addi, T1, T1, 'A'));
    put(&m.p, asm_s(OP_sb, T1, S0, SIMCTL_NAME));
    put(&m.p, asm_i(OP_srli, T1, T2, 4));
    put(&m.p, asm_i(OP_addi, T1, T1, 'A'));
    put(&m.p, asm_s(OP_sb, T1, S0, SIMCTL_NAME));
    put(&m.p, asm_i(OP_ld, T0, S0, SIMCTL_SERIES));
    put(&m.p, asm_i(OP_addi, T2, T2, 1));
    put_jump(&m.p, next);
    cr_assert_eq(machine_run(&m), CHIP_FAULT);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_INPUT);
    cr_assert_eq(m.results.series_count, 256);
    check_explained("guest: no more than 256 series a tile: \"AQ\" ()");
    check_explained("(tile 0, cycle ");
}

/* ---- sim.check when all has come to rest ---------------------------------------------- */

/* Every packet with a line's data becomes a credit that nobody waits for. */
static unsigned lose_data(struct engine *e)
{
    unsigned lost = 0;
    for (uint32_t n = 0; n < e->packets.fresh; n++) {
        struct packet *p = packet_at(&e->packets, n);
        bool data = p->kind == PACKET_COHERENCE && coh_msg_info[p->coherence.type].carries_data;
        if (!data)
            continue;
        p->kind = PACKET_CREDIT;
        p->message = (struct message){.generation = 99};
        lost++;
    }
    return lost;
}

/* All tiles store to many lines until the limit cuts them off in the midst. */
static void run_stores(cycle_t limit)
{
    machine_begin(&m, 2, 2);
    m.cfg.l1d_kib = m.cfg.l1d_ways = 1;
    put_li(&m.p, T0, MACHINE_DATA);
    unsigned again = m.p.count;
    put(&m.p, asm_r(OP_amoadd_d, T1, T0, T0));
    put(&m.p, asm_i(OP_addi, T0, T0, LINE_BYTES));
    put_jump(&m.p, again);
    m.options.max_cycles = limit;
    cr_assert_eq(machine_run(&m), CHIP_LIMIT);
}

Test(ends, what_is_on_its_way_at_the_end_comes_to_rest_without_harts)
{
    unsigned busy = 0;
    for (cycle_t limit = 1000; limit < 1100; limit++) {
        run_stores(limit);
        struct engine *e = &m.chip->engine;
        cycle_t clock[4];
        for (unsigned t = 0; t < 4; t++)
            clock[t] = e->hart[t].cycle;
        busy += e->packets.in_use > 0;
        const char *fault = engine_check_quiet(e);
        cr_assert_null(fault, "limit %llu: %s", (unsigned long long)limit, fault);
        cr_assert_eq(e->packets.in_use, 0);
        cr_assert_eq(chip_cycle(m.chip), limit);
        for (unsigned t = 0; t < 4; t++)
            cr_assert_eq(e->hart[t].cycle, clock[t]);
        if (limit < 1099)
            machine_end(&m);
    }
    cr_assert_gt(busy, 50);
}

Test(ends, a_message_that_got_lost_is_found_when_all_is_at_rest)
{
    unsigned found = 0;
    for (cycle_t limit = 1000; limit < 1100; limit++) {
        run_stores(limit);
        lose_data(&m.chip->engine);
        found += engine_check_quiet(&m.chip->engine) != NULL;
        if (limit < 1099)
            machine_end(&m);
    }
    cr_assert_gt(found, 50);
}

/* Two harts wait for ever for a line whose data got lost. */
Test(ends, a_deadlock_of_coherence_is_a_broken_invariant_and_says_so)
{
    machine_begin(&m, 2, 1);
    m.cfg.sim_check = true;
    put_li(&m.p, T0, MACHINE_DATA);
    put(&m.p, asm_i(OP_ld, T1, T0, 0));
    put_sleep(&m.p);
    machine_build(&m);
    do
        cr_assert_eq(engine_round(&m.chip->engine), ENGINE_RUNS);
    while (m.chip->hart[0].wait != WAIT_LINE || !lose_data(&m.chip->engine));
    cr_assert_eq(machine_go(&m), CHIP_VIOLATION);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_INTERNAL);
    check_explained("invariant broken when all had come to rest after cycle");
    check_explained("in a transaction");
    check_explained("deadlock at cycle");
}

Test(ends, a_signal_interrupts_a_run)
{
    static const volatile sig_atomic_t raised = 1;
    put_jump(&m.p, 0);
    m.options.interrupt = &raised;
    cr_assert_eq(machine_run(&m), CHIP_INTERRUPTED);
    cr_assert_eq(chip_exit_status(m.chip), EXIT_STATUS_INTERRUPT);
    check_explained("interrupted at cycle");
}
