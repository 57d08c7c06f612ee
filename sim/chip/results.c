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

static void put_stall(struct stats *stats, const char *prefix, unsigned cause, uint64_t cycles)
{
    char name[64];
    snprintf(name, sizeof name, "%s.stall.%s", prefix, stall_names[cause].name);
    stats_put(stats, name, cycles, "cycles", stall_names[cause].meaning);
}

/* The same accounts as hart.*, for one privilege. */
static void put_mode(const struct chip *chip, struct stats *stats, unsigned mode,
                     const char *prefix)
{
    struct mode_account sum = {0};
    uint64_t stalls = 0;
    char name[64];
    for (unsigned i = 0; i < chip->engine.tiles; i++) {
        const struct mode_account *m = &chip->hart[i].mode[mode];
        sum.cycles += m->cycles;
        for (unsigned k = 0; k < STALLS; k++)
            sum.stall[k] += m->stall[k];
    }
    for (unsigned k = 0; k < STALLS; k++)
        stalls += sum.stall[k];
    snprintf(name, sizeof name, "%s.instructions", prefix);
    stats_put(stats, name, sum.cycles - stalls, "instructions", "retired in this privilege mode");
    snprintf(name, sizeof name, "%s.cycles", prefix);
    stats_put(stats, name, sum.cycles, "cycles", "spent in this privilege mode, over all harts");
    for (unsigned k = 0; k < STALLS; k++)
        put_stall(stats, prefix, k, sum.stall[k]);
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

static void put_harts(const struct chip *chip, struct stats *stats)
{
    uint64_t stall[STALLS] = {0}, cycles = 0, traps = 0, interrupts = 0;
    for (unsigned i = 0; i < chip->engine.tiles; i++) {
        const struct hart *h = &chip->hart[i];
        cycles += h->cycle;
        traps += h->traps;
        interrupts += h->interrupts;
        for (unsigned k = 0; k < STALLS; k++)
            stall[k] += h->stall[k];
    }
    stats_put(stats, "hart.instructions", chip_instructions(chip), "instructions",
              "retired, over all harts");
    stats_put(stats, "hart.cycles", cycles, "cycles",
              "sum over all harts: the instructions and all hart.stall.* add up to it");
    for (unsigned k = 0; k < STALLS; k++)
        put_stall(stats, "hart", k, stall[k]);
    put_mode(chip, stats, 0, "hart.u");
    put_mode(chip, stats, 1, "hart.s");
    put_mode(chip, stats, 2, "hart.m");
    put_translation(chip, stats);
    stats_put(stats, "hart.exceptions", traps, "traps", "exceptions taken");
    stats_put(stats, "hart.interrupts", interrupts, "traps", "interrupts taken");
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
