/*
 * The home: the directory's half of a tile.  A line is busy from the moment
 * its home processes a request until the transaction's last response; requests
 * that come meanwhile wait.  So there is never more than one transaction of a
 * line, and the races that remain are the few that mesi_l1.def lists.
 *
 *      request --> [overflow] --> bank --> line busy? --> [line's queue]
 *                   no MSHR        |            no
 *                                  |             `--> row of the table --> out
 *      response ------------------bank --> row --> line stable again? --> next of
 *                                                  the line's queue, then overflow
 *
 * Memory is read once for all that wait: the MSHR keeps the line that it has
 * seen come from memory or on its way there, until the line gets an owner or
 * nobody waits any more.
 *
 * Arrival order is kept: once a request waits for an MSHR, all that come after
 * it wait behind it, whatever their line.  Otherwise requests for busy lines
 * could keep every MSHR in use for ever.
 *
 * The bank is a resource.  Every message that it looks at occupies it for
 * home_occupancy_cycles, one after the other; what a request makes the home
 * send leaves home_cycles after its turn (directory look-up), what a response
 * makes it send leaves after the occupancy alone (it finds its MSHR).  A
 * request that had to wait is looked up again, and pays again, when its turn
 * comes.  Where the bank serves in order of arrival (coherence.arbitration = fifo),
 * state changes in that order too, and only delays have to be computed.  Where it
 * chooses, a request that finds it in use waits, and the home is called back when it
 * is free (BankFree, a message to itself); responses never wait for that.
 */
#include "coherence/agents.h"
#include "coherence/home_queue.h"

void home_init(struct home *home, struct arena *arena, const struct config *cfg, tile_id tile)
{
    *home = (struct home){.mshrs = cfg->coherence_mshrs};
    home->table = protocol_find(cfg->coherence_protocol)->home;
    home->mshr = arena_alloc(arena, home->mshrs, sizeof *home->mshr);
    home->rows = arena_alloc(arena, HOME_STATES * HOME_EVENTS, sizeof *home->rows);
    for (uint32_t i = 0; i < home->mshrs; i++)
        home->mshr[i].line = NO_LINE;
    llc_init(&home->llc, arena, cfg, tile);
}

/* ---- the bank and the MSHRs ---------------------------------------------------- */

static void bank_take(struct home_step *step, uint32_t latency_cycles)
{
    struct home *home = step->home;
    cycle_t start = step->now > home->bank_free ? step->now : home->bank_free;
    home->bank_free = start + step->coh->home_occupancy_cycles;
    home->bank_cycles += step->coh->home_occupancy_cycles;
    home->queued_cycles += start - step->now;
    step->delay = (uint32_t)(start - step->now) + latency_cycles;
}

static struct home_mshr *mshr_take(struct home_step *step)
{
    struct home *home = step->home;
    uint32_t i = 0;
    while (home->mshr[i].line != NO_LINE)
        i++;
    home->mshrs_used++;
    home->mshr[i] = (struct home_mshr){.line = step->in->line, .queue.served = step->in->requester};
    step->entry->mshr = (uint8_t)i;
    return &home->mshr[i];
}

static void mshr_release(struct home *home, struct home_mshr *mshr)
{
    mshr->line = NO_LINE;
    home->mshrs_used--;
}

static bool is_busy(const struct dir_entry *entry)
{
    return home_state_info[entry->state].busy;
}

static bool is_owner_state(uint8_t state)
{
    return state == HOME_STATE_X || state == HOME_STATE_O;
}

/* ---- taking a row ----------------------------------------------------------------- */

static void look_up(struct home_step *step, const struct coh_msg *in)
{
    step->in = in;
    step->out->network_cycles = in->network_cycles;
    step->out->memory_cycles = in->memory_cycles;
    step->number = line_number(in->line);
    step->entry = &step->coh->dir.entry[step->number];
}

static bool is_owned(const struct home_step *step)
{
    return is_owner_state(step->entry->state);
}

static bool owns(const struct home_step *step)
{
    return is_owned(step) && step->entry->owner == step->in->requester;
}

