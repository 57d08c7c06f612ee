/*
 * The protocol, one situation a test: the exact messages of the basic
 * transactions, then each race that the blocking home leaves.
 *
 * Messages are delivered by hand.  The home of the tested line is tile 0 and
 * so is its controller; tiles 1, 2, 3 are the L1s that play.
 */
#include "coherence/checker.h"
#include "coherence/tests/harness.h"

static struct world w;
#define LINE world_line(0)

static struct config small_machine(void)
{
    struct config cfg = world_config(2, 2);
    cfg.l1d_kib = cfg.l1i_kib = 1;
    cfg.l1d_ways = 2; /* 8 sets: lines 0, 8, 16 fall into one */
    return cfg;
}

static void create(void)
{
    struct config cfg = small_machine();
    world_create(&w, &cfg, 1);
    w.flight_cycles_max = 0;
}

static void destroy(void)
{
    world_destroy(&w);
}

TestSuite(protocol, .init = create, .fini = destroy);
TestSuite(race, .init = create, .fini = destroy);

/* ---- by hand ---------------------------------------------------------------- */

/* Takes the one message of this type and destination that is in flight. */
static struct coh_msg take(enum coh_type type, tile_id to)
{
    for (unsigned i = 0; i < w.flights; i++) {
        struct coh_msg msg = w.flight[i].msg;
        if (msg.type != type || msg.to != to)
            continue;
        memmove(&w.flight[i], &w.flight[i + 1], (--w.flights - i) * sizeof *w.flight);
        return msg;
    }
    cr_assert_fail("no %s to tile %u in flight", coh_msg_info[type].name, to);
    return (struct coh_msg){0};
}

static bool deliver(enum coh_type type, tile_id to)
{
    struct coh_msg msg = take(type, to);
    bool done = world_deliver(&w, &msg);
    world_assert_sound(&w);
    return done;
}

/* The types in flight, as one string in the order in which they were sent. */
static const char *in_flight(void)
{
    static char text[512];
    text[0] = '\0';
    for (unsigned i = 0; i < w.flights; i++) {
        const struct coh_msg *msg = &w.flight[i].msg;
        char one[32];
        snprintf(one, sizeof one, "%s%s>%u", i ? " " : "", coh_msg_info[msg->type].name, msg->to);
        strcat(text, one);
    }
    return text;
}

#define assert_in_flight(text) cr_assert_str_eq(in_flight(), text)

static const char *state_of(tile_id tile)
{
    struct l1_copy copy = l1_find_copy(coherence_l1(w.coh, tile), LINE);
    return copy.state ? l1_state_info[*copy.state].name : "I";
}

static const char *home_state(void)
{
    return home_state_info[w.coh->dir.entry[line_number(LINE)].state].name;
}

#define assert_state(tile, name) cr_assert_str_eq(state_of(tile), name)
#define assert_home(name)        cr_assert_str_eq(home_state(), name)

static void load(tile_id tile)
{
    world_access_alone(&w, tile, LINE, L1_LOAD);
}

static void store(tile_id tile, uint64_t value)
{
    world_access_alone(&w, tile, LINE, L1_STORE);
    world_store(&w, tile, LINE, value);
}

/* Finishes a store whose line has just come. */
static void perform_store(tile_id tile, uint64_t value)
{
    cr_assert_eq(world_access(&w, tile, LINE, L1_STORE), L1_READY);
    world_store(&w, tile, LINE, value);
}

static void assert_loads(tile_id tile, uint64_t value)
{
    cr_assert_eq(world_access(&w, tile, LINE, L1_LOAD), L1_READY);
    cr_assert_eq(world_load(&w, tile, LINE), value);
}

/* Makes the tile give the line back: two others of its set, which no other
 * tile touches, are loaded.  What that sends for the line stays in flight. */
