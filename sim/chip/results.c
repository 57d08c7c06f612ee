/*
 * What a run leaves behind: totals over all harts and message units, the
 * parts' own statistics, the guest's series, and one hash over all of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/chip/chip_state.h"

static const struct stall_name {
    const char *name, *meaning;
} stall_names[STALLS] = {
#define STALL(name, meaning) [STALL_##name] = {#name, "cycles that harts lost: " meaning},
    STALL_CAUSES(STALL)
#undef STALL
};

static const char base_meaning[] = "cycles that issued an instruction, outside polling rounds";

static void put_stall(struct stats *stats, const char *prefix, unsigned cause, uint64_t cycles)
{
    char name[64];
    snprintf(name, sizeof name, "%s.stall.%s", prefix, stall_names[cause].name);
    stats_put(stats, name, cycles, "cycles", stall_names[cause].meaning);
}

_Static_assert(1 + STALLS <= CHIP_PARTS_MAX, "a part for base and each stall");
const unsigned chip_parts = 1 + STALLS;

const char *chip_part_name(unsigned part)
{
    return part ? stall_names[part - 1].name : "base";
}

const char *chip_part_meaning(unsigned part)
{
    return part ? stall_names[part - 1].meaning : base_meaning;
}

struct chip_account chip_account(const struct chip *chip, tile_id tile, unsigned mode)
{
    struct hart_account from = hart_account_of(&chip->hart[tile], mode);
    struct chip_account a = {
        .cycles = from.cycles, .instructions = from.instructions, .part = {from.base}};
    memcpy(&a.part[1], from.stall, sizeof from.stall);
    return a;
}

static void add_account(struct hart_account *sum, const struct hart_account *a)
{
    sum->cycles += a->cycles;
    sum->instructions += a->instructions;
    sum->base += a->base;
    for (unsigned k = 0; k < STALLS; k++)
        sum->stall[k] += a->stall[k];
}

static struct hart_account account_of_mode(const struct chip *chip, unsigned mode)
{
    struct hart_account sum = {0};
    for (unsigned i = 0; i < chip->engine.tiles; i++) {
        struct hart_account a = hart_account_of(&chip->hart[i], mode);
        add_account(&sum, &a);
    }
    return sum;
}

static void put_account(struct stats *stats, const char *prefix, const struct hart_account *a)
{
    char name[64];
    snprintf(name, sizeof name, "%s.instructions", prefix);
    stats_put(stats, name, a->instructions, "instructions", "retired, over all harts");
    snprintf(name, sizeof name, "%s.cycles", prefix);
    stats_put(stats, name, a->cycles, "cycles",
              "sum over all harts: base and all stalls add up to it");
    snprintf(name, sizeof name, "%s.base", prefix);
    stats_put(stats, name, a->base, "cycles", base_meaning);
    for (unsigned k = 0; k < STALLS; k++)
        put_stall(stats, prefix, k, a->stall[k]);
}

/* The accounts of all harts, and the same by privilege. */
static void put_accounts(const struct chip *chip, struct stats *stats)
{
    static const char *const prefix[] = {"hart.u", "hart.s", "hart.m"};
    struct hart_account mode[3], all = {0};
    for (unsigned m = 0; m < 3; m++) {
        mode[m] = account_of_mode(chip, m);
        add_account(&all, &mode[m]);
    }
    put_account(stats, "hart", &all);
    for (unsigned m = 0; m < 3; m++)
        put_account(stats, prefix[m], &mode[m]);
}

static void put_translation(const struct chip *chip, struct stats *stats)
{
    uint64_t itlb = 0, dtlb = 0, l2tlb = 0, walks = 0;
    for (unsigned i = 0; i < chip->engine.tiles; i++) {
        const struct hart *h = &chip->hart[i];
        itlb += h->itlb.misses;
        dtlb += h->dtlb.misses;
        l2tlb += h->l2tlb.misses;
        walks += h->walks;
    }
    stats_put(stats, "tlb.i_misses", itlb, "misses", "instruction TLB misses");
    stats_put(stats, "tlb.d_misses", dtlb, "misses", "data TLB misses");
    stats_put(stats, "tlb.l2_misses", l2tlb, "misses", "second-level TLB misses");
    stats_put(stats, "tlb.walks", walks, "walks", "page table walks begun");
}

static void put_oracle(const struct chip *chip, struct stats *stats)
{
    stats_put(stats, "oracle.shootdowns", chip->oracle.declared, "shootdowns",
              "declared complete to the oracle of stale translations");
    stats_put(stats, "oracle.stale_entries", chip->oracle.marked, "entries",
              "of TLBs that a completed shootdown had left behind");
}