static bool others_share(const struct home_step *step)
{
    return directory_is_shared_by_others(&step->coh->dir, step->number, step->in->requester);
}

/* Does the home fetch the line from its owner itself? */
static bool goes_home(const struct home_step *step)
{
    return step->coh->probes || (step->coh->four_hops && is_owned(step));
}

/* Is there no room for the owner and this reader, or for one more reader? */
static bool is_full(const struct home_step *step)
{
    const struct directory *dir = &step->coh->dir;
    if (step->entry->state == HOME_STATE_X)
        return dir->format == DIR_LIMITED_NB && dir->pointers < 2;
    return directory_is_full(dir, step->number, step->in->requester);
}

static enum home_event classify_GetS(const struct home_step *step)
{
    if (step->coh->probes)
        return HOME_EVENT_GetS_probe;
    if (!is_owned(step) && !others_share(step))
        return HOME_EVENT_GetS_alone;
    if (is_full(step))
        return step->entry->state == HOME_STATE_X && goes_home(step) ? HOME_EVENT_GetM_probe
                                                                     : HOME_EVENT_GetS_full;
    return goes_home(step) ? HOME_EVENT_GetS_probe : HOME_EVENT_GetS;
}

/* Only a sharer that the directory names for certain has the line for certain. */
static enum home_event classify_Upgrade(const struct home_step *step)
{
    if (owns(step))
        return HOME_EVENT_Upgrade_owner;
    if (!step->coh->probes &&
        directory_is_certain(&step->coh->dir, step->number, step->in->requester))
        return HOME_EVENT_Upgrade;
    return goes_home(step) ? HOME_EVENT_GetM_probe : HOME_EVENT_Upgrade_lost;
}

static enum home_event classify_PutS(const struct home_step *step)
{
    if (step->entry->state != HOME_STATE_S && step->entry->state != HOME_STATE_O)
        return HOME_EVENT_PutS_stale;
    return is_owned(step) || others_share(step) ? HOME_EVENT_PutS : HOME_EVENT_PutS_last;
}

static enum home_event classify(const struct home_step *step)
{
    switch ((enum coh_type)step->in->type) {
    case COH_GetS:
        return classify_GetS(step);
    case COH_GetM:
        return goes_home(step) ? HOME_EVENT_GetM_probe : HOME_EVENT_GetM;
    case COH_Upgrade:
        return classify_Upgrade(step);
    case COH_ReadOnce:
        return goes_home(step) ? HOME_EVENT_ReadOnce_probe : HOME_EVENT_ReadOnce;
    case COH_Read:
        return HOME_EVENT_Read;
    case COH_Write:
        return HOME_EVENT_Write;
    case COH_PutM:
        return owns(step) ? HOME_EVENT_PutM_owner : HOME_EVENT_PutM_stale;
    case COH_PutE:
        return owns(step) ? HOME_EVENT_PutE_owner : HOME_EVENT_PutE_stale;
    case COH_PutS:
        return classify_PutS(step);
    case COH_Put:
        return HOME_EVENT_Put;
    case COH_MemData:
        return HOME_EVENT_MemData;
    case COH_MemAck:
        return HOME_EVENT_MemAck;
    case COH_CopyBack:
        return HOME_EVENT_CopyBack;
    case COH_Downgrade:
        return HOME_EVENT_Downgrade;
    case COH_Owned:
        return HOME_EVENT_Owned;
    case COH_ProbeGone:
    case COH_ProbeKept:
    case COH_ProbeClean:
    case COH_ProbeDirty:
        return HOME_EVENT_Answer;
    case COH_Unblock:
        return HOME_EVENT_Unblock;
    default:
        return HOME_EVENTS;
    }
}

static void take_row(struct home_step *step, enum home_event event)
{
    uint8_t from = step->entry->state;
    const struct home_row *row = &step->home->table[from][event];
    if (!row->legal) {
        coherence_violate(
            step->coh, "home of tile %u: no transition for %s from tile %u in state %s, line %#llx",
            step->tile, home_event_info[event].name, step->in->from, home_state_info[from].name,
            (unsigned long long)step->in->line);
        return;
    }
    step->home->rows[from * HOME_EVENTS + event]++;
    for (unsigned i = 0; i < ROW_ACTIONS_MAX && row->action[i]; i++)
        row->action[i](step);
    step->entry->state = row->next;
    step->home->owned += is_owner_state(row->next) - is_owner_state(from);
}

