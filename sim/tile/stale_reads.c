/*
 * Notes of what happens, and their judgement in order.  A line that something was noted
 * of has a block of its own:
 *
 *   last[byte]     who stored to it last, what, when and from where; and since when memory
 *                  has that (CYCLE_NEVER: it has not, or not any more: another's write-back
 *                  has put older bytes in its place)
 *   fetched[tile]  when memory's line was last sent to this tile
 *   sent[tile]     when the tile last wrote it back
 *   heard[tile]    up to which cycle whoever fetches the line hears of that tile
 *
 * and each tile has a row of cycles up to which it has heard of every other.
 */
#include "sim/tile/stale_reads.h"

#include <stdlib.h>
#include <string.h>

#include "sim/tile/tile.h"

enum note_kind {
    NOTE_FETCHED,
    NOTE_WRITTEN,
    NOTE_WORD,
    NOTE_HEARD,
    NOTE_LOAD, /* from here on in a hart's own time */
    NOTE_STORE,
    NOTE_SENT
};

struct note {
    struct hart_place by; /* cycle, tile; where the hart was, for its loads and stores */
    uint64_t number;      /* in the order in which they were noted */
    paddr_t address;
    uint64_t value; /* NOTE_HEARD: the cycle of sending */
    uint64_t mask;  /* NOTE_WRITTEN: bytes */
    tile_id from;   /* NOTE_HEARD */
    uint8_t kind, bytes;
    bool stores; /* NOTE_WORD */
};

struct last_store {
    struct hart_place by; /* cycle 0: nobody has */
    cycle_t visible_at, lost_at;
    uint64_t order; /* of becoming visible, among what is judged */
    tile_id lost_to;
    bool stored;
    uint8_t value;
};

/* A home can send a line and take a newer one in one cycle: `order` tells. */
struct fetch {
    cycle_t cycle;
    uint64_t order;
};

struct line_notes {
    struct last_store last[LINE_BYTES];
    struct fetch *fetched;
    cycle_t *sent, *heard;
};

struct stale_reads {
    struct arena *arena;
    const struct hart *harts;
    uint32_t tiles;
    bool fails;
    struct line_notes **line; /* by number_of; NULL: nothing noted */
    uint64_t lines;           /* of DRAM; those of the scratchpads follow */
    cycle_t *heard;           /* tiles x tiles */
    struct note *note;
    size_t notes, capacity;
    uint64_t number, count;
    uint64_t judged; /* notes so far */
    unsigned kept_count;
    struct stale_read kept[STALE_READS_KEPT];
};

struct stale_reads *stale_reads_create(struct arena *arena, const struct config *cfg,
                                       const struct hart *harts)
{
    struct stale_reads *s = arena_alloc(arena, 1, sizeof *s);
    uint64_t lines = (uint64_t)cfg->memory_dram_mib << (20 - LINE_SHIFT);
    s->arena = arena;
    s->harts = harts;
    s->tiles = config_tiles(cfg);
    s->fails = cfg->sim_stale_reads == STALE_READS_FAIL;
    s->lines = lines;
    lines += cfg->scratchpad_kib ? s->tiles * (uint64_t)(MAP_SCRATCHPAD_STRIDE / LINE_BYTES) : 0;
    s->line = arena_alloc(arena, lines, sizeof(struct line_notes *));
    s->heard = arena_alloc(arena, (size_t)s->tiles * s->tiles, sizeof *s->heard);
    return s;
}

void stale_reads_destroy(struct stale_reads *s)
{
    if (s)
        mem_free(s->note);
}

/* ---- noting -------------------------------------------------------------------- */

static struct note *add_note(struct stale_reads *s, enum note_kind kind, cycle_t cycle,
                             tile_id tile, paddr_t address)
{
    if (s->notes == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 1024;
        s->note = mem_resize(s->note, s->capacity * sizeof *s->note);
    }
    struct note *n = &s->note[s->notes++];
    *n = (struct note){.by = {.cycle = cycle, .tile = tile},
                       .kind = (uint8_t)kind,
                       .number = s->number++,
                       .address = address};
    return n;
}

static void note_place(struct note *n, const struct hart *h)
{
    n->by.pc = h->pc;
    n->by.priv = h->priv;
    n->by.satp = h->priv == PRIV_M ? 0 : h->satp;
}

static struct note *note_access(struct stale_reads *s, enum note_kind kind, const struct hart *h,
                                paddr_t physical, unsigned bytes, uint64_t value)
{
    struct note *n = add_note(s, kind, h->cycle, h->id, physical);
    note_place(n, h);
    n->bytes = (uint8_t)bytes;
    n->value = value;
    return n;
}

void stale_reads_load(struct stale_reads *s, const struct hart *h, paddr_t physical, unsigned bytes,
                      uint64_t value)
{
    if (s)
        note_access(s, NOTE_LOAD, h, physical, bytes, value);
}

