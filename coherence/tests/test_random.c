/*
 * The random tester: many tiles, few lines, tiny caches, a network without any
 * order, and harts that load, store, add atomically, fetch and flush at
 * random, several accesses at a time.  Every value is compared with a memory
 * that the test keeps itself, the checker is on, and every run must come to
 * rest with nothing lost.
 *
 * A failure prints its seed; COHERENCE_SEED=n in the environment repeats that
 * run alone.
 */
#include <stdlib.h>

#include "coherence/tests/harness.h"
#include "coherence/tests/machines.h"

/* A seed says what is run: from LARGE and HUGE on, on 64 and on 1,024 tiles. */
enum { LARGE = 1000000, LARGE_SEEDS = 150, HUGE = 2000000, HUGE_SEEDS = 12 };
/* Seeds below SEEDS are run in any case, of all machines; those above, as long as
 * there are rows that were not taken, of machines that take the rarest ones. */
enum { SEEDS = 600, SEEDS_MAX = 4000 };
enum { LINES_MAX = 64, CONTEXTS_MAX = 3, WORDS = LINE_BYTES / 8 };

enum op { OP_LOAD, OP_STORE, OP_ADD };

/* One access under way at a tile; a tile has several. */
struct context {
    bool active;
    bool refused; /* L1_BUSY: asks again after every message; else only when its line is done */
    enum op op;
    paddr_t address;
};

struct hart {
    struct context context[CONTEXTS_MAX];
    paddr_t fetching; /* 0: none */
    unsigned left;    /* accesses still to begin */
};

/* How large a machine, and how many accesses of each hart. */
struct scale {
    uint32_t width, height; /* 0: as drawn */
    unsigned accesses;
};

static struct scale scale_of(uint64_t seed)
{
    if (seed >= HUGE)
        return (struct scale){32, 32, 6};
    return seed >= LARGE ? (struct scale){8, 8, 30} : (struct scale){0, 0, 200};
}

struct run {
    struct world w;
    uint64_t seed;
    unsigned tiles, lines, contexts;
    unsigned stride; /* lines between one tested line and the next: 16 puts all into one set */
    bool visited;    /* by the host, now and then */
    struct hart *hart;
    uint64_t expected[LINES_MAX][WORDS];
    uint64_t adds[LINES_MAX];
    uint64_t stores, finished;
    uint64_t left; /* accesses still to begin, of all harts */
};

static paddr_t pick_line(struct run *r)
{
    return world_line(rng_below(&r->w.rng, r->lines) * r->stride);
}

/* Word 0 of each line is only ever added to; the others are stored to. */
static paddr_t pick_address(struct run *r, enum op op)
{
    unsigned word = op == OP_ADD ? 0 : 1 + rng_below(&r->w.rng, WORDS - 1);
    return pick_line(r) + word * 8;
}

static unsigned index_of(const struct run *r, paddr_t address)
{
    return (unsigned)(line_number(line_of(address)) / r->stride);
}

static uint64_t *expected_at(struct run *r, paddr_t address)
{
    return &r->expected[index_of(r, address)][address % LINE_BYTES / 8];
}

static void perform(struct run *r, tile_id tile, struct context *c)
{
    uint64_t *expected = expected_at(r, c->address);
    uint64_t value = world_load(&r->w, tile, c->address);
    cr_assert_eq(value, *expected, "seed %lu: tile %u read %lu at %#lx, expected %lu", r->seed,
                 tile, value, c->address, *expected);
    if (c->op != OP_LOAD) {
        *expected = c->op == OP_ADD ? value + 1 : ++r->stores;
        world_store(&r->w, tile, c->address, *expected);
    }
    if (c->op == OP_ADD)
        r->adds[index_of(r, c->address)]++;
    c->active = false;
    r->finished++;
}

static enum l1_answer try_access(struct run *r, tile_id tile, struct context *c)
{
    enum l1_op op = c->op == OP_LOAD ? L1_LOAD : L1_STORE;
    enum l1_answer answer = world_access(&r->w, tile, line_of(c->address), op);
    c->refused = answer == L1_BUSY;
    if (answer == L1_READY)
        perform(r, tile, c);
    return answer;
}