/* A message that nobody sent: what the home knows already, or does unasked. */
static struct coh_msg own_message(const struct home_step *step, enum coh_type type, paddr_t line)
{
    return (struct coh_msg){.line = line,
                            .type = (uint8_t)type,
                            .from = step->tile,
                            .to = step->tile,
                            .mask = UINT64_MAX};
}

/* What memory would answer, at once: the MSHR has the line from the transaction
 * before.  (`kept` may be gone already, if this request makes an owner.) */
static void answer_for_memory(struct home_step *step)
{
    struct coh_msg answer = own_message(step, COH_MemData, step->in->line);
    memcpy(answer.data, step->mshr->data, LINE_BYTES);
    step->in = &answer;
    step->home->kept_answers++;
    take_row(step, HOME_EVENT_MemData);
}

/* The last of the answers that were to be collected has come. */
static void take_collected(struct home_step *step)
{
    struct home_mshr *mshr = step->mshr;
    struct coh_msg line = own_message(step, COH_MemData, step->in->line);
    memcpy(line.data, mshr->data, LINE_BYTES);
    step->in = &line;
    mshr->collecting = false;
    take_row(step, mshr->dirty    ? HOME_EVENT_Collected_dirty
                   : mshr->shared ? HOME_EVENT_Collected_shared
                                  : HOME_EVENT_Collected_alone);
}

/* ---- entries of a sparse directory ----------------------------------------------------
 *
 * A line needs an entry before it can be shared or owned.  Where its set has
 * none free, the line of the least recently used one is recalled: a transaction
 * of its own, in an MSHR of its own, at whose end the entry goes over to the
 * line that waits for it (the MSHR's heir).  Meanwhile that line is busy, and
 * the request is the first in its queue. */

static bool wants_entry(const struct home_step *step, const struct coh_msg *request)
{
    return step->coh->dir.sets &&
           (request->type == COH_GetS || request->type == COH_GetM || request->type == COH_Upgrade);
}

static uint32_t mshrs_free(const struct home *home)
{
    return home->mshrs - home->mshrs_used;
}

/* Will the request find an entry, or an entry's line to recall and the MSHR for it? */
static bool can_get_entry(const struct home_step *step, const struct coh_msg *request,
                          uint32_t mshrs)
{
    const struct directory *dir = &step->coh->dir;
    uint64_t number = line_number(request->line);
    return !wants_entry(step, request) || directory_has_room(dir, number) ||
           (mshrs >= 1 && directory_victim(dir, number) != NO_LINE_NUMBER);
}

static struct home_step step_to_line(const struct home_step *step, const struct coh_msg *cause)
{
    struct home_step other = *step;
    look_up(&other, cause);
    return other;
}

static void recall_line(struct home_step *victim, struct home_mshr *heir)
{
    victim->mshr = mshr_take(victim);
    victim->mshr->requester = victim->tile;
    victim->mshr->heir = (uint32_t)(heir - victim->home->mshr) + 1;
    take_row(victim, HOME_EVENT_Evict);
}

static bool is_unshared(const struct home_step *step)
{
    return step->entry->state == HOME_STATE_S &&
           directory_next_sharer(&step->coh->dir, step->number, 0) == TILE_NONE;
}

/* Takes an entry for the request's line: false where the request has to wait. */
static bool get_entry(struct home_step *step)
{
    struct directory *dir = &step->coh->dir;
    if (directory_touch_entry(dir, step->number) || directory_take_entry(dir, step->number))
        return true;
    uint64_t number = directory_victim(dir, step->number);
    struct coh_msg evict = own_message(step, COH_Recall, MAP_DRAM_BASE + (number << LINE_SHIFT));
    struct home_step victim = step_to_line(step, &evict);
    if (is_unshared(&victim)) {
        take_row(&victim, HOME_EVENT_Evict_unshared);
        directory_hand_over(dir, number, step->number);
        return true;
    }
    step->home->entry_waits++;
    queue_put_first(step, &step->mshr->queue, step->in);
    take_row(step, HOME_EVENT_Entry_wait);
    recall_line(&victim, step->mshr);
    return false;
}

