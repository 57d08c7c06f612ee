/*
 * Every interleaving of a small system: the real controllers, driven from each
 * reachable state through every message that could arrive next and every
 * access that some hart could begin, duplicate states merged.
 *
 * The system: 2 or 3 tiles whose L1D is one frame deep (1 way; all tested lines
 * fall into set 0), so that loading line B evicts line A, and a home with one
 * MSHR, so that requests of the two lines also queue for it.  Harts load and
 * store A, load B, and fetch A.  A store writes the next value modulo 3, which
 * keeps the state space finite and still tells a value from the two before it.
 *
 * A state is what determines the future: caches, MSHRs, write-back entries,
 * directory, waiting requests, memory, messages in flight as a multiset, what
 * each hart waits for.  Time, counters and bytes that no one can read are left
 * out.  The states found are remembered by a hash of 128 bits.
 *
 * EXPLORE=all explores the long ones too, MACHINE=name one machine of machines.h.
 *
 * In each state: no violation (single writer, values, tables); where nothing is
 * in flight nobody waits, and caches and directory agree.
 */
#include <stddef.h>
#include <stdlib.h>

#include "coherence/tests/harness.h"
#include "coherence/tests/machines.h"
#include "sim/base/hash.h"

enum { TILES_LIMIT = 3, REGIONS_MAX = 160, FLIGHTS_MAX = 24, STATE_BYTES_MAX = 4096 };
enum { VALUES = 3, SETS = 16, STATES_MAX = 4000000 };

enum op { NO_OP, LOAD_A, STORE_A, LOAD_B, FETCH_A, OPS };

struct region {
    void *at;
    size_t bytes;
};

struct explorer {
    struct world w;
    unsigned tiles;
    const unsigned *ops; /* bit masks of what harts do, by tile */
    enum op waiting[TILES_LIMIT];
    struct region region[REGIONS_MAX];
    unsigned regions;
    uint64_t (*seen)[2]; /* open addressing; 0, 0 is free */
    size_t seen_mask, states, state_limit;
    uint8_t *frontier, *next; /* snapshots of one depth and of the one after */
    size_t frontier_count, next_count, snapshot_bytes, frontier_limit;
    uint64_t transitions;
};

static struct explorer x;

static paddr_t line_a(void)
{
    return world_line(0);
}

static paddr_t line_b(void)
{
    return world_line(SETS * 3); /* home 0 with 2 and with 3 tiles */
}

static paddr_t op_line(enum op op)
{
    return op == LOAD_B ? line_b() : line_a();
}

/* ---- snapshots: all that changes, region by region ------------------------------- */

static void add_region(void *at, size_t bytes)
{
    cr_assert_lt(x.regions, REGIONS_MAX);
    x.region[x.regions++] = (struct region){at, bytes};
}

static void add_l1(struct l1 *l1)
{
    add_region(l1->array.line, sizeof *l1->array.line);
    add_region(l1->array.state, 1);
    add_region(l1->array.front, 8);
    add_region(l1->mshr, sizeof *l1->mshr);
    add_region(l1->writeback, offsetof(struct l1_writeback, data) + 8);
}

static void add_line(struct coherence *coh, paddr_t line)
{
    uint64_t number = line_number(line);
    add_region(&coh->dir.entry[number], sizeof *coh->dir.entry);
    add_region(&coh->dir.sharers[number * coh->dir.words], 8);
    add_region(dram_line(coh, line), 8);
}

static void add_all_regions(void)
{
    struct coherence *coh = x.w.coh;
    for (unsigned tile = 0; tile < x.tiles; tile++) {
        add_l1(&coh->l1[tile]);
        add_region(&coh->icache[tile].pending, sizeof coh->icache[tile].pending);
    }
    add_line(coh, line_a());
    add_line(coh, line_b());
    if (coh->dir.sets) {
        add_region(coh->dir.tag, coh->dir.sets * coh->dir.ways * sizeof *coh->dir.tag);
        add_region(coh->dir.order, coh->dir.sets * coh->dir.ways);
    }
    add_region(&coh->home[0], sizeof coh->home[0]);
    add_region(coh->home[0].mshr, coh->home[0].mshrs * sizeof *coh->home[0].mshr);
    for (unsigned i = 0; i < x.tiles * coh->slots; i++) {
        add_region(&coh->waiting[i].request, offsetof(struct coh_msg, data) + 8);
        add_region(&coh->waiting[i].next, sizeof coh->waiting[i].next);
    }
    add_region(x.waiting, sizeof x.waiting);
    add_region(&x.w.flights, sizeof x.w.flights);
    for (unsigned i = 0; i < FLIGHTS_MAX; i++)
        add_region(&x.w.flight[i].msg, offsetof(struct coh_msg, data) + 8);
    for (unsigned i = 0; i < x.regions; i++)
        x.snapshot_bytes += x.region[i].bytes;
}

