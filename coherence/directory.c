/*
 * The sets of sharers, one form an organisation (see directory.h), and the
 * tags of sparse directories.
 *
 *   bits      word t / 64, bit t % 64 of tile t, or of group t
 *   pointers  16 bits each, tile + 1, in the order in which they were added; 0
 *             ends the list.  EVERYONE in the first place: too many to name.
 */
#include "coherence/directory.h"

#include <assert.h>
#include <string.h>

#include "coherence/protocol.h"

enum { EVERYONE = UINT16_MAX };

static uint64_t *sharer_words(const struct directory *dir, uint64_t line_number)
{
    return dir->sharers + line_number * dir->words;
}

static bool is_limited(const struct directory *dir)
{
    return dir->format == DIR_LIMITED_B || dir->format == DIR_LIMITED_NB;
}

static void init_sparse(struct directory *dir, struct arena *arena, const struct config *cfg)
{
    dir->sets = cfg->coherence_sparse_sets;
    dir->ways = cfg->coherence_sparse_ways;
    size_t entries = (size_t)dir->tiles * dir->sets * dir->ways;
    dir->tag = arena_alloc(arena, entries, sizeof *dir->tag);
    dir->order = arena_alloc(arena, entries, sizeof *dir->order);
    for (size_t i = 0; i < entries; i++)
        dir->order[i] = (uint8_t)(i % dir->ways);
}

void directory_init(struct directory *dir, struct arena *arena, uint64_t lines,
                    const struct config *cfg)
{
    *dir = (struct directory){.tiles = config_tiles(cfg), .format = cfg->coherence_directory};
    if (dir->format == DIR_SPARSE) {
        init_sparse(dir, arena, cfg);
        dir->format = cfg->coherence_sparse_sharers;
    }
    if (dir->format == DIR_PROBE)
        dir->format = DIR_FULL; /* of which nothing is used, but on a chip of one tile */
    dir->pointers = cfg->coherence_pointers;
    dir->group = dir->format == DIR_COARSE ? cfg->coherence_group : 1;
    dir->words = is_limited(dir) ? (dir->pointers + 3) / 4
                                 : ((dir->tiles + dir->group - 1) / dir->group + 63) / 64;
    dir->entry = arena_alloc(arena, lines, sizeof *dir->entry);
    dir->sharers = arena_alloc(arena, lines * dir->words, sizeof *dir->sharers);
}

/* ---- pointers ---------------------------------------------------------------------- */

static uint16_t *pointers_of(const struct directory *dir, uint64_t line_number)
{
    return (uint16_t *)sharer_words(dir, line_number);
}

/* Where a tile is among the pointers, or how many there are. */
static uint32_t find_pointer(const struct directory *dir, const uint16_t *pointer, uint32_t tile)
{
    uint32_t i = 0;
    while (i < dir->pointers && pointer[i] && pointer[i] != tile + 1)
        i++;
    return i;
}

static bool holds_pointer(const struct directory *dir, const uint16_t *pointer, uint32_t tile)
{
    uint32_t i = find_pointer(dir, pointer, tile);
    return i < dir->pointers && pointer[i];
}

static void add_pointer(const struct directory *dir, uint16_t *pointer, tile_id tile)
{
    uint32_t i = find_pointer(dir, pointer, tile);
    if (pointer[0] == EVERYONE)
        return;
    assert(i < dir->pointers || dir->format == DIR_LIMITED_B);
    if (i < dir->pointers)
        pointer[i] = (uint16_t)(tile + 1);
    else
        pointer[0] = EVERYONE;
}

static void remove_pointer(const struct directory *dir, uint16_t *pointer, uint32_t i)
{
    for (; i + 1 < dir->pointers && pointer[i]; i++)
        pointer[i] = pointer[i + 1];
    if (i < dir->pointers)
        pointer[i] = 0;
}

