/*
 * From items to bytes.  An item's reference resolves to the first item that
 * stands at its target or behind it, so that whatever is taken out of a program,
 * what is left still leads forward to its end.
 */
#include "sim/fuzz/program.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sim/fuzz/encode.h"

struct row {
    const char *name;
    unsigned number;
};

static const struct row states[] = {
#define STATE(number, name)     {#name, number},
#define STATE_PMP(number, name) {#name, number},
#include "sim/fuzz/state.def"
#undef STATE
#undef STATE_PMP
};

static const char *const feature_names[] = {
#define FEATURE(name, percent, qemu_on, qemu_off, on, off, meaning) #name,
#include "sim/fuzz/features.def"
#undef FEATURE
};

const char *state_name(unsigned state)
{
    return states[state].name;
}

unsigned state_csr(unsigned state)
{
    return states[state].number;
}

bool features_parse(const char *text, uint32_t *features)
{
    *features = 0;
    while (*text) {
        size_t length = strcspn(text, "_");
        unsigned i = 0;
        while (i < FEATURES &&
               (strlen(feature_names[i]) != length || strncmp(feature_names[i], text, length) != 0))
            i++;
        if (i == FEATURES && !(length == 4 && strncmp(text, "base", 4) == 0))
            return false;
        *features |= i < FEATURES ? 1u << i : 0;
        text += length + (text[length] == '_');
    }
    return true;
}

void features_format(uint32_t features, char *text, size_t bytes)
{
    size_t used = (size_t)snprintf(text, bytes, "base");
    for (unsigned i = 0; i < FEATURES; i++)
        if (features >> i & 1)
            used += (size_t)snprintf(text + used, bytes - used, "_%s", feature_names[i]);
    assert(used < bytes);
}

/* ---- assembling ----------------------------------------------------------------- */

/* Offsets from FZ_CODE of all items, and of the end behind them. */
static void lay_out(const struct program *p, unsigned offset[ITEMS_MAX + 1])
{
    unsigned at = p->code_offset;
    for (unsigned i = 0; i < p->items; i++) {
        offset[i] = at;
        at += p->item[i].bytes;
    }
    offset[p->items] = at;
}

static unsigned find_place(const struct program *p, unsigned place)
{
    unsigned low = 0, high = p->items;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (p->item[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint32_t with_reference(const struct item *item, int32_t from, int32_t to)
{
    switch ((enum reference)item->reference) {
    case REF_NONE:
        break;
    case REF_BRANCH:
        return item->bits | enc_b_distance(to - from);
    case REF_JAL:
        return item->bits | enc_j_distance(to - from);
    case REF_C_BRANCH:
        return to - from < 256 ? item->bits | enc_cb_distance(to - from) : C_NOP;
    case REF_C_JUMP:
        return to - from < 2048 ? item->bits | enc_cj_distance(to - from) : C_NOP;
    case REF_OFFSET: /* what the item adds to the target is in its bits */
        return enc_i(item->bits & 0xfffff, 0, 0, to - CODE_MIDDLE + (int32_t)(item->bits >> 20));
    }
    return item->bits;
}

static void put(struct binary *b, uint64_t at, uint32_t bits, unsigned bytes)
{
    assert(at + bytes <= sizeof b->code);
    memcpy(&b->code[at], &bits, bytes);
}

void program_assemble(const struct program *p, struct binary *b)
{
    unsigned offset[ITEMS_MAX + 1];
    unsigned base = p->code_offset & ~7u;
    lay_out(p, offset);
    b->setting = p->setting;
    b->setting.state[STATE_mepc] += p->code_offset;
    b->code_at = FZ_CODE + base;
    b->end = offset[p->items];
    memset(b->code, 0, sizeof b->code);
    b->patches = 0;
    for (unsigned i = 0; i < p->items; i++) {
        const struct item *item = &p->item[i];
        unsigned target = offset[find_place(p, item->target)];
        put(b, offset[i] - base, with_reference(item, (int32_t)offset[i], (int32_t)target),
            item->bytes);
        if (item->stand_in) {
            assert(b->patches < PATCHES_MAX);
            b->patch[b->patches++] = (struct patch){offset[i], item->stand_in};
        }
    }
    put(b, b->end - base, OPCODE_SYSTEM, 4); /* ecall */
    b->code_bytes = (unsigned)(b->end + 4 - base + 7) & ~7u;
}

bool result_equal(const struct result *a, const struct result *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}
