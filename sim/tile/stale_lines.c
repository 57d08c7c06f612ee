#include "sim/tile/stale_lines.h"

#include <string.h>

struct news {
    uint32_t uses;
    struct news *next; /* of the spare ones */
    cycle_t heard[];   /* by tile */
};

void stale_lines_init(struct stale_lines *s, struct arena *arena, const struct config *cfg)
{
    uint64_t lines = (uint64_t)cfg->memory_dram_mib << (20 - LINE_SHIFT);
    *s = (struct stale_lines){.arena = arena, .tiles = config_tiles(cfg), .dram_lines = lines};
    if (cfg->scratchpad_kib)
        lines += s->tiles * (uint64_t)(MAP_SCRATCHPAD_STRIDE / LINE_BYTES);
    s->line = arena_alloc(arena, lines, sizeof(struct line_notes *));
    s->heard = arena_alloc(arena, s->tiles, sizeof(struct news *));
}

struct line_notes *stale_line(struct stale_lines *s, paddr_t address)
{
    uint64_t number = address >= MAP_DRAM_BASE
                          ? (address - MAP_DRAM_BASE) >> LINE_SHIFT
                          : s->dram_lines + ((address - MAP_SCRATCHPAD_BASE) >> LINE_SHIFT);
    if (!s->line[number])
        s->line[number] = arena_alloc(s->arena, 1, sizeof(struct line_notes));
    return s->line[number];
}

/* ---- visits ------------------------------------------------------------------- */

