/*
 * Words: uncached loads and stores, and far atomics.  The home performs them on the line
 * as it keeps it in its MSHR, whatever the protocol: they are no rows of a table.
 *
 *              copies?            line here?
 *     word --> call back (W_R) --> read memory (W_D) --> perform, and all words that
 *                                                        wait for this line
 *                                  stored any? write memory (W_A) --> I
 *
 * A word that comes while memory is being written is performed on the line that is still
 * here, and memory is written again; unless others wait for the line, who come first.
 *
 * So an uncached access is coherent with every cached copy where caches are coherent: an
 * owner is probed and sharers are recalled, as for an entry of a sparse directory that is
 * needed for another line.  Where homes know of no copy all L1Ds are probed, but not for
 * uncached memory, which none of them can have.  Without coherence words are performed on
 * what memory has.
 *
 * A scratchpad needs none of this: its tile performs words on it as they come.
 *
 * Memory is read and written once for all words that wait, one after the other: a hot
 * word is bounded by the bank, which each occupies for home_occupancy_cycles, an atomic
 * for atomic_cycles more.
 */
#include "coherence/agents.h"
#include "coherence/checker.h"

bool home_is_word(unsigned type)
{
    return type == COH_ReadWord || type == COH_WriteWord || type == COH_AtomicWord;
}

bool home_is_busy_with_words(unsigned state)
{
    return state == HOME_STATE_W_R || state == HOME_STATE_W_D || state == HOME_STATE_W_A;
}

/* ---- one word ---------------------------------------------------------------- */

static uint64_t compute(enum word_op op, uint64_t old, uint64_t operand, bool narrow)
{
    int64_t a = narrow ? (int32_t)old : (int64_t)old;
    int64_t b = narrow ? (int32_t)operand : (int64_t)operand;
    switch (op) {
    case WORD_LOAD:
        return old;
    case WORD_STORE:
    case WORD_SWAP:
        return operand;
    case WORD_ADD:
        return old + operand;
    case WORD_XOR:
        return old ^ operand;
    case WORD_AND:
        return old & operand;
    case WORD_OR:
        return old | operand;
    case WORD_MIN:
        return a < b ? old : operand;
    case WORD_MAX:
        return a > b ? old : operand;
    case WORD_MINU:
        return (uint64_t)a < (uint64_t)b ? old : operand;
    case WORD_MAXU:
        return (uint64_t)a > (uint64_t)b ? old : operand;
    }
    return old;
}

/* The checker must hear of every store, and judges what is read. */
static void tell_checker(const struct home_step *step, unsigned offset, unsigned bytes)
{
    const struct home_mshr *mshr = step->mshr;
    if (mshr->op != WORD_LOAD)
        checker_poke(step->coh, mshr->line + offset, mshr->data + offset, bytes);
    if (!checker_equals(step->coh, mshr->line, mshr->data))
        coherence_violate(step->coh, "home of tile %u: a word of an old value, line %#llx",
                          step->tile, (unsigned long long)mshr->line);
}

/* The hart gets the old value; what is there now goes along for whoever looks on. */
static void answer(struct home_step *step, uint64_t old)
{
    const struct home_mshr *mshr = step->mshr;
    struct coh_msg *msg = out_add(step->out, COH_WordDone, mshr->line, step->tile, mshr->requester);
    msg->requester = mshr->requester;
    msg->slot = mshr->slot;
    msg->delay = step->delay;
    msg->word = old;
    msg->op = mshr->op;
    msg->mask = mshr->mask;
    copy_bytes(msg->data, mshr->data, mshr->mask);
    step->home->words++;
}

static void occupy_for_atomic(struct home_step *step)
{
    step->home->bank_free += step->coh->atomic_cycles;
    step->home->bank_cycles += step->coh->atomic_cycles;
    step->delay += step->coh->atomic_cycles;
}

/* Performs an operation on bytes of a line; the old value. */
static uint64_t change(uint8_t *line, uint64_t mask, enum word_op op, uint64_t operand)
{
    unsigned bytes = (unsigned)__builtin_popcountll(mask);
    uint8_t *cell = line + __builtin_ctzll(mask);
    uint64_t old = 0;
    memcpy(&old, cell, bytes);
    uint64_t value = compute(op, old, operand, bytes == 4);
    memcpy(cell, &value, bytes);
    return old;
}

/* Performs the MSHR's word on the line that it keeps. */
static void perform(struct home_step *step)
{
    struct home_mshr *mshr = step->mshr;
    unsigned offset = (unsigned)__builtin_ctzll(mshr->mask);
    unsigned bytes = (unsigned)__builtin_popcountll(mshr->mask);
    uint64_t old = change(mshr->data, mshr->mask, (enum word_op)mshr->op, mshr->word);
    if (mshr->op != WORD_LOAD)
        mshr->unwritten |= mshr->mask;
    if (mshr->op > WORD_STORE)
        occupy_for_atomic(step);
    tell_checker(step, offset, bytes);
    answer(step, old);
}

