/*
 * What an access or a message costs on a quiet chip: the sum of its legs,
 * from the parameters and the mesh's zero-load latency.
 */
#include "sim/chip/tests/machine.h"

static struct machine m;

enum { LINE_FLITS = 5, WARM_ROUNDS = 2 };

/* Parameters that differ from each other and from their defaults. */
static void odd_parameters(struct config *cfg)
{
    cfg->l1_miss_cycles = 3;
    cfg->l1_fill_cycles = 4;
    cfg->l1_probe_cycles = 5;
    cfg->coherence_home_cycles = 7;
    cfg->coherence_home_occupancy_cycles = 2;
    cfg->memory_latency_cycles = 83;
    cfg->memory_controllers.count = 1;
    cfg->device_access_cycles = 6;
    cfg->hart_csr_cycles = 2;
}

/* Lines are interleaved over the homes of six tiles. */
static paddr_t line_with_home(tile_id home)
{
    return MAP_DRAM_BASE + (6000 + (paddr_t)home) * LINE_BYTES;
}

/* Measures the instruction `access`, which uses the address in t0: a0 becomes
 * the cycles from just before to just behind it, of the second of two rounds.
 * The first round, on another line of the same home, warms the code. */
static void put_measured(struct program *p, uint32_t access, paddr_t target)
{
    put_li(p, T0, target + 4096);
    put_li(p, T1, target);
    put_li(p, T2, WARM_ROUNDS);
    put_line_end(p);
    unsigned loop = put_csrr(p, A1, CSR_MCYCLE);
    put(p, access);
    put_csrr(p, A0, CSR_MCYCLE);
    put(p, asm_r(OP_sub, A0, A0, A1));
    put(p, asm_i(OP_addi, T0, T1, 0));
    put(p, asm_i(OP_addi, T2, T2, -1));
    put_branch(p, OP_bne, T2, ZERO, loop);
}

/* The cycles by which the access of tile `tile` was longer than a hit. */
static uint64_t extra_cycles(tile_id tile)
{
    return m.chip->hart[tile].x[A0] - m.cfg.hart_csr_cycles - 1;
}

static void finish(void)
{
    cr_assert_eq(machine_run(&m), CHIP_EXIT);
    cr_assert_eq(m.chip->htif.exit_code, 0);
}

static unsigned flight(tile_id from, tile_id to, unsigned flits)
{
    return machine_flight(&m, from, to, flits);
}

/* Home to controller and back; a controller beside its home needs no mesh. */
static unsigned memory_cycles(tile_id home, tile_id controller)
{
    unsigned way =
        home == controller ? 0 : flight(home, controller, 1) + flight(controller, home, LINE_FLITS);
    return way + m.cfg.memory_latency_cycles + m.cfg.coherence_home_occupancy_cycles;
}

Test(memory_time, a_hit_takes_one_cycle)
{
    machine_begin(&m, 1, 1);
    put_measured(&m.p, asm_i(OP_ld, A2, T1, 0), MACHINE_DATA); /* t1: the same line twice */
    put_exit(&m.p, 0);
    finish();
    cr_assert_eq(extra_cycles(0), 0);
    machine_end(&m);
}

/* Two lines push each other out of the L1D, round after round. */
Test(memory_time, a_line_in_the_l2_costs_its_look_up)
{
    enum { ROUNDS = 100, L2_CYCLES = 11 };
    for (unsigned stores = 0; stores < 2; stores++) {
        machine_begin(&m, 1, 1);
        m.cfg.l1d_kib = m.cfg.l1d_ways = 1;
        m.cfg.l2_kib = 4;
        m.cfg.l2_cycles = L2_CYCLES;
        put_li(&m.p, T0, MACHINE_DATA);
        put_li(&m.p, T1, MACHINE_DATA + 1024);
        put_li(&m.p, T2, ROUNDS);
        unsigned loop = put(&m.p, stores ? asm_s(OP_sd, T2, T0, 0) : asm_i(OP_ld, A2, T0, 0));
        put(&m.p, asm_i(OP_ld, A2, T1, 0));
        put(&m.p, asm_i(OP_addi, T2, T2, -1));
        put_branch(&m.p, OP_bne, T2, ZERO, loop);
        put_exit(&m.p, 0);
        finish();
        uint64_t misses = 3; /* two lines, and that of tohost */
        uint64_t from_l2 = 2 * (ROUNDS - 1);
        cr_assert_eq(machine_stat(&m, "l2.hits"), from_l2);
        cr_assert_eq(machine_stat(&m, "l2.misses"), misses);
        cr_assert_eq(machine_stat(&m, "l1d.writebacks"), stores ? ROUNDS : 0);
        cr_assert_eq(m.chip->hart[0].stall[STALL_l1d_l2], (from_l2 + misses) * L2_CYCLES);
        machine_end(&m);
    }
}

