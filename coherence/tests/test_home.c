/* The home bank's timing and the order in which requests get their turn. */
#include "coherence/tests/harness.h"

static struct world w;
enum { HOME_CYCLES = 6, OCCUPANCY = 2 };

static void create(void)
{
    struct config cfg = world_config(4, 2);
    cfg.coherence_home_cycles = HOME_CYCLES;
    cfg.coherence_home_occupancy_cycles = OCCUPANCY;
    cfg.coherence_mshrs = 2;
    world_create(&w, &cfg, 1);
}

static void destroy(void)
{
    world_destroy(&w);
}

TestSuite(home, .init = create, .fini = destroy);

/* Line n of home 0. */
static paddr_t line(unsigned n)
{
    return world_line(8 * n);
}

static void receive(enum coh_type type, paddr_t at, tile_id from, cycle_t now)
{
    struct coh_msg msg = {
        .type = (uint8_t)type, .line = at, .from = from, .to = 0, .requester = from};
    w.out.count = 0;
    home_receive(w.coh, 0, &msg, now, &w.out);
    world_assert_sound(&w);
}

static void assert_sent(unsigned index, enum coh_type type, tile_id to, uint32_t delay)
{
    cr_assert_lt(index, w.out.count);
    const struct coh_msg *msg = &w.out.msg[index];
    cr_assert_eq(msg->type, type, "sent %s", coh_msg_info[msg->type].name);
    cr_assert_eq(msg->to, to);
    cr_assert_eq(msg->delay, delay, "delay %u, not %u", msg->delay, delay);
}

Test(home, an_idle_bank_sends_after_its_latency)
{
    receive(COH_GetS, line(0), 1, 100);
    cr_assert_eq(w.out.count, 1);
    assert_sent(0, COH_MemRead, 0, HOME_CYCLES);
}

Test(home, requests_of_one_cycle_take_the_bank_one_after_the_other)
{
    receive(COH_GetS, line(0), 1, 100);
    receive(COH_GetS, line(1), 2, 100);
    assert_sent(0, COH_MemRead, 0, OCCUPANCY + HOME_CYCLES);
    receive(COH_MemData, line(0), 0, 100);
    assert_sent(0, COH_DataE, 1, 2 * OCCUPANCY + OCCUPANCY);
    receive(COH_MemData, line(1), 0, 200);
    assert_sent(0, COH_DataE, 2, OCCUPANCY);
}

Test(home, the_unblock_serves_the_next_request_after_its_own_turn_at_the_bank)
{
    receive(COH_GetM, line(0), 1, 0);
    receive(COH_GetM, line(0), 2, 10);
    cr_assert_eq(w.out.count, 0);
    receive(COH_MemData, line(0), 0, 100);
    receive(COH_Unblock, line(0), 1, 150);
    cr_assert_eq(w.out.count, 1);
    assert_sent(0, COH_FwdGetM, 1, OCCUPANCY + HOME_CYCLES);
    cr_assert_eq(w.coh->home[0].waited, 1);
    cr_assert_eq(w.coh->home[0].waited_cycles, 140);
}

Test(home, requests_for_a_line_are_served_in_order_of_arrival)
{
    static const tile_id order[] = {5, 2, 7, 1};
    receive(COH_GetM, line(0), 6, 0);
    for (unsigned i = 0; i < 4; i++)
        receive(COH_GetM, line(0), order[i], 10);
    receive(COH_MemData, line(0), 0, 100);
    tile_id owner = 6;
    for (unsigned i = 0; i < 4; i++) {
        receive(COH_Unblock, line(0), owner, 200 + i * 100);
        assert_sent(0, COH_FwdGetM, owner, OCCUPANCY + HOME_CYCLES);
        cr_assert_eq(w.out.msg[0].requester, order[i]);
        owner = order[i];
    }
}

Test(home, a_request_without_an_mshr_waits_for_one)
{
    receive(COH_GetS, line(0), 1, 0);
    receive(COH_GetS, line(1), 2, 0);
    receive(COH_GetS, line(2), 3, 0);
    cr_assert_eq(w.out.count, 0);
    cr_assert_eq(w.coh->home[0].overflowed, 1);
    receive(COH_MemData, line(1), 0, 100);
    receive(COH_Unblock, line(1), 2, 200);
    assert_sent(0, COH_MemRead, 0, OCCUPANCY + HOME_CYCLES);
    cr_assert_eq(w.out.msg[0].line, line(2));
}

