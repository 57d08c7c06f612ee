/*
 * Uncached accesses and far atomics at their home: what they compute, that they are
 * coherent with every cached copy, and that a hot word costs the bank and no more.
 */
#include "coherence/tests/harness.h"
#include "coherence/tests/machines.h"

static struct world w;

static void begin(unsigned protocol)
{
    struct config cfg = world_config(2, 2);
    cfg.coherence_protocol = (uint8_t)protocol;
    cfg.coherence_home_occupancy_cycles = 2;
    cfg.coherence_atomic_cycles = 8;
    world_create(&w, &cfg, 1);
}

static void end(void)
{
    world_drain(&w);
    world_assert_quiet(&w);
    world_destroy(&w);
}

static void ask(tile_id tile, paddr_t address, unsigned bytes, enum word_op op, uint64_t operand)
{
    w.word_done[tile] = false;
    coherence_ask_word(w.coh, tile, address, bytes, op, operand, &w.out);
    world_send_out(&w);
}

/* One word to its end; the old value. */
static uint64_t word(tile_id tile, paddr_t address, unsigned bytes, enum word_op op,
                     uint64_t operand)
{
    ask(tile, address, bytes, op, operand);
    world_drain(&w);
    cr_assert(w.word_done[tile]);
    world_assert_sound(&w);
    return w.word[tile];
}

static uint64_t memory(paddr_t address)
{
    uint64_t value;
    memcpy(&value, coherence_dram(w.coh, address), sizeof value);
    return value;
}

static const paddr_t LINE = MAP_DRAM_BASE + 64 * 5;

/* ---- what is computed -------------------------------------------------------------- */

Test(words, bytes_of_any_size_are_stored_and_loaded)
{
    begin(0);
    for (unsigned bytes = 1; bytes <= 8; bytes++)
        word(1, LINE + bytes * 5, bytes, WORD_STORE, UINT64_C(0x1817161514131211));
    cr_assert_eq(word(2, LINE + 5, 1, WORD_LOAD, 0), 0x11);
    cr_assert_eq(word(2, LINE + 15, 3, WORD_LOAD, 0), 0x131211);
    cr_assert_eq(word(2, LINE + 40, 8, WORD_LOAD, 0), UINT64_C(0x1817161514131211));
    cr_assert_eq(word(2, LINE, 8, WORD_LOAD, 0), UINT64_C(0x110000000000) & 0xff0000000000);
    end();
}

struct atomic {
    enum word_op op;
    unsigned bytes;
    uint64_t old, operand, result;
};

Test(words, atomics_compute_what_their_instructions_do)
{
    static const struct atomic rows[] = {
        {WORD_SWAP, 8, 1, 2, 2},
        {WORD_ADD, 8, UINT64_MAX, 2, 1},
        {WORD_ADD, 4, UINT32_MAX, 2, 1},
        {WORD_XOR, 8, 6, 3, 5},
        {WORD_AND, 8, 6, 3, 2},
        {WORD_OR, 8, 6, 3, 7},
        {WORD_MIN, 8, UINT64_MAX, 2, UINT64_MAX},
        {WORD_MIN, 4, 2, UINT32_MAX, UINT32_MAX},
        {WORD_MAX, 8, UINT64_MAX, 2, 2},
        {WORD_MAX, 4, UINT32_MAX, 2, 2},
        {WORD_MINU, 8, UINT64_MAX, 2, 2},
        {WORD_MINU, 4, UINT32_MAX, 2, 2},
        {WORD_MAXU, 8, 2, UINT64_MAX, UINT64_MAX},
        {WORD_MAXU, 4, 2, UINT64_MAX, UINT32_MAX}, /* an operand's high half does not count */
    };
    begin(0);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct atomic *a = &rows[i];
        word(0, LINE + 8, 8, WORD_STORE, 0);
        word(0, LINE + 8, a->bytes, WORD_STORE, a->old);
        cr_assert_eq(word(3, LINE + 8, a->bytes, a->op, a->operand), a->old, "row %u", i);
        cr_assert_eq(word(1, LINE + 8, 8, WORD_LOAD, 0), a->result, "row %u", i);
    }
    end();
}