static void begin_access(struct run *r, tile_id tile, struct context *c)
{
    static const enum op mix[] = {OP_LOAD, OP_LOAD, OP_LOAD, OP_STORE, OP_ADD};
    c->op = mix[rng_below(&r->w.rng, sizeof mix / sizeof *mix)];
    c->address = pick_address(r, c->op);
    c->active = true;
    r->hart[tile].left--;
    r->left--;
    try_access(r, tile, c);
}

static void finish_fetch(struct run *r, tile_id tile, int index)
{
    struct hart *hart = &r->hart[tile];
    uint64_t counter;
    memcpy(&counter, icache_data(coherence_icache(r->w.coh, tile), index), sizeof counter);
    cr_assert_leq(counter, *expected_at(r, hart->fetching), "seed %lu: fetched the future",
                  r->seed);
    hart->fetching = 0;
}

static void begin_fetch(struct run *r, tile_id tile)
{
    struct hart *hart = &r->hart[tile];
    if (rng_below(&r->w.rng, 4) == 0)
        icache_flush(coherence_icache(r->w.coh, tile));
    hart->fetching = pick_line(r);
    int index = world_fetch(&r->w, tile, hart->fetching);
    if (index >= 0)
        finish_fetch(r, tile, index);
}

/* The host looks at a line or writes a word of it, where that can be done now. */
static void visit_from_outside(struct run *r)
{
    uint64_t value[WORDS];
    paddr_t address = pick_address(r, OP_STORE);
    if (coherence_peek(r->w.coh, line_of(address), value, sizeof value))
        cr_assert_arr_eq(value, r->expected[index_of(r, address)], sizeof value,
                         "seed %lu: the host read an old line %#lx", r->seed, address);
    uint64_t next = r->stores + 1;
    if (rng_below(&r->w.rng, 2) || !coherence_poke(r->w.coh, address, &next, sizeof next))
        return;
    *expected_at(r, address) = ++r->stores;
}

/* Something new at one tile. */
static void stir(struct run *r)
{
    tile_id tile = (tile_id)rng_below(&r->w.rng, r->tiles);
    struct hart *hart = &r->hart[tile];
    if (hart->left == 0)
        return;
    if (r->visited && rng_below(&r->w.rng, 8) == 0)
        visit_from_outside(r);
    if (!hart->fetching && rng_below(&r->w.rng, 6) == 0)
        begin_fetch(r, tile);
    struct context *c = &hart->context[rng_below(&r->w.rng, r->contexts)];
    if (!c->active)
        begin_access(r, tile, c);
}

static bool waits_for(const struct context *c, paddr_t line)
{
    return c->active && !c->refused && line_of(c->address) == line;
}

/* The line has come: loads go first, since a store that joined a load's miss
 * may find the line shared and begin a transaction of its own. */
static void finish_miss(struct run *r, tile_id tile, paddr_t line)
{
    struct context *c = r->hart[tile].context;
    uint64_t finished = r->finished;
    bool waited = false;
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < r->contexts; i++)
            if (waits_for(&c[i], line) && (c[i].op == OP_LOAD) == (pass == 0)) {
                waited = true;
                try_access(r, tile, &c[i]);
            }
    cr_assert(waited && r->finished > finished, "seed %lu: a miss made no progress", r->seed);
}

static void retry_refused(struct run *r, tile_id tile)
{
    struct context *c = r->hart[tile].context;
    for (unsigned i = 0; i < r->contexts; i++)
        if (c[i].active && c[i].refused)
            try_access(r, tile, &c[i]);
}

static void deliver_next(struct run *r)
{
    struct coh_msg msg = world_take_next(&r->w);
    bool done = world_deliver(&r->w, &msg);
    unsigned agent = coh_msg_info[msg.type].to;
    if (agent == AGENT_L1D && done)
        finish_miss(r, msg.to, msg.line);
    if (agent == AGENT_L1D)
        retry_refused(r, msg.to);
    if (agent == AGENT_L1I && done) {
        int index = world_fetch(&r->w, msg.to, r->hart[msg.to].fetching);
        if (index >= 0)
            finish_fetch(r, msg.to, index);
    }
}

static bool is_waiting(const struct run *r)
{
    for (unsigned tile = 0; tile < r->tiles; tile++) {
        const struct hart *hart = &r->hart[tile];
        if (hart->fetching)
            return true;
        for (unsigned i = 0; i < r->contexts; i++)
            if (hart->context[i].active)
                return true;
    }
    return false;
}

