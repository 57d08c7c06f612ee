/*
 * Lines by their bytes: found or decoded, and given back when nobody refers to them.
 */
#include "sim/core/decode.h"

#include <string.h>

#include "sim/base/hash.h"
#include "sim/core/records.h"

/* ---- interning ----------------------------------------------------------- */

enum { CODE_BUCKETS = 1 << 14, CODE_BLOCK = 64 };
/* What of the bytes may be fetched tells lines of equal bytes apart; a straddle has 0. */
#define WHOLE_LINE UINT32_MAX
enum { STRADDLE = 0 };

/* Lines come from the arena by the block. */
struct code_block {
    struct code_block *next;
    struct code_line line[CODE_BLOCK];
};

struct code_table {
    struct arena *arena;
    struct code_options options;
    unsigned lines;
    unsigned kept, bound; /* lines left by the last reclaiming, how many more are a full table */
    struct code_line *bucket[CODE_BUCKETS];
    struct code_block *block;
    struct code_line *spare; /* in no bucket */
};

struct code_table *code_table_create(struct arena *arena, const struct code_options *options)
{
    struct code_table *table = arena_alloc(arena, 1, sizeof *table);
    table->arena = arena;
    table->options = *options;
    table->bound = CODE_LINES;
    return table;
}

unsigned code_table_lines(const struct code_table *table)
{
    return table->lines;
}

static void give_back(struct code_table *table, struct code_line *code)
{
    code->next = table->spare;
    table->spare = code;
}

static void add_block(struct code_table *table)
{
    struct code_block *block = arena_alloc(table->arena, 1, sizeof *block);
    block->next = table->block;
    table->block = block;
    for (unsigned i = CODE_BLOCK; i > 0; i--)
        give_back(table, &block->line[i - 1]);
}

static struct code_line *line_new(struct code_table *table)
{
    if (!table->spare)
        add_block(table);
    struct code_line *code = table->spare;
    table->spare = code->next;
    table->lines++;
    memset(code, 0, sizeof *code);
    return code;
}

/* The line of these bytes among those of one kind, or NULL; *head is its bucket. */
static struct code_line *find(struct code_table *table, const uint8_t bytes[LINE_BYTES],
                              uint32_t allowed, struct code_line ***head)
{
    *head = &table->bucket[hash_bytes(allowed, bytes, LINE_BYTES) % CODE_BUCKETS];
    for (struct code_line *code = **head; code; code = code->next)
        if (memcmp(code->bytes, bytes, LINE_BYTES) == 0 && code->allowed == allowed)
            return code;
    return NULL;
}

static struct code_line *line_add(struct code_table *table, const uint8_t bytes[LINE_BYTES],
                                  uint32_t allowed, struct code_line **head)
{
    struct code_line *code = line_new(table);
    memcpy(code->bytes, bytes, LINE_BYTES);
    code->allowed = allowed;
    code->straddle = allowed == STRADDLE;
    code->next = *head;
    *head = code;
    return code;
}

struct code_line *code_intern_part(struct code_table *table, const uint8_t bytes[LINE_BYTES],
                                   uint32_t allowed)
{
    struct code_line **head, *code = find(table, bytes, allowed, &head);
    if (code)
        return code;
    code = line_add(table, bytes, allowed, head);
    decode_line(code, &table->options);
    return code;
}

struct code_line *code_intern(struct code_table *table, const uint8_t bytes[LINE_BYTES])
{
    return code_intern_part(table, bytes, WHOLE_LINE);
}

struct code_line *code_intern_straddle(struct code_table *table, uint32_t bits)
{
    uint8_t bytes[LINE_BYTES] = {0};
    memcpy(bytes, &bits, sizeof bits);
    struct code_line **head, *code = find(table, bytes, STRADDLE, &head);
    if (code)
        return code;
    code = line_add(table, bytes, STRADDLE, head);
    decode_straddle(code, bits, &table->options);
    return code;
}

/* ---- reclaiming ---------------------------------------------------------- */

void code_table_bound(struct code_table *table, unsigned lines)
{
    table->bound = lines;
}

bool code_table_is_full(const struct code_table *table)
{
    return table->lines - table->kept >= table->bound;
}

void code_keep(struct code_line *code)
{
    if (code)
        code->kept = true;
}

void code_keep_record(struct code_table *table, const struct insn *insn)
{
    uintptr_t at = (uintptr_t)insn;
    for (struct code_block *b = table->block; insn && b; b = b->next)
        if (at - (uintptr_t)b->line < sizeof b->line)
            code_keep(&b->line[(at - (uintptr_t)b->line) / sizeof *b->line]);
}

/* Where a record went last (insn_far) may now be another line's: that is a guess, which
 * is compared with the truth before it counts. */
static void reclaim_bucket(struct code_table *table, struct code_line **link)
{
    while (*link) {
        struct code_line *code = *link;
        if (code->kept) {
            code->kept = false;
            link = &code->next;
        } else {
            *link = code->next;
            give_back(table, code);
            table->lines--;
        }
    }
}

void code_reclaim(struct code_table *table)
{
    for (unsigned i = 0; i < CODE_BUCKETS; i++)
        reclaim_bucket(table, &table->bucket[i]);
    table->kept = table->lines;
}
