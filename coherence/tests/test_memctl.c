/* The memory controller's timing against its formula, and where lines lie. */
#include "coherence/tests/harness.h"

static struct world world_with(uint32_t latency_cycles, uint32_t line_cycles)
{
    struct config cfg = world_config(2, 2);
    cfg.memory_latency_cycles = latency_cycles;
    cfg.memory_line_cycles = line_cycles;
    struct world w;
    world_create(&w, &cfg, 1);
    return w;
}

static struct coh_msg ask(struct world *w, enum coh_type type, cycle_t now, uint64_t value)
{
    struct coh_msg in = {.type = (uint8_t)type,
                         .line = world_line(1),
                         .from = 1,
                         .to = 0,
                         .requester = 3,
                         .slot = 2,
                         .mask = UINT64_MAX};
    memcpy(in.data, &value, sizeof value);
    memctl_receive(w->coh, 0, &in, now, &w->out);
    cr_assert_eq(w->out.count, 1);
    w->out.count = 0;
    return w->out.msg[0];
}

Test(memctl, an_idle_controller_answers_after_its_latency)
{
    struct world w = world_with(100, 4);
    struct coh_msg answer = ask(&w, COH_MemRead, 1000, 0);
    cr_assert_eq(answer.delay, 100);
    cr_assert_eq(answer.type, COH_MemData);
    cr_assert_eq(answer.to, 1);
    cr_assert_eq(answer.requester, 3);
    cr_assert_eq(answer.slot, 2);
    world_destroy(&w);
}

Test(memctl, requests_start_line_cycles_apart)
{
    struct world w = world_with(50, 7);
    for (unsigned n = 0; n < 20; n++)
        cr_assert_eq(ask(&w, n % 2 ? COH_MemWrite : COH_MemRead, 10, 0).delay, 50 + 7 * n);
    cr_assert_eq(ask(&w, COH_MemRead, 10 + 7 * 20 + 1, 0).delay, 50, "the queue has drained");
    world_destroy(&w);
}

Test(memctl, a_long_queue_does_not_wrap_the_delay)
{
    struct world w = world_with(10000, 1000);
    uint32_t last = 0;
    for (unsigned n = 0; n < 100; n++)
        last = ask(&w, COH_MemRead, 0, 0).delay;
    cr_assert_eq(last, 10000 + 99 * 1000);
    world_destroy(&w);
}

Test(memctl, a_read_after_a_write_returns_what_was_written)
{
    struct world w = world_with(100, 4);
    ask(&w, COH_MemWrite, 0, 0x1122334455667788);
    struct coh_msg answer = ask(&w, COH_MemRead, 0, 0);
    uint64_t value;
    memcpy(&value, answer.data, sizeof value);
    cr_assert_eq(value, 0x1122334455667788);
    cr_assert_arr_eq(coherence_dram(w.coh, world_line(1)), &value, sizeof value);
    world_destroy(&w);
}

static void assert_even(const unsigned *count, unsigned from, unsigned n, unsigned expected)
{
    for (unsigned i = from; i < n; i++)
        cr_assert_eq(count[i], expected, "%u: %u, not %u", i, count[i], expected);
}

Test(interleave, homes_and_controllers_are_evenly_used_also_within_a_home)
{
    struct config cfg = world_config(4, 4);
    cfg.memory_controllers.count = 4;
    for (uint32_t i = 0; i < 4; i++)
        cfg.memory_controllers.item[i] = i;
    struct world w;
    world_create(&w, &cfg, 1);
    unsigned homes[16] = {0}, controllers[4] = {0}, of_home_5[4] = {0};
    for (unsigned n = 0; n < 16 * 64; n++) {
        tile_id home = coherence_home(w.coh, world_line(n));
        tile_id controller = coherence_controller(w.coh, world_line(n));
        homes[home]++;
        controllers[controller]++;
        of_home_5[controller] += home == 5;
    }
    assert_even(homes, 0, 16, 64);
    assert_even(controllers, 0, 4, 256);
    assert_even(of_home_5, 0, 4, 16);
    world_destroy(&w);
}

static struct world world_of_slices(enum memory_interleave interleave, bool slices)
{
    struct config cfg = world_config(4, 4);
    cfg.memory_private = slices;
    cfg.memory_interleave = (uint8_t)interleave;
    cfg.memory_controllers.count = 4;
    for (uint32_t i = 0; i < 4; i++)
        cfg.memory_controllers.item[i] = 5 * i;
    struct world w;
    world_create(&w, &cfg, 1);
    return w;
}

enum { PAGE_LINES = 4096 / LINE_BYTES, LINES_ALL = (1 << 20) / LINE_BYTES };