static void evict(tile_id tile)
{
    for (unsigned n = 1; n <= 2; n++) {
        paddr_t other = world_line(8 * (2u * tile + n));
        cr_assert_eq(world_access(&w, tile, other, L1_LOAD), L1_MISS);
        deliver(COH_GetS, 0);
        deliver(COH_MemRead, 0);
        deliver(COH_MemData, 0);
        cr_assert(deliver(COH_DataE, tile));
        deliver(COH_Unblock, 0);
    }
}

/* ---- exact sequences ----------------------------------------------------------- */

Test(protocol, GetS_of_an_uncached_line_gives_it_exclusive)
{
    cr_assert_eq(world_access(&w, 1, LINE, L1_LOAD), L1_MISS);
    assert_in_flight("GetS>0");
    deliver(COH_GetS, 0);
    assert_in_flight("MemRead>0");
    deliver(COH_MemRead, 0);
    assert_in_flight("MemData>0");
    deliver(COH_MemData, 0);
    assert_in_flight("DataE>1");
    assert_home("X_U");
    cr_assert(deliver(COH_DataE, 1));
    assert_in_flight("Unblock>0");
    assert_state(1, "E");
    deliver(COH_Unblock, 0);
    assert_home("X");
    world_assert_quiet(&w);
}

Test(protocol, a_store_to_an_exclusive_line_tells_nobody)
{
    load(1);
    cr_assert_eq(world_access(&w, 1, LINE, L1_STORE), L1_READY);
    assert_state(1, "M");
    cr_assert_eq(w.flights, 0);
}

Test(protocol, GetS_of_a_dirty_line_is_forwarded_and_copied_back)
{
    store(1, 42);
    cr_assert_eq(world_access(&w, 2, LINE, L1_LOAD), L1_MISS);
    deliver(COH_GetS, 0);
    assert_in_flight("FwdGetS>1");
    deliver(COH_FwdGetS, 1);
    assert_in_flight("DataS>2 CopyBack>0");
    assert_state(1, "S");
    cr_assert(deliver(COH_DataS, 2));
    assert_loads(2, 42);
    deliver(COH_Unblock, 0);
    assert_home("S_C");
    deliver(COH_CopyBack, 0);
    assert_in_flight("MemWrite>0");
    deliver(COH_MemWrite, 0);
    deliver(COH_MemAck, 0);
    assert_home("S");
    world_assert_quiet(&w);
}

Test(protocol, GetS_of_a_clean_exclusive_line_writes_no_memory)
{
    load(1);
    cr_assert_eq(world_access(&w, 2, LINE, L1_LOAD), L1_MISS);
    deliver(COH_GetS, 0);
    deliver(COH_FwdGetS, 1);
    assert_in_flight("DataS>2 Downgrade>0");
    world_drain(&w);
    cr_assert_eq(w.coh->memctl[0].writes, 0);
    world_assert_quiet(&w);
}

Test(protocol, GetS_of_a_shared_line_comes_from_memory)
{
    load(1);
    load(2);
    cr_assert_eq(world_access(&w, 3, LINE, L1_LOAD), L1_MISS);
    deliver(COH_GetS, 0);
    assert_in_flight("MemRead>0");
    deliver(COH_MemRead, 0);
    deliver(COH_MemData, 0);
    assert_in_flight("DataS>3");
    world_drain(&w);
    world_assert_quiet(&w);
}

Test(protocol, GetM_of_a_line_with_three_sharers_counts_three_acknowledgements)
{
    for (tile_id tile = 0; tile < 3; tile++)
        load(tile);
    cr_assert_eq(world_access(&w, 3, LINE, L1_STORE), L1_MISS);
    deliver(COH_GetM, 0);
    assert_in_flight("Inv>0 Inv>1 Inv>2 MemRead>0");
    deliver(COH_Inv, 1);
    cr_assert_not(deliver(COH_InvAck, 3), "an acknowledgement before the count");
    deliver(COH_MemRead, 0);
    deliver(COH_MemData, 0);
    cr_assert_not(deliver(COH_DataM, 3));
    assert_state(3, "IM_A");
    deliver(COH_Inv, 0);
    deliver(COH_Inv, 2);
    assert_in_flight("InvAck>3 InvAck>3");
    cr_assert_not(deliver(COH_InvAck, 3));
    cr_assert(deliver(COH_InvAck, 3));
    assert_in_flight("Unblock>0");
    world_drain(&w);
    world_assert_quiet(&w);
}