static void assert_sound(struct run *r)
{
    const char *violation = coherence_violation(r->w.coh);
    cr_assert_null(violation, "seed %lu: %s", r->seed, violation ? violation : "");
}

/* With no message in flight nobody can be waiting. */
static void assert_no_deadlock(struct run *r)
{
    if (r->w.flights > 0 || !is_waiting(r))
        return;
    coherence_explain(r->w.coh, stderr);
    cr_assert_fail("seed %lu: deadlock", r->seed);
}

static void run_to_rest(struct run *r)
{
    while (r->left > 0 || r->w.flights > 0) {
        if (r->w.flights == 0 || rng_below(&r->w.rng, 3) == 0)
            stir(r);
        else
            deliver_next(r);
        assert_sound(r);
        assert_no_deadlock(r);
    }
    const char *fault = coherence_check_quiet(r->w.coh);
    cr_assert_null(fault, "seed %lu: %s", r->seed, fault ? fault : "");
}

/* Every line's present value, read from outside, is what the harts made it. */
static void assert_memory(struct run *r)
{
    uint64_t value[WORDS];
    for (unsigned line = 0; line < r->lines; line++) {
        cr_assert(coherence_peek(r->w.coh, world_line(line * r->stride), value, sizeof value));
        cr_assert_arr_eq(value, r->expected[line], sizeof value, "seed %lu: line %u", r->seed,
                         line);
        cr_assert_eq(value[0], r->adds[line], "seed %lu: an atomic add was lost", r->seed);
    }
}

/* A machine drawn from the seed: 8 to 16 tiles, caches of 1 KiB with 1 to 16
 * ways, 1 to 4 MSHRs, a home with few MSHRs, one or two lines a set; and one of the
 * organisations of machines.h. */
static const struct machine *draw_organisation(struct rng *rng, bool rare)
{
    const struct machine *machine;
    do
        machine = &machines[rng_below(rng, MACHINES)];
    while (rare && strncmp(machine->name, "sparse", 6) != 0);
    return machine;
}

static struct config draw_machine(struct rng *rng, bool rare)
{
    struct config cfg = world_config(4, 2 + rng_below(rng, 3));
    cfg.l1d_kib = cfg.l1i_kib = 1;
    cfg.l1d_ways = 1u << rng_below(rng, 5);
    cfg.l1i_ways = 1u << rng_below(rng, 5);
    cfg.l1d_mshrs = 1 + rng_below(rng, 4);
    cfg.l1d_writebacks = 1 + rng_below(rng, 3);
    cfg.coherence_mshrs = 1 + rng_below(rng, 3);
    cfg.memory_controllers.count = 2;
    cfg.memory_controllers.item[0] = 0;
    cfg.memory_controllers.item[1] = config_tiles(&cfg) - 1;
    cfg.coherence_protocol = (uint8_t)rng_below(rng, PROTOCOLS);
    cfg.l1d_replacement = (uint8_t)rng_below(rng, 3);
    machine_configure(draw_organisation(rng, rare), &cfg);
    cfg.coherence_sparse_ways = 1 + rng_below(rng, 4);
    if (rare)
        cfg.l1d_ways = 1;
    return cfg;
}

static void add_rows(struct run *r, uint64_t *l1_rows, uint64_t *home_rows)
{
    for (unsigned tile = 0; tile < r->tiles; tile++) {
        for (unsigned i = 0; i < L1_STATES * L1_EVENTS; i++)
            l1_rows[i] += r->w.coh->l1[tile].rows[i];
        for (unsigned i = 0; i < HOME_STATES * HOME_EVENTS; i++)
            home_rows[i] += r->w.coh->home[tile].rows[i];
    }
}

static uint64_t l1_rows_taken[PROTOCOLS][L1_STATES * L1_EVENTS];
static uint64_t home_rows_taken[PROTOCOLS][HOME_STATES * HOME_EVENTS];