Test(memory_time, a_miss_is_the_sum_of_its_legs)
{
    for (uint32_t router_cycles = 1; router_cycles <= 4; router_cycles++)
        for (tile_id who = 0; who < 6; who++)
            for (tile_id home = 0; home < 6; home++) {
                bool stores = (who + home) % 2;
                machine_begin(&m, 3, 2);
                odd_parameters(&m.cfg);
                m.cfg.mesh_router_cycles = router_cycles;
                m.cfg.memory_controllers.item[0] = 4;
                put_only(&m.p, who);
                put_delay(&m.p, 1000); /* until the others sleep */
                put_measured(&m.p, stores ? asm_s(OP_sd, A2, T0, 0) : asm_i(OP_ld, A2, T0, 0),
                             line_with_home(home));
                put_exit(&m.p, 0);
                finish();
                cr_assert_eq(coherence_home(m.chip->engine.coherence, line_with_home(home)), home);
                uint64_t expected = m.cfg.l1_miss_cycles + flight(who, home, 1) +
                                    m.cfg.coherence_home_cycles + memory_cycles(home, 4) +
                                    flight(home, who, LINE_FLITS) + m.cfg.l1_fill_cycles;
                cr_assert_eq(extra_cycles(who), expected,
                             "tile %u, home %u, P%u: %llu cycles, not %llu", who, home,
                             router_cycles, (unsigned long long)extra_cycles(who),
                             (unsigned long long)expected);
                machine_end(&m);
            }
}

/* What else a machine of run_after_owner has, up to NULL. */
static const char *const *settings;

static void set_settings(struct config *cfg)
{
    struct error e = {0};
    for (const char *const *s = settings; s && *s; s++)
        cr_assert(config_set(cfg, *s, "test", &e), "%s", e.text);
}

/* Tile `owner` stores to the lines early, tile `who` accesses them late. */
static void run_after_owner(tile_id who, tile_id owner, tile_id home, uint32_t first,
                            uint32_t second)
{
    machine_begin(&m, 3, 2);
    odd_parameters(&m.cfg);
    m.cfg.memory_controllers.item[0] = 2;
    set_settings(&m.cfg);
    put_li(&m.p, T0, line_with_home(home));
    put_li(&m.p, T1, line_with_home(home) + 4096);
    put_csrr(&m.p, T2, CSR_MHARTID);
    put(&m.p, asm_i(OP_addi, T2, T2, -(int32_t)owner));
    unsigned not_owner = put(&m.p, asm_b(OP_bne, T2, ZERO, 0));
    put(&m.p, first);
    put(&m.p, first ^ (T0 ^ T1) << 15); /* the same through t1 */
    put_sleep(&m.p);
    land(&m.p, not_owner);
    put_only(&m.p, who);
    put_delay(&m.p, 3000);
    put_measured(&m.p, second, line_with_home(home));
    put_exit(&m.p, 0);
    finish();
}

/* The line is shared, and the home's slice has it since the first reader. */
Test(memory_time, a_line_in_the_llc_needs_no_memory)
{
    for (tile_id home = 0; home < 6; home++) {
        uint32_t load = asm_i(OP_ld, A2, T0, 0);
        settings =
            (const char *const[]){"coherence.protocol=msi", "llc.kib=4", "llc.cycles=9", NULL};
        run_after_owner(1, 5, home, load, load);
        settings = NULL;
        uint64_t expected = m.cfg.l1_miss_cycles + flight(1, home, 1) +
                            m.cfg.coherence_home_cycles + m.cfg.llc_cycles +
                            m.cfg.coherence_home_occupancy_cycles + flight(home, 1, LINE_FLITS) +
                            m.cfg.l1_fill_cycles;
        cr_assert_eq(extra_cycles(1), expected, "home %u: %llu cycles, not %llu", home,
                     (unsigned long long)extra_cycles(1), (unsigned long long)expected);
        cr_assert_geq(machine_stat(&m, "llc.hits"), 2);
        machine_end(&m);
    }
}

