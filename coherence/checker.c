/*
 * The shadow: one byte of truth for every byte of DRAM.  A line enters it at
 * its first checked store, when its DRAM image still is its initial value; a
 * line that was never stored to is compared with the image itself.
 */
#include "coherence/checker.h"

#include "coherence/agents.h"

struct rights_held {
    uint16_t readers; /* L1s that hold the line with READ */
    tile_id writer;   /* the L1 that holds it with WRITE, plus one; 0: none */
};

struct checker {
    uint8_t *shadow;
    bool *known; /* by line: the shadow holds it */
    struct rights_held *held;
};

struct checker *checker_create(struct arena *arena, uint64_t lines)
{
    struct checker *checker = arena_alloc(arena, 1, sizeof *checker);
    checker->shadow = arena_alloc(arena, lines, LINE_BYTES);
    checker->known = arena_alloc(arena, lines, sizeof *checker->known);
    checker->held = arena_alloc(arena, lines, sizeof *checker->held);
    return checker;
}

/* ---- single writer -------------------------------------------------------- */

static void drop_rights(struct rights_held *held, tile_id tile, uint8_t rights)
{
    if (rights == RIGHTS_READ)
        held->readers--;
    else if (rights == RIGHTS_WRITE && held->writer == tile + 1)
        held->writer = 0;
}

static void take_rights(struct rights_held *held, tile_id tile, uint8_t rights)
{
    if (rights == RIGHTS_READ)
        held->readers++;
    else if (rights == RIGHTS_WRITE)
        held->writer = (tile_id)(tile + 1);
}

void checker_change_rights(struct coherence *coh, paddr_t line, tile_id tile, uint8_t from,
                           uint8_t to)
{
    uint8_t before = l1_state_info[from].rights, after = l1_state_info[to].rights;
    if (before == after)
        return;
    struct rights_held *held = &coh->checker->held[line_number(line)];
    drop_rights(held, tile, before);
    if (after != RIGHTS_NONE && held->writer)
        coherence_violate(
            coh, "two L1Ds have rights to line %#llx: tile %u enters %s, tile %u may write",
            (unsigned long long)line, tile, l1_state_info[to].name, held->writer - 1u);
    if (after == RIGHTS_WRITE && held->readers)
        coherence_violate(coh, "line %#llx: tile %u enters %s while %u L1Ds may still read it",
                          (unsigned long long)line, tile, l1_state_info[to].name, held->readers);
    take_rights(held, tile, after);
}

/* ---- data value -------------------------------------------------------------- */

static const uint8_t *truth(const struct coherence *coh, paddr_t line)
{
    const struct checker *checker = coh->checker;
    uint64_t number = line_number(line);
    return checker->known[number] ? checker->shadow + number * LINE_BYTES : dram_line(coh, line);
}

static uint8_t *truth_to_write(struct coherence *coh, paddr_t line)
{
    struct checker *checker = coh->checker;
    uint64_t number = line_number(line);
    uint8_t *shadow = checker->shadow + number * LINE_BYTES;
    if (!checker->known[number])
        memcpy(shadow, dram_line(coh, line), LINE_BYTES);
    checker->known[number] = true;
    return shadow;
}

bool checker_equals(const struct coherence *coh, paddr_t line, const uint8_t *data)
{
    return !coh->checker || memcmp(truth(coh, line), data, LINE_BYTES) == 0;
}

void checker_check_fill(struct coherence *coh, paddr_t line, tile_id tile, const uint8_t *data)
{
    if (!checker_equals(coh, line, data))
        coherence_violate(coh, "L1D of tile %u: filled with an old value, line %#llx", tile,
                          (unsigned long long)line);
}

void l1_checked_load(struct l1 *l1, paddr_t address, unsigned bytes, uint64_t value)
{
    struct coherence *coh = l1->coh;
    if (!coh->checker)
        return;
    uint64_t expected = 0;
    memcpy(&expected, truth(coh, line_of(address)) + address % LINE_BYTES, bytes);
    if (memcmp(&expected, &value, bytes) != 0)
        coherence_violate(coh, "tile %u read %#llx at %#llx, last written was %#llx", l1->tile,
                          (unsigned long long)value, (unsigned long long)address,
                          (unsigned long long)expected);
}

/* A store has gone to the most recently used line of its set. */
static void l1_note_dirty(struct l1 *l1, paddr_t address, unsigned bytes)
{
    if (!l1->masked)
        return;
    int frame = cache_front(&l1->array, cache_set(&l1->array, address));
    l1->array.dirty[frame] |= bytes_mask(address, bytes);
}

void l1_checked_store(struct l1 *l1, paddr_t address, unsigned bytes, uint64_t value)
{
    struct coherence *coh = l1->coh;
    l1_note_dirty(l1, address, bytes);
    if (!coh->checker)
        return;
    paddr_t line = line_of(address);
    if (coh->checker->held[line_number(line)].writer != l1->tile + 1)
        coherence_violate(coh, "tile %u wrote at %#llx without the right to", l1->tile,
                          (unsigned long long)address);
    memcpy(truth_to_write(coh, line) + address % LINE_BYTES, &value, bytes);
}

void checker_poke(struct coherence *coh, paddr_t address, const void *from, size_t bytes)
{
    if (coh->checker)
        memcpy(truth_to_write(coh, line_of(address)) + address % LINE_BYTES, from, bytes);
}
