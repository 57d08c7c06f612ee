/* The slice of the last-level cache at a home: what it answers, what leaves it, what the
 * host sees.  One home of eight tiles, a slice of 16 frames, each a set of its own. */
#include "coherence/tests/harness.h"

static struct world w;
enum { HOME_CYCLES = 6, OCCUPANCY = 2, LLC_CYCLES = 9, TILES = 8, FRAMES = 16 };

static void create(void)
{
    struct config cfg = world_config(4, 2);
    cfg.coherence_home_cycles = HOME_CYCLES;
    cfg.coherence_home_occupancy_cycles = OCCUPANCY;
    cfg.llc_kib = cfg.llc_ways = 1;
    cfg.llc_cycles = LLC_CYCLES;
    cfg.l1d_kib = cfg.l1d_ways = 1;
    world_create(&w, &cfg, 1);
    w.flight_cycles_max = 0;
}

static void destroy(void)
{
    world_assert_sound(&w);
    world_destroy(&w);
}

TestSuite(llc, .init = create, .fini = destroy);

/* Line n of home 0; lines FRAMES apart share a frame of the slice, and all of them one of
 * the L1Ds. */
static paddr_t line(unsigned n)
{
    return world_line(TILES * 2 * n);
}

static const struct llc *llc(void)
{
    return &w.coh->home[0].llc;
}

static struct coh_msg message(enum coh_type type, paddr_t at, tile_id from, uint64_t value)
{
    struct coh_msg msg = {.type = (uint8_t)type,
                          .line = at,
                          .from = from,
                          .to = 0,
                          .requester = from,
                          .mask = UINT64_MAX};
    memcpy(msg.data, &value, sizeof value);
    return msg;
}

static void receive(enum coh_type type, paddr_t at, tile_id from, uint64_t value, cycle_t now)
{
    struct coh_msg msg = message(type, at, from, value);
    w.out.count = 0;
    home_receive(w.coh, 0, &msg, now, &w.out);
    world_assert_sound(&w);
}

static const struct coh_msg *sent(unsigned index, enum coh_type type)
{
    cr_assert_lt(index, w.out.count);
    cr_assert_eq(w.out.msg[index].type, type, "sent %s", coh_msg_info[w.out.msg[index].type].name);
    return &w.out.msg[index];
}

/* ---- by way of a whole chip ---------------------------------------------------- */

static void store(tile_id tile, unsigned n, uint64_t value)
{
    world_access_alone(&w, tile, line(n), L1_STORE);
    world_store(&w, tile, line(n), value);
    world_drain(&w);
}

static uint64_t load(tile_id tile, unsigned n)
{
    world_access_alone(&w, tile, line(n), L1_LOAD);
    uint64_t value = world_load(&w, tile, line(n));
    world_drain(&w);
    return value;
}

Test(llc, a_line_that_was_read_from_memory_is_not_read_there_again)
{
    load(1, 0);
    cr_assert_eq(w.coh->memctl[0].reads, 1);
    load(1, 1); /* gives line 0 back */
    load(2, 0);
    cr_assert_eq(w.coh->memctl[0].reads, 2);
    cr_assert_eq(llc()->hits, 1);
    cr_assert_eq(llc()->misses, 2);
    world_assert_quiet(&w);
}

Test(llc, a_write_back_stays_in_the_slice)
{
    store(1, 0, 7);
    load(1, 1);
    cr_assert_eq(llc()->writes, 1);
    cr_assert_eq(w.coh->memctl[0].writes, 0);
    cr_assert_eq(load(2, 0), 7);
    cr_assert_eq(w.coh->memctl[0].reads, 2);
    world_assert_quiet(&w);
}

Test(llc, a_dirty_line_that_has_to_go_is_written_to_memory)
{
    store(1, 0, 7);
    load(1, FRAMES); /* gives line 0 back, and takes its frame of the slice */
    load(1, 2 * FRAMES);
    cr_assert_eq(w.coh->memctl[0].writes, 1);
    cr_assert_eq(llc()->evictions, 1);
    cr_assert_eq(*coherence_dram(w.coh, line(0)), 7);
    cr_assert_eq(load(2, 0), 7);
    world_assert_quiet(&w);
}

Test(llc, lines_of_one_home_use_all_frames)
{
    for (unsigned n = 0; n < FRAMES; n++)
        world_access_alone(&w, 1, world_line(TILES * n), L1_LOAD);
    for (unsigned frame = 0; frame < FRAMES; frame++)
        cr_assert_neq(llc()->array.line[frame], NO_LINE, "frame %u is free", frame);
}

/* ---- message by message ------------------------------------------------------------ */