Test(memory_time, a_line_in_another_cache_comes_in_three_hops)
{
    static const tile_id places[][3] = {{0, 5, 2}, {5, 0, 3}, {1, 2, 1}, {1, 2, 2}, {4, 0, 0}};
    for (unsigned i = 0; i < 5; i++)
        for (unsigned stores = 0; stores < 2; stores++) {
            tile_id who = places[i][0], owner = places[i][1], home = places[i][2];
            run_after_owner(who, owner, home, asm_s(OP_sd, ZERO, T0, 0),
                            stores ? asm_s(OP_sd, A2, T0, 0) : asm_i(OP_ld, A2, T0, 0));
            uint64_t expected = m.cfg.l1_miss_cycles + flight(who, home, 1) +
                                m.cfg.coherence_home_cycles + flight(home, owner, 1) +
                                m.cfg.l1_probe_cycles + flight(owner, who, LINE_FLITS) +
                                m.cfg.l1_fill_cycles;
            cr_assert_eq(extra_cycles(who), expected, "%u from %u by way of %u", who, owner, home);
            machine_end(&m);
        }
}

/* `who` reads the line (shared with `owner`, who read it before), then stores:
 * an Upgrade, whose invalidation and grant travel at the same time. */
Test(memory_time, an_upgrade_waits_for_its_grant_and_the_sharers_acknowledgement)
{
    const tile_id who = 0, sharer = 5, home = 1;
    machine_begin(&m, 3, 2);
    odd_parameters(&m.cfg);
    m.cfg.memory_controllers.item[0] = 2;
    put_li(&m.p, T0, line_with_home(home));
    put_csrr(&m.p, T2, CSR_MHARTID);
    put(&m.p, asm_i(OP_addi, T2, T2, -(int32_t)sharer));
    unsigned not_sharer = put(&m.p, asm_b(OP_bne, T2, ZERO, 0));
    put(&m.p, asm_i(OP_ld, A2, T0, 0));
    put_li(&m.p, T0, line_with_home(home) + 4096);
    put(&m.p, asm_i(OP_ld, A2, T0, 0));
    put_sleep(&m.p);
    land(&m.p, not_sharer);
    put_only(&m.p, who);
    put_delay(&m.p, 3000);
    put(&m.p, asm_i(OP_ld, A2, T0, 0));
    put_li(&m.p, T0, line_with_home(home) + 4096);
    put(&m.p, asm_i(OP_ld, A2, T0, 0));
    put_delay(&m.p, 1000);
    put_measured(&m.p, asm_s(OP_sd, A2, T0, 0), line_with_home(home));
    put_exit(&m.p, 0);
    finish();
    uint64_t grant = flight(home, who, 1);
    /* Both leave the home in one cycle, but its injection link takes one flit a
     * cycle, and here the grant goes first. */
    uint64_t acknowledged =
        1 + flight(home, sharer, 1) + m.cfg.l1_probe_cycles + flight(sharer, who, 1);
    cr_assert_gt(acknowledged, grant);
    uint64_t expected = m.cfg.l1_miss_cycles + flight(who, home, 1) + m.cfg.coherence_home_cycles +
                        acknowledged + m.cfg.l1_fill_cycles;
    cr_assert_eq(extra_cycles(who), expected, "%llu cycles, not %llu",
                 (unsigned long long)extra_cycles(who), (unsigned long long)expected);
    cr_assert_eq(machine_stat(&m, "l1d.upgrades"), 2);
    machine_end(&m);
}

Test(memory_time, an_instruction_miss_is_the_sum_of_its_legs)
{
    machine_begin(&m, 1, 1);
    odd_parameters(&m.cfg);
    m.cfg.memory_controllers.item[0] = 0;
    put_exit(&m.p, 0);
    put_line_end(&m.p);
    finish();
    uint64_t lines = (m.chip->hart[0].pc - MAP_DRAM_BASE) / LINE_BYTES + 1;
    uint64_t one = m.cfg.l1_miss_cycles + flight(0, 0, 1) + m.cfg.coherence_home_cycles +
                   memory_cycles(0, 0) + flight(0, 0, LINE_FLITS) + m.cfg.l1_fill_cycles;
    cr_assert_eq(m.chip->hart[0].stall[STALL_fetch], lines * one);
    machine_end(&m);
}

/* ---- device registers ---------------------------------------------------------------- */