static tile_id next_pointer(const struct directory *dir, const uint16_t *pointer, uint32_t from)
{
    if (pointer[0] == EVERYONE)
        return from < dir->tiles ? (tile_id)from : TILE_NONE;
    tile_id least = TILE_NONE;
    for (uint32_t i = 0; i < dir->pointers && pointer[i]; i++)
        if (pointer[i] > from && pointer[i] - 1 < least)
            least = (tile_id)(pointer[i] - 1);
    return least;
}

/* ---- bits --------------------------------------------------------------------------- */

static bool holds_bit(const struct directory *dir, const uint64_t *words, tile_id tile)
{
    uint32_t bit = tile / dir->group;
    return words[bit / 64] >> bit % 64 & 1;
}

/* The lowest bit set that is `from` or above, or all of them. */
static uint32_t next_bit(const struct directory *dir, const uint64_t *words, uint32_t from)
{
    uint64_t mask = ~(uint64_t)0 << from % 64;
    for (uint32_t i = from / 64; i < dir->words; i++, mask = ~(uint64_t)0)
        if (words[i] & mask)
            return i * 64 + (uint32_t)__builtin_ctzll(words[i] & mask);
    return dir->words * 64;
}

static tile_id next_in_bits(const struct directory *dir, const uint64_t *words, uint32_t from)
{
    uint32_t first = next_bit(dir, words, from / dir->group) * dir->group;
    uint32_t tile = first > from ? first : from;
    return tile < dir->tiles ? (tile_id)tile : TILE_NONE;
}

/* ---- sharers ------------------------------------------------------------------------- */

void directory_add_sharer(struct directory *dir, uint64_t line_number, tile_id tile)
{
    uint32_t bit = tile / dir->group;
    if (is_limited(dir))
        add_pointer(dir, pointers_of(dir, line_number), tile);
    else
        sharer_words(dir, line_number)[bit / 64] |= (uint64_t)1 << bit % 64;
}

void directory_remove_sharer(struct directory *dir, uint64_t line_number, tile_id tile)
{
    if (!directory_is_certain(dir, line_number, tile))
        return;
    uint16_t *pointer = pointers_of(dir, line_number);
    if (is_limited(dir))
        remove_pointer(dir, pointer, find_pointer(dir, pointer, tile));
    else
        sharer_words(dir, line_number)[tile / 64] &= ~((uint64_t)1 << tile % 64);
}

void directory_clear_sharers(struct directory *dir, uint64_t line_number)
{
    uint64_t *words = sharer_words(dir, line_number);
    for (uint32_t i = 0; i < dir->words; i++)
        if (words[i])
            words[i] = 0;
}

bool directory_is_sharer(const struct directory *dir, uint64_t line_number, tile_id tile)
{
    return directory_next_sharer(dir, line_number, tile) == tile;
}

bool directory_is_certain(const struct directory *dir, uint64_t line_number, tile_id tile)
{
    if (is_limited(dir))
        return holds_pointer(dir, pointers_of(dir, line_number), tile);
    return dir->group == 1 && holds_bit(dir, sharer_words(dir, line_number), tile);
}

tile_id directory_next_sharer(const struct directory *dir, uint64_t line_number, uint32_t from)
{
    return is_limited(dir) ? next_pointer(dir, pointers_of(dir, line_number), from)
                           : next_in_bits(dir, sharer_words(dir, line_number), from);
}

bool directory_is_shared_by_others(const struct directory *dir, uint64_t line_number, tile_id tile)
{
    tile_id first = directory_next_sharer(dir, line_number, 0);
    if (first == tile)
        first = directory_next_sharer(dir, line_number, tile + 1u);
    return first != TILE_NONE;
}

static uint32_t count_bits(const struct directory *dir, const uint64_t *words)
{
    uint32_t bits = 0, last = (dir->tiles - 1) / dir->group;
    for (uint32_t i = 0; i < dir->words; i++)
        bits += (uint32_t)__builtin_popcountll(words[i]);
    uint32_t missing = (last + 1) * dir->group - dir->tiles; /* of the last group */
    return bits * dir->group - ((words[last / 64] >> last % 64 & 1) ? missing : 0);
}