Test(protocol, GetM_of_an_owned_line_goes_from_owner_to_writer)
{
    store(1, 5);
    cr_assert_eq(world_access(&w, 2, LINE, L1_STORE), L1_MISS);
    deliver(COH_GetM, 0);
    assert_in_flight("FwdGetM>1");
    deliver(COH_FwdGetM, 1);
    assert_in_flight("DataM>2");
    assert_state(1, "I");
    cr_assert(deliver(COH_DataM, 2));
    perform_store(2, 6);
    assert_in_flight("Unblock>0");
    world_drain(&w);
    cr_assert_eq(w.coh->memctl[0].writes, 0);
    world_assert_quiet(&w);
}

Test(protocol, Upgrade_moves_no_data)
{
    load(1);
    load(2);
    cr_assert_eq(world_access(&w, 2, LINE, L1_STORE), L1_MISS);
    deliver(COH_Upgrade, 0);
    assert_in_flight("Inv>1 AckCount>2");
    cr_assert_not(deliver(COH_AckCount, 2));
    assert_state(2, "SM_A");
    deliver(COH_Inv, 1);
    cr_assert(deliver(COH_InvAck, 2));
    world_drain(&w);
    world_assert_quiet(&w);
}

Test(protocol, eviction_of_a_dirty_line_writes_memory_then_forgets_it)
{
    store(1, 9);
    evict(1);
    assert_in_flight("PutM>0");
    assert_state(1, "MI_A");
    deliver(COH_PutM, 0);
    assert_in_flight("MemWrite>0 PutAck>1");
    deliver(COH_PutAck, 1);
    assert_state(1, "I");
    assert_home("I_A");
    world_drain(&w);
    assert_home("I");
    world_assert_quiet(&w);
}

Test(protocol, eviction_of_a_clean_exclusive_line_tells_the_home)
{
    load(1);
    evict(1);
    assert_in_flight("PutE>0");
    deliver(COH_PutE, 0);
    assert_in_flight("PutAck>1");
    world_drain(&w);
    world_assert_quiet(&w);
}

Test(protocol, eviction_of_a_shared_line_tells_nobody)
{
    load(1);
    load(2);
    evict(1);
    cr_assert_eq(w.flights, 0);
    assert_state(1, "I");
    cr_assert(directory_is_sharer(&w.coh->dir, line_number(LINE), 1));
    world_assert_quiet(&w);
}

Test(protocol, ReadOnce_makes_no_sharer_and_leaves_the_owner_its_line)
{
    store(1, 77);
    cr_assert_eq(world_fetch(&w, 2, LINE), -1);
    deliver(COH_ReadOnce, 0);
    assert_in_flight("FwdReadOnce>1");
    deliver(COH_FwdReadOnce, 1);
    assert_in_flight("DataOnce>2");
    assert_state(1, "M");
    cr_assert(deliver(COH_DataOnce, 2));
    int index = world_fetch(&w, 2, LINE);
    cr_assert_geq(index, 0);
    cr_assert_eq(icache_data(coherence_icache(w.coh, 2), index)[0], 77);
    world_drain(&w);
    assert_home("X");
    world_assert_quiet(&w);
}