static void put_harts(const struct chip *chip, struct stats *stats)
{
    uint64_t traps = 0, interrupts = 0, buffered = 0, forwarded = 0;
    for (unsigned i = 0; i < chip->engine.tiles; i++) {
        traps += chip->hart[i].traps;
        interrupts += chip->hart[i].interrupts;
        buffered += chip->hart[i].stores.entered;
        forwarded += chip->hart[i].stores.forwarded;
    }
    put_accounts(chip, stats);
    put_translation(chip, stats);
    put_oracle(chip, stats);
    stats_put(stats, "hart.exceptions", traps, "traps", "exceptions taken");
    stats_put(stats, "hart.interrupts", interrupts, "traps", "interrupts taken");
    stats_put(stats, "hart.stores_buffered", buffered, "stores", "that entered a store buffer");
    stats_put(stats, "hart.loads_forwarded", forwarded, "loads", "answered by a store buffer");
    stats_put(stats, "hart.marks", chip->simctl.marks, "marks",
              "set through the simulation-control page");
}

static void put_reservations(const struct chip *chip, struct stats *stats)
{
    uint64_t held = 0;
    for (unsigned i = 0; i < chip->engine.tiles; i++)
        held += chip->tile[i].reservation.forwards_held;
    stats_put(stats, "hart.reservations_kept", held, "forwards",
              "held back because a load-reserved had just reserved their line");
}

static void put_messages(const struct chip *chip, struct stats *stats)
{
    struct msgunit_counters sum = {0};
    for (unsigned i = 0; i < chip->engine.tiles; i++) {
        struct msgunit_counters c = msgunit_counters(chip->tile[i].mu);
        sum.sent += c.sent;
        sum.received += c.received;
        sum.no_credits += c.no_credits;
        sum.refused += c.refused;
    }
    stats_put(stats, "message.sent", sum.sent, "messages", "launched by message units");
    stats_put(stats, "message.received", sum.received, "messages", "entered a receive queue");
    stats_put(stats, "message.no_credits", sum.no_credits, "launches",
              "refused for want of credits");
    stats_put(stats, "message.refused", sum.refused, "messages",
              "found their queue absent or full");
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    while (*text)
        hash = hash_u64(hash, (unsigned char)*text++);
    return hash;
}

static uint64_t hash_series(uint64_t hash, const struct chip_series *series, unsigned count)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct hist *h = series[i].hist;
        uint64_t one = hash_text(hash_text(HASH_SEED, series[i].name), series[i].unit);
        one = hash_u64(hash_u64(hash_u64(one, h->count), h->sum), h->max);
        sum += hash_bytes(one, h->bucket, sizeof h->bucket);
    }
    return hash_u64(hash, sum);
}

static uint64_t hash_harts(uint64_t hash, const struct chip *chip)
{
    for (unsigned i = 0; i < chip->engine.tiles; i++) {
        const struct hart *h = &chip->hart[i];
        for (unsigned r = 1; r < 32; r++)
            hash = hash_u64(hash, h->x[r]);
        hash = hash_u64(hash_u64(hash, h->pc), h->cycle);
        for (unsigned k = 0; k < STALLS; k++)
            hash = hash_u64(hash, h->stall[k]);
    }
    return hash;
}

static uint64_t hash_state(const struct chip *chip, const struct chip_results *r)
{
    uint64_t hash = hash_u64(HASH_SEED, r->cycles);
    hash = hash_u64(hash, (uint64_t)chip->end);
    hash = hash_u64(hash, chip->htif.exit_code);
    for (unsigned i = 0; i < r->stats.count; i++)
        hash = hash_u64(hash_text(hash, r->stats.item[i].name), r->stats.item[i].value);
    return hash_series(hash_harts(hash_u64(hash, chip->console_hash), chip), r->series,
                       r->series_count);
}

static int by_name(const void *a, const void *b)
{
    const struct chip_series *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->unit, y->unit);
}

/* In the order of their names, so that the rows do not depend on who came first. */
static struct chip_series *list_series(struct chip *chip)
{
    const struct simctl_shared *s = &chip->simctl;
    unsigned count = 0;
    struct chip_series *list = arena_alloc(chip->arena, s->series_count, sizeof *list);
    for (unsigned b = 0; b < SERIES_BUCKETS; b++)
        for (const struct series *one = s->bucket[b]; one; one = one->next)
            list[count++] = (struct chip_series){one->name, one->unit, &one->hist};
    qsort(list, count, sizeof *list, by_name);
    return list;
}

void chip_measure(struct chip *chip)
{
    struct chip_results *r = &chip->results;
    stats_free(&r->stats);
    *r = (struct chip_results){.cycles = chip->engine.now,
                               .instructions = chip_instructions(chip),
                               .series = list_series(chip),
                               .series_count = chip->simctl.series_count};
    put_harts(chip, &r->stats);
    put_reservations(chip, &r->stats);
    put_messages(chip, &r->stats);
    coherence_stats(chip->engine.coherence, &r->stats);
    mesh_stats(chip->engine.mesh, &r->stats);
    r->state_hash = hash_state(chip, r);
}

void chip_results(struct chip *chip, struct chip_results *results)
{
    if (!chip->measured)
        chip_measure(chip);
    *results = chip->results;
    results->stats = (struct stats){0};
    for (unsigned i = 0; i < chip->results.stats.count; i++) {
        const struct stat_entry *s = &chip->results.stats.item[i];
        stats_put(&results->stats, s->name, s->value, s->unit, s->meaning);
    }
}

const struct mesh *chip_mesh(const struct chip *chip)
{
    return chip->engine.mesh;
}