void stale_reads_store(struct stale_reads *s, const struct hart *h, paddr_t physical,
                       unsigned bytes, uint64_t value, cycle_t drained)
{
    if (!s)
        return;
    struct note *n = note_access(s, NOTE_STORE, h, physical, bytes, value);
    if (drained != CYCLE_NEVER) {
        n->by.cycle = drained;
        n->by.pc = store_buffer_origin(&h->stores, h->stores.left)->pc;
    }
}

void stale_reads_sent(struct stale_reads *s, const struct coh_msg *m, cycle_t now)
{
    if (s && m->type == COH_Write)
        add_note(s, NOTE_SENT, now, m->from, m->line);
}

/* The hart that a word is for waits at its instruction. */
static void note_word(struct stale_reads *s, const struct coh_msg *m, cycle_t now)
{
    unsigned offset = (unsigned)__builtin_ctzll(m->mask);
    struct note *n = add_note(s, NOTE_WORD, now, m->to, m->line + offset);
    note_place(n, &s->harts[m->to]);
    n->bytes = (uint8_t)__builtin_popcountll(m->mask);
    n->stores = m->op != WORD_LOAD;
    memcpy(&n->value, m->data + offset, n->bytes);
}

void stale_reads_see(struct stale_reads *s, const struct coh_out *out, cycle_t now)
{
    if (!s)
        return;
    for (unsigned i = 0; i < out->count; i++) {
        const struct coh_msg *m = &out->msg[i];
        if (m->type == COH_Data)
            add_note(s, NOTE_FETCHED, now, m->to, m->line);
        else if (m->type == COH_WordDone)
            note_word(s, m, now);
        else if (m->type == COH_WriteAck) /* behind the MemWrite that it is about */
            add_note(s, NOTE_WRITTEN, now, m->to, m->line)->mask = m[-1].mask;
    }
}

void stale_reads_hear(struct stale_reads *s, tile_id to, tile_id from, cycle_t sent, cycle_t now)
{
    if (!s)
        return;
    struct note *n = add_note(s, NOTE_HEARD, now, to, 0);
    n->from = from;
    n->value = sent;
}

/* ---- judging --------------------------------------------------------------------- */

static uint64_t number_of(const struct stale_reads *s, paddr_t address)
{
    return address >= MAP_DRAM_BASE ? (address - MAP_DRAM_BASE) >> LINE_SHIFT
                                    : s->lines + ((address - MAP_SCRATCHPAD_BASE) >> LINE_SHIFT);
}

static struct line_notes *notes_of(struct stale_reads *s, paddr_t address)
{
    struct line_notes **at = &s->line[number_of(s, address)];
    if (!*at) {
        *at = arena_alloc(s->arena, 1, sizeof **at);
        (*at)->fetched = arena_alloc(s->arena, s->tiles, sizeof(struct fetch));
        (*at)->sent = arena_alloc(s->arena, s->tiles, sizeof(cycle_t));
        (*at)->heard = arena_alloc(s->arena, s->tiles, sizeof(cycle_t));
    }
    return *at;
}

static cycle_t *heard_by(struct stale_reads *s, tile_id tile)
{
    return s->heard + (size_t)tile * s->tiles;
}

static void join(cycle_t *to, const cycle_t *from, uint32_t tiles)
{
    for (uint32_t i = 0; i < tiles; i++)
        if (from[i] > to[i])
            to[i] = from[i];
}

/* Something of the tile's own, of cycle `sent`, is in the line now. */
static void tell_line(struct stale_reads *s, struct line_notes *l, tile_id tile, cycle_t sent)
{
    join(l->heard, heard_by(s, tile), s->tiles);
    if (sent > l->heard[tile])
        l->heard[tile] = sent;
}

static bool contains(const struct line_notes *l, const struct last_store *last, tile_id tile)
{
    bool visible = last->visible_at != CYCLE_NEVER;
    return last->by.tile == tile || (visible && last->order <= l->fetched[tile].order);
}

static void appear(const struct stale_reads *s, struct last_store *last, const struct note *n)
{
    last->visible_at = n->by.cycle;
    last->order = s->judged;
}

/* A write-back has put older bytes in the place of a store that memory had. */
static void lose(struct last_store *last, const struct note *n)
{
    if (last->visible_at == CYCLE_NEVER)
        return;
    last->visible_at = CYCLE_NEVER;
    last->lost_at = n->by.cycle;
    last->lost_to = n->by.tile;
}

/* Memory has taken these bytes from the tile's copy: its own stores, or what it had
 * fetched, which may be older than what memory had. */
static void judge_written(struct stale_reads *s, struct line_notes *l, const struct note *n)
{
    for (uint64_t mask = n->mask; mask; mask &= mask - 1) {
        struct last_store *last = &l->last[__builtin_ctzll(mask)];
        if (last->by.tile == n->by.tile && last->visible_at == CYCLE_NEVER)
            appear(s, last, n);
        else if (!contains(l, last, n->by.tile))
            lose(last, n);
    }
    tell_line(s, l, n->by.tile, l->sent[n->by.tile]);
}

static void judge_store(const struct stale_reads *s, struct line_notes *l, const struct note *n,
                        cycle_t visible_at)
{
    for (unsigned i = 0; i < n->bytes; i++)
        l->last[n->address % LINE_BYTES + i] =
            (struct last_store){.by = n->by,
                                .visible_at = visible_at,
                                .order = s->judged,
                                .stored = true,
                                .value = (uint8_t)(n->value >> 8 * i)};
}