Test(interleave, pages_go_round_as_a_whole)
{
    struct world w = world_of_slices(INTERLEAVE_PAGE, false);
    for (unsigned n = 0; n < LINES_ALL; n++) {
        unsigned page = n / PAGE_LINES;
        cr_assert_eq(coherence_home(w.coh, world_line(n)), page % 16);
        cr_assert_eq(coherence_controller(w.coh, world_line(n)), 5 * ((page + page / 16) % 4));
    }
    world_destroy(&w);
}

Test(interleave, a_private_slice_is_at_home_in_its_tile)
{
    struct world w = world_of_slices(INTERLEAVE_LINE, true);
    unsigned controllers[4] = {0};
    for (unsigned n = 0; n < LINES_ALL; n++) {
        cr_assert_eq(coherence_home(w.coh, world_line(n)), n / (LINES_ALL / 16));
        controllers[coherence_controller(w.coh, world_line(n)) / 5]++;
    }
    assert_even(controllers, 0, 4, LINES_ALL / 4);
    world_destroy(&w);
}

Test(interleave, a_home_may_have_one_controller)
{
    for (unsigned slices = 0; slices < 2; slices++) {
        struct world w = world_of_slices(INTERLEAVE_HOME, slices);
        for (unsigned n = 0; n < LINES_ALL; n++)
            cr_assert_eq(coherence_controller(w.coh, world_line(n)),
                         5 * (coherence_home(w.coh, world_line(n)) / 4));
        world_destroy(&w);
    }
}

/* ---- banks ------------------------------------------------------------------------------ */

enum { CONTROLLER = 1000, ACTIVATE = 300, PRECHARGE = 200, COLUMN = 100, LINE = 10, TURN = 7 };
enum { BANKS = 4, ROW_LINES = 1024 / LINE_BYTES };

static struct world banked(const char *rows)
{
    struct config cfg = world_config(2, 2);
    struct error e = {0};
    cr_assert(config_set(&cfg, "memory.timing=banks", "here", &e), "%s", e.text);
    cr_assert(config_set(&cfg, rows, "here", &e), "%s", e.text);
    cfg.memory_banks = BANKS;
    cfg.memory_row_kib = 1;
    cfg.memory_controller_cycles = CONTROLLER;
    cfg.memory_activate_cycles = ACTIVATE;
    cfg.memory_precharge_cycles = PRECHARGE;
    cfg.memory_column_cycles = COLUMN;
    cfg.memory_line_cycles = LINE;
    cfg.memory_turnaround_cycles = TURN;
    struct world w;
    world_create(&w, &cfg, 1);
    return w;
}

/* When line n's answer leaves the controller, without what a controller always takes. */
static cycle_t answered(struct world *w, enum coh_type type, unsigned n, cycle_t now)
{
    struct coh_msg in = {.type = (uint8_t)type, .line = world_line(n), .from = 1, .to = 0};
    memctl_receive(w->coh, 0, &in, now, &w->out);
    cr_assert_eq(w->out.count, 1);
    w->out.count = 0;
    return now + w->out.msg[0].delay - CONTROLLER;
}

static unsigned line_of_row(unsigned bank, unsigned row)
{
    return (row * BANKS + bank) * ROW_LINES;
}

Test(banks, a_row_is_opened_then_hit_then_in_the_way_of_another)
{
    struct world w = banked("memory.rows=open");
    unsigned here = line_of_row(1, 2), other = line_of_row(1, 3);
    const cycle_t apart = 100000;
    cr_assert_eq(answered(&w, COH_MemRead, here, apart), apart + ACTIVATE + COLUMN + LINE);
    cr_assert_eq(answered(&w, COH_MemRead, here + ROW_LINES - 1, 2 * apart),
                 2 * apart + COLUMN + LINE);
    cr_assert_eq(answered(&w, COH_MemRead, other, 3 * apart),
                 3 * apart + PRECHARGE + ACTIVATE + COLUMN + LINE);
    struct dram *dram = &w.coh->memctl[0].dram;
    cr_assert_eq(dram->hits, 1);
    cr_assert_eq(dram->opened, 1);
    cr_assert_eq(dram->conflicts, 1);
    cr_assert_eq(w.coh->memctl[0].queued_cycles, 0);
    world_destroy(&w);
}

