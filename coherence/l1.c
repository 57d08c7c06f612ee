/*
 * The L1 data cache: finds where a line is (array, write-back buffer, or
 * nowhere), turns an access or a message into an event, and takes the row of
 * the protocol's table.  What rows do is in l1_actions.c.
 *
 * A line is in one place at a time.  A transaction pins its line's frame from
 * the miss to the last acknowledgement, so a response always finds its frame;
 * the frame is made free at the miss, by giving its line to the write-back
 * buffer.  Everything that a miss needs (MSHR, frame, write-back entry) is
 * found before anything is changed: L1_BUSY leaves no trace.
 *
 * Invariants: the window shows exactly the most recent way's line where its
 * state is stable and allows the access; an MSHR is in use exactly while a
 * frame has a state of place MSHR with its line; likewise write-back entries.
 */
#include "coherence/agents.h"
#include "coherence/checker.h"
#include "coherence/l1_actions.h"

/* States whose frame may be given to another line. */
static const uint32_t EVICTABLE = 0
#define STATE(name, place, rights, meaning)                                                        \
    | (uint32_t)(PLACE_##place == PLACE_FRAME) << L1_STATE_##name
#include "coherence/l1_states.def"
    ;

void l1_init(struct l1 *l1, struct coherence *coh, tile_id tile, struct arena *arena,
             const struct config *cfg)
{
    *l1 = (struct l1){.coh = coh, .tile = tile, .reserved = NO_LINE};
    l1->table = protocol_find(cfg->coherence_protocol)->l1;
    l1->mshrs = (uint8_t)cfg->l1d_mshrs;
    l1->writebacks = (uint8_t)cfg->l1d_writebacks;
    l1->windowed = !cfg->sim_check;
    cache_array_init(&l1->array, arena, cfg->l1d_kib, cfg->l1d_ways);
    cache_array_replace_by(&l1->array, arena, cfg->l1d_replacement,
                           ((uint64_t)cfg->l1d_replacement_seed << 16) + tile);
    l1->mshr = arena_alloc(arena, l1->mshrs, sizeof *l1->mshr);
    l1->writeback = arena_alloc(arena, l1->writebacks, sizeof *l1->writeback);
    l1->rows = arena_alloc(arena, L1_STATES * L1_EVENTS, sizeof *l1->rows);
    for (unsigned i = 0; i < l1->mshrs; i++)
        l1->mshr[i].line = NO_LINE;
    for (unsigned i = 0; i < l1->writebacks; i++)
        l1->writeback[i].line = NO_LINE;
    size_t sets = l1->array.set_mask + 1;
    l1->window.set_mask = l1->array.set_mask;
    l1->window.data = l1->array.front;
    for (unsigned k = 0; k < L1_VIEWS; k++) {
        l1->window.view[k] = arena_alloc(arena, sets, sizeof(uint64_t));
        memset(l1->window.view[k], 0xff, sets * sizeof(uint64_t));
    }
    l1->window.read_tag = arena_alloc(arena, sets, sizeof *l1->window.read_tag);
    l1->window.write_tag = arena_alloc(arena, sets, sizeof *l1->window.write_tag);
    for (size_t set = 0; set < sets; set++)
        l1->window.read_tag[set] = l1->window.write_tag[set] = NO_LINE;
}

const struct l1_window *l1_window(const struct l1 *l1)
{
    return &l1->window;
}

/* ---- where a line is ----------------------------------------------------- */

static struct l1_writeback *writeback_find(struct l1 *l1, paddr_t line)
{
    for (unsigned i = 0; i < l1->writebacks; i++)
        if (l1->writeback[i].line == line)
            return &l1->writeback[i];
    return NULL;
}

static struct l1_mshr *mshr_find(struct l1 *l1, paddr_t line)
{
    for (unsigned i = 0; i < l1->mshrs; i++)
        if (l1->mshr[i].line == line)
            return &l1->mshr[i];
    return NULL;
}

static void step_to_frame(struct l1_step *step, int frame)
{
    step->frame = frame;
    step->state = &step->l1->array.state[frame];
    step->data = cache_data(&step->l1->array, step->set, frame);
}

static void step_begin(struct l1_step *step, struct l1 *l1, paddr_t line, struct coh_out *out)
{
    *step = (struct l1_step){.l1 = l1,
                             .line = line,
                             .set = cache_set(&l1->array, line),
                             .out = out,
                             .frame = NO_FRAME,
                             .answer = L1_MISS};
    int frame = cache_find(&l1->array, line);
    if (frame != NO_FRAME) {
        step_to_frame(step, frame);
        return;
    }
    step->writeback = writeback_find(l1, line);
    step->state = step->writeback ? &step->writeback->state : &step->nowhere;
    step->data = step->writeback ? step->writeback->data : NULL;
}

struct l1_copy l1_find_copy(struct l1 *l1, paddr_t line)
{
    struct l1_step step;
    step_begin(&step, l1, line, NULL);
    return (struct l1_copy){step.data ? step.state : NULL, step.data};
}

/* ---- the window ----------------------------------------------------------- */

static bool is_watched(const struct l1 *l1, paddr_t line)
{
    for (unsigned i = 0; i < l1->watches; i++)
        if (l1->watched[i] == line)
            return true;
    return false;
}

void l1_show(struct l1 *l1, uint64_t set)
{
    if (!l1->windowed)
        return;
    int frame = cache_front(&l1->array, set);
    paddr_t line = l1->array.line[frame];
    uint8_t state = l1->array.state[frame];
    bool readable =
        l1_state_info[state].rights != RIGHTS_NONE && l1_state_info[state].place == PLACE_FRAME;
    bool writable = state == L1_STATE_M && !is_watched(l1, line);
    for (unsigned k = 0; k < L1_VIEWS; k++)
        l1->window.view[k][set] = NO_LINE;
    l1->window.read_tag[set] = readable ? line : NO_LINE;
    l1->window.write_tag[set] = writable ? line : NO_LINE;
}

void l1_watch(struct l1 *l1, paddr_t line)
{
    assert(l1->watches < L1_WATCHES && line == line_of(line));
    l1->watched[l1->watches++] = line;
    l1_show(l1, cache_set(&l1->array, line));
}

/* ---- taking a row ----------------------------------------------------------- */

/* What follows from a line's new state, whatever row led there. */
static void settle(struct l1_step *step, uint8_t from, uint8_t to)
{
    struct l1 *l1 = step->l1;
    if (to == L1_STATE_I && step->frame != NO_FRAME)
        l1->array.line[step->frame] = NO_LINE;
    if (to == L1_STATE_I && step->writeback)
        step->writeback->line = NO_LINE;
    if (l1->reserved == step->line && l1_state_info[to].rights != RIGHTS_WRITE)
        l1->reserved = NO_LINE;
    if (step->frame == cache_front(&l1->array, step->set))
        l1_show(l1, step->set);
    if (l1->coh->checker)
        checker_change_rights(l1->coh, step->line, l1->tile, from, to);
}

static void take_row(struct l1_step *step, enum l1_event event)
{
    struct l1 *l1 = step->l1;
    uint8_t from = *step->state;
    const struct l1_row *row = &l1->table[from][event];
    if (!row->legal) {
        coherence_violate(l1->coh, "L1D of tile %u: no transition for %s in state %s, line %#llx",
                          l1->tile, l1_event_info[event].name, l1_state_info[from].name,
                          (unsigned long long)step->line);
        return;
    }
    l1->rows[from * L1_EVENTS + event]++;
    for (unsigned i = 0; i < ROW_ACTIONS_MAX && row->action[i]; i++)
        row->action[i](step);
    *step->state = row->next;
    settle(step, from, row->next);
}

/* ---- the hart's side ------------------------------------------------------- */

/* Would taking this row begin a transaction? */
static bool begins_transaction(const struct l1_row *row, uint8_t from)
{
    return l1_state_info[row->next].place == PLACE_MSHR && l1_state_info[from].place != PLACE_MSHR;
}

static enum l1_event replace_event(const struct l1 *l1, int frame)
{
    bool told = l1->coh->noisy && l1->array.state[frame] == L1_STATE_S;
    return told ? L1_EVENT_Replace_noisy : L1_EVENT_Replace;
}

/* Gives the frame's line away (a frame that is free stays so). */
static void empty_frame(struct l1 *l1, int frame, struct l1_writeback *entry, struct coh_out *out)
{
    if (l1->array.line[frame] == NO_LINE)
        return;
    struct l1_step step = {.l1 = l1, .line = l1->array.line[frame], .out = out, .spare = entry};
    step.set = cache_set(&l1->array, step.line);
    step_to_frame(&step, frame);
    take_row(&step, replace_event(l1, frame));
}

static bool needs_writeback(const struct l1 *l1, int frame)
{
    if (l1->array.line[frame] == NO_LINE)
        return false;
    const struct l1_row *row = &l1->table[l1->array.state[frame]][replace_event(l1, frame)];
    return l1_state_info[row->next].place == PLACE_WRITEBACK;
}

/* Makes room for an absent line: false, with nothing changed, when every frame
 * is pinned or the write-back buffer is full. */
static bool take_frame(struct l1_step *step)
{
    struct l1 *l1 = step->l1;
    int frame = cache_victim(&l1->array, step->line, EVICTABLE);
    if (frame == NO_FRAME)
        return false;
    struct l1_writeback *entry = writeback_find(l1, NO_LINE);
    if (!entry && needs_writeback(l1, frame))
        return false;
    empty_frame(l1, frame, entry, step->out);
    l1->array.fills++;
    l1->array.line[frame] = step->line;
    l1->array.state[frame] = L1_STATE_I;
    step_to_frame(step, frame);
    return true;
}

static bool take_resources(struct l1_step *step)
{
    struct l1_mshr *mshr = mshr_find(step->l1, NO_LINE);
    if (!mshr || (step->frame == NO_FRAME && !take_frame(step)))
        return false;
    *mshr = (struct l1_mshr){.line = step->line};
    step->mshr = mshr;
    return true;
}

/* The short way for the commonest row, a hit that leaves the state as it is:
 * the same as taking it. */
static bool is_plain_hit(struct l1 *l1, paddr_t line, enum l1_event event)
{
    int frame = cache_find(&l1->array, line);
    if (frame == NO_FRAME)
        return false;
    uint8_t state = l1->array.state[frame];
    const struct l1_row *row = &l1->table[state][event];
    if (row->action[0] != l1_hit || row->next != state)
        return false;
    l1->rows[state * L1_EVENTS + event]++;
    uint64_t set = cache_set(&l1->array, line);
    if (frame != cache_front(&l1->array, set)) {
        cache_promote(&l1->array, set, frame);
        l1_show(l1, set);
    }
    return true;
}

enum l1_answer l1_access(struct l1 *l1, paddr_t line, enum l1_op op, struct coh_out *out)
{
    assert(line == line_of(line) && coherence_has(l1->coh, line));
    enum l1_event event = op == L1_LOAD ? L1_EVENT_Load : L1_EVENT_Store;
    if (is_plain_hit(l1, line, event))
        return L1_READY;
    struct l1_step step;
    step_begin(&step, l1, line, out);
    if (begins_transaction(&l1->table[*step.state][event], *step.state) && !take_resources(&step)) {
        l1->refused++;
        return L1_BUSY;
    }
    take_row(&step, event);
    return step.answer;
}

void l1_reserve(struct l1 *l1, paddr_t line)
{
    l1->reserved = line;
}

bool l1_is_reserved(const struct l1 *l1, paddr_t line)
{
    return l1->reserved == line && line != NO_LINE;
}

bool l1_is_busy(const struct l1 *l1)
{
    for (unsigned i = 0; i < l1->mshrs; i++)
        if (l1->mshr[i].line != NO_LINE)
            return true;
    for (unsigned i = 0; i < l1->writebacks; i++)
        if (l1->writeback[i].line != NO_LINE)
            return true;
    return false;
}

/* ---- the network's side ------------------------------------------------------ */

/* Message types that name one event; those whose event depends on the
 * acknowledgements outstanding name the first of two. */
static const uint8_t event_of[COH_TYPES] = {
    [COH_FwdGetS] = L1_EVENT_FwdGetS,
    [COH_FwdGetM] = L1_EVENT_FwdGetM,
    [COH_FwdReadOnce] = L1_EVENT_FwdReadOnce,
    [COH_Inv] = L1_EVENT_Inv,
    [COH_ProbeS] = L1_EVENT_ProbeS,
    [COH_ProbeM] = L1_EVENT_ProbeM,
    [COH_Recall] = L1_EVENT_Recall,
    [COH_PutAck] = L1_EVENT_PutAck,
    [COH_DataS] = L1_EVENT_DataS,
    [COH_DataE] = L1_EVENT_DataE,
    [COH_DataM] = L1_EVENT_DataM_allacks,
    [COH_AckCount] = L1_EVENT_AckCount_allacks,
    [COH_InvAck] = L1_EVENT_InvAck,
};

static enum l1_event classify(const struct l1_step *step)
{
    enum l1_event event = event_of[step->in->type];
    switch (event) {
    case L1_EVENT_DataM_allacks:
    case L1_EVENT_AckCount_allacks:
        return step->mshr->acks + step->in->acks == 0 ? event : event + 1;
    case L1_EVENT_InvAck:
        return step->mshr->acks == 1 ? L1_EVENT_InvAck_last : event;
    default:
        return event;
    }
}

bool l1_receive(struct l1 *l1, const struct coh_msg *in, struct coh_out *out)
{
    assert(coh_msg_info[in->type].to == AGENT_L1D && in->to == l1->tile);
    struct l1_step step;
    step_begin(&step, l1, in->line, out);
    step.in = in;
    if (coh_msg_info[in->type].vnet == VNET_RESPONSE) {
        step.mshr = mshr_find(l1, in->line);
        if (!step.mshr || step.mshr != &l1->mshr[in->slot]) {
            coherence_violate(l1->coh,
                              "L1D of tile %u: %s for a miss that is not there, line %#llx",
                              l1->tile, coh_msg_info[in->type].name, (unsigned long long)in->line);
            return false;
        }
    }
    take_row(&step, classify(&step));
    return step.done;
}