static void process_request(struct home_step *step)
{
    struct home_mshr *mshr = step->mshr;
    if (home_is_word(step->in->type)) {
        home_begin_word(step);
        return;
    }
    if (wants_entry(step, step->in) && !get_entry(step))
        return;
    mshr->requester = step->in->requester;
    mshr->slot = step->in->slot;
    mshr->acks = 0;
    mshr->sharing = mshr->shared = mshr->fetched = mshr->dirty = false;
    step->answered = false;
    take_row(step, classify(step));
    if (step->in->type == COH_GetM || step->in->type == COH_Upgrade)
        tally_add(&step->home->invalidations, mshr->acks);
    if (step->answered)
        answer_for_memory(step);
}

const struct coh_msg *home_take_word(struct home_step *step)
{
    struct fifo *queue = &step->mshr->queue;
    if (queue_is_empty(queue) || !home_is_word(queue_next(step, queue)->type))
        return NULL;
    look_up(step, queue_take(step, queue, &step->home->waited_cycles));
    bank_take(step, step->coh->home_cycles);
    return step->in;
}

/* ---- whose turn it is ---------------------------------------------------------------- */

/* The line of step->mshr is stable: the requests that wait for it, until one
 * makes it busy again.  One that needs an entry and finds neither an entry nor an
 * MSHR to free one waits with those that find no MSHR. */
static void serve_line(struct home_step *step)
{
    struct home_mshr *mshr = step->mshr;
    while (!is_busy(step->entry) && !queue_is_empty(&mshr->queue)) {
        if (!can_get_entry(step, queue_next(step, &mshr->queue), mshrs_free(step->home))) {
            step->home->overflowed++;
            queue_put(step, &step->home->overflow,
                      queue_take(step, &mshr->queue, &step->home->waited_cycles));
            continue;
        }
        look_up(step, queue_take(step, &mshr->queue, &step->home->waited_cycles));
        bank_take(step, step->coh->home_cycles);
        process_request(step);
    }
    if (is_busy(step->entry))
        return;
    if (step->coh->dir.sets && step->entry->state == HOME_STATE_I)
        directory_release_entry(&step->coh->dir, step->number);
    mshr_release(step->home, mshr);
}

/* The line of step->mshr is recalled: its entry goes to the line that waits for it. */
static void serve_heir(struct home_step *step)
{
    struct home_mshr *heir = &step->home->mshr[step->mshr->heir - 1];
    struct coh_msg entry = own_message(step, COH_Recall, heir->line);
    struct home_step other = step_to_line(step, &entry);
    directory_hand_over(&step->coh->dir, step->number, other.number);
    step->mshr->heir = 0;
    other.mshr = heir;
    take_row(&other, HOME_EVENT_Entry_free);
    serve_line(&other);
}

/* A request gets its look-up: it is processed, or waits for its busy line. */
static void admit(struct home_step *step, const struct coh_msg *request)
{
    look_up(step, request);
    bank_take(step, step->coh->home_cycles);
    if (home_can_perform(step, request)) {
        step->mshr = &step->home->mshr[step->entry->mshr];
        home_perform_meanwhile(step);
        return;
    }
    if (is_busy(step->entry)) {
        step->home->waited++;
        queue_put(step, &step->home->mshr[step->entry->mshr].queue, request);
        return;
    }
    step->mshr = mshr_take(step);
    process_request(step);
    serve_line(step);
}

static bool can_admit(const struct home_step *step, const struct coh_msg *request)
{
    uint32_t left = mshrs_free(step->home);
    return is_busy(&step->coh->dir.entry[line_number(request->line)]) ||
           (left > 0 && can_get_entry(step, request, left - 1));
}

