/*
 * Notes of what happens, and their judgement in order.  What is known of lines and of who
 * has heard of whom is kept by stale_lines.c.
 */
#include "sim/tile/stale_reads.h"

#include <stdlib.h>
#include <string.h>

#include "sim/tile/stale_lines.h"
#include "sim/tile/tile.h"

enum note_kind {
    NOTE_FETCHED,
    NOTE_WRITTEN,
    NOTE_WORD,
    NOTE_HEARD,
    NOTE_POKED,
    NOTE_LOAD, /* from here on in a hart's own time */
    NOTE_STORE,
    NOTE_SENT
};

struct note {
    struct hart_place by; /* cycle, tile; where the hart was, for its loads and stores */
    uint64_t number;      /* in the order in which they were noted */
    paddr_t address;
    uint64_t value; /* NOTE_HEARD: the cycle of sending */
    uint64_t mask;  /* NOTE_WRITTEN, NOTE_POKED: bytes */
    tile_id from;   /* NOTE_HEARD */
    uint8_t kind, bytes;
    bool stores; /* NOTE_WORD */
};

struct stale_reads {
    const struct hart *harts;
    bool fails;
    struct stale_lines lines;
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
    s->harts = harts;
    s->fails = cfg->sim_stale_reads == STALE_READS_FAIL;
    stale_lines_init(&s->lines, arena, cfg);
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

void stale_reads_poke(struct stale_reads *s, paddr_t address, size_t bytes, cycle_t now)
{
    for (paddr_t end = address + bytes; s && address < end;) {
        paddr_t line = line_of(address), next = line + LINE_BYTES < end ? line + LINE_BYTES : end;
        uint64_t mask = next - address == LINE_BYTES
                            ? UINT64_MAX
                            : ((UINT64_C(1) << (next - address)) - 1) << address % LINE_BYTES;
        add_note(s, NOTE_POKED, now, 0, line)->mask = mask;
        address = next;
    }
}

/* ---- judging --------------------------------------------------------------------- */

static bool contains(const struct line_notes *l, const struct last_store *last, tile_id tile)
{
    const struct visit *visit = stale_line_visited(l, tile);
    bool visible = last->visible_at != CYCLE_NEVER;
    return last->by.tile == tile || (visible && visit && last->order <= visit->order);
}

static void judge_fetched(struct stale_reads *s, struct line_notes *l, const struct note *n)
{
    struct visit *visit = stale_line_visit(&s->lines, l, n->by.tile);
    visit->fetched_at = n->by.cycle;
    visit->order = s->judged;
    stale_hear_line(&s->lines, l, n->by.tile);
}

/* What is written back in place of a store. */
struct write_back {
    const struct stale_reads *s;
    const struct line_notes *l;
    const struct note *n;
};

/* Memory has taken these bytes from the tile's copy: its own store, or what it had
 * fetched, which may be older than what memory had. */
static void take_bytes(void *context, struct last_store *last)
{
    const struct write_back *w = context;
    const struct note *n = w->n;
    if (last->by.tile == n->by.tile && last->visible_at == CYCLE_NEVER) {
        last->visible_at = n->by.cycle;
        last->order = w->s->judged;
    } else if (last->visible_at != CYCLE_NEVER && !contains(w->l, last, n->by.tile)) {
        last->visible_at = CYCLE_NEVER;
        last->lost_at = n->by.cycle;
        last->lost_to = n->by.tile;
    }
}

static void judge_written(struct stale_reads *s, struct line_notes *l, const struct note *n)
{
    struct write_back w = {s, l, n};
    stale_line_each(&s->lines, l, n->mask, take_bytes, &w);
    stale_tell_line(&s->lines, l, n->by.tile, stale_line_visit(&s->lines, l, n->by.tile)->sent);
}

/* An access may span two words. */
static void judge_store(struct stale_reads *s, struct line_notes *l, const struct note *n,
                        cycle_t visible_at)
{
    struct last_store store = {.by = n->by,
                               .visible_at = visible_at,
                               .order = s->judged,
                               .value = n->value,
                               .stored = true};
    unsigned offset = n->address % LINE_BYTES, room = 8 - offset % 8;
    unsigned low = n->bytes < room ? n->bytes : room;
    stale_line_store(&s->lines, l, ((UINT64_C(1) << low) - 1) << offset, &store);
    if (low == n->bytes)
        return;
    store.value >>= 8 * low;
    stale_line_store(&s->lines, l, ((UINT64_C(1) << (n->bytes - low)) - 1) << (offset + low),
                     &store);
}

static void judge_word(struct stale_reads *s, struct line_notes *l, const struct note *n)
{
    stale_hear_line(&s->lines, l, n->by.tile);
    if (!n->stores)
        return;
    stale_tell_line(&s->lines, l, n->by.tile, n->by.cycle);
    judge_store(s, l, n, n->by.cycle);
}

static const struct last_store *find_stale(struct stale_reads *s, const struct line_notes *l,
                                           const struct note *n)
{
    for (unsigned i = 0; i < n->bytes; i++) {
        unsigned byte = n->address % LINE_BYTES + i;
        const struct last_store *last = stale_line_last(l, byte);
        if (last && !contains(l, last, n->by.tile) &&
            stale_line_value(l, byte) != (uint8_t)(n->value >> 8 * i) &&
            stale_heard(&s->lines, n->by.tile, last->by.tile) >= last->by.cycle)
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
    const struct visit *visit = stale_line_visited(l, n->by.tile);
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
                                .fetched_at = visit ? visit->fetched_at : 0,
                                .lost_to = last->lost_to,
                                .lost_at = last->lost_at,
                                .times = 1};
    s->count++;
    return true;
}

/* True for a stale read. */
static bool judge(struct stale_reads *s, const struct note *n)
{
    struct line_notes *l = n->kind == NOTE_HEARD ? NULL : stale_line(&s->lines, n->address);
    s->judged++;
    switch ((enum note_kind)n->kind) {
    case NOTE_FETCHED:
        judge_fetched(s, l, n);
        return false;
    case NOTE_WRITTEN:
        judge_written(s, l, n);
        return false;
    case NOTE_WORD:
        judge_word(s, l, n);
        return false;
    case NOTE_HEARD:
        stale_hear(&s->lines, n->by.tile, n->from, n->value);
        return false;
    case NOTE_POKED:
        stale_line_forget(&s->lines, l, n->mask);
        return false;
    case NOTE_LOAD:
        return judge_load(s, l, n);
    case NOTE_STORE:
        judge_store(s, l, n, CYCLE_NEVER);
        return false;
    case NOTE_SENT:
        stale_line_visit(&s->lines, l, n->by.tile)->sent = n->by.cycle;
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