Test(memory_time, another_tiles_register_costs_two_packets_and_two_accesses)
{
    for (tile_id who = 0; who < 6; who++)
        for (tile_id owner = 0; owner < 6; owner++) {
            machine_begin(&m, 3, 2);
            odd_parameters(&m.cfg);
            put_only(&m.p, who);
            put_delay(&m.p, 1000);
            put_measured(&m.p, asm_i(OP_lw, A2, T1, 0), MAP_MSIP_BASE + 4u * owner);
            put_exit(&m.p, 0);
            finish();
            uint64_t access = m.cfg.device_access_cycles;
            uint64_t expected = owner == who
                                    ? access - 1
                                    : 2 * access + flight(who, owner, 1) + flight(owner, who, 1);
            cr_assert_eq(extra_cycles(who), expected, "tile %u, register of tile %u", who, owner);
            machine_end(&m);
        }
}

Test(memory_time, the_simulation_control_page_costs_one_cycle)
{
    machine_begin(&m, 2, 2);
    odd_parameters(&m.cfg);
    put_only(&m.p, 3);
    put_delay(&m.p, 1000);
    put_measured(&m.p, asm_i(OP_ld, A2, T1, 0), MAP_SIMCTL_BASE + SIMCTL_CYCLE);
    put_exit(&m.p, 0);
    finish();
    cr_assert_eq(extra_cycles(3), 0);
    cr_assert_eq(m.chip->hart[3].x[A2], m.chip->hart[3].x[A1] + m.cfg.hart_csr_cycles,
                 "and tells the cycle of the access itself");
    machine_end(&m);
}

/* ---- messages --------------------------------------------------------------------------- */

/* Tile `from` sends `words` words to tile `to`, which sleeps in mu_wait; a1 of
 * the sender and a0 of the receiver are the cycles just before and behind. */
static void run_message(tile_id from, tile_id to, unsigned words)
{
    machine_begin(&m, 3, 2);
    odd_parameters(&m.cfg);
    m.cfg.message_send_cycles = 3;
    m.cfg.message_receive_cycles = 4;
    put_li(&m.p, T1, MU_RQ_VALID | 4 << MU_RQ_DEPTH_SHIFT);
    put_csrw(&m.p, CSR_SMU_RQ_CONF, T1);
    put_csrr(&m.p, T2, CSR_MHARTID);
    put(&m.p, asm_i(OP_addi, T2, T2, -(int32_t)to));
    unsigned not_receiver = put(&m.p, asm_b(OP_bne, T2, ZERO, 0));
    put(&m.p, asm_i(OP_addi, T1, ZERO, 1));
    put_line_end(&m.p);
    put_csrw(&m.p, CSR_MU_WAIT, T1);
    put_csrr(&m.p, A0, CSR_MCYCLE);
    put_exit(&m.p, 0);
    land(&m.p, not_receiver);
    put_only(&m.p, from);
    put_li(&m.p, T1, to);
    put_csrw(&m.p, CSR_SMU_EP_DEST, T1);
    put(&m.p, asm_i(OP_csrrwi, ZERO, 1, CSR_SMU_EP_CREDITS));
    put(&m.p, asm_i(OP_csrrwi, ZERO, MU_EP_VALID, CSR_SMU_EP_CONF));
    put_delay(&m.p, 1000);
    for (unsigned i = 0; i < words; i++)
        put_csrw(&m.p, CSR_MU_PUSH, T1);
    put_line_end(&m.p);
    put_csrr(&m.p, A1, CSR_MCYCLE);
    put_csrw(&m.p, CSR_MU_SEND, ZERO);
    put_sleep(&m.p);
    finish();
}

Test(memory_time, a_message_costs_its_launch_its_flight_and_its_delivery)
{
    for (tile_id from = 0; from < 6; from++)
        for (tile_id to = 0; to < 6; to++) {
            unsigned words = 1 + (from * 6u + to) % MU_MESSAGE_WORDS;
            if (from == to)
                continue;
            run_message(from, to, words);
            unsigned flits =
                1 + (64 * (words + 1) + m.cfg.mesh_flit_bits - 1) / m.cfg.mesh_flit_bits;
            uint64_t took = m.chip->hart[to].x[A0] - m.chip->hart[from].x[A1];
            cr_assert_eq(took,
                         m.cfg.hart_csr_cycles + m.cfg.message_send_cycles +
                             flight(from, to, flits) + m.cfg.message_receive_cycles +
                             m.cfg.hart_csr_cycles,
                         "%u words from %u to %u: %llu", words, from, to, (unsigned long long)took);
            machine_end(&m);
        }
}
