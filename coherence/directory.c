/* The full map: a bitmap of sharers a line, see directory.h. */
#include "coherence/directory.h"

static uint64_t *sharer_words(const struct directory *dir, uint64_t line_number)
{
    return dir->sharers + line_number * dir->words;
}

void directory_init(struct directory *dir, struct arena *arena, uint64_t lines, uint32_t tiles)
{
    dir->tiles = tiles;
    dir->words = (tiles + 63) / 64;
    dir->entry = arena_alloc(arena, lines, sizeof *dir->entry);
    dir->sharers = arena_alloc(arena, lines * dir->words, sizeof *dir->sharers);
}

void directory_add_sharer(struct directory *dir, uint64_t line_number, tile_id tile)
{
    sharer_words(dir, line_number)[tile / 64] |= (uint64_t)1 << tile % 64;
}

void directory_remove_sharer(struct directory *dir, uint64_t line_number, tile_id tile)
{
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
    return sharer_words(dir, line_number)[tile / 64] >> tile % 64 & 1;
}

tile_id directory_next_sharer(const struct directory *dir, uint64_t line_number, uint32_t from)
{
    const uint64_t *words = sharer_words(dir, line_number);
    uint64_t mask = ~(uint64_t)0 << from % 64;
    for (uint32_t i = from / 64; i < dir->words; i++, mask = ~(uint64_t)0)
        if (words[i] & mask)
            return (tile_id)(i * 64 + (uint32_t)__builtin_ctzll(words[i] & mask));
    return TILE_NONE;
}

bool directory_is_shared_by_others(const struct directory *dir, uint64_t line_number, tile_id tile)
{
    tile_id first = directory_next_sharer(dir, line_number, 0);
    if (first == tile)
        first = directory_next_sharer(dir, line_number, tile + 1u);
    return first != TILE_NONE;
}