Test(protocol, a_request_for_a_busy_line_waits_and_is_served_by_the_unblock)
{
    cr_assert_eq(world_access(&w, 1, LINE, L1_LOAD), L1_MISS);
    deliver(COH_GetS, 0);
    cr_assert_eq(world_access(&w, 2, LINE, L1_LOAD), L1_MISS);
    deliver(COH_GetS, 0);
    assert_in_flight("MemRead>0");
    deliver(COH_MemRead, 0);
    deliver(COH_MemData, 0);
    deliver(COH_DataE, 1);
    deliver(COH_Unblock, 0);
    assert_in_flight("FwdGetS>1");
    world_drain(&w);
    world_assert_quiet(&w);
}

/* ---- races ------------------------------------------------------------------------ */

Test(race, FwdGetS_meets_PutM)
{
    store(1, 3);
    evict(1);
    cr_assert_eq(world_access(&w, 2, LINE, L1_LOAD), L1_MISS);
    deliver(COH_GetS, 0);
    deliver(COH_FwdGetS, 1);
    assert_state(1, "SI_A");
    deliver(COH_PutM, 0);
    cr_assert(deliver(COH_DataS, 2));
    assert_loads(2, 3);
    world_drain(&w);
    assert_home("S");
    cr_assert_not(directory_is_sharer(&w.coh->dir, line_number(LINE), 1));
    world_assert_quiet(&w);
}

Test(race, FwdGetM_meets_PutM_that_arrives_after_the_new_owner_wrote_back)
{
    store(1, 3);
    evict(1);
    struct coh_msg late = take(COH_PutM, 0);
    cr_assert_eq(world_access(&w, 2, LINE, L1_STORE), L1_MISS);
    deliver(COH_GetM, 0);
    deliver(COH_FwdGetM, 1);
    assert_state(1, "II_A");
    cr_assert(deliver(COH_DataM, 2));
    perform_store(2, 4);
    deliver(COH_Unblock, 0);
    evict(2);
    world_drain(&w);
    assert_home("I");
    world_deliver(&w, &late);
    assert_in_flight("PutAck>1");
    world_drain(&w);
    uint64_t value;
    cr_assert(coherence_peek(w.coh, LINE, &value, sizeof value));
    cr_assert_eq(value, 4, "the stale PutM was written to memory");
    world_assert_quiet(&w);
}

Test(race, FwdReadOnce_meets_PutM)
{
    store(1, 8);
    evict(1);
    cr_assert_eq(world_fetch(&w, 3, LINE), -1);
    deliver(COH_ReadOnce, 0);
    deliver(COH_PutM, 0);
    deliver(COH_FwdReadOnce, 1);
    assert_state(1, "MI_A");
    cr_assert(deliver(COH_DataOnce, 3));
    world_drain(&w);
    assert_home("I");
    world_assert_quiet(&w);
}

Test(race, a_stale_PutE_ends_the_sharing_that_FwdGetS_began)
{
    load(1);
    evict(1);
    struct coh_msg late = take(COH_PutE, 0);
    load(2);
    cr_assert(directory_is_sharer(&w.coh->dir, line_number(LINE), 1));
    world_deliver(&w, &late);
    cr_assert_not(directory_is_sharer(&w.coh->dir, line_number(LINE), 1));
    world_drain(&w);
    assert_home("S");
    world_assert_quiet(&w);
}

Test(race, FwdGetS_meets_PutE_then_an_invalidation)
{
    load(1);
    evict(1);
    struct coh_msg late = take(COH_PutE, 0);
    load(2);
    assert_state(1, "SI_A");
    store(3, 1);
    assert_state(1, "II_A");
    world_deliver(&w, &late);
    assert_in_flight("PutAck>1");
    world_drain(&w);
    assert_state(1, "I");
    assert_home("X");
    world_assert_quiet(&w);
}