/* ---- cached copies ------------------------------------------------------------------- */

static uint64_t load(tile_id tile, paddr_t address)
{
    world_access_alone(&w, tile, line_of(address), L1_LOAD);
    return world_load(&w, tile, address);
}

static void store(tile_id tile, paddr_t address, uint64_t value)
{
    world_access_alone(&w, tile, line_of(address), L1_STORE);
    world_store(&w, tile, address, value);
}

Test(words, an_owner_gives_the_line_back)
{
    begin(0);
    store(2, LINE, 7);
    cr_assert_eq(word(1, LINE, 8, WORD_ADD, 1), 7);
    cr_assert_eq(memory(LINE), 8);
    cr_assert_eq(world_access(&w, 2, LINE, L1_LOAD), L1_MISS);
    world_drain(&w);
    cr_assert_eq(load(2, LINE), 8);
    end();
}

Test(words, the_own_copy_goes_too)
{
    begin(0);
    store(1, LINE, 7);
    cr_assert_eq(word(1, LINE, 8, WORD_SWAP, 9), 7);
    cr_assert_eq(load(1, LINE), 9);
    end();
}

Test(words, sharers_drop_the_line)
{
    begin(0);
    for (tile_id tile = 0; tile < 4; tile++)
        load(tile, LINE);
    word(1, LINE, 8, WORD_STORE, 7);
    for (tile_id tile = 0; tile < 4; tile++)
        cr_assert_eq(load(tile, LINE), 7);
    end();
}

/* Without coherence a copy is nobody's business. */
Test(words, without_coherence_copies_stay)
{
    begin(PROTOCOL_NONE);
    load(2, LINE);
    word(1, LINE, 8, WORD_STORE, 7);
    cr_assert_eq(load(2, LINE), 0);
    store(2, LINE + 8, 1);
    cr_assert_eq(word(1, LINE + 8, 8, WORD_LOAD, 0), 0);
    end();
}

/* ---- a hot word ------------------------------------------------------------------------- */

/* All tiles add at once, again and again: nothing is lost, and memory is read once and
 * written much more seldom than words are performed. */
Test(words, a_hot_word_is_performed_in_the_bank)
{
    enum { ROUNDS = 50 };
    begin(0);
    w.flight_cycles_max = 20;
    unsigned left[4] = {ROUNDS, ROUNDS, ROUNDS, ROUNDS};
    for (tile_id tile = 0; tile < 4; tile++)
        ask(tile, LINE, 8, WORD_ADD, 1);
    while (w.flights) {
        struct coh_msg msg = world_take_next(&w);
        bool answer = msg.type == COH_WordDone;
        world_deliver(&w, &msg);
        if (answer && --left[msg.to])
            ask(msg.to, LINE, 8, WORD_ADD, 1);
    }
    cr_assert_eq(memory(LINE), 4 * ROUNDS);
    uint64_t reads = 0, writes = 0;
    for (tile_id tile = 0; tile < 4; tile++) {
        reads += w.coh->memctl[tile].reads;
        writes += w.coh->memctl[tile].writes;
    }
    cr_assert_lt(reads, ROUNDS);
    cr_assert_lt(writes, 2 * ROUNDS);
    end();
}

/* Of two atomics that wait for one line the second is answered as soon as the bank has
 * had its time for the first. */
Test(words, an_atomic_occupies_the_bank)
{
    begin(0);
    w.flight_cycles_max = 0;
    tile_id home = coherence_home(w.coh, LINE);
    ask(0, LINE, 8, WORD_ADD, 1);
    ask(1, LINE, 8, WORD_ADD, 1);
    while (w.flights) {
        struct coh_msg msg = world_take_next(&w);
        if (msg.type == COH_MemData) {
            home_receive(w.coh, home, &msg, w.now, &w.out);
            cr_assert_eq(w.out.count, 3, "two answers and what memory must know");
            cr_assert_eq(w.out.msg[0].delay, 2 + 8);
            cr_assert_eq(w.out.msg[1].delay, 2 + 8 + 6 + 8);
            cr_assert_eq(w.out.msg[2].type, COH_MemWrite);
            world_send_out(&w);
        } else {
            world_deliver(&w, &msg);
        }
    }
    end();
}