Test(banks, a_row_that_is_closed_behind_each_access_is_opened_for_each)
{
    struct world w = banked("memory.rows=closed");
    cr_assert_eq(answered(&w, COH_MemRead, 0, 0), ACTIVATE + COLUMN + LINE);
    cycle_t next = ACTIVATE + LINE + PRECHARGE; /* when the bank takes its next command */
    cr_assert_eq(answered(&w, COH_MemRead, 1, 0), next + ACTIVATE + COLUMN + LINE);
    cr_assert_eq(w.coh->memctl[0].dram.opened, 2);
    cr_assert_eq(w.coh->memctl[0].queued_cycles, next);
    world_destroy(&w);
}

Test(banks, hits_follow_each_other_at_the_pace_of_the_bus)
{
    struct world w = banked("memory.rows=open");
    cycle_t first = answered(&w, COH_MemRead, 0, 0);
    for (unsigned n = 1; n < ROW_LINES; n++)
        cr_assert_eq(answered(&w, COH_MemRead, n, 0), first + n * LINE);
    world_destroy(&w);
}

Test(banks, open_their_rows_beside_each_other)
{
    struct world w = banked("memory.rows=open");
    cycle_t first = answered(&w, COH_MemRead, line_of_row(0, 0), 0);
    for (unsigned bank = 1; bank < BANKS; bank++)
        cr_assert_eq(answered(&w, COH_MemRead, line_of_row(bank, 0), 0), first + bank * LINE,
                     "only the bus is shared");
    cr_assert_eq(answered(&w, COH_MemRead, line_of_row(0, 1), 0),
                 first - COLUMN + PRECHARGE + ACTIVATE + COLUMN + LINE);
    world_destroy(&w);
}

Test(banks, the_bus_turns_between_reads_and_writes_only)
{
    struct world w = banked("memory.rows=open");
    cycle_t at = answered(&w, COH_MemRead, 0, 0);
    const bool turns[] = {true, false, true, true, false};
    const enum coh_type type[] = {COH_MemWrite, COH_MemWrite, COH_MemRead, COH_MemWrite,
                                  COH_MemWrite};
    for (unsigned i = 0; i < sizeof turns / sizeof *turns; i++) {
        cycle_t next = answered(&w, type[i], 1, 0);
        cr_assert_eq(next, at + LINE + (turns[i] ? TURN : 0), "transfer %u", i);
        at = next;
    }
    cr_assert_eq(w.coh->memctl[0].dram.turnarounds, 3);
    world_destroy(&w);
}

Test(banks, a_controller_lays_its_own_lines_into_rows)
{
    struct config cfg = world_config(2, 2);
    cfg.memory_controllers.count = 2;
    cfg.memory_controllers.item[0] = 0;
    cfg.memory_controllers.item[1] = 3;
    struct world w;
    world_create(&w, &cfg, 1);
    uint64_t next[4] = {0};
    for (unsigned n = 0; n < 1024; n++) {
        tile_id at = coherence_controller(w.coh, world_line(n));
        cr_assert_eq(coherence_controller_line(w.coh, world_line(n)), next[at]++, "line %u", n);
    }
    world_destroy(&w);
}

/* Wherever lines lie, a controller numbers its own without gaps. */
static void check_numbers(enum memory_interleave interleave, bool slices)
{
    static bool taken[4][LINES_ALL];
    struct world w = world_of_slices(interleave, slices);
    memset(taken, 0, sizeof taken);
    for (unsigned n = 0; n < LINES_ALL; n++) {
        unsigned controller = coherence_controller(w.coh, world_line(n)) / 5;
        uint64_t number = coherence_controller_line(w.coh, world_line(n));
        cr_assert_lt(number, LINES_ALL / 4);
        cr_assert_not(taken[controller][number], "line %u", n);
        taken[controller][number] = true;
    }
    world_destroy(&w);
}

Test(banks, pages_and_slices_lie_in_rows_too)
{
    for (unsigned slices = 0; slices < 2; slices++)
        for (unsigned i = INTERLEAVE_LINE; i <= INTERLEAVE_HOME; i++)
            check_numbers((enum memory_interleave)i, slices);
}

/* Lines in units or slices of any kind: home and number name a line, and no other. */
Test(interleave, a_home_and_a_number_lead_back_to_the_line)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        struct config cfg = world_config(3, 2);
        cfg.memory_dram_mib = 3;
        cfg.memory_interleave = kind % 2 ? INTERLEAVE_PAGE : INTERLEAVE_LINE;
        cfg.memory_private = kind >= 2;
        struct placement place = placement_of(&cfg);
        for (uint64_t number = 0; number < 3 << (20 - LINE_SHIFT); number++)
            cr_assert_eq(placement_line(&place, placement_home(&place, number),
                                        placement_index(&place, number)),
                         number, "kind %u, line %lu", kind, number);
    }
}
