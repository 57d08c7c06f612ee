/*
 * The instruction cache: read-only, real bytes, one fetch at a time, LRU by
 * order of ways, so that a way keeps its number while its line stays (decoded
 * code is kept by that number).  It is no sharer for the home: it reads a
 * line's present value once, and keeps it, however stale, until it is replaced
 * or flushed.
 *
 * The home keeps a line busy until the fetch is unblocked, so the owner whom a
 * FwdReadOnce names still has the line when it arrives.
 */
#include "coherence/agents.h"

void icache_init(struct icache *ic, struct coherence *coh, tile_id tile, struct arena *arena,
                 const struct config *cfg)
{
    assert(cache_geometry_ok(cfg->l1i_kib, cfg->l1i_ways));
    size_t lines = (size_t)cfg->l1i_kib * 1024 / LINE_BYTES;
    *ic = (struct icache){.coh = coh, .tile = tile, .ways = cfg->l1i_ways, .pending = NO_LINE};
    ic->set_mask = lines / ic->ways - 1;
    ic->line = arena_alloc(arena, lines, sizeof *ic->line);
    ic->order = arena_alloc(arena, lines, 1);
    ic->data = arena_alloc(arena, lines, LINE_BYTES);
    for (size_t i = 0; i < lines; i++) {
        ic->line[i] = NO_LINE;
        ic->order[i] = (uint8_t)(i % ic->ways);
    }
}

static size_t first_of_set(const struct icache *ic, paddr_t line)
{
    return ((line >> LINE_SHIFT) & ic->set_mask) * ic->ways;
}

/* Moves the way at `position` of the order to the front. */
static void touch(uint8_t *order, uint32_t position)
{
    uint8_t way = order[position];
    memmove(order + 1, order, position);
    order[0] = way;
}

static void begin_fetch(struct icache *ic, paddr_t line, struct coh_out *out)
{
    struct coherence *coh = ic->coh;
    struct coh_msg *msg = out_add(out, COH_ReadOnce, line, ic->tile, coherence_home(coh, line));
    msg->requester = ic->tile;
    msg->slot = (uint8_t)(coh->slots - 1);
    msg->delay = coh->miss_cycles;
    ic->pending = line;
    ic->discard = false;
    ic->misses++;
}

int icache_access(struct icache *ic, paddr_t line, struct coh_out *out)
{
    assert(line == line_of(line) && coherence_has(ic->coh, line));
    size_t first = first_of_set(ic, line);
    uint8_t *order = ic->order + first;
    for (uint32_t position = 0; position < ic->ways; position++) {
        size_t index = first + order[position];
        if (ic->line[index] == line) {
            touch(order, position);
            return (int)index;
        }
    }
    if (ic->pending == NO_LINE)
        begin_fetch(ic, line, out);
    return -1;
}

/* The position of a free way, else of the least recently used one. */
static uint32_t victim_position(const struct icache *ic, size_t first)
{
    for (uint32_t position = ic->ways; position-- > 0;)
        if (ic->line[first + ic->order[first + position]] == NO_LINE)
            return position;
    return ic->ways - 1;
}

static void install(struct icache *ic, paddr_t line, const uint8_t *data)
{
    size_t first = first_of_set(ic, line);
    touch(ic->order + first, victim_position(ic, first));
    size_t index = first + ic->order[first];
    ic->line[index] = line;
    memcpy(ic->data + index * LINE_BYTES, data, LINE_BYTES);
}

bool icache_receive(struct icache *ic, const struct coh_msg *in, struct coh_out *out)
{
    assert(in->type == COH_DataOnce && in->to == ic->tile);
    if (ic->pending != in->line) {
        coherence_violate(ic->coh,
                          "L1I of tile %u: DataOnce for a fetch that is not there, line %#llx",
                          ic->tile, (unsigned long long)in->line);
        return false;
    }
    if (!ic->discard)
        install(ic, in->line, in->data);
    ic->pending = NO_LINE;
    struct coh_msg *msg =
        out_add(out, COH_Unblock, in->line, ic->tile, coherence_home(ic->coh, in->line));
    msg->requester = ic->tile;
    msg->slot = in->slot;
    msg->delay = ic->coh->fill_cycles;
    return true;
}

const uint8_t *icache_find(const struct icache *ic, paddr_t line)
{
    size_t first = first_of_set(ic, line);
    for (uint32_t way = 0; way < ic->ways; way++)
        if (ic->line[first + way] == line)
            return ic->data + (first + way) * LINE_BYTES;
    return NULL;
}

const uint8_t *icache_data(const struct icache *ic, int index)
{
    return ic->data + (size_t)index * LINE_BYTES;
}

unsigned icache_lines(const struct icache *ic)
{
    return (unsigned)((ic->set_mask + 1) * ic->ways);
}

bool icache_is_mru(const struct icache *ic, paddr_t line)
{
    size_t first = first_of_set(ic, line);
    return ic->line[first + ic->order[first]] == line;
}

void icache_flush(struct icache *ic)
{
    unsigned lines = icache_lines(ic);
    for (unsigned i = 0; i < lines; i++)
        ic->line[i] = NO_LINE;
    ic->discard = ic->pending != NO_LINE;
    ic->flushes++;
}