/* ---- at random ------------------------------------------------------------------------------ */

/* Words and cached accesses of few lines, in a network that keeps no order, under the
 * checker: it sees every value. */
static void mix(unsigned steps)
{
    enum { LINES = 3 };
    for (tile_id tile = 0; tile < 4; tile++)
        w.word_done[tile] = true;
    for (unsigned step = 0; step < steps; step++) {
        tile_id tile = (tile_id)rng_below(&w.rng, 4);
        paddr_t address = world_line((unsigned)rng_below(&w.rng, LINES) * 64) + 8 * tile;
        unsigned what = (unsigned)rng_below(&w.rng, 6);
        if (what == 0 && w.word_done[tile])
            ask(tile, address, 8, (enum word_op)rng_below(&w.rng, WORD_MAXU + 1), step);
        else if (what < 3 && w.flights < 60) {
            enum l1_op op = what == 1 ? L1_LOAD : L1_STORE;
            if (world_access(&w, tile, line_of(address), op) == L1_READY) {
                if (op == L1_STORE)
                    world_store(&w, tile, address, step);
                else
                    world_load(&w, tile, address);
            }
        } else if (w.flights) {
            struct coh_msg msg = world_take_next(&w);
            world_deliver(&w, &msg);
        }
        world_assert_sound(&w);
    }
}

static void mix_on(unsigned protocol, const struct machine *machine)
{
    struct config cfg = world_config(2, 2);
    uint64_t called = 0, words = 0;
    cfg.coherence_protocol = (uint8_t)protocol;
    cfg.coherence_mshrs = 2;
    machine_configure(machine, &cfg);
    world_create(&w, &cfg, 1 + protocol);
    mix(12000);
    for (tile_id tile = 0; tile < 4; tile++) {
        called += w.coh->home[tile].recalls + w.coh->home[tile].probes;
        words += w.coh->home[tile].words;
    }
    cr_assert_gt(words, 100, "%s: %lu", machine->name, words);
    cr_assert_gt(called, 200, "%s: %lu", machine->name, called);
    end();
}

Test(words, words_and_cached_accesses_meet_in_every_way)
{
    for (unsigned protocol = 0; protocol < PROTOCOLS_COHERENT; protocol++)
        for (unsigned i = 0; i < MACHINES; i++)
            mix_on(protocol, &machines[i]);
}

/* Nobody can have a copy of uncached memory: no L1D is asked. */
Test(words, a_home_that_probes_asks_nobody_for_uncached_memory)
{
    struct config cfg = world_config(2, 2);
    cfg.coherence_directory = DIR_PROBE;
    cfg.memory_dram_mib = 2;
    cfg.memory_uncached = (struct int_list){.count = 2, .item = {0, 1}};
    world_create(&w, &cfg, 1);
    word(1, LINE, 8, WORD_STORE, 7);
    cr_assert_eq(w.coh->home[coherence_home(w.coh, LINE)].probes, 0);
    word(1, LINE + (1 << 20), 8, WORD_STORE, 7);
    cr_assert_eq(w.coh->home[coherence_home(w.coh, LINE)].probes, 4);
    end();
}

/* ---- violations ------------------------------------------------------------------------------ */

Test(words, an_answer_out_of_place_is_reported)
{
    begin(0);
    ask(1, LINE, 8, WORD_LOAD, 0);
    struct coh_msg msg = world_take_next(&w);
    world_deliver(&w, &msg);
    msg = (struct coh_msg){.type = COH_Unblock, .line = LINE, .to = msg.to};
    world_deliver(&w, &msg);
    const char *text = coherence_violation(w.coh);
    cr_assert_not_null(text);
    cr_assert_not_null(strstr(text, "no transition for Unblock in state W_D"), "%s", text);
    world_destroy(&w);
}