static void save(uint8_t *to)
{
    for (unsigned i = 0; i < x.regions; to += x.region[i++].bytes)
        memcpy(to, x.region[i].at, x.region[i].bytes);
}

static void restore(const uint8_t *from)
{
    for (unsigned i = 0; i < x.regions; from += x.region[i++].bytes)
        memcpy(x.region[i].at, from, x.region[i].bytes);
    x.w.coh->home[0].bank_free = 0;
}

/* The values last written to lines A and B: the truth, one more part of the state. */
static uint64_t last_written[2];

/* ---- the canonical form of a state ------------------------------------------------- */

struct writer {
    uint8_t byte[STATE_BYTES_MAX];
    size_t count;
};

static void put(struct writer *to, uint64_t value)
{
    cr_assert_lt(to->count, STATE_BYTES_MAX);
    to->byte[to->count++] = (uint8_t)value;
}

static void put_line(struct writer *to, paddr_t line)
{
    put(to, line == NO_LINE ? 0 : line == line_a() ? 1 : 2);
}

static void put_l1(struct writer *to, const struct l1 *l1)
{
    uint8_t state = l1->array.state[0];
    bool holds = l1->array.line[0] != NO_LINE;
    bool readable = l1_state_info[state].rights != RIGHTS_NONE || state == L1_STATE_IM_A;
    put_line(to, l1->array.line[0]);
    put(to, holds ? state : 0);
    put(to, holds && readable ? l1->array.front[0] : 0);
    put_line(to, l1->mshr[0].line);
    put(to, l1->mshr[0].line == NO_LINE ? 0 : (uint64_t)(l1->mshr[0].acks + 64));
    put_line(to, l1->writeback[0].line);
    put(to, l1->writeback[0].line == NO_LINE ? 0 : l1->writeback[0].state);
    put(to, l1->writeback[0].line == NO_LINE ? 0 : l1->writeback[0].data[0]);
}

static void put_message(struct writer *to, const struct coh_msg *msg)
{
    put(to, msg->type);
    put_line(to, msg->line);
    put(to, msg->from);
    put(to, msg->to);
    put(to, msg->requester);
    put(to, msg->slot);
    put(to, msg->acks);
    put(to, coh_msg_info[msg->type].carries_data ? msg->data[0] : 0);
}

static void put_fifo(struct writer *to, struct fifo fifo)
{
    for (uint32_t i = fifo.first; i; i = x.w.coh->waiting[i - 1].next)
        put_message(to, &x.w.coh->waiting[i - 1].request);
    put(to, 0xff);
}

static void put_home_line(struct writer *to, paddr_t line)
{
    struct coherence *coh = x.w.coh;
    const struct dir_entry *entry = &coh->dir.entry[line_number(line)];
    bool busy = home_state_info[entry->state].busy;
    put(to, entry->state);
    put(to, busy || entry->state == HOME_STATE_X ? entry->owner : 0);
    put(to, coh->dir.sharers[line_number(line) * coh->dir.words]);
    put(to, dram_line(coh, line)[0]);
    if (!busy)
        return;
    const struct home_mshr *mshr = &coh->home[0].mshr[entry->mshr];
    put(to, mshr->requester);
    put(to, mshr->slot);
    put(to, mshr->acks);
    put(to, mshr->kept || mshr->collecting ? mshr->data[0] : 0xff);
    put(to, mshr->awaited);
    put(to, (uint64_t)(mshr->collecting | mshr->sharing << 1 | mshr->shared << 2 |
                       mshr->dirty << 3 | mshr->fetched << 4));
    put_line(to, mshr->heir ? coh->home[0].mshr[mshr->heir - 1].line : NO_LINE);
    put_fifo(to, mshr->queue);
}

/* Which of the two lines has an entry of a sparse directory, most recent first. */
static void put_tags(struct writer *to)
{
    const struct directory *dir = &x.w.coh->dir;
    for (uint32_t i = 0; dir->sets && i < dir->ways; i++) {
        uint64_t tag = dir->tag[dir->order[i]];
        put(to, tag == 0 ? 0 : tag == line_number(line_a()) + 1 ? 1 : 2);
    }
}

static int compare_messages(const void *a, const void *b)
{
    return memcmp(a, b, 8);
}

static void put_flights(struct writer *to)
{
    size_t first = to->count;
    for (unsigned i = 0; i < x.w.flights; i++)
        put_message(to, &x.w.flight[i].msg);
    qsort(to->byte + first, x.w.flights, 8, compare_messages);
}

/* ---- states found -------------------------------------------------------------------- */