Test(llc, a_hit_is_answered_by_the_home_itself_after_the_slices_latency)
{
    receive(COH_GetS, line(0), 1, 0, 100);
    sent(0, COH_MemRead);
    receive(COH_MemData, line(0), 0, 0, w.now += 100);
    receive(COH_Unblock, line(0), 1, 0, 300);
    receive(COH_PutE, line(0), 1, 0, 400);
    receive(COH_GetM, line(0), 2, 0, 500);
    const struct coh_msg *answer = sent(0, COH_MemData);
    cr_assert_eq(w.out.count, 1);
    cr_assert_eq(answer->to, 0);
    cr_assert_eq(answer->delay, HOME_CYCLES + LLC_CYCLES);
    cr_assert_eq(answer->memory_cycles, 0, "it was not in a memory controller");
}

/* The owner of line n, which nobody has had before, writes it back. */
static void write_back(unsigned n, uint64_t value)
{
    static const enum coh_type story[] = {COH_GetM, COH_MemData, COH_Unblock, COH_PutM};
    for (unsigned i = 0; i < 4; i++)
        receive(story[i], line(n), 1, value, w.now += 100);
}

static void acknowledge(unsigned n)
{
    receive(COH_MemAck, line(n), 0, 0, w.now += 100);
}

Test(llc, a_victim_is_read_and_written_while_it_travels_and_goes_out_again)
{
    write_back(0, 5);
    cr_assert_eq(sent(0, COH_MemAck)->delay, HOME_CYCLES + LLC_CYCLES);
    acknowledge(0);
    receive(COH_GetS, line(FRAMES), 3, 0, w.now += 100);
    receive(COH_MemData, line(FRAMES), 0, 0, w.now += 100); /* takes the frame */
    cr_assert_eq(*sent(0, COH_MemEvict)->data, 5);
    write_back(0, 6);
    sent(0, COH_MemAck);
    cr_assert_eq(w.out.count, 2, "MemAck and PutAck: the first message is still on its way");
    cr_assert_eq(*llc_memory(w.coh, line(0)), 6);
    acknowledge(0);
    receive(COH_MemEvicted, line(0), 0, 0, w.now += 100);
    cr_assert_eq(*sent(0, COH_MemEvict)->data, 6);
    cr_assert(llc_is_busy(llc()));
    receive(COH_MemEvicted, line(0), 0, 0, w.now += 100);
    cr_assert_eq(w.out.count, 0);
    cr_assert_not(llc_is_busy(llc()));
}

Test(llc, is_passed_by_when_all_its_victims_travel)
{
    for (unsigned k = 0; k <= LLC_VICTIMS; k++) {
        write_back(k * FRAMES, 5);
        acknowledge(k * FRAMES);
    }
    cr_assert_eq(llc()->evictions, LLC_VICTIMS);
    write_back(20 * FRAMES, 6);
    cr_assert_eq(*sent(0, COH_MemWrite)->data, 6);
    cr_assert_eq(llc()->passed_by, 1);
}

/* ---- the host ------------------------------------------------------------------------ */

static uint64_t peek(unsigned n)
{
    uint64_t value;
    cr_assert(coherence_peek(w.coh, line(n), &value, sizeof value));
    return value;
}

static void poke(unsigned n, uint64_t value)
{
    cr_assert(coherence_poke(w.coh, line(n), &value, sizeof value));
}

Test(llc, the_host_sees_and_writes_what_the_slice_holds)
{
    store(1, 0, 7);
    load(1, 1);
    cr_assert_eq(peek(0), 7);
    poke(0, 8);
    cr_assert_eq(peek(0), 8);
    cr_assert_eq(load(2, 0), 8);
    poke(1, 9);                  /* clean in the slice, exclusive in tile 1 */
    cr_assert_eq(load(1, 3), 0); /* drops it, still clean */
    cr_assert_eq(load(3, 1), 9);
    world_assert_quiet(&w);
}

Test(llc, what_the_host_writes_to_a_victim_reaches_memory)
{
    write_back(0, 5);
    acknowledge(0);
    receive(COH_GetS, line(FRAMES), 3, 0, w.now += 100);
    receive(COH_MemData, line(FRAMES), 0, 0, w.now += 100);
    poke(0, 6);
    receive(COH_MemEvicted, line(0), 0, 0, w.now += 100);
    cr_assert_eq(*sent(0, COH_MemEvict)->data, 6);
}

Test(llc, a_clean_line_that_differs_from_memory_is_found)
{
    load(1, 0);
    world_assert_quiet(&w);
    *coherence_dram(w.coh, line(0)) = 1;
    cr_assert_eq(llc_find_stale(w.coh, 0), line(0));
    cr_assert_not_null(coherence_check_quiet(w.coh));
}