static void serve_overflow(struct home_step *step)
{
    struct fifo *overflow = &step->home->overflow;
    while (!queue_is_empty(overflow) && can_admit(step, queue_next(step, overflow))) {
        /* A copy: the request's own place may be needed for the line's queue. */
        struct coh_msg request = *queue_take(step, overflow, &step->home->waited_cycles);
        admit(step, &request);
    }
}

static void take_turn(struct home_step *step, const struct coh_msg *in)
{
    struct home *home = step->home;
    home->bank_queue.served = in->requester;
    if (queue_is_empty(&home->overflow) && can_admit(step, in)) {
        admit(step, in);
        return;
    }
    home->overflowed++;
    queue_put(step, &home->overflow, in);
}

/* ---- a bank that chooses ------------------------------------------------------------- */

static bool chooses(const struct home_step *step)
{
    return step->coh->arbitration != ARBITRATION_FIFO;
}

/* Calls the home back when its bank is free. */
static void expect_turn(struct home_step *step)
{
    struct home *home = step->home;
    if (home->turn_expected || queue_is_empty(&home->bank_queue))
        return;
    struct coh_msg *turn = out_add(
        step->out, COH_BankFree, queue_next(step, &home->bank_queue)->line, step->tile, step->tile);
    turn->requester = step->tile;
    turn->slot = 0;
    turn->delay = (uint32_t)(home->bank_free - step->now);
    home->turn_expected = true;
}

/* Responses have not waited: the bank may be in use again.  A request that finds no MSHR
 * leaves it free for the next. */
static void receive_bank_free(struct home_step *step)
{
    struct home *home = step->home;
    home->turn_expected = false;
    while (home->bank_free <= step->now && !queue_is_empty(&home->bank_queue)) {
        struct coh_msg request = *queue_take(step, &home->bank_queue, &home->queued_cycles);
        take_turn(step, &request);
    }
    expect_turn(step);
}

static void receive_request(struct home_step *step, const struct coh_msg *in)
{
    struct home *home = step->home;
    home->requests++;
    if (!chooses(step) || (home->bank_free <= step->now && queue_is_empty(&home->bank_queue))) {
        take_turn(step, in);
        return;
    }
    queue_put(step, &home->bank_queue, in);
    expect_turn(step);
}

static void receive_response(struct home_step *step, const struct coh_msg *in)
{
    look_up(step, in);
    if (!is_busy(step->entry)) {
        coherence_violate(step->coh, "home of tile %u: %s for a line that is not busy, line %#llx",
                          step->tile, coh_msg_info[in->type].name, (unsigned long long)in->line);
        return;
    }
    step->mshr = &step->home->mshr[step->entry->mshr];
    bank_take(step, step->coh->home_occupancy_cycles);
    if (in->type == COH_MemData)
        llc_fill(step);
    if (home_is_busy_with_words(step->entry->state))
        home_continue_words(step);
    else
        take_row(step, classify(step));
    if (step->mshr->collecting && step->mshr->awaited == 0)
        take_collected(step);
    if (!is_busy(step->entry)) {
        if (step->mshr->heir)
            serve_heir(step);
        serve_line(step);
        serve_overflow(step);
    }
}

/* The LLC's own business: no line is in transaction for it. */
static void receive_eviction(struct home_step *step, const struct coh_msg *in)
{
    look_up(step, in);
    bank_take(step, step->coh->home_occupancy_cycles);
    llc_end_eviction(step);
}

void home_receive(struct coherence *coh, tile_id tile, const struct coh_msg *in, cycle_t now,
                  struct coh_out *out)
{
    assert(coh_msg_info[in->type].to == AGENT_HOME && in->to == tile);
    struct home_step step = {
        .coh = coh, .home = &coh->home[tile], .tile = tile, .now = now, .out = out};
    if (coherence_is_scratchpad(coh, in->line)) {
        home_access_scratchpad(&step, in);
        return;
    }
    assert(coherence_has(coh, in->line) && coherence_home(coh, in->line) == tile);
    if (coh_msg_info[in->type].vnet == VNET_REQUEST)
        receive_request(&step, in);
    else if (in->type == COH_BankFree)
        receive_bank_free(&step);
    else if (in->type == COH_MemEvicted)
        receive_eviction(&step, in);
    else
        receive_response(&step, in);
}