static void run_seed(uint64_t seed)
{
    static struct run r;
    struct scale scale = scale_of(seed);
    bool rare = seed > SEEDS && seed < LARGE;
    struct rng rng = rng_stream(seed, 1);
    struct config cfg = draw_machine(&rng, rare);
    cfg.mesh_width = scale.width ? scale.width : cfg.mesh_width;
    cfg.mesh_height = scale.height ? scale.height : cfg.mesh_height;
    memset(&r, 0, sizeof r);
    world_create(&r.w, &cfg, seed);
    r.seed = seed;
    r.tiles = config_tiles(&cfg);
    r.lines = (const unsigned[]){1, 2, 4, 24, LINES_MAX}[rng_below(&rng, 5)];
    r.stride = rng_below(&rng, 2) ? 1 : 16;
    r.contexts = 1 + rng_below(&rng, CONTEXTS_MAX);
    r.w.flight_cycles_max = 1u << rng_below(&rng, 12);
    r.visited = rng_below(&rng, 2);
    r.w.put_ack_cycles = rng_below(&rng, 3) == 0 ? 100 * r.w.flight_cycles_max : 0;
    if (rare) { /* few lines, one L1 set, slow PutAcks: Recalls meet write-backs */
        r.lines = 2 + rng_below(&rng, 3);
        r.stride = 16;
        r.w.put_ack_cycles = 100 * r.w.flight_cycles_max;
    }
    r.hart = arena_alloc(r.w.arena, r.tiles, sizeof *r.hart);
    for (unsigned tile = 0; tile < r.tiles; tile++)
        r.hart[tile].left = scale.accesses;
    r.left = (uint64_t)scale.accesses * r.tiles;
    run_to_rest(&r);
    assert_memory(&r);
    cr_assert_eq(r.finished, (uint64_t)scale.accesses * r.tiles);
    add_rows(&r, l1_rows_taken[cfg.coherence_protocol], home_rows_taken[cfg.coherence_protocol]);
    world_destroy(&r.w);
}

static unsigned rows_left(void)
{
    unsigned left = 0;
    for (unsigned p = 0; p < PROTOCOLS; p++) {
        const struct protocol *protocol = protocol_find(p);
        for (unsigned i = 0; i < L1_STATES * L1_EVENTS; i++)
            left += protocol->l1[0][i].legal && !l1_rows_taken[p][i];
        for (unsigned i = 0; i < HOME_STATES * HOME_EVENTS; i++)
            left += protocol->home[0][i].legal && !home_rows_taken[p][i];
    }
    return left;
}

static void expect_all_rows_taken(unsigned p)
{
    const struct protocol *protocol = protocol_find(p);
    for (unsigned s = 0; s < L1_STATES; s++)
        for (unsigned e = 0; e < L1_EVENTS; e++)
            cr_expect(!protocol->l1[s][e].legal || l1_rows_taken[p][s * L1_EVENTS + e],
                      "%s: L1D row (%s, %s) never taken", protocol->name, l1_state_info[s].name,
                      l1_event_info[e].name);
    for (unsigned s = 0; s < HOME_STATES; s++)
        for (unsigned e = 0; e < HOME_EVENTS; e++)
            cr_expect(!protocol->home[s][e].legal || home_rows_taken[p][s * HOME_EVENTS + e],
                      "%s: home row (%s, %s) never taken", protocol->name, home_state_info[s].name,
                      home_event_info[e].name);
}

Test(random, every_value_is_the_last_written_and_every_row_is_taken)
{
    const char *only = getenv("COHERENCE_SEED");
    if (only) {
        run_seed(strtoull(only, NULL, 10));
        return;
    }
    uint64_t seed = 1;
    for (; seed <= SEEDS || (seed <= SEEDS_MAX && rows_left() > 0); seed++)
        run_seed(seed);
    fprintf(stderr, "random: %lu seeds until every row was taken\n", seed - 1);
    for (unsigned p = 0; p < PROTOCOLS; p++)
        expect_all_rows_taken(p);
}

/* More seeds, for longer than a test: RANDOM_TIMES=n in the environment. */
static void run_many(uint64_t first, uint64_t seeds)
{
    const char *times = getenv("RANDOM_TIMES");
    if (getenv("COHERENCE_SEED"))
        return;
    seeds *= times ? strtoull(times, NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + seeds; seed++)
        run_seed(seed);
}

Test(random, sixty_four_tiles)
{
    run_many(LARGE, LARGE_SEEDS);
}

Test(random, a_thousand_tiles)
{
    run_many(HUGE, HUGE_SEEDS);
}