/* ---- all that wait for the line ------------------------------------------------- */

static void take_word(struct home_mshr *mshr, const struct coh_msg *request)
{
    mshr->requester = request->requester;
    mshr->slot = request->slot;
    mshr->op = request->op;
    mshr->word = request->word;
    mshr->mask = request->mask;
}

static void write_dirty(struct home_step *step)
{
    llc_write(step, step->mshr->data, step->mshr->unwritten);
    step->mshr->unwritten = 0;
}

/* The MSHR keeps the line: its word, and all that wait for this line behind it. */
static void perform_all(struct home_step *step)
{
    const struct coh_msg *next;
    perform(step);
    while ((next = home_take_word(step))) {
        take_word(step->mshr, next);
        perform(step);
    }
    step->entry->state = step->mshr->unwritten ? HOME_STATE_W_A : HOME_STATE_I;
    if (step->mshr->unwritten)
        write_dirty(step);
}

static void need_line(struct home_step *step)
{
    if (step->mshr->kept) {
        perform_all(step);
        return;
    }
    llc_read(step);
    step->entry->state = HOME_STATE_W_D;
}

/* ---- copies ------------------------------------------------------------------ */

static void call_back(struct home_step *step, enum coh_type type, tile_id from)
{
    struct coh_msg *msg = out_add(step->out, type, step->mshr->line, step->tile, from);
    msg->requester = step->mshr->requester;
    msg->slot = step->mshr->slot;
    msg->delay = step->delay;
    step->mshr->awaited++;
    if (type == COH_Recall)
        step->home->recalls++;
    else
        step->home->probes++;
}

static void call_back_from_all(struct home_step *step)
{
    step->home->broadcasts++;
    for (uint32_t tile = 0; tile < step->coh->tiles; tile++)
        call_back(step, COH_ProbeM, (tile_id)tile);
}

/* An owner in O is no sharer, even where the entry cannot tell. */
static void call_back_from_sharers(struct home_step *step, tile_id owner)
{
    struct directory *dir = &step->coh->dir;
    for (tile_id tile = directory_next_sharer(dir, step->number, 0); tile != TILE_NONE;
         tile = directory_next_sharer(dir, step->number, tile + 1u))
        if (tile != owner)
            call_back(step, COH_Recall, tile);
    directory_clear_sharers(dir, step->number);
}

static void call_back_known(struct home_step *step)
{
    bool owned = step->entry->state == HOME_STATE_X || step->entry->state == HOME_STATE_O;
    tile_id owner = owned ? step->entry->owner : TILE_NONE;
    if (owned) {
        call_back(step, COH_ProbeM, owner);
        step->entry->owner = TILE_NONE;
        step->home->owned--;
    }
    call_back_from_sharers(step, owner);
}

static void call_back_copies(struct home_step *step)
{
    step->mshr->awaited = 0;
    if (!step->coh->coherent)
        return;
    if (!step->coh->probes)
        call_back_known(step);
    else if (!coherence_is_uncached(step->coh, step->mshr->line))
        call_back_from_all(step);
}

/* A copy is gone; an owner's may be newer than memory. */
static void take_back(struct home_step *step)
{
    struct home_mshr *mshr = step->mshr;
    if (coh_msg_info[step->in->type].carries_data) {
        memcpy(mshr->data, step->in->data, LINE_BYTES);
        mshr->kept = true;
        mshr->unwritten = step->in->type == COH_ProbeDirty ? UINT64_MAX : 0;
    }
    if (--mshr->awaited == 0)
        need_line(step);
}

/* ---- events -------------------------------------------------------------------- */

void home_begin_word(struct home_step *step)
{
    take_word(step->mshr, step->in);
    call_back_copies(step);
    if (step->mshr->awaited)
        step->entry->state = HOME_STATE_W_R;
    else
        need_line(step);
}

bool home_can_perform(const struct home_step *step, const struct coh_msg *request)
{
    const struct dir_entry *entry = &step->coh->dir.entry[line_number(request->line)];
    return entry->state == HOME_STATE_W_A && home_is_word(request->type) &&
           step->home->mshr[entry->mshr].queue.first == 0;
}

void home_perform_meanwhile(struct home_step *step)
{
    take_word(step->mshr, step->in);
    perform(step);
}

static bool is_expected(unsigned state, unsigned type)
{
    switch (state) {
    case HOME_STATE_W_R:
        return type == COH_ProbeGone || type == COH_ProbeClean || type == COH_ProbeDirty;
    case HOME_STATE_W_D:
        return type == COH_MemData;
    default:
        return type == COH_MemAck;
    }
}