uint32_t directory_count_sharers(const struct directory *dir, uint64_t line_number)
{
    const uint16_t *pointer = pointers_of(dir, line_number);
    if (!is_limited(dir))
        return count_bits(dir, sharer_words(dir, line_number));
    uint32_t count = 0;
    while (count < dir->pointers && pointer[count])
        count++;
    return directory_is_everyone(dir, line_number) ? dir->tiles : count;
}

bool directory_is_everyone(const struct directory *dir, uint64_t line_number)
{
    return dir->format == DIR_LIMITED_B && pointers_of(dir, line_number)[0] == EVERYONE;
}

bool directory_is_full(const struct directory *dir, uint64_t line_number, tile_id tile)
{
    return dir->format == DIR_LIMITED_NB &&
           find_pointer(dir, pointers_of(dir, line_number), tile) == dir->pointers;
}

tile_id directory_evict_sharer(struct directory *dir, uint64_t line_number)
{
    uint16_t *pointer = pointers_of(dir, line_number);
    tile_id tile = (tile_id)(pointer[0] - 1);
    remove_pointer(dir, pointer, 0);
    return tile;
}

/* ---- entries of a sparse directory ------------------------------------------------------ */

/* The lines of one home are numbered home, home + tiles, ...; they go round its sets. */
static size_t first_of_set(const struct directory *dir, uint64_t line_number)
{
    uint64_t home = line_number % dir->tiles;
    return (home * dir->sets + line_number / dir->tiles % dir->sets) * dir->ways;
}

/* The way that holds this tag, or `ways`. */
static uint32_t find_way(const struct directory *dir, size_t first, uint64_t tag)
{
    uint32_t way = 0;
    while (way < dir->ways && dir->tag[first + way] != tag)
        way++;
    return way;
}

/* Makes a way the most recently used of its set. */
static void touch_way(struct directory *dir, size_t first, uint32_t way)
{
    uint8_t *order = dir->order + first, *at = memchr(order, (int)way, dir->ways);
    memmove(order + 1, order, (size_t)(at - order));
    order[0] = (uint8_t)way;
}

bool directory_touch_entry(struct directory *dir, uint64_t line_number)
{
    size_t first = first_of_set(dir, line_number);
    uint32_t way = find_way(dir, first, line_number + 1);
    if (way == dir->ways)
        return false;
    touch_way(dir, first, way);
    return true;
}

bool directory_take_entry(struct directory *dir, uint64_t line_number)
{
    size_t first = first_of_set(dir, line_number);
    uint32_t way = find_way(dir, first, 0);
    if (way == dir->ways)
        return false;
    dir->tag[first + way] = line_number + 1;
    touch_way(dir, first, way);
    return true;
}

bool directory_has_room(const struct directory *dir, uint64_t line_number)
{
    size_t first = first_of_set(dir, line_number);
    return find_way(dir, first, line_number + 1) < dir->ways || find_way(dir, first, 0) < dir->ways;
}

uint64_t directory_victim(const struct directory *dir, uint64_t line_number)
{
    size_t first = first_of_set(dir, line_number);
    for (uint32_t position = dir->ways; position-- > 0;) {
        uint64_t tag = dir->tag[first + dir->order[first + position]];
        if (tag && !home_state_info[dir->entry[tag - 1].state].busy)
            return tag - 1;
    }
    return NO_LINE_NUMBER;
}

void directory_release_entry(struct directory *dir, uint64_t line_number)
{
    size_t first = first_of_set(dir, line_number);
    uint32_t way = find_way(dir, first, line_number + 1);
    if (way < dir->ways)
        dir->tag[first + way] = 0;
}

void directory_hand_over(struct directory *dir, uint64_t from, uint64_t to)
{
    size_t first = first_of_set(dir, from);
    uint32_t way = find_way(dir, first, from + 1);
    assert(first == first_of_set(dir, to) && way < dir->ways);
    dir->tag[first + way] = to + 1;
    touch_way(dir, first, way);
}