Test(race, FwdGetM_and_FwdReadOnce_meet_PutE)
{
    load(1);
    evict(1);
    struct coh_msg late = take(COH_PutE, 0);
    cr_assert_eq(world_fetch(&w, 3, LINE), -1);
    world_drain(&w);
    assert_state(1, "EI_A");
    store(2, 1);
    assert_state(1, "II_A");
    world_deliver(&w, &late);
    world_drain(&w);
    assert_home("X");
    world_assert_quiet(&w);
}

Test(race, an_invalidation_reaches_a_cache_that_dropped_its_copy)
{
    load(1);
    load(2);
    evict(1);
    assert_state(1, "I");
    store(2, 1);
    world_assert_quiet(&w);
}

/* Tiles 1 and 2 shared the line, 1 dropped it and asks for it again while 2's
 * upgrade invalidates what the home thinks 1 has. */
static void invalidate_while_asking(enum l1_op op, enum coh_type request, const char *state)
{
    load(1);
    load(2);
    evict(1);
    cr_assert_eq(world_access(&w, 1, LINE, op), L1_MISS);
    cr_assert_eq(world_access(&w, 2, LINE, L1_STORE), L1_MISS);
    deliver(COH_Upgrade, 0);
    deliver(request, 0);
    deliver(COH_Inv, 1);
    assert_state(1, state);
    deliver(COH_AckCount, 2);
    cr_assert(deliver(COH_InvAck, 2));
    perform_store(2, 21);
    deliver(COH_Unblock, 0);
    world_drain(&w);
    assert_loads(1, 21);
    world_assert_quiet(&w);
}

Test(race, an_invalidation_meets_a_GetS)
{
    invalidate_while_asking(L1_LOAD, COH_GetS, "IS_D");
}

Test(race, an_invalidation_meets_a_GetM)
{
    invalidate_while_asking(L1_STORE, COH_GetM, "IM_AD");
}

Test(race, of_two_upgrades_the_second_becomes_a_GetM)
{
    load(1);
    load(2);
    cr_assert_eq(world_access(&w, 1, LINE, L1_STORE), L1_MISS);
    cr_assert_eq(world_access(&w, 2, LINE, L1_STORE), L1_MISS);
    struct coh_msg second = take(COH_Upgrade, 0);
    deliver(COH_Upgrade, 0);
    world_deliver(&w, &second);
    deliver(COH_Inv, 1);
    assert_state(1, "IM_AD");
    deliver(COH_InvAck, 2);
    cr_assert(deliver(COH_AckCount, 2));
    perform_store(2, 10);
    deliver(COH_Unblock, 0);
    assert_in_flight("FwdGetM>2");
    deliver(COH_FwdGetM, 2);
    cr_assert(deliver(COH_DataM, 1));
    perform_store(1, 11);
    world_drain(&w);
    world_assert_quiet(&w);
}

/* An Upgrade that arrives when the line's winner has already written it back,
 * or shared it with others: data come from memory. */
static void upgrade_after(bool written_back)
{
    load(1);
    load(2);
    cr_assert_eq(world_access(&w, 1, LINE, L1_STORE), L1_MISS);
    struct coh_msg late = take(COH_Upgrade, 0);
    store(2, 30);
    if (written_back) {
        evict(2);
        world_drain(&w);
    } else {
        load(3);
    }
    assert_home(written_back ? "I" : "S");
    assert_state(1, "IM_AD");
    world_deliver(&w, &late);
    world_drain(&w);
    perform_store(1, 31);
    world_assert_quiet(&w);
}

Test(race, an_upgrade_comes_after_the_winner_wrote_back)
{
    upgrade_after(true);
}

Test(race, an_upgrade_comes_after_the_winner_shared_the_line)
{
    upgrade_after(false);
}

Test(race, an_upgrade_is_acknowledged_before_it_is_granted)
{
    load(1);
    load(2);
    load(3);
    cr_assert_eq(world_access(&w, 1, LINE, L1_STORE), L1_MISS);
    deliver(COH_Upgrade, 0);
    deliver(COH_Inv, 2);
    deliver(COH_Inv, 3);
    cr_assert_not(deliver(COH_InvAck, 1));
    cr_assert_not(deliver(COH_InvAck, 1));
    cr_assert(deliver(COH_AckCount, 1));
    world_drain(&w);
    world_assert_quiet(&w);
}

