/*
 * Guest memory as the host sees it: the present value of a line, wherever it
 * is.  Where that is follows from the protocol's invariants:
 *
 *   some L1 holds it in E or M     that copy; whatever else is under way
 *                                  carries values that nobody will read again
 *   the line is not busy, and      that copy
 *   some L1 holds it in O
 *   the line is stable in I or S   memory; copies in S equal it
 *   the line is stable in X or O,  the write-back entry of the owner: its PutM
 *   and no L1 owns it              or PutE is on its way, or waits
 *   the line is busy otherwise     a copy in S, if there is one, has it;
 *                                  without one it is in a message
 *
 * A home that probes has every line in I: there the L1s alone say who owns it.
 *
 * A write has to reach every place that a later read could come from, so it is
 * refused where a message carries the line.
 */
#include "coherence/agents.h"
#include "coherence/checker.h"

struct holding {
    uint8_t *writer;    /* bytes of the copy in E or M */
    uint8_t *owner;     /* bytes of the copy in O, or of one that is upgraded from there */
    uint8_t *writeback; /* bytes of the owner's write-back entry */
    uint8_t *reader;    /* bytes of some copy in S */
    bool at_rest;       /* no transaction of the line is under way */
    bool owned;         /* stable in X or O */
};

/* Stable in X or O? */
static bool is_owned(const struct dir_entry *entry)
{
    return entry->state == HOME_STATE_X || entry->state == HOME_STATE_O;
}

static bool is_owners_writeback(const struct coherence *coh, paddr_t line, uint32_t tile,
                                uint8_t state)
{
    if (l1_state_info[state].place != PLACE_WRITEBACK)
        return false;
    if (coh->probes)
        return state == L1_STATE_MI_A || state == L1_STATE_OI_A || state == L1_STATE_EI_A;
    const struct dir_entry *entry = &coh->dir.entry[line_number(line)];
    return is_owned(entry) && entry->owner == tile;
}

static void note_copy(const struct coherence *coh, struct holding *h, paddr_t line, uint32_t tile)
{
    struct l1_copy copy = l1_find_copy(&coh->l1[tile], line);
    if (!copy.data)
        return;
    const struct l1_state_info *info = &l1_state_info[*copy.state];
    if (info->rights == RIGHTS_WRITE)
        h->writer = copy.data;
    else if (*copy.state == L1_STATE_O || *copy.state == L1_STATE_OM_AD)
        h->owner = copy.data;
    else if (info->rights == RIGHTS_READ)
        h->reader = copy.data;
    else if (is_owners_writeback(coh, line, tile, *copy.state))
        h->writeback = copy.data;
}

static struct holding find_holding(const struct coherence *coh, paddr_t line)
{
    const struct dir_entry *entry = &coh->dir.entry[line_number(line)];
    struct holding h = {.at_rest = !home_state_info[entry->state].busy, .owned = is_owned(entry)};
    for (uint32_t tile = 0; tile < coh->tiles; tile++)
        note_copy(coh, &h, line, tile);
    return h;
}

/* The bytes that are the line's present value, or NULL. */
static const uint8_t *present_value(const struct coherence *coh, paddr_t line)
{
    struct holding h = find_holding(coh, line);
    if (h.writer)
        return h.writer;
    if (h.owner)
        return h.owner;
    if (h.at_rest)
        return h.owned || h.writeback ? h.writeback : dram_line(coh, line);
    return h.reader;
}

static bool can_poke(const struct coherence *coh, paddr_t line)
{
    struct holding h = find_holding(coh, line);
    return h.writer || (h.at_rest && !h.writeback && (!h.owned || h.owner));
}

static void poke_copies(struct coherence *coh, paddr_t line, size_t offset, const void *from,
                        size_t bytes)
{
    for (uint32_t tile = 0; tile < coh->tiles; tile++) {
        struct l1_copy copy = l1_find_copy(&coh->l1[tile], line);
        if (copy.data && l1_state_info[*copy.state].rights != RIGHTS_NONE)
            memcpy(copy.data + offset, from, bytes);
        if (coh->l1[tile].reserved == line)
            coh->l1[tile].reserved = NO_LINE;
    }
    checker_poke(coh, line + offset, from, bytes);
    memcpy(dram_line(coh, line) + offset, from, bytes);
}

static bool is_dram(const struct coherence *coh, paddr_t address, size_t bytes)
{
    uint64_t total = coh->lines * LINE_BYTES;
    return address >= MAP_DRAM_BASE && bytes <= total && address - MAP_DRAM_BASE <= total - bytes;
}

/* How much of a range lies in the line of its first byte. */
static size_t part_in_line(paddr_t address, size_t bytes)
{
    size_t rest = LINE_BYTES - address % LINE_BYTES;
    return bytes < rest ? bytes : rest;
}

bool coherence_peek(struct coherence *coh, paddr_t address, void *to, size_t bytes)
{
    if (!is_dram(coh, address, bytes))
        return false;
    uint8_t *at = to;
    for (size_t part; bytes > 0; address += part, at += part, bytes -= part) {
        part = part_in_line(address, bytes);
        const uint8_t *value = present_value(coh, line_of(address));
        if (!value)
            return false;
        memcpy(at, value + address % LINE_BYTES, part);
    }
    return true;
}

bool coherence_poke(struct coherence *coh, paddr_t address, const void *from, size_t bytes)
{
    if (!is_dram(coh, address, bytes))
        return false;
    for (paddr_t line = line_of(address); line < address + bytes; line += LINE_BYTES)
        if (!can_poke(coh, line))
            return false;
    const uint8_t *at = from;
    for (size_t part; bytes > 0; address += part, at += part, bytes -= part) {
        part = part_in_line(address, bytes);
        poke_copies(coh, line_of(address), address % LINE_BYTES, at, part);
    }
    return true;
}