/* Where the tile's visit is, or would be. */
static uint32_t place_of(const struct line_notes *l, tile_id tile)
{
    uint32_t low = 0, high = l->visits;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (l->visit[middle].tile < tile)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct visit *stale_line_visited(const struct line_notes *l, tile_id tile)
{
    uint32_t at = place_of(l, tile);
    return at < l->visits && l->visit[at].tile == tile ? &l->visit[at] : NULL;
}

static void make_room(struct stale_lines *s, struct line_notes *l)
{
    if (l->visits < l->capacity)
        return;
    uint32_t doubled = l->capacity ? 2 * l->capacity : 1;
    l->capacity = doubled < s->tiles ? doubled : s->tiles;
    struct visit *more = arena_alloc(s->arena, l->capacity, sizeof *more);
    if (l->visits)
        memcpy(more, l->visit, l->visits * sizeof *more);
    l->visit = more;
}

struct visit *stale_line_visit(struct stale_lines *s, struct line_notes *l, tile_id tile)
{
    uint32_t at = place_of(l, tile);
    if (at < l->visits && l->visit[at].tile == tile)
        return &l->visit[at];
    make_room(s, l);
    memmove(&l->visit[at + 1], &l->visit[at], (l->visits - at) * sizeof *l->visit);
    l->visits++;
    l->visit[at] = (struct visit){.tile = tile};
    return &l->visit[at];
}

/* ---- stores ------------------------------------------------------------------- */

static bool is_split(const struct line_notes *l, unsigned word)
{
    return l->split >> word & 1;
}

const struct last_store *stale_line_last(const struct line_notes *l, unsigned byte)
{
    const struct last_store *last = l->word[byte / 8];
    if (last && is_split(l, byte / 8))
        last += byte % 8;
    return last && last->stored ? last : NULL;
}

uint8_t stale_line_value(const struct line_notes *l, unsigned byte)
{
    uint64_t value = stale_line_last(l, byte)->value;
    return (uint8_t)(is_split(l, byte / 8) ? value : value >> byte % 8 * 8);
}

/* Gives each byte of a word a record of its own. */
static void split(struct stale_lines *s, struct line_notes *l, unsigned word)
{
    if (is_split(l, word))
        return;
    struct last_store whole = {.stored = false};
    if (l->word[word])
        whole = *l->word[word];
    if (!(l->wide >> word & 1))
        l->word[word] = arena_alloc(s->arena, 8, sizeof(struct last_store));
    for (unsigned i = 0; i < 8; i++) {
        l->word[word][i] = whole;
        l->word[word][i].value = whole.value >> 8 * i & 0xff;
    }
    l->split |= (uint8_t)(1u << word);
    l->wide |= (uint8_t)(1u << word);
}

static void store_whole(struct stale_lines *s, struct line_notes *l, unsigned word,
                        const struct last_store *store)
{
    if (!l->word[word])
        l->word[word] = arena_alloc(s->arena, 1, sizeof(struct last_store));
    l->split &= (uint8_t) ~(1u << word);
    *l->word[word] = *store;
}

void stale_line_store(struct stale_lines *s, struct line_notes *l, uint64_t mask,
                      const struct last_store *store)
{
    unsigned first = (unsigned)__builtin_ctzll(mask), word = first / 8;
    if (mask >> 8 * word == 0xff) {
        store_whole(s, l, word, store);
        return;
    }
    split(s, l, word);
    for (uint64_t value = store->value; mask; mask &= mask - 1, value >>= 8) {
        struct last_store *last = &l->word[word][__builtin_ctzll(mask) % 8];
        *last = *store;
        last->value = value & 0xff;
    }
}

void stale_line_each(struct stale_lines *s, struct line_notes *l, uint64_t mask,
                     stale_change *change, void *context)
{
    for (unsigned word = 0; word < LINE_WORDS; word++) {
        unsigned bytes = mask >> 8 * word & 0xff;
        if (!bytes || !l->word[word])
            continue;
        if (bytes != 0xff)
            split(s, l, word);
        for (unsigned i = 0; i < (is_split(l, word) ? 8 : 1); i++)
            if (bytes >> i & 1 && l->word[word][i].stored)
                change(context, &l->word[word][i]);
    }
}

static void forget(void *context, struct last_store *last)
{
    (void)context;
    last->stored = false;
}

void stale_line_forget(struct stale_lines *s, struct line_notes *l, uint64_t mask)
{
    stale_line_each(s, l, mask, forget, NULL);
}

/* ---- news --------------------------------------------------------------------- */

static struct news *take_spare(struct stale_lines *s)
{
    struct news *n = s->spare;
    if (!n)
        return arena_alloc(s->arena, 1, sizeof *n + s->tiles * sizeof n->heard[0]);
    s->spare = n->next;
    return n;
}

static void release(struct stale_lines *s, struct news *n)
{
    if (!n || --n->uses)
        return;
    n->next = s->spare;
    s->spare = n;
}

static void share(struct stale_lines *s, struct news **at, struct news *n)
{
    n->uses++;
    release(s, *at);
    *at = n;
}

/* A row that nobody else uses, with the same in it. */
static struct news *own(struct stale_lines *s, struct news **at)
{
    struct news *old = *at;
    if (old && old->uses == 1)
        return old;
    struct news *n = take_spare(s);
    n->uses = 1;
    if (old)
        memcpy(n->heard, old->heard, s->tiles * sizeof n->heard[0]);
    else
        memset(n->heard, 0, s->tiles * sizeof n->heard[0]);
    release(s, old);
    return *at = n;
}

static void learn(struct stale_lines *s, struct news **at, tile_id other, cycle_t cycle)
{
    if (cycle > (*at ? (*at)->heard[other] : 0))
        own(s, at)->heard[other] = cycle;
}

/* Who knows less gets what the other knows. */
static void join(struct stale_lines *s, struct news **to, struct news *from)
{
    bool less = false, more = false;
    if (!from || *to == from)
        return;
    for (uint32_t i = 0; i < s->tiles && *to; i++) {
        less |= (*to)->heard[i] < from->heard[i];
        more |= (*to)->heard[i] > from->heard[i];
    }
    if (!*to || (less && !more)) {
        share(s, to, from);
        return;
    }
    for (uint32_t i = 0; i < s->tiles && less; i++)
        learn(s, to, (tile_id)i, from->heard[i]);
}

cycle_t stale_heard(const struct stale_lines *s, tile_id tile, tile_id other)
{
    return s->heard[tile] ? s->heard[tile]->heard[other] : 0;
}

void stale_hear(struct stale_lines *s, tile_id tile, tile_id other, cycle_t cycle)
{
    learn(s, &s->heard[tile], other, cycle);
}

void stale_hear_line(struct stale_lines *s, const struct line_notes *l, tile_id tile)
{
    join(s, &s->heard[tile], l->news);
    for (uint32_t i = 0; i < l->visits; i++)
        if (l->visit[i].tile != tile)
            stale_hear(s, tile, l->visit[i].tile, l->visit[i].told);
}

void stale_tell_line(struct stale_lines *s, struct line_notes *l, tile_id tile, cycle_t cycle)
{
    struct visit *visit = stale_line_visit(s, l, tile);
    join(s, &l->news, s->heard[tile]);
    if (cycle > visit->told)
        visit->told = cycle;
}