void home_continue_words(struct home_step *step)
{
    unsigned state = step->entry->state;
    if (!is_expected(state, step->in->type)) {
        coherence_violate(step->coh,
                          "home of tile %u: no transition for %s in state %s, line %#llx",
                          step->tile, coh_msg_info[step->in->type].name,
                          home_state_info[state].name, (unsigned long long)step->in->line);
    } else if (state == HOME_STATE_W_R) {
        take_back(step);
    } else if (state == HOME_STATE_W_A && step->mshr->unwritten) {
        write_dirty(step);
    } else if (state == HOME_STATE_W_A) {
        step->entry->state = HOME_STATE_I;
    } else {
        memcpy(step->mshr->data, step->in->data, LINE_BYTES);
        step->mshr->kept = true;
        perform_all(step);
    }
}

/* ---- scratchpads -------------------------------------------------------------------- */

static tile_id scratchpad_owner(paddr_t address)
{
    return (tile_id)((address - MAP_SCRATCHPAD_BASE) / MAP_SCRATCHPAD_STRIDE);
}

static uint8_t *scratchpad_line(const struct coherence *coh, paddr_t line)
{
    return coh->scratchpad + (size_t)scratchpad_owner(line) * coh->scratchpad_bytes +
           (line - MAP_SCRATCHPAD_BASE) % MAP_SCRATCHPAD_STRIDE;
}

void home_access_scratchpad(struct home_step *step, const struct coh_msg *in)
{
    struct home *home = step->home;
    uint32_t cycles = step->coh->scratchpad_cycles;
    cycle_t start = step->now > home->scratchpad_free ? step->now : home->scratchpad_free;
    uint8_t *line = scratchpad_line(step->coh, in->line);
    assert(home_is_word(in->type) && scratchpad_owner(in->line) == step->tile);
    home->scratchpad_free = start + cycles;
    home->scratchpad_words++;
    home->scratchpad_queued_cycles += start - step->now;
    step->out->network_cycles = in->network_cycles;
    step->out->memory_cycles = in->memory_cycles;
    struct coh_msg *msg = out_add(step->out, COH_WordDone, in->line, step->tile, in->requester);
    msg->requester = in->requester;
    msg->slot = in->slot;
    msg->delay = (uint32_t)(start - step->now) + cycles;
    msg->op = in->op;
    msg->mask = in->mask;
    msg->word = change(line, in->mask, (enum word_op)in->op, in->word);
    copy_bytes(msg->data, line, in->mask);
}

bool coherence_is_scratchpad(const struct coherence *coh, paddr_t address)
{
    uint64_t offset = address - MAP_SCRATCHPAD_BASE;
    return offset / MAP_SCRATCHPAD_STRIDE < coh->tiles &&
           offset % MAP_SCRATCHPAD_STRIDE < coh->scratchpad_bytes;
}

uint8_t *scratchpad_at(const struct coherence *coh, paddr_t address, size_t bytes)
{
    uint64_t offset = (address - MAP_SCRATCHPAD_BASE) % MAP_SCRATCHPAD_STRIDE;
    if (!coherence_is_scratchpad(coh, address) || bytes > coh->scratchpad_bytes - offset)
        return NULL;
    return scratchpad_line(coh, address);
}

/* ---- the hart's side -------------------------------------------------------------- */

bool coherence_is_uncached(const struct coherence *coh, paddr_t address)
{
    uint64_t number = line_number(address);
    if (coherence_is_scratchpad(coh, address))
        return true;
    for (uint32_t i = 0; i < coh->uncached_ranges; i++)
        if (number >= coh->uncached[2 * i] && number < coh->uncached[2 * i + 1])
            return true;
    return false;
}

void coherence_ask_word(const struct coherence *coh, tile_id tile, paddr_t address, unsigned bytes,
                        enum word_op op, uint64_t operand, struct coh_out *out)
{
    enum coh_type type = op == WORD_LOAD    ? COH_ReadWord
                         : op == WORD_STORE ? COH_WriteWord
                                            : COH_AtomicWord;
    paddr_t line = line_of(address);
    assert(address % LINE_BYTES + bytes <= LINE_BYTES);
    tile_id to =
        coherence_is_scratchpad(coh, line) ? scratchpad_owner(line) : coherence_home(coh, line);
    struct coh_msg *msg = out_add(out, type, line, tile, to);
    msg->requester = tile;
    msg->slot = (uint8_t)(coh->slots - 2);
    msg->delay = coh->miss_cycles;
    msg->op = (uint8_t)op;
    msg->word = operand;
    msg->mask = bytes_mask(address, bytes);
}