/* Were it otherwise, requests for busy lines could keep both MSHRs for ever. */
Test(home, requests_do_not_overtake_one_that_waits_for_an_mshr)
{
    receive(COH_GetM, line(0), 1, 0);
    receive(COH_GetM, line(1), 2, 0);
    receive(COH_GetM, line(2), 3, 0);
    receive(COH_GetM, line(0), 4, 0);
    receive(COH_MemData, line(0), 0, 100);
    receive(COH_Unblock, line(0), 1, 200);
    cr_assert_eq(w.out.count, 1);
    cr_assert_eq(w.out.msg[0].line, line(2), "a later request took the MSHR");
    receive(COH_MemData, line(1), 0, 300);
    receive(COH_Unblock, line(1), 2, 400);
    cr_assert_eq(w.out.count, 1);
    assert_sent(0, COH_FwdGetM, 1, OCCUPANCY + HOME_CYCLES);
    cr_assert_eq(w.out.msg[0].requester, 4);
}

Test(home, waiting_write_backs_are_all_answered_by_the_event_that_frees_their_line)
{
    receive(COH_GetS, line(0), 1, 0);
    receive(COH_MemData, line(0), 0, 100);
    for (tile_id tile = 2; tile < 6; tile++)
        receive(COH_PutE, line(0), tile, 150);
    receive(COH_Unblock, line(0), 1, 200);
    cr_assert_eq(w.out.count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_sent(i, COH_PutAck, (tile_id)(2 + i), OCCUPANCY * (i + 1) + HOME_CYCLES);
}

static void answer_memory(paddr_t at, uint8_t byte)
{
    struct coh_msg msg = {.type = COH_MemData, .line = at};
    memset(msg.data, byte, sizeof msg.data);
    w.out.count = 0;
    home_receive(w.coh, 0, &msg, 500, &w.out);
}

Test(home, memory_is_read_once_for_all_fetches_that_wait_for_a_line)
{
    receive(COH_ReadOnce, line(0), 1, 100);
    assert_sent(0, COH_MemRead, 0, HOME_CYCLES);
    receive(COH_ReadOnce, line(0), 2, 200);
    cr_assert_eq(w.out.count, 0, "the line is busy");
    answer_memory(line(0), 0x5a);
    assert_sent(0, COH_DataOnce, 1, OCCUPANCY);
    receive(COH_Unblock, line(0), 1, 600);
    cr_assert_eq(w.out.count, 1);
    assert_sent(0, COH_DataOnce, 2, OCCUPANCY + HOME_CYCLES);
    cr_assert_eq(w.out.msg[0].data[LINE_BYTES - 1], 0x5a);
    receive(COH_Unblock, line(0), 2, 700);
    receive(COH_ReadOnce, line(0), 3, 800);
    assert_sent(0, COH_MemRead, 0, HOME_CYCLES);
}

Test(home, GetS_of_a_line_that_only_the_requester_shared_gives_it_exclusive)
{
    world_access_alone(&w, 1, line(0), L1_LOAD);
    world_access_alone(&w, 2, line(0), L1_LOAD);
    directory_remove_sharer(&w.coh->dir, line_number(line(0)), 1);
    receive(COH_GetS, line(0), 2, w.now);
    receive(COH_MemData, line(0), 0, w.now + 100);
    cr_assert_eq(w.out.msg[0].type, COH_DataE);
}

Test(home, explains_who_waits_for_what)
{
    receive(COH_GetS, line(0), 1, 0);
    receive(COH_GetM, line(0), 2, 0);
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    coherence_explain(w.coh, out);
    fclose(out);
    cr_assert_not_null(strstr(text, "home of tile 0: line 0x80000000 in E_D for tile 1"), "%s",
                       text);
    cr_assert_not_null(strstr(text, "waits: GetM of tile 2"), "%s", text);
    free(text);
}

/* ---- whose turn it is ------------------------------------------------------------------- */

static void arbitrate(enum arbitration arbitration)
{
    struct config cfg = w.cfg;
    world_destroy(&w);
    cfg.coherence_arbitration = (uint8_t)arbitration;
    cfg.coherence_mshrs = 16;
    world_create(&w, &cfg, 1);
}

/* Requests for lines of their own come while the bank is in use, each a cycle after the
 * one before; `order` is in which the home then reads memory for them. */
static void expect_order_at_bank(enum arbitration arbitration, const tile_id *order)
{
    static const tile_id arrivals[] = {5, 7, 0, 2};
    arbitrate(arbitration);
    receive(COH_GetS, line(9), 6, 100);
    for (unsigned i = 0; i < 4; i++) {
        receive(COH_GetS, line(i), arrivals[i], 100 + i % OCCUPANCY);
        cr_assert_eq(w.out.count, i == 0, "one BankFree");
    }
    for (unsigned i = 0; i < 4; i++) {
        receive(COH_BankFree, line(0), 0, 102 + OCCUPANCY * i);
        assert_sent(0, COH_MemRead, 0, HOME_CYCLES);
        cr_assert_eq(w.out.msg[0].requester, order[i], "turn %u: tile %u", i,
                     w.out.msg[0].requester);
        cr_assert_eq(w.out.count, i < 3 ? 2 : 1);
    }
}

Test(home, a_bank_that_chooses_serves_requesters_in_its_order)
{
    expect_order_at_bank(ARBITRATION_ROUND_ROBIN, (const tile_id[]){7, 0, 2, 5});
    expect_order_at_bank(ARBITRATION_LOCAL_FIRST, (const tile_id[]){0, 5, 7, 2});
    expect_order_at_bank(ARBITRATION_REMOTE_FIRST, (const tile_id[]){5, 7, 2, 0});
}

Test(home, a_response_takes_the_bank_before_those_that_wait_for_it)
{
    arbitrate(ARBITRATION_LOCAL_FIRST);
    receive(COH_GetS, line(0), 1, 100);
    receive(COH_GetS, line(1), 2, 100);
    assert_sent(0, COH_BankFree, 0, OCCUPANCY);
    receive(COH_MemData, line(0), 0, 101);
    assert_sent(0, COH_DataE, 1, 1 + OCCUPANCY);
    receive(COH_BankFree, line(1), 0, 102);
    cr_assert_eq(w.out.count, 1);
    assert_sent(0, COH_BankFree, 0, OCCUPANCY);
    receive(COH_BankFree, line(1), 0, 104);
    assert_sent(0, COH_MemRead, 0, HOME_CYCLES);
}

/* Tile 6 has the line; others want it. */
static void expect_order_at_line(enum arbitration arbitration, const tile_id *order)
{
    static const tile_id arrivals[] = {5, 7, 0, 2};
    arbitrate(arbitration);
    receive(COH_GetM, line(0), 6, 0);
    for (unsigned i = 0; i < 4; i++)
        receive(COH_GetM, line(0), arrivals[i], 10 + 10 * i);
    receive(COH_MemData, line(0), 0, 100);
    tile_id owner = 6;
    for (unsigned i = 0; i < 4; i++) {
        receive(COH_Unblock, line(0), owner, 200 + i * 100);
        assert_sent(0, COH_FwdGetM, owner, OCCUPANCY + HOME_CYCLES);
        owner = w.out.msg[0].requester;
        cr_assert_eq(owner, order[i], "turn %u: tile %u", i, owner);
    }
}

Test(home, a_line_that_was_busy_goes_to_requesters_in_the_banks_order)
{
    expect_order_at_line(ARBITRATION_ROUND_ROBIN, (const tile_id[]){7, 0, 2, 5});
    expect_order_at_line(ARBITRATION_LOCAL_FIRST, (const tile_id[]){0, 5, 7, 2});
    expect_order_at_line(ARBITRATION_REMOTE_FIRST, (const tile_id[]){5, 7, 2, 0});
}

/* It leaves the bank free for the next, and both wait in order for the MSHR. */
Test(home, a_request_whose_turn_finds_no_mshr_does_not_hold_the_bank)
{
    struct config cfg = w.cfg;
    world_destroy(&w);
    cfg.coherence_arbitration = ARBITRATION_LOCAL_FIRST;
    cfg.coherence_mshrs = 1;
    world_create(&w, &cfg, 1);
    receive(COH_GetS, line(0), 1, 100);
    receive(COH_GetS, line(1), 2, 100);
    receive(COH_GetS, line(2), 3, 101);
    receive(COH_BankFree, line(1), 0, 102);
    cr_assert_eq(w.out.count, 0);
    cr_assert_eq(w.coh->home[0].overflowed, 2);
    receive(COH_GetS, line(3), 4, 110);
    cr_assert_eq(w.coh->home[0].overflowed, 3, "the bank was free");
}
