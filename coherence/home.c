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
 * comes.  State changes in order of arrival, which is the order of service, so
 * only delays have to be computed.
 */
#include "coherence/agents.h"

enum { NONE_WAITS = 0 };

void home_init(struct home *home, struct arena *arena, const struct config *cfg)
{
    *home = (struct home){.mshrs = cfg->coherence_mshrs};
    home->table = protocol_find(cfg->coherence_protocol)->home;
    home->mshr = arena_alloc(arena, home->mshrs, sizeof *home->mshr);
    home->rows = arena_alloc(arena, HOME_STATES * HOME_EVENTS, sizeof *home->rows);
    for (uint32_t i = 0; i < home->mshrs; i++)
        home->mshr[i].line = NO_LINE;
}

/* ---- waiting requests -------------------------------------------------------- */

/* The place of a request among those that wait. */
static uint32_t place_of(const struct home_step *step, const struct coh_msg *request)
{
    return request->requester * step->coh->slots + request->slot;
}

static const struct coh_msg *fifo_head(const struct home_step *step, const struct fifo *fifo)
{
    return &step->coh->waiting[fifo->first - 1].request;
}

static void fifo_put_first(struct home_step *step, struct fifo *fifo, const struct coh_msg *request)
{
    uint32_t index = place_of(step, request);
    step->coh->waiting[index] = (struct waiting){*request, fifo->first, step->now};
    if (fifo->first == NONE_WAITS)
        fifo->last = index + 1;
    fifo->first = index + 1;
}

static void fifo_put(struct home_step *step, struct fifo *fifo, const struct coh_msg *request)
{
    struct coherence *coh = step->coh;
    uint32_t index = place_of(step, request);
    coh->waiting[index] = (struct waiting){*request, NONE_WAITS, step->now};
    if (fifo->first == NONE_WAITS)
        fifo->first = index + 1;
    else
        coh->waiting[fifo->last - 1].next = index + 1;
    fifo->last = index + 1;
}

static const struct coh_msg *fifo_take(struct home_step *step, struct fifo *fifo)
{
    struct waiting *head = &step->coh->waiting[fifo->first - 1];
    fifo->first = head->next;
    step->home->waited_cycles += step->now - head->since;
    return &head->request;
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
    home->mshr[i] = (struct home_mshr){.line = step->in->line};
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
    return (struct coh_msg){
        .line = line, .type = (uint8_t)type, .from = step->tile, .to = step->tile};
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
    fifo_put_first(step, &step->mshr->queue, step->in);
    take_row(step, HOME_EVENT_Entry_wait);
    recall_line(&victim, step->mshr);
    return false;
}

static void process_request(struct home_step *step)
{
    struct home_mshr *mshr = step->mshr;
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

/* ---- whose turn it is ---------------------------------------------------------------- */

/* The line of step->mshr is stable: the requests that wait for it, until one
 * makes it busy again.  One that needs an entry and finds neither an entry nor an
 * MSHR to free one waits with those that find no MSHR. */
static void serve_line(struct home_step *step)
{
    struct home_mshr *mshr = step->mshr;
    while (!is_busy(step->entry) && mshr->queue.first != NONE_WAITS) {
        if (!can_get_entry(step, fifo_head(step, &mshr->queue), mshrs_free(step->home))) {
            step->home->overflowed++;
            fifo_put(step, &step->home->overflow, fifo_take(step, &mshr->queue));
            continue;
        }
        look_up(step, fifo_take(step, &mshr->queue));
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
    if (is_busy(step->entry)) {
        step->home->waited++;
        fifo_put(step, &step->home->mshr[step->entry->mshr].queue, request);
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
    while (overflow->first != NONE_WAITS && can_admit(step, fifo_head(step, overflow))) {
        /* A copy: the request's own place may be needed for the line's queue. */
        struct coh_msg request = *fifo_take(step, overflow);
        admit(step, &request);
    }
}

static void receive_request(struct home_step *step, const struct coh_msg *in)
{
    struct home *home = step->home;
    home->requests++;
    if (home->overflow.first == NONE_WAITS && can_admit(step, in)) {
        admit(step, in);
        return;
    }
    home->overflowed++;
    fifo_put(step, &home->overflow, in);
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

void home_receive(struct coherence *coh, tile_id tile, const struct coh_msg *in, cycle_t now,
                  struct coh_out *out)
{
    assert(coh_msg_info[in->type].to == AGENT_HOME && in->to == tile);
    assert(coherence_has(coh, in->line) && coherence_home(coh, in->line) == tile);
    struct home_step step = {
        .coh = coh, .home = &coh->home[tile], .tile = tile, .now = now, .out = out};
    if (coh_msg_info[in->type].vnet == VNET_REQUEST)
        receive_request(&step, in);
    else
        receive_response(&step, in);
}
