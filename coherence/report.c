/*
 * What is asked between events: is everything at rest and in agreement, who
 * waits for whom, and how often did things happen.  Counters are kept per tile
 * by the agents and only summed here.
 */
#include <stdarg.h>

#include "coherence/agents.h"
#include "coherence/checker.h"

/* ---- at rest ---------------------------------------------------------------- */

static const char *unquiet(struct coherence *coh, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const char *unquiet(struct coherence *coh, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(coh->unquiet, sizeof coh->unquiet, format, args);
    va_end(args);
    return coh->unquiet;
}

static const char *check_idle(struct coherence *coh, uint32_t tile)
{
    const struct home *home = &coh->home[tile];
    if (l1_is_busy(&coh->l1[tile]))
        return unquiet(coh, "L1D of tile %u is still in a transaction", tile);
    if (coh->icache[tile].pending != NO_LINE)
        return unquiet(coh, "L1I of tile %u still fetches line %#llx", tile,
                       (unsigned long long)coh->icache[tile].pending);
    if (home->mshrs_used || home->overflow.first)
        return unquiet(coh, "home of tile %u still has %u lines in transaction", tile,
                       home->mshrs_used);
    return NULL;
}

/* Is no other L1D's copy of the line in the way of this one? */
static bool is_compatible(const struct coherence *coh, paddr_t line, tile_id tile, bool writer)
{
    for (uint32_t other = 0; other < coh->tiles; other++) {
        struct l1_copy copy = l1_find_copy(&coh->l1[other], line);
        if (other != tile && copy.data &&
            (writer || l1_state_info[*copy.state].rights == RIGHTS_WRITE))
            return false;
    }
    return true;
}

/* Does the home know of a copy as it should? */
static bool is_known(const struct coherence *coh, paddr_t line, tile_id tile, bool writer)
{
    const struct dir_entry *entry = &coh->dir.entry[line_number(line)];
    if (coh->probes)
        return entry->state == HOME_STATE_I && is_compatible(coh, line, tile, writer);
    if (writer)
        return entry->state == HOME_STATE_X && entry->owner == tile;
    if (entry->state == HOME_STATE_O && entry->owner == tile)
        return true;
    return (entry->state == HOME_STATE_S || entry->state == HOME_STATE_O) &&
           directory_is_sharer(&coh->dir, line_number(line), tile);
}

/* Must this copy equal memory?  (A home that probes does not know.) */
static bool is_as_memory(const struct coherence *coh, paddr_t line, uint8_t state)
{
    return state == L1_STATE_E || (state == L1_STATE_S && !coh->probes &&
                                   coh->dir.entry[line_number(line)].state == HOME_STATE_S);
}

/* Does this state make the L1D answer for the line? */
static bool owns(uint8_t state)
{
    return state == L1_STATE_O || l1_state_info[state].rights == RIGHTS_WRITE;
}

/* Does the directory know of this copy, and is its value right? */
static const char *check_copy(struct coherence *coh, const struct l1 *l1, int frame)
{
    paddr_t line = l1->array.line[frame];
    uint8_t state = l1->array.state[frame];
    const struct dir_entry *entry = &coh->dir.entry[line_number(line)];
    bool writer = l1_state_info[state].rights == RIGHTS_WRITE;
    if (!is_known(coh, line, l1->tile, writer))
        return unquiet(coh, "tile %u holds line %#llx in %s, its home has it in %s", l1->tile,
                       (unsigned long long)line, l1_state_info[state].name,
                       home_state_info[entry->state].name);
    const uint8_t *data = cache_data(&l1->array, cache_set(&l1->array, line), frame);
    if (!checker_equals(coh, line, data))
        return unquiet(coh, "tile %u holds an old value of line %#llx", l1->tile,
                       (unsigned long long)line);
    if (is_as_memory(coh, line, state) && memcmp(data, dram_line(coh, line), LINE_BYTES) != 0)
        return unquiet(coh, "tile %u holds line %#llx in %s, memory has another value", l1->tile,
                       (unsigned long long)line, l1_state_info[state].name);
    return NULL;
}

static const char *check_array(struct coherence *coh, const struct l1 *l1, int64_t *owned)
{
    int frames = (int)((l1->array.set_mask + 1) * l1->array.ways);
    for (int frame = 0; frame < frames; frame++) {
        if (l1->array.line[frame] == NO_LINE)
            continue;
        const char *fault = check_copy(coh, l1, frame);
        if (fault)
            return fault;
        *owned += owns(l1->array.state[frame]);
    }
    return NULL;
}

/* Every copy that answers for its line is known to its home, and homes know of as
 * many owners as there are such copies: so they agree, line by line. */
const char *coherence_check_quiet(struct coherence *coh)
{
    int64_t owned = 0, known = 0;
    for (uint32_t tile = 0; tile < coh->tiles; tile++) {
        const char *fault = check_idle(coh, tile);
        if (!fault)
            fault = check_array(coh, &coh->l1[tile], &owned);
        if (fault)
            return fault;
        known += coh->home[tile].owned;
    }
    if (owned != known && !coh->probes)
        return unquiet(coh, "homes know of %lld owned lines, L1Ds own %lld", (long long)known,
                       (long long)owned);
    return NULL;
}

/* ---- who waits for whom ------------------------------------------------------- */

static void explain_l1(const struct l1 *l1, FILE *out)
{
    for (unsigned i = 0; i < l1->mshrs; i++) {
        const struct l1_mshr *mshr = &l1->mshr[i];
        if (mshr->line == NO_LINE)
            continue;
        int frame = cache_find(&l1->array, mshr->line);
        fprintf(out, "  L1D of tile %u: line %#llx in %s, %d acknowledgements outstanding\n",
                l1->tile, (unsigned long long)mshr->line,
                l1_state_info[l1->array.state[frame]].name, mshr->acks);
    }
    for (unsigned i = 0; i < l1->writebacks; i++)
        if (l1->writeback[i].line != NO_LINE)
            fprintf(out, "  L1D of tile %u: line %#llx in %s\n", l1->tile,
                    (unsigned long long)l1->writeback[i].line,
                    l1_state_info[l1->writeback[i].state].name);
}

static void explain_fifo(const struct coherence *coh, struct fifo fifo, FILE *out)
{
    for (uint32_t next = fifo.first; next; next = coh->waiting[next - 1].next) {
        const struct coh_msg *request = &coh->waiting[next - 1].request;
        fprintf(out, "    waits: %s of tile %u, line %#llx\n", coh_msg_info[request->type].name,
                request->requester, (unsigned long long)request->line);
    }
}

static void explain_home(const struct coherence *coh, uint32_t tile, FILE *out)
{
    const struct home *home = &coh->home[tile];
    for (uint32_t i = 0; i < home->mshrs; i++) {
        const struct home_mshr *mshr = &home->mshr[i];
        if (mshr->line == NO_LINE)
            continue;
        const struct dir_entry *entry = &coh->dir.entry[line_number(mshr->line)];
        fprintf(out, "  home of tile %u: line %#llx in %s for tile %u (%s)\n", tile,
                (unsigned long long)mshr->line, home_state_info[entry->state].name, mshr->requester,
                home_state_info[entry->state].meaning);
        explain_fifo(coh, mshr->queue, out);
    }
    if (home->overflow.first)
        fprintf(out, "  home of tile %u: requests that found no MSHR\n", tile);
    explain_fifo(coh, home->overflow, out);
}

void coherence_explain(const struct coherence *coh, FILE *out)
{
    for (uint32_t tile = 0; tile < coh->tiles; tile++) {
        explain_l1(&coh->l1[tile], out);
        if (coh->icache[tile].pending != NO_LINE)
            fprintf(out, "  L1I of tile %u: fetches line %#llx\n", tile,
                    (unsigned long long)coh->icache[tile].pending);
        explain_home(coh, tile, out);
    }
}

/* ---- counters -------------------------------------------------------------------- */

static uint64_t l1_rows(const struct coherence *coh, enum l1_state state, enum l1_event event)
{
    uint64_t sum = 0;
    for (uint32_t tile = 0; tile < coh->tiles; tile++)
        sum += coh->l1[tile].rows[state * L1_EVENTS + event];
    return sum;
}

static uint64_t l1_events(const struct coherence *coh, enum l1_event event)
{
    uint64_t sum = 0;
    for (enum l1_state state = 0; state < L1_STATES; state++)
        sum += l1_rows(coh, state, event);
    return sum;
}

static uint64_t home_events(const struct coherence *coh, enum home_event event)
{
    uint64_t sum = 0;
    for (uint32_t tile = 0; tile < coh->tiles; tile++)
        for (unsigned state = 0; state < HOME_STATES; state++)
            sum += coh->home[tile].rows[state * HOME_EVENTS + event];
    return sum;
}

static void l1_stats(const struct coherence *coh, struct stats *stats)
{
    uint64_t refused = 0;
    for (uint32_t tile = 0; tile < coh->tiles; tile++)
        refused += coh->l1[tile].refused;
    stats_put(stats, "l1d.load_misses", l1_rows(coh, L1_STATE_I, L1_EVENT_Load), "misses",
              "loads of a line that the L1D did not hold");
    stats_put(stats, "l1d.store_misses", l1_rows(coh, L1_STATE_I, L1_EVENT_Store), "misses",
              "stores and atomics to a line that the L1D did not hold");
    stats_put(stats, "l1d.upgrades",
              l1_rows(coh, L1_STATE_S, L1_EVENT_Store) + l1_rows(coh, L1_STATE_O, L1_EVENT_Store),
              "misses", "stores and atomics to a line that the L1D held shared");
    stats_put(stats, "l1d.evictions", l1_events(coh, L1_EVENT_Replace), "lines",
              "lines that left an L1D to make room");
    stats_put(stats, "l1d.writebacks",
              l1_rows(coh, L1_STATE_M, L1_EVENT_Replace) +
                  l1_rows(coh, L1_STATE_O, L1_EVENT_Replace),
              "lines", "evicted lines that were dirty");
    stats_put(stats, "l1d.invalidations", l1_events(coh, L1_EVENT_Inv), "messages",
              "invalidations received");
    stats_put(stats, "l1d.refused", refused, "accesses",
              "accesses refused for want of an MSHR, a frame or a write-back entry");
}

static void icache_stats(const struct coherence *coh, struct stats *stats)
{
    uint64_t misses = 0, flushes = 0;
    for (uint32_t tile = 0; tile < coh->tiles; tile++) {
        misses += coh->icache[tile].misses;
        flushes += coh->icache[tile].flushes;
    }
    stats_put(stats, "l1i.misses", misses, "misses", "lines fetched by the L1Is");
    stats_put(stats, "l1i.flushes", flushes, "flushes", "L1Is emptied by fence.i");
}

static void add_tally(struct tally *sum, const struct tally *tally)
{
    for (unsigned i = 0; i < TALLY_CLASSES; i++)
        sum->count[i] += tally->count[i];
}

/* One statistic a class that this chip's tiles can fill: name.0, .1, .2, .4 for 3 and
 * 4, .8 for 5 to 8 ... */
static void put_tally(const struct coherence *coh, struct stats *stats, const char *name,
                      const struct tally *tally, const char *unit, const char *meaning)
{
    for (unsigned i = 0; i <= tally_class(coh->tiles); i++) {
        char full[64];
        snprintf(full, sizeof full, "%s.%u", name, i < 2 ? i : 1u << (i - 1));
        stats_put(stats, full, tally->count[i], unit, meaning);
    }
}

static void directory_stats(const struct coherence *coh, struct stats *stats)
{
    struct home sum = {0};
    for (uint32_t tile = 0; tile < coh->tiles; tile++) {
        const struct home *home = &coh->home[tile];
        sum.broadcasts += home->broadcasts;
        sum.probes += home->probes;
        sum.recalls += home->recalls;
        sum.entry_waits += home->entry_waits;
        add_tally(&sum.invalidations, &home->invalidations);
        add_tally(&sum.sharers, &home->sharers);
    }
    stats_put(stats, "home.broadcasts", sum.broadcasts, "requests",
              "requests for which a home asked or invalidated everyone, for want of knowledge");
    stats_put(stats, "home.probes", sum.probes, "messages",
              "ProbeS and ProbeM: L1Ds that a home asked for a line");
    stats_put(stats, "home.recalls", sum.recalls, "messages",
              "Recalls: sharers dropped to make room in the directory");
    stats_put(stats, "home.entry_waits", sum.entry_waits, "requests",
              "requests that waited until another line's directory entry was free");
    put_tally(coh, stats, "home.invalidations", &sum.invalidations, "writes",
              "GetM and Upgrade by invalidations sent (named by the upper end of a class)");
    put_tally(
        coh, stats, "home.sharers", &sum.sharers, "reads",
        "reads that share a line by the sharers that its entry then names, or cannot exclude");
}

static void home_stats(const struct coherence *coh, struct stats *stats)
{
    struct home sum = {0};
    uint64_t busiest = 0;
    for (uint32_t tile = 0; tile < coh->tiles; tile++) {
        const struct home *home = &coh->home[tile];
        sum.requests += home->requests;
        sum.waited += home->waited;
        sum.overflowed += home->overflowed;
        sum.kept_answers += home->kept_answers;
        sum.waited_cycles += home->waited_cycles;
        sum.bank_cycles += home->bank_cycles;
        sum.queued_cycles += home->queued_cycles;
        if (home->bank_cycles > busiest)
            busiest = home->bank_cycles;
    }
    stats_put(stats, "home.requests", sum.requests, "requests", "requests received by homes");
    stats_put(stats, "home.waited", sum.waited, "requests", "requests that found their line busy");
    stats_put(stats, "home.overflowed", sum.overflowed, "requests",
              "requests that waited for an MSHR, or behind one that did");
    stats_put(stats, "home.waited_cycles", sum.waited_cycles, "cycles",
              "time that requests waited for a line or an MSHR");
    stats_put(stats, "home.kept_answers", sum.kept_answers, "requests",
              "served with a line that the home still had for those who wait");
    stats_put(stats, "home.bank_cycles", sum.bank_cycles, "cycles", "directory banks in use");
    stats_put(stats, "home.bank_cycles_max", busiest, "cycles",
              "the busiest directory bank in use");
    stats_put(stats, "home.queued_cycles", sum.queued_cycles, "cycles",
              "time that messages waited for a directory bank");
    stats_put(stats, "home.forwards",
              home_events(coh, HOME_EVENT_CopyBack) + home_events(coh, HOME_EVENT_Downgrade),
              "requests", "reads answered by another L1D");
}

static void banks_stats(const struct memctl *sum, struct stats *stats)
{
    stats_put(stats, "memory.row_hits", sum->dram.hits, "lines",
              "accesses to the row that was open");
    stats_put(stats, "memory.rows_opened", sum->dram.opened, "lines",
              "accesses to a bank without an open row");
    stats_put(stats, "memory.row_conflicts", sum->dram.conflicts, "lines",
              "accesses to a bank with another row open");
    stats_put(stats, "memory.turnarounds", sum->dram.turnarounds, "turns",
              "changes of a data bus between reading and writing");
}

static void memctl_stats(const struct coherence *coh, struct stats *stats)
{
    struct memctl sum = {0};
    for (uint32_t tile = 0; tile < coh->tiles; tile++) {
        sum.reads += coh->memctl[tile].reads;
        sum.writes += coh->memctl[tile].writes;
        sum.queued_cycles += coh->memctl[tile].queued_cycles;
        sum.dram.hits += coh->memctl[tile].dram.hits;
        sum.dram.opened += coh->memctl[tile].dram.opened;
        sum.dram.conflicts += coh->memctl[tile].dram.conflicts;
        sum.dram.turnarounds += coh->memctl[tile].dram.turnarounds;
    }
    stats_put(stats, "memory.reads", sum.reads, "lines", "lines read from DRAM");
    stats_put(stats, "memory.writes", sum.writes, "lines", "lines written to DRAM");
    stats_put(stats, "memory.queued_cycles", sum.queued_cycles, "cycles",
              "time that requests waited for a memory controller");
    if (coh->banked)
        banks_stats(&sum, stats);
}

void coherence_stats(const struct coherence *coh, struct stats *stats)
{
    l1_stats(coh, stats);
    icache_stats(coh, stats);
    home_stats(coh, stats);
    directory_stats(coh, stats);
    memctl_stats(coh, stats);
}