/* True when the present state is new. */
static bool remember(void)
{
    struct writer to;
    to.count = 0;
    for (unsigned tile = 0; tile < x.tiles; tile++) {
        put_l1(&to, &x.w.coh->l1[tile]);
        put_line(&to, x.w.coh->icache[tile].pending);
        put(&to, x.waiting[tile]);
    }
    put(&to, last_written[0]);
    put_home_line(&to, line_a());
    put_home_line(&to, line_b());
    put_fifo(&to, x.w.coh->home[0].overflow);
    put_tags(&to);
    put_flights(&to);
    uint64_t low = hash_bytes(HASH_SEED, to.byte, to.count);
    uint64_t high = hash_bytes(~HASH_SEED, to.byte, to.count) | 1;
    size_t at = low & x.seen_mask;
    for (; x.seen[at][1]; at = (at + 1) & x.seen_mask)
        if (x.seen[at][0] == low && x.seen[at][1] == high)
            return false;
    x.seen[at][0] = low;
    x.seen[at][1] = high;
    x.states++;
    cr_assert_lt(x.states, x.state_limit, "the state space is larger than expected");
    return true;
}

/* ---- what can happen next --------------------------------------------------------------- */

static void perform(tile_id tile, enum op op)
{
    paddr_t line = op_line(op);
    uint64_t *last = &last_written[op == LOAD_B];
    uint64_t value = *world_bytes(&x.w, tile, line);
    cr_assert_eq(value, *last, "tile %u read %lu, last written was %lu", tile, value, *last);
    if (op == STORE_A) {
        *last = (value + 1) % VALUES;
        *world_bytes(&x.w, tile, line) = (uint8_t)*last;
    }
}

static enum l1_answer access_for(tile_id tile, enum op op)
{
    enum l1_answer answer =
        world_access(&x.w, tile, op_line(op), op == STORE_A ? L1_STORE : L1_LOAD);
    if (answer == L1_READY)
        perform(tile, op);
    return answer;
}

static bool begin(tile_id tile, enum op op)
{
    if (!(x.ops[tile] >> op & 1))
        return false;
    if (op == FETCH_A) {
        if (x.w.coh->icache[tile].pending != NO_LINE)
            return false;
        world_fetch(&x.w, tile, line_a());
        return true;
    }
    if (x.waiting[tile] != NO_OP)
        return false;
    enum l1_answer answer = access_for(tile, op);
    if (answer == L1_MISS)
        x.waiting[tile] = op;
    return answer != L1_BUSY;
}

static void deliver_flight(unsigned index)
{
    struct coh_msg msg = x.w.flight[index].msg;
    x.w.flight[index] = x.w.flight[--x.w.flights];
    bool done = world_deliver(&x.w, &msg);
    if (!done)
        return;
    if (msg.type == COH_DataOnce) {
        icache_flush(coherence_icache(x.w.coh, msg.to));
        return;
    }
    cr_assert_eq(access_for(msg.to, x.waiting[msg.to]), L1_READY, "a miss made no progress");
    x.waiting[msg.to] = NO_OP;
}

static void assert_single_writer(paddr_t line)
{
    unsigned writers = 0, readers = 0;
    for (unsigned tile = 0; tile < x.tiles; tile++) {
        const struct cache_array *array = &x.w.coh->l1[tile].array;
        if (array->line[0] != line)
            continue;
        writers += l1_state_info[array->state[0]].rights == RIGHTS_WRITE;
        readers += l1_state_info[array->state[0]].rights == RIGHTS_READ;
    }
    cr_assert(writers == 0 || (writers == 1 && readers == 0), "%u writers, %u readers", writers,
              readers);
}

static void assert_state_sound(void)
{
    world_assert_sound(&x.w);
    assert_single_writer(line_a());
    assert_single_writer(line_b());
    cr_assert_leq(x.w.flights, FLIGHTS_MAX);
    if (x.w.flights > 0)
        return;
    for (unsigned tile = 0; tile < x.tiles; tile++)
        if (x.waiting[tile] != NO_OP || x.w.coh->icache[tile].pending != NO_LINE) {
            coherence_explain(x.w.coh, stderr);
            cr_assert_fail("deadlock");
        }
    world_assert_quiet(&x.w);
}

static void keep_if_new(void)
{
    x.transitions++;
    assert_state_sound();
    if (!remember())
        return;
    cr_assert_lt(x.next_count, x.frontier_limit);
    save(x.next + x.next_count++ * x.snapshot_bytes);
}

static void expand(const uint8_t *snapshot)
{
    restore(snapshot);
    unsigned flights = x.w.flights;
    for (unsigned i = 0; i < flights; i++) {
        restore(snapshot);
        deliver_flight(i);
        keep_if_new();
    }
    for (unsigned tile = 0; tile < x.tiles; tile++)
        for (enum op op = LOAD_A; op < OPS; op++) {
            restore(snapshot);
            if (begin((tile_id)tile, op))
                keep_if_new();
        }
}