static void judge_word(struct stale_reads *s, struct line_notes *l, const struct note *n)
{
    join(heard_by(s, n->by.tile), l->heard, s->tiles);
    if (!n->stores)
        return;
    tell_line(s, l, n->by.tile, n->by.cycle);
    judge_store(s, l, n, n->by.cycle);
}

static const struct last_store *find_stale(struct stale_reads *s, const struct line_notes *l,
                                           const struct note *n)
{
    const cycle_t *heard = heard_by(s, n->by.tile);
    for (unsigned i = 0; i < n->bytes; i++) {
        const struct last_store *last = &l->last[n->address % LINE_BYTES + i];
        if (last->stored && !contains(l, last, n->by.tile) &&
            last->value != (uint8_t)(n->value >> 8 * i) && heard[last->by.tile] >= last->by.cycle)
            return last;
    }
    return NULL;
}

static bool is_same_place(const struct hart_place *a, const struct hart_place *b)
{
    return a->pc == b->pc && a->satp == b->satp;
}

/* One that the same two instructions have made already, on whichever tiles. */
static struct stale_read *find_kept(struct stale_reads *s, const struct note *n,
                                    const struct last_store *last)
{
    for (unsigned i = 0; i < s->kept_count; i++)
        if (is_same_place(&s->kept[i].by, &n->by) && is_same_place(&s->kept[i].writer, &last->by))
            return &s->kept[i];
    return NULL;
}

static bool judge_load(struct stale_reads *s, const struct line_notes *l, const struct note *n)
{
    const struct last_store *last = find_stale(s, l, n);
    if (!last)
        return false;
    struct stale_read *same = find_kept(s, n, last);
    if (same)
        same->times++;
    else if (s->kept_count < STALE_READS_KEPT)
        s->kept[s->kept_count++] =
            (struct stale_read){.by = n->by,
                                .writer = last->by,
                                .address = n->address,
                                .value = n->value,
                                .bytes = n->bytes,
                                .written_back = last->visible_at <= n->by.cycle,
                                .visible_at = last->visible_at,
                                .fetched_at = l->fetched[n->by.tile].cycle,
                                .lost_to = last->lost_to,
                                .lost_at = last->lost_at,
                                .times = 1};
    s->count++;
    return true;
}

/* True for a stale read. */
static bool judge(struct stale_reads *s, const struct note *n)
{
    struct line_notes *l = n->kind == NOTE_HEARD ? NULL : notes_of(s, n->address);
    s->judged++;
    switch ((enum note_kind)n->kind) {
    case NOTE_FETCHED:
        l->fetched[n->by.tile] = (struct fetch){n->by.cycle, s->judged};
        join(heard_by(s, n->by.tile), l->heard, s->tiles);
        return false;
    case NOTE_WRITTEN:
        judge_written(s, l, n);
        return false;
    case NOTE_WORD:
        judge_word(s, l, n);
        return false;
    case NOTE_HEARD:
        if (n->value > heard_by(s, n->by.tile)[n->from])
            heard_by(s, n->by.tile)[n->from] = n->value;
        return false;
    case NOTE_LOAD:
        return judge_load(s, l, n);
    case NOTE_STORE:
        judge_store(s, l, n, CYCLE_NEVER);
        return false;
    case NOTE_SENT:
        l->sent[n->by.tile] = n->by.cycle;
        return false;
    }
    return false;
}

/* By cycle; in a cycle the world comes first, as it happened, and then the harts, each as
 * it went. */
static int in_order(const void *a, const void *b)
{
    const struct note *x = a, *y = b;
    bool x_hart = x->kind >= NOTE_LOAD, y_hart = y->kind >= NOTE_LOAD;
    if (x->by.cycle != y->by.cycle)
        return x->by.cycle < y->by.cycle ? -1 : 1;
    if (x_hart != y_hart)
        return x_hart - y_hart;
    if (x_hart && x->by.tile != y->by.tile)
        return x->by.tile < y->by.tile ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

const struct stale_read *stale_reads_judge(struct stale_reads *s, cycle_t cycle)
{
    const struct stale_read *first = NULL;
    size_t judged = 0;
    if (!s || s->notes == 0)
        return NULL;
    qsort(s->note, s->notes, sizeof *s->note, in_order);
    for (; judged < s->notes && s->note[judged].by.cycle < cycle; judged++)
        if (judge(s, &s->note[judged]) && s->fails && s->count == 1)
            first = &s->kept[0];
    s->notes -= judged;
    memmove(s->note, s->note + judged, s->notes * sizeof *s->note);
    return first;
}

uint64_t stale_reads_count(const struct stale_reads *s)
{
    return s ? s->count : 0;
}

unsigned stale_reads_kept(const struct stale_reads *s)
{
    return s ? s->kept_count : 0;
}

const struct stale_read *stale_reads_at(const struct stale_reads *s, unsigned i)
{
    return &s->kept[i];
}