Test(race, a_line_being_written_back_may_not_be_asked_for_again)
{
    store(1, 3);
    evict(1);
    cr_assert_eq(world_access(&w, 1, LINE, L1_LOAD), L1_BUSY);
    cr_assert_eq(world_access(&w, 1, LINE, L1_STORE), L1_BUSY);
    world_drain(&w);
    load(1);
    assert_loads(1, 3);
    world_assert_quiet(&w);
}

Test(race, a_flush_while_a_fetch_is_under_way_drops_what_it_brings)
{
    struct icache *ic = coherence_icache(w.coh, 1);
    cr_assert_eq(world_fetch(&w, 1, LINE), -1);
    icache_flush(ic);
    world_drain(&w);
    cr_assert_eq(world_fetch(&w, 1, LINE), -1, "bytes from before the flush were kept");
    world_drain(&w);
    cr_assert_geq(world_fetch(&w, 1, LINE), 0);
    world_drain(&w);
    world_assert_quiet(&w);
}

/* ---- what is not in a table is a violation ------------------------------------------ */

static void send_foreign(enum coh_type type, tile_id from, tile_id to)
{
    struct coh_msg msg = {
        .type = (uint8_t)type, .line = LINE, .from = from, .to = to, .requester = from};
    world_deliver(&w, &msg);
}

static void assert_violation_says(const char *part)
{
    const char *text = coherence_violation(w.coh);
    cr_assert_not_null(text);
    cr_assert_not_null(strstr(text, part), "%s", text);
}

Test(protocol, a_forward_to_an_L1_without_the_line_is_reported)
{
    send_foreign(COH_FwdGetS, 0, 2);
    assert_violation_says("L1D of tile 2: no transition for FwdGetS in state I, line 0x80000000");
}

Test(protocol, an_answer_that_nobody_waits_for_is_reported)
{
    send_foreign(COH_DataS, 0, 1);
    assert_violation_says("L1D of tile 1: DataS for a miss that is not there");
}

Test(protocol, an_unblock_of_an_idle_line_is_reported)
{
    send_foreign(COH_Unblock, 1, 0);
    assert_violation_says("home of tile 0: Unblock for a line that is not busy");
}

Test(protocol, a_response_that_does_not_fit_a_home_state_is_reported)
{
    cr_assert_eq(world_access(&w, 1, LINE, L1_LOAD), L1_MISS);
    deliver(COH_GetS, 0);
    send_foreign(COH_CopyBack, 2, 0);
    assert_violation_says("no transition for CopyBack from tile 2 in state E_D");
}

Test(protocol, the_checker_sees_a_value_that_was_not_the_last_written)
{
    store(1, 5);
    l1_checked_load(coherence_l1(w.coh, 1), LINE, 8, 4);
    assert_violation_says("tile 1 read 0x4 at 0x80000000, last written was 0x5");
}

Test(protocol, the_checker_sees_a_store_without_the_right_to_it)
{
    load(1);
    load(2);
    l1_checked_store(coherence_l1(w.coh, 2), LINE, 8, 4);
    assert_violation_says("tile 2 wrote at 0x80000000 without the right to");
}

Test(protocol, the_checker_sees_a_second_writer)
{
    store(1, 5);
    checker_change_rights(w.coh, LINE, 2, L1_STATE_I, L1_STATE_S);
    assert_violation_says("tile 2 enters S, tile 1 may write");
}

Test(protocol, a_transaction_left_open_is_no_quiet)
{
    cr_assert_eq(world_access(&w, 1, LINE, L1_LOAD), L1_MISS);
    cr_assert_not_null(coherence_check_quiet(w.coh));
}