static void explorer_create(unsigned protocol, const struct machine *machine, unsigned tiles,
                            const unsigned *ops, size_t state_limit)
{
    struct config cfg = world_config(tiles, 1);
    cfg.l1d_kib = cfg.l1i_kib = 1;
    cfg.l1d_ways = cfg.l1i_ways = 1;
    cfg.l1d_mshrs = cfg.l1d_writebacks = 1;
    cfg.coherence_mshrs = 1;
    cfg.sim_check = false;
    cfg.coherence_protocol = (uint8_t)protocol;
    machine_configure(machine, &cfg);
    memset(&x, 0, sizeof x);
    memset(last_written, 0, sizeof last_written);
    world_create(&x.w, &cfg, 1);
    x.w.flight_cycles_max = 0;
    x.tiles = tiles;
    x.ops = ops;
    x.state_limit = state_limit;
    for (x.seen_mask = 1; x.seen_mask < 2 * state_limit;)
        x.seen_mask *= 2;
    x.seen = arena_alloc(x.w.arena, x.seen_mask--, sizeof *x.seen);
    add_region(last_written, sizeof last_written);
    add_all_regions();
    x.frontier_limit = state_limit / 4;
    x.frontier = arena_alloc(x.w.arena, x.frontier_limit, x.snapshot_bytes);
    x.next = arena_alloc(x.w.arena, x.frontier_limit, x.snapshot_bytes);
}

/* Breadth first: everything that is one event further. */
static void expand_frontier(void)
{
    uint8_t *emptied = x.frontier;
    x.frontier = x.next;
    x.frontier_count = x.next_count;
    x.next = emptied;
    x.next_count = 0;
    for (size_t i = 0; i < x.frontier_count; i++)
        expand(x.frontier + i * x.snapshot_bytes);
}

/* What the harts do, and for which protocols that is explored in every test, on the
 * machines marked quick (the shortest: on all).  The rest is explored with EXPLORE=all in
 * the environment (make verify). */
enum { MESI = 1, MSI = 2, MOESI = 4 };

struct system {
    const char *name;
    unsigned tiles, ops[TILES_LIMIT]; /* bit masks */
    unsigned quick_for;               /* protocols */
    bool is_shortest;
};

#define ON_A  (1u << LOAD_A | 1u << STORE_A)
#define EVICT (1u << STORE_A | 1u << LOAD_B)
static const struct system systems[] = {
    {"two caches, one line", 2, {ON_A, ON_A}, MESI | MSI | MOESI, true},
    {"two caches, evictions", 2, {EVICT, EVICT}, MESI, false},
    {"three caches, one line", 3, {ON_A, ON_A, ON_A}, MESI | MOESI, false},
    {"two caches, fetches", 2, {ON_A | 1u << FETCH_A, ON_A | 1u << FETCH_A}, 0, false},
    {"two caches, two lines", 2, {ON_A | EVICT, ON_A | EVICT}, 0, false},
    {"three caches, two lines", 3, {EVICT, 1u << LOAD_A, 1u << LOAD_A | 1u << LOAD_B}, 0, false},
};

static bool is_wanted(unsigned protocol, const struct machine *machine, const struct system *system)
{
    const char *wish = getenv("EXPLORE"), *only = getenv("MACHINE");
    if (only && strcmp(only, machine->name) != 0)
        return false;
    if (wish && strcmp(wish, "all") == 0)
        return true;
    return (system->quick_for >> protocol & 1) && (machine->quick || system->is_shortest);
}

static void explore(unsigned protocol, const struct machine *machine, const struct system *system)
{
    explorer_create(protocol, machine, system->tiles, system->ops, STATES_MAX);
    unsigned depth = 0;
    for (keep_if_new(); x.next_count > 0; depth++)
        expand_frontier();
    fprintf(stderr, "%s, %s, %s: %zu states, %lu transitions, depth %u\n",
            protocol_find(protocol)->name, machine->name, system->name, x.states, x.transitions,
            depth);
    cr_assert_gt(x.states, 50, "the explorer has lost its way");
    world_destroy(&x.w);
}

static void explore_protocol(unsigned protocol)
{
    for (unsigned m = 0; m < MACHINES; m++)
        for (unsigned s = 0; s < sizeof systems / sizeof *systems; s++)
            if (is_wanted(protocol, &machines[m], &systems[s]))
                explore(protocol, &machines[m], &systems[s]);
}

Test(explore, every_interleaving_of_mesi)
{
    explore_protocol(0);
}

Test(explore, every_interleaving_of_msi)
{
    explore_protocol(1);
}

Test(explore, every_interleaving_of_moesi)
{
    explore_protocol(2);
}
